"""Frequencies of rope as Llama 3.1 has them (arithmetic.md section 6)."""

from fractions import Fraction

from cases_yarn import BASES, NUMBERS, decided, over, turns
from exact import Refused, f32


def number(text):
    return f32(int(text, 16).to_bytes(4, "little"), "NonFiniteWeight")


def frequency(d, factor, low, high, context):
    """What a pair that turns by this divisor has, before the floor."""
    t = over(context, d)
    if t >= high:
        share = Fraction(1)
    elif t <= low:
        share = over(1, factor)
    else:
        share = over(over(high - t, factor) + t - low, high - low)
    return over((1 << 64) * share, d)


def llama3(inputs):
    base, factor, low, high = (number(inputs[f"{name}_f32"]) for name in ("base", "factor", "low", "high"))
    dimension, context = inputs["dimension"], inputs["context"]
    if base < 1 or not 1 <= factor < 1 << 32 or not Fraction(1, 1 << 31) <= low < high < 1 << 32 or context < 1:
        raise Refused("Llama3Range")
    out = []
    for d in turns(base, dimension)[: dimension // 2]:
        near = Fraction(1, 1 << 300)
        assert all(abs(over(context, d) - edge) > near for edge in (low, high)), "undecided"
        exact = frequency(d, factor, low, high, context)
        slack = exact * Fraction(1, 1 << 400)
        out.append(str(decided(exact - slack, exact + slack)))
    return {"frequencies": out}


BASES = {**BASES, 500000: "48f42400", "half": "3f000000"}
NUMBERS = {**NUMBERS, "a tenth": "3dcccccd", "just below two": "3fffffff", "2^31": "4f000000", "2^32": "4f800000", 0: "00000000", -1: "bf800000"}


def cases():
    found = []

    def add(name, base, dimension, factor, context, low=1, high=4):
        found.append((name, {
            "base_f32": BASES[base], "dimension": dimension, "factor_f32": NUMBERS[factor],
            "low_f32": NUMBERS[low], "high_f32": NUMBERS[high], "context": context,
        }))

    add("Llama 3.1", 500000, 128, 8, 8192)
    add("Llama 3.2", 500000, 64, 32, 8192)
    add("a short head", 100000, 32, 8, 64)
    add("factors between powers of two", 10000, 64, "fifteen quarters", 2048, "a tenth", "five quarters")
    add("a narrow ramp", 10000, 128, 4, 2048, "just below two", 2)
    add("a wide ramp", 1000000, 128, 16, 131072, "a tenth", "2^31")
    add("factor 1 changes nothing", 10000, 64, 1, 2048)
    add("the greatest factor", 10000, 64, "2^31", 2048)
    add("a context that every pair turns in", 10000, 64, 8, 4294967295, 1, 2)
    add("a context of one position", 10000, 64, 8, 1)
    add("two entries", 10000, 2, 8, 8192)
    add("a base of one", 1, 64, 8, 8192)
    add("a base below one refused", "half", 64, 8, 8192)
    add("a factor below one refused", 10000, 64, "half", 8192)
    add("a factor of 2^32 refused", 10000, 64, "2^32", 8192)
    add("factors that are equal refused", 10000, 64, 8, 8192, 4, 4)
    add("factors out of order refused", 10000, 64, 8, 8192, 4, 1)
    add("a low factor of zero refused", 10000, 64, 8, 8192, 0, 4)
    add("a high factor of 2^32 refused", 10000, 64, 8, 8192, 1, "2^32")
    add("a low factor below zero refused", 10000, 64, 8, 8192, -1, 4)
    add("no context refused", 10000, 64, 8, 0)
    return found


OPS = {"rope_llama3": (llama3, cases())}
