"""arithmetic.md section 2.5: the formats that joined after the freeze, a block or super-block at a time.

Each reader gives, as exact rationals, the scales and minima (one for 32 entries, or one for 16), and the quants. It is
written entry by entry from the text's formulas.
"""

import constants as c
from exact import f16, int8

# Inputs and bytes of what can be read alone.
SIZES = {
    "BF16": (32, 64), "Q5_0": (32, 22), "Q5_1": (32, 24), "Q2_K": (256, 84), "Q3_K": (256, 110), "Q4_K": (256, 144),
    "Q5_K": (256, 176), "Q6_K": (256, 210), "IQ4_NL": (32, 18), "IQ4_XS": (256, 136),
}  # fmt: skip
BOUNDS = {
    "Q5_0": c.S_Q8, "Q5_1": c.S_Q8, "Q2_K": c.S_Q4, "Q3_K": c.S_Q4, "Q4_K": c.S_Q4, "Q5_K": c.S_Q8, "Q6_K": c.S_Q8,
    "IQ4_NL": c.S_Q8, "IQ4_XS": c.S_Q8,
}  # fmt: skip
IQ4 = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)


def pieces(form, data):
    size = SIZES[form][1]
    return [data[at : at + size] for at in range(0, len(data), size)]


def number(data, at):
    return f16(data[at : at + 2], "NonFiniteScale")


def bit(data, i):
    """Bit i of bytes, the least of a byte first."""
    return data[i // 8] // (1 << (i % 8)) % 2


def field(byte, shift, width):
    return byte // (1 << shift) % (1 << width)


def nibble(data, i):
    """Entry i of 32: the first half in the low nibbles."""
    return field(data[i % 16], 4 * (i // 16), 4)


def run(data, i, width):
    """Entry i of fields of this width: a run of 32 bytes has 32 * 8 / width entries, every 32 of them in other bits."""
    length = 32 * 8 // width
    return field(data[i // length * 32 + i % 32], i % length // 32 * width, width)


def q5_0(data):
    return [number(data, 0)], [0], [nibble(data[6:], i) + 16 * bit(data[2:6], i) - 16 for i in range(32)]


def q5_1(data):
    return [number(data, 0)], [number(data, 2)], [nibble(data[8:], i) + 16 * bit(data[4:8], i) for i in range(32)]


def iq4_nl(data):
    return [number(data, 0)], [0], [IQ4[nibble(data[2:], i)] for i in range(32)]


def iq4_xs(data):
    d, high = number(data, 0), int.from_bytes(data[2:4], "little")
    subs = [field(data[4 + b // 2], 4 * (b % 2), 4) + 16 * field(high, 2 * b, 2) - 32 for b in range(8)]
    quants = [IQ4[nibble(data[8 + 16 * (i // 32) :], i % 32)] for i in range(256)]
    return [d * s for s in subs], [0] * 8, quants


def q2_k(data):
    d, m = number(data, 80), number(data, 82)
    scales, minima = [d * (byte % 16) for byte in data[:16]], [-m * (byte // 16) for byte in data[:16]]
    return scales, minima, [run(data[16:80], i, 2) for i in range(256)]


def q3_k(data):
    d, packed = number(data, 108), data[96:108]
    subs = [field(packed[i % 8], 4 * (i // 8), 4) + 16 * field(packed[8 + i % 4], 2 * (i // 4), 2) for i in range(16)]
    quants = [run(data[32:96], i, 2) + 4 * field(data[i % 32], i // 32, 1) - 4 for i in range(256)]
    return [d * (s - 32) for s in subs], [0] * 16, quants


def subs_of_eight(packed):
    """Q4_K and Q5_K: twelve bytes as eight sub-scales and eight sub-minima of six bits."""
    scales = [packed[b] % 64 for b in range(4)]
    minima = [packed[4 + b] % 64 for b in range(4)]
    for b in range(4):
        scales.append(packed[8 + b] % 16 + 16 * (packed[b] // 64))
        minima.append(packed[8 + b] // 16 + 16 * (packed[4 + b] // 64))
    return scales, minima


def q4_k(data):
    d, m = number(data, 0), number(data, 2)
    scales, minima = subs_of_eight(data[4:16])
    return [d * s for s in scales], [-m * s for s in minima], [run(data[16:], i, 4) for i in range(256)]


def q5_k(data):
    d, m = number(data, 0), number(data, 2)
    scales, minima = subs_of_eight(data[4:16])
    quants = [run(data[48:], i, 4) + 16 * field(data[16 + i % 32], i // 32, 1) for i in range(256)]
    return [d * s for s in scales], [-m * s for s in minima], quants


def q6_k(data):
    d = number(data, 208)
    scales = [d * int8(byte) for byte in data[192:208]]
    low = [field(data[i // 128 * 64 + i % 64], 4 * (i % 128 // 64), 4) for i in range(256)]
    return scales, [0] * 16, [low[i] + 16 * run(data[128:192], i, 2) - 32 for i in range(256)]


READERS = {
    "Q5_0": q5_0, "Q5_1": q5_1, "Q2_K": q2_k, "Q3_K": q3_k, "Q4_K": q4_k, "Q5_K": q5_k, "Q6_K": q6_k,
    "IQ4_NL": iq4_nl, "IQ4_XS": iq4_xs,
}  # fmt: skip


def read(form, data):
    return READERS[form](data)
