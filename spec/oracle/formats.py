"""arithmetic.md section 2: a row of a weight file as unit, scales, minima and quants; gains and biases.

A file's block is its scale d, then (Q4_1) its minimum m, then the quants; all little endian. The formats of 2.5 stand
in spans.py.
"""

from fractions import Fraction

import constants as c
import spans
from exact import Refused, ceil, check_columns, f16, f32, int8, least, nr, pow2

# The formats of version 1 as it was frozen.
BLOCK_BYTES = {"Q8_0": 34, "Q4_0": 18, "Q4_1": 20, "F16": 64, "F32": 128}
FLOATS = ("F16", "F32", "BF16")
# Section 2.6.
LESS_ONE = {"F16_LESS_ONE": "F16", "F32_LESS_ONE": "F32", "BF16_LESS_ONE": "BF16"}


def row_bytes(form, columns):
    if form in BLOCK_BYTES:
        return columns // c.BLOCK * BLOCK_BYTES[form]
    inputs, size = spans.SIZES[form]
    return columns // inputs * size


def check_row(form, columns):
    """What MUST hold of a row's length."""
    check_columns(columns)
    if form in spans.SIZES and columns % spans.SIZES[form][0] != 0:
        raise Refused("Columns")


class Row:
    def __init__(self, u, sw, mi, w):
        self.u, self.sw, self.mi, self.w = u, sw, mi, w

    def entry(self, k):
        b = k * len(self.sw) // len(self.w)  # a scale belongs to 32 entries, or to 16
        return self.sw[b] * self.w[k] + self.mi[b]


def nibbles(sixteen):
    return [byte % 16 for byte in sixteen] + [byte // 16 for byte in sixteen]


def quantised_row(form, data):
    """Section 2.1."""
    size = BLOCK_BYTES[form]
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    d = [f16(block[0:2], "NonFiniteScale") for block in blocks]
    m = [f16(block[2:4], "NonFiniteScale") if form == "Q4_1" else 0 for block in blocks]
    bound = c.S_Q8 if form == "Q8_0" else c.S_Q4

    def fits(u):
        scale = pow2(-u)
        return all(abs(nr(x * scale)) <= bound for x in d) and all(abs(nr(x * scale)) <= c.S_MIN for x in m)

    u = least(c.UNIT_LEAST_F16, fits)
    sw = [nr(x * pow2(-u)) for x in d]
    mi = [nr(x * pow2(-u)) for x in m]
    w = []
    for block in blocks:
        if form == "Q8_0":
            w += [int8(byte) for byte in block[2:34]]
        elif form == "Q4_0":
            w += [n - 8 for n in nibbles(block[2:18])]
        else:
            w += nibbles(block[4:20])
    return Row(u, sw, mi, w)


def joined_row(form, data):
    """Section 2.5: exact products instead of d and m, and the rule of 2.1."""
    read = [spans.read(form, piece) for piece in spans.pieces(form, data)]
    d = [x for scales, _, _ in read for x in scales]
    m = [x for _, minima, _ in read for x in minima]
    bound = spans.BOUNDS[form]

    def fits(u):
        return all(abs(nr(x * pow2(-u))) <= bound for x in d) and all(abs(nr(x * pow2(-u))) <= c.S_MIN for x in m)

    u = least(c.UNIT_LEAST_F16, fits)
    return Row(u, [nr(x * pow2(-u)) for x in d], [nr(x * pow2(-u)) for x in m], [q for _, _, w in read for q in w])


def floats(form, data):
    if form == "BF16":
        return [f32(bytes(2) + data[at : at + 2], "NonFiniteWeight") for at in range(0, len(data), 2)]
    if form == "F16":
        return [f16(data[at : at + 2], "NonFiniteWeight") for at in range(0, len(data), 2)]
    if form == "F32":
        return [f32(data[at : at + 4], "NonFiniteWeight") for at in range(0, len(data), 4)]
    raise Refused("UnknownFormat")


def float_row(form, data):
    """Section 2.2, the canonical quantiser."""
    entries = floats(form, data)
    blocks = [entries[at : at + c.BLOCK] for at in range(0, len(entries), c.BLOCK)]
    a = max(abs(x) for x in entries)
    u = least(c.UNIT_LEAST_FLOAT, lambda n: ceil(a * pow2(-n) * Fraction(1, c.W_MAX_FLOAT)) <= c.S_FLOAT)
    if u > c.UNIT_MOST_FLOAT:
        raise Refused("UnitOutOfRange")
    sw, w = [], []
    for block in blocks:
        a_b = max(abs(x) for x in block)
        scale = max(1, ceil(a_b * pow2(-u) * Fraction(1, c.W_MAX_FLOAT)))
        sw.append(scale)
        w += [nr(x * pow2(-u) * Fraction(1, scale)) for x in block]
    assert all(abs(v) <= c.W_MAX_FLOAT for v in w)
    return Row(u, sw, [0] * len(sw), w)


def row(form, columns, data):
    if form not in BLOCK_BYTES and form not in spans.SIZES:
        raise Refused("UnknownFormat")
    check_row(form, columns)
    if len(data) != row_bytes(form, columns):
        raise Refused("Length")
    if form in FLOATS:
        return float_row(form, data)
    return quantised_row(form, data) if form in BLOCK_BYTES else joined_row(form, data)


def b24(q):
    """The nearest number of 24 significant bits, ties to even."""
    q = Fraction(q)
    if q == 0:
        return q
    unit = least(-200, lambda n: abs(q) < pow2(n + 24))
    scaled = abs(q) * pow2(-unit)
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    whole += rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1)
    return whole * pow2(unit) * (1 if q > 0 else -1)


def gains(form, data):
    """The entries of a gain: section 2.6 where they are stored less one."""
    if form in LESS_ONE:
        return [b24(1 + x) for x in floats(LESS_ONE[form], data)]
    return floats(form, data)


def gain(form, data):
    """Section 2.3: (u, g)."""
    entries = gains(form, data)
    u = least(c.UNIT_LEAST_FLOAT, lambda n: all(abs(nr(x * pow2(-n))) < c.GAIN_LIMIT for x in entries))
    if u > c.UNIT_MOST_FLOAT:
        raise Refused("UnitOutOfRange")
    return u, [nr(x * pow2(-u)) for x in entries]


def bias(form, data, frac):
    """Section 2.3: a bias vector in its matmul's output frac."""
    entries = [nr(x * pow2(frac)) for x in floats(form, data)]
    if any(abs(v) >= c.LIMIT for v in entries):
        raise Refused("BiasOutOfRange")
    return entries
