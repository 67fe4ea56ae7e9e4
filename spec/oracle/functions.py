"""arithmetic.md section 5: exp2, recip, sine and cosine of a turn."""

from exact import mh, rs


def e_of(f):
    return 65535 - mh(f, 45390 - mh(f, 15541 - mh(f, 3241 - mh(f, 323))))


def exp2(x):
    n, f = x >> 16, x % 65536
    if n > 16:
        return 0
    return (e_of(f) + (1 << n)) >> (n + 1)


def exp2u(x):
    n, f = x >> 16, x % 65536
    if n > 16:
        return 0
    return e_of(f) >> n


def recip(e):
    r0 = 32711 - mh(e, 30894 - mh(e, 21807 - mh(e, 7269)))
    t = ((65536 + e) * r0 + (1 << 15)) >> 16
    return (r0 * (65536 - t) + (1 << 14)) >> 15


def mr(x, y):
    return rs(x * y, 30)


def sincos(a):
    """(sin, cos) with 30 fractional bits of a, a 64-bit fraction of a turn."""
    a32 = ((a + (1 << 31)) % (1 << 64)) >> 32
    o = ((a32 + (1 << 29)) % (1 << 32)) >> 30
    b = a32 - o * (1 << 30)
    if b >= 1 << 31:  # the octant around zero seen from below
        b -= 1 << 32
    assert -(1 << 29) <= b < 1 << 29
    th = rs(b * 6746518852, 32)
    q = mr(th, th)
    s = th - mr(mr(th, q), 178956971 - mr(q, 8947849 - mr(q, 213044 - mr(q, 2959))))
    k = (1 << 30) - mr(q, 536870912 - mr(q, 44739243 - mr(q, 1491308 - mr(q, 26631 - mr(q, 296)))))
    return ((s, k), (k, -s), (-s, -k), (-k, s))[o]
