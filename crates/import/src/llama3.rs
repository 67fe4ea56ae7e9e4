//! Llama 3.1's frequencies: those of slow pairs are divided, by one exact rule.
//!
//! With `D_i = 2π * base^(2i/d)`, c the trained context, s the factor, l and h the low and the high factor, and
//! `t_i = c / D_i`, how often pair i turns within the trained context:
//!
//! ```text
//! freq_i = floor(2^64 / D_i)                                             where t_i >= h
//! freq_i = floor(2^64 / (D_i * s))                                       where t_i <= l
//! freq_i = floor(2^64 * ((h - t_i) / s + (t_i - l)) / ((h - l) * D_i))   between
//! ```
//!
//! the floor of the *real* number, as in [`crate::rope`], which has the argument that it is always decided. Depends on
//! nothing but the header. GGUF files have the quotients of these and the unscaled frequencies instead, as binary32.
//!
//! Failure: a [`RopeError`] that names what is outside its limits.

use num_bigint::BigUint;

use crate::dyadic::Dyadic;
use crate::rope::{
    Interval, MAX_FACTOR_LOG2, RopeError, check_base, checked_pairs, decided, divisors,
};

/// What a `config.json` says of it.
#[derive(Clone, Copy, Debug)]
pub struct Llama3 {
    /// What slow pairs are divided by: `1 .. 2^32`.
    pub factor: Dyadic,
    /// Pairs that turn at most so often within the trained context are slow.
    pub low: Dyadic,
    /// Pairs that turn at least so often stay as they are.
    pub high: Dyadic,
    /// Positions of the trained context.
    pub context: u32,
}

/// The three numbers as integers: `factor = s / 2^down`, the others times `2^shift`.
struct Scaled {
    factor: BigUint,
    down: u64,
    low: BigUint,
    high: BigUint,
    shift: u64,
    context: BigUint,
}

/// The frequencies of the `dimension / 2` pairs.
pub fn frequencies(base: Dyadic, dimension: u32, rule: &Llama3) -> Result<Vec<u64>, RopeError> {
    let pairs = checked_pairs(dimension)?;
    check_base(base)?;
    let scaled = rule.scaled()?;
    decided(|precision| {
        let list = divisors(base, pairs, pairs, precision);
        let ends = |(index, divisor): (usize, &Interval)| {
            let low = scaled.frequency(&divisor.high, precision);
            let high = scaled.frequency(&divisor.low, precision);
            if low != high {
                return Err(RopeError::Undecided { index });
            }
            u64::try_from(low).map_err(|_| RopeError::WholeTurn { index })
        };
        list.iter().enumerate().map(ends).collect()
    })
}

impl Llama3 {
    fn scaled(&self) -> Result<Scaled, RopeError> {
        let wanted = |what, wanted| Err(RopeError::Llama3 { what, wanted });
        let log2 = |number: Dyadic| number.floor_log2().filter(|_| !number.negative());
        if !log2(self.factor).is_some_and(|log2| (0..MAX_FACTOR_LOG2).contains(&log2)) {
            return wanted("factor", "in 1..2^32");
        }
        let inside = |number| log2(number).is_some_and(|log2| log2.abs() < MAX_FACTOR_LOG2);
        if !inside(self.low) || !inside(self.high) {
            return wanted("low and high factors", "in 2^-31..2^32");
        }
        if self.context == 0 {
            return wanted("trained context", "at least 1");
        }
        let (low, high) = (self.low, self.high);
        // Not above 0, so that it shifts to the left only.
        let common = low.exponent().min(high.exponent()).min(0);
        let whole = |number: Dyadic, common: i32| {
            BigUint::from(number.mantissa()) << (number.exponent() - common).unsigned_abs()
        };
        let (low, high) = (whole(low, common), whole(high, common));
        if low >= high {
            return wanted("low and high factors", "different, the high one the greater");
        }
        let least = self.factor.exponent().min(0);
        Ok(Scaled {
            factor: whole(self.factor, least),
            down: least.unsigned_abs().into(),
            low,
            high,
            shift: common.unsigned_abs().into(),
            context: self.context.into(),
        })
    }
}

impl Scaled {
    /// The floor for `D = divisor / 2^precision`. It never grows with the divisor.
    fn frequency(&self, divisor: &BigUint, precision: u64) -> BigUint {
        let turn = BigUint::from(1u8) << (64 + precision);
        let turns = &self.context << (self.shift + precision);
        let (high, low) = (&self.high * divisor, &self.low * divisor);
        if turns >= high {
            return turn / divisor;
        }
        if turns <= low {
            return (turn << self.down) / (divisor * &self.factor);
        }
        // Both differences are times 2^(shift + precision) and D, the first times 2^down besides.
        let weight = ((high - &turns) << self.down) + (turns - low) * &self.factor;
        let span = (&self.high - &self.low) * divisor * divisor * &self.factor;
        (weight << (64 + precision)) / span
    }
}
