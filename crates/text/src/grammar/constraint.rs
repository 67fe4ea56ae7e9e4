//! One answer that follows a grammar, token by token.
//!
//! Before each draw [`Constraint::mask`] says what is allowed, and [`Constraint::accept`] takes what was drawn. A stop
//! token is allowed exactly where the grammar may end, and alone where it is complete: also one that is text of the
//! grammar elsewhere. A mask without any token is the specified end of an answer. Never forces a token. Failure: where
//! the engine's limits end the computation there is an error and no mask, and there is none after it either.

use std::panic::AssertUnwindSafe;

use llguidance::api::{StopReason, TopLevelGrammar};
use llguidance::toktrie::SimpleVob;
use llguidance::{TokenParser, panic_utils};
use serde_json::{Value as Json, json};

use super::definition::{Grammar, GrammarError, GrammarKind};
use super::limits;
use super::tokens::GrammarTokens;

/// What stands between two parts of a JSON text, where a schema does not say otherwise: a space, or a line's end and up
/// to 40 spaces. Bounded, for a model can go on with white space for ever.
const WHITE_SPACE: &str = r"\x20|\x0A\x20{0,40}";
/// The member of a schema by which it says otherwise.
const OPTIONS: &str = "x-guidance";
/// Most characters of what the engine says.
const MESSAGE_CHARS_MAX: usize = 400;

/// An answer that follows a grammar. A clone goes on by itself from where this one stands.
pub struct Constraint {
    tokens: GrammarTokens,
    /// The grammar's.
    id: [u8; 32],
    parser: TokenParser,
    /// Ascending.
    stop_tokens: Vec<u32>,
    mask: Vec<u64>,
    /// Whether `mask` is that of the tokens so far.
    fresh: bool,
    may_end: bool,
    /// Why there are no masks any more.
    ended: Option<GrammarError>,
}

impl Constraint {
    /// For an answer that ends by one of these stop tokens.
    ///
    /// # Errors
    /// [`GrammarError`] names what is wrong with the definition, or why it can't be followed here.
    pub fn new(
        tokens: &GrammarTokens,
        grammar: &Grammar,
        stop_tokens: &[u32],
    ) -> Result<Self, GrammarError> {
        grammar.check()?;
        if stop_tokens.is_empty() {
            return Err(GrammarError::NoStopToken);
        }
        let mut stop_tokens = stop_tokens.to_vec();
        stop_tokens.sort_unstable();
        let parser = tokens.inner().factory.create_parser(top_level(grammar)?);
        let mut parser = parser.map_err(|error| GrammarError::Refused(said(&error)))?;
        parser.start_without_prompt();
        let words = tokens.inner().count.div_ceil(u64::BITS);
        Ok(Self {
            tokens: tokens.clone(),
            id: grammar.id(),
            parser,
            stop_tokens,
            mask: vec![0; usize::try_from(words).unwrap_or(usize::MAX)],
            fresh: false,
            may_end: false,
            ended: None,
        })
    }

    /// Whether this is what [`Self::new`] makes of these, the grammar of this id among them, whatever it has taken since.
    #[must_use]
    pub fn is_of(&self, tokens: &GrammarTokens, grammar: &[u8; 32], stop_tokens: &[u32]) -> bool {
        let mut stops = stop_tokens.to_vec();
        stops.sort_unstable();
        self.tokens.is(tokens) && self.id == *grammar && self.stop_tokens == stops
    }

    /// The allowed tokens: bit `i % 64` of word `i / 64` is token i's.
    ///
    /// # Errors
    /// [`GrammarError::Limit`] where the engine's limits ended it, here or before.
    pub fn mask(&mut self) -> Result<&[u64], GrammarError> {
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        if !self.fresh {
            if let Err(error) = self.compute() {
                self.ended = Some(error.clone());
                return Err(error);
            }
            self.fresh = true;
        }
        Ok(&self.mask)
    }

    /// Goes on with a token.
    ///
    /// # Errors
    /// [`GrammarError::Token`] for one that is not allowed, which changes nothing; else as [`Self::mask`].
    pub fn accept(&mut self, token: u32) -> Result<(), GrammarError> {
        if !allows(self.mask()?, token) {
            return Err(GrammarError::Token(token));
        }
        self.fresh = false;
        if self.stop_tokens.binary_search(&token).is_ok() {
            // Nothing comes after it.
            self.mask.fill(0);
            (self.fresh, self.may_end) = (true, false);
            return Ok(());
        }
        let (parser, known) = (&mut self.parser, self.tokens.inner().known(token));
        let taken = panic_utils::catch_unwind(AssertUnwindSafe(|| {
            let back = parser.consume_token(known)?;
            let stopped = parser.check_stop()?;
            Ok((back, stopped))
        }));
        match taken {
            Ok((0, _)) => Ok(()),
            Ok(_) => Err(self.end("it takes tokens back")),
            Err(error) => Err(self.end(&said(&error))),
        }
    }

