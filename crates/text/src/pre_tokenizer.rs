//! How text is cut into words before byte-pair merging: one table line per pre-tokenizer name.
//!
//! The rules are those of llama.cpp for the same name, so that a GGUF file's tokens are the same
//! here as there. They are ordinary regular expressions, linear in the text whatever it is, except
//! for one construct, `\s+(?!\S)`: a run of white space without its last character where a word
//! follows. That is done by hand (`surplus`) instead of with a backtracking engine, because
//! those give up on, or are slow for, texts a stranger chooses.
//!
//! A name that is not in the table is refused; a table line NEVER approximates.

use std::convert::Infallible;
use std::ops::Range;

use regex::Regex;

use crate::vocabulary::VocabularyError;

const DIGIT: &str = r"\p{N}";
const DIGITS: &str = r"\p{N}+";
const THREE_DIGITS: &str = "[0-9][0-9][0-9]";
const PUNCTUATION: &str = r"[\p{P}\$\+<=>\^~\|]+";
const FALCON_PUNCTUATION: &str = r"[\p{P}\$\+<=>\^~\|`]+";
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+";
const LLAMA3: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";
const QWEN2: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";
const QWEN35: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+";

/// One cutting step; each step cuts the pieces of the one before.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Cut out every match.
    Plain(&'static str),
    /// Cut out every match; its last alternative is `\s+` and means `\s+(?!\S)|\s+`.
    Words(&'static str),
    /// The same, and an alternative before it, `\s*[\r\n]+`, takes every run with a line break.
    Lines(&'static str),
}

struct Line {
    names: &'static [&'static str],
    rules: &'static [Rule],
    /// A word that is a token is that token, whatever the merges would make of it.
    ignore_merges: bool,
    /// What `add_bos` is where the file does not say.
    add_bos: bool,
}

const TABLE: &[Line] = &[
    Line {
        names: &["default"],
        rules: &[
            Rule::Plain(PUNCTUATION),
            Rule::Words(GPT2),
            Rule::Plain(DIGITS),
            Rule::Plain(THREE_DIGITS),
        ],
        ignore_merges: false,
        add_bos: false,
    },
    Line {
        names: &["gpt-2", "mpt", "olmo", "phi-2"],
        rules: &[Rule::Words(GPT2)],
        ignore_merges: false,
        add_bos: false,
    },
    Line {
        names: &["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone"],
        rules: &[Rule::Plain(DIGIT), Rule::Words(GPT2)],
        ignore_merges: false,
        add_bos: false,
    },
    Line {
        names: &["falcon"],
        rules: &[Rule::Plain(FALCON_PUNCTUATION), Rule::Words(GPT2), Rule::Plain(THREE_DIGITS)],
        ignore_merges: false,
        add_bos: false,
    },
    Line {
        names: &["llama-bpe", "llama3", "llama-v3"],
        rules: &[Rule::Lines(LLAMA3)],
        ignore_merges: true,
        add_bos: true,
    },
    Line {
        names: &["qwen2", "deepseek-r1-qwen", "stablelm2"],
        rules: &[Rule::Lines(QWEN2)],
        ignore_merges: false,
        add_bos: false,
    },
    Line {
        names: &["qwen35"],
        rules: &[Rule::Lines(QWEN35)],
        ignore_merges: false,
        add_bos: false,
    },
];

/// Every pre-tokenizer name that is known.
pub fn supported_pre_tokenizers() -> Vec<&'static str> {
    TABLE.iter().flat_map(|line| line.names).copied().collect()
}

/// Whether a prompt begins with the beginning token where the file does not say.
pub(crate) fn adds_beginning(name: &str) -> Result<bool, VocabularyError> {
    Ok(line(name)?.add_bos)
}

fn line(name: &str) -> Result<&'static Line, VocabularyError> {
    let found = TABLE.iter().find(|line| line.names.contains(&name));
    found.ok_or_else(|| VocabularyError::PreTokenizer { name: name.to_owned() })
}

/// A compiled table line.
#[derive(Debug)]
pub struct PreTokenizer {
    steps: Vec<(Regex, Rule)>,
    pub(crate) ignore_merges: bool,
    pub(crate) add_bos: bool,
}

impl PreTokenizer {
    /// The rules of this name.
    pub fn new(name: &str) -> Result<Self, VocabularyError> {
        let line = line(name)?;
        let compile = |pattern| Regex::new(pattern).expect("the table's patterns are tested");
        let steps = line.rules.iter().map(|&rule| match rule {
            Rule::Plain(pattern) | Rule::Words(pattern) | Rule::Lines(pattern) => {
                (compile(pattern), rule)
            }
        });
        Ok(Self {
            steps: steps.collect(),
            ignore_merges: line.ignore_merges,
            add_bos: line.add_bos,
        })
    }

