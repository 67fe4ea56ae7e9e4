"""program.md sections 5 and 6: what the tiles of an op make that are no leaves of its value, in order of their numbers."""

import constants as c
import engine
import ops
import sampling
from exact import rs
from functions import exp2

CHUNK, ROWS, PAGE, IDS, TOKENS, ADDED, BINS, DIGITS = 1024, 8, 64, 4096, 1024, 64, 64, 9


def signed(size, values):
    return b"".join(v.to_bytes(size, "little", signed=True) for v in values)


def unsigned(size, values):
    return b"".join(v.to_bytes(size, "little") for v in values)


def cut(row, size=CHUNK):
    return [row[at : at + size] for at in range(0, len(row), size)]


def early(sequence, number, job):
    """The outputs' bytes. job: prompt, output, parameters, seed, choice, for sample."""
    op, layer, values, made = sequence.made[number]
    name = op["op"]
    if name == "norm":
        return norm(sequence, op, layer, values)
    if name == "quantise":
        return [unsigned(4, [max(abs(v) for v in chunk)]) for chunk in cut(values[op["x"]][0])]
    if name in ("matmul", "logits"):
        return matmul(sequence, op, layer, values)
    if name in ("attention", "capped_attention"):
        return attention(sequence, op, layer, values)
    if name == "expert_matmul":
        return expert_matmul(sequence, op, layer, values)
    if name == "sample":
        return sample(sequence.position - 1, *values[op["x"]], job)
    return []


def norm(sequence, op, layer, values):
    u, gain = sequence.weights.gain(layer["tensors"][op["g"]])
    squares, scales = [], []
    for row in engine.heads(values[op["x"]][0], op["width"]):
        squares += [unsigned(16, [sum(v * v for v in chunk)]) for chunk in cut(row)]
        j, inv, _ = ops.norm(row, int(op["eps"]), gain, u, op["frac"])
        scales.append(signed(8, [inv]) + signed(4, [27 + j]))
    return squares + scales


