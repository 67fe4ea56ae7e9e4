"""Cases of arithmetic.md section 5, of section 1's rounding shift, of isqrt, and the tables R and H."""

import functions
import ops
from exact import isqrt, nr, rs
from fractions import Fraction
from generators import integers
from hash_blake3 import digest


def strings(values):
    return [str(v) for v in values]


def evaluate_rs(inputs):
    return {"y": strings(rs(int(x), n) for x, n in zip(inputs["x"], inputs["n"], strict=True))}


def evaluate_nr(inputs):
    return {"y": strings(nr(Fraction(int(a), int(b))) for a, b in zip(inputs["a"], inputs["b"], strict=True))}


def rounding_cases():
    pairs = [(x, n) for n in (-3, 0, 1, 2, 5, 31) for x in (0, 1, -1, 2, -2, 3, -3, 15, 16, 17, -15, -16, -17, 1 << 30, -(1 << 30), (1 << 30) + 1)]
    pairs += [(x, n) for n in (62, 63, 64, 90) for x in ((1 << 62) - 1, 1 << 62, -(1 << 62), -(1 << 62) - 1, 1 << 63, -(1 << 63), 1, -1)]
    return [("edges", {"x": strings(x for x, _ in pairs), "n": [n for _, n in pairs]})]


def nearest_cases():
    pairs = [(a, b) for b in (1, 2, 3, 4, 10) for a in range(-11, 12)] + [((1 << 63) + 1, 1 << 63), (-(1 << 63) - 1, 1 << 62)]
    return [("halves and thirds", {"a": strings(a for a, _ in pairs), "b": strings(b for _, b in pairs)})]


def evaluate_exp2(inputs):
    x = integers(inputs["x"])
    return {"exp2": [functions.exp2(v) for v in x], "exp2u": [functions.exp2u(v) for v in x]}


def exp2_cases():
    edges = [0, 1, 2, 32767, 32768, 32769, 65534, 65535]
    whole = [(n << 16) + f for n in (0, 1, 2, 7, 14, 15, 16, 17, 18) for f in edges]
    return [
        ("edges of n and f", {"x": whole}),
        ("far beyond", {"x": [31 << 16, 32 << 16, (1 << 30) - 1, 1 << 30, (1 << 31) - 1, (1 << 32) - 1]}),
        ("random", {"x": {"gen": "uniform", "seed": "60", "count": 256, "lo": 0, "hi": 17 << 16}}),
    ]


def evaluate_table(inputs):
    if inputs["table"] in ("R", "H"):
        return {"values": [{"R": ops.r_table, "H": ops.h_table}[inputs["table"]](n) for n in range(1, inputs["count"] + 1)]}
    function = {"E": functions.e_of, "recip": functions.recip}[inputs["table"]]
    data = b"".join(function(x).to_bytes(2, "little") for x in range(inputs["count"]))
    return {"blake3_u16_le": digest(data).hex()}


def table_cases():
    return [
        ("R[1..]", {"table": "R", "count": 127}),
        ("H[1..]", {"table": "H", "count": 255}),
        ("E, all 65536", {"table": "E", "count": 65536}),
        ("recip, all 65536", {"table": "recip", "count": 65536}),
    ]


def evaluate_recip(inputs):
    return {"r": [functions.recip(e) for e in inputs["e"]]}


def recip_cases():
    return [("every 257th and the ends", {"e": sorted(set(range(0, 65536, 257)) | {1, 2, 3, 32767, 32768, 65533, 65534, 65535})})]


def evaluate_sincos(inputs):
    pairs = [functions.sincos(int(a)) for a in inputs["a"]]
    return {"sin": [s for s, _ in pairs], "cos": [k for _, k in pairs]}


def sincos_cases():
    edges = []
    for octant in range(8):
        at = octant << 61
        edges += [(at + d) % (1 << 64) for d in (0, 1, -1, 1 << 31, (1 << 31) - 1, -(1 << 31), -(1 << 31) - 1, 1 << 32, -(1 << 32), 3 << 31)]
    twelfths = [(1 << 64) * i // 12 for i in range(12)]
    tiny = [1 << n for n in range(0, 64, 3)]
    random = [int.from_bytes(digest(b"angle" + bytes([i]))[:8], "little") for i in range(200)]
    return [
        ("octant edges", {"a": strings(edges)}),
        ("twelfths of a turn", {"a": strings(twelfths)}),
        ("powers of two", {"a": strings(tiny)}),
        ("random", {"a": strings(random)}),
    ]


def evaluate_isqrt(inputs):
    return {"v": strings(isqrt(int(t)) for t in inputs["t"])}


def isqrt_cases():
    roots = [1 << 31, (1 << 31) + 1, 3037000499, 3037000500, 4294967294, 4294967295, 46341, 65535, 65536]
    edges = [t for v in roots for t in (v * v - 1, v * v, v * v + 1, v * v + 2 * v)]
    norm = [k << 32 for k in (1, 2, 32, 64, 96, 128, 576, 1536, 4096, 8192, 1 << 17)]
    return [
        ("around squares", {"t": strings(edges)}),
        ("small", {"t": strings(range(0, 27))}),
        ("K * 2^32", {"t": strings(norm)}),
        ("ends of the norm's range", {"t": strings([1 << 62, (1 << 62) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 2, (1 << 64) - 1])}),
    ]


OPS = {
    "rs": (evaluate_rs, rounding_cases()),
    "nr": (evaluate_nr, nearest_cases()),
    "exp2": (evaluate_exp2, exp2_cases()),
    "recip": (evaluate_recip, recip_cases()),
    "sincos": (evaluate_sincos, sincos_cases()),
    "isqrt": (evaluate_isqrt, isqrt_cases()),
    "tables": (evaluate_table, table_cases()),
}
