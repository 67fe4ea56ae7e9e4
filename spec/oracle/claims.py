"""What arithmetic.md and sampling.md say of their own numbers, checked in full where the range allows it.

A claim that fails raises AssertionError; run.py --check runs them all.
"""

from fractions import Fraction

import bls
import constants as c
import functions
import ledger_claims
import ops
import receipt_ed25519
import sampling
from exact import isqrt, mh, nr, pow2, rs
from hash_blake3 import derive_key, digest, keyed


def pi_times(scale_bits):
    """floor-ish pi * 2^bits by Machin's formula; the last few bits are wrong."""
    one = 1 << (scale_bits + 32)

    def arctan_of_inverse(n):
        term, total, k = one // n, 0, 0
        while term != 0:
            total += (-term if k % 2 else term) // (2 * k + 1)
            term //= n * n
            k += 1
        return total

    return (16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)) >> 32


def log2_e(bits):
    """log2(e) * 2^bits: 1 / ln 2, with ln 2 = sum of 1 / (k 2^k)."""
    one = 1 << (bits + 32)
    ln2 = sum(one // (k << k) for k in range(1, bits + 40))
    return (one << bits) // ln2


def close(value, bits, stated):
    """stated is nr(value * 2^-bits) and the value is known far better than a half."""
    exact = Fraction(value, 1 << bits)
    assert nr(exact) == stated, stated
    assert abs(exact - nr(exact)) < Fraction(1, 2) - pow2(-40), stated


def constants():
    close(2 * pi_times(200), 170, 6746518852)  # nr(2 pi * 2^30)
    close(pi_times(200), 172, 843314857)  # pi/4 * 2^30
    close(log2_e(200), 186, 23637)  # nr(2^14 log2 e)
    close(log2_e(200), 183, 189097)  # nr(2^17 log2 e)
    close(log2_e(200), 138, c.LOG2E_62)
    factorials = ((6, 178956971), (120, 8947849), (5040, 213044), (362880, 2959),
                  (2, 536870912), (24, 44739243), (720, 1491308), (40320, 26631), (3628800, 296))  # fmt: skip
    for n, stated in factorials:
        assert nr(Fraction(1 << 30, n)) == stated
    for n, stated in ((576, 32711), (544, 30894), (384, 21807), (128, 7269)):
        assert nr(Fraction((1 << 15) * n, 577)) == stated
    assert 4 * c.Q * c.SX == 32004


def tables():
    """|x| <= 127 (3.1) and |q| <= 127 (4.5) for every scale and the greatest value it may meet."""
    for n in range(1, c.SX + 1):
        for z in (4 * c.Q * n, -4 * c.Q * n):
            assert abs((z * ops.r_table(n) + (1 << 22)) // (1 << 23)) == 127
    for n in range(1, c.HEAD_SCALE_MAX + 1):
        for z in (127 * n, -127 * n):
            assert abs((z * ops.h_table(n) + (1 << 21)) // (1 << 22)) == 127


def exponentials():
    values = [functions.e_of(f) for f in range(65536)]
    assert values[0] == 65535 and min(values) == 32768 == values[-1]
    assert max(b - a for a, b in zip(values, values[1:])) <= 2  # not monotone, and never worse than this
    assert functions.exp2(0) == 32768 and functions.exp2u(0) == 65535
    assert all(functions.exp2((16 << 16) + f) == 0 for f in range(0, 65536, 255))
    for f in range(65536):  # mh's operands stay in 0..65535: mh asserts it
        assert functions.e_of(f) >> 15 == 1


def reciprocals():
    for e in range(65536):
        r = functions.recip(e)
        assert 16384 <= r <= 32768
        assert abs(r * (65536 + e) - (1 << 31)) < 2 * (65536 + e)  # within 2 of 2^31 / (2^16 + e)


def tanh(x, bits):
    """floor-ish tanh(x) * 2^bits for a Fraction x >= 0: (1 - q) / (1 + q) with q = 1 / exp(2 x), exp by its series."""
    one = 1 << bits + 64
    term = total = one
    k = 0
    while term != 0:
        k += 1
        term = term * 2 * x.numerator // (x.denominator * k)
        total += term
    q = one * one // total
    return ((one - q) << bits) // (one + q)


def capped_share(e):
    """4.10's h."""
    d = 65535 - e
    return (d + d // 32768) * functions.recip(e)


def soft_cap_bounds():
    """4.10 for every e: h <= 2^31. For every t: h is within 5 * 2^-16 of tanh, at both ends of what t stands for.

    With q = 2^(-t / 2^16), tanh is (1 - q) / (1 + q). 2^-20 of the bound is left for 189097 not being 2^17 log2 e.
    """
    assert all(capped_share(e) <= 1 << 31 for e in range(65536))
    assert capped_share(65535) == 0 and capped_share(0) == 1 << 31
    bits = 96
    root = 1 << bits - 1  # 2^-1, then its square root 16 times: 2^(-2^-16)
    for _ in range(16):
        root = isqrt(root << bits)
    bound = 5 * (1 << 15) - (1 << 11)  # of 2^31
    q = 1 << bits
    for t in range(17 << 16):
        h = capped_share(functions.exp2u(t))
        after = q * root >> bits
        for end in (q, after):
            less, more = (1 << bits) - end, (1 << bits) + end
            assert abs(h * more - (less << 31)) < bound * more, t
        q = after
    assert q < 1 << bits - 16  # from here on h = 2^31 is near enough


def soft_caps():
    """4.10 end to end: odd; 0 at 0, c where it says so; near c * tanh(x / c), which the series gives."""
    for cap in (1, 2, 3, 100, 30 << 12, 30 << 16, 50 << 16, (1 << 29) + 1, c.LIMIT - 1):
        saturated = -(-17 * 65536 * cap // 189097)
        steps = [saturated * i // 600 for i in range(700)] + [0, 1, 2, saturated - 1, saturated, c.LIMIT - 1]
        row = [x for x in steps if x < c.LIMIT]
        found = ops.soft_cap(row, cap)
        assert ops.soft_cap([-x for x in row], cap) == [-y for y in found]
        for x, y in zip(row, found, strict=True):
            assert y == cap if x >= saturated else 0 <= y <= cap and (x > 0 or y == 0)
            exact = Fraction(cap * tanh(Fraction(x, cap), 80), 1 << 80) if x < saturated else cap
            assert abs(y - exact) < Fraction(5 * cap, 1 << 16) + Fraction(1, 2), (x, cap)


def two_root_two_over_pi(bits):
    """floor-ish 2 * sqrt(2 / pi) * 2^bits."""
    return 2 * isqrt((2 << 2 * bits + 200) // pi_times(200))


def gelu_constants():
    slope = two_root_two_over_pi(200) * log2_e(200)  # 400 bits
    close(slope, 386, 37719)  # nr(2^14 * 2 sqrt(2 / pi) log2 e)
    close(slope * 44715 // 1000000, 383, 13493)  # nr(2^17 * 0.044715 * 2 sqrt(2 / pi) log2 e)


def gelus():
    """4.12 for every gate that is not saturated: the sigmoid within 2 * 2^-15, b within one unit; and what saturates."""
    slope = two_root_two_over_pi(100) >> 1
    for fg in range(c.SILU_FRAC[0], c.SILU_FRAC[1] + 1):
        for g in range((5 << fg) + 1):
            cubed = g * (1000000 << 2 * fg) + 44715 * g * g * g  # 10^6 * 2^(3 fg) of x + 0.044715 x^3
            u = Fraction(slope * cubed // (1000000 << 3 * fg), 1 << 100)
            positive = (1 << 64) + tanh(u, 64)  # 65 fractional bits of the sigmoid
            for sign, exact in ((1, positive), (-1, (2 << 64) - positive)):
                found = ops.gelu_sigmoid(sign * g, fg)
                assert abs((found << 50) - exact) < 2 << 50, (sign * g, fg)
                b = rs(sign * g * found, 15)
                assert abs((b << 65) - sign * g * exact) < 1 << 65, (sign * g, fg)
        assert ops.gelu_sigmoid(5 << fg, fg) == 32768 and ops.gelu_sigmoid(-5 << fg, fg) == 0


def angles():
    """|th| bound, |sin|, |cos| <= 2^30, and sin^2 + cos^2 within 2^-27 of 1."""
    for i in range(20000):
        a = int.from_bytes(digest(b"claims" + i.to_bytes(4, "little"))[:8], "little") if i % 50 == 0 else i * 922337203685477
        s, k = functions.sincos(a % (1 << 64))
        assert abs(s) <= 1 << 30 and abs(k) <= 1 << 30
        assert abs(s * s + k * k - (1 << 60)) < 1 << 33
    assert abs(rs(-(1 << 29) * 6746518852, 32)) <= 843314857


def roots():
    for n in list(range(2000)) + [(1 << 64) - 1, (1 << 62), (1 << 31) * ((1 << 31) + 2)]:
        v = isqrt(n)
        assert v * v <= n < (v + 1) * (v + 1)
    assert mh(65535, 65535) == 65534


def sums():
    """2.4: the greatest |W * X| times the greatest K stays below 2^60."""
    greatest_w = max(c.S_Q8 * 128, c.S_Q4 * 15 + c.S_MIN, c.S_FLOAT * c.W_MAX_FLOAT)
    greatest_x = max(c.SX * 127, c.A16_MAX)
    assert greatest_w * greatest_x * c.COLUMNS_MAX < 1 << 60


def sampling_widths():
    greatest = sampling.inverse_temperature(c.TEMPERATURE_RANGE[0])
    least = sampling.inverse_temperature(c.TEMPERATURE_RANGE[1])
    assert greatest < 1 << 40 and least > 1 << 25
    assert sampling.weight(0, greatest, 24) == 65535 << 16
    # a product of 2^64 or more has a weight of 0 at every frac: 64-bit saturating multiplication is enough
    assert rs((1 << 64) - 1, c.FRAC_MAX + 16) >> 16 > 31
    assert c.VOCABULARY_MAX * (65535 << 16) * c.MICRO < 1 << 72
    greatest_penalty = (c.PRESENCE_MOST + c.PRESENCE_MOST * c.CONTEXT_MAX) << c.FRAC_MAX
    assert 2 * greatest_penalty + c.MICRO < 1 << 63


def blake3():
    """The official test vectors (input byte i is i mod 251), 32 bytes of each."""
    key, context = b"whats the Elvish word for friend", b"BLAKE3 2019-12-27 16:29:52 test vectors context"
    for length, plain, with_key, derived in BLAKE3:
        data = bytes(i % 251 for i in range(length))
        assert digest(data).hex() == plain
        assert keyed(key, data).hex() == with_key
        assert derive_key(context, data).hex() == derived


BLAKE3 = (
    (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
     "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26",
     "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d"),
    (1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
     "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b",
     "b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c"),
    (64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98",
     "ba8ced36f327700d213f120b1a207a3b8c04330528586f414d09f2f7d9ccb7e6",
     "a5c4a7053fa86b64746d4bb688d06ad1f02a18fce9afd3e818fefaa7126bf73e"),
    (1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
     "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69",
     "effaa245f065fbf82ac186839a249707c3bddf6d3fdda22d1b95a3c970379bcb"),
    (3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3",
     "68dede9bef00ba89e43f31a6825f4cf433389fedae75c04ee9f0cf16a427c95a",
     "72613c9ec9ff7e40f8f5c173784c532ad852e827dba2bf85b2ab4b76f7079081"),
)  # fmt: skip

ALL = (constants, tables, exponentials, reciprocals, soft_cap_bounds, soft_caps, gelu_constants, gelus, angles, roots, sums, sampling_widths, blake3,
       receipt_ed25519.rfc8032, bls.rfc9380, ledger_claims.rejections)  # fmt: skip