def matmul(sequence, op, layer, values):
    x = values[op["x"]]
    entries = [x[2][k // 32] * q for k, q in enumerate(x[3])] if len(x) == 4 else x[2]
    rows = sequence.weights.rows(layer["tensors"][op["W"]])
    bias = None if op.get("b") is None else sequence.weights.bias(layer["tensors"][op["b"]], op["frac"])
    _, out = ops.matmul(rows, entries, x[1], op["frac"], bias)
    sums = []
    for group in cut(rows, ROWS):
        for first in range(0, len(entries), CHUNK):
            part = range(first, min(first + CHUNK, len(entries)))
            sums.append(signed(8, [sum(row.entry(k) * entries[k] for k in part) for row in group]))
    return sums + [signed(4, group) for group in cut(out, ROWS)]


def expert_matmul(sequence, op, layer, values):
    """Group by group of rows, in it expert by expert: sums, then outputs; then those of the slot's expert."""
    e, entries = engine.inputs_of(values[op["x"]])
    chosen, experts = values[op["routing"]][0][op["slot"]], sequence.experts_of(op, layer)
    rows = ops.expert_rows(sequence.weights.rows(layer["tensors"][op["W"]]), experts, chosen)
    _, out = ops.matmul(rows, entries, e, op["frac"], None)
    sums, rounded = [], []
    for group, made in zip(cut(rows, ROWS), cut(out, ROWS), strict=True):
        for expert in range(experts):
            for first in range(0, len(entries), CHUNK):
                part = range(first, min(first + CHUNK, len(entries)))
                found = [sum(row.entry(k) * entries[k] for k in part) if expert == chosen else 0 for row in group]
                sums.append(signed(8, found))
            rounded.append(signed(4, made if expert == chosen else [0] * len(made)))
    return sums + rounded + [signed(4, made) for made in cut(out, ROWS)]


def attention(sequence, op, layer, values):
    """Running maxima and sums, page by page."""
    (q, frac_q), (kept, frac_k, _, width) = values[op["q"]], values[op["kv"]]
    queries = [ops.head_row(head) for head in engine.heads(q, width)]
    position, window = sequence.position - 1, layer["attributes"][op["window"]]
    first = max(0, position + 1 - window) if window else 0
    pages = [range(max(first, at), min(at + PAGE, position + 1)) for at in range(first // PAGE * PAGE, position + 1, PAGE)]
    group = len(queries) // len(kept)
    scores = [{t: score(op, query, kept[h // group][0][t], frac_q + frac_k, width) for t in range(first, position + 1)} for h, query in enumerate(queries)]
    peaks, sums = [], []
    for at in range(len(pages)):
        seen = [t for page in pages[: at + 1] for t in page]
        for h, found in enumerate(scores):
            peak = max(found[t] for t in seen), max(kept[h // group][1][t][2] for t in seen)
            peaks.append(signed(4, [peak[0]]) + unsigned(1, [peak[1]]))
    for at in range(len(pages)):
        seen = [t for page in pages[: at + 1] for t in page]
        for h, found in enumerate(scores):
            rows = kept[h // group][1]
            most, shift = max(found.values()), max(rows[t][2] for t in found)
            total, n = 0, [0] * width
            for t in seen:
                v, m, s = rows[t]
                p = exp2(most - found[t])
                total += p
                n = [a + rs(p * m, 8 + shift - s) * b for a, b in zip(n, v, strict=True)]
            sums.append(unsigned(8, [total]) + signed(8, n))
    return peaks + sums


def score(op, query, key, fracs, width):
    """4.6, steps 1 to 3, and 4.13."""
    (q, qm, qs), (k, km, ks) = query, key
    a = qm * op["scale"]
    ga, cs = a.bit_length() - 15, max(0, (width * 127 * 127).bit_length() - 15)
    b = ((a >> ga) * km + 128) >> 8
    found = rs(rs(sum(x * y for x, y in zip(q, k, strict=True)), cs) * b, fracs - (cs + 8 + ga + op["exponent"] + qs + ks) - 16)
    return ops.soft_cap([found], op["c"])[0] if "c" in op else found


def sample(position, logits, frac, job):
    p, tokens = job["parameters"], [*job["prompt"], *job["output"]]
    adjusted = sampling.adjust(logits, frac, job["prompt"], job["output"], p)
    chunks = cut(list(range(len(logits))), IDS)
    out = counts(chunks, tokens, len(job["prompt"]))
    out += [signed(4, [adjusted[i] for i in ids]) for ids in chunks]
    keys = {i: sampling.key_of(i, adjusted[i]) for i in range(len(logits))}
    greatest = max(keys.values())
    out += [unsigned(8, [max(keys[i] for i in ids)]) for ids in chunks] + [unsigned(8, [greatest])]
    weights, most = weighed(p, frac, adjusted, keys, greatest)
    made, least_k = descent(chunks, keys, {i: 1 for i in keys}, p["top_k"])
    out += made
    left = {i: w if keys[i] >= least_k else 0 for i, w in weights.items()}
    total = sum(left.values())
    out += [unsigned(8, [sum(left[i] for i in ids)]) for ids in chunks] + [unsigned(8, [total])]
    made, least_p = descent(chunks, keys, left, max(1, -(-p["top_p"] * total // c.MICRO)))
    out += made
    floor = -(-p["min_p"] * most // c.MICRO)
    left = {i: w if keys[i] >= max(least_k, least_p) and w >= floor else 0 for i, w in weights.items()}
    return out + drawn(chunks, left, sampling.noise(job["seed"], job["choice"], position + 1))


def counts(chunks, tokens, prompt):
    """Page by page of tokens; the top bit: seen in the prompt."""
    out = []
    for end in range(TOKENS, len(tokens) + TOKENS, TOKENS):
        for ids in chunks:
            seen, said = set(tokens[: min(end, prompt)]), tokens[prompt:end]
            out.append(unsigned(4, [said.count(i) + ((1 << 31) if i in seen else 0) for i in ids]))
    return out


def weighed(p, frac, adjusted, keys, greatest):
    """The weights, and W."""
    if p["temperature"] == 0:
        return {i: int(key == greatest) for i, key in keys.items()}, 1
    inverse, most = sampling.inverse_temperature(p["temperature"]), max(adjusted)
    return {i: sampling.weight(most - adjusted[i], inverse, frac) for i in keys}, 65535 << 16


def descent(chunks, keys, amounts, need):
    """bins, add bins, digit nine times; and the threshold."""
    out, prefix, left = [], 0, need
    for digit in range(DIGITS):
        shift = 6 * (DIGITS - 1 - digit)
        every = []
        for ids in chunks:
            bins = [0] * BINS
            for i in ids:
                if keys[i] >> (shift + 6) == prefix:
                    bins[(keys[i] >> shift) % BINS] += amounts[i]
            every.append(bins)
        added = [[sum(column) for column in zip(*group)] for group in cut(every, ADDED)]
        out += [unsigned(8, bins) for bins in every + added]
        prefix, left = next_digit(prefix, left, [sum(column) for column in zip(*added)])
        out.append(unsigned(8, [prefix, left]))
    return out, prefix


def next_digit(prefix, left, bins):
    """From bin 63 down until the need is reached; where it is 0 or never reached, nothing is cut."""
    for value in range(BINS - 1, -1, -1):
        if left > 0 and bins[value] >= left:
            return prefix * BINS + value, left
        left -= bins[value]
        if left <= 0:
            break
    return 0, 0


def drawn(chunks, left, u):
    """remain, draw, walk."""
    sums = [sum(left[i] for i in ids) for ids in chunks]
    rest = u * sum(sums) >> 64
    chunk = 0
    while rest >= sums[chunk]:
        rest -= sums[chunk]
        chunk += 1
    out = [unsigned(8, [one]) for one in sums] + [unsigned(8, [sum(sums), rest]) + unsigned(4, [chunk])]
    for at, ids in enumerate(chunks):
        found, running = None, rest
        for i in ids if at == chunk else []:
            if running < left[i]:
                found = i
                break
            running -= left[i]
        out.append(unsigned(4, [0, 0] if found is None else [1, found]))
    return out
