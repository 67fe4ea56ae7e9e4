"""sampling.md: penalties, bias, mask, temperature, cuts and the draw; the seed and its noise.

The cuts are made twice: by sorting, as the text defines them, and by the tiles' descent over digits.
"""

import constants as c
from exact import Fault, Refused, check_frac, rs
from functions import e_of
from hash_blake3 import derive_key, keyed

NOISE_DOMAIN = b"probity noise v1"
SEED_DOMAIN = b"probity seed v1"
DEFAULTS = {
    "temperature": 1000000, "top_k": 0, "top_p": 1000000, "min_p": 0,
    "repetition": 1000000, "presence": 0, "frequency": 0, "bias": [], "grammar": None,
}  # fmt: skip


def rd(a, b):
    return (2 * a + b) // (2 * b)


def sat(v):
    return min(max(v, -c.SATURATION), c.SATURATION)


def within(value, least, most, name):
    if not least <= value <= most:
        raise Refused(name)


def check_parameters(p, vocabulary):
    """Section 2."""
    if p["temperature"] != 0:
        within(p["temperature"], *c.TEMPERATURE_RANGE, "Temperature")
    within(p["top_k"], 0, c.VOCABULARY_MAX, "TopK")
    within(p["top_p"], 0, c.MICRO, "TopP")
    within(p["min_p"], 0, c.MICRO, "MinP")
    within(p["repetition"], *c.REPETITION_RANGE, "RepetitionPenalty")
    within(p["presence"], -c.PRESENCE_MOST, c.PRESENCE_MOST, "PresencePenalty")
    within(p["frequency"], -c.PRESENCE_MOST, c.PRESENCE_MOST, "FrequencyPenalty")
    if len(p["bias"]) > c.BIAS_ENTRIES_MAX:
        raise Refused("BiasCount")
    before = -1
    for token, value in p["bias"]:
        if token <= before or token >= vocabulary:
            raise Refused("BiasToken")
        if value == 0 or abs(value) > c.BIAS_MOST:
            raise Refused("BiasValue")
        before = token


def adjust(logits, frac, prompt, output, p):
    """Section 3, steps 1 to 3."""
    counts = {}
    for token in output:
        counts[token] = counts.get(token, 0) + 1
    seen = set(prompt) | set(output)
    bias = dict(p["bias"])
    adjusted = []
    for token, l in enumerate(logits):
        if token in seen:
            r = p["repetition"]
            l = sat(rd(l * c.MICRO, r) if l > 0 else rd(l * r, c.MICRO))
        n = counts.get(token, 0)
        if n > 0:
            l = sat(l - rd((p["presence"] + p["frequency"] * n) * (1 << frac), c.MICRO))
        if token in bias:
            l = sat(l + rd(bias[token] * (1 << frac), c.MICRO))
        adjusted.append(l)
    return adjusted


def inverse_temperature(temperature):
    return (c.LOG2E_62 * c.MICRO + temperature * (1 << 29)) // (temperature * (1 << 30))


def weight(delta, inv_t, frac):
    x = rs(delta * inv_t, frac + 16)
    n, f = x >> 16, x % 65536
    return (e_of(f) << 16) >> n if n <= 31 else 0


def cut_by_sorting(entries, p):
    """entries: (id, logit, weight). Section 5 as it is written: the ids that remain."""
    order = sorted(entries, key=lambda entry: (-entry[1], entry[0]))
    if p["top_k"] > 0:
        order = order[: p["top_k"]]
    total = sum(w for _, _, w in order)
    kept, running = [], 0
    for entry in order:
        if kept and running * c.MICRO >= p["top_p"] * total:
            break
        kept.append(entry)
        running += entry[2]
    most = max(w for _, _, w in kept)
    return {entry[0]: entry[2] for entry in kept if entry[2] * c.MICRO >= p["min_p"] * most}


def key_of(token, logit):
    """Section 7: 52 bits, greater is earlier in the order."""
    return (logit + (1 << 31)) * (1 << 20) + (1 << 20) - 1 - token


def descent(keyed_amounts, need):
    """The greatest key at which the sum over all keys not below it reaches need; nine digits of six bits."""
    prefix, above = 0, 0
    for digit in range(8, -1, -1):
        bins = [0] * 64
        for key, amount in keyed_amounts:
            if key >> (6 * digit + 6) == prefix:
                bins[(key >> (6 * digit)) % 64] += amount
        for value in range(63, -1, -1):
            if above + bins[value] >= need:
                break
            above += bins[value]
        prefix = prefix * 64 + value
    return prefix