    /// The words of a text; together they are the text.
    pub fn words<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let mut words = Vec::new();
        let Ok(()) = self.split(text, &mut |word| {
            words.push(word);
            Ok::<_, Infallible>(())
        });
        words.retain(|word| !word.is_empty());
        words
    }

    /// Calls `word` with each piece, in order; together they are the text.
    pub(crate) fn split<'t, E>(
        &self,
        text: &'t str,
        word: &mut impl FnMut(&'t str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.split_from(0, text, word)
    }

    fn split_from<'t, E>(
        &self,
        step: usize,
        text: &'t str,
        word: &mut impl FnMut(&'t str) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some((regex, rule)) = self.steps.get(step) else { return word(text) };
        let mut done = 0;
        while let Some(found) = regex.find_at(text, done) {
            let mut piece = found.range();
            piece.end -= surplus(*rule, text, &piece);
            if done < piece.start {
                self.split_from(step + 1, &text[done..piece.start], word)?;
            }
            done = piece.end;
            self.split_from(step + 1, &text[piece], word)?;
        }
        if done < text.len() {
            self.split_from(step + 1, &text[done..], word)?;
        }
        Ok(())
    }
}

/// How many bytes a match of `\s+` has too many, because it stands for `\s+(?!\S)|\s+`: those of
/// the last character, if the run has two or more and a word follows it.
///
/// Only `\s+` matches white space alone, but for `\s*[\r\n]+`, whose matches end in a line break.
fn surplus(rule: Rule, text: &str, piece: &Range<usize>) -> usize {
    let matched = &text[piece.clone()];
    let Some(last) = matched.chars().next_back() else { return 0 };
    let by_last_alternative = match rule {
        Rule::Plain(_) => false,
        Rule::Words(_) => last.is_whitespace(),
        Rule::Lines(_) => last.is_whitespace() && last != '\r' && last != '\n',
    };
    let alone = last.len_utf8() == matched.len();
    if by_last_alternative && !alone && piece.end < text.len() { last.len_utf8() } else { 0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// What `spec/text.md` calls an expression.
    const NAMES: [(&str, &str); 9] = [
        ("digit", DIGIT),
        ("digits", DIGITS),
        ("three", THREE_DIGITS),
        ("punctuation", PUNCTUATION),
        ("falcon", FALCON_PUNCTUATION),
        ("gpt2", GPT2),
        ("llama3", LLAMA3),
        ("qwen2", QWEN2),
        ("qwen35", QWEN35),
    ];

    fn said(rule: &Rule) -> String {
        let (kind, pattern) = match rule {
            Rule::Plain(pattern) => ("plain", pattern),
            Rule::Words(pattern) => ("words", pattern),
            Rule::Lines(pattern) => ("lines", pattern),
        };
        let (name, _) = NAMES.iter().find(|(_, known)| known == pattern).unwrap();
        format!("{kind} {name}")
    }

    /// `spec/vectors/text_words.json`, which an oracle made that shares no code with this crate.
    #[test]
    fn words_are_those_of_the_oracle() {
        let vectors = include_str!("../../../spec/vectors/text_words.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert!(cases.len() >= 280);
        for case in cases {
            let inputs = &case["inputs"];
            let rules = PreTokenizer::new(inputs["pre_tokenizer"].as_str().unwrap()).unwrap();
            let mut found = Vec::new();
            let text = inputs["text"].as_str().unwrap();
            rules
                .split(text, &mut |word| {
                    found.push(serde_json::Value::from(word));
                    Ok::<_, ()>(())
                })
                .unwrap();
            found.retain(|word| word != "");
            assert_eq!(found, *case["expected"]["words"].as_array().unwrap(), "{}", case["name"]);
        }
    }

    #[test]
    fn the_bounds_of_literals_are_those_of_the_text() {
        let text = include_str!("../../../spec/package.md");
        let row = "| bytes of the texts of all special tokens together | 2^20 | the same of all user-defined ones | 2^20 |";
        assert!(text.contains(row));
        assert_eq!(crate::vocabulary::MAX_LITERAL_BYTES, 1 << 20);
    }

    #[test]
    fn the_text_of_the_specification_says_the_same() {
        let text = include_str!("../../../spec/text.md");
        let block: Vec<String> = NAMES.map(|(name, pattern)| format!("{name} = {pattern}")).into();
        assert!(text.contains(&format!("```\n{}\n```\n", block.join("\n"))), "the expressions");
        let row = |line: &Line| {
            let rules: Vec<String> = line.rules.iter().map(said).collect();
            let word = |yes| if yes { "yes" } else { "no" };
            let (names, rules) = (line.names.join(", "), rules.join(", "));
            format!("| {names} | {rules} | {} | {} |", word(line.ignore_merges), word(line.add_bos))
        };
        let head = "| names | rules | whole words | add beginning |\n|---|---|---|---|";
        let rows: Vec<String> = TABLE.iter().map(row).collect();
        assert!(text.contains(&format!("{head}\n{}\n\n", rows.join("\n"))), "{rows:#?}");
    }
}
