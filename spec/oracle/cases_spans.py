"""Cases of arithmetic.md section 2.5: the formats that joined after the freeze, their rows, vectors, products and embeddings."""

from fractions import Fraction

import constants as c
import formats
import spans
from cases_formats import INF16, NAN16, evaluate_bias, evaluate_embed, evaluate_gain, evaluate_row
from cases_ops import a8, a16, evaluate_matmul, fill, matmul_case
from exact import pow2
from generators import SplitMix64, f16_bytes, f32_bytes, weights

# Where d, and m where there is one, are.
NUMBERS = {
    "Q5_0": (0,), "Q5_1": (0, 2), "Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,),
    "IQ4_NL": (0,), "IQ4_XS": (0,),
}  # fmt: skip
# Where the sub-scales and sub-minima are, and how many they are.
SUBS = {"Q2_K": (0, 16), "Q3_K": (96, 12), "Q4_K": (4, 12), "Q5_K": (4, 12), "Q6_K": (192, 16), "IQ4_XS": (2, 6)}
# A byte that makes every sub-scale the greatest, and what it is then.
ENDS = {"Q2_K": (0xFF, 15), "Q3_K": (0, -32), "Q4_K": (0xFF, 63), "Q5_K": (0xFF, 63), "Q6_K": (0x80, -128), "IQ4_XS": (0, -32)}


def span(form, numbers, seed=None, subs=None, byte=0):
    """One span: d and m (rationals or bytes), bytes from a seed or all alike, sub-scales alike where given."""
    size = spans.SIZES[form][1]
    source = SplitMix64(seed) if seed is not None else None
    data = bytearray(source.next() % 256 if source else byte for _ in range(size))
    if subs is not None and form in SUBS:
        at, count = SUBS[form]
        data[at : at + count] = bytes([subs]) * count
    for at, value in zip(NUMBERS[form], numbers, strict=True):
        data[at : at + 2] = value if isinstance(value, bytes) else f16_bytes(value)
    return bytes(data)


def of(form, d, m=0):
    """The numbers of a span: m only where there is one."""
    return (d, m) if len(NUMBERS[form]) == 2 else (d,)


def case(name, form, data, columns=None):
    if columns is None:
        inputs, size = spans.SIZES[form]
        columns = len(data) // size * inputs
    return name, {"format": form, "columns": columns, "bytes": data.hex()}


def random_span(form, seed, lo, hi):
    source = SplitMix64(seed * 77 + 5)
    numbers = []
    for _ in NUMBERS[form]:
        z = source.next()
        exponent = lo + (z >> 40) % (hi - lo + 1)
        numbers.append(((z >> 63) * 32768 + exponent * 1024 + z % 1024).to_bytes(2, "little"))
    return span(form, numbers, seed)


