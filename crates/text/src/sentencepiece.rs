//! SentencePiece's BPE: pairs of neighbours become one token, those of the highest score first.
//!
//! A text is a row of symbols: at first its characters, U+2581 for a space. Two neighbours whose
//! texts joined are a token become that token; of all such pairs the one of the best rank, and of
//! equal ones the leftmost; until there is none. A character that is no token in the end is its
//! bytes' tokens. That is llama.cpp's rule, but for one thing: special and byte tokens can't be
//! made of a text, whatever characters it has.
//!
//! The vocabulary is a stranger's. Which pairs join is worked out once, from chains of tokens that
//! begin or end with one another, in time by the vocabulary's bytes; so a text costs the same
//! however long the tokens are. The pairs are limited. It NEVER looks for a token as it is written:
//! `tokenizer` has done so. A text can't fail: every byte it may have is known to have a token.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::token_bytes::{WRITTEN_SPACE, written_byte};
use crate::vocabulary::{MAX_MERGES, Pieces, TokenType, Vocabulary, VocabularyError};

/// No symbol, no place.
const NONE: u32 = u32::MAX;

/// A token, or a character that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Symbol(u32);

impl Symbol {
    /// Above every token: a vocabulary has at most 2^20.
    const CHARACTERS: u32 = 1 << 31;

    fn of_character(character: char) -> Self {
        Self(Self::CHARACTERS | u32::from(character))
    }

    /// The character, where it is no token.
    fn character(self) -> Option<char> {
        char::from_u32(self.0.checked_sub(Self::CHARACTERS)?)
    }
}

/// A vocabulary made ready to merge.
pub(crate) struct SentencePiece {
    characters: HashMap<char, Symbol>,
    /// What two neighbours become.
    joined: HashMap<(Symbol, Symbol), Symbol>,
    /// By token.
    ranks: Vec<u32>,
    /// By byte; 0 for those that no text has.
    bytes: Vec<u32>,
    /// Whether a text begins with a space it has not.
    space_prefix: bool,
}

impl SentencePiece {
    /// `control` says of each token whether no text may become it.
    pub(crate) fn new(
        vocabulary: &Vocabulary,
        pieces: &Pieces,
        control: &[bool],
    ) -> Result<Self, VocabularyError> {
        let typed = vocabulary.token_types.iter().zip(control);
        let mergeable: Vec<(&str, Symbol)> = (0..)
            .zip(vocabulary.tokens.iter().zip(typed))
            .filter(|(_, (_, (kind, control)))| !**control && **kind != TokenType::Byte)
            .map(|(id, (text, _))| (text.as_str(), Symbol(id)))
            .collect();
        let characters = mergeable.iter().filter_map(|(text, symbol)| {
            let mut all = text.chars();
            let first = all.next()?;
            all.next().is_none().then_some((first, *symbol))
        });
        let characters = characters.collect();
        Ok(Self {
            bytes: byte_tokens(vocabulary, control, &characters)?,
            joined: pairs(&mergeable, &characters)?,
            characters,
            ranks: pieces.ranks.clone(),
            space_prefix: vocabulary.add_space_prefix,
        })
    }

    /// Appends the tokens of a text without literals.
    pub(crate) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        if text.is_empty() {
            return;
        }
        let space = self.space_prefix.then_some(' ');
        let written = space.into_iter().chain(text.chars());
        let mut row = Row::new(self, written.map(|character| self.symbol(character)));
        row.merge();
        let mut buffer = [0; 4];
        for symbol in row.symbols() {
            match symbol.character() {
                None => ids.push(symbol.0),
                Some(character) => {
                    let bytes = character.encode_utf8(&mut buffer).bytes();
                    ids.extend(bytes.map(|byte| self.bytes[usize::from(byte)]));
                }
            }
        }
    }

    fn symbol(&self, character: char) -> Symbol {
        let written = if character == ' ' { WRITTEN_SPACE } else { character };
        self.characters.get(&written).copied().unwrap_or(Symbol::of_character(written))
    }

    fn rank(&self, token: Symbol) -> u32 {
        self.ranks[index(token.0)]
    }
}

/// A text in the making: what is at each place, and which places are left.
struct Row<'v> {
    vocabulary: &'v SentencePiece,
    /// By place.
    symbols: Vec<Symbol>,
    before: Vec<u32>,
    behind: Vec<u32>,
    /// What each place and the next one would become; none at places that are gone.
    joined: Vec<Option<Symbol>>,
    /// Rank and place of pairs, the best one first; some are no more.
    queue: BinaryHeap<Reverse<(u32, u32)>>,
}

impl<'v> Row<'v> {
    fn new(vocabulary: &'v SentencePiece, symbols: impl Iterator<Item = Symbol>) -> Self {
        let symbols: Vec<Symbol> = symbols.collect();
        let count = u32::try_from(symbols.len()).expect("a text has at most 4 MiB");
        let mut row = Self {
            vocabulary,
            before: (0..count).map(|place| place.checked_sub(1).unwrap_or(NONE)).collect(),
            behind: (1..=count).map(|next| if next < count { next } else { NONE }).collect(),
            joined: vec![None; symbols.len()],
            symbols,
            queue: BinaryHeap::new(),
        };
        (0..count).for_each(|place| row.look(place));
        row
    }

