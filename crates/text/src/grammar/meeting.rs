//! How much the expressions of a schema multiply where several hold for one string.
//!
//! Where `allOf`, `anyOf` beside a `pattern`, a `format` or a reference put more than one expression on a string, the
//! engine takes one step of all of them at once. An expression that can go on in two ways by one byte has two next
//! steps, and the steps of those that meet are multiplied before any of the engine's counts is asked: twenty-four short
//! patterns made it work for minutes. So their product is bounded here, before the engine sees them.
//!
//! Never says what an expression means: what it can't read may stand alone, and meet nothing.

use std::collections::{BTreeMap, BTreeSet};

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value as Json};

use super::limits::{GRAMMAR_MEETING_MAX, target_of};

/// The ways of a format's expression, which is the engine's own.
const FORMAT_WAYS: u64 = 4;

/// The greatest product of ways in which expressions that hold for one string can go on by one byte, or what it had
/// come to when it exceeded [`GRAMMAR_MEETING_MAX`].
pub(super) fn most_ways(schema: &Json) -> u64 {
    let mut walk =
        Walk { root: schema, known: BTreeMap::new(), open: BTreeSet::new(), circle: false };
    let ways = walk.of(schema);
    // Round a circle expressions of different depths meet: all that there are.
    if walk.circle { all_of(schema) } else { ways.here.max(ways.below) }
}

/// The product of the ways of what holds for a value itself, and the greatest one for what is in it.
#[derive(Clone, Copy)]
struct Ways {
    here: u64,
    below: u64,
}

impl Ways {
    const ONE: Self = Self { here: 1, below: 1 };

    /// Of two schemas that both hold.
    fn and(self, other: Self) -> Self {
        let times = |a: u64, b: u64| a.saturating_mul(b).min(GRAMMAR_MEETING_MAX + 1);
        Self { here: times(self.here, other.here), below: times(self.below, other.below) }
    }

    /// Of two schemas of which one holds.
    fn or(self, other: Self) -> Self {
        Self { here: self.here.max(other.here), below: self.below.max(other.below) }
    }

    /// Of a schema that holds for a part of the value.
    fn inside(self) -> Self {
        Self { here: 1, below: self.here.max(self.below) }
    }
}

struct Walk<'s> {
    root: &'s Json,
    known: BTreeMap<&'s str, Ways>,
    /// References that are being followed.
    open: BTreeSet<&'s str>,
    /// Whether a reference leads to itself.
    circle: bool,
}

impl<'s> Walk<'s> {
    /// The parser's own limit of 128 and that of [`super::limits`] on references bound the recursion.
    fn of(&mut self, schema: &'s Json) -> Ways {
        let Json::Object(members) = schema else { return Ways::ONE };
        let mut ways = Ways { here: own(members), below: 1 };
        let mut named = Ways::ONE;
        for (name, member) in members {
            match (name.as_str(), member) {
                ("allOf", Json::Array(list)) => {
                    for item in list {
                        ways = ways.and(self.of(item));
                    }
                }
                ("anyOf" | "oneOf", Json::Array(list)) => {
                    ways = ways.and(self.any(list));
                }
                ("$ref", Json::String(target)) => ways = ways.and(self.reference(target)),
                ("not" | "if" | "then" | "else", member) => ways = ways.and(self.of(member)),
                ("properties" | "patternProperties", Json::Object(members)) => {
                    named = named.and(self.any(members.values()).inside());
                }
                ("prefixItems" | "items", Json::Array(list)) => {
                    named = named.or(self.any(list).inside());
                }
                ("items" | "additionalProperties" | "additionalItems", member) => {
                    named = named.or(self.of(member).inside());
                }
                _ => {}
            }
        }
        ways.and(named)
    }

    /// Of schemas of which one holds.
    fn any(&mut self, schemas: impl IntoIterator<Item = &'s Json>) -> Ways {
        schemas.into_iter().fold(Ways::ONE, |any, schema| any.or(self.of(schema)))
    }