def row_cases(form):
    inputs, _ = spans.SIZES[form]
    least, bound = pow2(-24), spans.BOUNDS[form]
    end, greatest = ENDS.get(form, (0, 1))
    one = lambda d, m=0, **more: span(form, of(form, d, m), **more)  # noqa: E731
    cases = [
        case("random, one span", form, random_span(form, 1, 5, 10)),
        case("random, three spans", form, b"".join(random_span(form, s, 5, 12) for s in (2, 3, 4))),
        case("random, all exponents", form, b"".join(random_span(form, s, 0, 30) for s in (5, 6, 7))),
        case("random, small numbers", form, random_span(form, 8, 0, 1)),
        case("random, great numbers", form, random_span(form, 9, 29, 30)),
        case("zeros", form, one(0)),
        case("minus zeros", form, one(bytes.fromhex("0080"), bytes.fromhex("0080"), seed=10)),
        case("every byte 255", form, one(pow2(-6), pow2(-5), byte=255)),
        case("every byte 0", form, one(pow2(-6), pow2(-5), byte=0)),
        case("low bits only", form, one(pow2(-6), pow2(-7), byte=0x11)),
        case("high bits only", form, one(pow2(-6), pow2(-7), byte=0x88)),
        case("bits in turn", form, one(pow2(-6), pow2(-7), byte=0x6C)),
        case("greatest finite", form, one(65504, 65504, seed=11, subs=end) + one(least, -least, seed=12)),
        case("greatest finite, negative", form, one(-65504, -65504, seed=13, subs=end)),
        case("least subnormals", form, one(least, -least, seed=14)),
        case("infinite d refused", form, one(INF16)),
        case("NaN d refused", form, one(Fraction(1, 8), 0, seed=15) + one(NAN16)),
        case("row of 48 columns refused", form, b"", 48),
        case("too many columns refused", form, b"", c.COLUMNS_MAX + 256),
        case("short bytes refused", form, one(1)[:-1], inputs),
        case("no columns refused", form, b"", 0),
    ]  # fmt: skip
    if inputs == 256:
        cases.append(case("half a super-block refused", form, b"", 128))
        cases.append(case("a super-block and a half refused", form, one(1), 384))
    cases += edges(form, one, bound, greatest, end)
    if len(NUMBERS[form]) == 2:
        cases += minima(form, one, end)
    return cases