    /// Finds out what a place and the next one would become.
    fn look(&mut self, place: u32) {
        let at = index(place);
        let next = self.behind[at];
        let joined = if next == NONE {
            None
        } else {
            let pair = (self.symbols[at], self.symbols[index(next)]);
            self.vocabulary.joined.get(&pair).copied()
        };
        self.joined[at] = joined;
        if let Some(token) = joined {
            self.queue.push(Reverse((self.vocabulary.rank(token), place)));
        }
    }

    fn merge(&mut self) {
        while let Some(Reverse((rank, place))) = self.queue.pop() {
            let at = index(place);
            // A pair that is no more, unless another one of that rank stands there now.
            let Some(token) = self.joined[at].filter(|t| self.vocabulary.rank(*t) == rank) else {
                continue;
            };
            let gone = index(self.behind[at]);
            self.symbols[at] = token;
            self.behind[at] = self.behind[gone];
            self.joined[gone] = None;
            if self.behind[at] != NONE {
                self.before[index(self.behind[at])] = place;
            }
            self.look(place);
            if self.before[at] != NONE {
                self.look(self.before[at]);
            }
        }
    }

    /// What is left, in order. The first place never goes.
    fn symbols(&self) -> impl Iterator<Item = Symbol> {
        let next = |place: &u32| Some(self.behind[index(*place)]).filter(|next| *next != NONE);
        let first = (!self.symbols.is_empty()).then_some(0);
        std::iter::successors(first, next).map(|place| self.symbols[index(place)])
    }
}

/// The token of each byte, which every byte of UTF-8 must have if its character may be none.
fn byte_tokens(
    vocabulary: &Vocabulary,
    control: &[bool],
    characters: &HashMap<char, Symbol>,
) -> Result<Vec<u32>, VocabularyError> {
    let mut found = [None; 256];
    let typed = vocabulary.token_types.iter().zip(control);
    for (id, (text, (kind, control))) in (0..).zip(vocabulary.tokens.iter().zip(typed)) {
        if *kind == TokenType::Byte && !control {
            let byte = written_byte(text).ok_or(VocabularyError::ByteText { id })?;
            found[usize::from(byte)] = Some(id);
        }
    }
    let mut tokens = vec![0; 256];
    for byte in 0..=u8::MAX {
        let never = matches!(byte, 0xC0 | 0xC1 | 0xF5..)
            || byte.is_ascii() && characters.contains_key(&char::from(byte))
            || byte == b' ';
        match found[usize::from(byte)] {
            Some(id) => tokens[usize::from(byte)] = id,
            None if never => {}
            None => return Err(VocabularyError::MissingByte(byte)),
        }
    }
    Ok(tokens)
}

/// All pairs of symbols whose texts joined are a token.
fn pairs(
    mergeable: &[(&str, Symbol)],
    characters: &HashMap<char, Symbol>,
) -> Result<HashMap<(Symbol, Symbol), Symbol>, VocabularyError> {
    let texts: Vec<&[u8]> = mergeable.iter().map(|(text, _)| text.as_bytes()).collect();
    let backward = texts.iter().map(|text| text.iter().rev().copied().collect());
    let ends = longest_beginnings(&backward.collect::<Vec<Vec<u8>>>());
    let beginnings = longest_beginnings(&texts);

    // A text's parts at one side, the longest first; the last may be a character that is no token.
    let parts = |links: &[Option<usize>], at: usize, outermost: Option<char>| {
        let tokens = std::iter::successors(links[at], |at| links[*at])
            .map(|at| (texts[at].len(), mergeable[at].1));
        let character = outermost.filter(|character| !characters.contains_key(character));
        let character = character.map(|c| (c.len_utf8(), Symbol::of_character(c)));
        tokens.chain(character).collect::<Vec<(usize, Symbol)>>()
    };
    let mut found = Vec::new();
    for (at, (text, token)) in mergeable.iter().enumerate() {
        let left = parts(&beginnings, at, text.chars().next());
        let right = parts(&ends, at, text.chars().next_back());
        let mut right = right.into_iter().rev().peekable();
        for (length, left) in left {
            while right.next_if(|(other, _)| other + length < text.len()).is_some() {}
            if let Some((_, right)) = right.next_if(|(other, _)| other + length == text.len()) {
                found.push(((left, right), *token));
            }
        }
        if found.len() > MAX_MERGES {
            let (what, count) = ("pairs of tokens that make a third", found.len());
            return Err(VocabularyError::TooMany { what, count, limit: MAX_MERGES });
        }
    }
    Ok(found.into_iter().collect())
}

/// Of each text the longest other one that it begins with. In order, all that a text begins with
/// stand before it, and between them only what begins with the shorter ones.
fn longest_beginnings<T: AsRef<[u8]>>(texts: &[T]) -> Vec<Option<usize>> {
    let text = |at: usize| texts[at].as_ref();
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_unstable_by_key(|at| text(*at));
    let mut found = vec![None; texts.len()];
    let mut open: Vec<usize> = Vec::new();
    for at in order {
        while open.pop_if(|shorter| !text(at).starts_with(text(*shorter))).is_some() {}
        found[at] = open.last().copied();
        open.push(at);
    }
    found
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("a usize has 32 bits here")
}
