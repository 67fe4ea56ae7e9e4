//! Frequencies against `spec/vectors/rope_freqs.json`, which the oracle recomputes; and the limits.

use import::dyadic::{Dyadic, F32Bits, F64Bits};
use import::rope::{Factors, RopeError, frequencies};
use serde_json::Value;

const VECTORS: &str = include_str!("../../../../spec/vectors/rope_freqs.json");

fn hex(text: &Value) -> u64 {
    u64::from_str_radix(text.as_str().unwrap(), 16).unwrap()
}

fn number(bits: &Value) -> Dyadic {
    F32Bits(u32::try_from(hex(bits)).unwrap()).decode().unwrap()
}

#[test]
fn every_vector_matches() {
    let cases: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    assert!(cases.len() >= 14);
    for case in &cases {
        let factors: Vec<Dyadic> =
            case["factors_f32"].as_array().unwrap().iter().map(number).collect();
        let dimension = u32::try_from(case["dimension"].as_u64().unwrap()).unwrap();
        let factors = if let [one] = factors[..] {
            Factors::Uniform(one)
        } else {
            Factors::PerPair(&factors)
        };
        let expected: Vec<u64> = case["frequencies"].as_array().unwrap().iter().map(hex).collect();
        let found = frequencies(number(&case["base_f32"]), dimension, factors).unwrap();
        assert_eq!(found, expected, "base {} dimension {dimension}", case["base_f32"]);
    }
}

#[test]
fn roots_that_are_exact_are_found() {
    // base^(1/2) = 1.5 and 4: bisection meets them exactly. 2^64 / 2π / 1.5 and / 4.
    let base = F32Bits(0x4010_0000).decode().unwrap();
    let one = Factors::Uniform(Dyadic::ONE);
    let turn = 0x28be_60db_9391_054a_u64;
    let found = frequencies(base, 4, one).unwrap();
    assert_eq!(found[0], turn);
    assert!((found[1] * 3).abs_diff(turn * 2) <= 3, "{found:?}");
    assert_eq!(frequencies(Dyadic::from_integer(16), 4, one).unwrap()[1], turn / 4);
}

#[test]
fn limits() {
    let one = Factors::Uniform(Dyadic::ONE);
    let base = Dyadic::from_integer(10_000);
    for dimension in [0, 1, 63, 1026] {
        assert_eq!(
            frequencies(base, dimension, one),
            Err(RopeError::Dimension { found: dimension })
        );
    }
    let half = F64Bits(0x3fe0_0000_0000_0000).decode().unwrap();
    let minus_two = F64Bits(0xc000_0000_0000_0000).decode().unwrap();
    for bad in [Dyadic::ZERO, half, minus_two, Dyadic::from_integer((1 << 40) + 1)] {
        assert_eq!(frequencies(bad, 64, one), Err(RopeError::Base), "{bad:?}");
    }
    for bad in [Dyadic::ZERO, minus_two, Dyadic::from_integer(1 << 33)] {
        let found = frequencies(base, 64, Factors::Uniform(bad));
        assert_eq!(found, Err(RopeError::Factor { index: 0 }), "{bad:?}");
    }
    assert!(frequencies(Dyadic::from_integer(1 << 40), 64, one).is_ok());
    let few = frequencies(base, 64, Factors::PerPair(&[Dyadic::ONE; 31]));
    assert_eq!(few, Err(RopeError::FactorCount { found: 31, expected: 32 }));
    // 1/(2π * 1/8) is more than a turn.
    let eighth = F64Bits(0x3fc0_0000_0000_0000).decode().unwrap();
    let turns = frequencies(base, 64, Factors::Uniform(eighth));
    assert_eq!(turns, Err(RopeError::WholeTurn { index: 0 }));
}
