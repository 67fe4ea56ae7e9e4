//! A row as the direction it points in: an embedding (`spec/receipt.md` section 12).

/// Fractional bits of the squares: twice those of an entry.
const SQUARE_FRAC: u32 = 48;
/// Fractional bits of an entry: every one is exactly a binary32.
pub const UNIT_VECTOR_FRAC: u32 = SQUARE_FRAC / 2;

/// The row brought to length 1: entries of [`UNIT_VECTOR_FRAC`] fractional bits, each rounded towards 0, so that none
/// is above 1 in magnitude. A row of zeros stays one.
#[must_use]
pub fn unit_vector(row: &[i32]) -> Vec<i32> {
    let squares = super::sum_of_squares(row);
    row.iter().map(|entry| unit_entry(*entry, squares)).collect()
}

fn unit_entry(entry: i32, squares: u128) -> i32 {
    let square = u128::from(entry.unsigned_abs()).pow(2) << SQUARE_FRAC;
    // At most 2^48, for the square is one of those summed.
    let share = square.checked_div(squares).unwrap_or(0);
    let magnitude = u64::try_from(share).expect("a share is at most 1").isqrt();
    let magnitude = i32::try_from(magnitude).expect("the root of 2^48 at most");
    if entry < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_at_the_limits() {
        let one = 1 << UNIT_VECTOR_FRAC;
        assert_eq!(unit_vector(&[]), []);
        assert_eq!(unit_vector(&[0, 0]), [0, 0]);
        assert_eq!(unit_vector(&[-7]), [-one]);
        assert_eq!(unit_vector(&[i32::MIN, 0]), [-one, 0]);
        assert_eq!(unit_vector(&[3, -4]), [10_066_329, -13_421_772]);
        let widest = vec![(1 << 30) - 1; 1 << 17];
        // 2^24 / sqrt(2^17), rounded down.
        assert!(unit_vector(&widest).iter().all(|entry| *entry == 46_340));
        let mut least = widest;
        least[0] = 1;
        assert_eq!(unit_vector(&least)[0], 0);
    }
}
