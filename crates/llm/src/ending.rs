//! When an answer ends: one rule for whoever generates it and whoever replays it (`spec/receipt.md` section 4).
//!
//! Takes the tokens one by one; gives the text that is certain, and why the answer ends where it does. Reasons are
//! tried in the order stop token, stop string, length. Stop strings are looked for in the bytes of the tokens, of which
//! special ones have none. Never looks at how a token was drawn. Failure: a token the vocabulary does not have.

use text::{StopStringError, StopStrings, Stopped, TokenBytes, UnknownToken, Utf8Stream};
use verify::Ending;

/// Why a token is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It is a stop token.
    Token(u32),
    /// The stop string of this index ended with it.
    String(u8),
    /// No more are asked for, or the context is full.
    Length,
}

/// Watches an answer for its end.
pub(crate) struct Stopper {
    tokens: Vec<u32>,
    strings: StopStrings,
    text: Utf8Stream,
    left: usize,
}

impl Stopper {
    /// For an answer of at most `left` tokens.
    pub(crate) fn new(
        left: usize,
        tokens: &[u32],
        strings: &[String],
    ) -> Result<Self, StopStringError> {
        let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
        let strings = StopStrings::new(&strings)?;
        Ok(Self { tokens: tokens.to_vec(), strings, text: Utf8Stream::default(), left })
    }

    /// Why there is no first token, where there is none.
    pub(crate) fn before(&self) -> Option<Reason> {
        (self.left == 0).then_some(Reason::Length)
    }

    /// Takes the next token: what text is certain now, and why the answer ends with it. All text is given out where it
    /// ends; after that nothing may be taken.
    pub(crate) fn take(
        &mut self,
        table: &TokenBytes,
        token: u32,
    ) -> Result<(String, Option<Reason>), UnknownToken> {
        let piece = table.get(token).ok_or(UnknownToken(token))?;
        self.left = self.left.saturating_sub(1);
        if self.tokens.contains(&token) {
            return Ok((self.flush(), Some(Reason::Token(token))));
        }
        let bytes: &[u8] = if piece.control { &[] } else { piece.bytes };
        match self.strings.push(bytes) {
            Stopped::Yes { bytes, index } => {
                let index = u8::try_from(index).expect("there are at most 16 stop strings");
                Ok((self.text.push(&bytes) + &self.text.flush(), Some(Reason::String(index))))
            }
            Stopped::No(bytes) => {
                let text = self.text.push(&bytes);
                Ok(match self.before() {
                    Some(length) => (text + &self.flush(), Some(length)),
                    None => (text, None),
                })
            }
        }
    }

    /// The text still held back, where the answer ends some other way.
    pub(crate) fn flush(&mut self) -> String {
        let held = self.strings.flush();
        self.text.push(&held) + &self.text.flush()
    }
}

impl From<Reason> for Ending {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Token(_) => Self::Token,
            Reason::String(index) => Self::String { index },
            Reason::Length => Self::Length,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::convert::Infallible;

    use import::gguf::tiny::TinyModel;

    use super::*;
    use crate::model::Model;

    /// The tokens of the tiny model: three special ones, the bytes, merges.
    const START: u32 = 1;
    const HELLO: u32 = 263;

    fn byte(byte: u8) -> u32 {
        3 + u32::from(byte)
    }

    fn model() -> Model {
        let bytes = TinyModel { heads: 2, kv_heads: 1, ..TinyModel::new(1) }.write();
        let length = u64::try_from(bytes.len()).unwrap();
        let read = |offset, out: &mut [u8]| {
            let start = usize::try_from(offset).unwrap();
            out.copy_from_slice(&bytes[start..start + out.len()]);
            Ok::<_, Infallible>(())
        };
        Model::from_gguf(&bytes, length, read).unwrap_or_else(|error| panic!("{error}"))
    }

