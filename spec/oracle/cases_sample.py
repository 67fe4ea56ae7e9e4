"""Cases of sampling.md: the whole op, the noise, the seed, and inverse temperatures and weights alone."""

import constants as c
import sampling
from cases_rows import bits, fill, uniform
from exact import Refused
from generators import integers

HALF = 1 << 63


def parameters(changes):
    assert set(changes) <= set(sampling.DEFAULTS)
    return {**sampling.DEFAULTS, **changes}


def evaluate_sample(inputs):
    logits = integers(inputs["logits"])
    p = parameters(inputs["parameters"])
    prompt, output = inputs.get("prompt", []), inputs.get("output", [])
    adjusted, found = sampling.sample(logits, inputs["frac"], prompt, output, p, inputs.get("allowed"), int(inputs["noise"]))
    if len(adjusted) <= 16:
        found["adjusted"] = adjusted
    for name in ("total", "r"):
        if name in found:
            found[name] = str(found[name])
    return found


def case(name, logits, frac=16, noise=HALF, prompt=None, output=None, allowed=None, **changed):
    inputs = {"logits": logits, "frac": frac, "parameters": changed, "noise": str(noise)}
    for key, value in (("prompt", prompt), ("output", output), ("allowed", allowed)):
        if value is not None:
            inputs[key] = value
    return name, inputs


def argmax_cases():
    top = c.LIMIT - 1
    return [
        case("greedy", [5, 9, 2, 8], temperature=0),
        case("greedy tie, lowest id", [1, 7, 7, 3, 7], temperature=0),
        case("greedy, all equal", fill(40, -3), temperature=0),
        case("greedy, one token", [0], temperature=0),
        case("greedy, ends", [-top, top, top, -top], temperature=0),
        case("greedy, mask without the greatest", [9, 7, 7, 3], allowed=[2, 3, 1], temperature=0),
        case("greedy ignores the cuts", [1, 2, 3], temperature=0, top_k=1, top_p=1, min_p=1000000),
        case("greedy over chunks", uniform(9000, 1, 1 << 20), temperature=0),
        case("greedy tie across chunks", fill(9000, 5, [(8999, 77), (4096, 77), (4095, 76)]), temperature=0),
        case("greedy after a bias tie", [10, 10 - 65536, 3], bias=[[1, 1000000]], temperature=0),
        case("greedy, nothing allowed faults", [1, 2, 3], allowed=[], temperature=0),
    ]


def penalty_cases():
    top = c.LIMIT - 1
    logits = [65536, -65536, 65537, -65537, 3, -3, 0, 1]
    everything = list(range(8))
    cases = []
    for r in (10000, 333333, 999999, 1000001, 1100000, 1500000, 3000000, 100000000):
        cases.append(case(f"repetition {r}", logits, prompt=everything, repetition=r, temperature=0))
    for value in (2000000, -2000000, 1, -1, 500000, 123457):
        cases.append(case(f"presence {value}", logits, output=[0, 1, 1, 5], presence=value, temperature=0))
        cases.append(case(f"frequency {value}", logits, output=[0, 1, 1, 5, 5, 5], frequency=value, temperature=0))
    cases += [
        case("repetition counts prompt and output, once", [600, 600, 600, 600], prompt=[0, 0, 1], output=[1, 2], repetition=2000000, temperature=0),
        case("presence and frequency do not count the prompt", [600, 600, 600, 600], frac=0, prompt=[0, 0, 1], output=[1, 2, 2], presence=1000000, frequency=2000000, temperature=0),
        case("repetition saturates", [top, -top, 107374183, -107374183], prompt=[0, 1, 2, 3], repetition=10000, temperature=0),
        case("repetition saturates down", [1, -top, -21474837, -21474836, -21474835], prompt=[1, 2, 3, 4], repetition=100000000, temperature=0),
        case("presence saturates", [-top, top, 0], frac=24, output=[0] * 700 + [1], frequency=2000000, temperature=0),
        case("negative frequency saturates", [-top, top, 0], frac=24, output=[1] * 700 + [0], frequency=-2000000, temperature=0),
        case("bias saturates", [top, -top, 0], frac=24, bias=[[0, 100000000], [1, -100000000], [2, 100000000]], temperature=0),
        case("bias rounds", [0, 0, 0, 0], frac=1, bias=[[0, 250000], [1, -250000], [2, 249999], [3, -250001]], temperature=0),
        case("presence rounds", [0, 0, 0, 0], frac=1, output=[0, 1], presence=250000, temperature=0),
        case("negative presence rounds", [0, 0, 0, 0], frac=1, output=[0, 1], presence=-250000, temperature=0),
        case("halves of repetition go up", [1, -1, 3, -3, 5, -5], prompt=[0, 1, 2, 3, 4, 5], repetition=2000000, temperature=0),
        case("halves of repetition go up, below 1", [1, -1, 3, -3, 5, -5], prompt=[0, 1, 2, 3, 4, 5], repetition=500000, temperature=0),
        case("half times a negative", [-1, -3, -5], prompt=[0, 1, 2], repetition=1500000, temperature=0),
        case("all in order", [70000, -70000, 70000, 50], prompt=[0, 1], output=[2, 2, 3], repetition=1300000, presence=400000, frequency=300000, bias=[[1, 1500000], [2, -100]], temperature=700000),
        case("the bias comes after the repetition", [-65536, 0], prompt=[0], repetition=2000000, bias=[[0, 2000000]], temperature=0),
        case("the mask hides the greatest bias", [0, 0, 0], bias=[[0, 100000000]], allowed=[1, 2], temperature=0),
    ]
    return cases


