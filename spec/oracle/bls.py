"""BLS12-381 in plain integers: keys in G2, signatures in G1, messages hashed by RFC 9380's suite (ledger.md section 10).

The suite maps to another curve and from there by an isogeny of degree 11. Its coefficients are not copied: the other curve has
one subgroup of order 11, and Velu's formulas give the isogeny that has it for a kernel.
"""

import hashlib

X = 0xD201000000010000  # the curve's parameter is minus this
R = X * X * X * X - X * X + 1
P = (X + 1) * (X + 1) * R // 3 - X
ISO_A = 0x144698A3B8E9433D693A02C96D4982B0EA985383EE66A8D8E8981AEFD881AC98936F8DA0E0F97F5CF428082D584C1D
ISO_B = 0x12E2908D11688030018B12E8753EEE3B2016C1F0F24F4070A0B9C14FCEF35EF55A23215A316CEAA5D1CC48E98E172BE0
Z = 11
MESSAGES = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"
PROOFS = b"BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"
COMPRESSED, INFINITE, GREATER = 0x80, 0x40, 0x20


class Number:
    """Of the field of P, or of its extension of degree 2 (u u = -1) or 12 (w^12 = 2 w^6 - 2, where u = w^6 - 1)."""

    def __init__(self, *parts):
        self.parts = tuple(part % P for part in parts)

    def __eq__(self, other):
        return self.parts == other.parts

    def __add__(self, other):
        return Number(*(a + b for a, b in zip(self.parts, other.parts)))

    def __sub__(self, other):
        return Number(*(a - b for a, b in zip(self.parts, other.parts)))

    def __mul__(self, other):
        if isinstance(other, int):
            return Number(*(part * other for part in self.parts))
        degree = len(self.parts)
        made = [0] * (2 * degree - 1)
        for at, a in enumerate(self.parts):
            if a:
                for to, b in enumerate(other.parts):
                    made[at + to] += a * b
        for at in range(2 * degree - 2, degree - 1, -1):
            if degree == 2:
                made[0] -= made[at]
            else:
                made[at - 6] += 2 * made[at]
                made[at - 12] -= 2 * made[at]
        return Number(*made[:degree])

    def inverse(self):
        """Of degree 1 or 2."""
        if len(self.parts) == 1:
            return Number(inverted(self.parts[0]))
        a, b = self.parts
        norm = inverted((a * a + b * b) % P)
        return Number(a * norm, -b * norm)

    def raised(self, exponent):
        made = None
        for bit in bin(exponent)[2:]:
            made = made * made if made else self
            made = made * self if bit == "1" and made is not self else made
        return made


def power(base, exponent):
    powers = [1]
    for _ in range(15):
        powers.append(powers[-1] * base % P)
    made = 1
    for digit in hex(exponent)[2:]:
        for _ in range(4):
            made = made * made % P
        made = made * powers[int(digit, 16)] % P
    return made


def inverted(n):
    """Euclid's way; 0 of 0."""
    left, right, to, before = P, n, 0, 1
    while right > 1:
        quotient, rest = divmod(left, right)
        left, right, to, before = right, rest, before, to - quotient * before
    return before if right else 0


