#!/usr/bin/env python3
"""Writes spec/vectors/rope_freqs.json: RoPE frequencies by mpmath, independently of the Rust code.

freq_i = floor(2^64 / (2 pi * base^(2i/d) * factor_i)); base and factors are binary32 bit patterns.
mpmath works at 400 bits; a quotient closer than 2^-200 to an integer stops the script (none is).
Run: python3 spec/oracle/rope_freqs.py
"""

import json
import pathlib
import struct

from mpmath import mp, mpf, floor, pi, power

mp.prec = 400


def bits(value):
    return struct.unpack("<I", struct.pack("<f", value))[0]


def exact(pattern):
    return mpf(struct.unpack("<f", struct.pack("<I", pattern))[0])  # a binary32 is exact in mpf


def frequencies(base, dimension, factors):
    out = []
    for i in range(dimension // 2):
        factor = exact(factors[i] if len(factors) > 1 else factors[0])
        quotient = power(2, 64) / (2 * pi * power(exact(base), mpf(2 * i) / dimension) * factor)
        whole = floor(quotient)
        assert power(2, -200) < quotient - whole < 1 - power(2, -200), "undecided"
        out.append(format(int(whole), "016x"))
    return out


def llama3_factors(dimension):
    """Irregular factors per pair, of the shape Llama 3.1 has (1 below, 8 above, something between)."""
    pairs = dimension // 2
    return [bits(1.0 if i < pairs // 2 else 8.0 if i > 5 * pairs // 8 else 1.0 + 0.7 * (i - pairs // 2)) for i in range(pairs)]


CASES = [
    # (base bits, rotated dimension, factor bits: one for all pairs, or one per pair)
    (bits(100000.0), 64, [bits(1.0)]),  # SmolLM2
    (bits(10000.0), 128, [bits(1.0)]),  # Llama 2, Mistral 7B v0.1
    (bits(500000.0), 128, llama3_factors(128)),  # Llama 3.1
    (bits(500000.0), 64, [bits(32.0)]),
    (bits(1000000.0), 128, [bits(1.0)]),  # Qwen 2.5, Mistral 7B v0.3
    (bits(1000000.0), 64, [bits(4.0)]),
    (bits(10000.0), 2, [bits(1.0)]),
    (bits(10000.0), 80, [bits(0.3)]),
    (bits(1.0), 8, [bits(1.0)]),
    (bits(1.1), 12, [bits(0.16)]),
    (bits(10001.37), 96, [bits(2.5)]),
    (bits(2.0**40), 6, [bits(2.0**-2)]),
    (bits(1e9), 256, [bits(1.0)]),
    (bits(12345.678), 1024, [bits(2.0**32)]),
]


def main():
    cases = [
        {
            "base_f32": format(base, "08x"),
            "dimension": dimension,
            "factors_f32": [format(factor, "08x") for factor in factors],
            "frequencies": frequencies(base, dimension, factors),
        }
        for base, dimension, factors in CASES
    ]
    lines = ",\n".join(json.dumps(case) for case in cases)
    path = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "rope_freqs.json"
    path.write_text("[\n" + lines + "\n]\n")


if __name__ == "__main__":
    main()
