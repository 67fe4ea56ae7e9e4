//! Lengths of functions and files, with the list of present offenders.
//!
//! The list only shrinks: what is longer than its line is a finding, and so is a line that is
//! longer than what it lists, or that lists nothing. Test code is not measured.
//!
//! `xtask/ratchets.txt`, one entry a line, `#` starts a comment:
//! ```text
//! function <path> <name> <lines>
//! file <path> <lines>
//! float <path or folder/> <why>
//! unsafe <path of a test file> <why>
//! ```

use std::collections::BTreeMap;

use super::Finding;
use super::tree::{File, Tree};

/// A function fits a screen.
const FUNCTION_LIMIT_LINES: usize = 70;
/// A file is about one thing.
const FILE_LIMIT_LINES: usize = 600;
/// Where the list stands.
pub(crate) const LIST: &str = "xtask/ratchets.txt";

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ratchets {
    /// Lines allowed, by path and function.
    pub(crate) functions: BTreeMap<(String, String), usize>,
    /// Lines allowed, by path.
    pub(crate) files: BTreeMap<String, usize>,
    /// Paths that may hold floats, as prefixes.
    pub(crate) floats: Vec<String>,
    /// Test files that may hold `unsafe`.
    pub(crate) unsafe_tests: Vec<String>,
}

/// Reads the list.
pub(crate) fn parse(text: &str) -> Result<Ratchets, String> {
    let mut ratchets = Ratchets::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |word: &str| {
            word.parse::<usize>().map_err(|error| format!("line {}: {error}", index + 1))
        };
        match words.as_slice() {
            [] => {}
            ["function", path, name, lines] => {
                let key = ((*path).to_owned(), (*name).to_owned());
                ratchets.functions.insert(key, number(lines)?);
            }
            ["file", path, lines] => {
                ratchets.files.insert((*path).to_owned(), number(lines)?);
            }
            ["float", path, _, ..] => ratchets.floats.push((*path).to_owned()),
            ["unsafe", path, _, ..] => ratchets.unsafe_tests.push((*path).to_owned()),
            _ => return Err(format!("line {}: not understood: {line}", index + 1)),
        }
    }
    Ok(ratchets)
}

/// The check.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut functions: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    let mut files: BTreeMap<String, usize> = BTreeMap::new();
    for file in tree.files.iter().filter(|file| !file.test) {
        let Some(lexed) = file.lexed() else { continue };
        for function in lexed.functions.iter().filter(|function| !function.test) {
            let key = (file.path.clone(), function.name.clone());
            let longest = functions.entry(key).or_default();
            *longest = (*longest).max((function.lines, function.line));
        }
        files.insert(file.path.clone(), production_lines(file));
    }

    let mut findings = Vec::new();
    for ((path, name), (lines, line)) in &functions {
        let listed = tree.ratchets.functions.get(&(path.clone(), name.clone()));
        let what = format!("function `{name}`");
        let entry = format!("function {path} {name}");
        compare(path, *line, &what, &entry, *lines, (FUNCTION_LIMIT_LINES, listed), &mut findings);
    }
    for (path, lines) in &files {
        let listed = tree.ratchets.files.get(path);
        let entry = format!("file {path}");
        compare(path, 0, "file", &entry, *lines, (FILE_LIMIT_LINES, listed), &mut findings);
    }
    for (path, name) in tree.ratchets.functions.keys() {
        if !functions.contains_key(&(path.clone(), name.clone())) {
            let message = format!("`function {path} {name}` is gone; take the line out");
            findings.push(Finding::new(LIST, 0, message));
        }
    }
    for path in tree.ratchets.files.keys().filter(|path| !files.contains_key(*path)) {
        findings.push(Finding::new(LIST, 0, format!("`file {path}` is gone; take the line out")));
    }
    findings
}

fn compare(
    path: &str,
    line: usize,
    what: &str,
    entry: &str,
    lines: usize,
    (limit, listed): (usize, Option<&usize>),
    findings: &mut Vec<Finding>,
) {
    match listed {
        None if lines > limit => {
            let message = format!("{what} has {lines} lines; the limit is {limit}");
            findings.push(Finding::new(path, line, message));
        }
        Some(listed) if lines > *listed => {
            let message = format!("{what} grew from {listed} to {lines} lines");
            findings.push(Finding::new(path, line, message));
        }
        Some(_) if lines <= limit => {
            let message = format!("{what} fits now; take `{entry}` out");
            findings.push(Finding::new(LIST, 0, message));
        }
        Some(listed) if lines < *listed => {
            let message = format!("{what} shrank: make it `{entry} {lines}`");
            findings.push(Finding::new(LIST, 0, message));
        }
        None | Some(_) => {}
    }
}

fn production_lines(file: &File) -> usize {
    let lines = file.text.as_deref().unwrap_or_default().lines().count();
    let spans = file.lexed().map(|lexed| lexed.test_spans.as_slice()).unwrap_or_default();
    let test_lines: usize = spans.iter().map(|(first, last)| last - first + 1).sum();
    lines.saturating_sub(test_lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "crates/canon/src/lib.rs";

    fn findings(list: &str, text: &str) -> Vec<String> {
        let ratchets = parse(list).unwrap();
        let tree = Tree { files: vec![File::new(PATH, text)], ratchets, ..Tree::default() };
        check(&tree).into_iter().map(|finding| finding.message).collect()
    }

    /// A function of `lines` lines.
    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "a();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_may_fill_the_screen_and_no_more() {
        assert!(findings("", &function(70)).is_empty());
        assert_eq!(findings("", &function(71)), ["function `long` has 71 lines; the limit is 70"]);
    }

    #[test]
    fn a_listed_function_may_stay_but_neither_grow_nor_hide_its_shrinking() {
        let list = format!("function {PATH} long 80 # why\n");
        assert!(findings(&list, &function(80)).is_empty());
        assert_eq!(findings(&list, &function(81)), ["function `long` grew from 80 to 81 lines"]);
        assert_eq!(findings(&list, &function(79)).len(), 1);
        assert_eq!(findings(&list, &function(70)).len(), 1);
        assert_eq!(findings(&list, "").len(), 1);
    }

    #[test]
    fn files_are_measured_without_their_tests() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(100));
        assert!(findings("", &("\n".repeat(600) + &tests)).is_empty());
        assert_eq!(
            findings("", &("\n".repeat(601) + &tests)),
            ["file has 601 lines; the limit is 600"]
        );
        assert!(findings(&format!("file {PATH} 601\n"), &"\n".repeat(601)).is_empty());
    }

    #[test]
    fn test_functions_may_be_long() {
        assert!(findings("", &format!("#[test]\n{}", function(200))).is_empty());
    }

    #[test]
    fn a_line_that_is_not_understood_is_an_error() {
        assert!(parse("function a b").is_err());
        assert!(parse("float a/").is_err(), "a float needs its reason");
        assert!(parse("file a many").is_err());
        assert_eq!(parse("float a/ display only\n# all\n").unwrap().floats, ["a/"]);
    }
}
