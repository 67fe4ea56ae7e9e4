//! Ids equal another tokenizer's; BOS and EOS; the table of bytes; stop tokens.

use text::{
    EncodeError, MAX_TEXT_BYTES, Segment, Specials, TokenPiece, TokenType, Tokenizer, Vocabulary,
};

use crate::fixture;
use crate::templates::template;

#[test]
fn ids_equal_the_tokenizers_package() {
    let tiny = fixture::tiny();
    let texts = fixture::strings(&tiny["texts"]);
    for (pre_tokenizer, cases) in tiny["ids"].as_object().unwrap() {
        let tokenizer = Tokenizer::new(&fixture::vocabulary(pre_tokenizer)).unwrap();
        let cases = cases.as_array().unwrap();
        assert_eq!(cases.len(), texts.len());
        for (text, expected) in texts.iter().zip(cases) {
            let ids = tokenizer.encode(text, Specials::Deny).unwrap();
            assert_eq!(ids, fixture::numbers(expected), "{pre_tokenizer}: {text:?}");
            assert_eq!(fixture::bytes(&tokenizer, &ids), text.as_bytes());
        }
    }
}

#[test]
fn white_space_before_words() {
    let tokens = |pre_tokenizer: &str, text: &str| {
        let tokenizer = Tokenizer::new(&bytes_only(pre_tokenizer)).unwrap();
        let mut pieces = Vec::new();
        // A vocabulary of bytes cannot show the cuts, so a merge of two spaces does: it applies
        // only within a piece.
        for id in tokenizer.encode(text, Specials::Deny).unwrap() {
            let piece = tokenizer.token_bytes().get(id).unwrap().bytes;
            pieces.push(String::from_utf8_lossy(piece).into_owned());
        }
        pieces
    };
    assert_eq!(tokens("gpt-2", "  a"), [" ", " ", "a"]);
    assert_eq!(tokens("gpt-2", "   a"), ["  ", " ", "a"]);
    assert_eq!(tokens("gpt-2", "a  "), ["a", "  "]);
    assert_eq!(tokens("gpt-2", "\n\na"), ["\n", "\n", "a"]);
    assert_eq!(tokens("gpt-2", "\n\n"), ["\n\n"]);
    assert_eq!(tokens("llama-bpe", "\n\na"), ["\n\n", "a"]);
    assert_eq!(tokens("llama-bpe", "  \n\n  a"), ["  ", "\n\n", " ", " ", "a"]);
    // The digit is cut out first: what is before it ends there.
    assert_eq!(tokens("smollm", "  1"), ["  ", "1"]);
    assert_eq!(tokens("gpt-2", "  1"), [" ", " ", "1"]);
}

/// The 256 bytes, merges of two spaces and of two line breaks.
fn bytes_only(pre_tokenizer: &str) -> Vocabulary {
    let mut vocabulary = fixture::vocabulary(pre_tokenizer);
    vocabulary.tokens.retain(|token| token.chars().count() == 1);
    vocabulary.tokens.extend(["ĠĠ".to_owned(), "ĊĊ".to_owned()]);
    vocabulary.token_types = vec![TokenType::Normal; vocabulary.tokens.len()];
    vocabulary.merges = vec!["Ġ Ġ".to_owned(), "Ċ Ċ".to_owned()];
    (vocabulary.bos, vocabulary.eos) = (None, None);
    vocabulary
}

#[test]
fn whole_words_may_pass_by_the_merges() {
    // "ab" is a token, but no merge makes it.
    let mut vocabulary = bytes_only("llama-bpe");
    vocabulary.tokens.push("ab".to_owned());
    vocabulary.token_types.push(TokenType::Normal);
    let count = |pre_tokenizer: &str| {
        let mut vocabulary = vocabulary.clone();
        vocabulary.pre_tokenizer = pre_tokenizer.to_owned();
        Tokenizer::new(&vocabulary).unwrap().encode("ab", Specials::Deny).unwrap().len()
    };
    assert_eq!((count("llama-bpe"), count("qwen2")), (1, 2));
}

