//! Any text through a tokenizer, a detokenizer and stop strings: no panic, no control token, and
//! what comes out is what went in.
//!
//! The input is split at its first NUL into a merge rule and a text; the lengths of both steer how
//! the text is cut. Most inputs have no rule: making a tokenizer costs a thousand times what a short
//! text does, so they share one per way of cutting. A rule that begins with U+2581 is the tokens of a
//! vocabulary of SentencePiece's kind, U+0001 between them.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use text::{
    Detokenizer, ModelKind, Pieces, Specials, StopStrings, Stopped, TokenType, Tokenizer,
    Vocabulary, supported_pre_tokenizers,
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

/// The same control token, the bytes, and these tokens, every ninth of them user-defined.
fn pieces(own: &str) -> Vocabulary {
    let mut tokens = vec!["<|im_end|>".to_owned()];
    tokens.extend((0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>")));
    let mut token_types = vec![TokenType::Byte; tokens.len()];
    token_types[0] = TokenType::Control;
    for (at, piece) in own.split('\u{1}').filter(|piece| !piece.is_empty()).enumerate() {
        tokens.push(piece.to_owned());
        token_types.push(if at % 9 == 8 { TokenType::UserDefined } else { TokenType::Normal });
    }
    // Ranks that are shared, and in no order.
    let ranks = (0..tokens.len()).map(|id| (id * 7 % 13) as u32).collect();
    let stripping = if own.len() % 5 == 0 { vec![0, 257] } else { Vec::new() };
    Vocabulary {
        kind: ModelKind::SentencePiece(Pieces { ranks, stripping }),
        tokens,
        token_types,
        add_space_prefix: own.len() % 2 == 0,
        ..vocabulary("default", "")
    }
}

/// A tokenizer of each way of cutting, without a merge rule of the input.
static SHARED: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
    let made = |name: &&str| Tokenizer::new(&vocabulary(name, "")).expect("a sound vocabulary");
    let mut shared: Vec<Tokenizer> = supported_pre_tokenizers().iter().map(made).collect();
    let own = "a\u{1}b\u{1}ab\u{1}\u{2581}\u{1}\u{2581}a\u{1}\u{2581}\u{2581}\u{1}er\u{1}\u{1}é\u{1}abab\u{1}  ";
    shared.push(Tokenizer::new(&pieces(own)).expect("a sound vocabulary"));
    shared
});

fuzz_target!(|input: &str| {
    let Some((merge, text)) = input.split_once('\0') else {
        let at = input.len() % SHARED.len();
        return match SHARED.len() - 1 - at {
            0 => check_pieces(&SHARED[at], input),
            _ => check(&SHARED[at], input),
        };
    };
    if let Some(own) = merge.strip_prefix('\u{2581}') {
        if let Ok(tokenizer) = Tokenizer::new(&pieces(own)) {
            check_pieces(&tokenizer, text);
        }
        return;
    }
    let names = supported_pre_tokenizers();
    if let Ok(tokenizer) = Tokenizer::new(&vocabulary(names[merge.len() % names.len()], merge)) {
        check(&tokenizer, text);
    }
});

/// What comes out is what went in, but for spaces in front, and U+2581, which is a space.
fn check_pieces(tokenizer: &Tokenizer, text: &str) {
    let Ok(ids) = tokenizer.encode(text, Specials::Deny) else { return };
    assert!(!ids.contains(&0), "a control token came out of a user's text");
    let (mut detokenizer, mut out) = (Detokenizer::default(), String::new());
    for id in ids {
        out += &detokenizer.push(tokenizer.token_bytes(), id).expect("the token exists");
    }
    assert!(detokenizer.flush().is_empty());
    let plain =
        |text: &str| text.replace([' ', '\u{2581}', '\t', '\n', '\u{b}', '\u{c}', '\r'], "");
    assert_eq!(plain(&out), plain(text));
}

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
