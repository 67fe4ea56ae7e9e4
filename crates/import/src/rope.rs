//! RoPE frequencies: 64-bit fractions of a turn per position, by one exact rule.
//!
//! `freq_i = floor(2^64 / (2π * base^(2i/d) * factor_i))` for `i < d/2`, the floor of the *real* number. Whoever follows
//! the rule gets the same integers, by whatever method; here it is interval arithmetic on big integers.
//!
//! It never rounds to nearest and never guesses: a bound is taken below and above, and where the two floors differ the
//! precision doubles. This ends, for `base` and `factor` are rational, so `base^(2i/d) * factor` is algebraic and not
//! zero, and an algebraic multiple of π is no rational number: the quotient is never an integer.
//!
//! Failure: a dimension, base or factor outside the limits below, or a frequency of a whole turn or more.

use crate::dyadic::Dyadic;
use num_bigint::BigUint;
use thiserror::Error;

/// The most entries of a head that are rotated.
pub const MAX_DIMENSION: u32 = 1024;
/// The base lies in `1 ..= 2^40`.
pub const MAX_BASE_LOG2: i32 = 40;
/// A factor lies in `2^-32 ..= 2^32`.
pub const MAX_FACTOR_LOG2: i32 = 32;

/// Enough in practice: a floor stays undecided with probability about `2^-110`.
pub(crate) const FIRST_PRECISION_BITS: u64 = 192;
/// Never reached by the argument above; named because every loop has a limit.
pub(crate) const MAX_PRECISION_BITS: u64 = 192 << 5;

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RopeError {
    #[error("the rotated dimension is {found}; it must be even and in 2..={MAX_DIMENSION}")]
    Dimension { found: u32 },
    #[error("the frequency base is outside 1..=2^{MAX_BASE_LOG2}")]
    Base,
    #[error("frequency factor {index} is outside 2^-{MAX_FACTOR_LOG2}..=2^{MAX_FACTOR_LOG2}")]
    Factor { index: usize },
    #[error("the scaling of frequencies is outside 2^-{MAX_FACTOR_LOG2}..=2^{MAX_FACTOR_LOG2}")]
    Scale,
    #[error("there are {found} frequency factors; {expected} are needed, one per pair")]
    FactorCount { found: usize, expected: u32 },
    #[error("frequency {index} is a whole turn or more per position")]
    WholeTurn { index: usize },
    #[error("frequency {index} is not decided with {MAX_PRECISION_BITS} bits")]
    Undecided { index: usize },
    #[error("yarn's {what} must be {wanted}")]
    Yarn { what: &'static str, wanted: &'static str },
    #[error("llama3's {what} must be {wanted}")]
    Llama3 { what: &'static str, wanted: &'static str },
}

/// The frequencies of the `dimension / 2` pairs, all divided by `scale` and, where there are factors (as in Llama 3's
/// `rope_freqs.weight`), each by its own.
pub fn frequencies(
    base: Dyadic,
    dimension: u32,
    scale: Dyadic,
    factors: Option<&[Dyadic]>,
) -> Result<Vec<u64>, RopeError> {
    let pairs = checked_pairs(dimension)?;
    check_base(base)?;
    check_factors(scale, factors, pairs)?;
    decided(|precision| table(base, pairs, (scale, factors), precision))
}

/// What comes out once the precision suffices.
pub(crate) fn decided<T>(attempt: impl Fn(u64) -> Result<T, RopeError>) -> Result<T, RopeError> {
    let mut precision = FIRST_PRECISION_BITS;
    loop {
        match attempt(precision) {
            Err(RopeError::Undecided { .. }) if precision < MAX_PRECISION_BITS => precision *= 2,
            decided => return decided,
        }
    }
}

/// A real number between two multiples of `2^-precision`, both included.
pub(crate) struct Interval {
    pub(crate) low: BigUint,
    pub(crate) high: BigUint,
}

pub(crate) fn checked_pairs(dimension: u32) -> Result<u32, RopeError> {
    if dimension == 0 || dimension % 2 == 1 || dimension > MAX_DIMENSION {
        return Err(RopeError::Dimension { found: dimension });
    }
    Ok(dimension / 2)
}

pub(crate) fn check_base(base: Dyadic) -> Result<(), RopeError> {
    let limit = Dyadic::from_integer(1 << MAX_BASE_LOG2);
    match base.floor_log2() {
        Some(0..MAX_BASE_LOG2) if !base.negative() => Ok(()),
        _ if base == limit => Ok(()),
        _ => Err(RopeError::Base),
    }
}

