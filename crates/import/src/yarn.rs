//! YaRN: frequencies between those of the trained context and those of a longer one, by one exact rule.
//!
//! With `D_i = 2π * base^(2i/d)`, c the trained context, s the factor, and the two betas:
//!
//! ```text
//! low    = the greatest i >= 0 with D_i * beta_fast <= c, or 0 where there is none
//! high   = the least i with D_i * beta_slow >= c, at most d - 1
//! y_i    = (i - low) / max(1, high - low), at least 0 and at most 1
//! freq_i = floor(2^64 * (y_i / s + 1 - y_i) / D_i)
//! growth = 1 + ln(s) / 10, by which rotated queries and keys are multiplied
//! ```
//!
//! the floor of the *real* number, as in [`crate::rope`], which has the argument that it is always decided: no `D_i` times
//! a rational number is rational. Depends on nothing but the header: the total length never enters.
//!
//! Failure: a [`RopeError`] that names what is outside its limits.

use std::cmp::Ordering;

use num_bigint::BigUint;

use crate::dyadic::Dyadic;
use crate::rope::{
    Interval, MAX_FACTOR_LOG2, RopeError, check_base, checked_pairs, decided, divisors,
};

/// Fractional bits of a squared growth.
pub const GROWTH_FRAC: u64 = 48;

/// What a header says of it.
#[derive(Clone, Copy, Debug)]
pub struct Yarn {
    /// How much longer the context is than the trained one: `1 ..= 2^32`.
    pub factor: Dyadic,
    /// Pairs that turn at least so often within the trained context stay as they are.
    pub beta_fast: Dyadic,
    /// Pairs that turn at most so often are divided by the factor.
    pub beta_slow: Dyadic,
    /// Positions of the trained context.
    pub context: u32,
}

/// The frequencies of the `dimension / 2` pairs.
pub fn frequencies(base: Dyadic, dimension: u32, yarn: &Yarn) -> Result<Vec<u64>, RopeError> {
    let pairs = checked_pairs(dimension)?;
    check_base(base)?;
    check_factor(yarn.factor)?;
    if base == Dyadic::ONE {
        return Err(RopeError::Yarn { what: "frequency base", wanted: "greater than 1" });
    }
    check_betas(yarn)?;
    decided(|precision| table(base, pairs, yarn, precision))
}

/// `floor(2^48 * growth^2)`: what a score of rotated rows is multiplied by.
pub fn growth_squared(factor: Dyadic) -> Result<u64, RopeError> {
    check_factor(factor)?;
    decided(|precision| {
        let logarithm = logarithm(factor, precision);
        let squared = |logarithm: &BigUint| {
            let growth = (BigUint::from(1u8) << precision) + logarithm / 10u8;
            (&growth * &growth) >> (2 * precision - GROWTH_FRAC)
        };
        // The lower bound of a tenth is its floor; the upper one is a unit more.
        let (low, high) = (squared(&logarithm.low), squared(&(logarithm.high + 10u8)));
        if low != high {
            return Err(RopeError::Undecided { index: 0 });
        }
        Ok(u64::try_from(low).expect("1 + ln(2^32) / 10 is below 4"))
    })
}

/// `floor(2^48 * ln(context) / ln(original))`: what longrope multiplies a score by where a context of `original` positions
/// was made `context` long. The floor of the real number; undecided where that is rational, but for powers of two.
pub fn longrope_squared(context: u32, original: u32) -> Result<u64, RopeError> {
    if original < 2 || context <= original {
        let wanted = "longer than an original one of at least 2";
        return Err(RopeError::Yarn { what: "context", wanted });
    }
    if context.is_power_of_two() && original.is_power_of_two() {
        return Ok((u64::from(context.ilog2()) << GROWTH_FRAC) / u64::from(original.ilog2()));
    }
    decided(|precision| {
        let ln = |number: u32| logarithm(Dyadic::from_integer(number.into()), precision);
        let (above, below) = (ln(context), ln(original));
        let quotient = |above: &BigUint, below: &BigUint| (above << GROWTH_FRAC) / below;
        let low = quotient(&above.low, &below.high);
        if low != quotient(&above.high, &below.low) {
            return Err(RopeError::Undecided { index: 0 });
        }
        Ok(u64::try_from(low).expect("ln(2^32) / ln(2) is 32"))
    })
}

fn check_factor(factor: Dyadic) -> Result<(), RopeError> {
    match factor.floor_log2() {
        Some(0..MAX_FACTOR_LOG2) if !factor.negative() => Ok(()),
        Some(_) | None => Err(RopeError::Yarn { what: "factor", wanted: "in 1..2^32" }),
    }
}

fn check_betas(yarn: &Yarn) -> Result<(), RopeError> {
    let inside = |beta: Dyadic| {
        let log2 = beta.floor_log2();
        !beta.negative() && log2.is_some_and(|log2| log2.abs() < MAX_FACTOR_LOG2)
    };
    let (fast, slow) = (yarn.beta_fast, yarn.beta_slow);
    if inside(fast) && inside(slow) && at_least(fast, slow) {
        return Ok(());
    }
    Err(RopeError::Yarn { what: "betas", wanted: "in 2^-31..2^32, the fast one not below" })
}

