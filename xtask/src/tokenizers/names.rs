//! Every name of a pre-tokenizer in llama.cpp's source: the words of all texts on both sides.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;
use serde_json::{Value, json};
use text::PreTokenizer;

use super::peer::Peer;
use super::{Options, SHOWN, shown, texts};
use crate::Outcome;

const HEADER: &str = "pre-tokenizer            texts     words   differ";
/// How llama.cpp's source compares a file's name with one it knows.
const COMPARED: &str = r#"tokenizer_pre == "([^"]+)""#;
const FIXTURE: &str = "crates/text/tests/data/words.json";

/// The names that the source knows, in its order.
pub(super) fn known(source: &Path) -> Outcome<Vec<String>> {
    let code =
        fs::read_to_string(source).map_err(|error| format!("{}: {error}", source.display()))?;
    let compared = Regex::new(COMPARED).expect("it is well formed");
    let mut seen = BTreeSet::new();
    let mut names: Vec<String> =
        compared.captures_iter(&code).map(|found| found[1].to_owned()).collect();
    names.retain(|name| seen.insert(name.clone()));
    if names.is_empty() {
        return Err(format!("{}: no names of pre-tokenizers", source.display()));
    }
    Ok(names)
}

/// Prints a line for each; returns how many texts are cut otherwise.
pub(super) fn compare(
    peer: &Peer,
    vocabulary: &Path,
    names: &[String],
    options: &Options,
    texts: &[String],
) -> Outcome<usize> {
    println!("{HEADER}");
    let mut differences = 0;
    let mut refused = Vec::new();
    for name in names.iter().filter(|name| name.contains(&options.only)) {
        let Ok(ours) = PreTokenizer::new(name) else {
            refused.push(name.as_str());
            continue;
        };
        let theirs = match peer.words(vocabulary, name, texts) {
            Ok(theirs) => theirs,
            Err(error) => {
                println!("{name:<24} {error}");
                differences += 1;
                continue;
            }
        };
        let mut differing: Vec<(&String, String)> = Vec::new();
        for (text, their) in texts.iter().zip(&theirs) {
            let (our, their) = (ours.words(text), words(text, their)?);
            if our != their {
                differing.push((text, difference(&our, &their)));
            }
        }
        let count: usize = theirs.iter().map(Vec::len).sum();
        println!("{name:<24} {:>5} {count:>9} {:>8}", texts.len(), differing.len());
        differing.sort_by_key(|(text, _)| text.len());
        for (text, said) in differing.iter().take(SHOWN) {
            println!("    {}: {said}", shown(text));
        }
        differences += differing.len();
    }
    println!(
        "refused: {}",
        if refused.is_empty() { "none".to_owned() } else { refused.join(", ") }
    );
    Ok(differences)
}

/// A text cut into words of these lengths.
fn words<'t>(text: &'t str, lengths: &[u32]) -> Outcome<Vec<&'t str>> {
    let mut done = 0;
    let mut words = Vec::with_capacity(lengths.len());
    for length in lengths {
        let end = done + usize::try_from(*length).expect("usize has at least 32 bits");
        let word = text
            .get(done..end)
            .ok_or_else(|| format!("llama.cpp cuts no words: {}", shown(text)))?;
        words.push(word);
        done = end;
    }
    if done == text.len() {
        Ok(words)
    } else {
        Err(format!("llama.cpp leaves some: {}", shown(text)))
    }
}

fn difference(ours: &[&str], theirs: &[&str]) -> String {
    const AROUND: usize = 3;
    let at = ours.iter().zip(theirs).take_while(|(our, their)| our == their).count();
    let part = |words: &[&str]| {
        let few: Vec<String> = words[at..].iter().take(AROUND).map(|word| shown(word)).collect();
        few.join(" ")
    };
    format!("word {at}: {} there, {} here", part(theirs), part(ours))
}

/// Writes what llama.cpp makes of short lines, for the tests of `text`: names of equal words together, of each line
/// the lengths of its words in bytes.
pub(super) fn write(peer: &Peer, vocabulary: &Path, names: &[String], root: &Path) -> Outcome<()> {
    let lines = texts::tricky();
    let mut groups: Vec<(Vec<&str>, Vec<Vec<u32>>)> = Vec::new();
    for name in names.iter().filter(|name| PreTokenizer::new(name).is_ok()) {
        let cuts = peer.words(vocabulary, name, &lines)?;
        match groups.iter_mut().find(|(_, known)| *known == cuts) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], cuts)),
        }
    }
    let group =
        |(names, cuts): &(Vec<&str>, Vec<Vec<u32>>)| json!({"names": names, "lengths": cuts});
    let list = |values: Vec<Value>| {
        let rows: Vec<String> = values.iter().map(Value::to_string).collect();
        format!("[\n{}\n]", rows.join(",\n"))
    };
    let lines = list(lines.into_iter().map(Value::from).collect());
    let groups = list(groups.iter().map(group).collect());
    let path = root.join(FIXTURE);
    let text = format!("{{\"lines\":{lines},\n\"pre_tokenizers\":{groups}}}\n");
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("wrote {FIXTURE}");
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn names_are_found_once_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source.cpp");
        let code = "tokenizer_pre == \"b-1\" || tokenizer_pre == \"a\" || tokenizer_pre == \"b-1\"";
        fs::write(&source, code).unwrap();
        assert_eq!(known(&source).unwrap(), ["b-1", "a"]);
        fs::write(&source, "").unwrap();
        assert!(known(&source).is_err());
    }

    #[test]
    fn lengths_must_be_the_texts() {
        assert_eq!(words("aéb", &[1, 2, 1]).unwrap(), ["a", "é", "b"]);
        assert!(words("aéb", &[2, 2]).unwrap_err().contains("no words"));
        assert!(words("ab", &[1]).unwrap_err().contains("leaves some"));
    }
}