    /// Whether the grammar may end where the answer stands.
    ///
    /// # Errors
    /// As [`Self::mask`].
    pub fn may_end(&mut self) -> Result<bool, GrammarError> {
        self.mask()?;
        Ok(self.may_end)
    }

    /// Whether nothing but a stop token is allowed where the answer stands.
    ///
    /// # Errors
    /// As [`Self::mask`].
    pub fn is_complete(&mut self) -> Result<bool, GrammarError> {
        self.mask()?;
        let others: u32 = self.mask.iter().map(|word| word.count_ones()).sum();
        let stops = self.stop_tokens.iter().filter(|token| allows(&self.mask, **token)).count();
        Ok(self.may_end && usize::try_from(others) == Ok(stops))
    }

    fn end(&mut self, what: &str) -> GrammarError {
        let error = GrammarError::Limit(what.into());
        self.ended = Some(error.clone());
        error
    }

    fn compute(&mut self) -> Result<(), GrammarError> {
        self.mask.fill(0);
        self.may_end = if self.parser.stop_reason() == StopReason::NoExtension {
            true
        } else {
            self.engine_mask()?.is_some_and(|set| self.copy(&set))
        };
        for token in &self.stop_tokens {
            set(&mut self.mask, *token, self.may_end && *token < self.tokens.inner().count);
        }
        Ok(())
    }

    /// What the engine allows; `None` where that is no token and no end.
    fn engine_mask(&mut self) -> Result<Option<SimpleVob>, GrammarError> {
        let parser = &mut self.parser;
        let set = panic_utils::catch_unwind(AssertUnwindSafe(|| {
            let set = parser.compute_mask();
            if set.is_err() && parser.stop_reason() == StopReason::NoExtensionBias {
                return Ok(None);
            }
            set.map(Some)
        }));
        set.map_err(|error| GrammarError::Limit(said(&error)))
    }

    /// Copies what the engine allows; says whether the end is allowed.
    fn copy(&mut self, set_of: &SimpleVob) -> bool {
        let count = self.tokens.inner().count;
        for (word, halves) in self.mask.iter_mut().zip(set_of.as_slice().chunks(2)) {
            let high = halves.get(1).map_or(0, |high| u64::from(*high));
            *word = u64::from(halves[0]) | high << 32;
        }
        if let Some(last) = self.mask.last_mut().filter(|_| !count.is_multiple_of(u64::BITS)) {
            *last &= (1 << (count % u64::BITS)) - 1;
        }
        for (token, known) in &self.tokens.inner().same {
            let allowed = allows(&self.mask, *known);
            if allowed {
                set(&mut self.mask, *token, true);
            }
        }
        set_of.is_allowed(count)
    }
}

impl Clone for Constraint {
    fn clone(&self) -> Self {
        // The engine's own clone would share what it computes.
        Self {
            tokens: self.tokens.clone(),
            id: self.id,
            parser: self.parser.deep_clone(),
            stop_tokens: self.stop_tokens.clone(),
            mask: self.mask.clone(),
            fresh: self.fresh,
            may_end: self.may_end,
            ended: self.ended.clone(),
        }
    }
}

/// Whether a mask has this token.
fn allows(mask: &[u64], token: u32) -> bool {
    let word = usize::try_from(token / u64::BITS).ok().and_then(|word| mask.get(word));
    word.is_some_and(|word| word >> (token % u64::BITS) & 1 == 1)
}

fn set(mask: &mut [u64], token: u32, allowed: bool) {
    let word = usize::try_from(token / u64::BITS).ok().and_then(|word| mask.get_mut(word));
    if let Some(word) = word {
        let bit = 1 << (token % u64::BITS);
        *word = if allowed { *word | bit } else { *word & !bit };
    }
}

/// The definition as the engine reads it.
fn top_level(grammar: &Grammar) -> Result<TopLevelGrammar, GrammarError> {
    Ok(match grammar.kind() {
        GrammarKind::JsonObject => {
            TopLevelGrammar::from_json_schema(with_white_space(json!({ "type": "object" })))
        }
        GrammarKind::JsonSchema => {
            TopLevelGrammar::from_json_schema(with_white_space(limits::json(grammar.text())?))
        }
        GrammarKind::Lark => TopLevelGrammar::from_lark(grammar.text().to_owned()),
        GrammarKind::Regex => TopLevelGrammar::from_regex(grammar.text()),
    })
}

