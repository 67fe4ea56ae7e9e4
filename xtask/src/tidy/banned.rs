//! Words that must not stand in the code: effects in pure crates, floating point, `unsafe`
//! outside canon, the environment outside cli.
//!
//! Looks at tokens, so comments and strings may say what they like. Test code may have
//! effects; floats in it need the marker comment `// floats: <why>` in the file, and floats
//! in other code need a line in the ratchets. A path that is renamed by `use x as y` is caught
//! at the `use`.

use super::Finding;
use super::crates::place;
use super::lexer::{Kind, Token};
use super::ratchets::LIST;
use super::tree::{File, Tree};

/// Modules of `std` that act on the world, and what would hide them.
const EFFECT_MODULES: &[&str] = &["env", "fs", "net", "process", "*", "self"];
/// Clocks, wherever they are imported from.
const CLOCKS: &[&str] = &["Instant", "SystemTime"];
/// Crates that act on the world.
const EFFECT_CRATES: &[&str] = &["getrandom", "rand", "tokio"];
/// Crates that may read the environment.
const MAY_READ_ENVIRONMENT: &[&str] = &["cli", "xtask"];
/// Pure crates that may start threads: exact work in disjoint pieces, so no result depends on them.
const MAY_START_THREADS: &[&str] = &["canon", "engine"];
/// A test file that holds floats says why after this.
const FLOATS_MARKER: &str = "// floats: ";

/// Pure crates have no effects.
pub(crate) fn check_effects(tree: &Tree) -> Vec<Finding> {
    each(tree, |file, tokens, index, findings| {
        let name = file.crate_name().unwrap_or_default();
        if !place(name).is_some_and(|place| place.pure) {
            return;
        }
        let token = &tokens[index];
        let mut report = |what: &str| {
            let message = format!("`{name}` is pure and names `{what}`");
            findings.push(Finding::new(&file.path, token.line, message));
        };
        for module in std_modules(tokens, index) {
            if EFFECT_MODULES.contains(&module)
                || (module == "thread" && !MAY_START_THREADS.contains(&name))
            {
                report(&format!("std::{module}"));
            }
        }
        let is_clock = CLOCKS.contains(&token.text.as_str());
        let is_effect_crate =
            EFFECT_CRATES.contains(&token.text.as_str()) && is_path(tokens, index);
        if token.kind == Kind::Word && (is_clock || is_effect_crate) {
            report(&token.text);
        }
    })
}

/// No floating point but where the ratchets, or a test's marker, allow it.
pub(crate) fn check_floats(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.crate_name().is_some()) {
        let allowed = tree.ratchets.floats.iter().any(|path| file.path.starts_with(path.as_str()));
        let marked = file.text.as_ref().is_some_and(|text| text.contains(FLOATS_MARKER));
        let tokens = file.lexed().map(|lexed| lexed.tokens.as_slice()).unwrap_or_default();
        for (index, token) in tokens.iter().enumerate() {
            let in_test = file.test || token.test;
            if allowed || (in_test && marked) || !is_float(tokens, index) {
                continue;
            }
            let message = format!("floating point: `{}`", token.text);
            findings.push(Finding::new(&file.path, token.line, message));
        }
    }
    for path in &tree.ratchets.floats {
        if !tree.files.iter().any(|file| file.path.starts_with(path.as_str())) {
            let message = format!("`float {path}` matches no file; take the line out");
            findings.push(Finding::new(LIST, 0, message));
        }
    }
    findings
}

/// `unsafe` stands in canon only; a test file elsewhere needs a line in the ratchets.
pub(crate) fn check_unsafe(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let allowed = &tree.ratchets.unsafe_tests;
    for file in tree.files.iter().filter(|file| file.crate_name() != Some("canon")) {
        let tokens = file.lexed().map(|lexed| lexed.tokens.as_slice()).unwrap_or_default();
        let is_unsafe = |token: &&Token| token.kind == Kind::Word && token.text == "unsafe";
        let listed = allowed.contains(&file.path);
        if listed && !tokens.iter().any(|token| is_unsafe(&token)) {
            let message = format!("`unsafe {}` has no `unsafe`; take the line out", file.path);
            findings.push(Finding::new(LIST, 0, message));
        }
        for token in tokens.iter().filter(is_unsafe).filter(|_| !(listed && file.test)) {
            findings.push(Finding::new(&file.path, token.line, "`unsafe` outside canon"));
        }
    }
    let gone = |path: &&String| !tree.files.iter().any(|file| file.path == **path);
    for path in allowed.iter().filter(gone) {
        let message = format!("`unsafe {path}` is gone; take the line out");
        findings.push(Finding::new(LIST, 0, message));
    }
    findings
}

