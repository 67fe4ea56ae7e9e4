//! What a definition may cost before and while it is followed.
//!
//! The first limits are of the text, and hold before the engine sees it: its recursion stays within the stack of a
//! thread, and sums that it makes within their width. The others are counts of its own work. None is a time: a mask never
//! depends on how fast a machine is.

use std::collections::BTreeSet;

use llguidance::api::ParserLimits;
use serde_json::Value as Json;

use super::definition::{GrammarError, GrammarKind};
use super::meeting;

/// Most bytes of a text.
pub const GRAMMAR_BYTES_MAX: usize = 1 << 18;
/// Deepest recursion that a text can lead the engine to. Of a schema: how deep it is nested, and of what every `$ref`
/// leads to, all together. Of a Lark grammar: its lines and opening brackets. The engine overflows a stack of 2 MiB at
/// some 900.
pub const GRAMMAR_DEPTH_MAX: usize = 400;
/// Greatest `multipleOf`, without its decimal point; and greatest product of different ones.
pub const GRAMMAR_MULTIPLE_MAX: u64 = 10_000;

/// Most different names of members in a schema. The engine's recursion is as deep as an object has members, whatever
/// merged them, and its work grows with their square.
pub const GRAMMAR_NAMES_MAX: usize = 1_000;
/// Greatest product of ways in which the expressions that hold for one string can go on by one byte
/// ([`super::meeting`]). The engine works through them all before it counts.
pub const GRAMMAR_MEETING_MAX: u64 = 4_096;

/// Most states of the engine's lexer, of some 1 to 2 KiB each.
const LEXER_STATES_MAX: usize = 50_000;
/// Symbols of all rules together.
const SYMBOLS_MAX: usize = 200_000;
/// Branches of a rule that are open at one byte.
const ITEMS_IN_ROW_MAX: usize = 2_000;
/// Work on the lexer before the first token, in nodes of its expressions.
const START_FUEL: u64 = 1_000_000;
/// Work on the lexer for one mask.
const STEP_FUEL: u64 = 200_000;
/// Items of the parser for one mask.
const STEP_ITEMS_MAX: usize = 50_000;

/// The engine's limits.
pub(super) fn engine() -> ParserLimits {
    ParserLimits {
        max_items_in_row: ITEMS_IN_ROW_MAX,
        initial_lexer_fuel: START_FUEL,
        step_lexer_fuel: STEP_FUEL,
        step_max_items: STEP_ITEMS_MAX,
        max_lexer_states: LEXER_STATES_MAX,
        max_grammar_size: SYMBOLS_MAX,
        precompute_large_lexemes: true,
        verbose_errors: false,
    }
}

/// Whether a text keeps the limits.
pub(super) fn check(kind: GrammarKind, text: &str) -> Result<(), GrammarError> {
    if text.len() > GRAMMAR_BYTES_MAX {
        return Err(GrammarError::TooLong(text.len()));
    }
    match kind {
        GrammarKind::JsonObject | GrammarKind::Regex => Ok(()),
        GrammarKind::JsonSchema => schema(&json(text)?),
        GrammarKind::Lark => lark(text),
    }
}

/// The value of a JSON text.
pub(super) fn json(text: &str) -> Result<Json, GrammarError> {
    serde_json::from_str(text).map_err(|error| GrammarError::Refused(error.to_string()))
}

fn schema(schema: &Json) -> Result<(), GrammarError> {
    let mut found = Found::default();
    let mut deepest = found.look(schema);
    for target in &found.targets {
        // Each leads one deeper at least, so few are followed whatever their number.
        if deepest > GRAMMAR_DEPTH_MAX {
            break;
        }
        deepest += target_of(schema, target).map_or(0, depth);
    }
    if deepest > GRAMMAR_DEPTH_MAX {
        return Err(GrammarError::TooDeep(deepest));
    }
    if found.names.len() > GRAMMAR_NAMES_MAX {
        return Err(GrammarError::Names(found.names.len()));
    }
    if meeting::most_ways(schema) > GRAMMAR_MEETING_MAX {
        return Err(GrammarError::Meeting);
    }
    found.check_multiples()
}

/// How deep a value is nested, as [`Found::look`] counts.
fn depth(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 0,
        Json::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Json::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
    }
}

