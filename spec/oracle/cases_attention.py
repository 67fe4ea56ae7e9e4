"""Cases of arithmetic.md 4.6."""

import constants as c
from attention import attention, check
from cases_rows import fill, uniform
from exact import int8
from generators import integers

SCALE = {32: (16714, -16), 64: (23637, -17), 96: (19300, -17), 128: (16714, -17), 1024: (23637, -19)}


def quants_of(spec):
    return [int8(b) for b in bytes.fromhex(spec)] if isinstance(spec, str) else integers(spec)


def stored_rows(head, width):
    quants, scales, shifts = quants_of(head["quants"]), integers(head["scales"]), integers(head["shifts"])
    assert len(scales) == len(shifts) and len(quants) == width * len(scales)
    return [(quants[width * t : width * t + width], scales[t], shifts[t]) for t in range(len(scales))]


def evaluate(inputs):
    check(inputs)
    width = inputs["width"]
    q = [(quants_of(head["quants"]), head["scale"], head["shift"]) for head in inputs["q"]]
    k = [stored_rows(head, width) for head in inputs["k"]]
    v = [stored_rows(head, width) for head in inputs["v"]]
    found = attention(inputs, q, k, v)
    return {
        "greatest_scores": [m for m, _, _, _ in found],
        "greatest_value_shifts": [e for _, e, _, _ in found],
        "denominators": [str(dn) for _, _, dn, _ in found],
        "out": [out for _, _, _, out in found],
    }


def spread(count, seed, lo, hi):
    return {"gen": "uniform", "seed": str(seed), "count": count, "lo": lo, "hi": hi}


def base(width, position, heads=1, kv_heads=1, seed=1, **more):
    """A seeded case; `more` overrides any field."""
    count = position + 1
    mantissa, exponent = SCALE[width]
    kv = lambda at, shifts: [  # noqa: E731
        {
            "quants": uniform(width * count, at + g, 127),
            "scales": spread(count, at + g + 100, 1, 255),
            "shifts": spread(count, at + g + 200, *shifts),
        }
        for g in range(kv_heads)
    ]
    inputs = {
        "heads": heads, "kv_heads": kv_heads, "width": width, "context": 2048, "position": position, "window": 0,
        "frac_q": 16, "frac_k": 16, "frac_v": 16, "frac_out": 12, "scale_mantissa": mantissa, "scale_exponent": exponent,
        "q": [{"quants": uniform(width, seed + 50 + h, 127), "scale": 40 + 50 * h % 215, "shift": 1 + h % 3} for h in range(heads)],
        "k": kv(1000 * seed, (0, 3)),
        "v": kv(1000 * seed + 500, (0, 6)),
    }  # fmt: skip
    return {**inputs, **more}


def one_key_value(width, count, k, v):
    """KV of one head from (quant, scale, shift) fields, each a list or a fill."""
    as_list = lambda x: x if isinstance(x, (list, dict)) else fill(count, x)  # noqa: E731
    rows = lambda x: {  # noqa: E731
        "quants": x[0] if isinstance(x[0], (list, dict)) else fill(width * count, x[0]),
        "scales": as_list(x[1]),
        "shifts": as_list(x[2]),
    }
    return {"k": [rows(k)], "v": [rows(v)]}


def query(width, quant, scale, shift):
    quants = quant if isinstance(quant, dict) else fill(width, quant)
    return {"q": [{"quants": quants, "scale": scale, "shift": shift}]}


def random_cases():
    cases = []
    for width, position, heads, kv_heads in (
        (32, 0, 1, 1), (64, 0, 1, 1), (128, 0, 1, 1), (32, 4, 3, 3), (64, 62, 1, 1), (64, 63, 1, 1), (64, 64, 3, 1),
        (128, 130, 1, 1), (96, 7, 2, 1), (1024, 2, 1, 1), (32, 20, 4, 2), (32, 20, 6, 3), (64, 1500, 1, 1),
    ):  # fmt: skip
        name = f"random D {width} at {position}, {heads} heads over {kv_heads}"
        cases.append((name, base(width, position, heads, kv_heads, seed=width + position + heads)))
    for window in (1, 2, 63, 64, 65, 100, 101, 102):
        cases.append((f"window {window} at 100", base(32, 100, seed=9, window=window)))
    soft = {"scale_exponent": -24}
    cases.append(("near scores at 200", base(64, 200, seed=11, **soft)))
    cases.append(("near scores at 200, window 77", base(64, 200, seed=11, window=77, **soft)))
    return cases


