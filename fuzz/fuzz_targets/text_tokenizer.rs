//! Any text through a tokenizer, a detokenizer and stop strings: no panic, no control token, and
//! what comes out is what went in.
//!
//! The input is split at its first NUL into a merge rule and a text; the lengths of both steer how
//! the text is cut.

#![no_main]

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

fuzz_target!(|input: &str| {
    let (merge, text) = input.split_once('\0').unwrap_or(("", input));
    let mut tokens = vec!["<|im_end|>".to_owned()];
    tokens.extend(alphabet());
    tokens.push("ĠĠ".to_owned());
    let joined = merge.replacen(' ', "", 1);
    if !joined.is_empty() && !tokens.contains(&joined) {
        tokens.push(joined);
    }
    let mut merges = vec!["Ġ Ġ".to_owned()];
    if !merge.is_empty() {
        merges.push(merge.to_owned());
    }
    let names = supported_pre_tokenizers();
    let mut token_types = vec![TokenType::Normal; tokens.len()];
    token_types[0] = TokenType::Control;
    let vocabulary = Vocabulary {
        kind: ModelKind::Gpt2,
        tokens,
        token_types,
        merges,
        pre_tokenizer: names[merge.len() % names.len()].to_owned(),
        bos: None,
        eos: Some(0),
        eot: None,
        eom: None,
        unknown: None,
        padding: None,
        add_bos: None,
        add_eos: false,
        add_space_prefix: false,
    };
    let Ok(tokenizer) = Tokenizer::new(&vocabulary) else { return };
    let Ok(ids) = tokenizer.encode(text, Specials::Deny) else { return };
    assert!(!ids.contains(&0), "a control token came out of a user's text");

    let mut stops = StopStrings::new(&["\u{0}", "User:"]).expect("the strings are short");
    let (mut detokenizer, mut out) = (Detokenizer::default(), String::new());
    for id in ids {
        let piece = detokenizer.push(tokenizer.token_bytes(), id).expect("the token exists");
        match stops.push(&piece) {
            Stopped::No(certain) => out += &certain,
            Stopped::Yes { text: last, .. } => {
                out += &last;
                assert!(text.starts_with(&out));
                return;
            }
        }
    }
    assert!(detokenizer.flush().is_empty());
    assert_eq!(out + &stops.flush(), text);
});
