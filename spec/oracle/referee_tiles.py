"""program.md section 5, one tile: the bytes that it makes of what it reads, by arithmetic.md and sampling.md.

`run` raises Fault where the tile faults, Unreadable where dispute.md 4 says that bytes are nothing a tile can read. All
operands are read, whole, before anything is computed of them.
"""

from fractions import Fraction

import constants as c
import formats
import ops
import sampling
import spans
from exact import Refused, ceil, nr, pow2, rs, stored
from functions import exp2, sincos
from referee_model import BINS, CHUNK, IDS, ROWS, chunk, chunks
from referee_proofs import readable

BLOCK, KEY_MOST, SUM_MOST, TILE_MOST, N_MOST, DN_MOST, COUNT_MOST = 32, 1 << 52, 1 << 53, 1 << 60, 1 << 38, 1 << 31, 1 << 16
SQUARES_MOST, EXPONENT_MOST, SHIFT_MOST = 1 << 78, 256, 30
SEEN = 1 << 31


def unsigned(size, values):
    return b"".join(v.to_bytes(size, "little") for v in values)


def signed(size, values):
    return b"".join(v.to_bytes(size, "little", signed=True) for v in values)


def numbers(data, size, count, sign=False):
    """So many integers and nothing else."""
    readable(len(data) == size * count)
    return [int.from_bytes(data[at : at + size], "little", signed=sign) for at in range(0, len(data), size)]


def below(values, most):
    readable(all(abs(v) < most for v in values))
    return values


