"""Frequencies of rope by YaRN, and what it does to scores (arithmetic.md section 6)."""

from fractions import Fraction

import frequencies as plain
from claims import log2_e, pi_times
from exact import Refused, f32

BITS = plain.BITS
FRACTION_BITS = 200  # of a logarithm


def log2(value):
    """log2 of a rational from 1 on, in fixed point, bit by bit: squaring doubles the logarithm."""
    whole = (value.numerator // value.denominator).bit_length() - 1
    x, found = (value.numerator << BITS) // (value.denominator << whole), whole
    for _ in range(FRACTION_BITS):
        x = (x * x) >> BITS
        bit = x >> (BITS + 1)
        found, x = 2 * found + bit, x >> bit
    return Fraction(found, 1 << FRACTION_BITS)


def over(a, b):
    a, b = Fraction(a), Fraction(b)
    return Fraction(a.numerator * b.denominator, a.denominator * b.numerator)


def decided(low, high):
    """The floor of a real number between these two."""
    assert low // 1 == high // 1, "undecided"
    return low // 1


def growth_squared(factor):
    ln = over(log2(factor), Fraction(log2_e(256), 1 << 256))
    slack = Fraction(1, 1 << (FRACTION_BITS - 40))

    def squared(x):
        growth = 1 + over(x, 10)
        return growth * growth * (1 << 48)

    return decided(squared(ln), squared(ln + slack)) if factor > 1 else 1 << 48


def turns(base, dimension):
    """2 pi base^(2i/d) for i < d, known to far more bits than any decision takes."""
    step, power, out = plain.root(base, dimension // 2), 1 << BITS, []
    for _ in range(dimension):
        out.append(Fraction(2 * pi_times(BITS) * power, 1 << (2 * BITS)))
        power = (power * step) >> BITS
    return out


def yarn(inputs):
    numbers = [f32(int(inputs[f"{name}_f32"], 16).to_bytes(4, "little"), "NonFiniteWeight") for name in ("base", "factor", "fast", "slow")]
    base, factor, fast, slow = numbers
    dimension, context = inputs["dimension"], inputs["context"]
    if base <= 1 or factor < 1 or not 0 < slow <= fast:
        raise Refused("YarnRange")
    per_turn = turns(base, dimension)
    near = Fraction(1, 1 << 300)
    assert all(abs(over(d * beta, context) - 1) > near for d in per_turn for beta in (fast, slow)), "undecided"
    if per_turn[0] * slow > context:
        raise Refused("YarnRange")
    low = max([i for i in range(dimension) if per_turn[i] * fast <= context], default=0)
    high = min([i for i in range(dimension) if per_turn[i] * slow >= context], default=dimension - 1)
    out = []
    for i in range(dimension // 2):
        y = min(Fraction(max(i - low, 0), max(high - low, 1)), Fraction(1))
        exact = over((1 << 64) * (over(y, factor) + 1 - y), per_turn[i])
        slack = exact * Fraction(1, 1 << 400)
        out.append(str(decided(exact - slack, exact + slack)))
    return {"frequencies": out, "growth_squared": str(growth_squared(factor))}


# Binary32 patterns by what they stand for.
BASES = {1: "3f800000", 10000: "461c4000", 100000: "47c35000", 1000000: "49742400"}
NUMBERS = {"half": "3f000000", "five quarters": "3fa00000", "fifteen quarters": "40700000", 1: "3f800000", 2: "40000000", 4: "40800000", 8: "41000000", 16: "41800000", 32: "42000000", 40: "42200000"}


def cases():
    found = []

    def add(name, base, dimension, factor, context, fast=32, slow=1):
        found.append((name, {
            "base_f32": BASES[base], "dimension": dimension, "factor_f32": NUMBERS[factor],
            "fast_f32": NUMBERS[fast], "slow_f32": NUMBERS[slow], "context": context,
        }))

    add("Qwen 2.5", 1000000, 128, 4, 32768)
    add("Ministral 3", 1000000, 128, 16, 16384)
    add("Llama 2", 10000, 128, 16, 4096)
    add("a short head", 100000, 32, 4, 128, 8, 1)
    add("a factor between powers of two", 10000, 64, "fifteen quarters", 2048, 32, "five quarters")
    add("a large factor", 1000000, 64, 40, 4096)
    add("factor 1 changes nothing", 10000, 64, 1, 2048)
    add("one beta: a step", 10000, 64, 4, 2048, 8, 8)
    add("a context that every pair turns in", 10000, 64, 4, 4000000000, 2, 1)
    add("a context of a turn", 10000, 64, 4, 7, 32, 1)
    add("two entries", 10000, 2, 4, 2048)
    add("a base of one refused", 1, 64, 4, 2048)
    add("a factor below one refused", 10000, 64, "half", 2048)
    add("betas out of order refused", 10000, 64, 4, 2048, 1, 32)
    add("a context below a turn refused", 10000, 64, 4, 6)
    return found


OPS = {"rope_yarn": (yarn, cases())}