fn check_factors(scale: Dyadic, factors: Option<&[Dyadic]>, pairs: u32) -> Result<(), RopeError> {
    if let Some(list) = factors
        && u32::try_from(list.len()) != Ok(pairs)
    {
        return Err(RopeError::FactorCount { found: list.len(), expected: pairs });
    }
    let limit = Dyadic::from_integer(1 << MAX_FACTOR_LOG2);
    let inside = |factor: &Dyadic| {
        !factor.negative()
            && (*factor == limit
                || factor
                    .floor_log2()
                    .is_some_and(|log2| (-MAX_FACTOR_LOG2..MAX_FACTOR_LOG2).contains(&log2)))
    };
    if !inside(&scale) {
        return Err(RopeError::Scale);
    }
    match factors.unwrap_or_default().iter().position(|factor| !inside(factor)) {
        Some(index) => Err(RopeError::Factor { index }),
        None => Ok(()),
    }
}

fn table(
    base: Dyadic,
    pairs: u32,
    (scale, factors): (Dyadic, Option<&[Dyadic]>),
    precision: u64,
) -> Result<Vec<u64>, RopeError> {
    let of_pair = |index: usize| factors.map_or(Dyadic::ONE, |list| list[index]);
    let list = divisors(base, pairs, pairs, precision);
    list.iter()
        .enumerate()
        .map(|(index, divisor)| frequency(divisor, [scale, of_pair(index)], precision, index))
        .collect()
}

/// `2π * base^(i/pairs)` for `i < count`, from one to the next by one multiplication.
pub(crate) fn divisors(base: Dyadic, pairs: u32, count: u32, precision: u64) -> Vec<Interval> {
    let ratio = root(base, pairs, precision);
    let next = |divisor: &Interval| Some(multiply(divisor, &ratio, precision));
    std::iter::successors(Some(two_pi(precision)), next).take(count as usize).collect()
}

/// `floor(2^64 / (divisor * factors))`, if both ends of the divisor agree on it.
fn frequency(
    divisor: &Interval,
    factors: [Dyadic; 2],
    precision: u64,
    index: usize,
) -> Result<u64, RopeError> {
    let [one, other] = factors;
    let exponent = one.exponent() + other.exponent();
    let magnitude = exponent.unsigned_abs();
    let (up, down) = if exponent < 0 { (magnitude, 0) } else { (0, magnitude) };
    let numerator = BigUint::from(1u8) << (64 + precision + u64::from(up));
    let quotient = |end: &BigUint| &numerator / ((end * one.mantissa() * other.mantissa()) << down);
    let (low, high) = (quotient(&divisor.high), quotient(&divisor.low));
    if low != high {
        return Err(RopeError::Undecided { index });
    }
    u64::try_from(low).map_err(|_| RopeError::WholeTurn { index })
}

/// The product of two non-negative intervals, rounded outwards.
fn multiply(a: &Interval, b: &Interval, precision: u64) -> Interval {
    Interval { low: (&a.low * &b.low) >> precision, high: ((&a.high * &b.high) >> precision) + 1u8 }
}

/// `base^(1/degree)`: the greatest candidate known to be at most it, and the least known to exceed it.
fn root(base: Dyadic, degree: u32, precision: u64) -> Interval {
    let target = fixed(base, precision);
    let base_log2 = base.floor_log2().expect("the base is at least 1");
    let whole_bits = u64::from(base_log2.unsigned_abs() / degree) + 1;
    let (floor, ceiling) =
        (BigUint::from(1u8) << precision, BigUint::from(1u8) << (precision + whole_bits));
    let power = |value: &BigUint, slack: u8| power(value, degree, precision, slack);
    Interval {
        low: bisect(floor.clone(), ceiling.clone(), |middle| power(middle, 1) > target).0,
        high: bisect(floor, ceiling, |middle| power(middle, 0) > target).1,
    }
}

/// Two neighbours, the first where `above` is false and the second where it is true, for a monotone `above`
/// (taken as false at `low` and true at `high`, where it is not asked).
fn bisect(
    mut low: BigUint,
    mut high: BigUint,
    above: impl Fn(&BigUint) -> bool,
) -> (BigUint, BigUint) {
    while &high - &low > BigUint::from(1u8) {
        let middle = (&low + &high) >> 1u8;
        if above(&middle) { high = middle } else { low = middle }
    }
    (low, high)
}

/// `value^exponent` (at least 1) by squaring: a lower bound with slack 0, an upper bound with slack 1.
fn power(value: &BigUint, exponent: u32, precision: u64, slack: u8) -> BigUint {
    let multiply = |a: &BigUint, b: &BigUint| ((a * b) >> precision) + slack;
    let mut result = value.clone();
    for bit in (0..exponent.ilog2()).rev() {
        result = multiply(&result, &result);
        if (exponent >> bit) & 1 == 1 {
            result = multiply(&result, value);
        }
    }
    result
}

