//! A sound package of a tiny program: what `package_parts` changes, and where its first corpus comes from.

use package::{
    About, Defaults, File, Package, PartKind, Parts, Quality, Shards, SpecialTokens, Token,
    TokenBytes, TokenType, Tokenizer, TokenizerKind, UnitsBuilder,
};
use program::Checked;
use program::tiny::Shape;

/// The package.
pub(crate) fn sound() -> Package {
    let shape = Shape { layers: 1, ..Shape::default() };
    let checked = Checked::new(shape.program()).expect("tiny programs are sound");
    let (weights, tokenizer) = (shape.weights(), tokenizer(shape.vocabulary));
    let mut units = UnitsBuilder::new(&checked);
    for tensor in &checked.program().tensors {
        let start = tensor.location.offset as usize;
        let bytes = &weights[start..start + tensor.bytes() as usize];
        units.add(tensor, bytes).expect("tiny weights are sound");
    }
    let bytes = tokenizer.tokens.iter().map(|token| (token.kind.special(), token.text.as_bytes()));
    let parts = Parts::from([
        (PartKind::Program, checked.encode()),
        (PartKind::Units, units.finish().expect("every tensor was given").encode()),
        (PartKind::Tokenizer, tokenizer.encode().expect("it is sound")),
        (PartKind::TokenBytes, TokenBytes::new(bytes).expect("it is short").encode()),
        (PartKind::Template, b"{{ messages[0].content }}".to_vec()),
        (PartKind::Defaults, Defaults::default().encode()),
        (PartKind::Card, b"For fuzzing.".to_vec()),
        (PartKind::Quality, quality().encode().expect("it is sound")),
    ]);
    let mut shards = Shards::new();
    shards.update(&weights);
    let file = File { name: "model.gguf".into(), hashes: shards.finish() };
    let about = About { name: "tiny".into(), licence: "MIT".into(), ..About::default() };
    Package::assemble(about, vec![file], parts).expect("it is sound")
}

/// Tokens that a byte-level tokenizer can have, each its own bytes.
fn tokenizer(vocabulary: u32) -> Tokenizer {
    let text = |id: u32| match char::from_u32(32 + id) {
        Some(letter) if id > 2 => letter.to_string(),
        _ => format!("<|{id}|>"),
    };
    let kind = |id| if id < 3 { TokenType::Control } else { TokenType::Normal };
    let tokens = (0..vocabulary).map(|id| Token { kind: kind(id), text: text(id) });
    Tokenizer {
        kind: TokenizerKind::ByteLevel { pre_tokenizer: "smollm".into(), merges: Vec::new() },
        add_beginning: false,
        add_end: false,
        special: SpecialTokens { beginning: Some(1), end: Some(2), ..SpecialTokens::default() },
        stop_tokens: vec![2],
        tokens: tokens.collect(),
    }
}

fn quality() -> Quality {
    Quality {
        kl_micro: 1,
        float_perplexity_milli: 12_000,
        perplexity_milli: 12_001,
        same_top_micro: 990_000,
        tokens: 4_096,
        text: [7; 32],
        text_name: "a text".into(),
    }
}
