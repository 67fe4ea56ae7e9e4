//! The merges of SentencePiece's BPE in a `tokenizer.json`, as ranks of pieces.
//!
//! Scores are not in these files. Two neighbours join here wherever their texts joined are a piece (`spec/text.md` section
//! 1.1), in the order of the pieces; in these files wherever the pair is a merge, in the order of the merges. That is one
//! thing exactly where every such pair is a merge and no other is, and the merges that make one piece stand together: as
//! whoever makes these files of SentencePiece's own has them. Anything else is refused, with the first pair that shows it.
//!
//! Pairs that no text has are left alone: of special tokens, and of added ones, whose texts are found before anything is
//! merged (unless they have a `\u{2581}`, which a space becomes only afterwards). One difference stays: of merges that make
//! one piece of three parts in two ways, x and yz or xy and z, the left one is first here, as SentencePiece has it.

use std::collections::{HashMap, HashSet};

use super::pieces::SPACE;
use super::{FolderError, TOKENIZER};
use crate::gguf::TokenKind;

/// The longest excerpt of a text in a message.
const EXCERPT_CHARS: usize = 32;

/// What a text is to the merges.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It joins and comes of joining.
    Piece,
    /// No text that is merged has it.
    Never,
    /// It stands for a byte.
    Byte,
    /// A character that is no token: it is its bytes.
    Character,
}

/// By token: how many others are merged before it; those that no merge makes come last.
pub(super) fn ranks(
    tokens: &[String],
    kinds: &[TokenKind],
    merges: &[String],
) -> Result<Vec<u32>, FolderError> {
    let parts = tokens.iter().zip(kinds).map(|(text, kind)| (text.as_str(), part(text, *kind)));
    let mut parts: HashMap<&str, Part> = parts.collect();
    let mut first: HashMap<String, u32> = HashMap::with_capacity(merges.len());
    let (mut pairs, mut before) = (HashSet::with_capacity(merges.len()), None);
    for merge in merges {
        let (left, right) = merge.split_once(' ').expect("a merge has a space");
        let joined = [left, right].concat();
        let next = u32::try_from(first.len()).expect("at most 2^21 merges");
        let new = !first.contains_key(&joined);
        let rank = *first.entry(joined.clone()).or_insert(next);
        let known = [left, right, joined.as_str()].map(|text| parts.get(text).copied());
        if known.contains(&Some(Part::Never)) {
            if known[2] == Some(Part::Piece) {
                before = Some(rank);
            }
            continue;
        }
        if known != [Some(Part::Piece); 3] {
            return Err(refused(left, right, "it joins or makes what is no piece"));
        }
        if !pairs.insert((left, right)) {
            return Err(refused(left, right, "it stands there twice"));
        }
        if !new && before != Some(rank) {
            let why =
                "another piece's merges stand between it and the others that make the same piece";
            return Err(refused(left, right, why));
        }
        before = Some(rank);
    }
    characters(&mut parts, tokens);
    all_pairs(&parts, |left, right| pairs.contains(&(left, right)))?;
    let last = u32::try_from(first.len()).expect("at most 2^21 merges");
    Ok(tokens.iter().map(|token| first.get(token).copied().unwrap_or(last)).collect())
}

fn part(text: &str, kind: TokenKind) -> Part {
    match kind {
        TokenKind::Control | TokenKind::Unknown => Part::Never,
        TokenKind::UserDefined if !text.contains(SPACE) => Part::Never,
        TokenKind::Byte => Part::Byte,
        TokenKind::Normal | TokenKind::UserDefined | TokenKind::Unused => Part::Piece,
    }
}

fn refused(left: &str, right: &str, why: &'static str) -> FolderError {
    let [left, right] =
        [left, right].map(|text| text.chars().take(EXCERPT_CHARS).collect::<String>());
    FolderError::Unsupported {
        file: TOKENIZER,
        what: format!("`model.merges`: the pair {left:?} {right:?}"),
        why,
    }
}

/// Adds the first and last characters of pieces, where they are no tokens: here they could join.
fn characters<'t>(parts: &mut HashMap<&'t str, Part>, tokens: &'t [String]) {
    for text in tokens {
        if parts.get(text.as_str()) == Some(&Part::Piece) {
            let first = text.chars().next().map_or(0, char::len_utf8);
            let last = text.chars().next_back().map_or(0, char::len_utf8);
            for character in [&text[..first], &text[text.len() - last..]] {
                parts.entry(character).or_insert(Part::Character);
            }
        }
    }
}

/// Fails at two parts whose texts joined are a piece, and that are not known to be a merge.
///
/// In time by the bytes of all texts: what a text begins with stands in a chain from the longest on, as does what it ends
/// with, and the two are walked against each other.
fn all_pairs<'t>(
    parts: &HashMap<&'t str, Part>,
    known: impl Fn(&'t str, &'t str) -> bool,
) -> Result<(), FolderError> {
    let joins = |part: &Part| matches!(part, Part::Piece | Part::Character);
    let mut texts: Vec<&'t str> =
        parts.iter().filter(|(_, part)| joins(part)).map(|(text, _)| *text).collect();
    // The first that shows is the same whenever somebody looks.
    texts.sort_unstable();
    let beginnings = longest_beginnings(&texts);
    let turned: Vec<Vec<u8>> = texts.iter().map(|text| text.bytes().rev().collect()).collect();
    let ends = longest_beginnings(&turned);
    for (at, text) in texts.iter().enumerate() {
        let chain = |links: &[Option<usize>]| {
            let found = std::iter::successors(links[at], |at| links[*at]);
            found.map(|at| texts[at].len()).collect::<Vec<_>>()
        };
        let mut right = chain(&ends).into_iter().rev().peekable();
        for left in chain(&beginnings) {
            while right.next_if(|length| left + length < text.len()).is_some() {}
            if right.next_if(|length| left + length == text.len()).is_some() {
                let (left, right) = text.split_at(left);
                if !known(left, right) {
                    return Err(refused(left, right, "it makes a piece, and is no merge"));
                }
            }
        }
    }
    Ok(())
}

/// Of each text the longest other one that it begins with. In order, all that a text begins with stand before it, and
/// between them only what begins with the shorter ones.
fn longest_beginnings<T: AsRef<[u8]>>(texts: &[T]) -> Vec<Option<usize>> {
    let text = |at: usize| texts[at].as_ref();
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_unstable_by_key(|at| text(*at));
    let (mut found, mut open) = (vec![None; texts.len()], Vec::<usize>::new());
    for at in order {
        while open.pop_if(|shorter| !text(at).starts_with(text(*shorter))).is_some() {}
        found[at] = open.last().copied();
        open.push(at);
    }
    found
}
