//! A tiny package of a tiny program, and other ones made of it by changing a thing.

use package::{
    About, Defaults, File, Package, PackageError, PartKind, Parts, Quality, Shards, SpecialTokens,
    Token, TokenBytes, TokenType, Tokenizer, TokenizerKind, UnitsBuilder,
};
use program::Checked;
use program::tiny::Shape;

/// What a package is made of.
#[derive(Clone)]
pub(crate) struct Pieces {
    pub(crate) about: About,
    pub(crate) files: Vec<File>,
    pub(crate) parts: Parts,
}

pub(crate) fn shape() -> Shape {
    Shape { layers: 1, bias: true, ..Shape::default() }
}

pub(crate) fn checked() -> Checked {
    Checked::new(shape().program()).unwrap()
}

pub(crate) fn tokenizer() -> Tokenizer {
    let kind = |id| match id {
        0 => TokenType::Unknown,
        1 | 2 => TokenType::Control,
        3 => TokenType::UserDefined,
        _ => TokenType::Normal,
    };
    let tokens = (0..shape().vocabulary).map(|id| Token { kind: kind(id), text: format!("t{id}") });
    Tokenizer {
        kind: TokenizerKind::ByteLevel {
            pre_tokenizer: "smollm".into(),
            merges: vec![(5, 6), (6, 5)],
        },
        add_beginning: true,
        add_end: false,
        special: SpecialTokens { beginning: Some(1), end: Some(2), ..SpecialTokens::default() },
        stop_tokens: vec![2],
        tokens: tokens.collect(),
    }
}

pub(crate) fn token_bytes(tokenizer: &Tokenizer) -> TokenBytes {
    let tokens = tokenizer.tokens.iter();
    TokenBytes::new(tokens.map(|token| (token.kind.special(), token.text.as_bytes()))).unwrap()
}

pub(crate) fn quality() -> Quality {
    Quality {
        kl_micro: 1_500,
        float_perplexity_milli: 12_000,
        perplexity_milli: 12_030,
        same_top_micro: 991_000,
        tokens: 4_096,
        text: [7; 32],
        text_name: "a text".into(),
    }
}

pub(crate) fn file(name: &str, bytes: &[u8]) -> File {
    let mut shards = Shards::new();
    shards.update(bytes);
    File { name: name.into(), hashes: shards.finish() }
}

pub(crate) fn pieces() -> Pieces {
    let (checked, weights, tokenizer) = (checked(), shape().weights(), tokenizer());
    let mut units = UnitsBuilder::new(&checked);
    for tensor in &checked.program().tensors {
        let start = usize::try_from(tensor.location.offset).unwrap();
        let length = usize::try_from(tensor.bytes()).unwrap();
        units.add(tensor, &weights[start..start + length]).unwrap();
    }
    let parts = Parts::from([
        (PartKind::Program, checked.encode()),
        (PartKind::Units, units.finish().unwrap().encode()),
        (PartKind::Tokenizer, tokenizer.encode().unwrap()),
        (PartKind::TokenBytes, token_bytes(&tokenizer).encode()),
        (PartKind::Template, b"{{ messages[0].content }}".to_vec()),
        (PartKind::Defaults, Defaults::default().encode()),
        (PartKind::Card, b"For tests.".to_vec()),
        (PartKind::Quality, quality().encode().unwrap()),
    ]);
    let about = About { name: "tiny".into(), licence: "MIT".into(), ..About::default() };
    Pieces { about, files: vec![file("model.gguf", &weights)], parts }
}

impl Pieces {
    pub(crate) fn package(&self) -> Result<Package, PackageError> {
        Package::assemble(self.about.clone(), self.files.clone(), self.parts.clone())
    }

    pub(crate) fn with(mut self, part: PartKind, bytes: Vec<u8>) -> Self {
        self.parts.insert(part, bytes);
        self
    }
}