/// A schema with our rule of white space, where it has none of its own.
pub(crate) fn with_white_space(schema: Json) -> Json {
    let mut members = match schema {
        Json::Object(members) => members,
        // Everything, or nothing: said in the other form, which has room for options.
        Json::Bool(true) => serde_json::Map::new(),
        other @ (Json::Bool(false)
        | Json::Null
        | Json::Number(_)
        | Json::String(_)
        | Json::Array(_)) => return other,
    };
    members.entry(OPTIONS).or_insert_with(|| json!({ "whitespace_pattern": WHITE_SPACE }));
    Json::Object(members)
}

/// What the engine says, in one line of bounded length.
fn said(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.chars().take(MESSAGE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::token_bytes::Alphabet;
    use crate::tokenizer::Tokenizer;
    use crate::vocabulary::{ModelKind, TokenType, Vocabulary};

    const END: u32 = 0;

    /// An end, every byte, and some longer tokens.
    fn tokenizer() -> Tokenizer {
        let alphabet = Alphabet::new();
        let longer =
            ["ab", "\":", "{\"", "\",", "  ", "true", "},{", "12", "e+", "\\n", "word", "\n  "];
        let spelt = |text: &str| text.bytes().map(|byte| alphabet.char(byte)).collect::<String>();
        let bytes = (0..=u8::MAX).map(|byte| String::from(alphabet.char(byte)));
        let tokens: Vec<String> = ["</s>".to_owned()]
            .into_iter()
            .chain(bytes)
            .chain(longer.into_iter().map(spelt))
            .collect();
        let mut token_types = vec![TokenType::Normal; tokens.len()];
        token_types[0] = TokenType::Control;
        Tokenizer::new(&Vocabulary {
            kind: ModelKind::Gpt2,
            tokens,
            token_types,
            merges: Vec::new(),
            pre_tokenizer: "smollm".to_owned(),
            bos: None,
            eos: Some(END),
            eot: None,
            eom: None,
            unknown: None,
            padding: None,
            add_bos: None,
            add_eos: false,
            add_space_prefix: false,
        })
        .unwrap()
    }

    /// What the engine's version gives for the grammars below: a dependency that changes a mask without a new version of
    /// the engine shows here, and is not to be taken.
    const MASKS: &str = "e772534238691cfac683a96fdfe42db4a882fd6d6ed84bdafe73eb5a92c34893";

    /// The engine's shortcuts are its own business: with and without them every mask is the same, and always was.
    #[test]
    fn masks_are_what_they_were_with_shortcuts_and_without() {
        let tokenizer = tokenizer();
        let with = GrammarTokens::new(tokenizer.token_bytes()).unwrap();
        let without = GrammarTokens::with_slices(tokenizer.token_bytes(), &[]).unwrap();
        let grammars = [
            Grammar::json_object(),
            Grammar::json_schema(r#"{"type":"array","items":{"type":"string","maxLength":12}}"#),
            Grammar::json_schema(r#"{"type":"object","properties":{"word":{"type":"number"}}}"#),
            Grammar::lark("start: WORD+ \"!\"\nWORD: /[a-z]+( |12)/\n"),
            Grammar::regex("(ab|word)*[^\"]{1,20}"),
        ];
        let (mut state, mut all) = (7_u64, blake3::Hasher::new());
        for grammar in &grammars {
            let mut fast = Constraint::new(&with, grammar, &[END]).unwrap();
            let mut slow = Constraint::new(&without, grammar, &[END]).unwrap();
            for _ in 0..60 {
                let mask = fast.mask().unwrap().to_vec();
                assert_eq!(mask, slow.mask().unwrap(), "{}", grammar.text());
                mask.iter().for_each(|word| {
                    all.update(&word.to_le_bytes());
                });
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let count = u32::try_from(tokenizer.token_bytes().len()).unwrap();
                let start = u32::try_from(state >> 33).unwrap() % count;
                // Not the end while there is anything else.
                let mut going = (1..count).map(|at| 1 + (start + at) % (count - 1));
                let Some(token) = going.find(|token| allows(&mask, *token)) else { break };
                fast.accept(token).unwrap();
                slow.accept(token).unwrap();
            }
        }
        assert_eq!(all.finalize().to_hex().as_str(), MASKS);
    }

    /// The version that definitions name is the one that is built in.
    #[test]
    fn the_version_is_the_one_of_the_lock() {
        let lock = include_str!("../../../../Cargo.lock");
        let version = Grammar::json_object().parts().version.to_owned();
        for name in ["llguidance", "toktrie"] {
            assert!(
                lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"")),
                "{name}"
            );
        }
        assert!(lock.contains("name = \"derivre\"\nversion = \"0.3.13\""));
    }
}
