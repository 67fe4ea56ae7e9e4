//! The private spelling of control tokens: see the module above for what it is for.
//!
//! A `Marks` is made for one rendering. It maps each character of any control token's literal to a
//! private-use character that occurs in none of the strings it was given, and back. It NEVER marks
//! anything but whole literals and the parts around a role's name.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::conversation::Role;
use crate::literals::Literals;

/// The private-use plane the spelling is taken from.
const PRIVATE_USE: Range<u32> = 0x10_0000..0x10_FFFE;

/// The longest control token that is looked for around a role's name (real ones have some 30 bytes).
const ROLE_TOKEN_BYTES_MAX: usize = 256;
/// The most spellings around a role's name. What is left out of either is no control token when it
/// is put together of parts, and the template is told so.
const ROLE_SPELLINGS_MAX: usize = 1024;

pub(super) struct Marks {
    forward: BTreeMap<char, char>,
    back: BTreeMap<char, char>,
    /// Control literals as written.
    plain: Literals,
    /// Control literals in private spelling, those around a role's name with that name plain.
    marked: Literals,
    /// What stands before and behind a role's name in some control literal, the longest first.
    before_role: Vec<String>,
    after_role: Vec<String>,
}

impl Marks {
    /// None if the strings use up all private characters.
    pub(super) fn new<'a>(
        control: &[String],
        strings: impl Iterator<Item = &'a str>,
    ) -> Option<Self> {
        // A backslash in a string literal is an escape, not itself: such tokens can't be marked.
        let control: Vec<&str> =
            control.iter().map(String::as_str).filter(|text| !text.contains('\\')).collect();
        let taken: BTreeSet<u32> = strings
            .flat_map(str::chars)
            .map(u32::from)
            .filter(|code| PRIVATE_USE.contains(code))
            .collect();
        let letters: BTreeSet<char> = control.iter().flat_map(|text| text.chars()).collect();
        let mut free = PRIVATE_USE.filter(|code| !taken.contains(code)).filter_map(char::from_u32);
        let mut marks = Self {
            forward: BTreeMap::new(),
            back: BTreeMap::new(),
            plain: Literals::new(control.iter().copied()),
            marked: Literals::new([]),
            before_role: Vec::new(),
            after_role: Vec::new(),
        };
        for letter in letters {
            let private = free.next()?;
            marks.forward.insert(letter, private);
            marks.back.insert(private, letter);
        }
        let mut patterns: Vec<String> = control.iter().map(|text| marks.mark_whole(text)).collect();
        for text in control.iter().filter(|text| text.len() <= ROLE_TOKEN_BYTES_MAX) {
            marks.add_role_spellings(text, &mut patterns);
        }
        for parts in [&mut marks.before_role, &mut marks.after_role] {
            parts.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
            parts.dedup();
        }
        marks.marked = Literals::new(patterns.iter().map(String::as_str));
        Some(marks)
    }

    fn add_role_spellings(&mut self, text: &str, patterns: &mut Vec<String>) {
        for role in Role::ALL {
            for (at, name) in text.match_indices(role.name()) {
                let (before, after) = (&text[..at], &text[at + name.len()..]);
                let enough = self.before_role.len() >= ROLE_SPELLINGS_MAX;
                if before.is_empty() || after.is_empty() || enough {
                    continue;
                }
                patterns.push(format!(
                    "{}{name}{}",
                    self.mark_whole(before),
                    self.mark_whole(after)
                ));
                self.before_role.push(before.to_owned());
                self.after_role.push(after.to_owned());
            }
        }
    }

    /// The text with every character of the control tokens' alphabet in private spelling.
    pub(super) fn mark_whole(&self, text: &str) -> String {
        text.chars().map(|c| self.forward.get(&c).copied().unwrap_or(c)).collect()
    }

    /// A stretch of template text, or the inside of one of its string literals.
    pub(super) fn mark_fragment(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for (place, _) in self.plain.find(text) {
            out.push_str(&self.mark_edges(&text[done..place.start], done == 0, false));
            out.push_str(&self.mark_whole(&text[place.clone()]));
            done = place.end;
        }
        out.push_str(&self.mark_edges(&text[done..], done == 0, true));
        out
    }

    /// Marks the parts around a role's name where the fragment begins or ends with one.
    fn mark_edges(&self, text: &str, first: bool, last: bool) -> String {
        let (mut start, mut end) = (0, text.len());
        if first && let Some(part) = self.after_role.iter().find(|part| text.starts_with(*part)) {
            start = part.len();
        }
        if last
            && let Some(part) = self.before_role.iter().find(|part| text[start..].ends_with(*part))
        {
            end -= part.len();
        }
        let (head, middle, tail) = (&text[..start], &text[start..end], &text[end..]);
        format!("{}{middle}{}", self.mark_whole(head), self.mark_whole(tail))
    }

    /// The rendering in plain spelling, and where in it the control tokens are.
    pub(super) fn unmark(&self, marked: &str) -> (String, Vec<Range<usize>>) {
        let mut text = String::with_capacity(marked.len());
        let mut controls = Vec::new();
        let mut done = 0;
        let spell_back =
            |part: &str, text: &mut String| text.extend(part.chars().map(|c| self.spell_back(c)));
        for (place, _) in self.marked.find(marked) {
            spell_back(&marked[done..place.start], &mut text);
            let start = text.len();
            spell_back(&marked[place.clone()], &mut text);
            controls.push(start..text.len());
            done = place.end;
        }
        spell_back(&marked[done..], &mut text);
        (text, controls)
    }

    /// A control literal in the text that is not among the found ones and that no string has the
    /// beginning or the end of: the template's own, then, but not one the marks could follow.
    pub(super) fn unfollowed<'t>(
        &self,
        text: &'t str,
        found: &[Range<usize>],
        strings: &[&str],
    ) -> Option<&'t str> {
        let literals = self.plain.find(text).map(|(place, _)| place);
        let mut unmarked = literals
            .filter(|range| found.binary_search_by_key(&range.start, |known| known.start).is_err())
            .peekable();
        // A user's text may hold as many literals as it has room for: all strings are looked through once.
        unmarked.peek()?;
        let held: BTreeSet<Edge> = strings.iter().flat_map(|string| edges_in(string)).collect();
        unmarked.map(|range| &text[range]).find(|literal| {
            let (begin, end) = edges(literal);
            !held.contains(&begin) && !held.contains(&end)
        })
    }

    fn spell_back(&self, character: char) -> char {
        self.back.get(&character).copied().unwrap_or(character)
    }
}

/// Two characters side by side, or one that is alone.
type Edge = (char, Option<char>);

/// The first and the last two characters; a literal has one at least.
fn edges(text: &str) -> (Edge, Edge) {
    let mut chars = text.chars();
    let first = chars.next().unwrap_or_default();
    let begin = (first, chars.next());
    let mut chars = text.chars().rev();
    let last = chars.next().unwrap_or_default();
    (begin, chars.next().map_or((last, None), |before| (before, Some(last))))
}

/// Every edge that a literal could have in common with a text.
fn edges_in(text: &str) -> impl Iterator<Item = Edge> {
    let alone = text.chars().map(|c| (c, None));
    alone.chain(text.chars().zip(text.chars().skip(1)).map(|(one, next)| (one, Some(next))))
}
