//! Literals in a text: the leftmost, and of those that begin alike the longest, as llama.cpp and
//! transformers find added tokens.
//!
//! The set of literals is a stranger's, so both sides of the search are linear whatever it holds. An
//! automaton that reads forward isn't: it goes to the end of the longest literal that might begin
//! here before it takes a short one, and does so again one byte later. So the text is read backward,
//! by an automaton of the literals spelled backward; the byte where one of them ends is where the
//! literal begins. A text is read in blocks, so that what is found in it takes no memory by its
//! length. And each state keeps the longest literal that ends there and not all of them, which might
//! be a thousand.
//!
//! It NEVER finds an empty literal. Nothing fails: whoever makes it limits the literals' bytes.

use std::ops::Range;

/// How many bytes of a text are read at a time, beside the length of the longest literal.
const BLOCK_BYTES: usize = 1 << 16;
/// No literal.
const NONE: u32 = u32::MAX;

/// A set of literals made ready to be found.
#[derive(Debug)]
pub(crate) struct Literals {
    /// Each literal's length, in the order given.
    lengths: Vec<usize>,
    longest: usize,
    /// By state: the byte that leads to it.
    byte: Vec<u8>,
    /// By state: its first child; the children of a state follow one another, by their bytes, and
    /// end where those of the next state begin.
    first: Vec<u32>,
    /// By state: that of the longest shorter text that it ends with.
    shorter: Vec<u32>,
    /// By state: the longest literal that, spelled backward, it ends with.
    literal: Vec<u32>,
}

impl Literals {
    /// Of two equal literals the first one counts.
    pub(crate) fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let backward = |text: &str| text.bytes().rev().collect::<Vec<u8>>();
        let mut literals: Vec<(Vec<u8>, u32)> = texts.into_iter().map(backward).zip(0..).collect();
        let lengths: Vec<usize> = literals.iter().map(|(text, _)| text.len()).collect();
        literals.retain(|(text, _)| !text.is_empty());
        literals.sort_unstable();
        literals.dedup_by(|later, first| later.0 == first.0);
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let mut made = Self {
            lengths,
            longest,
            byte: vec![0],
            first: Vec::new(),
            shorter: vec![0],
            literal: vec![NONE],
        };
        made.add_states(&literals);
        made
    }

    /// Makes the states in order of their depth: a state is the sorted literals that begin with it.
    fn add_states(&mut self, literals: &[(Vec<u8>, u32)]) {
        let (mut depth, mut level) = (0, vec![literals]);
        let mut state = 0;
        while !level.is_empty() {
            let mut next = Vec::new();
            for literals in level {
                self.first.push(number(self.byte.len()));
                let ends = literals.first().is_some_and(|(text, _)| text.len() == depth);
                for children in
                    literals[usize::from(ends)..].chunk_by(|a, b| a.0[depth] == b.0[depth])
                {
                    let (text, literal) = &children[0];
                    let shorter = match state {
                        0 => 0,
                        _ => self.step(self.shorter[index(state)], text[depth]),
                    };
                    let whole = text.len() == depth + 1;
                    self.byte.push(text[depth]);
                    self.literal.push(if whole { *literal } else { self.literal[index(shorter)] });
                    self.shorter.push(shorter);
                    next.push(children);
                }
                state += 1;
            }
            (depth, level) = (depth + 1, next);
        }
        self.first.push(number(self.byte.len()));
    }

    /// The state after one more byte.
    fn step(&self, mut state: u32, byte: u8) -> u32 {
        loop {
            let at = index(state);
            let children = index(self.first[at])..index(self.first[at + 1]);
            if let Ok(child) = self.byte[children.clone()].binary_search(&byte) {
                return number(children.start + child);
            }
            if state == 0 {
                return 0;
            }
            state = self.shorter[at];
        }
    }

    /// The literals of a text from left to right, apart: where each is, and which.
    pub(crate) fn find<'l>(&'l self, text: &'l str) -> Found<'l> {
        Found { literals: self, text: text.as_bytes(), begins: Vec::new(), read: 0, done: 0 }
    }
}