    /// All the text, and the reason with the number of tokens after which it held.
    fn ending(
        left: usize,
        stop_tokens: &[u32],
        stop_strings: &[&str],
        tokens: &[u32],
    ) -> (String, Option<(Reason, usize)>) {
        let model = model();
        let strings: Vec<String> = stop_strings.iter().map(|&text| text.to_owned()).collect();
        let mut stopper = Stopper::new(left, stop_tokens, &strings).unwrap();
        let mut all = String::new();
        for (before, token) in tokens.iter().enumerate() {
            let (text, reason) = stopper.take(model.tokenizer.token_bytes(), *token).unwrap();
            all += &text;
            if let Some(reason) = reason {
                assert_eq!(stopper.flush(), "", "everything was given out");
                return (all, Some((reason, before + 1)));
            }
        }
        (all + &stopper.flush(), None)
    }

    #[test]
    fn reasons_are_tried_in_order() {
        let [a, b] = [byte(b'a'), byte(b'b')];
        let token = |count| Some((Reason::Token(b), count));
        assert_eq!(ending(2, &[b], &["b", "ab"], &[a, b]), ("a".into(), token(2)));
        assert_eq!(ending(9, &[a, b], &[], &[b, a]), (String::new(), token(1)));
        let string = Some((Reason::String(0), 2));
        assert_eq!(ending(2, &[], &["b"], &[a, b]), ("a".into(), string));
        assert_eq!(ending(2, &[], &["c"], &[a, b]), ("ab".into(), Some((Reason::Length, 2))));
        assert_eq!(ending(3, &[], &["abc"], &[a, b]), ("ab".into(), None));
        // The last text is given out whole, what was held back and half a character too.
        let length = Some((Reason::Length, 2));
        assert_eq!(ending(2, &[], &["bc"], &[a, b]), ("ab".into(), length));
        assert_eq!(ending(2, &[], &[], &[a, byte(0xC3)]), ("a\u{FFFD}".into(), length));
        let stopped = |left| Stopper::new(left, &[], &[]).unwrap().before();
        assert_eq!((stopped(0), stopped(1)), (Some(Reason::Length), None));
    }

    #[test]
    fn one_token_or_five_make_no_difference() {
        let five = b"hello".map(byte);
        for (strings, text, index) in [
            (&["hello", "ell", "lo", "l"][..], "he", 3),
            (&["ell", "hell", "hel"], "", 2),
            (&["o", "hello", "hello"], "", 1),
            (&["xhello", "llo", "lo"], "he", 1),
        ] {
            let (got, reason) = ending(9, &[], strings, &[HELLO]);
            assert_eq!((got.as_str(), reason), (text, Some((Reason::String(index), 1))));
            let (got, reason) = ending(9, &[], strings, &five);
            assert_eq!(got, text);
            assert!(matches!(reason, Some((Reason::String(found), _)) if found == index));
        }
    }

    #[test]
    fn special_tokens_have_no_bytes() {
        let tokens = [byte(b'h'), START, byte(b'e')];
        assert_eq!(ending(9, &[], &["he"], &tokens), (String::new(), Some((Reason::String(0), 3))));
        assert_eq!(ending(9, &[], &["<|im_start|>"], &tokens), ("he".into(), None));
    }

    #[test]
    fn a_mark_for_broken_bytes_is_no_text_of_the_answer() {
        let broken = [0xF0, 0x9F, b'a'].map(byte);
        assert_eq!(ending(9, &[], &["\u{FFFD}"], &broken), ("\u{FFFD}a".into(), None));
        let found = Some((Reason::String(0), 3));
        assert_eq!(ending(9, &[], &["a"], &broken), ("\u{FFFD}".into(), found));
        let real = [0xEF, 0xBF, 0xBD].map(byte);
        assert_eq!(ending(9, &[], &["\u{FFFD}"], &real), (String::new(), found));
    }

    #[test]
    fn a_token_the_vocabulary_does_not_have_is_none() {
        let mut stopper = Stopper::new(9, &[], &[]).unwrap();
        let taken = stopper.take(model().tokenizer.token_bytes(), 288);
        assert_eq!(taken, Err(UnknownToken(288)));
    }
}
