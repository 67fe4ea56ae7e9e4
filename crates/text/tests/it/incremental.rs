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

/// What comes of the next bytes, as text.
fn push(stops: &mut StopStrings, bytes: &[u8]) -> (String, Option<usize>) {
    let (bytes, index) = match stops.push(bytes) {
        Stopped::No(bytes) => (bytes, None),
        Stopped::Yes { bytes, index } => (bytes, Some(index)),
    };
    (String::from_utf8_lossy(&bytes).into_owned(), index)
}

#[track_caller]
fn expect(stops: &mut StopStrings, pieces: &[(&[u8], &str, Option<usize>)]) {
    for (bytes, text, index) in pieces {
        assert_eq!(push(stops, bytes), ((*text).to_owned(), *index), "{bytes:?}");
    }
}

#[test]
fn stop_strings_cut_across_pieces() {
    let mut stops = StopStrings::new(&["STOP", "\n\nUser:"]).unwrap();
    expect(
        &mut stops,
        &[
            (b"a ST", "a ", None),
            (b"Ox\n", "STOx", None),
            (b"\nUs", "", None),
            (b"er: b", "", Some(1)),
        ],
    );
    // What repeats within the stop string must not be forgotten.
    let mut stops = StopStrings::new(&["aabaaax"]).unwrap();
    expect(&mut stops, &[(b"aabaaabaa", "aaba", None), (b"ax", "", Some(0))]);

    let mut none = StopStrings::new(&[]).unwrap();
    expect(&mut none, &[(b"abc", "abc", None)]);
}

#[test]
fn of_several_stop_strings_the_first_to_end_counts_then_the_longest_then_the_first() {
    let mut stops = StopStrings::new(&["bc", "abcd", "xbc"]).unwrap();
    // The one that begins earlier ends later.
    expect(&mut stops, &[(b"1abcd", "1a", Some(0))]);
    // Two end at once: the longer one.
    expect(&mut stops, &[(b"1xbc", "1", Some(2))]);
    expect(&mut stops, &[(b"1ab", "1", None)]);
    assert_eq!(stops.flush(), b"ab");
    expect(&mut stops, &[(b"cd", "cd", None)]);
    // Equal ones: the first. The cut into pieces changes nothing.
    let mut stops = StopStrings::new(&["x", "ab", "ab"]).unwrap();
    expect(&mut stops, &[(b"ab", "", Some(1))]);
    let mut stops = StopStrings::new(&["abc", "b"]).unwrap();
    expect(&mut stops, &[(b"abc", "a", Some(1))]);
    expect(&mut stops, &[(b"a", "", None), (b"b", "a", Some(1))]);
}

#[test]
fn stop_strings_are_looked_for_in_bytes() {
    // A mark for bytes that are no UTF-8 is no text of the answer.
    let mut stops = StopStrings::new(&["\u{FFFD}", "é"]).unwrap();
    expect(&mut stops, &[(&[b'a', 0xF0, 0x9F, b'b'], "a\u{FFFD}b", None)]);
    expect(&mut stops, &[(&[b'a', 0xEF, 0xBF], "a", None), (&[0xBD], "", Some(0))]);
    // The second byte of é after another first one is no é; after half a character é is.
    expect(&mut stops, &[(&[0xC2, 0xA9], "©", None), (&[0xE2, 0x82, 0xC3], "\u{FFFD}", None)]);
    expect(&mut stops, &[(&[0xA9], "", Some(1))]);
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
fn naive(bytes: &[u8], stops: &[String]) -> Option<(Vec<u8>, usize)> {
    for end in 1..=bytes.len() {
        let ending =
            stops.iter().enumerate().filter(|(_, stop)| bytes[..end].ends_with(stop.as_bytes()));
        if let Some((index, stop)) = ending.rev().max_by_key(|(_, stop)| stop.len()) {
            return Some((bytes[..end - stop.len()].to_vec(), index));
        }
    }
    None
}

/// The longest suffix that is a proper prefix of a stop string.
fn held(bytes: &[u8], stops: &[String]) -> usize {
    let longest =
        |stop: &String| (1..stop.len()).rev().find(|&n| bytes.ends_with(&stop.as_bytes()[..n]));
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
        // Bytes that are cut anywhere, in é too.
        pieces in proptest::collection::vec(
            proptest::collection::vec(
                proptest::sample::select(&[b'a', b'a', b'b', 0xC3, 0xA9][..]), 0..5
            ),
            0..10,
        ),
        stops in proptest::collection::vec("[aab]{1,8}|a?é", 0..4),
    ) {
        let references: Vec<&str> = stops.iter().map(String::as_str).collect();
        let mut matcher = StopStrings::new(&references).unwrap();
        let (mut seen, mut out, mut found) = (Vec::new(), Vec::new(), None);
        for piece in &pieces {
            seen.extend(piece);
            match matcher.push(piece) {
                Stopped::No(bytes) => {
                    out.extend(bytes);
                    prop_assert_eq!(seen.len() - out.len(), held(&seen, &stops));
                }
                Stopped::Yes { bytes, index } => {
                    out.extend(bytes);
                    found = Some((out.clone(), index));
                    break;
                }
            }
        }
        prop_assert_eq!(&found, &naive(&pieces.concat(), &stops));
        if found.is_none() {
            out.extend(matcher.flush());
            prop_assert_eq!(out, pieces.concat());
        }
    }
}