class Tile:
    """What a tile reads, by name, in order; and where it is."""

    def __init__(self, state, tiles, data):
        self.subject, self.model, self.place = state["subject"], state["subject"].model, tiles.place
        self.op, self.position = tiles.place.ops[tiles.at], tiles.position
        self.out = tiles.place.types[tiles.at + 1]
        self.stage, self.index = tiles.stage(state["tile"])
        self.wanted, self.data = tiles.operands(state["tile"]), list(data)
        self.at = 0

    def next(self):
        self.at += 1
        return self.wanted[self.at - 1], self.data[self.at - 1][1]

    def left(self):
        return self.at < len(self.data)

    def entries(self):
        """Of a fixed row or logits: the entries asked for."""
        (_, value, some), leaves = self.next()
        width, found = self.place.types[value][1], []
        first = some.start // CHUNK
        for at, data in enumerate(leaves, first):
            found += below(numbers(data, 4, len(chunk(width, at)), True), c.LIMIT)
        return found[some.start - first * CHUNK :][: len(some)]

    def quantised(self):
        """X of a chunk of A8 or A16."""
        (_, value, some), (data,) = self.next()
        kind, count = self.place.types[value][0], len(some)
        if kind == "A16":
            return numbers(data, 2, count, True)
        readable(len(data) == count // BLOCK * 33)
        blocks = [data[at : at + 33] for at in range(0, len(data), 33)]
        return [block[0] * q for block in blocks for q in numbers(block[1:], 1, BLOCK, True)]

    def exponent(self):
        _, data = self.next()
        return self.bounded(*numbers(data, 4, 1, True))

    def bounded(self, exponent):
        readable(abs(exponent) <= EXPONENT_MOST)
        return exponent

    def units(self):
        _, found = self.next()
        return [self.bounded(unit) for unit in found]

    def outputs(self, size, counts, sign=False):
        """The integers of each output; counts: how many each has, or one number for all."""
        _, found = self.next()
        counts = [counts] * len(found) if isinstance(counts, int) else counts
        return [numbers(data, size, count, sign) for data, count in zip(found, counts, strict=True)]

    def routing(self):
        """Ids and weights."""
        (_, value), data = self.next()
        k = self.place.types[value][1]
        found = below(numbers(data, 4, 2 * k, True), c.LIMIT)
        return found[:k], found[k:]


def run(state, tiles, data):
    tile = Tile(state, tiles, data)
    return EXECUTED[tile.op["op"]][tile.stage](tile)


def rows32(values):
    return signed(4, [stored(v) for v in values])


# Weights under the units that are given, entry by entry.


def weight_row(form, data, unit):
    """The integer entries of a piece of a row."""
    try:
        if form in formats.FLOATS:
            return float_entries(form, data, unit)
        return quantised_entries(form, data, unit)
    except Refused:
        readable(False)


def float_entries(form, data, unit):
    readable(c.UNIT_LEAST_FLOAT <= unit <= c.UNIT_MOST_FLOAT)
    entries, found = formats.floats(form, data), []
    for at in range(0, len(entries), BLOCK):
        block = entries[at : at + BLOCK]
        scale = max(1, ceil(max(abs(x) for x in block) * pow2(-unit) * Fraction(1, c.W_MAX_FLOAT)))
        readable(scale <= c.S_FLOAT)
        found += [scale * nr(x * pow2(-unit) * Fraction(1, scale)) for x in block]
    return found


def quantised_entries(form, data, unit):
    readable(unit >= c.UNIT_LEAST_F16)
    if form in spans.SIZES:
        read, bound = [spans.read(form, piece) for piece in spans.pieces(form, data)], spans.BOUNDS[form]
    else:
        read, bound = frozen_blocks(form, data), c.S_Q8 if form == "Q8_0" else c.S_Q4
    found = []
    for scales, minima, quants in read:
        sw, mi = [nr(x * pow2(-unit)) for x in scales], [nr(x * pow2(-unit)) for x in minima]
        readable(all(abs(x) <= bound for x in sw) and all(abs(x) <= c.S_MIN for x in mi))
        each = len(quants) // len(sw)
        found += [sw[k // each] * w + mi[k // each] for k, w in enumerate(quants)]
    return found


def frozen_blocks(form, data):
    size, found = formats.BLOCK_BYTES[form], []
    for at in range(0, len(data), size):
        block = data[at : at + size]
        d, m = formats.f16(block[0:2], "NonFiniteScale"), 0
        if form == "Q4_1":
            m = formats.f16(block[2:4], "NonFiniteScale")
        if form == "Q8_0":
            quants = [formats.int8(byte) for byte in block[2:]]
        else:
            quants = formats.nibbles(block[4:]) if form == "Q4_1" else [n - 8 for n in formats.nibbles(block[2:])]
        found.append(([d], [m], quants))
    return found


def gains_of(form, data, unit):
    readable(c.UNIT_LEAST_FLOAT <= unit <= c.UNIT_MOST_FLOAT)
    try:
        found = [nr(x * pow2(-unit)) for x in formats.gains(form, data)]
    except Refused:
        readable(False)
    return below(found, c.GAIN_LIMIT)


def biases_of(form, data, frac):
    try:
        return formats.bias(form, data, frac)
    except Refused:
        readable(False)


# Rows.


def embed(t):
    t.next()
    _, (form, rows) = t.next()
    unit = t.units()[0]
    return rows32(rs(w, -(unit + t.op["frac"])) for w in weight_row(form, rows[0], unit))


def squares(t):
    return unsigned(16, [sum(v * v for v in t.entries())])


def norm_scale(t):
    sums = [below(one, SQUARES_MOST)[0] for one in t.outputs(16, 1)]
    j, inv, _ = norm_of(t.op["width"], t.op["eps"] + sum(sums))
    return signed(8, [inv]) + signed(4, [27 + j])


def norm_of(width, total):
    """4.2, steps 1 and 2."""
    j = 0
    while total * ops.scale4(-j) < 1 << 62:
        j -= 1
    while total * ops.scale4(-j) >= 1 << 64:
        j += 1
    scaled = total * ops.scale4(-j)
    v = ops.isqrt(scaled.numerator // scaled.denominator)
    return j, ops.isqrt(width << 32) * (1 << 31) // v, v


def norm_apply(t):
    (_, _, heads), shown = t.next()
    scales = []
    for data in shown:
        readable(len(data) == 12)
        scales.append((numbers(data[:8], 8, 1, True)[0], t.bounded(numbers(data[8:], 4, 1, True)[0])))
    unit = t.units()[0]
    (_, _, _, columns), (form, rows) = t.next()
    gains = dict(zip(columns, gains_of(form, rows[0], unit)))
    some = t.wanted[t.at][2]
    width, found = t.op["width"], []
    for at, h in zip(some, t.entries()):
        inv, shift = scales[at // width - heads.start]
        n = stored(rs(h * inv, shift))
        found.append(stored(rs(n * gains[at % width], 20 - unit - t.op["frac"])))
    return signed(4, found)


def greatest_entry(t):
    return unsigned(4, [max(abs(v) for v in t.entries())])


def quantise_exponent(t):
    most = max(below(one, c.LIMIT)[0] for one in t.outputs(4, 1))
    return signed(4, [exponent_of(t, shift_of(t, most))])


def bound_of(t):
    return 4 * c.Q * c.SX if t.op["kind"] == "A8" else c.A16_MAX


def shift_of(t, most):
    shift = 0
    while rs(most, shift) > bound_of(t):
        shift += 1
    return shift


def exponent_of(t, shift):
    frac = t.place.types[t.op["x"]][2]
    return shift + 2 - frac if t.op["kind"] == "A8" else shift - frac


def quantise_apply(t):
    shift = t.outputs(4, 1, True)[0][0] - exponent_of(t, 0)
    row = t.entries()
    readable(0 <= shift <= SHIFT_MOST and rs(max(abs(v) for v in row), shift) <= bound_of(t))
    z = [rs(v, shift) for v in row]
    if t.op["kind"] == "A16":
        return signed(2, z)
    out = b""
    for at in range(0, len(z), BLOCK):
        block = z[at : at + BLOCK]
        sx = max(1, ceil(Fraction(max(abs(v) for v in block), 4 * c.Q)))
        out += unsigned(1, [sx]) + signed(1, [(v * ops.r_table(sx) + (1 << 22)) // (1 << 23) for v in block])
    return out


def matmul_sum(t):
    _, (form, rows) = t.next()
    units = t.units()
    entries = t.quantised()
    found = []
    for data, unit in zip(rows, units, strict=True):
        found.append(sum(w * x for w, x in zip(weight_row(form, data, unit), entries, strict=True)))
    return signed(8, found)


def totals(t, rows):
    """The sums of some rows over every chunk of the input."""
    sums = [below(one, TILE_MOST) for one in t.outputs(8, rows, True)]
    return below([sum(column) for column in zip(*sums)], TILE_MOST)


def matmul_round(t):
    rows, frac = len(t.wanted[1][2]), t.op["frac"]
    sums, units, e, biases = totals(t, rows), t.units(), t.exponent(), None
    if t.op.get("b") is not None:
        _, (form, data) = t.next()
        biases = biases_of(form, data[0], frac)
    found = [stored(rs(total, -(unit + e + frac))) for total, unit in zip(sums, units, strict=True)]
    return signed(4, found if biases is None else [stored(v + b) for v, b in zip(found, biases, strict=True)])


def collect(t):
    """Of groups of eight rows; the last one may be smaller."""
    width = t.out[1]
    counts = [len(chunk(width, group, ROWS)) for group in t.wanted[0][2]]
    return signed(4, below([v for one in t.outputs(4, counts, True) for v in one], c.LIMIT))


def chosen(t, expert):
    """Whether the slot's expert is this one."""
    ids, _ = t.routing()
    return ids[t.op["slot"]] == expert


def expert_of(t, groups_each):
    return t.index // groups_each % t.place.types[t.op["routing"]][2]


def expert_sum(t):
    _, (form, rows) = t.next()
    units, entries = t.units(), t.quantised()
    here = chosen(t, expert_of(t, chunks(t.place.tensor(t.op["W"])["columns"])))
    found = [sum(w * x for w, x in zip(weight_row(form, data, unit), entries, strict=True)) for data, unit in zip(rows, units, strict=True)]
    return signed(8, [v if here else 0 for v in found])


def expert_round(t):
    sums, units, e = totals(t, ROWS), t.units(), t.exponent()
    if not chosen(t, expert_of(t, 1)):
        return bytes(4 * ROWS)
    return rows32(rs(sums[j], -(units[j] + e + t.op["frac"])) for j in range(ROWS))


def expert_pick(t):
    found = [below(one, c.LIMIT) for one in t.outputs(4, ROWS, True)]
    ids, _ = t.routing()
    expert = ids[t.op["slot"]]
    return signed(4, found[expert] if 0 <= expert < len(found) else [0] * ROWS)


def rope(t):
    some = t.wanted[0][2]
    table = t.model.program["rope_tables"][t.place.attribute(t.op["table"])]
    row, d, out = t.entries(), t.op["D"], []
    whole = {}
    for head in range(0, len(row), d):
        turned = rope_head(row[head : head + d], t.position, table, t.op["rotary"], t.op["layout"])
        for k, v in enumerate(turned):
            whole[some.start + head + k] = v
    here = chunk(t.out[1], t.index)
    return signed(4, [whole[at] for at in here])


def rope_head(row, position, table, rotary, layout):
    """A whole head, which faults here whichever leaf its entries are in."""
    out = list(row)
    for i in range(rotary // 2):
        first, second = (2 * i, 2 * i + 1) if layout == "interleaved" else (i, i + rotary // 2)
        sin, cos = sincos(position * table[i] % (1 << 64))
        x, y = row[first], row[second]
        out[first], out[second] = stored(rs(x * cos - y * sin, 30)), stored(rs(x * sin + y * cos, 30))
    return out


def kv_append(t):
    out = b""
    for _ in range(2):
        quants, m, s = ops.head_row(t.entries())
        out += signed(1, quants) + unsigned(1, [m, s])
    return out


def kv_rows(t, d):
    """Key and value of every row, as (quants, m, s)."""
    _, shown = t.next()
    found = []
    for data in shown:
        readable(len(data) == 2 * (d + 2))
        pair = []
        for part in (data[: d + 2], data[d + 2 :]):
            readable(part[d] != 0 and part[d + 1] <= SHIFT_MOST)
            pair.append((numbers(part[:d], 1, d, True), part[d], part[d + 1]))
        found.append(pair)
    return found


def scores(t, query, rows):
    """4.6, steps 1 to 3, and 4.13."""
    (_, frac_q), (_, _, d, frac_k, _) = t.place.types[t.op["q"]][1:], t.place.types[t.op["kv"]]
    q, qm, qs = query
    a = qm * t.op["scale"]
    ga, cs = a.bit_length() - 15, max(0, (d * 127 * 127).bit_length() - 15)
    found = []
    for (key, km, ks), _ in rows:
        b = ((a >> ga) * km + 128) >> 8
        shift = frac_q + frac_k - (cs + 8 + ga + t.op["exponent"] + qs + ks) - 16
        found.append(stored(rs(rs(sum(x * y for x, y in zip(q, key, strict=True)), cs) * b, shift)))
    return ops.soft_cap(found, t.op["c"]) if "c" in t.op else found


def peak_of(data):
    readable(len(data) == 5)
    return numbers(data[:4], 4, 1, True)[0], data[4]


def page(t):
    return ops.head_row(t.entries()), kv_rows(t, t.place.types[t.op["kv"]][2])


def attention_peak(t):
    query, rows = page(t)
    before = peak_of(t.next()[1][0]) if t.left() else None
    found = scores(t, query, rows)
    peak, shift = max(found), max(value[2] for _, value in rows)
    if before is not None:
        peak, shift = max(peak, before[0]), max(shift, before[1])
    return signed(4, [peak]) + unsigned(1, [shift])


def attention_sums(t):
    query, rows = page(t)
    d = t.place.types[t.op["kv"]][2]
    peak, shift = peak_of(t.next()[1][0])
    total, n = sums_of(t.next()[1][0], d) if t.left() else (0, [0] * d)
    found = scores(t, query, rows)
    readable(all(peak >= score for score in found) and all(shift >= value[2] for _, value in rows))
    for score, (_, (value, m, s)) in zip(found, rows):
        p = exp2(peak - score)
        total += p
        n = [a + rs(p * m, 8 + shift - s) * v for a, v in zip(n, value, strict=True)]
    return unsigned(8, [total]) + signed(8, n)


def sums_of(data, d):
    readable(len(data) == 8 * (d + 1))
    total, n = numbers(data[:8], 8, 1)[0], numbers(data[8:], 8, d, True)
    readable(total <= DN_MOST)
    return total, below(n, N_MOST)


def attention_finish(t):
    _, _, d, _, frac_v = t.place.types[t.op["kv"]]
    peaks = [peak_of(data) for data in t.next()[1]]
    sums = [sums_of(data, d) for data in t.next()[1]]
    readable(all(total > 0 for total, _ in sums))
    here, found = chunk(t.out[1], t.index), []
    first = here.start // d
    for at in here:
        (_, shift), (total, n) = peaks[at // d - first], sums[at // d - first]
        found.append(stored(rs(n[at % d] * ((1 << 47) // total), 39 - shift + frac_v - t.op["frac"])))
    return signed(4, found)


def gate(rule):
    def run_gate(t):
        fracs = [t.place.types[t.op[name]][2] for name in ("gate", "up")]
        return signed(4, rule(t.entries(), fracs[0], t.entries(), fracs[1], t.op["frac"]))

    return run_gate


def route(t):
    frac = t.place.types[t.op["x"]][2]
    ids, weights = ops.route(t.entries(), frac, t.op["k"], t.op["over"])
    return signed(4, [*ids, *weights])


def weigh(t):
    row = t.entries()
    _, weights = t.routing()
    weight = weights[t.op["slot"]]
    readable(0 <= weight <= 1 << 16)
    return signed(4, ops.weigh(row, weight))


# sample


def ids_of(t):
    return list(chunk(t.place.types[t.op["x"]][1], t.index % chunks(t.place.types[t.op["x"]][1], IDS), IDS))


def sample_count(t):
    (_, some), shown = t.next()
    tokens = [numbers(data, 4, 1)[0] for data in shown]
    t.next()
    ids = ids_of(t)
    counts, seen = {i: 0 for i in ids}, {i: False for i in ids}
    if t.left():
        for i, (count, prompt) in zip(ids, counts_of(t, len(ids))):
            counts[i], seen[i] = count, prompt
    for position, token in zip(some, tokens):
        if token in counts:
            if position < t.subject.prompt:
                seen[token] = True
            else:
                counts[token] += 1
    return unsigned(4, [counts[i] + (SEEN if seen[i] else 0) for i in ids])


def counts_of(t, count):
    found = [(v % SEEN, v >= SEEN) for v in t.outputs(4, count)[0]]
    readable(all(v <= COUNT_MOST for v, _ in found))
    return found


def sample_adjust(t):
    """sampling.md 3, steps 1 to 3, of ids with their counts."""
    row, ids = t.entries(), ids_of(t)
    counts = counts_of(t, len(ids))
    t.next()
    _, biases = t.next()
    p, frac, found = t.subject.parameters, t.place.types[t.op["x"]][2], []
    for i, l, (n, seen) in zip(ids, row, counts, strict=True):  # noqa: E741
        one = sampling.adjust([l], frac, [0] if seen else [], [0] * n, {**p, "bias": [(0, value) for token, value in biases if token == i]})
        found += one
    return signed(4, found)


def keys_of(t):
    """Of the chunk's adjusted logits: (id, key, logit)."""
    ids = ids_of(t)
    row = t.outputs(4, len(ids), True)[0]
    return [(i, sampling.key_of(i, l), l) for i, l in zip(ids, row)]


def key_read(t):
    return below(t.outputs(8, 1)[0], KEY_MOST)[0]


def sample_peak(t):
    return unsigned(8, [max(key for _, key, _ in keys_of(t))])


def sample_greatest(t):
    return unsigned(8, [max(below(one, KEY_MOST)[0] for one in t.outputs(8, 1))])


def weighed(t):
    """(key, weight) of the chunk's ids, above top-k's threshold."""
    keys, greatest = keys_of(t), key_read(t)
    t.next()
    least = threshold(t)
    p, frac = t.subject.parameters, t.place.types[t.op["x"]][2]
    readable(all(key <= greatest for _, key, _ in keys))
    if p["temperature"] == 0:
        return [(i, key, int(key == greatest and key >= least)) for i, key, _ in keys]
    inverse, most = sampling.inverse_temperature(p["temperature"]), (greatest >> 20) - (1 << 31)
    return [(i, key, sampling.weight(most - l, inverse, frac) if key >= least else 0) for i, key, l in keys]


def digit_of(data):
    prefix, left = numbers(data, 8, 2)
    return prefix, left


def threshold(t):
    prefix, _ = digit_of(t.next()[1][0])
    readable(prefix < KEY_MOST)
    return prefix


def bins_of(t, amounts, digit):
    """64 bins of the amounts whose key begins with the digits so far."""
    prefix = digit_of(t.next()[1][0])[0] if digit else 0
    readable(prefix < KEY_MOST)
    bins, shift = [0] * BINS, 6 * (8 - digit)
    for key, amount in amounts:
        if key >> (shift + 6) == prefix:
            bins[(key >> shift) % BINS] += amount
    return unsigned(8, bins)


def top_k_bins(t):
    return bins_of(t, [(key, 1) for _, key, _ in keys_of(t)], (t.stage - 4) // 3)


def top_p_bins(t):
    return bins_of(t, [(key, weight) for _, key, weight in weighed(t)], (t.stage - 33) // 3)


def add_bins(t):
    found = t.outputs(8, BINS)
    return unsigned(8, [small(sum(column)) for column in zip(*found)])


def small(total):
    readable(total < SUM_MOST)
    return total


def digit(t, need):
    """The next digit, from bin 63 down; where the need is 0 or never reached, nothing is cut."""
    bins = [small(sum(column)) for column in zip(*t.outputs(8, BINS))]
    prefix, left = need(t)
    for value in range(BINS - 1, -1, -1):
        if left > 0 and bins[value] >= left:
            return unsigned(8, [prefix * BINS + value, left])
        left -= bins[value]
        if left <= 0:
            break
    return bytes(16)


def before(t):
    prefix, left = digit_of(t.next()[1][0])
    readable(prefix < KEY_MOST)
    return prefix, left


def top_k_need(t):
    return (0, t.subject.parameters["top_k"]) if t.stage == 6 else before(t)


def top_p_need(t):
    if t.stage != 35:
        return before(t)
    total = small(t.outputs(8, 1)[0][0])
    return 0, max(1, -(-t.subject.parameters["top_p"] * total // c.MICRO))


def sum_of(t, amounts):
    return unsigned(8, [sum(amounts)])


def sample_total(t):
    return unsigned(8, [small(sum(small(one[0]) for one in t.outputs(8, 1)))])


def remaining(t):
    """The weights that every cut left, by id."""
    found, least = weighed(t), threshold(t)
    most = 1 if t.subject.parameters["temperature"] == 0 else 65535 << 16
    floor = -(-t.subject.parameters["min_p"] * most // c.MICRO)
    return [(i, weight if key >= least and weight >= floor else 0) for i, key, weight in found]


def sample_draw(t):
    sums = [small(one[0]) for one in t.outputs(8, 1)]
    total = small(sum(sums))
    readable(total > 0)
    rest, at = sampling.noise(t.subject.seed, t.subject.choice, t.position + 1) * total >> 64, 0
    while rest >= sums[at]:
        rest -= sums[at]
        at += 1
    return unsigned(8, [total, rest]) + unsigned(4, [at])


def sample_walk(t):
    weights = remaining(t)
    data = t.next()[1][0]
    readable(len(data) == 20)
    rest, at = numbers(data[8:16], 8, 1)[0], numbers(data[16:], 4, 1)[0]
    if at != t.index:
        return bytes(8)
    for i, weight in weights:
        if rest < weight:
            return unsigned(4, [1, i])
        rest -= weight
    readable(False)


def sample_choose(t):
    outputs = t.outputs(4, 2)
    readable(all(one == 1 or (one == 0 and i == 0) for one, i in outputs))
    found = [i for one, i in outputs if one == 1]
    readable(found != [])
    return unsigned(4, found[:1])


def descent(bins, need):
    return [bins, add_bins, lambda t: digit(t, need)] * 9


EXECUTED = {
    "embed": [embed], "norm": [squares, norm_scale, norm_apply], "quantise": [greatest_entry, quantise_exponent, quantise_apply],
    "matmul": [matmul_sum, matmul_round, collect], "logits": [matmul_sum, matmul_round, collect], "rope": [rope], "kv_append": [kv_append],
    "attention": [attention_peak, attention_sums, attention_finish], "capped_attention": [attention_peak, attention_sums, attention_finish],
    "silu_gate": [gate(ops.silu_gate)], "gelu_gate": [gate(ops.gelu_gate)], "add": [lambda t: signed(4, ops.add(t.entries(), t.entries()))],
    "hadamard": [lambda t: signed(4, ops.hadamard(t.entries(), t.op["width"]))],
    "soft_cap": [lambda t: signed(4, ops.soft_cap(t.entries(), t.op["c"]))],
    "scale": [lambda t: signed(4, ops.scale(t.entries(), t.op["c"], t.op["exponent"]))], "route": [route], "weigh": [weigh],
    "expert_matmul": [expert_sum, expert_round, expert_pick, collect],
    "sample": [
        sample_count, sample_adjust, sample_peak, sample_greatest, *descent(top_k_bins, top_k_need),
        lambda t: sum_of(t, [weight for _, _, weight in weighed(t)]), sample_total, *descent(top_p_bins, top_p_need),
        lambda t: sum_of(t, [weight for _, weight in remaining(t)]), sample_draw, sample_walk, sample_choose,
    ],
}  # fmt: skip
