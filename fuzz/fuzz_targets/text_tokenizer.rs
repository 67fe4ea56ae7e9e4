//! Any text through a tokenizer, a detokenizer and stop strings: no panic, no control token, and
//! what comes out is what went in.
//!
//! The input is split at its first NUL into a merge rule and a text; the lengths of both steer how
//! the text is cut. Most inputs have no rule: making a tokenizer costs a thousand times what a short
//! text does, so they share one per way of cutting.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use text::{
    Detokenizer, ModelKind, Specials, StopStrings, Stopped, TokenType, Tokenizer, Vocabulary,
    supported_pre_tokenizers,
};

/// The printable bytes' own characters, then U+0100 onwards: the byte-level alphabet.
fn alphabet() -> Vec<String> {
    let own = ('!'..='~').chain('\u{a1}'..='\u{ac}').chain('\u{ae}'..='\u{ff}');
    own.chain('\u{100}'..='\u{143}').map(String::from).collect()
}

/// Bytes, one control token, two user-defined ones of which one begins like the other, a merge.
fn vocabulary(pre_tokenizer: &str, merge: &str) -> Vocabulary {
    let mut tokens = ["<|im_end|>", "<th", "<think>"].map(str::to_owned).to_vec();
    let mut token_types = vec![TokenType::Control, TokenType::UserDefined, TokenType::UserDefined];
    tokens.extend(alphabet());
    tokens.push("ĠĠ".to_owned());
    let joined = merge.replacen(' ', "", 1);
    if !joined.is_empty() && !tokens.contains(&joined) {
        tokens.push(joined);
    }
    token_types.resize(tokens.len(), TokenType::Normal);
    let mut merges = vec!["Ġ Ġ".to_owned()];
    if !merge.is_empty() {
        merges.push(merge.to_owned());
    }
    Vocabulary {
        kind: ModelKind::Gpt2,
        tokens,
        token_types,
        merges,
        pre_tokenizer: pre_tokenizer.to_owned(),
        bos: None,
        eos: Some(0),
        eot: None,
        eom: None,
        unknown: None,
        padding: None,
        add_bos: None,
        add_eos: false,
        add_space_prefix: false,
    }
}

/// A tokenizer of each way of cutting, without a merge rule of the input.
static SHARED: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
    let made = |name: &&str| Tokenizer::new(&vocabulary(name, "")).expect("a sound vocabulary");
    supported_pre_tokenizers().iter().map(made).collect()
});

fuzz_target!(|input: &str| {
    let Some((merge, text)) = input.split_once('\0') else {
        return check(&SHARED[input.len() % SHARED.len()], input);
    };
    let names = supported_pre_tokenizers();
    if let Ok(tokenizer) = Tokenizer::new(&vocabulary(names[merge.len() % names.len()], merge)) {
        check(&tokenizer, text);
    }
});

fn check(tokenizer: &Tokenizer, text: &str) {
    let Ok(ids) = tokenizer.encode(text, Specials::Deny) else { return };
    assert!(!ids.contains(&0), "a control token came out of a user's text");

    let mut stops = StopStrings::new(&["\u{0}", "User:"]).expect("the strings are short");
    let (mut detokenizer, mut out) = (Detokenizer::default(), Vec::new());
    for id in ids {
        let piece = detokenizer.push(tokenizer.token_bytes(), id).expect("the token exists");
        match stops.push(piece.as_bytes()) {
            Stopped::No(certain) => out.extend(certain),
            Stopped::Yes { bytes, .. } => {
                out.extend(bytes);
                assert!(text.as_bytes().starts_with(&out));
                return;
            }
        }
    }
    assert!(detokenizer.flush().is_empty());
    out.extend(stops.flush());
    assert_eq!(out, text.as_bytes());
}
