//! Text that arrives in pieces comes out as if it had come at once.

use proptest::prelude::*;
use text::{
    Detokenizer, MAX_STOP_STRING_BYTES, MAX_STOP_STRINGS, Specials, StopStringError, StopStrings,
    Stopped, UnknownToken, Utf8Stream,
};

use crate::fixture;

#[test]
fn characters_are_held_until_whole() {
    let mut stream = Utf8Stream::default();
    let bytes = "é🙂".as_bytes();
    let pieces: Vec<String> = bytes.iter().map(|byte| stream.push(&[*byte])).collect();
    assert_eq!(pieces, ["", "é", "", "", "", "🙂"]);
    assert_eq!(stream.flush(), "");
    assert_eq!(stream.push(&[0xF0, 0x9F]), "");
    assert_eq!(stream.push(b"a"), "\u{FFFD}a");
    assert_eq!(stream.push(&[0xE3, 0x81]), "");
    assert_eq!(stream.flush(), "\u{FFFD}");
    assert_eq!(stream.flush(), "");
}

#[test]
fn control_tokens_print_nothing_and_unknown_ones_are_refused() {
    let tokenizer = fixture::tokenizer();
    let table = tokenizer.token_bytes();
    let mut detokenizer = Detokenizer::default();
    let text = "naïve 日本語🙂 the dog";
    let mut out = String::new();
    for id in tokenizer.encode(text, Specials::Deny).unwrap() {
        out += &detokenizer.push(table, fixture::id("<|im_end|>")).unwrap();
        out += &detokenizer.push(table, id).unwrap();
    }
    assert_eq!(out + &detokenizer.flush(), text);
    assert_eq!(detokenizer.push(table, 70_000), Err(UnknownToken(70_000)));
}

#[test]
fn stop_strings_cut_across_pieces() {
    let mut stops = StopStrings::new(&["STOP", "\n\nUser:"]).unwrap();
    assert_eq!(stops.push("a ST"), Stopped::No("a ".to_owned()));
    assert_eq!(stops.push("Ox\n"), Stopped::No("STOx".to_owned()));
    assert_eq!(stops.push("\nUs"), Stopped::No(String::new()));
    assert_eq!(stops.push("er: b"), Stopped::Yes { text: String::new(), index: 1 });

    let mut stops = StopStrings::new(&["bc", "abcd", "xbc"]).unwrap();
    assert_eq!(stops.push("1abcd"), Stopped::Yes { text: "1a".to_owned(), index: 0 });
    assert_eq!(stops.push("1xbc"), Stopped::Yes { text: "1".to_owned(), index: 2 });
    assert_eq!(stops.push("1ab"), Stopped::No("1".to_owned()));
    assert_eq!(stops.flush(), "ab");
    assert_eq!(stops.push("cd"), Stopped::No("cd".to_owned()));

    // What repeats within the stop string must not be forgotten.
    let mut stops = StopStrings::new(&["aabaaax"]).unwrap();
    assert_eq!(stops.push("aabaaabaa"), Stopped::No("aaba".to_owned()));
    assert_eq!(stops.push("ax"), Stopped::Yes { text: String::new(), index: 0 });

    let mut none = StopStrings::new(&[]).unwrap();
    assert_eq!(none.push("abc"), Stopped::No("abc".to_owned()));
}

#[test]
fn stop_strings_have_limits() {
    let long = "x".repeat(MAX_STOP_STRING_BYTES + 1);
    assert!(StopStrings::new(&[&long[1..]]).is_ok());
    assert_eq!(
        StopStrings::new(&["a", &long]),
        Err(StopStringError::TooLong { index: 1, bytes: MAX_STOP_STRING_BYTES + 1 })
    );
    assert_eq!(StopStrings::new(&["a", ""]), Err(StopStringError::Empty { index: 1 }));
    assert!(StopStrings::new(&["a"; MAX_STOP_STRINGS]).is_ok());
    assert_eq!(
        StopStrings::new(&["a"; MAX_STOP_STRINGS + 1]),
        Err(StopStringError::TooMany(MAX_STOP_STRINGS + 1))
    );
}

/// The definition: the least end, then the longest, then the first.
fn naive(text: &str, stops: &[String]) -> Option<(String, usize)> {
    for end in 1..=text.len() {
        let ending = stops
            .iter()
            .enumerate()
            .filter(|(_, stop)| text.as_bytes()[..end].ends_with(stop.as_bytes()));
        if let Some((index, stop)) = ending.rev().max_by_key(|(_, stop)| stop.len()) {
            return Some((text[..end - stop.len()].to_owned(), index));
        }
    }
    None
}

/// The longest suffix that is a proper prefix of a stop string.
fn held(text: &str, stops: &[String]) -> usize {
    let longest = |stop: &String| {
        (1..stop.len()).rev().find(|&n| text.as_bytes().ends_with(&stop.as_bytes()[..n]))
    };
    stops.iter().filter_map(longest).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn pieces_join_to_the_lossy_whole(
        chunks in proptest::collection::vec(
            proptest::collection::vec(
                prop_oneof![
                    any::<u8>(),
                    proptest::sample::select(&[0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x99, 0xED, 0xA0, 0xC2][..]),
                ],
                0..6,
            ),
            0..12,
        ),
    ) {
        let mut stream = Utf8Stream::default();
        let mut out = String::new();
        for chunk in &chunks {
            out += &stream.push(chunk);
        }
        out += &stream.flush();
        prop_assert_eq!(out, String::from_utf8_lossy(&chunks.concat()).into_owned());
    }

    #[test]
    fn stop_strings_equal_the_naive_search(
        pieces in proptest::collection::vec("[aab]{0,4}é?", 0..10),
        stops in proptest::collection::vec("[aab]{1,8}|a?é", 0..4),
    ) {
        let references: Vec<&str> = stops.iter().map(String::as_str).collect();
        let mut matcher = StopStrings::new(&references).unwrap();
        let (mut seen, mut out, mut found) = (String::new(), String::new(), None);
        for piece in &pieces {
            seen += piece;
            match matcher.push(piece) {
                Stopped::No(text) => {
                    out += &text;
                    prop_assert_eq!(seen.len() - out.len(), held(&seen, &stops));
                }
                Stopped::Yes { text, index } => {
                    out += &text;
                    found = Some((out.clone(), index));
                    break;
                }
            }
        }
        prop_assert_eq!(&found, &naive(&pieces.concat(), &stops));
        if found.is_none() {
            prop_assert_eq!(out + &matcher.flush(), pieces.concat());
        }
    }
}
