"""Long inputs from a seed (spec/vectors/README.md defines them), and the reverse: bit patterns of floats."""

from fractions import Fraction

from exact import pow2


class SplitMix64:
    def __init__(self, seed):
        self.state = seed % (1 << 64)

    def next(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)


def integers(spec):
    """A list as it is, or made by {"gen": "uniform" | "bits" | "fill", ...}."""
    if isinstance(spec, list):
        return list(spec)
    source = SplitMix64(int(spec["seed"])) if "seed" in spec else None
    out = []
    for _ in range(spec["count"]):
        if spec["gen"] == "uniform":
            out.append(spec["lo"] + source.next() % (spec["hi"] - spec["lo"] + 1))
        elif spec["gen"] == "bits":
            z = source.next()
            magnitude = z % (1 << ((z >> 58) % (spec["bits"] + 1)))
            out.append(-magnitude if (z >> 57) % 2 == 1 else magnitude)
        elif spec["gen"] == "fill":
            out.append(spec["value"])
        else:
            raise AssertionError(spec["gen"])
    for index, value in spec.get("set", []):
        out[index] = value
    return out


def weights(spec):
    """Bytes of weight rows: hex as it is, or made by {"gen": "weights", ...}."""
    if isinstance(spec, str):
        return bytes.fromhex(spec)
    source, out = SplitMix64(int(spec["seed"])), bytearray()
    lo, span = spec["exp_lo"], spec["exp_hi"] - spec["exp_lo"] + 1
    form = spec["format"]
    quant_words = {"Q8_0": 4, "Q4_0": 2, "Q4_1": 2, "F16": 0, "F32": 0}[form]
    floats = {"Q8_0": 1, "Q4_0": 1, "Q4_1": 2, "F16": 32, "F32": 32}[form]
    exponent_at, size = (23, 4) if form == "F32" else (10, 2)
    for _ in range(spec["blocks"]):
        for _ in range(floats):
            z = source.next()
            bits = z % (1 << exponent_at) + (lo + (z >> 40) % span) * (1 << exponent_at)
            bits += (z >> 63) * (1 << (8 * size - 1))
            out += bits.to_bytes(size, "little")
        for _ in range(quant_words):
            out += source.next().to_bytes(8, "little")
    for offset, text in spec.get("patch", []):
        piece = bytes.fromhex(text)
        out[offset : offset + len(piece)] = piece
    return bytes(out)


def float_bytes(q, exponent_bits, mantissa_bits):
    """The little-endian IEEE pattern of q, which must be representable."""
    q = Fraction(q)
    bias = (1 << (exponent_bits - 1)) - 1
    sign, q = (1, -q) if q < 0 else (0, q)
    exponent = 1
    while exponent < 2 * bias and q >= pow2(exponent + 1 - bias):
        exponent += 1
    mantissa = q * pow2(bias + mantissa_bits - exponent)
    assert mantissa.denominator == 1 and mantissa < 1 << (mantissa_bits + 1), "not representable"
    # a subnormal has exponent field 0 and the scale of field 1
    bits = mantissa.numerator + (exponent - 1) * (1 << mantissa_bits)
    bits += sign * (1 << (exponent_bits + mantissa_bits))
    return bits.to_bytes((1 + exponent_bits + mantissa_bits) // 8, "little")


def f16_bytes(q):
    return float_bytes(q, 5, 10)


def f32_bytes(q):
    return float_bytes(q, 8, 23)
