"""Cases of arithmetic.md section 3 (A8, A16) and 4.5 (head rows): thresholds of shifts and scales, ties."""

import constants as c
import ops
from exact import int8_hex
from generators import integers


def padded(values, count=32):
    return list(values) + [0] * (-len(values) % count)


def uniform(count, seed, most):
    return {"gen": "uniform", "seed": str(seed), "count": count, "lo": -most, "hi": most}


def bits(count, seed, most, sets=()):
    spec = {"gen": "bits", "seed": str(seed), "count": count, "bits": most}
    return {**spec, "set": [list(s) for s in sets]} if sets else spec


def fill(count, value, sets=()):
    spec = {"gen": "fill", "count": count, "value": value}
    return {**spec, "set": [list(s) for s in sets]} if sets else spec


def thresholds(bound):
    """Greatest magnitudes around every edge at which the shift grows: rs(M, n) = bound and bound + 1."""
    edges = []
    for n in range(0, 15):
        top = bound if n == 0 else (bound << n) + (1 << (n - 1)) - 1
        if top + 1 < c.LIMIT:
            edges += [(n, top), (n + 1, top + 1)]
    return edges


def common_rows(bound):
    """(name, row) pairs that both kinds and the heads share; rows of 32 or a multiple of it."""
    top = c.LIMIT - 1
    rows = [
        ("zeros", padded([0])),
        ("plus and minus one", padded([1, -1])),
        ("greatest", fill(64, top)),
        ("least", fill(64, -top)),
        ("both ends", padded([top, -top, top - 1, 1 - top, 1, -1])),
        ("one outlier", bits(96, 50, 8, [(70, top)])),
        ("one negative outlier", bits(96, 51, 8, [(3, -top)])),
        ("negative ties under a shift", padded([2 * bound - 1, -1, 1, -3, 3, -5, 5, -7, 7])),
        ("ties under a shift of two", padded([4 * bound, -2, 2, -6, 6, -10, 10, -1, 1, -3, 3])),
    ]
    for n, edge in thresholds(bound):
        rows.append((f"greatest {edge}", padded([edge, -edge, edge // 3, -edge // 5, n])))
        rows.append((f"least {-edge}", padded([-edge, edge // 2])))
    return rows


def evaluate_a8(inputs):
    s, e, sx, x = ops.quantise_a8(integers(inputs["row"]), inputs["frac"])
    return {"shift": s, "exponent": e, "scales": sx, "quants": int8_hex(x)}


def a8_cases():
    bound = 4 * c.Q * c.SX
    cases = []
    for count, seed, most in ((32, 1, 500), (64, 2, 30000), (96, 3, bound), (1056, 4, 1 << 20), (1536, 5, c.LIMIT - 1)):
        cases.append((f"random {count}", {"row": uniform(count, seed, most), "frac": 16}))
    for count, seed, most in ((64, 6, 12), (96, 7, 20), (576, 8, 30), (1536, 9, 30)):
        cases.append((f"random lengths of bits {count}", {"row": bits(count, seed, most), "frac": 12}))
    cases += [(name, {"row": row, "frac": 16}) for name, row in common_rows(bound)]
    for n in (1, 2, 3, 4, 31, 32, 50, c.SX - 1, c.SX):
        top = 4 * c.Q * n
        ramp = [top] + [top * i // 31 * (1 if i % 2 else -1) for i in range(1, 32)]
        cases.append((f"block greatest exactly 508 * {n}", {"row": [bound] + [0] * 31 + ramp, "frac": 16}))
        if n < c.SX:
            over = [-(top + 1)] + ramp[1:]
            cases.append((f"block greatest 508 * {n} + 1", {"row": [-bound] + [0] * 31 + over, "frac": 16}))
    cases += [
        ("ties of the quants, scale 1", {"row": padded([508, 2, -2, 6, -6, 1, -1, 3, -3, 5, -5, 10, -10]), "frac": 16}),
        ("ties of the quants, scale 3", {"row": padded([1524, 6, -6, 18, -18, 5, 7, -5, -7]), "frac": 16}),
        ("frac 0", {"row": padded([100000, -7]), "frac": 0}),
        ("frac 24", {"row": padded([100000, -7]), "frac": 24}),
        ("frac 25 refused", {"row": padded([1]), "frac": 25}),
        ("frac -1 refused", {"row": padded([1]), "frac": -1}),
        ("48 columns refused", {"row": fill(48, 1), "frac": 16}),
        ("31 columns refused", {"row": fill(31, 1), "frac": 16}),
    ]
    return cases


def evaluate_a16(inputs):
    s, e, x = ops.quantise_a16(integers(inputs["row"]), inputs["frac"])
    return {"shift": s, "exponent": e, "entries": x}


def a16_cases():
    cases = []
    for count, seed, most in ((32, 1, 500), (64, 2, c.A16_MAX), (96, 3, 1 << 20), (1056, 4, c.LIMIT - 1)):
        cases.append((f"random {count}", {"row": uniform(count, seed, most), "frac": 16}))
    for count, seed, most in ((96, 7, 20), (1536, 9, 30)):
        cases.append((f"random lengths of bits {count}", {"row": bits(count, seed, most), "frac": 12}))
    cases += [(name, {"row": row, "frac": 16}) for name, row in common_rows(c.A16_MAX)]
    cases += [
        ("around the byte planes", {"row": padded([c.A16_MAX, -c.A16_MAX, 127, 128, 129, -127, -128, -129, 255, 256, 384, -384]), "frac": 16}),
        ("frac 0", {"row": padded([100000, -7]), "frac": 0}),
        ("frac 24", {"row": padded([100000, -7]), "frac": 24}),
        ("frac 25 refused", {"row": padded([1]), "frac": 25}),
        ("48 columns refused", {"row": fill(48, 1), "frac": 16}),
    ]
    return cases


def evaluate_head(inputs):
    q, m, s = ops.head_row(integers(inputs["row"]))
    return {"quants": int8_hex(q), "scale": m, "shift": s}


def head_cases():
    bound = 127 * c.HEAD_SCALE_MAX
    cases = []
    for width, seed, most in ((32, 1, 100), (64, 2, bound), (64, 3, 1 << 20), (128, 4, c.LIMIT - 1), (96, 5, 5000), (1024, 6, 1 << 24)):
        cases.append((f"random {width} below {most}", {"row": uniform(width, seed, most)}))
    for width, seed, most in ((64, 7, 16), (128, 8, 30)):
        cases.append((f"random lengths of bits {width}", {"row": bits(width, seed, most)}))
    cases += [(name, {"row": row}) for name, row in common_rows(bound)]
    for n in (1, 2, 3, 127, 128, 129, 254, 255):
        cases.append((f"greatest exactly 127 * {n}", {"row": padded([127 * n, -127 * n, 63 * n, n // 2, -(n // 2), n // 2 + 1])}))
        if n < c.HEAD_SCALE_MAX:
            cases.append((f"greatest 127 * {n} + 1", {"row": padded([-127 * n - 1, 63 * n, (n + 1) // 2, -(n + 1) // 2])}))
    cases += [
        ("width 48 refused", {"row": fill(48, 1)}),
        ("width 1056 refused", {"row": fill(1056, 1)}),
    ]
    return cases


OPS = {
    "quantise_a8": (evaluate_a8, a8_cases()),
    "quantise_a16": (evaluate_a16, a16_cases()),
    "head_row": (evaluate_head, head_cases()),
}