def draw_cases():
    most = (1 << 64) - 1
    cases = [
        case("one token", [3], noise=most),
        case("two equal, noise 0", [5, 5], noise=0),
        case("two equal, below half", [5, 5], noise=HALF - 1),
        case("two equal, half", [5, 5], noise=HALF),
        case("two equal, greatest noise", [5, 5], noise=most),
        case("a weight of 0 at the end is never drawn", [5, 5, -(1 << 29)], noise=most),
        case("a weight of 0 at the start is never drawn", [-(1 << 29), 5], noise=0),
        case("ends", [1 - c.LIMIT, c.LIMIT - 1], noise=most),
        case("saturated logits", [1, 1], prompt=[0], bias=[[1, 100000000]], frac=24, noise=most),
        case("mask", [9, 5, 5, 9], allowed=[1, 2], noise=HALF),
        case("nothing allowed faults", [9, 5], allowed=[]),
    ]
    for n in range(14, 34):
        # log2 units: 1 / log2(e) = 0.693147 in logits: two tokens n bits apart, on either side
        apart = [45426 * n - 1, 45426 * n, 45426 * n + 1]
        if n >= 29:
            cases += [case(f"{n} bits apart, {delta}", [0, -delta], noise=most) for delta in apart]
    cases.append(case("31.99 bits apart", [0, -(45426 * 32 - 300)], noise=most))
    for t in (10000, 10001, 300000, 700000, 999999, 1000000, 1500000, 2000000, 100000000):
        for noise in (1 << 62, 3 << 62):
            cases.append(case(f"temperature {t}, noise {noise >> 62}/4", uniform(300, t % 97, 1 << 18), temperature=t, noise=noise))
    for frac in (0, 1, 8, 20, c.FRAC_MAX):
        cases.append(case(f"frac {frac}", uniform(64, frac, min(6 << frac, c.LIMIT - 1)), frac=frac, noise=3 << 60))
    for i in range(16):
        cases.append(case(f"chunks, noise {i}/16", uniform(9000, 77, 1 << 18), noise=i << 60))
    cases.append(case("flat over chunks, edge of a chunk", fill(8192, 0), noise=HALF))
    cases.append(case("flat over chunks, below the edge", fill(8192, 0), noise=HALF - 1))
    cases.append(case("flat 8193", fill(8193, 0), noise=most))
    cases.append(case("49152 ids, every cut", uniform(49152, 79, 9 << 16), noise=9 << 60, temperature=800000, top_k=5000, top_p=930000, min_p=2000, output=[5, 5, 7], presence=500000, frequency=250000))
    cases.append(case("lengths of bits", bits(5000, 78, 22), noise=5 << 61, temperature=1500000))
    return cases