    fn reference(&mut self, target: &'s str) -> Ways {
        if let Some(ways) = self.known.get(target) {
            return *ways;
        }
        let Some(schema) = target_of(self.root, target) else { return Ways::ONE };
        if !self.open.insert(target) {
            self.circle = true;
            return Ways::ONE;
        }
        let ways = self.of(schema);
        self.open.remove(target);
        self.known.insert(target, ways);
        ways
    }
}

/// The ways of the expressions that a schema itself puts on a string.
fn own(members: &Map<String, Json>) -> u64 {
    let pattern = match members.get("pattern") {
        Some(Json::String(pattern)) => ways_of(pattern),
        _ => 1,
    };
    let format =
        if matches!(members.get("format"), Some(Json::String(_))) { FORMAT_WAYS } else { 1 };
    pattern.saturating_mul(format)
}

/// The product over all different expressions, wherever they stand.
fn all_of(schema: &Json) -> u64 {
    let mut found = BTreeSet::new();
    collect(schema, &mut found);
    let ways = found
        .iter()
        .map(|(name, text)| if *name == "pattern" { ways_of(text) } else { FORMAT_WAYS });
    ways.fold(1, |all, ways| all.saturating_mul(ways).min(GRAMMAR_MEETING_MAX + 1))
}

fn collect<'s>(value: &'s Json, found: &mut BTreeSet<(&'s str, &'s str)>) {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        Json::Array(list) => list.iter().for_each(|item| collect(item, found)),
        Json::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    (name @ ("pattern" | "format"), Json::String(text)) => {
                        found.insert((name, text));
                    }
                    (_, member) => collect(member, found),
                }
            }
        }
    }
}

/// In how many ways an expression can go on by one byte, wherever it is: as many as different sets of characters in it
/// have one that begins with that byte.
fn ways_of(pattern: &str) -> u64 {
    let Ok(expression) = regex_syntax::parse(pattern) else {
        return GRAMMAR_MEETING_MAX;
    };
    let mut sets = BTreeSet::new();
    sets_of(&expression, &mut sets);
    let mut most = 1;
    for byte in 0..=u8::MAX {
        let (word, bit) = (usize::from(byte / 64), byte % 64);
        let having = sets.iter().filter(|set| set.first_bytes[word] >> bit & 1 == 1).count();
        most = most.max(u64::try_from(having).unwrap_or(u64::MAX));
    }
    most
}

/// A set of characters: its ranges, and the bytes that its characters begin with.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Set {
    ranges: Vec<(u32, u32)>,
    first_bytes: [u64; 4],
}

impl Set {
    fn of(ranges: Vec<(u32, u32)>) -> Self {
        let mut first_bytes = [0_u64; 4];
        for (first, last) in &ranges {
            for byte in first_byte(*first)..=first_byte(*last) {
                first_bytes[usize::from(byte / 64)] |= 1 << (byte % 64);
            }
        }
        Self { ranges, first_bytes }
    }
}

/// The first byte of a character in UTF-8; of what is no character, the greatest.
fn first_byte(character: u32) -> u8 {
    let mut bytes = [u8::MAX; 4];
    if let Some(character) = char::from_u32(character) {
        character.encode_utf8(&mut bytes);
    }
    bytes[0]
}

/// The recursion is as deep as the expression is nested, which its parser limits.
fn sets_of(expression: &Hir, sets: &mut BTreeSet<Set>) {
    match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => {
            let text = String::from_utf8_lossy(&literal.0);
            sets.extend(text.chars().map(|one| Set::of(vec![(one.into(), one.into())])));
        }
        HirKind::Class(class) => {
            sets.insert(Set::of(ranges_of(class)));
        }
        HirKind::Repetition(repeated) => sets_of(&repeated.sub, sets),
        HirKind::Capture(group) => sets_of(&group.sub, sets),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| sets_of(part, sets));
        }
    }
}

fn ranges_of(class: &Class) -> Vec<(u32, u32)> {
    match class {
        Class::Unicode(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
    }
}
