"""Ed25519 in plain integers: made as RFC 8032 says, checked by the rule of ZIP 215, but never under a key of small order
(receipt.md section 1)."""

import hashlib

P = (1 << 255) - 19
ORDER = (1 << 252) + 27742317777372353535851937790883648493


def digits(n):
    """Of 16, the highest first."""
    return [n >> at & 15 for at in range((n.bit_length() + 3) // 4 * 4 - 4, -1, -4)]


def power(base, exponent):
    powers = [1]
    for _ in range(15):
        powers.append(powers[-1] * base % P)
    result = 1
    for digit in digits(exponent):
        square = result * result % P
        square = square * square % P
        square = square * square % P
        result = square * square % P * powers[digit] % P
    return result


def inverse(x):
    return power(x, P - 2)


D = -121665 * inverse(121666) % P
ROOT_OF_MINUS_ONE = power(2, (P - 1) // 4)
NEUTRAL = (0, 1, 1, 0)  # extended coordinates X, Y, Z, T: x = X/Z, y = Y/Z, xy = T/Z


def added(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def doubled(p):
    x, y, z, _ = p
    a, b = x * x % P, y * y % P
    h, g = a + b, a - b
    e, f = h - (x + y) * (x + y) % P, 2 * z * z % P + g
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiples(p):
    """0 to 15 times p."""
    found = [NEUTRAL]
    for _ in range(15):
        found.append(added(found[-1], p))
    return found


def times(n, p):
    return sum_of([(digits(n), multiples(p))])


def sum_of(terms):
    """The sum of numbers times points, each as digits and multiples."""
    length = max(len(number) for number, _ in terms)
    aligned = [([0] * (length - len(number)) + number, table) for number, table in terms]
    result = NEUTRAL
    for at in range(length):
        result = doubled(doubled(doubled(doubled(result))))
        for number, table in aligned:
            if number[at]:
                result = added(result, table[number[at]])
    return result


def negated(p):
    return (P - p[0], p[1], p[2], P - p[3])


def is_neutral(p):
    return p[0] % P == 0 and (p[1] - p[2]) % P == 0


def encoded(p):
    z = inverse(p[2])
    x, y = p[0] * z % P, p[1] * z % P
    return (y + (x % 2) * (1 << 255)).to_bytes(32, "little")


def decoded(data):
    """The point of 32 bytes, or None. As ZIP 215 has it: y may be P or more, and x = 0 may carry a sign."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number % (1 << 255) % P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * v * v * v % P * power(u * v * v * v * v * v * v * v % P, (P - 5) // 8) % P  # the root of u / v, if it has one
    if (v * x * x - u) % P != 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if (v * x * x - u) % P != 0:
        return None
    if x % 2 != sign:
        x = (P - x) % P
    return (x, y, 1, x * y % P)


BASE = decoded((4 * inverse(5) % P).to_bytes(32, "little"))
BASES = multiples(BASE)
KEYS = {}  # what was made of a key before: None, or multiples of minus its point
KEYS_MOST = 4096


def key_of(data):
    """None: no signature holds under it. Else multiples of minus its point."""
    if data not in KEYS:
        if len(KEYS) == KEYS_MOST:
            KEYS.clear()
        p = decoded(data)
        KEYS[data] = None if p is None or is_neutral(times(8, p)) else multiples(negated(p))
    return KEYS[data]


def hashed(*pieces):
    return int.from_bytes(hashlib.sha512(b"".join(pieces)).digest(), "little")


def expanded(seed):
    digest = hashlib.sha512(seed).digest()
    low = int.from_bytes(digest[:32], "little")
    return low % (1 << 254) // 8 * 8 + (1 << 254), digest[32:]


def public_key(seed):
    return encoded(sum_of([(digits(expanded(seed)[0]), BASES)]))


def sign(seed, message):
    scalar, prefix = expanded(seed)
    r = hashed(prefix, message) % ORDER
    return sign_as(scalar, public_key(seed), r, encoded(sum_of([(digits(r), BASES)])), message)


def sign_as(scalar, key, r, point, message):
    """By this scalar and nonce, for a key and a nonce's point that may have parts of small order."""
    s = (r + hashed(point, key, message) * scalar) % ORDER
    return point + s.to_bytes(32, "little")


def holds(key, message, signature):
    """No signature holds under a key whose order divides 8: anybody could make one."""
    key_multiples, r = key_of(key), decoded(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key_multiples is None or r is None or s >= ORDER:
        return False
    k = hashed(signature[:32], key, message) % ORDER
    found = sum_of([(digits(s), BASES), (digits(k), key_multiples)])
    return is_neutral(doubled(doubled(doubled(added(found, negated(r))))))


def of_order_eight():
    y = 2
    while True:
        p = decoded(y.to_bytes(32, "little"))
        torsion = None if p is None else times(ORDER, p)
        if torsion is not None and not is_neutral(times(4, torsion)):
            return torsion
        y += 1


def small_order_encodings():
    """The fourteen strings that ZIP 215 reads as points of small order: eight canonical ones, then the others."""
    torsion = of_order_eight()
    canonical = sorted(encoded(times(i, torsion)) for i in range(8))
    sign = 1 << 255
    others = (1 + sign, P - 1 + sign, P, P + sign, P + 1, P + 1 + sign)
    return canonical + [other.to_bytes(32, "little") for other in others]


def rfc8032():
    """Tests 1 to 3 of its section 7.1, and that the strings above are what they are said to be."""
    known = (
        ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    )  # fmt: skip
    for seed, key, message, signature in known:
        seed, message = bytes.fromhex(seed), bytes.fromhex(message)
        assert public_key(seed).hex() == key and sign(seed, message).hex() == signature
        assert holds(bytes.fromhex(key), message, bytes.fromhex(signature))
    strings = small_order_encodings()
    assert len(set(strings)) == 14
    assert all(is_neutral(times(8, decoded(string))) for string in strings)
