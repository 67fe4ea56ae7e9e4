//! Mixtures of experts: which experts a row goes to, and what each is worth (sections 4.14 and 4.16).

use crate::fixed::rs;
use crate::functions::exp2u;

/// What the weights of the chosen experts are shares of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The sum over the chosen: their weights add up to about one.
    Chosen,
    /// The sum over all experts.
    All,
}

/// The ids of the `slots` greatest entries, the lower first of two that are equal; then their weights, with 16
/// fractional bits. At least one entry and one slot, at most as many slots as entries.
#[must_use]
pub fn route(row: &[i32], frac: u8, slots: usize, over: Over) -> Vec<i32> {
    let mut ids: Vec<usize> = (0..row.len()).collect();
    ids.sort_by_key(|id| (core::cmp::Reverse(row[*id]), *id));
    let most = row[ids[0]];
    let share = |id: &usize| u64::from(exp2u(apart(most, row[*id], frac)));
    let total: u64 = match over {
        Over::Chosen => ids[..slots].iter().map(share).sum(),
        Over::All => ids.iter().map(share).sum(),
    };
    let weight = |id: &usize| (((share(id) << 17) + total) / (2 * total)) as i32;
    let chosen = &ids[..slots];
    chosen.iter().map(|id| *id as i32).chain(chosen.iter().map(weight)).collect()
}

/// How far an entry is below the greatest, in log2 units with 16 fractional bits.
pub(crate) fn apart(most: i32, x: i32, frac: u8) -> u32 {
    let apart = (u64::from(most.abs_diff(x)) * 189_097) >> (frac + 1);
    // Beyond 32 bits nothing is left of exp2u, nor at their end.
    u32::try_from(apart).unwrap_or(u32::MAX)
}

/// One entry times a weight of [`route`], 0..=2^16; it never leaves the limit.
#[must_use]
pub fn weigh(x: i32, weight: i32) -> i32 {
    rs(i128::from(x) * i128::from(weight), 16) as i32
}
