//! YaRN's frequencies and growth against `spec/vectors/rope_yarn.json`, which the oracle makes.

use import::dyadic::{Dyadic, F32Bits};
use import::rope::RopeError;
use import::yarn::{Yarn, frequencies, growth_squared};
use serde_json::Value;

const VECTORS: &str = include_str!("../../../../spec/vectors/rope_yarn.json");

fn number(bits: &Value) -> Dyadic {
    F32Bits(u32::from_str_radix(bits.as_str().unwrap(), 16).unwrap()).decode().unwrap()
}

fn count(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

#[test]
fn every_vector_matches() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 15);
    for case in cases {
        let inputs = &case["inputs"];
        let yarn = Yarn {
            factor: number(&inputs["factor_f32"]),
            beta_fast: number(&inputs["fast_f32"]),
            beta_slow: number(&inputs["slow_f32"]),
            context: count(&inputs["context"]),
        };
        let found = frequencies(number(&inputs["base_f32"]), count(&inputs["dimension"]), &yarn);
        if let Some(refused) = case.get("refused") {
            assert_eq!(refused, "YarnRange");
            assert!(matches!(found, Err(RopeError::Yarn { .. })), "{}: {found:?}", case["name"]);
            continue;
        }
        let texts = case["expected"]["frequencies"].as_array().unwrap().iter();
        let expected: Vec<u64> =
            texts.map(|text| text.as_str().unwrap().parse().unwrap()).collect();
        assert_eq!(found.unwrap(), expected, "{}", case["name"]);
        let growth = growth_squared(yarn.factor).unwrap().to_string();
        assert_eq!(case["expected"]["growth_squared"], growth, "{}", case["name"]);
    }
}

#[test]
fn numbers_beyond_the_limits_are_refused() {
    let [one, four] = [1, 4].map(Dyadic::from_integer);
    let sound = Yarn { factor: four, beta_fast: four, beta_slow: one, context: 2048 };
    let base = Dyadic::from_integer(10_000);
    let of = |yarn: Yarn| frequencies(base, 64, &yarn).map(drop);
    assert_eq!(of(sound), Ok(()));
    let two_to_32 = Dyadic::from_integer(1 << 32);
    let minus_four = Dyadic::new(true, 4, 0);
    for bad in [Dyadic::ZERO, minus_four, two_to_32] {
        assert!(of(Yarn { factor: bad, ..sound }).is_err(), "{bad:?}");
        assert!(of(Yarn { beta_fast: bad, ..sound }).is_err(), "{bad:?}");
        assert!(of(Yarn { beta_slow: bad, ..sound }).is_err(), "{bad:?}");
        assert!(growth_squared(bad).is_err(), "{bad:?}");
    }
    assert!(of(Yarn { context: 0, ..sound }).is_err());
    // The longest mantissas and the largest tables.
    let long = Dyadic::new(false, u64::MAX, -62);
    assert_eq!(of(Yarn { factor: long, beta_fast: long, ..sound }), Ok(()));
    let wide = frequencies(Dyadic::from_integer(1 << 40), 1024, &sound);
    assert_eq!(wide.unwrap().len(), 512);
}