/// A number of at least `2^-precision` granularity as a fixed-point integer, exactly.
fn fixed(value: Dyadic, precision: u64) -> BigUint {
    let shift = i64::from(value.exponent()) + i64::try_from(precision).expect("a few thousand");
    let shift = u64::try_from(shift).expect("a base of at least 1 has at most 63 fractional bits");
    BigUint::from(value.mantissa()) << shift
}

/// 2π by Machin's formula: `2π = 32 atan(1/5) - 8 atan(1/239)`.
fn two_pi(precision: u64) -> Interval {
    let (fifth, other) = (arctangent(5, precision), arctangent(239, precision));
    Interval {
        low: (fifth.low << 5u8) - (other.high << 3u8),
        high: (fifth.high << 5u8) - (other.low << 3u8),
    }
}

/// `atan(1/n)` by its alternating series, with a bound on what the divisions and the cut lose.
fn arctangent(n: u32, precision: u64) -> Interval {
    let mut power = (BigUint::from(1u8) << precision) / n;
    let (mut plus, mut minus) = (BigUint::ZERO, BigUint::ZERO);
    let mut terms = 0u32;
    while power != BigUint::ZERO {
        let term = &power / (2 * terms + 1);
        if terms.is_multiple_of(2) {
            plus += term
        } else {
            minus += term
        }
        power /= n * n;
        terms += 1;
    }
    // Every term lost less than 2 units of the last place, and the terms left out sum to less than 2.
    let slack = 2 * (terms + 1);
    let sum = plus - minus;
    Interval { low: &sum - slack, high: sum + slack }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASES_AND_PAIRS: [(u64, u32); 5] =
        [(10_000, 32), (500_000, 64), (16, 2), (3, 40), (1 << 40, 3)];

    #[test]
    fn products_round_outwards() {
        // 1.5 * 1.5 = 2.25, with one fractional bit.
        let number = || Interval { low: BigUint::from(3u8), high: BigUint::from(3u8) };
        let product = multiply(&number(), &number(), 1);
        assert_eq!((product.low, product.high), (4u8.into(), 5u8.into()));
        assert_eq!(power(&number().low, 2, 1, 0), 4u8.into());
        assert_eq!(power(&number().low, 2, 1, 1), 5u8.into());
    }

    #[test]
    fn a_root_is_between_its_bounds() {
        for (base, degree) in BASES_AND_PAIRS {
            for precision in [16, 61, 192] {
                let bounds = root(Dyadic::from_integer(base), degree, precision);
                let scaled = BigUint::from(base) << (precision * u64::from(degree));
                assert!(bounds.low.pow(degree) <= scaled, "{base} {degree} {precision}");
                assert!(bounds.high.pow(degree) > scaled, "{base} {degree} {precision}");
            }
        }
    }

    /// Whatever the precision, the bounds hold the real number, so they hold better bounds.
    #[test]
    fn bounds_hold_better_bounds() {
        for (base, pairs) in BASES_AND_PAIRS {
            let base = Dyadic::from_integer(base);
            let better = divisors(base, pairs, pairs, FIRST_PRECISION_BITS);
            for precision in 16..100 {
                let shift = FIRST_PRECISION_BITS - precision;
                for (worse, better) in divisors(base, pairs, pairs, precision).iter().zip(&better) {
                    assert!(&worse.low << shift <= better.low, "{precision} bits");
                    assert!(&worse.high << shift >= better.high, "{precision} bits");
                }
            }
        }
    }

    /// With too few bits a floor may stay undecided, but it is never wrong: the bounds hold.
    #[test]
    fn few_bits_never_give_a_wrong_floor() {
        let (mut decided, mut undecided) = (0, 0);
        for (base, pairs) in BASES_AND_PAIRS {
            let base = Dyadic::from_integer(base);
            let one = (Dyadic::ONE, None);
            let exact = table(base, pairs, one, FIRST_PRECISION_BITS).unwrap();
            for precision in 16..160 {
                match table(base, pairs, one, precision) {
                    Ok(found) => {
                        assert_eq!(found, exact, "{precision} bits");
                        decided += 1;
                    }
                    Err(error) => {
                        assert!(matches!(error, RopeError::Undecided { .. }));
                        undecided += 1;
                    }
                }
            }
        }
        assert!(decided > 100 && undecided > 100, "{decided} {undecided}");
    }
}
