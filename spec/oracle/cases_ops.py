"""Cases of arithmetic.md 4.2 (norm), 4.3 (matmul), 4.4 (rope), 4.7 (silu-gate), 4.8 (add), 4.9 (hadamard) and 4.10 (soft_cap)."""

import constants as c
import formats
import ops
from cases_formats import f16_bytes, generated, q4, q8
from cases_rows import bits, fill, padded, uniform
from exact import int8, pow2
from generators import integers, weights
from hash_blake3 import digest

TOP = c.LIMIT - 1


# matmul


def entries_of(x):
    """The integer entries X of an input given in its quantised form."""
    if x["kind"] == "A16":
        return integers(x["entries"])
    quants = [int8(b) for b in bytes.fromhex(x["quants"])] if isinstance(x["quants"], str) else integers(x["quants"])
    scales = integers(x["scales"])
    return [scales[k // c.BLOCK] * v for k, v in enumerate(quants)]


def evaluate_matmul(inputs):
    data = weights(inputs["bytes"])
    size = formats.row_bytes(inputs["format"], inputs["columns"])
    rows = [formats.row(inputs["format"], inputs["columns"], data[at : at + size]) for at in range(0, len(data), size)]
    assert len(rows) == inputs["rows"]
    sums, out = ops.matmul(rows, entries_of(inputs["x"]), inputs["exponent"], inputs["frac"], inputs.get("bias"))
    return {"sums": [str(v) for v in sums], "out": out}


def a8(columns, seed, quant_most=127, scale_least=1):
    return {
        "kind": "A8",
        "scales": {"gen": "uniform", "seed": str(seed), "count": columns // 32, "lo": scale_least, "hi": c.SX},
        "quants": uniform(columns, seed + 1000, quant_most),
    }


def a16(columns, seed):
    return {"kind": "A16", "entries": uniform(columns, seed, c.A16_MAX)}


def matmul_case(name, form, columns, rows, data, x, exponent, frac, bias=None):
    data = data.hex() if isinstance(data, bytes) else data
    inputs = {"format": form, "columns": columns, "rows": rows, "bytes": data, "x": x, "exponent": exponent, "frac": frac}
    if bias is not None:
        inputs["bias"] = bias
    return name, inputs


def random_matmuls():
    cases = []
    exponents = {"F16": (5, 14), "F32": (115, 124), "Q8_0": (5, 9), "Q4_0": (7, 11), "Q4_1": (7, 11)}
    for seed, form in enumerate(formats.BLOCK_BYTES):
        lo, hi = exponents[form]
        for columns, rows in ((32, 3), (64, 9), (96, 8), (1056, 3), (1536, 4)):
            spec = generated(form, columns * rows, 100 + seed, lo, hi)
            for x, e in ((a8(columns, seed), -10), (a16(columns, seed + 50), -11)):
                name = f"{form} {x['kind']} {rows} x {columns}"
                cases.append(matmul_case(name, form, columns, rows, spec, x, e, 12))
        spec = generated(form, 64 * 4, 150 + seed, lo, hi)
        bias = [1000, -1000, 0, 123456]
        cases.append(matmul_case(f"{form} with a bias", form, 64, 4, spec, a8(64, seed + 7), -10, 12, bias))
    return cases


def extreme_matmuls():
    """The greatest sums there are: every quant and entry at its end."""
    cases = []
    ends8 = {"kind": "A8", "scales": fill(48, c.SX), "quants": fill(1536, -127)}
    ends16 = {"kind": "A16", "entries": fill(1536, c.A16_MAX)}
    blocks = {
        "Q8_0": [q8(2047 * pow2(-20), [-128] * 32) * 48, q8(-2047 * pow2(-20), [127] * 32) * 48],
        "Q4_0": [q4(511 * pow2(-16), None, [0] * 32) * 48, q4(-511 * pow2(-16), None, [15] * 32) * 48],
        "Q4_1": [q4(511 * pow2(-16), 2047 * pow2(-13), [15] * 32) * 48, q4(-511 * pow2(-16), -2047 * pow2(-13), [15] * 32) * 48],
    }
    for form, rows in blocks.items():
        for x in (ends8, ends16):
            cases.append(matmul_case(f"ends {form} {x['kind']}", form, 1536, 2, b"".join(rows), x, -20, 4))
    zeros = {"kind": "A8", "scales": fill(1, 1), "quants": fill(32, 0)}
    cases.append(matmul_case("zero input", "Q8_0", 32, 1, q8(65504), zeros, 60, 24))
    cases.append(matmul_case("zero weights", "Q8_0", 32, 1, q8(0), a8(32, 3), 60, 24))
    return cases


def exact_sum(target):
    """Two blocks and an A16 row whose sum is target exactly (|target| < 2^34): unit -24, scales 16384 and 1."""
    high, low = abs(target) >> 14, abs(target) % (1 << 14)
    sign = 1 if target >= 0 else -1
    data = q8(pow2(-10), [127, 1] + [0] * 30) + q8(pow2(-24), [1] + [0] * 31)
    x = [sign * (high // 127), sign * (high % 127)] + [0] * 30 + [sign * low]
    return data, {"kind": "A16", "entries": padded(x)}


def rounded_matmuls():
    """frac = 24 - n gives out = rs(sum, n) with the unit -24 and exponent 0."""
    cases = []

    def add(name, target, n, bias=None):
        data, x = exact_sum(target)
        cases.append(matmul_case(name, "Q8_0", 64, 1, data, x, 24 - n - 12, 12, bias))

    for n in (1, 2, 7):
        half = 1 << (n - 1)
        for target in (half, half - 1, -half, -half - 1, 3 * half, -3 * half):
            add(f"sum {target} shifted by {n}", target, n)
    add("shift 0", 12345, 0)
    add("shift to the left", -12345, -7)
    add("shift beyond the sum", (1 << 33) + 5, 60)
    add("negative shift beyond the sum", -(1 << 33) - 5, 60)
    for sign in (1, -1):
        add(f"{'LIMIT - 1' if sign > 0 else '1 - LIMIT'}", sign * TOP, 0)
        add(f"{'LIMIT' if sign > 0 else '-LIMIT'} faults", sign * c.LIMIT, 0)
        add(f"fault far above, {sign}", sign * (1 << 33), 0)
        add(f"fault by a shift to the left, {sign}", sign, -30)
        add(f"fault by a long shift to the left, {sign}", sign, -100)
        add(f"no fault one bit lower, {sign}", sign, -29)
    add("rounds up to LIMIT and faults", 2 * c.LIMIT - 1, 1)
    add("rounds to LIMIT - 1", 2 * c.LIMIT - 2, 1)
    add("-2 LIMIT + 1 rounds up to 1 - LIMIT", -2 * c.LIMIT + 1, 1)
    add("-2 LIMIT faults", -2 * c.LIMIT, 1)
    add("bias to LIMIT - 1", 1, 0, [TOP - 1])
    add("bias to LIMIT faults", 1, 0, [TOP])
    add("bias to -LIMIT faults", -1, 0, [-TOP])
    add("a bias does not undo a fault", c.LIMIT, 0, [-5])
    refused, x = exact_sum(1)
    cases.append(matmul_case("frac 25 refused", "Q8_0", 64, 1, refused, x, 0, 25))
    return cases


# norm


def evaluate_norm(inputs):
    h = integers(inputs["row"])
    g = integers(inputs["gain"])
    j, inv, y = ops.norm(h, int(inputs["eps"]), g, inputs["unit"], inputs["frac"])
    found = {"j": j, "inv": str(inv)}
    if len(y) > 2048:
        found["row_blake3_i32_le"] = digest(b"".join(v.to_bytes(4, "little", signed=True) for v in y)).hex()
    else:
        found["row"] = y
    return found


def norm_cases():
    ones = lambda k: fill(k, 1 << 23)  # noqa: E731 (unit -23: a gain of 1)
    cases = []

    def add(name, row, eps, gain, unit, frac):
        cases.append((name, {"row": row, "eps": str(eps), "gain": gain, "unit": unit, "frac": frac}))

    eps16 = lambda k: max(1, k * (1 << 32) // 100000)  # noqa: E731 (epsilon 1e-5 at 16 fractional bits)
    for k, seed in ((32, 1), (64, 2), (96, 3), (128, 4), (576, 5), (1056, 6), (1536, 7)):
        gain = {"gen": "uniform", "seed": str(seed + 20), "count": k, "lo": -(1 << 24) + 1, "hi": (1 << 24) - 1}
        add(f"random {k}", uniform(k, seed, 1 << 20), eps16(k), gain, -22, 12)
    add("random lengths of bits", bits(576, 8, 30), eps16(576), ones(576), -23, 16)
    add("zeros, least eps", fill(64, 0), 1, ones(64), -23, 16)
    add("one 1, least eps", padded([1], 64), 1, ones(64), -23, 12)
    add("one -1, least eps", padded([-1], 64), 1, ones(64), -23, 12)
    add("zeros, eps 2^63", fill(64, 0), 1 << 63, ones(64), -23, 16)
    add("small row, great eps", bits(64, 9, 6), (1 << 64) - 1, ones(64), -23, 16)
    for power in (61, 62, 63, 64, 65, 66):
        row = padded([1 << 29, -(1 << 29)] * (1 << (power - 59)))
        row[0] = 0  # its 2^58 comes from eps
        for d in (-1, 0, 1):
            add(f"T = 2^{power} + {d}", row, (1 << 58) + d, ones(len(row)), -23, 12)
    add("all greatest 1536", fill(1536, TOP), 1, ones(1536), -23, 16)
    add("all least 1536", fill(1536, -TOP), 1, ones(1536), -23, 16)
    add("one outlier 1536", bits(1536, 10, 4, [(1000, TOP)]), 1, ones(1536), -23, 16)
    add("one outlier alone 131072", fill(1 << 17, 0, [(131071, -TOP)]), 1, ones(1 << 17), -23, 16)
    add("greatest T 131072", fill(1 << 17, TOP, [(5, -TOP)]), 1, ones(1 << 17), -23, 16)
    add("zero gain", uniform(64, 11, 1000), 1, fill(64, 0), -140, 16)
    add("unit -140", uniform(64, 11, 1000), 1, fill(64, 1), -140, 24)
    add("gain to the left", uniform(64, 12, 1 << 20), eps16(64), fill(64, 1), 4, 16)
    add("ties of the gain's rounding", fill(32, 1 << 16), 1, padded([1, -1, 3, -3, 5, -5]), -1, 0)
    outlier = padded([1 << 20], 1024)  # n = 32 * 2^20 less a little
    add("fault in y", outlier, 1, fill(1024, (1 << 24) - 1), -19, 24)
    add("fault in y, negative", padded([-(1 << 20)], 1024), 1, fill(1024, (1 << 24) - 1), -19, 24)
    add("fault by a great gain unit", uniform(64, 13, 1000), 1, fill(64, 1), 64, 16)
    add("no fault, frac 24", outlier, 1, fill(1024, 1 << 23), -23, 24)
    add("eps 0 refused", fill(32, 1), 0, ones(32), -23, 16)
    add("frac 25 refused", fill(32, 1), 1, ones(32), -23, 25)
    return cases


# rope


def evaluate_rope(inputs):
    row = integers(inputs["row"])
    frequencies = [int(f) for f in inputs["frequencies"]]
    return {"row": ops.rope(row, inputs["position"], frequencies, inputs["rotary"], inputs["layout"])}


def rope_cases():
    frequencies = [int.from_bytes(digest(b"frequency" + bytes([i]))[:8], "little") >> (2 * i) for i in range(64)]
    cases = []

    def add(name, row, position, freqs, rotary, layout):
        inputs = {"row": row, "position": position, "frequencies": [str(f) for f in freqs], "rotary": rotary, "layout": layout}
        cases.append((name, inputs))

    for layout in ("interleaved", "half"):
        for position in (0, 1, 2, 4095, (1 << 16) - 1, (1 << 20) - 1):
            add(f"{layout} 64 at {position}", uniform(64, position, 1 << 22), position, frequencies[:32], 64, layout)
        add(f"{layout} 128, rotary 96", uniform(128, 7, 1 << 20), 77, frequencies[:48], 96, layout)
        add(f"{layout} 32, rotary 2", uniform(32, 8, 1 << 20), 1001, frequencies[:1], 2, layout)
        add(f"{layout} lengths of bits", bits(64, 9, 29), 12345, frequencies[:32], 64, layout)
    eighths = [(i << 61) + d for i in range(8) for d in (0, (1 << 31) - 1 if i == 0 else -(1 << 31) - 1)]
    add("every octant edge", padded([1000000007, 5] * 16), 1, eighths, 32, "interleaved")
    add("no rotation at position 0", padded([TOP, -TOP, TOP, TOP]), 0, eighths, 32, "interleaved")
    add("fault at an eighth of a turn", padded([TOP, TOP]), 1, [1 << 61] + [0] * 15, 32, "interleaved")
    add("fault, negative", padded([-TOP, TOP]), 1, [1 << 61] + [0] * 15, 32, "interleaved")
    add("just below LIMIT", padded([759250123, 759250123]), 1, [1 << 61] + [0] * 15, 32, "interleaved")
    add("quarter turn keeps LIMIT - 1", padded([TOP, -TOP]), 1, [1 << 62] + [0] * 15, 32, "interleaved")
    add("rotary beyond the row refused", fill(32, 1), 1, frequencies[:32], 64, "half")
    add("odd rotary refused", fill(32, 1), 1, frequencies[:15], 31, "half")
    return cases


# silu-gate and add


def evaluate_silu(inputs):
    gate, up = integers(inputs["gate"]), integers(inputs["up"])
    return {"row": ops.silu_gate(gate, inputs["frac_gate"], up, inputs["frac_up"], inputs["frac"])}


def silu_cases():
    cases = []

    def add(name, gate, fg, up, fu, frac):
        cases.append((name, {"gate": gate, "frac_gate": fg, "up": up, "frac_up": fu, "frac": frac}))

    for fg, seed in ((2, 1), (5, 2), (8, 3), (12, 4)):
        most = min(TOP, 40 << fg)
        add(f"random, frac {fg}", uniform(96, seed, most), fg, uniform(96, seed + 10, 1 << 14), 12, 12)
    for fg in (2, 3, 8, 11, 12):
        one = 1 << fg
        top = 1 << (fg + 5)
        gate = [0, 1, -1, 2, -2, one, -one, one + 1, 1 - one, top - 1, top, top + 1, 1 - top, -top, -top - 1, TOP, -TOP]
        gate += [16 * one, -16 * one, 11 * one, -11 * one, one // 2, -one // 2]
        gate = [v for v in gate if abs(v) < c.LIMIT]
        add(f"edges, frac {fg}", gate, fg, fill(len(gate), 1), 0, min(fg, 8))
        add(f"negative up, frac {fg}", gate, fg, fill(len(gate), -1), 0, min(fg, 8))
    add("up of both signs", [4096, -4096, 4096, -4096, 0], 12, [1, 1, -1, -1, TOP], 12, 12)
    add("ties of the last rounding", [133] * 8, 2, [1, -1, 3, -3, 5, -5, 7, -7], 0, 1)
    add("shift to the left", [8, -8, 3], 2, [5, -5, 7], 0, 24)
    add("negative gate is never plus", fill(8, -1), 12, [TOP, -TOP, 1, -1, 2, -2, 3, -3], 16, 16)
    add("greatest without a fault", [1 << 20], 4, [16383], 0, 0)
    add("LIMIT faults", [1 << 15], 2, [1 << 15], 0, 2)
    add("-LIMIT faults", [1 << 15], 2, [-(1 << 15)], 0, 2)
    add("below LIMIT", [1 << 15], 2, [(1 << 15) - 1], 0, 2)
    add("greatest times greatest faults", [TOP], 2, [TOP], 0, 2)
    add("fault by a shift to the left", [256], 2, [1], 0, 24)
    add("frac_gate 13 refused", [1], 13, [1], 12, 12)
    add("frac_gate 1 refused", [1], 1, [1], 12, 12)
    add("frac_up 25 refused", [1], 12, [1], 25, 12)
    add("frac -1 refused", [1], 12, [1], 12, -1)
    return cases


def evaluate_add(inputs):
    return {"row": ops.add(integers(inputs["a"]), integers(inputs["b"]))}


def add_cases():
    half = c.LIMIT // 2
    return [
        ("random", {"a": uniform(64, 1, half - 1), "b": uniform(64, 2, half - 1)}),
        ("lengths of bits", {"a": bits(64, 3, 29), "b": bits(64, 4, 29)}),
        ("to LIMIT - 1", {"a": [half, -half, TOP, -TOP], "b": [half - 1, 1 - half, 0, 0]}),
        ("to LIMIT faults", {"a": [0, half], "b": [0, half]}),
        ("to -LIMIT faults", {"a": [-half], "b": [-half]}),
        ("greatest faults", {"a": [TOP], "b": [TOP]}),
        ("ends cancel", {"a": [TOP, -TOP], "b": [-TOP, TOP]}),
    ]


# hadamard


def evaluate_hadamard(inputs):
    return {"row": ops.hadamard(integers(inputs["row"]), inputs["width"])}


def hadamard_cases():
    cases = []

    def add(name, row, width):
        cases.append((name, {"row": row, "width": width}))

    for width in (2, 4, 8, 32, 64, 128, 256, 1024):
        add(f"random {width}", uniform(max(32, width), width, 1 << 18), width)
    add("blocks of 32 in 96", uniform(96, 5, 1 << 20), 32)
    add("ties", padded([1, 0, 2, 1, 3, 0, -1, 0]), 4)
    add("one entry", fill(64, 0, [(63, TOP)]), 64)
    add("a constant row", fill(64, 12345), 64)
    add("LIMIT - 1 after the shift", fill(64, (1 << 27) - 1, [(0, 0)]), 64)
    add("a constant row of LIMIT faults", fill(64, 1 << 27), 64)
    add("-LIMIT faults", fill(64, -(1 << 27)), 64)
    add("greatest entries faults", fill(32, TOP), 32)
    add("signs along a row faults", padded([TOP, -TOP] * 32, 64), 64)
    add("width 1 refused", fill(32, 1), 1)
    add("width 48 refused", fill(96, 1), 48)
    add("width 2048 refused", fill(2048, 1), 2048)
    add("no whole blocks refused", fill(96, 1), 64)
    return cases


# soft_cap


def evaluate_soft_cap(inputs):
    return {"row": ops.soft_cap(integers(inputs["row"]), inputs["cap"])}


def soft_cap_cases():
    cases = []

    def add(name, row, cap):
        cases.append((name, {"row": row, "cap": cap}))

    for cap in (1, 2, 3, 100, 30 << 12, 30 << 16, 50 << 16, (1 << 29) + 1, TOP):
        # The first t that is t, the first that makes n = 1, and the first of which nothing is left.
        turns = [-(-t * cap // 189097) for t in (1, 2, 65536, 16 * 65536, 17 * 65536)]
        near = [v + d for v in [*turns, cap // 2, cap, 2 * cap, 3 * cap] for d in (-1, 0, 1)]
        row = [v for v in [0, 1, 2, 3, *near, TOP - 1, TOP] if 0 <= v < c.LIMIT]
        add(f"edges, cap {cap}", row, cap)
        add(f"edges of the other sign, cap {cap}", [-v for v in row], cap)
        add(f"random, cap {cap}", uniform(64, cap % 1000, min(TOP, 4 * cap)), cap)
        add(f"lengths of bits, cap {cap}", bits(64, cap % 1000, 30), cap)
    add("saturated", fill(32, TOP, [(7, -TOP)]), 30 << 16)
    add("ties of the last rounding", uniform(64, 5, 1 << 29), 1 << 29)
    add("cap 0 refused", [1], 0)
    add("cap -1 refused", [1], -1)
    add("cap LIMIT refused", [1], c.LIMIT)
    return cases


OPS = {
    "hadamard": (evaluate_hadamard, hadamard_cases()),
    "matmul": (evaluate_matmul, random_matmuls() + extreme_matmuls() + rounded_matmuls()),
    "norm": (evaluate_norm, norm_cases()),
    "rope": (evaluate_rope, rope_cases()),
    "silu_gate": (evaluate_silu, silu_cases()),
    "add": (evaluate_add, add_cases()),
    "soft_cap": (evaluate_soft_cap, soft_cap_cases()),
}
