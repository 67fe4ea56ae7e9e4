"""Cases of the ops that joined after the freeze: arithmetic.md 4.11 (scale), 4.12 (gelu-gate), 4.13 (attention with a cap) and 4.14 to 4.16 (experts)."""

import cases_attention
import cases_ops
import constants as c
import formats
import ops
from cases_formats import generated
from cases_rows import bits, fill, uniform
from generators import integers, weights

TOP = c.LIMIT - 1


# scale


def evaluate_scale(inputs):
    return {"row": ops.scale(integers(inputs["row"]), inputs["scale_mantissa"], inputs["scale_exponent"])}


def scale_cases():
    cases = []

    def add(name, row, mantissa, exponent):
        cases.append((name, {"row": row, "scale_mantissa": mantissa, "scale_exponent": exponent}))

    for mantissa in (1 << 14, 16711, 24576, (1 << 15) - 1):
        for exponent in (-22, -15, -14, -10, -1, 0):
            most = min(TOP, (1 << 15 - exponent) - 2) if exponent < 0 else 1 << 14
            add(f"random, {mantissa} * 2^{exponent}", uniform(48, mantissa % 1000 - exponent, most), mantissa, exponent)
    add("one: every entry as it was", bits(64, 5, 30), 1 << 14, -14)
    add("halves go towards plus infinity", [1, -1, 3, -3, 5, -5, 0], 1 << 14, -15)
    add("ties of a long shift", [1 << 20, -(1 << 20), 3 << 20, -(3 << 20)], 1 << 14, -35)
    add("one below a tie", [v + d for v in (1 << 20, -(1 << 20)) for d in (-1, 1)], 1 << 14, -35)
    add("nothing is left", [TOP, -TOP, 0, 1, -1], (1 << 15) - 1, -46)
    add("the least exponent", [TOP, -TOP, 0, 1, -1], 1 << 14, -256)
    add("to LIMIT - 1", [32767 * 32769], 1 << 14, -14)
    add("exactly LIMIT - 1 by halves", [TOP, -TOP], 1 << 14, -14)
    add("LIMIT faults", [0, 1 << 29], 1 << 14, -13)
    add("-LIMIT faults", [-(1 << 29)], 1 << 14, -13)
    add("rounds to LIMIT and faults", [TOP], 16385, -14)
    add("below LIMIT", [(1 << 29) - 1, 1 - (1 << 29)], 1 << 14, -13)
    add("shift to the left", [1, -1, 2047, -2047], 1 << 14, 4)
    add("shift to the left faults", [1], 1 << 14, 16)
    add("the greatest exponent faults", [1], 1 << 14, 256)
    add("zeros at the greatest exponent", fill(8, 0), (1 << 15) - 1, 256)
    for mantissa in (0, (1 << 14) - 1, 1 << 15):
        add(f"mantissa {mantissa} refused", [1], mantissa, -14)
    for exponent in (-257, 257):
        add(f"exponent {exponent} refused", [1], 1 << 14, exponent)
    return cases


# gelu-gate


def evaluate_gelu(inputs):
    gate, up = integers(inputs["gate"]), integers(inputs["up"])
    return {"row": ops.gelu_gate(gate, inputs["frac_gate"], up, inputs["frac_up"], inputs["frac"])}


