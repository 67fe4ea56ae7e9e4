"""Cases of the ops that joined after the freeze: arithmetic.md 4.11 (scale) and 4.12 (gelu-gate)."""

import constants as c
import ops
from cases_rows import bits, fill, uniform
from generators import integers

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


OPS = {
    "gelu_gate": (evaluate_gelu, gelu_cases()),
    "scale": (evaluate_scale, scale_cases()),
}