/// The environment is read in cli and passed down as values.
pub(crate) fn check_environment(tree: &Tree) -> Vec<Finding> {
    each(tree, |file, tokens, index, findings| {
        let name = file.crate_name().unwrap_or_default();
        if !MAY_READ_ENVIRONMENT.contains(&name) && std_modules(tokens, index).contains(&"env") {
            let message = format!("`{name}` reads the environment; take a value instead");
            findings.push(Finding::new(&file.path, tokens[index].line, message));
        }
    })
}

/// Calls `look` at every token of every crate's code that is no test.
fn each(tree: &Tree, look: impl Fn(&File, &[Token], usize, &mut Vec<Finding>)) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.crate_name().is_some() && !file.test) {
        let tokens = file.lexed().map(|lexed| lexed.tokens.as_slice()).unwrap_or_default();
        for index in (0..tokens.len()).filter(|index| !tokens[*index].test) {
            look(file, tokens, index, &mut findings);
        }
    }
    findings
}

/// The modules named by `std::name` or `std::{name, other::thing}` starting at this token.
fn std_modules(tokens: &[Token], index: usize) -> Vec<&str> {
    if tokens[index].text != "std" || !follows(tokens, index + 1, &[":", ":"]) {
        return Vec::new();
    }
    match tokens.get(index + 3) {
        Some(token) if token.kind == Kind::Word || token.text == "*" => vec![token.text.as_str()],
        Some(token) if token.text == "{" => first_words(&tokens[index + 3..]),
        _ => Vec::new(),
    }
}

/// The words that open each part of a `{a, b::{c}, d}` group.
fn first_words(tokens: &[Token]) -> Vec<&str> {
    let mut words = Vec::new();
    let mut depth = 0_usize;
    let mut opens = false;
    for token in tokens {
        match token.text.as_str() {
            "{" => {
                depth += 1;
                opens = depth == 1;
            }
            "}" if depth == 1 => break,
            "}" => depth -= 1,
            "," => opens = depth == 1,
            word if opens => {
                words.push(word);
                opens = false;
            }
            _ => {}
        }
    }
    words
}

fn follows(tokens: &[Token], index: usize, texts: &[&str]) -> bool {
    let at = |offset: usize| tokens.get(index + offset).map(|token| token.text.as_str());
    texts.iter().enumerate().all(|(offset, text)| at(offset) == Some(*text))
}

/// A path's first word: followed by `::`, or named whole by `use` or `extern crate`.
fn is_path(tokens: &[Token], index: usize) -> bool {
    let before = index.checked_sub(1).map(|before| tokens[before].text.as_str());
    let imported = matches!(before, Some("use" | "crate"));
    (follows(tokens, index + 1, &[":", ":"]) && before != Some(":")) || imported
}

fn is_float(tokens: &[Token], index: usize) -> bool {
    let token = &tokens[index];
    match token.kind {
        // A word before `(` is a function of ours that reads bit patterns, never the type.
        Kind::Word => {
            let is_type = matches!(token.text.as_str(), "f16" | "f32" | "f64" | "f128");
            is_type && !follows(tokens, index + 1, &["("])
        }
        Kind::Literal => {
            // `pair.0.1` lexes as a word, a dot and the literal `0.1`.
            let is_field = index > 0 && tokens[index - 1].text == ".";
            is_float_literal(&token.text) && !is_field
        }
        Kind::Mark => false,
    }
}

fn is_float_literal(text: &str) -> bool {
    let text = text.replace('_', "");
    let has_radix = ["0x", "0o", "0b"].iter().any(|prefix| text.starts_with(prefix));
    if has_radix || !text.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    let digits_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    matches!(text.as_bytes().get(digits_end), Some(b'.' | b'e' | b'E' | b'f'))
}

#[cfg(test)]
mod tests {
    use super::super::ratchets::Ratchets;
    use super::*;

