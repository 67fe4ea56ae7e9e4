//! How text is cut into words before byte-pair merging: one table line per list of rules.
//!
//! The rules are those of llama.cpp for the same name, so that a GGUF file's tokens are the same
//! here as there. Where it joins classes of characters that the model's own tokenizer tells apart
//! (upper and lower case that are not ASCII, `\p{Lu}` and its like), so do we.
//! `cargo xtask tokenizers` compares both on one long text.
//!
//! A name that is not in the table is refused; a table line NEVER approximates.

mod expressions;
mod rule;
mod table;
#[cfg(test)]
mod tests;

use std::convert::Infallible;

use crate::vocabulary::VocabularyError;
use rule::Step;
use table::{Line, TABLE};

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

/// The rules of a name, made ready.
#[derive(Debug)]
pub struct PreTokenizer {
    steps: Vec<Step>,
    pub(crate) ignore_merges: bool,
    pub(crate) add_bos: bool,
}

impl PreTokenizer {
    /// The rules of this name.
    pub fn new(name: &str) -> Result<Self, VocabularyError> {
        let line = line(name)?;
        Ok(Self {
            steps: line.rules.iter().map(|rule| Step::new(*rule)).collect(),
            ignore_merges: line.whole_words,
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
        words
    }

    /// Calls `word` with each word, in order; together they are the text.
    pub(crate) fn split<'t, E>(
        &self,
        text: &'t str,
        word: &mut impl FnMut(&'t str) -> Result<(), E>,
    ) -> Result<(), E> {
        split(&self.steps, text, word)
    }
}

fn split<'t, E>(
    steps: &[Step],
    text: &'t str,
    word: &mut impl FnMut(&'t str) -> Result<(), E>,
) -> Result<(), E> {
    match steps {
        _ if text.is_empty() => Ok(()),
        [] => word(text),
        [step, others @ ..] => step.cut(text, |piece| split(others, piece, word)),
    }
}
