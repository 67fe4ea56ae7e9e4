"""Cases of arithmetic.md section 2 (rows of every format, gains, biases) and 4.1 (embed)."""

from fractions import Fraction

import constants as c
import formats
import ops
from exact import Refused, int8_hex, pow2
from generators import f16_bytes, f32_bytes, weights

INF16, NAN16 = bytes.fromhex("007c"), bytes.fromhex("017e")
INF32, NAN32 = bytes.fromhex("000080ff"), bytes.fromhex("0100c07f")
MINUS_ZERO16 = bytes.fromhex("0080")


def evaluate_row(inputs):
    row = formats.row(inputs["format"], inputs["columns"], weights(inputs["bytes"]))
    return {"unit": row.u, "scales": row.sw, "minima": row.mi, "quants": int8_hex(row.w)}


def q8(d, quants=None):
    d = d if isinstance(d, bytes) else f16_bytes(d)
    return d + bytes(v % 256 for v in (quants or [(7 * i) % 255 - 127 for i in range(32)]))


def q4(d, m=None, nibbles=None):
    head = b"".join(x if isinstance(x, bytes) else f16_bytes(x) for x in (d, m) if x is not None)
    n = nibbles or [i % 16 for i in range(32)]
    return head + bytes(n[i] + 16 * n[16 + i] for i in range(16))


def floats(form, values):
    encode = f16_bytes if form == "F16" else f32_bytes
    values = list(values) + [0] * (-len(values) % 32)
    return b"".join(x if isinstance(x, bytes) else encode(x) for x in values)