def cut_by_descent(entries, p):
    """The same ids by order-free sums."""
    keys = [(key_of(token, l), token, w) for token, l, w in entries]
    least = 0
    if 0 < p["top_k"] < len(keys):
        least = descent([(key, 1) for key, _, _ in keys], p["top_k"])
    remaining = [entry for entry in keys if entry[0] >= least]
    total = sum(w for _, _, w in remaining)
    need = max(1, -(-p["top_p"] * total // c.MICRO))
    least = max(least, descent([(key, w) for key, _, w in remaining], need))
    most = 65535 << 16
    need_w = -(-p["min_p"] * most // c.MICRO)
    return {token: w for key, token, w in remaining if key >= least and w >= need_w}


def noise(seed, choice, position):
    block = keyed(seed, NOISE_DOMAIN + choice.to_bytes(4, "little") + position.to_bytes(8, "little"))
    return int.from_bytes(block[:8], "little")


def draw_by_chunks(kept, r):
    """Section 6 as the tiles do it: first the chunk, then the id."""
    sums = {}
    for token, w in kept.items():
        sums[token // c.DRAW_CHUNK] = sums.get(token // c.DRAW_CHUNK, 0) + w
    for chunk in sorted(sums):
        if r < sums[chunk]:
            break
        r -= sums[chunk]
    for token in sorted(t for t in kept if t // c.DRAW_CHUNK == chunk):
        if r < kept[token]:
            return token
        r -= kept[token]
    raise AssertionError("r is below the total")


def sample(logits, frac, prompt, output, p, allowed, u):
    """The whole op. allowed: None or a list of ids; u: the 64-bit noise."""
    check_frac(frac)
    if not 0 < len(logits) <= c.VOCABULARY_MAX:
        raise Refused("Vocabulary")
    check_parameters(p, len(logits))
    if allowed is not None and any(token >= len(logits) for token in allowed):
        raise Refused("MaskToken")
    adjusted = adjust(logits, frac, prompt, output, p)
    ids = range(len(logits)) if allowed is None else sorted(set(allowed))
    if len(ids) == 0:
        raise Fault()
    lmax = max(adjusted[token] for token in ids)
    result = {"lmax": lmax}
    if p["temperature"] == 0:
        result["id"] = next(token for token in ids if adjusted[token] == lmax)
        return adjusted, result
    inv_t = inverse_temperature(p["temperature"])
    entries = [(token, adjusted[token], weight(lmax - adjusted[token], inv_t, frac)) for token in ids]
    kept = cut_by_sorting(entries, p)
    positive = {token: w for token, w in kept.items() if w > 0}
    by_tiles = {token: w for token, w in cut_by_descent(entries, p).items() if w > 0}
    assert positive == by_tiles
    total = sum(kept.values())
    r = u * total >> 64
    running = 0
    for token in sorted(kept):
        running += kept[token]
        if running > r:
            break
    assert token == draw_by_chunks(kept, r)
    result.update(inv_t=str(inv_t), kept=len(positive), total=total, r=r, id=token)
    return adjusted, result


def parameter_bytes(p):
    """Section 8: the canonical encoding of the distribution parameters."""
    out = b"".join(p[name].to_bytes(4, "little") for name in ("temperature", "top_k", "top_p", "min_p", "repetition"))
    out += b"".join(p[name].to_bytes(4, "little", signed=True) for name in ("presence", "frequency"))
    out += len(p["bias"]).to_bytes(4, "little")
    for token, value in p["bias"]:
        out += token.to_bytes(4, "little") + value.to_bytes(4, "little", signed=True)
    return out + (b"\x00" if p["grammar"] is None else b"\x01" + bytes.fromhex(p["grammar"]))


def seed(nonce, model_id, prompt, p):
    assert len(nonce) == 32 and len(model_id) == 32
    tokens = b"".join(token.to_bytes(4, "little") for token in prompt)
    material = nonce + model_id + len(prompt).to_bytes(4, "little") + tokens + parameter_bytes(p)
    return derive_key(SEED_DOMAIN, material)
