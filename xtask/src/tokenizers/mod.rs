//! `cargo xtask tokenizers [--only NAME] [--seed N] [--write]`: our tokens beside llama.cpp's, of one long text.
//!
//! Every vocabulary that comes with llama.cpp's sources (those of the sdist of llama-cpp-python) tokenises the same
//! text on both sides: what `texts` makes up of the seed, and this repository's own files; each piece without and
//! with control tokens read in it, each without and with what begins and ends a prompt. Then each name of a
//! pre-tokenizer that llama.cpp's source knows cuts the text into words on both sides, whether a vocabulary names it
//! or not. `--write` renews the words that the tests of `text` compare with.
//!
//! A character that is of another class in llama.cpp's tables than in Unicode 16, which we have, is not in the text:
//! they are those that were assigned since its tables were made, and how many is said.
//!
//! Never part of `cargo test` or CI: it needs a C++ compiler, cmake, ninja and, the first time, the Python index. What
//! it makes lies under `target/peers/`. Failure: one line; a difference where we don't refuse is one.

mod classes;
mod names;
mod peer;
mod texts;
mod vocabularies;

use std::path::Path;

use crate::Outcome;
use crate::bench;
use peer::Peer;

const DEFAULT_SEED: u64 = 1;
/// Differing texts that are shown of each row.
const SHOWN: usize = 3;

/// What the person asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// Only vocabularies and pre-tokenizers whose name contains this.
    only: String,
    seed: u64,
    write: bool,
}

/// Builds what is missing, compares everything, prints the tables.
pub(crate) fn run(root: &Path, words: &[&str]) -> Outcome<()> {
    let options = parse(words)?;
    let folder = bench::target_folder(root)?.join("peers");
    let (driver, models) = bench::peer::tokens(root, &folder)?;
    let source = models.with_file_name("src").join("llama-vocab.cpp");
    let peer = Peer { driver };
    let classes = classes::both(&peer)?;
    println!("{}", classes.line());
    let texts = texts::all(root, options.seed, &classes)?;
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{} texts of {bytes} bytes, seed {}\n", texts.len(), options.seed);

    let mut differences = vocabularies::compare(&peer, &models, &options, &texts)?;
    println!();
    let names = names::known(&source)?;
    let vocabulary = models.join("ggml-vocab-gpt-2.gguf");
    differences += names::compare(&peer, &vocabulary, &names, &options, &texts)?;
    if options.write {
        names::write(&peer, &vocabulary, &names, root)?;
    }
    match differences {
        0 => Ok(()),
        count => Err(format!("{count} differences")),
    }
}

fn parse(words: &[&str]) -> Outcome<Options> {
    let mut options = Options { only: String::new(), seed: DEFAULT_SEED, write: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match *word {
            "--only" => options.only = (*value()?).to_owned(),
            "--seed" => {
                options.seed = value()?.parse().map_err(|error| format!("--seed: {error}"))?;
            }
            "--write" => options.write = true,
            other => return Err(format!("unknown option {other}\n{}", crate::USAGE)),
        }
    }
    Ok(options)
}

/// A text short enough for a line on a screen, or its end that is.
fn shown(text: &str) -> String {
    const LIMIT_CHARS: usize = 160;
    let count = text.chars().count();
    let start: String = text.chars().take(LIMIT_CHARS).collect();
    if count > LIMIT_CHARS {
        format!("{start:?} and {} more", count - LIMIT_CHARS)
    } else {
        format!("{start:?}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn options_are_read_and_others_refused() {
        let options = parse(&["--only", "qwen", "--seed", "7", "--write"]).unwrap();
        assert_eq!(options, Options { only: "qwen".into(), seed: 7, write: true });
        assert!(parse(&["--seed"]).unwrap_err().contains("needs a value"));
        assert!(parse(&["--seed", "x"]).is_err());
        assert!(parse(&["--all"]).unwrap_err().starts_with("unknown option --all\nusage"));
    }
}