/// The literals of a text.
pub(crate) struct Found<'l> {
    literals: &'l Literals,
    text: &'l [u8],
    /// Where literals of the block begin, the first one last.
    begins: Vec<(usize, u32)>,
    /// Where the blocks read end.
    read: usize,
    /// Where the last literal found ends.
    done: usize,
}

impl Found<'_> {
    fn read_block(&mut self) {
        let start = self.read.max(self.done);
        let end = self.text.len().min(start + BLOCK_BYTES);
        let ahead = self.text.len().min(end + self.literals.longest.saturating_sub(1));
        let mut state = 0;
        for at in (start..ahead).rev() {
            state = self.literals.step(state, self.text[at]);
            let literal = self.literals.literal[index(state)];
            if literal != NONE && at < end {
                self.begins.push((at, literal));
            }
        }
        self.read = end;
    }
}

impl Iterator for Found<'_> {
    type Item = (Range<usize>, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            while let Some((start, literal)) = self.begins.pop() {
                if start >= self.done {
                    let literal = index(literal);
                    self.done = start + self.literals.lengths[literal];
                    return Some((start..self.done, literal));
                }
            }
            if self.literals.longest == 0 || self.read.max(self.done) >= self.text.len() {
                return None;
            }
            self.read_block();
        }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("a usize has 32 bits here")
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("literals are limited to some megabytes")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The longest literal at every byte, tried one after the other.
    fn plain_search(literals: &[String], text: &str) -> Vec<(Range<usize>, usize)> {
        let (mut found, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let here = |literal: &&(usize, &String)| {
                !literal.1.is_empty() && text.as_bytes()[at..].starts_with(literal.1.as_bytes())
            };
            // `max_by_key` takes the last of equals; reversed, the first of equal literals counts.
            let all = literals.iter().enumerate().collect::<Vec<_>>();
            match all.iter().rev().filter(here).max_by_key(|literal| literal.1.len()) {
                Some((index, literal)) => {
                    found.push((at..at + literal.len(), *index));
                    at += literal.len();
                }
                None => at += 1,
            }
        }
        found
    }

    fn check(literals: &[String], text: &str) {
        let search = Literals::new(literals.iter().map(String::as_str));
        let found: Vec<_> = search.find(text).collect();
        assert_eq!(found, plain_search(literals, text), "{literals:?} in {text:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn as_tried_one_after_the_other(
            literals in proptest::collection::vec("[abé]{0,5}", 0..8),
            text in "[abcéè]{0,60}",
        ) {
            check(&literals, &text);
        }
    }

    #[test]
    fn found_across_blocks() {
        let literals = ["xx", "xxxy", "yz", "z"].map(str::to_owned);
        for before in BLOCK_BYTES - 5..BLOCK_BYTES + 3 {
            for tail in ["xxxyz", "xxxxyzz", "éyz", "z"] {
                check(&literals, &("-".repeat(before) + tail));
                check(&literals, &("x".repeat(before) + tail));
            }
        }
    }

    /// A search that looks ahead for the long literal at every "x" takes twenty seconds.
    #[test]
    fn long_literals_that_nearly_begin_everywhere_cost_nothing() {
        let text = "x".repeat(4 << 20);
        let long = "x".repeat(4095) + "!";
        let search = Literals::new(["xx", &long]);
        assert_eq!(search.find(&text).count(), text.len() / 2);
    }

    #[test]
    fn states_do_not_gather_the_literals_they_end_with() {
        let runs = (1..1000).map(|length| "x".repeat(length));
        let ended = (0..130).map(|number| "x".repeat(4000) + &number.to_string());
        let literals: Vec<String> = runs.chain(ended).collect();
        let search = Literals::new(literals.iter().map(String::as_str));
        let found: Vec<_> = search.find(&literals[1000]).collect();
        assert_eq!(found, [(0..literals[1000].len(), 1000)]);
        let bytes: usize = literals.iter().map(String::len).sum();
        assert!(search.byte.len() <= bytes + 1);
    }
}
