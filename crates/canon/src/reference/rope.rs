//! Rotary position embedding (section 4.4).

use crate::fixed::{Overflow, fit, rs};
use crate::functions::sin_cos;

/// Which entries of a head form a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// (2i, 2i + 1)
    Interleaved,
    /// (i, i + rotary / 2)
    Half,
}

impl Layout {
    /// The two indexes of pair i of `pairs`.
    #[must_use]
    pub const fn pair(self, i: usize, pairs: usize) -> (usize, usize) {
        match self {
            Self::Interleaved => (2 * i, 2 * i + 1),
            Self::Half => (i, i + pairs),
        }
    }
}

/// Rotates one head in place; `frequencies` are 64-bit fractions of a turn, one per pair.
///
/// # Errors
/// [`Overflow`] where an entry leaves the limit.
pub fn rope(
    head: &mut [i32],
    frequencies: &[u64],
    position: u32,
    layout: Layout,
) -> Result<(), Overflow> {
    for (i, frequency) in frequencies.iter().enumerate() {
        let (sin, cos) = sin_cos(u64::from(position).wrapping_mul(*frequency));
        let (a, b) = layout.pair(i, frequencies.len());
        let (x, y) = (i128::from(head[a]), i128::from(head[b]));
        let (sin, cos) = (i128::from(sin), i128::from(cos));
        head[a] = fit(rs(x * cos - y * sin, 30))?;
        head[b] = fit(rs(x * sin + y * cos, 30))?;
    }
    Ok(())
}
