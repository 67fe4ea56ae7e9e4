//! The scalar functions of `spec/arithmetic.md` section 5: exp2, reciprocal, sine and cosine.
//!
//! Fixed integer polynomials; never a table built at run time, never a float.

/// `mh(a, b) = floor(a * b / 2^16)` for 16-bit operands.
#[inline]
#[must_use]
pub const fn mh(a: u32, b: u32) -> u32 {
    (a * b) >> 16
}

/// `E(f)`: about `2^16 * 2^(-f / 2^16)`, for `f < 2^16`.
#[inline]
#[must_use]
pub const fn exp2_mantissa(f: u32) -> u32 {
    65535 - mh(f, 45390 - mh(f, 15541 - mh(f, 3241 - mh(f, 323))))
}

/// `2^15 * 2^(-x / 2^16)`, rounded as the spec says; 0 from n = 17 on.
#[inline]
#[must_use]
pub const fn exp2(x: u32) -> u32 {
    let n = x >> 16;
    if n > 16 { 0 } else { (exp2_mantissa(x & 0xffff) + (1 << n)) >> (n + 1) }
}

/// `2^16 * 2^(-x / 2^16)`, truncated, at most 65535.
#[inline]
#[must_use]
pub const fn exp2u(x: u32) -> u32 {
    let n = x >> 16;
    if n > 16 { 0 } else { exp2_mantissa(x & 0xffff) >> n }
}

/// About `2^31 / (2^16 + e)` for `e < 2^16`.
#[inline]
#[must_use]
pub const fn recip(e: u32) -> u32 {
    let r0 = 32711 - mh(e, 30894 - mh(e, 21807 - mh(e, 7269)));
    let t = ((65536 + e) * r0 + (1 << 15)) >> 16;
    (r0 * (65536 - t) + (1 << 14)) >> 15
}

/// `nr(2^bits / n)` for `n >= 1` and `bits <= 30`: `R[n]` with 21 bits, `H[n]` with 22.
#[inline]
#[must_use]
pub const fn reciprocal(bits: u32, n: u32) -> u32 {
    ((2 << bits) + n) / (2 * n)
}

/// Sine and cosine, with 30 fractional bits, of a 64-bit fraction of a turn.
#[must_use]
pub const fn sin_cos(turn: u64) -> (i32, i32) {
    const fn mr(x: i64, y: i64) -> i64 {
        (x * y + (1 << 29)) >> 30
    }
    let a32 = (turn.wrapping_add(1 << 31) >> 32) as u32;
    let quarter = a32.wrapping_add(1 << 29) >> 30;
    let offset = a32.wrapping_sub(quarter << 30) as i32;
    let th = (offset as i64 * 6_746_518_852 + (1 << 31)) >> 32;
    let q = mr(th, th);
    let inner = mr(q, 8_947_849 - mr(q, 213_044 - mr(q, 2_959)));
    let s = (th - mr(mr(th, q), 178_956_971 - inner)) as i32;
    let inner = mr(q, 44_739_243 - mr(q, 1_491_308 - mr(q, 26_631 - mr(q, 296))));
    let c = ((1 << 30) - mr(q, 536_870_912 - inner)) as i32;
    match quarter {
        0 => (s, c),
        1 => (c, -s),
        2 => (-s, -c),
        _ => (-c, s),
    }
}
