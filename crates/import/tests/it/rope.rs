//! Frequencies against `spec/vectors/rope_freqs.json`, which the oracle recomputes; and the limits.

use import::dyadic::{Dyadic, F32Bits, F64Bits};
use import::rope::{RopeError, frequencies};
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
        let expected: Vec<u64> = case["frequencies"].as_array().unwrap().iter().map(hex).collect();
        let base = number(&case["base_f32"]);
        let found = match factors[..] {
            [scale] => frequencies(base, dimension, scale, None),
            _ => frequencies(base, dimension, Dyadic::ONE, Some(&factors)),
        };
        let found = found.unwrap();
        assert_eq!(found, expected, "base {} dimension {dimension}", case["base_f32"]);
    }
}

#[test]
fn roots_that_are_exact_are_found() {
    // base^(1/2) = 1.5 and 4: bisection meets them exactly. 2^64 / 2π / 1.5 and / 4.
    let base = F32Bits(0x4010_0000).decode().unwrap();
    let one = Dyadic::ONE;
    let turn = 0x28be_60db_9391_054a_u64;
    let found = frequencies(base, 4, one, None).unwrap();
    assert_eq!(found[0], turn);
    assert!((found[1] * 3).abs_diff(turn * 2) <= 3, "{found:?}");
    assert_eq!(frequencies(Dyadic::from_integer(16), 4, one, None).unwrap()[1], turn / 4);
}

#[test]
fn limits() {
    let one = Dyadic::ONE;
    let base = Dyadic::from_integer(10_000);
    for dimension in [0, 1, 63, 1026] {
        assert_eq!(
            frequencies(base, dimension, one, None),
            Err(RopeError::Dimension { found: dimension })
        );
    }
    let half = F64Bits(0x3fe0_0000_0000_0000).decode().unwrap();
    let minus_two = F64Bits(0xc000_0000_0000_0000).decode().unwrap();
    for bad in [Dyadic::ZERO, half, minus_two, Dyadic::from_integer((1 << 40) + 1)] {
        assert_eq!(frequencies(bad, 64, one, None), Err(RopeError::Base), "{bad:?}");
    }
    for bad in [Dyadic::ZERO, minus_two, Dyadic::from_integer(1 << 33)] {
        let found = frequencies(base, 64, bad, None);
        assert_eq!(found, Err(RopeError::Scale), "{bad:?}");
        let found = frequencies(base, 4, one, Some(&[Dyadic::ONE, bad]));
        assert_eq!(found, Err(RopeError::Factor { index: 1 }), "{bad:?}");
    }
    assert!(frequencies(Dyadic::from_integer(1 << 40), 64, one, None).is_ok());
    let few = frequencies(base, 64, one, Some(&[Dyadic::ONE; 31]));
    assert_eq!(few, Err(RopeError::FactorCount { found: 31, expected: 32 }));
    // 1/(2π * 1/8) is more than a turn.
    let eighth = F64Bits(0x3fc0_0000_0000_0000).decode().unwrap();
    let turns = frequencies(base, 64, eighth, None);
    assert_eq!(turns, Err(RopeError::WholeTurn { index: 0 }));
}

#[test]
fn scale_and_factors_multiply() {
    let base = Dyadic::from_integer(10_000);
    let [two, three, six, ten] = [2, 3, 6, 10].map(Dyadic::from_integer);
    let both = frequencies(base, 4, two, Some(&[three, Dyadic::from_integer(5)])).unwrap();
    let alone = |factor| frequencies(base, 4, factor, None).unwrap();
    assert_eq!(both, [alone(six)[0], alone(ten)[1]]);
    // Two numbers whose product has more bits than a u64: (4/3)^2.
    let long = Dyadic::new(false, 0xaaaa_aaaa_aaaa_aaab, -63);
    let found = frequencies(base, 4, long, Some(&[long; 2])).unwrap()[0];
    let nine_sixteenths = alone(Dyadic::ONE)[0] / 16 * 9;
    assert!(found.abs_diff(nine_sixteenths) <= 16, "{found:#x}");
}
