//! ARCHITECTURE.md tells the truth: every crate stands in its table on its level, everything
//! in backticks that looks like a path exists, and the page stays short.

use std::collections::BTreeSet;

use super::Finding;
use super::crates::place;
use super::tree::Tree;

const PAGE: &str = "ARCHITECTURE.md";
/// The page is read in one sitting.
const LINE_LIMIT: usize = 300;
/// Endings that make a word without a slash a path.
const PATH_ENDINGS: &[&str] = &[".md", ".rs", ".toml", ".txt", ".py", ".json", ".cpp"];

/// The check.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let page = tree.files.iter().find(|file| file.path == PAGE);
    let Some(text) = page.and_then(|file| file.text.as_deref()) else {
        return vec![Finding::new(PAGE, 0, "the page is missing")];
    };
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines >= LINE_LIMIT {
        let message = format!("{lines} lines; it must stay under {LINE_LIMIT}");
        findings.push(Finding::new(PAGE, 0, message));
    }

    let existing: BTreeSet<&str> = tree.crates.iter().map(|member| member.name.as_str()).collect();
    let mut in_table = BTreeSet::new();
    for (index, line) in text.lines().enumerate() {
        for name in backticked(line).filter(|word| is_path(word)) {
            if !exists(tree, name) {
                let message = format!("`{name}` does not exist");
                findings.push(Finding::new(PAGE, index + 1, message));
            }
        }
        let Some((level, name)) = table_row(line) else { continue };
        in_table.insert(name);
        if !existing.contains(name) {
            let message = format!("crate `{name}` does not exist");
            findings.push(Finding::new(PAGE, index + 1, message));
        }
        if place(name).is_some_and(|place| place.level != level) {
            let message = format!("crate `{name}` is not on level {level}");
            findings.push(Finding::new(PAGE, index + 1, message));
        }
    }
    for name in existing.iter().filter(|name| **name != "xtask" && !in_table.contains(**name)) {
        let message = format!("crate `{name}` is missing from the table of crates");
        findings.push(Finding::new(PAGE, 0, message));
    }
    findings
}

/// The words between single backticks of one line.
fn backticked(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-*".contains(c);
    let named = PATH_ENDINGS.iter().any(|ending| word.ends_with(ending));
    word.chars().all(plain) && (word.contains('/') || named)
}

/// A file, or a folder (with or without its slash); `*` stands for one part of a name.
fn exists(tree: &Tree, name: &str) -> bool {
    let name = name.trim_end_matches('/');
    let (before, after) = name.split_once('*').unwrap_or((name, ""));
    tree.files.iter().any(|file| {
        let Some(rest) = file.path.strip_prefix(before) else { return false };
        if before == name {
            return rest.is_empty() || rest.starts_with('/');
        }
        let part = rest.split('/').next().unwrap_or(rest);
        rest.match_indices(after).any(|(at, _)| at <= part.len())
    })
}

/// `| level | `crate` | ...`.
fn table_row(line: &str) -> Option<(u8, &str)> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let level = cells.next()?.parse().ok()?;
    let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
    Some((level, name))
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Crate, File};
    use super::*;

    fn messages(page: &str) -> Vec<String> {
        let canon =
            Crate { name: "canon".into(), folder: "crates/canon".into(), needs: BTreeSet::new() };
        let files = vec![File::new(PAGE, page), File::new("crates/canon/src/lib.rs", "//! A.")];
        let tree = Tree { files, crates: vec![canon], ..Tree::default() };
        check(&tree).into_iter().map(|finding| finding.message).collect()
    }

    const ROW: &str = "| 0 | `canon` | arithmetic |\n";

    #[test]
    fn a_true_page_passes() {
        let page = format!("{ROW}see `crates/canon/src/lib.rs`, `crates/canon/`, `crates/*/src`");
        assert!(messages(&page).is_empty(), "{:?}", messages(&page));
    }

    #[test]
    fn a_missing_page_and_a_missing_crate_are_reported() {
        assert_eq!(check(&Tree::default()).len(), 1);
        assert_eq!(
            messages("Crates: none."),
            ["crate `canon` is missing from the table of crates"]
        );
    }

    #[test]
    fn crates_and_paths_that_do_not_exist_are_reported() {
        assert_eq!(
            messages(&format!("{ROW}| 1 | `program` | ops |")),
            ["crate `program` does not exist"]
        );
        assert_eq!(
            messages(&format!("{ROW}`crates/canon/src/gone.rs`")),
            ["`crates/canon/src/gone.rs` does not exist"]
        );
        assert_eq!(messages(&format!("{ROW}`spec/`")), ["`spec/` does not exist"]);
        assert_eq!(messages(&format!("{ROW}`gone.md`")), ["`gone.md` does not exist"]);
    }

    #[test]
    fn code_in_backticks_is_no_path() {
        assert!(messages(&format!("{ROW}`cargo test` `std::fs` `a(b)` `canon`")).is_empty());
    }

    #[test]
    fn a_wrong_level_and_a_long_page_are_reported() {
        assert_eq!(messages("| 3 | `canon` | arithmetic |"), ["crate `canon` is not on level 3"]);
        assert_eq!(messages(&(ROW.to_owned() + &"\n".repeat(300))).len(), 1);
    }
}
