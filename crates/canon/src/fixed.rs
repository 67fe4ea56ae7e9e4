//! Rounding shifts and the limit of fixed rows (`spec/arithmetic.md` section 1).
//!
//! Never saturates and never wraps: a value that does not fit is an [`Overflow`], which the caller
//! turns into the specified outcome `fault(position, op)`.

/// Every entry of a fixed row is smaller than this in magnitude.
pub const LIMIT: i64 = 1 << 30;

/// A value that a rule must store in a fixed row does not fit there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl core::fmt::Display for Overflow {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a value of a fixed row reached 2^30 in magnitude")
    }
}

impl core::error::Error for Overflow {}

/// The rounding shift `rs(x, n)`, exact for every `n`; left shifts stop at the widest integer.
///
/// A left shift that leaves `i128` gives a value of the right sign beyond every limit.
#[must_use]
pub fn rs(x: i128, n: i32) -> i128 {
    if n >= 127 {
        // |x| < 2^126 for every caller, so the quotient is 0 or, for halves, still 0.
        return 0;
    }
    if n >= 1 {
        return (x + (1_i128 << (n - 1))) >> n;
    }
    let left = n.unsigned_abs();
    if x == 0 {
        0
    } else if left < x.unsigned_abs().leading_zeros().saturating_sub(1) {
        x << left
    } else if x > 0 {
        i128::MAX
    } else {
        i128::MIN
    }
}

/// The value as an entry of a fixed row.
///
/// # Errors
/// [`Overflow`] where it is not smaller than [`LIMIT`] in magnitude.
pub fn fit(value: i128) -> Result<i32, Overflow> {
    if value.unsigned_abs() < LIMIT as u128 { Ok(value as i32) } else { Err(Overflow) }
}

/// The sum of a matmul brought into a fixed row: `rs(acc, n)`, for |acc| < 2^60.
///
/// # Errors
/// [`Overflow`] where the result is not smaller than [`LIMIT`] in magnitude.
#[inline]
pub fn finish(acc: i64, n: i32) -> Result<i32, Overflow> {
    debug_assert!(acc.unsigned_abs() < 1 << 61);
    let value = match n {
        63.. => 0,
        1..=62 => (acc + (1_i64 << (n - 1))) >> n,
        -30..=0 if acc.unsigned_abs() < LIMIT as u64 => acc << n.unsigned_abs(),
        _ if acc == 0 => 0,
        _ => return Err(Overflow),
    };
    if value.unsigned_abs() < LIMIT as u64 { Ok(value as i32) } else { Err(Overflow) }
}

/// The least `s >= 0` with `rs(max, s) <= bound`.
#[inline]
#[must_use]
pub fn least_shift(max: u32, bound: u32) -> u32 {
    debug_assert!(max < 1 << 31 && bound >= 1);
    let mut shift =
        (u32::BITS - max.leading_zeros()).saturating_sub(u32::BITS - bound.leading_zeros());
    while rs_u32(max, shift) > bound {
        shift += 1;
    }
    shift
}

/// `rs` of a non-negative value below 2^31.
#[inline]
#[must_use]
pub fn rs_u32(x: u32, n: u32) -> u32 {
    if n == 0 { x } else { (x + (1 << (n - 1))) >> n }
}

/// The greatest magnitude of a row.
#[inline]
#[must_use]
pub fn greatest(row: &[i32]) -> u32 {
    row.iter().map(|v| v.unsigned_abs()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_towards_plus_infinity() {
        for (x, n, want) in
            [(3, 1, 2), (-3, 1, -1), (5, 0, 5), (5, -3, 40), (1, 200, 0), (-1, 126, 0), (-6, 2, -1)]
        {
            assert_eq!(rs(x, n), want, "rs({x}, {n})");
        }
    }

    #[test]
    fn finish_is_rs_with_the_limit() {
        let accs = [0, 1, -1, 5, -6, LIMIT - 1, LIMIT, -LIMIT, (1 << 60) - 1, -(1 << 60) + 1];
        for acc in accs {
            for n in -80..=80 {
                assert_eq!(finish(acc, n), fit(rs(i128::from(acc), n)), "finish({acc}, {n})");
            }
        }
    }

    #[test]
    fn least_shift_is_least() {
        for max in [0, 1, 64_516, 64_517, 129_032, 129_033, (1 << 30) - 1] {
            let s = least_shift(max, 64_516);
            assert!(rs_u32(max, s) <= 64_516);
            assert!(s == 0 || rs_u32(max, s - 1) > 64_516);
        }
    }
}
