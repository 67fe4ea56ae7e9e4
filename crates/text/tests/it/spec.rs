//! What the specification says of text is what the code does: bounds, and the oracle's stop strings.

use serde_json::Value as Json;
use text::template::{
    MAX_CODE_BYTES, MAX_ELIFS, MAX_JSON_DEPTH, MAX_MADE_BYTES, MAX_MESSAGES, MAX_READ_BYTES,
    MAX_RENDERED_BYTES, MAX_TEMPLATE_BYTES, MAX_TEMPLATE_RECURSION, TEMPLATE_FUEL,
};
use text::{
    MAX_MERGES, MAX_TEXT_BYTES, ModelKind, Pieces, Segment, StopStrings, Stopped, TokenType,
    Tokenizer, Vocabulary,
};

/// With a comma between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[test]
fn bounds_are_those_of_the_text() {
    let text = include_str!("../../../../spec/text.md");
    let receipt = include_str!("../../../../spec/receipt.md");
    let (kib, mib) = (|bytes: usize| bytes >> 10, |bytes: usize| bytes >> 20);
    let steps = usize::try_from(TEMPLATE_FUEL).unwrap();
    for sentence in [
        format!("At most {} MiB of text together.", mib(MAX_TEXT_BYTES)),
        format!("or if more than {} pairs of parts make a token", grouped(MAX_MERGES)),
        format!(
            "at most {} KiB, {} KiB of code between two delimiters and {MAX_ELIFS} `elif`",
            kib(MAX_TEMPLATE_BYTES),
            kib(MAX_CODE_BYTES)
        ),
        format!(
            "{} steps, {MAX_TEMPLATE_RECURSION} nested calls, {} MiB for one text and the whole, {} MiB \
             for all that is made, {} MiB for all that is read",
            grouped(steps),
            mib(MAX_RENDERED_BYTES),
            mib(MAX_MADE_BYTES),
            mib(MAX_READ_BYTES)
        ),
    ] {
        assert!(text.contains(&sentence), "the text does not say: {sentence}");
    }
    let messages = grouped(MAX_MESSAGES);
    let row = format!(
        "| messages; depth of tools, tool calls, variables | {messages}; {MAX_JSON_DEPTH} |"
    );
    assert!(receipt.contains(&row), "{row}");
    let sentence = format!("of at least one and at most {messages} objects");
    assert!(receipt.contains(&sentence), "{sentence}");
}

fn bytes(hex: &Json) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn list(json: &Json) -> Vec<Vec<u8>> {
    json.as_array().unwrap().iter().map(bytes).collect()
}

/// `spec/vectors/receipt_stop_string.json`, which an oracle made that shares no code with this crate.
#[test]
fn stop_strings_are_found_as_the_oracle_finds_them() {
    let vectors = include_str!("../../../../spec/vectors/receipt_stop_string.json");
    let vectors: Json = serde_json::from_str(vectors).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 18);
    for case in cases {
        let strings: Vec<String> = list(&case["inputs"]["strings"])
            .into_iter()
            .map(|text| String::from_utf8(text).unwrap())
            .collect();
        let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
        let mut stops = StopStrings::new(&strings).unwrap();
        let (mut text, mut found) = (Vec::new(), None);
        for (tokens, piece) in (1..).zip(list(&case["inputs"]["pieces"])) {
            match stops.push(&piece) {
                Stopped::No(certain) => text.extend(certain),
                Stopped::Yes { bytes, index } => {
                    text.extend(bytes);
                    found = Some((tokens, index));
                    break;
                }
            }
        }
        if found.is_none() {
            text.extend(stops.flush());
        }
        let expected = &case["expected"];
        assert_eq!(text, bytes(&expected["text"]), "{}", case["name"]);
        let found: [Json; 2] = found.map_or([Json::Null, Json::Null], |(tokens, index)| {
            [Json::from(tokens), Json::from(index)]
        });
        assert_eq!(
            found,
            [expected["tokens"].clone(), expected["index"].clone()],
            "{}",
            case["name"]
        );
    }
}

fn numbers(json: &Json) -> Vec<u32> {
    let list = json.as_array().unwrap().iter();
    list.map(|number| u32::try_from(number.as_u64().unwrap()).unwrap()).collect()
}

/// A vocabulary as the oracle writes it.
fn vocabulary(json: &Json) -> Vocabulary {
    let tokens = json["tokens"].as_array().unwrap();
    let text = |id: &Json| -> &str {
        tokens[usize::try_from(id.as_u64().unwrap()).unwrap()][1].as_str().unwrap()
    };
    let special = |at: usize| json["special"][at].as_u64().map(|id| u32::try_from(id).unwrap());
    let merge = |pair: &Json| format!("{} {}", text(&pair[0]), text(&pair[1]));
    let kind = |token: &Json| {
        let number = i32::try_from(token[0].as_i64().unwrap()).unwrap();
        TokenType::from_gguf(number).unwrap()
    };
    let flags = json["flags"].as_u64().unwrap();
    let kind_of_model = match json.get("ranks") {
        None => ModelKind::Gpt2,
        Some(ranks) => ModelKind::SentencePiece(Pieces {
            ranks: numbers(ranks),
            stripping: numbers(&json["stripping"]),
        }),
    };
    let merges = json.get("merges").and_then(Json::as_array);
    Vocabulary {
        kind: kind_of_model,
        tokens: tokens.iter().map(|token| token[1].as_str().unwrap().to_owned()).collect(),
        token_types: tokens.iter().map(kind).collect(),
        merges: merges.into_iter().flatten().map(merge).collect(),
        pre_tokenizer: json["pre_tokenizer"].as_str().unwrap_or_default().to_owned(),
        bos: special(0),
        eos: special(1),
        eot: special(2),
        eom: special(3),
        unknown: special(4),
        padding: special(5),
        add_bos: Some(flags & 1 > 0),
        add_eos: flags & 2 > 0,
        add_space_prefix: flags & 4 > 0,
    }
}

fn segment(segment: &Json) -> Segment<'_> {
    let text = segment[1].as_str().unwrap();
    if segment[0].as_bool().unwrap() { Segment::Trusted(text) } else { Segment::Untrusted(text) }
}

/// `spec/vectors/text_tokens.json`, which an oracle made that shares no code with this crate.
#[test]
fn tokens_are_those_of_the_oracle() {
    check_tokens(include_str!("../../../../spec/vectors/text_tokens.json"));
}

/// The same of SentencePiece's kind.
#[test]
fn pieces_are_those_of_the_oracle() {
    check_tokens(include_str!("../../../../spec/vectors/text_pieces.json"));
}

#[track_caller]
fn check_tokens(vectors: &str) {
    let vectors: Json = serde_json::from_str(vectors).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let tokenizer = Tokenizer::new(&vocabulary(&case["inputs"]["vocabulary"])).unwrap();
        let all = case["inputs"]["segments"].as_array().unwrap().iter();
        let ids = case["expected"]["ids"].as_array().unwrap();
        assert!(ids.len() >= 21);
        for (segments, ids) in all.zip(ids) {
            let segments: Vec<Segment<'_>> =
                segments.as_array().unwrap().iter().map(segment).collect();
            let found: Json = tokenizer.encode_prompt(&segments).unwrap().into();
            assert_eq!(found, *ids, "{}: {segments:?}", case["name"]);
        }
    }
}
