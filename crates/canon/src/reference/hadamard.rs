//! The Hadamard transform of blocks (section 4.9).

use crate::fixed::{Overflow, fit, rs};

/// One block of 2^m entries: `rs(sum over k of (-1)^popcount(i & k) * x_k, floor(m / 2))`.
///
/// # Errors
/// [`Overflow`] where an entry leaves the limit.
pub fn hadamard(block: &[i32]) -> Result<Vec<i32>, Overflow> {
    let shift = block.len().trailing_zeros() / 2;
    let entry = |i: usize| {
        let sign = |k: usize| if (i & k).count_ones().is_multiple_of(2) { 1 } else { -1 };
        let sum = block.iter().enumerate().map(|(k, x)| sign(k) * i128::from(*x)).sum();
        fit(rs(sum, shift as i32))
    };
    (0..block.len()).map(entry).collect()
}
