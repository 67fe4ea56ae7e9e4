"""Cases of the ops that joined after the freeze: arithmetic.md 4.11 (scale)."""

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


OPS = {
    "scale": (evaluate_scale, scale_cases()),
}
