//! What the parts may not say, one test each.

use canon::sample::{Micro, Parameters, Settings};
use commit::WireError;
use package::limits::{TOKEN_BYTES_MAX, TOKENS_MAX};
use package::{Defaults, Quality, SpecialTokens, TokenBytes, Tokenizer, TokenizerKind};

use crate::fixture::{quality, tokenizer};

fn refused(change: impl FnOnce(&mut Tokenizer)) -> WireError {
    let mut changed = tokenizer();
    change(&mut changed);
    changed.encode().unwrap_err()
}

fn merges(tokenizer: &mut Tokenizer) -> &mut Vec<(u32, u32)> {
    match &mut tokenizer.kind {
        TokenizerKind::ByteLevel { merges, .. } => merges,
        TokenizerKind::SentencePiece { .. } => panic!("the fixture's is of the other kind"),
    }
}

/// The fixture's tokens with other ranks and stripping tokens.
fn sentence_piece(
    ranks: impl IntoIterator<Item = u32>,
    stripping_tokens: Vec<u32>,
) -> Result<Vec<u8>, WireError> {
    let ranks = ranks.into_iter().collect();
    let kind = TokenizerKind::SentencePiece { add_space: true, ranks, stripping_tokens };
    Tokenizer { kind, ..tokenizer() }.encode()
}

/// The tokenizer's bytes with one changed place.
fn read(change: impl FnOnce(&mut Vec<u8>)) -> Result<Tokenizer, WireError> {
    let mut bytes = tokenizer().encode().unwrap();
    change(&mut bytes);
    Tokenizer::decode(&bytes)
}

const FLAGS_AT: usize = 2 + 1 + 1 + "smollm".len();
const STOP_TOKENS_AT: usize = FLAGS_AT + 1 + 6 * 4;
const FIRST_TOKEN_AT: usize = STOP_TOKENS_AT + 4 + 4 + 4;

#[test]
fn tokenizers_of_other_versions_kinds_and_flags_are_refused() {
    assert!(read(|_| {}).is_ok());
    assert!(matches!(read(|b| b[0] = 2), Err(WireError::Version { .. })));
    assert!(matches!(read(|b| b[2] = 0), Err(WireError::Unknown { .. })));
    assert!(matches!(read(|b| b[2] = 3), Err(WireError::Unknown { .. })));
    assert!(read(|b| b[2] = 2).is_err(), "the other kind's bytes");
    for flags in [4, 8, 0x80] {
        assert!(matches!(read(|b| b[FLAGS_AT] |= flags), Err(WireError::Unknown { .. })));
    }
    for kind in [0, 7, 255] {
        assert!(matches!(read(|b| b[FIRST_TOKEN_AT] = kind), Err(WireError::Unknown { .. })));
    }
}

#[test]
fn a_tokenizer_names_only_tokens_it_has() {
    let none = Some(50);
    for special in [
        SpecialTokens { beginning: none, ..tokenizer().special },
        SpecialTokens { end: none, ..tokenizer().special },
        SpecialTokens { end_of_turn: none, ..tokenizer().special },
        SpecialTokens { end_of_message: none, ..tokenizer().special },
        SpecialTokens { unknown: none, ..tokenizer().special },
        SpecialTokens { padding: none, ..tokenizer().special },
    ] {
        assert!(matches!(refused(|t| t.special = special), WireError::Value { .. }));
    }
    assert!(matches!(refused(|t| t.stop_tokens = vec![50]), WireError::Value { .. }));
    for merge in [(50, 0), (0, 50)] {
        assert!(matches!(refused(|t| merges(t).push(merge)), WireError::Value { .. }));
    }
}

#[test]
fn a_token_that_is_added_is_named() {
    assert!(matches!(refused(|t| t.special.beginning = None), WireError::Value { .. }));
    let end = |t: &mut Tokenizer| (t.add_end, t.special.end) = (true, None);
    assert!(matches!(refused(end), WireError::Value { .. }));
}

#[test]
fn ranks_are_those_of_some_scores() {
    let count = u32::try_from(tokenizer().tokens.len()).unwrap();
    for sound in
        [vec![0; tokenizer().tokens.len()], (0..count).collect(), (0..count).rev().collect()]
    {
        let bytes = sentence_piece(sound, Vec::new()).unwrap();
        assert_eq!(Tokenizer::decode(&bytes).unwrap().encode(), Ok(bytes));
    }
    let value = |made| assert!(matches!(made, Err(WireError::Value { .. })), "{made:?}");
    value(sentence_piece(1..count, Vec::new()));
    value(sentence_piece(0..=count, Vec::new()));
    value(sentence_piece((0..count).map(|id| id + 1), Vec::new()));
    value(sentence_piece((0..count).map(|id| if id == 1 { 2 } else { id }), Vec::new()));
    value(sentence_piece((0..count).map(|id| if id == 1 { u32::MAX } else { id }), Vec::new()));
}

#[test]
fn stripping_tokens_are_found_as_they_are_written() {
    let made = |ids: &[u32]| sentence_piece(tokenizer().tokens.iter().map(|_| 0), ids.to_vec());
    assert!(made(&[0, 1, 2, 3]).is_ok());
    assert!(matches!(made(&[2, 1]), Err(WireError::Order { .. })));
    assert!(matches!(made(&[1, 1]), Err(WireError::Order { .. })));
    assert!(matches!(made(&[4]), Err(WireError::Value { .. })), "a normal one");
    assert!(matches!(made(&[50]), Err(WireError::Value { .. })), "none");
}

