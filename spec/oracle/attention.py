"""arithmetic.md 4.6 and, where there is a cap, 4.13: one query row of every head over the stored key and value rows."""

import constants as c
import ops
from exact import Refused, check_frac, rs, stored
from functions import exp2


def check(a):
    check_frac(a["frac_q"], a["frac_k"], a["frac_v"], a["frac_out"])
    if a["width"] % c.BLOCK != 0 or not 0 < a["width"] <= c.HEAD_WIDTH_MAX:
        raise Refused("HeadWidth")
    if a["kv_heads"] < 1 or a["heads"] % a["kv_heads"] != 0:
        raise Refused("Heads")
    if not 1 << 14 <= a["scale_mantissa"] < 1 << 15:
        raise Refused("Scale")
    if not 0 < a["context"] <= c.CONTEXT_MAX or a["position"] >= a["context"]:
        raise Refused("Context")
    if "cap" in a:
        ops.check_cap(a["cap"])


def attention(a, q, k, v):
    """q: per head (ints, m, s); k, v: per KV head and position (ints, m, s). Per head (m, E, Dn, out)."""
    check(a)
    p, w = a["position"], a["window"]
    first = max(0, p + 1 - w) if w > 0 else 0
    found = []
    for h in range(a["heads"]):
        g = h * a["kv_heads"] // a["heads"]
        found.append(one_head(a, q[h], k[g], v[g], range(first, p + 1)))
    return found


def one_head(a, query, keys, values, positions):
    q, qm, qs = query
    big_a = qm * a["scale_mantissa"]
    ga = big_a.bit_length() - 15
    assert ga >= 0
    a15 = big_a >> ga
    cs = max(0, (a["width"] * 127 * 127).bit_length() - 15)
    scores = []
    for t in positions:
        kt, km, ks = keys[t]
        dot = sum(x * y for x, y in zip(q, kt, strict=True))
        d = rs(dot, cs)
        assert abs(d) <= 1 << 15
        b = (a15 * km + 128) >> 8
        sh = a["frac_q"] + a["frac_k"] - (cs + 8 + ga + a["scale_exponent"] + qs + ks) - 16
        scores.append(stored(rs(d * b, sh)))
    if "cap" in a:
        scores = ops.soft_cap(scores, a["cap"])
    m = max(scores)
    e = max(values[t][2] for t in positions)
    dn, n = 0, [0] * a["width"]
    for score, t in zip(scores, positions, strict=True):
        vt, vm, vs = values[t]
        big_p = exp2(m - score)
        dn += big_p
        small_p = rs(big_p * vm, 8 + e - vs)
        assert 0 <= small_p < 1 << 15
        n = [total + small_p * x for total, x in zip(n, vt, strict=True)]
    r = (1 << 47) // dn
    assert all(abs(x) * r < 1 << 56 for x in n)
    out = [stored(rs(x * r, 39 - e + a["frac_v"] - a["frac_out"])) for x in n]
    return m, e, dn, out
