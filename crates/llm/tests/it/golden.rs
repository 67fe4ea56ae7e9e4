//! One tiny model per family, whose answer must never change: the importer, the engine and every kernel under them.
//!
//! A digest that changes on purpose is a new arithmetic or a new rule of import, with a decision that says so.

use import::gguf::tiny::Family;

use crate::fixture::{Tiny, request, tokens};

/// By family: the BLAKE3 of the logits that the answer was drawn from.
const GOLDEN: [(Family, &str); 2] = [
    (Family::Llama, "f508357c43791f1a2933c85efe6bfcce05f2a6f878281a377598c971834c9018"),
    (Family::Qwen2, "b355794af646f132a89c0484febc44f8e96338139251e6a16efd45f7140748cc"),
];

#[test]
fn every_family_gives_its_answer() {
    let found = GOLDEN.map(|(family, _)| {
        let model = Tiny::new(family);
        let answer = model.answer(&mut model.any(), &request(tokens(70, 1), 20));
        assert_eq!(answer.tokens.len(), 20, "{family:?}");
        answer.digest.unwrap().map(|byte| format!("{byte:02x}")).concat()
    });
    assert_eq!(found, GOLDEN.map(|(_, digest)| digest));
}