def root(number):
    """One of both, or None. P is 3 modulo 4."""
    if len(number.parts) == 1:
        found = Number(power(number.parts[0], (P + 1) // 4))
    else:  # half of a + |number| or of a - |number| is the square of the first part, where there is a root
        a, b = number.parts
        norm = root(Number(a * a + b * b))
        found = None if norm is None else root_by_norm(a, b, norm.parts[0])
    return found if found is not None and found * found == number else None


def root_by_norm(a, b, norm):
    half = (P + 1) // 2
    if b == 0:
        real, other = root(Number(a)), root(Number(-a))
        return Number(real.parts[0], 0) if real else Number(0, other.parts[0])
    first = root(Number((a + norm) * half)) or root(Number((a - norm) * half))
    return first and Number(first.parts[0], (b * half * first.inverse().parts[0]))


class Curve:
    """y y = x x x + a x + b. A point is a pair of numbers, or None at infinity."""

    def __init__(self, a, b):
        self.a, self.b = a, b

    def right(self, x):
        return x * x * x + self.a * x + self.b

    def slope(self, p, q):
        """None where the sum is at infinity."""
        if p[0] == q[0]:
            return (p[0] * p[0] * 3 + self.a) * (p[1] * 2).inverse() if p[1] == q[1] and any(p[1].parts) else None
        return (q[1] - p[1]) * (q[0] - p[0]).inverse()

    def sum(self, p, q):
        if p is None or q is None:
            return q or p
        slope = self.slope(p, q)
        if slope is None:
            return None
        x = slope * slope - p[0] - q[0]
        return x, slope * (p[0] - x) - p[1]

    def times(self, n, p):
        made = None
        for bit in bin(n)[2:]:
            made = self.sum(made, made)
            made = self.sum(made, p) if bit == "1" else made
        return made


G1 = Curve(Number(0), Number(4))
G2 = Curve(Number(0, 0), Number(4, 4))
ISO = Curve(Number(ISO_A), Number(ISO_B))
GENERATOR = (
    Number(0x024AA2B2F08F0A91260805272DC51051C6E47AD4FA403B02B4510B647AE3D1770BAC0326A805BBEFD48056C8C121BDB8,
           0x13E02B6052719F607DACD3A088274F65596BD0D09920B61AB5DA61BBDC7F5049334CF11213945D57E5AC7D055D042B7E),
    Number(0x0CE5D527727D6E118CC9CDC6DA2E351AADFD9BAA8CBDD3A76D429A695160D12C923AC9CC3BACA289E193548608B82801,
           0x0606C4A02EA734CC32ACD2B02BC28B99CB3E287E85A763AF267492AB572E99AB3F370D275CEC1DA1AAA9075FF05F79BE),
)  # fmt: skip


# Points as bytes


def greater(y):
    """Whether it is greater than minus itself: the last part first."""
    return y.parts[::-1] > (y * -1).parts[::-1]


def written(p, degree):
    if p is None:
        return bytes([COMPRESSED | INFINITE]) + bytes(48 * degree - 1)
    x, y = p
    data = b"".join(part.to_bytes(48, "big") for part in x.parts[::-1])
    return bytes([data[0] | COMPRESSED | (GREATER if greater(y) else 0)]) + data[1:]


def read(curve, data):
    """The point, of the subgroup of order R, and None; or None and why the bytes are no such point: also the one at infinity."""
    flags = data[0] & (COMPRESSED | INFINITE | GREATER)
    plain = bytes([data[0] - flags]) + data[1:]
    if not flags & COMPRESSED:
        return None, "Compression"
    if flags & INFINITE:
        return None, "Flags" if flags & GREATER or any(plain) else "Infinity"
    parts = [int.from_bytes(plain[at : at + 48], "big") for at in range(0, len(plain), 48)]
    if max(parts) >= P:
        return None, "Reduced"
    x = Number(*parts[::-1])
    y = root(curve.right(x))
    if y is None:
        return None, "Curve"
    p = (x, y if greater(y) == bool(flags & GREATER) else y * -1)
    return (None, "Subgroup") if curve.times(R, p) else (p, None)


# Messages


def expanded(message, tag, length):
    tag += bytes([len(tag)])
    sha = lambda data: hashlib.sha256(data).digest()  # noqa: E731
    first = sha(bytes(64) + message + length.to_bytes(2, "big") + b"\0" + tag)
    blocks = [sha(first + b"\1" + tag)]
    while 32 * len(blocks) < length:
        mixed = bytes(a ^ b for a, b in zip(first, blocks[-1]))
        blocks.append(sha(mixed + bytes([len(blocks) + 1]) + tag))
    return b"".join(blocks)[:length]


def kernel():
    """Half of the subgroup of order 11 of the other curve, without the point at infinity: no point beside its inverse."""
    order, x = (X + 1) * (X + 1) // 3 * R, 1
    while True:
        y = root(ISO.right(Number(x)))
        p = y and ISO.times(order // 121, (Number(x), y))
        p = ISO.times(11, p) or p
        if p:
            return [ISO.times(n, p) for n in range(1, 6)]
        x += 1


KERNEL = kernel()
ELEVENTH = Number(11).inverse()


def isogeny(p):
    """Velu's formulas, and a curve's other form: x over 11 * 11, y over 11 * 11 * 11."""
    x, y = p
    sum_x, sum_y = x, Number(1)
    for known, beside in KERNEL:
        far = (x - known).inverse()
        t, u = (known * known * 3 + ISO.a) * 2, beside * beside * 4
        sum_x += (t + u * far) * far
        sum_y -= (t + u * far * 2) * far * far
    squared = ELEVENTH * ELEVENTH
    return sum_x * squared, y * sum_y * squared * ELEVENTH


def mapped(u):
    """A number to a point of the curve, not of the subgroup yet."""
    square = u * u * Z
    below = square * square + square
    x = ISO.b * (ISO.a * Z).inverse() if below == Number(0) else (below.inverse() + Number(1)) * ISO.b * -1 * ISO.a.inverse()
    y = root(ISO.right(x))
    if y is None:
        x = square * x
        y = root(ISO.right(x))
    return isogeny((x, y if y.parts[0] % 2 == u.parts[0] % 2 else y * -1))


def hashed(message, tag):
    data = expanded(message, tag, 128)
    one, other = (mapped(Number(int.from_bytes(data[at : at + 64], "big"))) for at in (0, 64))
    return G1.times(X + 1, G1.sum(one, other))


# Keys and signatures


def key_of(secret):
    return written(G2.times(secret, GENERATOR), 2)


def sign(secret, message, tag=MESSAGES):
    return written(G1.times(secret, hashed(message, tag)), 1)


def wide(number, shift, factor=1):
    """A number of degree 1 or 2 times a power of w, in the field of degree 12."""
    a, b = (*number.parts, 0)[:2]
    parts = [0] * 12
    parts[shift], parts[shift + 6] = (a - b) * factor, b * factor
    return Number(*parts)


def line(slope, through, p):
    """Where it is at a point of G1; but for a factor of a smaller field, which counts for nothing in `balanced`."""
    return wide(slope * through[0] - through[1], 0) + wide(slope * p[0].parts[0], 2, -1) + wide(p[1], 3)


def miller(pairs):
    made = Number(1, *[0] * 11)
    points = [q for _, q in pairs]
    for bit in bin(X)[3:]:
        made = made * made
        for at, (p, q) in enumerate(pairs):
            for other in (None, q) if bit == "1" else (None,):
                slope = G2.slope(points[at], other or points[at])
                made = line(slope, points[at], p) * made
                points[at] = G2.sum(points[at], other or points[at])
    return made


SIXTH = Number(1, 1).raised((P * P - 1) // 6).parts[0]  # w to the power of P P is w times this: a sixth root of 1


def balanced(pairs):
    """Whether the product of e of each point of G1 and of G2 is 1, that is, their Miller loops' to the power (P^12 - 1) / R.
    Of that power (P^4 - P^2 + 1) / R is taken here; what is left makes 1 of what it does not leave the same."""
    square = P * P
    made, factor, parts = miller(pairs).raised((square * square - square + 1) // R), 1, []
    for part in made.parts:
        parts.append(part * factor)
        factor = factor * SIXTH % P
    found = made * Number(*parts)  # to the power P^2 + 1; to P^6 - 1 it is 1 where it has no odd part
    return any(found.parts) and not any(found.parts[1::2])


HELD = {}  # what was found before: who replays a chain asks again


def holds(key, message, signature, tag=MESSAGES):
    """e(signature, generator) = e(hash, key)."""
    asked = (key, message, signature, tag)
    if asked not in HELD:
        HELD[asked] = checked(read(G2, key)[0], message, read(G1, signature)[0], tag)
    return HELD[asked]


def checked(key, message, signature, tag):
    if key is None or signature is None:
        return False
    against = (signature[0], signature[1] * -1)
    return balanced([(against, GENERATOR), (hashed(message, tag), key)])


def rfc9380():
    """Two of its vectors (section J.9.1), that the isogeny leads to the curve, and that the curves are what they are said to be."""
    tag = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"
    known = (
        (b"", "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1",
         "08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265"),
        (b"abc", "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903",
         "0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d"),
    )  # fmt: skip
    for message, x, y in known:
        found = hashed(message, tag)
        assert found == (Number(int(x, 16)), Number(int(y, 16)))
        assert found[1] * found[1] == G1.right(found[0]) and G1.times(R, found) is None
    assert GENERATOR[1] * GENERATOR[1] == G2.right(GENERATOR[0]) and G2.times(R, GENERATOR) is None
    assert power(3, P - 1) == 1 and P % 4 == 3
