//! Tokenizers of SentencePiece's kind: any vocabulary gives what the rule says, and hostile ones cost little.

use std::collections::HashMap;

use proptest::prelude::*;
use text::{
    MAX_MERGES, ModelKind, Pieces, Segment, Specials, TokenType, Tokenizer, Vocabulary,
    VocabularyError,
};

/// So many tokens stand before a vocabulary's own: `</s>` and the bytes.
const FIRST: u32 = 1 + 256;

/// `</s>`, the bytes, and these; the first ones given have the best ranks.
fn vocabulary<'t>(own: impl IntoIterator<Item = &'t str>) -> Vocabulary {
    let mut tokens = vec!["</s>".to_owned()];
    tokens.extend((0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>")));
    let mut token_types = vec![TokenType::Byte; tokens.len()];
    token_types[0] = TokenType::Control;
    tokens.extend(own.into_iter().map(str::to_owned));
    token_types.resize(tokens.len(), TokenType::Normal);
    let ranks = (0..).take(tokens.len()).collect();
    Vocabulary {
        kind: ModelKind::SentencePiece(Pieces { ranks, stripping: Vec::new() }),
        tokens,
        token_types,
        merges: Vec::new(),
        pre_tokenizer: String::new(),
        bos: None,
        eos: Some(0),
        eot: None,
        eom: None,
        unknown: None,
        padding: None,
        add_bos: Some(false),
        add_eos: false,
        add_space_prefix: false,
    }
}

fn ranks(vocabulary: &mut Vocabulary) -> &mut Vec<u32> {
    match &mut vocabulary.kind {
        ModelKind::SentencePiece(pieces) => &mut pieces.ranks,
        ModelKind::Gpt2 => panic!("it is of the other kind"),
    }
}

fn refusal(vocabulary: &Vocabulary) -> VocabularyError {
    Tokenizer::new(vocabulary).err().expect("it is refused")
}

/// The rule, pair by pair, again and again.
fn plain(vocabulary: &mut Vocabulary, text: &str) -> Vec<u32> {
    let ranks = ranks(vocabulary).clone();
    let typed = (0..).zip(vocabulary.tokens.iter().zip(&vocabulary.token_types));
    let ids: HashMap<&str, u32> = typed
        .filter(|(_, (_, kind))| !matches!(kind, TokenType::Byte | TokenType::Control))
        .map(|(id, (text, _))| (text.as_str(), id))
        .collect();
    let space = vocabulary.add_space_prefix && !text.is_empty();
    let written = [if space { " " } else { "" }, text].concat().replace(' ', "\u{2581}");
    let mut row: Vec<String> = written.chars().map(String::from).collect();
    loop {
        let rank = |at: usize| {
            let id = ids.get((row[at - 1].clone() + &row[at]).as_str())?;
            Some((ranks[usize::try_from(*id).unwrap()], at))
        };
        let Some((_, at)) = (1..row.len()).filter_map(rank).min() else { break };
        let right = row.remove(at);
        row[at - 1].push_str(&right);
    }
    let of_bytes = |part: &str| part.bytes().map(|byte| 1 + u32::from(byte)).collect();
    row.iter()
        .flat_map(|part| ids.get(part.as_str()).map_or_else(|| of_bytes(part), |id| vec![*id]))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn as_tried_pair_by_pair(
        own in proptest::collection::btree_set("[\u{2581}abé</s>]{1,5}", 0..40),
        order in any::<u64>(),
        kinds in 1..5_u32,
        add_space_prefix in any::<bool>(),
        text in "[ abcé</s>\u{2581}☃]{0,40}",
    ) {
        let own: Vec<&str> = own.iter().map(String::as_str).filter(|text| *text != "</s>").collect();
        let mut vocabulary = vocabulary(own);
        vocabulary.add_space_prefix = add_space_prefix;
        // Few ranks, so that many pairs have one; and in any order.
        let mix = |id: u32| (order ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        ranks(&mut vocabulary).iter_mut().for_each(|rank| {
            *rank = u32::try_from(mix(*rank) % u64::from(kinds * kinds * kinds)).unwrap();
        });
        let tokenizer = Tokenizer::new(&vocabulary).unwrap();
        let ids = tokenizer.encode(&text, Specials::Deny).unwrap();
        prop_assert_eq!(&ids, &plain(&mut vocabulary, &text));
        prop_assert!(!ids.contains(&0), "a text is no control token");
        // A vocabulary without U+2581 spells a space by its bytes.
        let bytes = crate::fixture::bytes(&tokenizer, &ids);
        let read = String::from_utf8(bytes).unwrap().replace('\u{2581}', " ");
        let space = if add_space_prefix && !text.is_empty() { " " } else { "" };
        prop_assert_eq!(read, format!("{space}{}", text.replace('\u{2581}', " ")));
    }
}

#[test]
fn what_is_wrong_is_named() {
    use VocabularyError as E;
    let with = |change: fn(&mut Vocabulary)| {
        let mut changed = vocabulary(["a"]);
        change(&mut changed);
        refusal(&changed)
    };
    let tokens = usize::try_from(FIRST).unwrap() + 1;
    assert_eq!(with(|v| ranks(v).truncate(9)), E::RankCount { tokens, ranks: 9 });
    for text in ["<0x4>", "<0x0a>", "<0x041>", "0x41", "<0x+1>", "<0X41>", "A"] {
        let mut changed = vocabulary(["a"]);
        changed.tokens[0x42] = text.to_owned();
        assert_eq!(refusal(&changed), E::ByteText { id: 0x42 });
    }
    assert_eq!(with(|v| v.token_types[1 + 0x0A] = TokenType::Normal), E::MissingByte(0x0A));
    assert_eq!(with(|v| v.token_types[1 + 0xF4] = TokenType::Unused), E::MissingByte(0xF4));
    assert!(E::MissingByte(10).to_string().contains("`<0x0A>`"));
}

#[test]
fn bytes_that_no_text_needs_may_be_missing() {
    let mut vocabulary = vocabulary(["a", "\u{2581}"]);
    for byte in [b'a', b' ', 0xC0, 0xC1, 0xF5, 0xFF] {
        vocabulary.token_types[1 + usize::from(byte)] = TokenType::Unused;
    }
    let tokenizer = Tokenizer::new(&vocabulary).unwrap();
    assert_eq!(tokenizer.encode("a b", Specials::Deny), Ok(vec![FIRST, FIRST + 1, 1 + 0x62]));
    assert!(tokenizer.missing_bytes().is_empty());
    // A letter that is a control token is its byte where a user writes it, so that must be there.
    vocabulary.token_types[usize::try_from(FIRST).unwrap()] = TokenType::Control;
    assert_eq!(refusal(&vocabulary), VocabularyError::MissingByte(b'a'));
}

#[test]
fn characters_that_are_no_tokens_merge_too() {
    let tokenizer = Tokenizer::new(&vocabulary(["ab", "日本"])).unwrap();
    let ids = tokenizer.encode("ab日本日", Specials::Deny).unwrap();
    assert_eq!(ids, [FIRST, FIRST + 1, 1 + 0xE6, 1 + 0x97, 1 + 0xA5]);
}

#[test]
fn written_bytes_and_ends_are_text() {
    let mut vocabulary =
        vocabulary(["<0x41", "<", "0", "x", "4", "1", ">", "<0", "x4", "<0x4", "/s>", "/", "s"]);
    vocabulary.eos = Some(0);
    let tokenizer = Tokenizer::new(&vocabulary).unwrap();
    let ids = tokenizer.encode("<0x41></s>", Specials::Deny).unwrap();
    assert_eq!(crate::fixture::bytes(&tokenizer, &ids), b"<0x41></s>");
    assert!(!ids.contains(&0) && !ids.contains(&0x42), "{ids:?}");
    let trusted = tokenizer.encode("</s>", Specials::Allow).unwrap();
    assert_eq!(trusted, [0]);
}

#[test]
fn a_text_is_whole_across_whose_it_is() {
    let mut vocabulary = vocabulary(["ab", "\u{2581}ab"]);
    vocabulary.add_space_prefix = true;
    let tokenizer = Tokenizer::new(&vocabulary).unwrap();
    let segments = [Segment::Trusted("a"), Segment::Untrusted("b"), Segment::Trusted("</s>ab")];
    assert_eq!(tokenizer.encode_segments(&segments).unwrap(), [FIRST + 1, 0, FIRST + 1]);
}

/// A run in which every token is one letter longer than the one before: found by its text, each step would
/// read all letters before it.
#[test]
fn a_text_costs_the_same_however_long_tokens_are() {
    let runs: Vec<String> = (1..=500).rev().map(|length| "a".repeat(length)).collect();
    let tokenizer = Tokenizer::new(&vocabulary(runs.iter().map(String::as_str))).unwrap();
    let ids = tokenizer.encode(&"a".repeat(100_000), Specials::Deny).unwrap();
    assert_eq!(ids, vec![FIRST; 200]);
}

#[test]
fn pairs_are_limited() {
    let runs: Vec<String> = (1..=2100).map(|length| "a".repeat(length)).collect();
    let refused = refusal(&vocabulary(runs.iter().map(String::as_str)));
    assert!(matches!(refused, VocabularyError::TooMany { limit: MAX_MERGES, .. }), "{refused}");
}
