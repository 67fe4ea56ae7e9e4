//! Weights of logits by 64-bit products, many at a time (`spec/sampling.md` section 4).

use crate::functions::exp2_mantissa;
use crate::reference::inverse_temperature;

use super::Micro;

/// Stands for an id the mask does not allow: less than every logit, which are at least
/// -(2^31 - 1) after penalties.
pub(super) const MASKED: i32 = i32::MIN;
/// From so many octaves below the greatest on, a weight is 0.
pub(super) const OCTAVES: u32 = 32;
/// Logits whose maximum is kept, and which are summed at a time.
pub(super) const BLOCK: usize = 64;

/// What makes a weight of a logit.
#[derive(Clone, Copy)]
pub(super) struct Weigh {
    greatest: i32,
    inverse: u64,
    shift: u32,
    /// Logits further than this below the greatest have weight 0, or are masked.
    bound: u32,
}

impl Weigh {
    #[inline(always)]
    pub(super) fn new(greatest: i32, temperature: Micro, frac: u8) -> Self {
        let inverse = inverse_temperature(temperature);
        let shift = u32::from(frac) + 16;
        let mut weigh = Self { greatest, inverse, shift, bound: u32::MAX };
        weigh.bound = weigh.within(OCTAVES);
        weigh
    }

    /// The greatest difference to the greatest logit that stays within so many octaves.
    #[inline(always)]
    pub(super) fn within(&self, octaves: u32) -> u32 {
        let half = 1_u64 << (self.shift - 1);
        let most = ((u64::from(octaves) << (16 + self.shift)) - half - 1) / self.inverse;
        // A masked id differs by one more than the least logit there can be.
        let unmasked = self.greatest.abs_diff(MASKED) - 1;
        u32::try_from(most).unwrap_or(u32::MAX).min(unmasked).min(self.bound)
    }

    /// The least logit within a difference that [`Self::within`] gave.
    #[inline(always)]
    pub(super) fn least(&self, difference: u32) -> i32 {
        self.greatest.wrapping_sub_unsigned(difference)
    }

    /// The least logit of positive weight.
    #[inline(always)]
    pub(super) fn least_positive(&self) -> i32 {
        self.least(self.bound)
    }

    /// How far a logit is below the greatest.
    #[inline(always)]
    pub(super) fn difference(&self, logit: i32) -> u32 {
        self.greatest.wrapping_sub(logit).cast_unsigned()
    }

    /// This, with weight 0 for what is further below the greatest.
    #[inline(always)]
    pub(super) fn narrowed(mut self, difference: u32) -> Self {
        self.bound = self.bound.min(difference);
        self
    }

    /// The weight of a difference.
    #[inline(always)]
    fn weight(&self, difference: u32) -> u32 {
        // Beyond the bound the product may wrap, and the weight is 0 whatever it is.
        let product = u64::from(difference).wrapping_mul(self.inverse);
        let x = (product.wrapping_add(1 << (self.shift - 1)) >> self.shift) as u32;
        let weight = (exp2_mantissa(x & 0xffff) << 16) >> ((x >> 16) & 31);
        if difference <= self.bound { weight } else { 0 }
    }

    /// The weights of a block of differences.
    #[inline(always)]
    pub(super) fn weights(&self, differences: &[u32; BLOCK]) -> [u32; BLOCK] {
        let mut weights = [0; BLOCK];
        for (weight, difference) in weights.iter_mut().zip(differences) {
            *weight = self.weight(*difference);
        }
        weights
    }

    /// The sum of the weights, not below `least`, of at most [`BLOCK`] logits.
    #[inline(always)]
    pub(super) fn sum(&self, logits: &[i32], least: u32) -> u64 {
        let (mut low, mut high) = (0_u32, 0_u32);
        for logit in logits {
            let weight = self.weight(self.difference(*logit));
            let weight = if weight >= least { weight } else { 0 };
            low += weight & 0xffff;
            high += weight >> 16;
        }
        (u64::from(high) << 16) + u64::from(low)
    }

    /// Whether a logit is just within the bound.
    #[inline(always)]
    pub(super) fn at_bound(&self, logit: i32) -> bool {
        self.difference(logit) == self.bound
    }

    /// The weight of those just within the bound, where it is not below `least`.
    #[inline(always)]
    pub(super) fn at_bound_weight(&self, least: u32) -> u32 {
        Some(self.weight(self.bound)).filter(|weight| *weight >= least).unwrap_or(0)
    }

    /// Bits of a difference that a histogram of at most `2^digit` bins leaves undecided.
    #[inline(always)]
    pub(super) fn bits_beyond(&self, digit: u32) -> u32 {
        (u32::BITS - self.bound.leading_zeros()).saturating_sub(digit)
    }

    /// The weights, where they are not below `least`, of at most [`BLOCK`] logits; 0 elsewhere.
    #[inline(always)]
    pub(super) fn weights_of(&self, logits: &[i32], least: u32) -> [u32; BLOCK] {
        let mut differences = [u32::MAX; BLOCK];
        if let Ok(logits) = <&[i32; BLOCK]>::try_from(logits) {
            for i in 0..BLOCK {
                differences[i] = self.difference(logits[i]);
            }
        } else {
            // The row's end: what is missing counts as masked.
            differences.fill(self.difference(MASKED));
            for (difference, logit) in differences.iter_mut().zip(logits) {
                *difference = self.difference(*logit);
            }
        }
        let mut weights = self.weights(&differences);
        for weight in &mut weights {
            *weight = if *weight >= least { *weight } else { 0 };
        }
        weights
    }
}

/// The sum of a block of weights.
#[inline(always)]
pub(super) fn sum(weights: &[u32; BLOCK]) -> u64 {
    let (mut low, mut high) = (0_u32, 0_u32);
    for weight in weights {
        low += weight & 0xffff;
        high += weight >> 16;
    }
    (u64::from(high) << 16) + u64::from(low)
}