def cut_cases():
    most = (1 << 64) - 1
    ties = fill(12, 100, [(3, 200), (9, 200), (0, 50)])
    cases = []
    for k in (1, 2, 3, 4, 5, 11, 12, 13, c.VOCABULARY_MAX):
        cases.append(case(f"top-k {k} with ties", ties, top_k=k, noise=most))
    for p in (0, 1, 499999, 500000, 500001, 999999, 1000000):
        cases.append(case(f"top-p {p}, two equal", [7, 7], top_p=p, noise=most))
        cases.append(case(f"top-p {p}, eight equal", fill(8, 7), top_p=p, noise=most))
    for p in (125000, 125001, 250000, 249999, 875000, 875001):
        cases.append(case(f"top-p {p}, edge of eight", fill(8, 7), top_p=p, noise=most))
    for p in (0, 1, 499000, 500000, 501000, 999999, 1000000):
        # 45426 / 2^16 logits are one bit: a weight of one half, within a rounding
        cases.append(case(f"min-p {p}", [0, 0, -45426, -45425, -45427, -90852, -45300], min_p=p, noise=most))
    for k, p, m in ((40, 900000, 50000), (0, 950000, 0), (5, 1000000, 0), (0, 1000000, 20000), (100, 300000, 10000), (1, 500000, 500000)):
        for noise in (0, HALF, most):
            cases.append(case(f"top-k {k}, top-p {p}, min-p {m}, noise {noise >> 60}/16", uniform(5000, 5, 5 << 16), top_k=k, top_p=p, min_p=m, noise=noise))
    cases += [
        case("top-k then top-p: the share is of what remains", [20, 10, 0, 0, 0, 0], frac=4, top_k=2, top_p=600000, noise=most),
        case("top-p then min-p", [65536, 65536, 0, 0, -65536], top_p=900000, min_p=300000, noise=most),
        case("top-k among the allowed", [9, 8, 7, 6, 5], frac=2, allowed=[1, 3, 4], top_k=2, noise=most),
        case("top-k more than the allowed", [9, 8, 7, 6, 5], frac=2, allowed=[1, 3], top_k=3, noise=most),
        case("top-p keeps the lowest ids of a tie", [1, 5, 5, 5, 5], top_p=400000, noise=most),
        case("weights of 0 do not count for top-p", [0, -(1 << 28), -(1 << 28)], top_p=1000000, noise=most),
        case("all of them at a high temperature", uniform(5000, 6, 8 << 16), temperature=100000000, top_k=4999, top_p=999000, min_p=100, noise=7 << 60),
        case("negative keys in the descent", uniform(100, 8, 1 << 20), bias=[[i, -100000000] for i in range(0, 100, 3)], top_k=50, noise=most),
    ]
    return cases


def refused_cases():
    logits = [1, 2, 3]
    refused = [
        ("temperature 1", {"temperature": 1}), ("temperature 9999", {"temperature": 9999}),
        ("temperature 100000001", {"temperature": 100000001}), ("temperature -1", {"temperature": -1}),
        ("top-k -1", {"top_k": -1}), ("top-k 2^20 + 1", {"top_k": c.VOCABULARY_MAX + 1}),
        ("top-p -1", {"top_p": -1}), ("top-p 1000001", {"top_p": 1000001}),
        ("min-p -1", {"min_p": -1}), ("min-p 1000001", {"min_p": 1000001}),
        ("repetition 0", {"repetition": 0}), ("repetition 9999", {"repetition": 9999}),
        ("repetition 100000001", {"repetition": 100000001}),
        ("presence 2000001", {"presence": 2000001}), ("presence -2000001", {"presence": -2000001}),
        ("frequency 2000001", {"frequency": 2000001}), ("frequency -2000001", {"frequency": -2000001}),
        ("bias 100000001", {"bias": [[0, 100000001]]}), ("bias -100000001", {"bias": [[0, -100000001]]}),
        ("bias 0", {"bias": [[0, 0]]}), ("bias of no token", {"bias": [[3, 1]]}),
        ("bias twice", {"bias": [[1, 5], [1, 5]]}), ("bias out of order", {"bias": [[2, 5], [1, 5]]}),
        ("greedy, top-p 1000001", {"temperature": 0, "top_p": 1000001}),
    ]  # fmt: skip
    cases = [case(f"{name} refused", logits, **changed) for name, changed in refused]
    cases.append(case("1025 biases refused", fill(2000, 0), bias=[[i, 1] for i in range(1025)]))
    cases.append(case("1024 biases", fill(2000, 0), bias=[[i, -100000000] for i in range(1024)], noise=0))
    cases.append(case("mask of no token refused", logits, allowed=[3]))
    cases.append(case("frac 25 refused", logits, frac=25))
    return cases