def generated(form, columns, seed, lo, hi, patch=()):
    spec = {"gen": "weights", "format": form, "seed": str(seed), "blocks": columns // 32, "exp_lo": lo, "exp_hi": hi}
    if patch:
        spec["patch"] = [list(p) for p in patch]
    return spec


def row_case(name, form, data, columns=None):
    if columns is None:
        columns = len(data) // formats.BLOCK_BYTES[form] * 32
    return name, {"format": form, "columns": columns, "bytes": data.hex() if isinstance(data, bytes) else data}


def block(form, d, m=0):
    """One block of a quantised format with this scale (and minimum, where it has one)."""
    return q8(d) if form == "Q8_0" else q4(d, m if form == "Q4_1" else None)


def quantised_cases(form):
    s = c.S_Q8 if form == "Q8_0" else c.S_Q4
    one = lambda *ds: b"".join(block(form, d) for d in ds)  # noqa: E731
    cases = []
    for columns, seed in ((64, 1), (96, 2), (1056, 3), (1536, 4)):
        cases.append(row_case(f"random {columns}", form, generated(form, columns, seed, 1, 12), columns))
    for columns, lo, hi in ((64, 0, 1), (64, 29, 30), (128, 0, 30)):
        name = f"random {columns} exponents {lo} to {hi}"
        cases.append(row_case(name, form, generated(form, columns, 5 + hi, lo, hi), columns))
    least = pow2(-24)
    cases += [
        row_case("zeros", form, one(0)),
        row_case("minus zero", form, one(MINUS_ZERO16)),
        row_case("minus zero beside a scale", form, one(MINUS_ZERO16, Fraction(1, 64))),
        row_case("negative", form, one(-Fraction(3, 128), Fraction(1, 128))),
        row_case("least subnormal", form, one(least, -least)),
        row_case("greatest subnormal", form, one(1023 * least, 3 * least)),
        row_case("greatest finite", form, one(65504, least)),
        row_case("scale exactly the bound", form, one(s * pow2(-16) if s < 2048 else 2047 * 16 * pow2(-24), pow2(-16))),
        row_case("scale one above the bound", form, one((s + 1) * pow2(-17), pow2(-17))),
        row_case("minus one above the bound", form, one(-(s + 1) * pow2(-17), pow2(-17))),
        row_case("halves away from zero", form, one(400 * pow2(-12), Fraction(5, 2) * pow2(-12), -Fraction(5, 2) * pow2(-12))
                 if s < 2048 else one(16384 * pow2(-12), Fraction(5, 2) * pow2(-12), -Fraction(5, 2) * pow2(-12))),
        row_case("just below and above a half", form, one(Fraction(1, 16), 513 * pow2(-22), 511 * pow2(-22))),
        row_case("infinite scale refused", form, one(Fraction(1, 8), INF16)),
        row_case("NaN scale refused", form, one(NAN16)),
        row_case("row of 48 columns refused", form, "", 48),
        row_case("too many columns refused", form, "", c.COLUMNS_MAX + 32),
        row_case("short bytes refused", form, one(1)[:-1], 32),
    ]  # fmt: skip
    return cases


def bound_edges(form):
    """Scales whose rounding lands on S or on S + 1 (only a bound below the 11 bits of f16 has them)."""
    s, cases = Fraction(2 * c.S_Q4 + 1, 2), []
    for name, d in (
        ("rounds down to the bound", s - Fraction(1, 4)),
        ("the half above the bound rounds over it", s),
        ("rounds over the bound", s + Fraction(1, 4)),
    ):
        for sign in (1, -1):
            d_signed = sign * d * pow2(-15)
            title = f"{name}, {'negative' if sign < 0 else 'positive'}"
            data = block(form, Fraction(1, 256)) + block(form, d_signed)
            cases.append(row_case(title, form, data))
    return cases


def q4_1_cases():
    near = Fraction(2047 * 8)
    return [
        row_case("minimum sets the unit", "Q4_1", q4(pow2(-12), -16) + q4(pow2(-10), Fraction(1, 2))),
        row_case("scale sets the unit", "Q4_1", q4(2, -Fraction(1, 2)) + q4(1, 0)),
        row_case("minimum 16376 stays", "Q4_1", q4(pow2(-24), near * pow2(-24))),
        row_case("minimum 16384 moves the unit", "Q4_1", q4(pow2(-24), 16384 * pow2(-24))),
        row_case("minimum -16384 moves the unit", "Q4_1", q4(pow2(-24), -16384 * pow2(-24))),
        row_case("minima round halves away from zero", "Q4_1", q4(511 * pow2(-10), Fraction(7, 2) * pow2(-10)) + q4(0, -Fraction(7, 2) * pow2(-10))),
        row_case("minus zero minimum", "Q4_1", q4(1, MINUS_ZERO16)),
        row_case("infinite minimum refused", "Q4_1", q4(1, INF16)),
        row_case("NaN minimum refused", "Q4_1", q4(1, NAN16)),
        row_case("all nibbles 15", "Q4_1", q4(1, -8, [15] * 32)),
        row_case("low and high nibbles", "Q4_1", q4(1, 0, list(range(16)) + list(range(15, -1, -1)))),
    ]


def float_cases(form):
    encode = f16_bytes if form == "F16" else f32_bytes
    low, top, inf, nan = (0, 30, INF16, NAN16) if form == "F16" else (90, 140, INF32, NAN32)
    mid = pow2(-4)
    cases = []
    for columns, seed in ((64, 11), (96, 12), (480, 13)):
        cases.append(row_case(f"random {columns}", form, generated(form, columns, seed, top - 18, top - 12), columns))
    cases += [
        row_case("random wide exponents", form, generated(form, 96, 14, low, top), 96),
        row_case("zeros", form, floats(form, [0] * 64)),
        row_case("minus zeros", form, floats(form, [encode(0)[:-1] + b"\x80"] * 32)),
        row_case("one outlier", form, floats(form, [mid * (i % 7 - 3) * pow2(-12) for i in range(40)] + [-mid * 16])),
        row_case("outlier in another block", form, floats(form, [1] + [0] * 31 + [pow2(-14)] * 3 + [-pow2(-15)])),
        row_case("block greatest exactly 127 n", form, floats(form, [2032, 2031] + [0] * 30 + [127, 254] + [0] * 30 + [-381])),
        row_case("block greatest 127 n + 1", form, floats(form, [2033] + [0] * 31 + [128, 255] + [0] * 30 + [-382])),
        row_case("halves away from zero", form, floats(form, [2032, 24, -24, 8, -8, 40, -40, 56] + [0] * 24 + [127, Fraction(1, 2), -Fraction(1, 2), Fraction(3, 2)])),
        row_case("infinity refused", form, floats(form, [1, inf])),
        row_case("NaN refused", form, floats(form, [nan])),
        row_case("row of 33 columns refused", form, "", 33),
    ]
    return cases


def f16_cases():
    return [
        row_case("greatest finite", "F16", floats("F16", [65504, -65504, 1])),
        row_case("least subnormal", "F16", floats("F16", [pow2(-24), -pow2(-24), 3 * pow2(-24)])),
    ]


def f32_cases():
    """With A = 127 * 32767 * 2^u exactly on the unit's edge, and the least and greatest units."""
    edge, one_more = 127 * 32767, Fraction(2 * 127 * 32767 + 1, 2)
    cases = []
    for u in (c.UNIT_LEAST_FLOAT, -30, 0, c.UNIT_MOST_FLOAT):
        scale = pow2(u)
        cases.append(row_case(f"greatest on the edge of unit {u}", "F32", floats("F32", [edge * scale, -scale])))
        cases.append(row_case(f"greatest above the edge of unit {u}", "F32", floats("F32", [one_more * scale, -scale])))
        cases.append(row_case(f"negative above the edge of unit {u}", "F32", floats("F32", [-one_more * scale])))
    greatest = ((1 << 24) - 1) * pow2(104)
    cases += [
        row_case("least subnormal", "F32", floats("F32", [pow2(-149), -pow2(-149)])),
        row_case("subnormals around the least unit", "F32", floats("F32", [127 * pow2(-140), pow2(-141), -pow2(-141), 3 * pow2(-142), pow2(-142)])),
        row_case("greatest finite refused", "F32", floats("F32", [greatest])),
    ]
    return cases


def row_cases(form):
    if form in ("F16", "F32"):
        return float_cases(form) + (f16_cases() if form == "F16" else f32_cases())
    cases = quantised_cases(form)
    if form != "Q8_0":
        cases += bound_edges(form)
    if form == "Q8_0":
        cases += [
            row_case("all quants -128", form, q8(1, [-128] * 32)),
            row_case("all quants 127", form, q8(-1, [127] * 32)),
        ]
    if form == "Q4_1":
        cases += q4_1_cases()
    if form == "Q4_0":
        cases.append(row_case("low and high nibbles", form, q4(1, None, list(range(16)) + list(range(15, -1, -1)))))
    return cases


def evaluate_gain(inputs):
    u, g = formats.gain(inputs["format"], bytes.fromhex(inputs["bytes"]))
    return {"unit": u, "gain": g}


def vector_case(name, form, values, **more):
    encode = f16_bytes if form == "F16" else f32_bytes
    data = b"".join(x if isinstance(x, bytes) else encode(x) for x in values)
    return name, {"format": form, "bytes": data.hex(), **more}


def gain_cases():
    full = (1 << 24) - 1
    random = weights(generated("F32", 64, 21, 118, 128)).hex()
    return [
        ("random", {"format": "F32", "bytes": random}),
        ("random F16", {"format": "F16", "bytes": weights(generated("F16", 64, 22, 8, 17)).hex()}),
        vector_case("ones", "F32", [1] * 32),
        vector_case("zeros", "F32", [0, 0, 0]),
        vector_case("minus zero", "F32", [bytes.fromhex("00000080")]),
        vector_case("greatest mantissa fits", "F32", [full, 1]),
        vector_case("2^24 moves the unit", "F32", [1 << 24, 1]),
        vector_case("-2^24 moves the unit", "F32", [-(1 << 24), -1]),
        vector_case("halves away from zero", "F32", [full, Fraction(1, 2), -Fraction(1, 2), Fraction(3, 2), -Fraction(3, 2), Fraction(1, 2) - pow2(-25)]),
        vector_case("subnormals at the least unit", "F32", [pow2(-149), pow2(-141), -pow2(-141), pow2(-140)]),
        vector_case("greatest F16", "F16", [65504, -pow2(-24)]),
        vector_case("greatest unit", "F32", [1 << 87]),
        vector_case("unit 65 refused", "F32", [1 << 88]),
        vector_case("infinity refused", "F32", [1, INF32]),
        vector_case("NaN refused", "F32", [NAN32]),
        vector_case("F16 infinity refused", "F16", [INF16]),
    ]


def evaluate_bias(inputs):
    return {"bias": formats.bias(inputs["format"], bytes.fromhex(inputs["bytes"]), inputs["frac"])}


def bias_cases():
    ties = [Fraction(1, 2), -Fraction(1, 2), Fraction(3, 2), -Fraction(3, 2), Fraction(1, 4), -Fraction(3, 4)]
    at = lambda values, frac: [x * pow2(-frac) for x in values]  # noqa: E731
    top = (1 << 24) - 1  # binary32 has 24 bits: the greatest entry below LIMIT is (2^24 - 1) * 2^6
    cases = [
        ("random", {"format": "F32", "bytes": weights(generated("F32", 32, 31, 110, 130)).hex(), "frac": 16}),
        ("random F16", {"format": "F16", "bytes": weights(generated("F16", 32, 32, 4, 20)).hex(), "frac": 12}),
    ]
    for frac in (0, 16, c.FRAC_MAX):
        cases += [
            vector_case(f"halves away from zero, frac {frac}", "F32", at(ties, frac), frac=frac),
            vector_case(f"greatest, frac {frac}", "F32", at([top * 64, -top * 64, 0], frac), frac=frac),
            vector_case(f"LIMIT refused, frac {frac}", "F32", at([c.LIMIT], frac), frac=frac),
            vector_case(f"-LIMIT refused, frac {frac}", "F32", at([0, -c.LIMIT], frac), frac=frac),
        ]
    return cases + [
        vector_case("subnormal", "F32", [pow2(-149), -pow2(-149)], frac=24),
        vector_case("infinity refused", "F32", [INF32], frac=16),
        vector_case("NaN refused", "F16", [NAN16], frac=16),
    ]


def evaluate_embed(inputs):
    row = formats.row(inputs["format"], inputs["columns"], weights(inputs["bytes"]))
    return {"row": ops.embed(row, inputs["frac"])}


def embed_cases():
    cases = []
    for seed, form in enumerate(formats.BLOCK_BYTES):
        lo, hi = {"F16": (5, 14), "F32": (110, 126)}.get(form, (7, 12))
        for columns, frac in ((64, 16), (96, 8), (32, 0), (32, c.FRAC_MAX)):
            name, inputs = row_case(f"{form} {columns} frac {frac}", form, generated(form, columns, 40 + seed, lo, hi), columns)
            cases.append((name, {**inputs, "frac": frac}))

    def add(name, form, data, frac):
        _, inputs = row_case(name, form, data)
        cases.append((name, {**inputs, "frac": frac}))

    add("shift to the left", "Q4_0", q4(32768), 0)
    add("shift to the left, frac 4", "Q8_0", q8(32768, [1, -1, 2, -2] + [0] * 28), 4)
    add("LIMIT faults", "Q8_0", q8(32768, [64] + [0] * 31), 9)
    add("-LIMIT faults", "Q8_0", q8(32768, [0, -64] + [0] * 30), 9)
    add("half of LIMIT", "Q8_0", q8(32768, [-64, 63, 127] + [0] * 29), 8)
    add("halves go up", "Q8_0", q8(Fraction(1, 2), [1, -1, 3, -3, 5, -5] + [0] * 26), 0)
    add("below halves", "Q8_0", q8(1025 * pow2(-12), [1, -1, 2, -2, 3, -3] + [0] * 26), 0)
    add("zeros", "F16", floats("F16", [0] * 32), 16)
    add("frac 25 refused", "Q4_0", q4(1), 25)
    add("frac -1 refused", "Q4_0", q4(1), -1)
    return cases


OPS = {f"row_{form.lower()}": (evaluate_row, row_cases(form)) for form in formats.BLOCK_BYTES}
def evaluate_unknown(inputs):
    """What an implementation of the frozen formats alone makes of another one: Q5_0 has joined since (2.5)."""
    if inputs["format"] not in formats.BLOCK_BYTES:
        raise Refused("UnknownFormat")
    return evaluate_row(inputs)


OPS["row_unknown"] = (evaluate_unknown, [("Q5_0 refused", {"format": "Q5_0", "columns": 32, "bytes": ""})])
OPS["gain"] = (evaluate_gain, gain_cases())
OPS["bias"] = (evaluate_bias, bias_cases())
OPS["embed"] = (evaluate_embed, embed_cases())