def gelu_cases():
    cases = []

    def add(name, gate, fg, up, fu, frac):
        cases.append((name, {"gate": gate, "frac_gate": fg, "up": up, "frac_up": fu, "frac": frac}))

    for fg in range(2, 13):
        one, top = 1 << fg, 5 << fg
        add(f"random, frac {fg}", uniform(96, fg, 6 << fg), fg, uniform(96, fg + 20, 1 << 14), 12, 12)
        near = [0, 1, 2, one // 2, one - 1, one, one + 1, 2 * one, 3 * one, 4 * one, top - 1, top, top + 1, 8 * one, 40 * one, TOP]
        gate = [v for v in near + [-v for v in near] if abs(v) < c.LIMIT]
        add(f"edges, frac {fg}", gate, fg, fill(len(gate), 1), 0, min(fg, 8))
        add(f"negative up, frac {fg}", gate, fg, fill(len(gate), -1), 0, min(fg, 8))
    add("lengths of bits", bits(64, 9, 30), 12, bits(64, 10, 12), 4, 4)
    add("up of both signs", [4096, -4096, 4096, -4096, 0], 12, [1, 1, -1, -1, TOP], 12, 12)
    add("where the sigmoid's error is greatest", [1521, -1521, 1522, -1522, 15322, -15322], 12, fill(6, 1 << 12), 12, 12)
    add("ties of the last rounding", [133] * 8, 2, [1, -1, 3, -3, 5, -5, 7, -7], 0, 1)
    add("shift to the left", [8, -8, 3], 2, [5, -5, 7], 0, 24)
    add("a gate far below 0 is nothing", [-TOP, -(5 << 12), -(5 << 12) + 1], 12, fill(3, TOP), 0, 12)
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


# attention with a cap


def capped_cases():
    cases = []
    base, gemma = cases_attention.base, 4727456  # 50 * log2 e with 16 fractional bits

    def add(name, inputs, cap):
        cases.append((name, {**inputs, "cap": cap}))

    for width, position, heads, kv_heads in ((32, 0, 1, 1), (64, 70, 3, 1), (128, 130, 1, 1), (32, 20, 6, 3), (256 - 160, 7, 2, 1)):
        for cap in (1, 3 << 16, gemma, TOP):
            name = f"random D {width} at {position}, {heads} heads over {kv_heads}, cap {cap}"
            add(name, base(width, position, heads, kv_heads, seed=width + position), cap)
    for window in (1, 64, 65, 101):
        add(f"window {window} at 100", base(32, 100, seed=9, window=window), gemma)
    add("near scores at 200", base(64, 200, seed=11, scale_exponent=-24), 1 << 16)
    # Scores of many sizes on either side of the cap.
    for exponent in range(-28, -14, 2):
        add(f"scale exponent {exponent}", base(64, 40, seed=12, scale_exponent=exponent), 1 << 18)
    ends = cases_attention.one_key_value(64, 3, (fill(192, 0, [(i, 127) for i in range(64)] + [(64 + i, -127) for i in range(64)]), 255, 12), (uniform(192, 15, 127), 255, [0, 0, 5]))
    near = {"frac_q": 12, "frac_k": 12, "scale_mantissa": 32767}
    for cap in (1, 1 << 16, gemma):
        add(f"scores at both ends, cap {cap}", base(64, 2, **near, **cases_attention.query(64, 127, 1, 0), **ends), cap)
    keys = uniform(192, 12, 127)
    kv = cases_attention.one_key_value(64, 3, (keys, 128, [29, 0, 0]), (uniform(192, 13, 127), 100, 0))
    far = base(64, 2, frac_q=12, frac_k=12, scale_exponent=-17, **cases_attention.query(64, uniform(64, 14, 127), 1, 0), **kv)
    add("a score beyond the limit, however small its cap faults", far, 1)
    add("outside the window it is none", {**far, "window": 2}, 1)
    for cap in (0, -1, c.LIMIT):
        add(f"cap {cap} refused", base(32, 1), cap)
    return cases


# experts


def evaluate_route(inputs):
    ids, made = ops.route(integers(inputs["row"]), inputs["frac"], inputs["k"], inputs["over"])
    return {"ids": ids, "weights": made}


def route_cases():
    cases = []

    def add(name, row, frac, k, over):
        cases.append((name, {"row": row, "frac": frac, "k": k, "over": over}))

    for over in ("chosen", "all"):
        for experts, k in ((1, 1), (2, 1), (8, 2), (60, 4), (64, 8), (128, 8), (256, 256)):
            for frac, most in ((12, 1 << 15), (0, 20), (24, TOP)):
                add(f"random, {k} of {experts}, frac {frac}, over {over}", uniform(experts, experts + frac, most), frac, k, over)
        add(f"all equal, over {over}", fill(16, -77), 12, 5, over)
        add(f"ties at the cut, over {over}", [5, 9, 5, 5, 9, 5, 1], 3, 4, over)
        add(f"ties of the greatest, over {over}", [1, 7, 3, 7, 7], 0, 2, over)
        add(f"far apart, over {over}", [TOP, -TOP, 0, TOP - 1], 0, 3, over)
        add(f"ends, over {over}", [-TOP, TOP, -TOP, TOP], 24, 4, over)
        add(f"nothing left of the others, over {over}", [0, -12, -11, -40], 0, 4, over)
        add(f"257 experts refused, over {over}", fill(257, 1), 12, 1, over)
        add(f"no slot refused, over {over}", [1, 2], 12, 0, over)
        add(f"3 slots of 2 refused, over {over}", [1, 2], 12, 3, over)
        add(f"frac 25 refused, over {over}", [1, 2], 25, 1, over)
    return cases


def evaluate_expert_matmul(inputs):
    data = weights(inputs["bytes"])
    size = inputs["columns"] // c.BLOCK * formats.BLOCK_BYTES[inputs["format"]]
    rows = [formats.row(inputs["format"], inputs["columns"], data[at : at + size]) for at in range(0, len(data), size)]
    assert len(rows) == inputs["rows"]
    some = ops.expert_rows(rows, inputs["experts"], inputs["expert"])
    return {"out": ops.matmul(some, cases_ops.entries_of(inputs["x"]), inputs["exponent"], inputs["frac"], None)[1]}


def expert_matmul_cases():
    cases = []

    def add(name, form, columns, rows, experts, expert, x, e, frac=12, span=(5, 9)):
        spec = generated(form, columns * rows, 7 * rows + columns, *span)
        inputs = {"format": form, "columns": columns, "rows": rows, "bytes": spec, "x": x, "exponent": e, "frac": frac}
        cases.append((name, {**inputs, "experts": experts, "expert": expert}))

    for expert in range(3):
        add(f"expert {expert} of 3, A8", "Q8_0", 64, 96, 3, expert, cases_ops.a8(64, expert), -10)
        add(f"expert {expert} of 3, A16", "Q4_0", 96, 288, 3, expert, cases_ops.a16(96, expert), -11, span=(7, 11))
    add("expert 7 of 8 of F16", "F16", 32, 256, 8, 7, cases_ops.a8(32, 5), -10, span=(5, 14))
    add("the only expert", "Q4_1", 64, 32, 1, 0, cases_ops.a8(64, 6), -10, span=(7, 11))
    add("an output beyond the limit faults", "Q8_0", 64, 64, 2, 1, cases_ops.a8(64, 7), 10)
    add("rows of an expert that are no 32 refused", "Q8_0", 32, 32, 2, 1, cases_ops.a8(32, 8), -10)
    add("rows that are not whole experts refused", "Q8_0", 32, 64, 3, 1, cases_ops.a8(32, 8), -10)
    add("frac 25 refused", "Q8_0", 32, 64, 2, 1, cases_ops.a8(32, 8), -10, frac=25)
    return cases


def evaluate_weigh(inputs):
    return {"row": ops.weigh(integers(inputs["row"]), inputs["weight"])}


def weigh_cases():
    row = bits(64, 3, 30)
    cases = [(f"by {weight}", {"row": row, "weight": weight}) for weight in (0, 1, 2, 21845, 1 << 15, 43691, 65535, 1 << 16)]
    cases.append(("halves go towards plus infinity", {"row": [1, -1, 3, -3, 5, -5, 0], "weight": 1 << 15}))
    cases.append(("the greatest entries", {"row": [TOP, -TOP, TOP - 1, 1 - TOP], "weight": 1 << 16}))
    cases.append(("one below a tie", {"row": [32767, 32768, -32768, -32769], "weight": 1}))
    return cases


OPS = {
    "route": (evaluate_route, route_cases()),
    "expert_matmul": (evaluate_expert_matmul, expert_matmul_cases()),
    "weigh": (evaluate_weigh, weigh_cases()),
    "capped_attention": (cases_attention.evaluate, capped_cases()),
    "gelu_gate": (evaluate_gelu, gelu_cases()),
    "scale": (evaluate_scale, scale_cases()),
}