def evaluate_noise(inputs):
    seed = bytes.fromhex(inputs["seed"])
    return {"u": str(sampling.noise(seed, inputs["choice"], int(inputs["position"])))}


def noise_cases():
    a, b = bytes(32).hex(), bytes(range(32)).hex()
    cases = []
    for seed in (a, b):
        for choice, position in ((0, 0), (0, 1), (1, 0), (127, 1048575), ((1 << 32) - 1, (1 << 64) - 1)):
            cases.append((f"seed {seed[:4]}, choice {choice}, position {position}", {"seed": seed, "choice": choice, "position": str(position)}))
    return cases


def evaluate_seed(inputs):
    p = parameters(inputs["parameters"])
    sampling.check_parameters(p, inputs["vocabulary"])
    prompt = integers(inputs["prompt"])
    if any(not 0 <= token < inputs["vocabulary"] for token in prompt):
        raise Refused("PromptToken")
    found = sampling.seed(bytes.fromhex(inputs["nonce"]), bytes.fromhex(inputs["model"]), prompt, p)
    return {"parameter_bytes": sampling.parameter_bytes(p).hex(), "seed": found.hex()}


def seed_cases():
    nonce, model = bytes(range(32)).hex(), bytes(range(100, 132)).hex()
    cases = []

    def add(name, prompt, nonce=nonce, model=model, **changed):
        cases.append((name, {"nonce": nonce, "model": model, "vocabulary": 49152, "prompt": prompt, "parameters": changed}))

    add("defaults", [1, 2, 3])
    add("no prompt", [])
    add("another nonce", [1, 2, 3], nonce=bytes(32).hex())
    add("another model", [1, 2, 3], model=bytes(32).hex())
    add("long prompt", {"gen": "uniform", "seed": "5", "count": 2000, "lo": 0, "hi": 49151})
    add("greedy", [1, 2, 3], temperature=0)
    add("every field", [9], temperature=700000, top_k=40, top_p=950000, min_p=50000, repetition=1100000, presence=-2000000, frequency=1,
        bias=[[5, -100000000], [49151, 1]], grammar=bytes(range(200, 232)).hex())  # fmt: skip
    add("edge of a chunk: 230 tokens", {"gen": "fill", "count": 230, "value": 7})
    add("bias of no token refused", [1], bias=[[49152, 1]])
    add("prompt token refused", [49152])
    return cases


def evaluate_weights(inputs):
    inv_t = sampling.inverse_temperature(inputs["temperature"])
    deltas = [int(d) for d in inputs["deltas"]]
    return {"inv_t": str(inv_t), "weights": [sampling.weight(d, inv_t, inputs["frac"]) for d in deltas]}


def weight_cases():
    cases = []
    for t in (10000, 10001, 333333, 700000, 1000000, 1234567, 99999999, 100000000):
        for frac in (0, 16, 24):
            deltas = sorted({0, 1, 2, 3, (1 << 32) - 2, (1 << 31)} | {(1 << n) + d for n in range(4, 32, 3) for d in (-1, 0, 1)})
            cases.append((f"temperature {t}, frac {frac}", {"temperature": t, "frac": frac, "deltas": [str(d) for d in deltas]}))
    bits_apart = [45426 * n + d for n in range(0, 34) for d in (-2, -1, 0, 1, 2, 20) if 45426 * n + d >= 0]
    cases.append(("every number of whole bits", {"temperature": 1000000, "frac": 16, "deltas": [str(d) for d in bits_apart]}))
    return cases


OPS = {
    "sample": (evaluate_sample, argmax_cases() + penalty_cases() + draw_cases() + cut_cases() + refused_cases()),
    "sample_weights": (evaluate_weights, weight_cases()),
    "noise": (evaluate_noise, noise_cases()),
    "seed": (evaluate_seed, seed_cases()),
}