def edges(form, one, bound, greatest, end):
    """d times the greatest sub-scale about the bound: an f16 has 11 bits, so that some lie on either side of it."""
    cases = []
    for name, shift in (("before the bound", 0), ("in a unit above", 3)):
        target = Fraction(bound * (1 << shift), abs(greatest))
        scale = 0
        while target * pow2(-scale) >= 2048:
            scale += 1
        below = target * pow2(-scale)
        below = (below.numerator // below.denominator) * pow2(scale - 24)
        above = below + pow2(scale - 24)
        cases.append(case(f"the last scale {name}", form, one(below, 0, seed=20 + shift, subs=end)))
        cases.append(case(f"the first scale past it, {name}", form, one(above, 0, seed=30 + shift, subs=end)))
        cases.append(case(f"negative, past it, {name}", form, one(-above, 0, seed=40 + shift, subs=end)))
    return cases


def minima(form, one, end):
    cases = [
        case("a minimum sets the unit", form, one(pow2(-12), 16, seed=50, subs=end)),
        case("a scale sets the unit", form, one(2, pow2(-10), seed=51, subs=end)),
        case("negative minima", form, one(pow2(-8), -Fraction(1, 4), seed=52)),
        case("infinite m refused", form, one(1, INF16)),
        case("NaN m refused", form, one(1, NAN16)),
    ]
    factor = {"Q5_1": 1, "Q2_K": 15, "Q4_K": 63, "Q5_K": 63}[form]
    for name, offset in (("the last minimum in the least unit", 0), ("the first minimum past it", 1)):
        # An f16 has 11 bits: every eighth number there.
        m = c.S_MIN // 8 * 8 + 8 * offset if factor == 1 else c.S_MIN // factor + offset
        cases.append(case(name, form, one(pow2(-24), m * pow2(-24), seed=53, subs=end)))
    return cases


def floats(values):
    """Numbers that binary32 has in 16 bits, or patterns."""
    values = list(values) + [0] * (-len(values) % 32)
    return b"".join(v if isinstance(v, bytes) else exact_half(v) for v in values)


def exact_half(value):
    whole = f32_bytes(value)
    assert whole[:2] == bytes(2), "not a bfloat16"
    return whole[2:]


INF, NAN = bytes.fromhex("807f"), bytes.fromhex("c1ff")


def random_floats(count, seed, lo, hi):
    source, out = SplitMix64(seed), b""
    for _ in range(count):
        z = source.next()
        exponent = lo + (z >> 40) % (hi - lo + 1)
        out += ((z >> 63) * 32768 + exponent * 128 + z % 128).to_bytes(2, "little")
    return out


def bf16_cases():
    named = lambda name, data, columns=None: case(name, "BF16", data, columns)  # noqa: E731
    return [
        named("random 64", random_floats(64, 1, 110, 126)),
        named("random 96", random_floats(96, 2, 120, 127)),
        named("random wide exponents", random_floats(96, 3, 0, 150)),
        named("zeros", floats([0] * 64)),
        named("minus zeros", floats([bytes.fromhex("0080")] * 32)),
        named("one outlier", floats([pow2(-9)] * 40 + [-pow2(3)])),
        named("subnormals", floats([pow2(-133), -pow2(-133), 3 * pow2(-133), pow2(-126)])),
        named("halves away from zero", floats([127, Fraction(1, 2), -Fraction(1, 2), Fraction(3, 2), -Fraction(3, 2)])),
        named("greatest unit", floats([255 * pow2(78), -1])),
        named("a unit of 65 refused", floats([pow2(88)])),
        named("greatest finite refused", floats([255 * pow2(120)])),
        named("infinity refused", floats([1, INF])),
        named("NaN refused", floats([NAN])),
        named("row of 33 columns refused", b"", 33),
        named("short bytes refused", floats([1])[:-1], 32),
    ]  # fmt: skip


def vectors(values, **more):
    return {"format": "BF16", "bytes": b"".join(v if isinstance(v, bytes) else exact_half(v) for v in values).hex(), **more}


def gain_cases():
    return [
        ("random", {"format": "BF16", "bytes": random_floats(64, 5, 118, 128).hex()}),
        ("ones", vectors([1, 1, 1])),
        ("three numbers", vectors([1, -Fraction(3, 2), 255])),
        ("subnormal", vectors([pow2(-133)])),
        ("unit 65 refused", vectors([pow2(89)])),
        ("infinity refused", vectors([INF])),
        ("NaN refused", vectors([1, NAN])),
    ]


def less_one_cases():
    """Sums on both sides of every edge of 24 bits, beside a gain that sets the unit."""
    f32 = lambda values: {"format": "F32_LESS_ONE", "bytes": b"".join(v if isinstance(v, bytes) else f32_bytes(v) for v in values).hex()}  # noqa: E731
    half, tie, ulp = pow2(-25), pow2(-24), pow2(-23)
    near = [tie, -tie, half, -half, tie + pow2(-40), tie - pow2(-40), -half - pow2(-48), -half + pow2(-48)]
    odd = [1 + ulp, ulp + tie, 7 * tie, -3 * half, ulp, -5 * tie, 1 - tie, 1 + 3 * ulp]
    great = [pow2(24), -pow2(24), pow2(25), -pow2(25), -pow2(25) - 4, pow2(26), -pow2(26), pow2(24) - 1, pow2(24) + 2, 3 * pow2(22) + 1]
    random = lambda form, seed, lo, hi: weights({"gen": "weights", "format": form, "seed": str(seed), "blocks": 2, "exp_lo": lo, "exp_hi": hi}).hex()  # noqa: E731
    return [
        ("random BF16", {"format": "BF16_LESS_ONE", "bytes": random_floats(64, 7, 110, 128).hex()}),
        ("random F32", {"format": "F32_LESS_ONE", "bytes": random("F32", 71, 98, 130)}),
        ("random F32 of any exponent", {"format": "F32_LESS_ONE", "bytes": random("F32", 72, 0, 200)}),
        ("random F16", {"format": "F16_LESS_ONE", "bytes": random("F16", 73, 0, 20)}),
        ("zeros are ones", {**vectors([0, 0]), "format": "BF16_LESS_ONE"}),
        ("minus one is zero", {**vectors([-1, -1]), "format": "BF16_LESS_ONE"}),
        ("below zero", {**vectors([-3, Fraction(3, 2), -Fraction(129, 128)]), "format": "BF16_LESS_ONE"}),
        ("about one", f32(near)),
        ("ties to even", f32(odd)),
        *((f"alone: {v}", f32([v])) for v in near + odd + great),
        ("great ones", f32(great)),
        ("just above minus one", f32([tie - 1])),
        ("subnormals", f32([pow2(-149), -pow2(-149), pow2(-126)])),
        ("unit 65 refused", f32([pow2(88)])),
        ("infinity refused", {**vectors([INF]), "format": "BF16_LESS_ONE"}),
        ("NaN refused", {**vectors([1, NAN]), "format": "BF16_LESS_ONE"}),
    ]


def bias_cases():
    return [
        ("random", {"format": "BF16", "bytes": random_floats(32, 6, 110, 130).hex(), "frac": 16}),
        ("halves away from zero", vectors([Fraction(1, 2), -Fraction(1, 2), Fraction(3, 2), -Fraction(3, 2)], frac=0)),
        ("greatest", vectors([255 * pow2(22), -255 * pow2(22)], frac=0)),
        ("LIMIT refused", vectors([pow2(30)], frac=0)),
        ("infinity refused", vectors([INF], frac=16)),
        ("NaN refused", vectors([NAN], frac=16)),
    ]


def many(form, count, seed):
    if form == "BF16":
        return random_floats(32 * count, seed, 115, 123)
    # About the same magnitude whatever the sub-scales and quants are.
    lo = {"IQ4_XS": 2, "Q6_K": 3, "Q5_K": 4, "Q4_K": 4, "IQ4_NL": 5}.get(form, 6)
    return b"".join(random_span(form, seed * 1000 + at, lo, lo + 3) for at in range(count))


def matmul_cases():
    cases = []
    for seed, form in enumerate(spans.SIZES):
        inputs = spans.SIZES[form][0]
        for count, rows in ((1, 3), (5 if inputs == 32 else 2, 8)):
            columns = count * inputs
            data = many(form, count * rows, 200 + seed)
            for x, e in ((a8(columns, seed), -10), (a16(columns, seed + 50), -11)):
                cases.append(matmul_case(f"{form} {x['kind']} {rows} x {columns}", form, columns, rows, data, x, e, 12))
        data = many(form, 2, 300 + seed)
        cases.append(matmul_case(f"{form} with a bias", form, inputs, 2, data, a8(inputs, seed + 7), -10, 12, [70000, -3]))
    for form in NUMBERS:
        inputs = spans.SIZES[form][0]
        byte = ENDS.get(form, (0, 1))[0]
        ends8 = {"kind": "A8", "scales": fill(inputs // 32, c.SX), "quants": fill(inputs, -127)}
        ends16 = {"kind": "A16", "entries": fill(inputs, c.A16_MAX)}
        rows = [span(form, of(form, s * 2047 * pow2(-20), s * 2047 * pow2(-16)), None, byte, b) for s in (1, -1) for b in (0, 255)]
        for x in (ends8, ends16):
            cases.append(matmul_case(f"ends {form} {x['kind']}", form, inputs, 4, b"".join(rows), x, -20, 4))
    return cases


def embed_cases():
    cases = []
    for seed, form in enumerate(spans.SIZES):
        for frac in (0, 12, c.FRAC_MAX):
            _, inputs = case("", form, many(form, 2, 400 + seed))
            cases.append((f"{form} frac {frac}", {**inputs, "frac": frac}))
    return cases


OPS = {f"row_{form.lower()}": (evaluate_row, row_cases(form)) for form in NUMBERS}
OPS["row_bf16"] = (evaluate_row, bf16_cases())
OPS["gain_bf16"] = (evaluate_gain, gain_cases())
OPS["gain_less_one"] = (evaluate_gain, less_one_cases())
OPS["bias_bf16"] = (evaluate_bias, bias_cases())
OPS["matmul_formats"] = (evaluate_matmul, matmul_cases())
OPS["embed_formats"] = (evaluate_embed, embed_cases())