#[test]
fn stop_tokens_ascend() {
    for stop_tokens in [vec![2, 1], vec![2, 2]] {
        assert!(matches!(refused(|t| t.stop_tokens = stop_tokens), WireError::Order { .. }));
    }
    let swapped = |b: &mut Vec<u8>| {
        let two = [&2_u32.to_le_bytes()[..], &2_u32.to_le_bytes(), &1_u32.to_le_bytes()].concat();
        b.splice(STOP_TOKENS_AT..STOP_TOKENS_AT + 8, two);
    };
    assert!(matches!(read(swapped), Err(WireError::Order { .. })));
}

#[test]
fn token_texts_have_a_length() {
    let text = |count| move |t: &mut Tokenizer| t.tokens[7].text = "a".repeat(count);
    let mut longest = tokenizer();
    text(TOKEN_BYTES_MAX)(&mut longest);
    assert_eq!(Tokenizer::decode(&longest.encode().unwrap()), Ok(longest));
    assert!(matches!(refused(text(TOKEN_BYTES_MAX + 1)), WireError::Limit { .. }));
    assert!(matches!(refused(text(0)), WireError::Value { .. }));
    let raw = |b: &mut Vec<u8>| b[FIRST_TOKEN_AT + 3] = 0xff;
    assert!(read(raw).unwrap_err().to_string().contains("UTF-8"));
}

#[test]
fn counts_are_limited_before_anything_is_kept() {
    for count in [u32::try_from(TOKENS_MAX).unwrap() + 1, u32::MAX] {
        let stop = |b: &mut Vec<u8>| {
            b[STOP_TOKENS_AT..STOP_TOKENS_AT + 4].copy_from_slice(&count.to_le_bytes());
        };
        assert!(matches!(read(stop), Err(WireError::Limit { .. })));
        assert!(matches!(TokenBytes::decode(&count.to_le_bytes()), Err(WireError::Limit { .. })));
    }
    let full = u32::try_from(TOKENS_MAX).unwrap();
    assert!(matches!(TokenBytes::decode(&full.to_le_bytes()), Err(WireError::Truncated { .. })));
}

#[test]
fn token_bytes_are_special_or_not_and_not_too_long() {
    let one = |special: u8, length: u16| {
        let head = [&1_u32.to_le_bytes()[..], &[special], &length.to_le_bytes()].concat();
        TokenBytes::decode(&[head, vec![9; length.into()]].concat())
    };
    assert_eq!(one(1, 3).unwrap().get(0), Some((true, &[9, 9, 9][..])));
    assert_eq!(one(0, 4096).unwrap().len(), 1);
    assert!(matches!(one(2, 3), Err(WireError::Unknown { .. })));
    assert!(matches!(one(0, 4097), Err(WireError::Limit { .. })));
    let long = vec![0; TOKEN_BYTES_MAX + 1];
    assert!(TokenBytes::new([(false, long.as_slice())]).is_err());
}

#[test]
fn defaults_are_parameters_in_range_and_nothing_else() {
    let bytes = Defaults::default().encode();
    assert_eq!(bytes.len(), 37);
    let with = |at: usize, value: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        Defaults::decode(&bytes).map(|_| ())
    };
    assert_eq!(with(0, &0_u32.to_le_bytes()), Ok(()), "greedy");
    assert!(with(0, &1_u32.to_le_bytes()).is_err(), "temperature");
    assert!(with(4, &((1_u32 << 20) + 1).to_le_bytes()).is_err(), "top_k");
    for (at, name) in [(8, "top_p"), (12, "min_p"), (20, "presence"), (24, "frequency")] {
        let error = with(at, &2_000_001_u32.to_le_bytes()).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    assert!(with(16, &0_u32.to_le_bytes()).is_err(), "repetition");
    assert!(with(28, &[1]).unwrap_err().to_string().contains("biases"));
    assert!(with(32, &[1]).unwrap_err().to_string().contains("grammar"));
    assert_eq!(with(33, &[0xff; 4]), Ok(()), "any count of tokens");
}

#[test]
fn defaults_leave_out_what_is_a_jobs_own() {
    let settings = Settings {
        temperature: Micro::new(700_000),
        bias: vec![(3, Micro::ONE)],
        grammar: Some([1; 32]),
        ..Settings::default()
    };
    let defaults = Defaults::new(&Parameters::new(settings).unwrap(), 512);
    let read = Defaults::decode(&defaults.encode()).unwrap();
    assert_eq!(read, defaults);
    let settings = read.parameters().settings();
    assert_eq!((settings.temperature.get(), settings.bias.len()), (700_000, 0));
    assert_eq!((settings.grammar, read.output_tokens_max()), (None, 512));
}

#[test]
fn quality_is_checked_for_form_only_and_warns() {
    let with = |change: fn(&mut Quality)| {
        let mut changed = quality();
        change(&mut changed);
        changed
    };
    assert!(with(|q| q.same_top_micro = 1_000_000).encode().is_ok());
    assert!(with(|q| q.same_top_micro = 1_000_001).encode().is_err());
    assert!(with(|q| q.text_name = "a".repeat(129)).encode().is_err());
    assert!(with(|q| q.text_name = "\n".into()).encode().is_err());
    let mut bytes = quality().encode().unwrap();
    bytes[0] = 2;
    assert!(matches!(Quality::decode(&bytes), Err(WireError::Version { found: 2, .. })));

    assert!(!quality().warns());
    assert!(!with(|q| q.kl_micro = 20_000).warns());
    assert!(with(|q| q.kl_micro = 20_001).warns());
    assert!(!with(|q| q.perplexity_milli = 12_120).warns());
    assert!(with(|q| q.perplexity_milli = 12_121).warns());
}