/// A Lark grammar: the schemas in it, and what is left without them.
fn lark(text: &str) -> Result<(), GrammarError> {
    const SCHEMA: &str = "%json";
    let (mut rest, mut deepest) = (text, 0);
    while let Some(at) = rest.find(SCHEMA) {
        let (before, after) = rest.split_at(at + SCHEMA.len());
        no_meeting(before)?;
        deepest += lark_depth(before);
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<Json>();
        rest = match values.next() {
            Some(Ok(value)) => {
                schema(&value)?;
                &after[values.byte_offset()..]
            }
            // No schema here: the engine says so, too, if it is meant to be one.
            Some(Err(_)) | None => after,
        };
    }
    no_meeting(rest)?;
    deepest += lark_depth(rest);
    if deepest > GRAMMAR_DEPTH_MAX {
        return Err(GrammarError::TooDeep(deepest));
    }
    Ok(())
}

/// Expressions that `&` makes meet are not looked at: there may be none, not even in a text between quotes.
fn no_meeting(text: &str) -> Result<(), GrammarError> {
    if text.contains('&') { Err(GrammarError::Meeting) } else { Ok(()) }
}

fn lark_depth(text: &str) -> usize {
    text.bytes().filter(|byte| matches!(byte, b'\n' | b'(' | b'[' | b'{')).count()
}

/// What is looked for in a schema.
#[derive(Default)]
struct Found<'s> {
    /// Names of members, of those that must be there too.
    names: BTreeSet<&'s str>,
    /// Where references lead, as they are written.
    targets: BTreeSet<String>,
    /// Numbers of `multipleOf`, as they are written.
    multiples: BTreeSet<String>,
}

impl<'s> Found<'s> {
    /// How deep a value is nested. The parser's own limit of 128 bounds the recursion.
    fn look(&mut self, value: &'s Json) -> usize {
        match value {
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 0,
            Json::Array(list) => 1 + list.iter().map(|item| self.look(item)).max().unwrap_or(0),
            Json::Object(members) => {
                let mut deepest = 0;
                for (name, member) in members {
                    self.name_all(name, member);
                    match (name.as_str(), member) {
                        ("$ref", Json::String(target)) => {
                            self.targets.insert(target.clone());
                        }
                        ("multipleOf", Json::Number(number)) => {
                            self.multiples.insert(number.to_string());
                        }
                        (_, member) => deepest = deepest.max(self.look(member)),
                    }
                }
                1 + deepest
            }
        }
    }

    /// Takes the names that a member of a schema gives to members of what it describes.
    fn name_all(&mut self, name: &str, member: &'s Json) {
        match (name, member) {
            ("properties" | "patternProperties", Json::Object(members)) => {
                self.names.extend(members.keys().map(String::as_str));
            }
            ("required", Json::Array(list)) => {
                self.names.extend(list.iter().filter_map(Json::as_str));
            }
            _ => {}
        }
    }

    /// Different numbers can meet where two schemas do, and the engine multiplies them.
    fn check_multiples(&self) -> Result<(), GrammarError> {
        let places = |text: &str| text.split_once('.').map_or(0, |(_, places)| places.len());
        let most = self.multiples.iter().map(|text| places(text)).max().unwrap_or(0);
        let mut product = 1_u64;
        for text in &self.multiples {
            let refused = || GrammarError::Multiple(text.chars().take(64).collect());
            let digits: String = text.chars().filter(|c| !matches!(c, '.' | '-')).collect();
            let (number, more) = (digits.parse::<u64>().ok(), most - places(text));
            let number = number.filter(|number| *number <= GRAMMAR_MULTIPLE_MAX);
            // Alone, it meets no other.
            let more = if self.multiples.len() == 1 { 0 } else { more };
            let scale = u32::try_from(more).ok().and_then(|more| 10_u64.checked_pow(more));
            let factor = number.and_then(|number| number.checked_mul(scale?));
            product = factor.and_then(|factor| product.checked_mul(factor)).ok_or_else(refused)?;
            if self.multiples.len() > 1 && product > GRAMMAR_MULTIPLE_MAX {
                return Err(refused());
            }
        }
        Ok(())
    }
}

/// What a reference leads to, by the engine's rule: names between slashes, none of them escaped.
pub(super) fn target_of<'s>(schema: &'s Json, reference: &str) -> Option<&'s Json> {
    let mut value = schema;
    for name in reference.strip_prefix('#')?.split('/').filter(|name| !name.is_empty()) {
        value = match value {
            Json::Array(list) => list.get(name.parse::<usize>().ok()?)?,
            Json::Object(members) => members.get(name)?,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return None,
        };
    }
    Some(value)
}