/// Whether the first of two positive numbers is not below the second.
fn at_least(one: Dyadic, other: Dyadic) -> bool {
    let common = one.exponent().min(other.exponent());
    let shifted = |x: Dyadic| BigUint::from(x.mantissa()) << (x.exponent() - common).unsigned_abs();
    shifted(one) >= shifted(other)
}

fn table(base: Dyadic, pairs: u32, yarn: &Yarn, precision: u64) -> Result<Vec<u64>, RopeError> {
    let list = divisors(base, pairs, 2 * pairs, precision);
    let (fast, slow) = (below(&list, yarn.beta_fast, yarn, precision)?, {
        below(&list, yarn.beta_slow, yarn, precision)?
    });
    if slow == 0 {
        let wanted = "long enough for a turn at the slow beta";
        return Err(RopeError::Yarn { what: "trained context", wanted });
    }
    let (low, high) = (fast.saturating_sub(1), slow.min(list.len() - 1));
    let span = (high - low).max(1);
    let of_pair = |(index, divisor): (usize, &Interval)| {
        let y = index.saturating_sub(low).min(span);
        frequency(divisor, (y, span), yarn.factor, precision, index)
    };
    list.iter().take(list.len() / 2).enumerate().map(of_pair).collect()
}

/// For how many `i`, from 0 on, `D_i * beta` is below the context.
fn below(list: &[Interval], beta: Dyadic, yarn: &Yarn, precision: u64) -> Result<usize, RopeError> {
    let (up, down) = sides(beta);
    let context = (BigUint::from(yarn.context) << precision) << down;
    for (index, divisor) in list.iter().enumerate() {
        let times = |end: &BigUint| (end * beta.mantissa()) << up;
        match (times(&divisor.low).cmp(&context), times(&divisor.high).cmp(&context)) {
            (_, Ordering::Less) => {}
            (Ordering::Greater, _) => return Ok(index),
            _ => return Err(RopeError::Undecided { index }),
        }
    }
    Ok(list.len())
}

/// A number's exponent as a shift of the one or of the other side.
fn sides(number: Dyadic) -> (u32, u32) {
    let magnitude = number.exponent().unsigned_abs();
    if number.exponent() < 0 { (0, magnitude) } else { (magnitude, 0) }
}

/// `floor(2^64 * (y / s + 1 - y) / divisor)` with y = `part / span`, if both ends of the divisor agree on it.
fn frequency(
    divisor: &Interval,
    (part, span): (usize, usize),
    factor: Dyadic,
    precision: u64,
    index: usize,
) -> Result<u64, RopeError> {
    let (up, down) = sides(factor);
    let scaled = BigUint::from(factor.mantissa()) << up;
    let weight = (BigUint::from(part) << down) + BigUint::from(span - part) * &scaled;
    let numerator = weight << (64 + precision);
    let quotient = |end: &BigUint| &numerator / (end * &scaled * span);
    let (low, high) = (quotient(&divisor.high), quotient(&divisor.low));
    if low != high {
        return Err(RopeError::Undecided { index });
    }
    u64::try_from(low).map_err(|_| RopeError::WholeTurn { index })
}

/// The natural logarithm of a number from 1 on.
fn logarithm(number: Dyadic, precision: u64) -> Interval {
    let log2 = number.floor_log2().expect("it is at least 1").unsigned_abs();
    let bits = u64::from(number.mantissa().ilog2());
    // number = 2^log2 * mantissa / 2^bits, and ln(x) = 2 artanh((x - 1) / (x + 1)).
    let (whole, mantissa) = (BigUint::from(1u8) << bits, BigUint::from(number.mantissa()));
    let rest = artanh(&mantissa - &whole, &mantissa + &whole, precision);
    let third = artanh(1u8.into(), 3u8.into(), precision);
    let sum = |third: BigUint, rest: BigUint| (third * log2 + rest) << 1u8;
    Interval { low: sum(third.low, rest.low), high: sum(third.high, rest.high) }
}

/// `artanh(a / b)` for `0 <= a / b <= 1/3` by its series, with a bound on what the divisions and the cut lose.
fn artanh(a: BigUint, b: BigUint, precision: u64) -> Interval {
    let (squared, divisor) = (&a * &a, &b * &b);
    let mut power = (a << precision) / b;
    let (mut low, mut terms) = (BigUint::ZERO, 0u32);
    while power != BigUint::ZERO {
        low += &power / (2 * terms + 1);
        power = power * &squared / &divisor;
        terms += 1;
    }
    // Powers are below the true ones by less than 2 units, terms by less than 3, and those left out sum to less than 2.
    let slack = 3 * terms + 2;
    Interval { high: &low + slack, low }
}