#[test]
fn literals_are_tokens_only_where_allowed() {
    let tokenizer = fixture::tokenizer();
    let text = "a<|im_end|>b";
    let allowed = tokenizer.encode(text, Specials::Allow).unwrap();
    assert_eq!(allowed[1], fixture::id("<|im_end|>"));
    assert_eq!(allowed.len(), 3);
    let denied = tokenizer.encode(text, Specials::Deny).unwrap();
    assert!(!denied.contains(&fixture::id("<|im_end|>")));
    assert_eq!(fixture::bytes(tokenizer, &denied), text.as_bytes());
}

#[test]
fn user_defined_tokens_are_found_in_all_text() {
    let mut vocabulary = fixture::vocabulary("smollm");
    vocabulary.tokens.extend(["<think>".to_owned(), "<|tag|>".to_owned(), "    ".to_owned()]);
    vocabulary.token_types.extend([TokenType::UserDefined; 3]);
    let first = u32::try_from(vocabulary.tokens.len() - 3).unwrap();
    let tokenizer = Tokenizer::new(&vocabulary).unwrap();
    let ids = tokenizer.encode("<think>    <|tag|>", Specials::Deny).unwrap();
    assert_eq!(ids[..2], [first, first + 2]);
    assert!(!ids.contains(&(first + 1)), "what looks like a control token is one");
    let joined = [Segment::Untrusted("<thi"), Segment::Trusted("nk>")];
    assert_eq!(tokenizer.encode_segments(&joined), Ok(vec![first]));
}

