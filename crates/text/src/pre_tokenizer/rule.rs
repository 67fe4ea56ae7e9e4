//! One cutting step.
//!
//! A rule is a regular expression, linear in the text whatever it is, except for what no such expression can say, which
//! is done by hand: what of a run of white space a word follows, and numbers grouped from their ends. Backtracking
//! engines can say that, but they give up on, or are slow for, texts a stranger chooses.

use std::ops::Range;

use regex::Regex;

use super::expressions::Expression;

/// Digits in a group.
const GROUP: usize = 3;
/// The longest piece of a run of white space that a `Doubled` rule cuts; the others are its halves down to this one.
const LONGEST_DOUBLED: usize = 512;
const SHORTEST_DOUBLED: usize = 4;

/// One cutting step; each step cuts the pieces of the one before.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// Cut out every match.
    Plain(Expression),
    /// Cut out every match; its last alternative is `\s+` and means `\s+(?!\S)|\s+`.
    Words(Expression),
    /// The same, and an alternative before it, `\s*[\r\n]+`, takes every run with a line break.
    Lines(Expression),
    /// As `Lines`, but `\s+` means
    /// `\s{512}(?!\S)|\s{256}(?!\S)|...|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}`.
    Doubled(Expression),
    /// Cut behind every third character of each match, counted from its end, and behind the match. So what stands
    /// before a match and its first one to three characters are one piece.
    Grouped(Expression),
    /// Cut before every third ASCII digit of each run of them, counted from its end.
    Thousands,
}

/// A step made ready.
#[derive(Debug)]
pub(super) enum Step {
    Matches(Regex, Kind),
    Grouped(Regex),
    Thousands,
}

/// What the expression's last alternative, `\s+`, means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What it says, or there is none.
    Plain,
    Words,
    Lines,
    Doubled,
}

impl Step {
    pub(super) fn new(rule: Rule) -> Self {
        let compile = |expression: Expression| {
            Regex::new(expression.pattern).expect("the table's expressions are tested")
        };
        match rule {
            Rule::Plain(expression) => Self::Matches(compile(expression), Kind::Plain),
            Rule::Words(expression) => Self::Matches(compile(expression), Kind::Words),
            Rule::Lines(expression) => Self::Matches(compile(expression), Kind::Lines),
            Rule::Doubled(expression) => Self::Matches(compile(expression), Kind::Doubled),
            Rule::Grouped(expression) => Self::Grouped(compile(expression)),
            Rule::Thousands => Self::Thousands,
        }
    }

    /// Calls `piece` with each piece of a text, in order; together they are the text. A piece may be empty.
    pub(super) fn cut<'t, E>(
        &self,
        text: &'t str,
        mut piece: impl FnMut(&'t str) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Matches(regex, kind) => matches(regex, *kind, text, &mut piece),
            Self::Grouped(regex) => cut_at(text, grouped(regex, text), &mut piece),
            Self::Thousands => cut_at(text, thousands(text), &mut piece),
        }
    }
}

fn matches<'t, E>(
    regex: &Regex,
    kind: Kind,
    text: &'t str,
    piece: &mut impl FnMut(&'t str) -> Result<(), E>,
) -> Result<(), E> {
    let mut done = 0;
    while let Some(found) = regex.find_at(text, done) {
        if done < found.start() {
            piece(&text[done..found.start()])?;
        }
        done = found.end();
        let run = found.range();
        if is_white_space(kind, &text[run.clone()]) {
            done = white_space(kind, text, run, piece)?;
        } else {
            piece(&text[run])?;
        }
    }
    if done < text.len() { piece(&text[done..]) } else { Ok(()) }
}

/// Whether a match is one of the last alternative.
///
/// Only `\s+` matches what ends in white space, but for `\s*[\r\n]+` and its like, whose matches end in a line break.
fn is_white_space(kind: Kind, matched: &str) -> bool {
    let Some(last) = matched.chars().next_back() else { return false };
    match kind {
        Kind::Plain => false,
        Kind::Words => last.is_whitespace(),
        Kind::Lines | Kind::Doubled => last.is_whitespace() && last != '\r' && last != '\n',
    }
}

/// Cuts a run of white space as far as it is cut by itself; returns where that ends.
fn white_space<'t, E>(
    kind: Kind,
    text: &'t str,
    run: Range<usize>,
    piece: &mut impl FnMut(&'t str) -> Result<(), E>,
) -> Result<usize, E> {
    let followed = run.end < text.len();
    let last = text[run.clone()].chars().next_back().map_or(0, char::len_utf8);
    if !followed || last == run.len() {
        return whole(kind, text, run, piece);
    }
    // A word follows, and the run's last character is left to it.
    whole(kind, text, run.start..run.end - last, piece)
}

/// Cuts all of a run of white space.
fn whole<'t, E>(
    kind: Kind,
    text: &'t str,
    run: Range<usize>,
    piece: &mut impl FnMut(&'t str) -> Result<(), E>,
) -> Result<usize, E> {
    match kind {
        Kind::Plain | Kind::Words | Kind::Lines => piece(&text[run.clone()])?,
        Kind::Doubled => {
            let (mut rest, mut left) = (&text[run.clone()], text[run.clone()].chars().count());
            while left > 0 {
                let count = doubled(left);
                let end = rest.char_indices().nth(count).map_or(rest.len(), |(at, _)| at);
                let (first, others) = rest.split_at(end);
                piece(first)?;
                (rest, left) = (others, left - count);
            }
        }
    }
    Ok(run.end)
}

/// How many of so many characters of white space are one piece.
fn doubled(left: usize) -> usize {
    let mut count = LONGEST_DOUBLED;
    while count > left && count > SHORTEST_DOUBLED {
        count /= 2;
    }
    if count <= left { count } else { left.min(2) }
}

fn cut_at<'t, E>(
    text: &'t str,
    cuts: impl Iterator<Item = usize>,
    piece: &mut impl FnMut(&'t str) -> Result<(), E>,
) -> Result<(), E> {
    let mut done = 0;
    for cut in cuts {
        piece(&text[done..cut])?;
        done = cut;
    }
    piece(&text[done..])
}

/// Where groups of numbers end.
fn grouped<'t>(regex: &'t Regex, text: &'t str) -> impl Iterator<Item = usize> + 't {
    regex.find_iter(text).flat_map(move |run| {
        let count = run.as_str().chars().count();
        let ends =
            run.as_str().char_indices().map(move |(at, last)| run.start() + at + last.len_utf8());
        (1..=count)
            .zip(ends)
            .filter_map(move |(taken, end)| ((count - taken) % GROUP == 0).then_some(end))
    })
}

/// Where thousands begin.
fn thousands(text: &str) -> impl Iterator<Item = usize> + '_ {
    let bytes = text.as_bytes();
    let mut run = 0..0;
    (0..bytes.len()).filter(move |&at| {
        if !bytes[at].is_ascii_digit() {
            return false;
        }
        if at >= run.end {
            let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            run = at..at + length;
        }
        (run.end - at) % GROUP == 0
    })
}
