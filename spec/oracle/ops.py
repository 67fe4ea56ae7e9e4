"""arithmetic.md sections 3 and 4 without attention: inputs of matmuls and the ops over rows."""

import constants as c
from exact import Refused, ceil, check_columns, check_frac, isqrt, least, nr, rs, stored
from fractions import Fraction
from functions import exp2u, recip, sincos


def check_row(y):
    """A fixed row as an op gets it; a fault earlier would have ended the answer."""
    assert all(abs(v) < c.LIMIT for v in y)


def r_table(n):
    return nr(Fraction(1 << 21, n))


def h_table(n):
    return nr(Fraction(1 << 22, n))


def quantise_a8(y, frac):
    """3.1: (s, e, sx, x)."""
    check_columns(len(y))
    check_frac(frac)
    check_row(y)
    big = max(abs(v) for v in y)
    s = least(0, lambda n: rs(big, n) <= 4 * c.Q * c.SX)
    z = [rs(v, s) for v in y]
    scales, x = [], []
    for at in range(0, len(z), c.BLOCK):
        block = z[at : at + c.BLOCK]
        sx = max(1, ceil(Fraction(max(abs(v) for v in block), 4 * c.Q)))
        assert 1 <= sx <= c.SX
        scales.append(sx)
        x += [(v * r_table(sx) + (1 << 22)) // (1 << 23) for v in block]
    assert all(abs(v) <= 127 for v in x)
    return s, s + 2 - frac, scales, x


def quantise_a16(y, frac):
    """3.2: (s, e, x)."""
    check_columns(len(y))
    check_frac(frac)
    check_row(y)
    big = max(abs(v) for v in y)
    s = least(0, lambda n: rs(big, n) <= c.A16_MAX)
    return s, s - frac, [rs(v, s) for v in y]


def embed(row, frac):
    """4.1 on the token's row."""
    check_frac(frac)
    return [stored(rs(row.entry(k), -(row.u + frac))) for k in range(len(row.w))]


def norm(h, eps, g, u, frac):
    """4.2 over one row or one head: (j, inv, y)."""
    check_frac(frac)
    k = len(h)
    if k > c.COLUMNS_MAX or k == 0:
        raise Refused("Columns")
    if eps < 1:
        raise Refused("Epsilon")
    check_row(h)
    total = eps + sum(v * v for v in h)
    j = 0
    while not Fraction(total) * scale4(-j) >= 1 << 62:
        j -= 1
    while not Fraction(total) * scale4(-j) < 1 << 64:
        j += 1
    scaled = Fraction(total) * scale4(-j)
    t = scaled.numerator // scaled.denominator
    v = isqrt(t)
    root = isqrt(k << 32)
    inv = root * (1 << 31) // v
    n = [stored(rs(x * inv, 27 + j)) for x in h]
    return j, inv, [stored(rs(a * b, 20 - u - frac)) for a, b in zip(n, g, strict=True)]


def scale4(n):
    """4^n."""
    return Fraction(1 << (2 * n)) if n >= 0 else Fraction(1, 1 << (-2 * n))


def matmul(rows, x, e, frac, bias):
    """4.3: x the integer entries X of the input, rows the weight rows, bias None or integers: (acc, out)."""
    check_frac(frac)
    sums, out = [], []
    for j, row in enumerate(rows):
        acc = sum(row.entry(k) * x[k] for k in range(len(x)))
        assert abs(acc) < 1 << 60
        sums.append(acc)
        value = stored(rs(acc, -(row.u + e + frac)))
        if bias is not None:
            value = stored(value + bias[j])
        out.append(value)
    return sums, out


def rope(row, position, frequencies, rotary, layout):
    """4.4 on one head's row."""
    check_row(row)
    if rotary % 2 != 0 or rotary > len(row) or len(frequencies) != rotary // 2:
        raise Refused("Rotary")
    out = list(row)
    for i in range(rotary // 2):
        first, second = (2 * i, 2 * i + 1) if layout == "interleaved" else (i, i + rotary // 2)
        sin, cos = sincos(position * frequencies[i] % (1 << 64))
        x, y = row[first], row[second]
        out[first] = stored(rs(x * cos - y * sin, 30))
        out[second] = stored(rs(x * sin + y * cos, 30))
    return out


def head_row(y):
    """4.5: (q, m, s)."""
    check_row(y)
    if len(y) % c.BLOCK != 0 or not 0 < len(y) <= c.HEAD_WIDTH_MAX:
        raise Refused("HeadWidth")
    big = max(abs(v) for v in y)
    s = least(0, lambda n: rs(big, n) <= 127 * c.HEAD_SCALE_MAX)
    z = [rs(v, s) for v in y]
    m = max(1, ceil(Fraction(max(abs(v) for v in z), 127)))
    assert m <= c.HEAD_SCALE_MAX
    q = [(v * h_table(m) + (1 << 21)) // (1 << 22) for v in z]
    assert all(abs(v) <= 127 for v in q)
    return q, m, s


def silu_gate(gate, fg, up, fu, frac):
    """4.7."""
    check_frac(fg, fu, frac)
    if not c.SILU_FRAC[0] <= fg <= c.SILU_FRAC[1]:
        raise Refused("FracOutOfRange")
    check_row(gate)
    check_row(up)
    out = []
    for g, u in zip(gate, up, strict=True):
        a = min(abs(g), (1 << (fg + 5)) - 1)
        x = a * 23637 * 4 // (1 << fg)
        r = recip(exp2u(x))
        sig = r if g >= 0 else 32768 - r
        b = rs(g * sig, 15)
        out.append(stored(rs(b * u, fg + fu - frac)))
    return out


def hadamard(y, width):
    """4.9 over each block of `width` entries."""
    check_row(y)
    m = width.bit_length() - 1
    if width != 1 << m or not 1 <= m <= c.HADAMARD_BITS_MAX or len(y) % width != 0:
        raise Refused("HadamardWidth")
    out = []
    for at in range(0, len(y), width):
        block = y[at : at + width]
        for i in range(width):
            total = sum(-x if (i & k).bit_count() % 2 else x for k, x in enumerate(block))
            out.append(stored(rs(total, m // 2)))
    return out


def add(a, b):
    """4.8."""
    check_row(a)
    check_row(b)
    return [stored(x + y) for x, y in zip(a, b, strict=True)]


def gelu_sigmoid(g, fg):
    """4.12, steps 1 to 3: the sigmoid with 15 fractional bits that gelu multiplies g with."""
    a = min(abs(g), 5 << fg) << (12 - fg)
    x = a * (37719 + (((a * a) >> 12) * 13493 >> 15)) >> 10
    r = recip(exp2u(x))
    return r if g >= 0 else 32768 - r


def gelu_gate(gate, fg, up, fu, frac):
    """4.12."""
    check_frac(fg, fu, frac)
    if not c.SILU_FRAC[0] <= fg <= c.SILU_FRAC[1]:
        raise Refused("FracOutOfRange")
    check_row(gate)
    check_row(up)
    return [stored(rs(rs(g * gelu_sigmoid(g, fg), 15) * u, fg + fu - frac)) for g, u in zip(gate, up, strict=True)]


def scale(row, mantissa, exponent):
    """4.11: every entry times mantissa * 2^exponent."""
    check_row(row)
    if not (1 << 14 <= mantissa < 1 << 15 and abs(exponent) <= c.SCALE_EXPONENT_MAX):
        raise Refused("Scale")
    return [stored(rs(x * mantissa, -exponent)) for x in row]


def check_cap(cap):
    if not 1 <= cap < c.LIMIT:
        raise Refused("Cap")


def soft_cap(row, cap):
    """4.10: an integer function of the entry and the cap alone; no entry can fault."""
    check_row(row)
    check_cap(cap)
    out = []
    for x in row:
        e = exp2u(abs(x) * 189097 // cap)
        d = 65535 - e
        y = rs(cap * (d + d // 32768) * recip(e), 31)
        assert y <= cap
        out.append(-y if x < 0 else y)
    return out


def route(row, frac, k, over):
    """4.14: the ids and the weights of the slots."""
    check_frac(frac)
    check_row(row)
    if not 1 <= len(row) <= c.EXPERTS_MAX:
        raise Refused("Experts")
    if not 1 <= k <= len(row):
        raise Refused("Slots")
    ids = sorted(range(len(row)), key=lambda i: (-row[i], i))[:k]
    shares = [exp2u((max(row) - x) * 189097 // (1 << (frac + 1))) for x in row]
    total = sum(shares[i] for i in ids) if over == "chosen" else sum(shares)
    assert total >= 65535
    return ids, [(shares[i] * (1 << 17) + total) // (2 * total) for i in ids]


def expert_rows(rows, experts, expert):
    """4.15: one expert's of all rows."""
    if not 1 <= experts <= c.EXPERTS_MAX:
        raise Refused("Experts")
    each = len(rows) // experts
    if each * experts != len(rows) or each % c.BLOCK != 0:
        raise Refused("ExpertRows")
    return rows[expert * each : expert * each + each]


def weigh(row, weight):
    """4.16."""
    check_row(row)
    return [rs(x * weight, 16) for x in row]