    fn lines(check: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> Vec<usize> {
        let tree = Tree { files: vec![File::new(path, text)], ..Tree::default() };
        check(&tree).into_iter().map(|finding| finding.line).collect()
    }

    const PURE: &str = "crates/program/src/lib.rs";

    #[test]
    fn effects_in_a_pure_crate_are_found_however_they_are_imported() {
        for text in [
            "use std::fs;",
            "use std::{io, fs::File};",
            "fn a() { std::env::var(\"A\"); }",
            "use std::time::Instant;",
            "use std::{collections::{BTreeMap, BTreeSet}, net};",
            "use rand::Rng;",
            "fn a() { getrandom::fill(&mut []); }",
            "fn a() { std::thread::spawn(f); }",
            "use tokio as t;",
            "use std::*;",
            "use std::{self as s};",
        ] {
            assert_eq!(lines(check_effects, PURE, text), [1], "{text}");
        }
    }

    #[test]
    fn what_only_sounds_like_an_effect_is_not_one() {
        for text in [
            "// std::fs",
            "const A: &str = \"std::fs\";",
            "use std::{collections::{BTreeMap, fs}};",
            "fn a(rand: u8) -> u8 { rand }",
            "#[cfg(test)] mod tests { use std::fs; }",
            "const A: &str = env!(\"CARGO_PKG_VERSION\");",
        ] {
            assert!(lines(check_effects, PURE, text).is_empty(), "{text}");
        }
        assert!(lines(check_effects, "crates/store/src/lib.rs", "use std::fs;").is_empty());
        assert!(lines(check_effects, "crates/engine/src/a.rs", "use std::thread;").is_empty());
    }

    #[test]
    fn floats_are_found_as_types_and_as_literals() {
        for text in ["type A = f32;", "fn a() { 1.5 }", "fn a() { 1e3 }", "fn a() { 2f64 }"] {
            assert_eq!(lines(check_floats, PURE, text), [1], "{text}");
        }
        for text in [
            "fn a() { 0x1e3 }",
            "fn a() { p.0.1 }",
            "fn a() { 0..3 }",
            "fn a() { \"1.5\" }",
            "fn a() { 1_000u64 }",
            "fn f16(bits: u16) { dyadic::f32(bits) }",
            "enum A { F32 }",
        ] {
            assert!(lines(check_floats, PURE, text).is_empty(), "{text}");
        }
    }

    #[test]
    fn floats_in_tests_need_the_marker_and_elsewhere_a_ratchet() {
        let test = "crates/program/tests/it/a.rs";
        assert_eq!(lines(check_floats, test, "type A = f32;"), [1]);
        assert!(lines(check_floats, test, "// floats: an oracle\ntype A = f32;").is_empty());
        assert_eq!(lines(check_floats, PURE, "// floats: no test\ntype A = f32;"), [2]);

        let ratchets = Ratchets { floats: vec![PURE.into()], ..Ratchets::default() };
        let files = vec![File::new(PURE, "type A = f32;")];
        assert!(check_floats(&Tree { files, ratchets, ..Tree::default() }).is_empty());
    }

    #[test]
    fn a_float_ratchet_that_matches_nothing_must_go() {
        let ratchets = Ratchets { floats: vec!["crates/gone/".into()], ..Ratchets::default() };
        assert_eq!(check_floats(&Tree { ratchets, ..Tree::default() }).len(), 1);
    }

    #[test]
    fn unsafe_is_for_canon_alone() {
        assert_eq!(lines(check_unsafe, PURE, "fn a() { unsafe { b() } }"), [1]);
        assert!(lines(check_unsafe, PURE, "#![forbid(unsafe_code)]").is_empty());
        assert!(lines(check_unsafe, "crates/canon/src/a.rs", "unsafe fn a() {}").is_empty());
    }

    #[test]
    fn unsafe_in_a_test_file_needs_a_ratchet_that_is_used() {
        let test = "crates/import/tests/it/counting.rs";
        let code = "unsafe impl A for B {}";
        let count = |path: &str, text: &str| {
            let ratchets = Ratchets { unsafe_tests: vec![path.into()], ..Ratchets::default() };
            let files = vec![File::new(path, text)];
            check_unsafe(&Tree { files, ratchets, ..Tree::default() }).len()
        };
        assert_eq!(lines(check_unsafe, test, code), [1]);
        assert_eq!(count(test, code), 0);
        assert_eq!(count(test, "fn a() {}"), 1);
        assert_eq!(count(PURE, code), 1, "only test files may be listed");
        let ratchets = Ratchets { unsafe_tests: vec!["gone.rs".into()], ..Ratchets::default() };
        assert_eq!(check_unsafe(&Tree { ratchets, ..Tree::default() }).len(), 1);
    }

    #[test]
    fn the_environment_is_for_cli_alone() {
        let text = "fn a() { std::env::var(\"A\"); }";
        assert_eq!(lines(check_environment, "crates/store/src/lib.rs", text), [1]);
        assert!(lines(check_environment, "crates/cli/src/main.rs", text).is_empty());
        assert!(lines(check_environment, "crates/store/tests/it/main.rs", text).is_empty());
    }
}
