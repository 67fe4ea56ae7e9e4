//! Llama 3.1's frequencies against `spec/vectors/rope_llama3.json`, which the oracle makes.

use import::dyadic::{Dyadic, F32Bits};
use import::llama3::{Llama3, frequencies};
use import::rope::RopeError;
use serde_json::Value;

const VECTORS: &str = include_str!("../../../../spec/vectors/rope_llama3.json");

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
    assert!(cases.len() >= 19);
    for case in cases {
        let inputs = &case["inputs"];
        let rule = Llama3 {
            factor: number(&inputs["factor_f32"]),
            low: number(&inputs["low_f32"]),
            high: number(&inputs["high_f32"]),
            context: count(&inputs["context"]),
        };
        let found = frequencies(number(&inputs["base_f32"]), count(&inputs["dimension"]), &rule);
        if let Some(refused) = case.get("refused") {
            assert_eq!(refused, "Llama3Range");
            let named = matches!(found, Err(RopeError::Llama3 { .. } | RopeError::Base));
            assert!(named, "{}: {found:?}", case["name"]);
            continue;
        }
        let texts = case["expected"]["frequencies"].as_array().unwrap().iter();
        let expected: Vec<u64> =
            texts.map(|text| text.as_str().unwrap().parse().unwrap()).collect();
        assert_eq!(found.unwrap(), expected, "{}", case["name"]);
    }
}
