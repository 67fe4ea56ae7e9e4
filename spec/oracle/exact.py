"""The words of arithmetic.md section 1 and the reading of IEEE numbers as exact rationals.

Integers and fractions only. `Refused` is an input that MUST be refused, `Fault` the specified outcome.
"""

from fractions import Fraction

import constants as c


class Refused(Exception):
    """Carries the name of the refusal (spec/vectors/README.md lists them)."""


class Fault(Exception):
    """The op's outcome is a fault."""


def rs(x, n):
    if n >= 1:
        return (x + (1 << (n - 1))) // (1 << n)
    return x * (1 << -n)


def mh(a, b):
    assert 0 <= a < 65536 and 0 <= b < 65536
    return (a * b) // 65536


def nr(q):
    """q rounded to the nearest integer, halves away from zero."""
    q = Fraction(q)
    magnitude = (2 * abs(q.numerator) + q.denominator) // (2 * q.denominator)
    return magnitude if q >= 0 else -magnitude


def ceil(q):
    q = Fraction(q)
    return -((-q.numerator) // q.denominator)


def pow2(n):
    return Fraction(1 << n) if n >= 0 else Fraction(1, 1 << -n)


def isqrt(t):
    """The greatest v with v * v <= t, one bit at a time."""
    v = 0
    for bit in range((t.bit_length() + 1) // 2, -1, -1):
        trial = v + (1 << bit)
        if trial * trial <= t:
            v = trial
    return v


def least(start, holds):
    n = start
    while not holds(n):
        n += 1
    return n


def stored(v):
    """A value on its way into a fixed row."""
    if abs(v) >= c.LIMIT:
        raise Fault()
    return v


def check_frac(*fracs):
    for frac in fracs:
        if not 0 <= frac <= c.FRAC_MAX:
            raise Refused("FracOutOfRange")


def check_columns(k):
    if k % c.BLOCK != 0 or k > c.COLUMNS_MAX or k == 0:
        raise Refused("Columns")


def ieee(bits, exponent_bits, mantissa_bits, refusal):
    """The exact value of an IEEE bit pattern."""
    mantissa = bits % (1 << mantissa_bits)
    exponent = (bits >> mantissa_bits) % (1 << exponent_bits)
    sign = bits >> (mantissa_bits + exponent_bits)
    bias = (1 << (exponent_bits - 1)) - 1
    if exponent == (1 << exponent_bits) - 1:
        raise Refused(refusal)
    if exponent == 0:
        value = mantissa * pow2(1 - bias - mantissa_bits)
    else:
        value = (mantissa + (1 << mantissa_bits)) * pow2(exponent - bias - mantissa_bits)
    return -value if sign else value


def f16(two_bytes, refusal):
    return ieee(int.from_bytes(two_bytes, "little"), 5, 10, refusal)


def f32(four_bytes, refusal):
    return ieee(int.from_bytes(four_bytes, "little"), 8, 23, refusal)


def int8(byte):
    return byte - 256 if byte >= 128 else byte


def int8_hex(values):
    assert all(-128 <= v <= 127 for v in values)
    return bytes(v % 256 for v in values).hex()
