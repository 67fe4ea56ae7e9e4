"""Rope frequencies by integers alone: floor(2^64 / (2 pi * base^(2i/d) * factor_i)).

Checks spec/vectors/rope_freqs.json, whose numbers another script (with another library) wrote.
The root is found bit by bit in fixed point; a quotient too near an integer to decide raises AssertionError.
"""

import json

from claims import pi_times
from exact import f32

BITS = 700  # of the working fixed point; a result needs about 64, a decision 200 more


def powered(x, n):
    """x^n in fixed point, truncated."""
    result = 1 << BITS
    while n > 0:
        if n % 2 == 1:
            result = (result * x) >> BITS
        x = (x * x) >> BITS
        n >>= 1
    return result


def root(value, degree):
    """The degree-th root of a rational value, in fixed point; wrong in its last bits only."""
    target = (value.numerator << BITS) // value.denominator
    x = 0
    for bit in range(BITS + max(0, target.bit_length() - BITS), -1, -1):
        if powered(x + (1 << bit), degree) <= target:
            x += 1 << bit
    return x


def frequencies(base, dimension, factors):
    step = root(base, dimension // 2)
    two_pi, power, out = 2 * pi_times(BITS), 1 << BITS, []
    for i in range(dimension // 2):
        factor = factors[i] if len(factors) > 1 else factors[0]
        below = two_pi * power * factor.numerator
        quotient = (factor.denominator << (64 + 2 * BITS + 256)) // below
        part = quotient % (1 << 256)
        assert 1 << 56 < part < (1 << 256) - (1 << 56), "undecided"
        out.append(quotient >> 256)
        power = (power * step) >> BITS
    return out


def check(path):
    """None, or what differs."""
    read = lambda bits: f32(int(bits, 16).to_bytes(4, "little"), "NonFiniteWeight")  # noqa: E731
    for case in json.loads(path.read_text()):
        found = frequencies(read(case["base_f32"]), case["dimension"], [read(x) for x in case["factors_f32"]])
        for i, (mine, stated) in enumerate(zip(found, case["frequencies"], strict=True)):
            if mine != int(stated, 16):
                return f"base {case['base_f32']} of {case['dimension']}, pair {i}: {mine:016x}, not {stated}"
    return None