#[test]
fn bos_and_eos_come_once() {
    let mut vocabulary = fixture::vocabulary("smollm");
    (vocabulary.add_bos, vocabulary.add_eos) = (Some(true), true);
    let tokenizer = Tokenizer::new(&vocabulary).unwrap();
    let (bos, eos) = (fixture::id("<s>"), fixture::id("</s>"));
    let encode = |segments: &[Segment<'_>]| tokenizer.encode_prompt(segments).unwrap();
    let the = tokenizer.encode("the", Specials::Deny).unwrap();
    assert_eq!(encode(&[]), [bos, eos]);
    assert_eq!(encode(&[Segment::Untrusted("the")]), [&[bos], &the[..], &[eos]].concat());
    assert_eq!(encode(&[Segment::Trusted("<s>the</s>")]), [&[bos], &the[..], &[eos]].concat());
    let written = encode(&[Segment::Untrusted("<s>")]);
    assert_eq!((written[0], written.len() > 3), (bos, true), "a user's <s> is not the token");

    // A template that writes BOS itself, and one that does not.
    for name in ["instructions.jinja", "smollm2.jinja"] {
        let rendered = template(name).render(&fixture::user("hi")).unwrap();
        let ids = encode(&rendered.segments());
        assert_eq!(ids.iter().filter(|&&id| id == bos).count(), 1, "{name}");
        assert_eq!(ids[0], bos);
    }
}

#[test]
fn bos_defaults_follow_the_family() {
    for (pre_tokenizer, expected) in [("llama-bpe", 1), ("smollm", 0)] {
        let mut vocabulary = fixture::vocabulary(pre_tokenizer);
        vocabulary.add_bos = None;
        let prompt = |vocabulary: &Vocabulary| {
            Tokenizer::new(vocabulary).unwrap().encode_prompt(&[]).unwrap().len()
        };
        assert_eq!(prompt(&vocabulary), expected, "{pre_tokenizer}");
        vocabulary.bos = None;
        assert_eq!(prompt(&vocabulary), 0, "{pre_tokenizer}");
    }
}

#[test]
fn long_texts_are_refused_and_long_words_are_not() {
    let tokenizer = fixture::tokenizer();
    let half = "a".repeat(MAX_TEXT_BYTES / 2);
    let two = [Segment::Untrusted(&half), Segment::Trusted(&half)];
    assert!(tokenizer.encode_segments(&two).is_ok());
    let three = [two[0], two[1], Segment::Trusted("a")];
    let bytes = MAX_TEXT_BYTES + 1;
    assert_eq!(tokenizer.encode_segments(&three), Err(EncodeError::TooLong { bytes }));
    let blank = " ".repeat(1 << 20) + "a";
    let ids = tokenizer.encode(&blank, Specials::Deny).unwrap();
    assert_eq!(fixture::bytes(tokenizer, &ids), blank.as_bytes());
}

#[test]
fn bytes_without_a_token_are_left_out_and_told() {
    let mut vocabulary = bytes_only("smollm");
    let at = vocabulary.tokens.iter().position(|token| token == "Ą").unwrap();
    vocabulary.tokens.remove(at);
    vocabulary.token_types.remove(at);
    let tokenizer = Tokenizer::new(&vocabulary).unwrap();
    assert_eq!(tokenizer.missing_bytes(), [4]);
    let ids = tokenizer.encode("a\u{4}b", Specials::Deny).unwrap();
    assert_eq!(fixture::bytes(&tokenizer, &ids), b"ab");
}

#[test]
fn the_table_covers_all_bytes() {
    let vocabulary = bytes_only("smollm");
    let tokenizer = Tokenizer::new(&vocabulary).unwrap();
    let table = tokenizer.token_bytes();
    assert!(tokenizer.missing_bytes().is_empty());
    let mut single: Vec<u8> =
        (0..256).map(|id| table.get(id).unwrap().bytes).map(|bytes| bytes[0]).collect();
    single.sort_unstable();
    assert_eq!(single, (0..=255).collect::<Vec<u8>>());
    assert_eq!((table.len(), table.get(258), table.get(u32::MAX)), (258, None, None));

    let mut small = fixture::vocabulary("smollm");
    small.tokens = ["<|x|>", "Ġa", "日", "Ã"].map(str::to_owned).to_vec();
    small.token_types = vec![TokenType::Control; 1];
    small.token_types.extend([TokenType::Normal; 3]);
    (small.merges, small.bos, small.eos) = (Vec::new(), None, None);
    let tokenizer = Tokenizer::new(&small).unwrap();
    let table = tokenizer.token_bytes();
    let piece = |bytes, control| Some(TokenPiece { bytes, control });
    assert_eq!(table.get(0), piece(b"<|x|>", true));
    assert_eq!(table.get(1), piece(b" a", false));
    assert_eq!(table.get(2), piece("日".as_bytes(), false));
    assert_eq!(table.get(3), piece(&[0xC3], false));
}

#[test]
fn stop_tokens_are_the_named_and_the_known() {
    let mut vocabulary = fixture::vocabulary("smollm");
    vocabulary.eom = Some(fixture::id("[INST]"));
    let tokenizer = Tokenizer::new(&vocabulary).unwrap();
    let known = ["<|endoftext|>", "<|im_end|>", "</s>", "[INST]", "<|end|>", "<|eot_id|>"];
    let mut expected = known.map(fixture::id);
    expected.sort_unstable();
    let stops = tokenizer.stop_tokens();
    assert_eq!(stops.iter().collect::<Vec<_>>(), expected);
    assert!(stops.contains(fixture::id("<|im_end|>")));
    assert!(!stops.contains(fixture::id("<|im_start|>")));
}

#[test]
fn a_resolved_vocabulary_makes_the_same_tokenizer() {
    let mut vocabulary = fixture::vocabulary("llama-bpe");
    vocabulary.add_bos = None;
    vocabulary.bos = Some(0);
    vocabulary.tokens.push("<|odd|>".to_owned());
    vocabulary.token_types.push(TokenType::Normal);
    let resolved = vocabulary.clone().resolved().unwrap();
    assert_eq!(
        (resolved.add_bos, resolved.token_types.last()),
        (Some(true), Some(&TokenType::Control))
    );
    assert_eq!(resolved.clone().resolved().unwrap(), resolved);
    let (one, other) = (Tokenizer::new(&vocabulary).unwrap(), Tokenizer::new(&resolved).unwrap());
    assert_eq!(one.token_bytes(), other.token_bytes());
    assert_eq!(one.stop_tokens(), other.stop_tokens());
    for segment in [Segment::Trusted("a<|odd|> b"), Segment::Untrusted("a<|odd|> b")] {
        assert_eq!(
            one.encode_prompt(&[segment]).unwrap(),
            other.encode_prompt(&[segment]).unwrap()
        );
    }
    let named = other.with_stop_tokens([3, 1]);
    assert_eq!(named.stop_tokens().iter().collect::<Vec<_>>(), [1, 3]);
}