def score_cases():
    """Shifts of the score: for D 64, query scale 1 and mantissa 23637, sh = frac_q + frac_k - 29 - ce - qs - ks."""
    same = one_key_value(64, 6, (3, 7, 2), (uniform(384, 5, 127), 200, 3))
    near = {"frac_q": 12, "frac_k": 12, "scale_exponent": -17}
    cases = [
        ("equal scores", base(64, 5, **same)),
        ("equal scores, 3 of a window", base(64, 5, window=3, **same)),
        ("zero query", base(64, 9, **query(64, 0, 1, 0))),
        ("zero keys", base(64, 5, **one_key_value(64, 6, (0, 1, 0), (uniform(384, 6, 127), 100, 2)))),
        ("greatest dot", base(64, 1, **query(64, 127, 255, 1), **one_key_value(64, 2, (fill(128, 127, [(64 + i, -127) for i in range(64)]), 255, 1), (uniform(128, 7, 127), 255, 0)))),
        ("least dot alone", base(128, 0, **query(128, -127, 255, 1), **one_key_value(128, 1, (127, 255, 1), (uniform(128, 8, 127), 255, 0)))),
        ("scale 1 everywhere", base(64, 5, **query(64, 90, 1, 0), **one_key_value(64, 6, (uniform(384, 9, 127), 1, 0), (uniform(384, 10, 127), 1, 0)))),
        ("far scores vanish", base(64, 5, frac_q=10, frac_k=10, scale_exponent=-25, seed=3)),
    ]
    keys = uniform(192, 12, 127)
    for ks, title in ((11, "shift 1"), (12, "shift 0"), (13, "shift -1"), (27, "shift -15"), (29, "shift -17 and LIMIT")):
        kv = one_key_value(64, 3, (keys, 128, [0, ks, 0]), (uniform(192, 13, 127), 100, 0))
        cases.append((f"score {title}", base(64, 2, **near, **query(64, uniform(64, 14, 127), 1, 0), **kv)))
    kv = one_key_value(64, 3, (keys, 128, [29, 0, 0]), (uniform(192, 13, 127), 100, 0))
    out_of_window = base(64, 2, **near, window=2, **query(64, uniform(64, 14, 127), 1, 0), **kv)
    cases.append(("a fault outside the window is none", out_of_window))
    cases.append(("the same fault inside the window", {**out_of_window, "window": 3}))
    for exponent in (-48, -140):
        cases.append((f"scale exponent {exponent}: long shifts", base(64, 3, scale_exponent=exponent, seed=4)))
    ends = one_key_value(64, 3, (fill(192, 0, [(i, 127) for i in range(64)] + [(64 + i, -127) for i in range(64)]), 255, 12), (uniform(192, 15, 127), 255, [0, 0, 5]))
    for quant in (127, -127):
        cases.append((f"scores at both ends, shift 0, query {quant}", base(64, 2, **near, scale_mantissa=32767, **query(64, quant, 1, 0), **ends)))
    cases.append(("greatest mantissa", base(64, 3, scale_mantissa=32767, seed=5)))
    cases.append(("least mantissa", base(64, 3, scale_mantissa=16384, seed=5)))
    return cases


def value_cases():
    values = uniform(64 * 8, 21, 127)
    keys = (uniform(64 * 8, 22, 20), 30, 0)
    soft = {"scale_exponent": -20, "seed": 6}
    with_values = lambda v, **more: base(64, 7, **{**soft, **more}, **one_key_value(64, 8, keys, v))  # noqa: E731
    cases = [
        ("value shifts spread", with_values((values, 200, [0, 3, 9, 16, 1, 0, 12, 7]))),
        ("value shifts far apart", with_values((values, 255, [0, 30, 3, 8, 0, 0, 0, 29]), frac_v=24, frac_out=0)),
        ("greatest value shift has no weight", base(64, 1, **query(64, 100, 200, 2), **one_key_value(64, 2, (fill(128, 100, [(64 + i, -100) for i in range(64)]), 200, 2), (uniform(128, 23, 127), 255, [0, 14])))),
        ("value scale 1", with_values((values, 1, 0))),
        ("zero values", with_values((0, 1, 0))),
        ("greatest values", with_values((127, 255, 5))),
        ("least values", with_values((-127, 255, 5))),
        ("frac_out 0", with_values((values, 200, 4), frac_out=0)),
        ("frac_out 24", with_values((values, 200, 0), frac_out=24)),
        ("frac_v 24, frac_out 0", with_values((values, 200, 3), frac_v=24, frac_out=0)),
        ("greatest shift to the left", with_values((fill(512, 1), 1, 6), frac_v=0, frac_out=18)),
        ("fault in the output", with_values((127, 255, 8), frac_v=8, frac_out=24)),
        ("fault in the output, negative", with_values((-127, 255, 8), frac_v=8, frac_out=24)),
        ("fault in one entry", with_values((fill(512, 0, [(64 * t + 63, 127) for t in range(8)]), 255, 8), frac_v=8, frac_out=24)),
        ("fault by a shift to the left", with_values((fill(512, 1), 1, 40), frac_v=0, frac_out=24)),
    ]
    return cases


def refused_cases():
    small = base(32, 1)
    return [
        ("D 48 refused", {**small, "width": 48}),
        ("D 1056 refused", {**small, "width": 1056}),
        ("4 heads over 3 refused", {**small, "heads": 4, "kv_heads": 3}),
        ("mantissa 2^15 refused", {**small, "scale_mantissa": 1 << 15}),
        ("mantissa 2^14 - 1 refused", {**small, "scale_mantissa": (1 << 14) - 1}),
        ("frac_q 25 refused", {**small, "frac_q": 25}),
        ("frac_k 25 refused", {**small, "frac_k": 25}),
        ("frac_v -1 refused", {**small, "frac_v": -1}),
        ("frac_out 25 refused", {**small, "frac_out": 25}),
        ("context above 2^16 refused", {**small, "context": c.CONTEXT_MAX + 1}),
        ("position at the context's end refused", {**small, "context": 1}),
    ]


OPS = {"attention": (evaluate, random_cases() + score_cases() + value_cases() + refused_cases())}
