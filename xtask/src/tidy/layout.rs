//! Where things lie: module docs, one test binary per crate, no large files, source that lexes,
//! the workspace's lints in every crate.

use super::Finding;
use super::tree::{File, Tree};

/// Larger files belong in a release or a package, not in the history.
const FILE_LIMIT_BYTES: u64 = 1 << 20;

/// The manifest that writes its lints out, because it alone allows `unsafe`.
const OWN_LINTS: &str = "crates/canon/Cargo.toml";

/// The check.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report = |line, message: String| findings.push(Finding::new(&file.path, line, message));
    if file.bytes > FILE_LIMIT_BYTES {
        report(0, format!("{} bytes; the limit is {FILE_LIMIT_BYTES}", file.bytes));
    }
    if let Some(Err(error)) = &file.rust {
        report(0, error.clone());
    }
    let text = file.text.as_deref().unwrap_or_default();
    if file.rust.is_some() && !text.starts_with("//!") {
        report(1, "a file starts with its `//!` doc: what it is and what it never does".into());
    }
    if is_manifest(&file.path) && file.path != OWN_LINTS && !takes_workspace_lints(text) {
        report(0, "a crate takes the workspace's lints: `[lints] workspace = true`".into());
    }
    if is_second_test_binary(&file.path) {
        report(0, "one test binary per crate: make it a module of tests/it/main.rs".into());
    }
    findings
}

/// The manifest of a crate of the workspace.
fn is_manifest(path: &str) -> bool {
    let inside = path.strip_prefix("crates/").and_then(|rest| rest.split_once('/'));
    path == "xtask/Cargo.toml" || inside.is_some_and(|(_, file)| file == "Cargo.toml")
}

fn takes_workspace_lints(manifest: &str) -> bool {
    let section = manifest.split_once("[lints]").map(|(_, rest)| rest.trim_start());
    section.is_some_and(|section| section.starts_with("workspace = true"))
}

/// A file cargo would build as a test binary that is not `tests/it/main.rs`.
fn is_second_test_binary(path: &str) -> bool {
    let inside = match path.strip_prefix("crates/").and_then(|rest| rest.split_once("/tests/")) {
        Some((krate, inside)) if !krate.contains('/') => inside,
        Some(_) | None => return false,
    };
    let parts: Vec<&str> = inside.split('/').collect();
    match parts.as_slice() {
        [file] => file.ends_with(".rs"),
        [folder, "main.rs"] => *folder != "it",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        check_file(&File::new(path, text)).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_rust_file_says_first_what_it_is() {
        assert!(messages("crates/a/src/lib.rs", "//! A.\nfn a() {}").is_empty());
        assert_eq!(messages("crates/a/src/lib.rs", "fn a() {}").len(), 1);
        assert!(messages("spec/a.md", "A.").is_empty());
    }

    #[test]
    fn a_second_test_binary_is_reported() {
        assert!(messages("crates/a/tests/it/main.rs", "//! A.").is_empty());
        assert!(messages("crates/a/tests/it/case.rs", "//! A.").is_empty());
        assert_eq!(messages("crates/a/tests/case.rs", "//! A.").len(), 1);
        assert_eq!(messages("crates/a/tests/other/main.rs", "//! A.").len(), 1);
    }

    #[test]
    fn a_crate_without_the_workspace_lints_is_reported() {
        let with = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n";
        assert!(messages("crates/a/Cargo.toml", with).is_empty());
        assert_eq!(messages("crates/a/Cargo.toml", "[package]\nname = \"a\"\n").len(), 1);
        assert_eq!(messages("xtask/Cargo.toml", "[lints.clippy]\n").len(), 1);
        assert!(messages("crates/canon/Cargo.toml", "[lints.rust]\n").is_empty());
        assert!(messages("Cargo.toml", "[workspace]\n").is_empty());
    }

    #[test]
    fn a_file_over_a_mebibyte_and_one_that_does_not_lex_are_reported() {
        let mut file = File::new("spec/data.bin", "");
        file.bytes = FILE_LIMIT_BYTES;
        assert!(check_file(&file).is_empty());
        file.bytes += 1;
        assert_eq!(check_file(&file).len(), 1);
        assert_eq!(messages("crates/a/src/lib.rs", "//! A.\nfn a( {").len(), 1);
    }
}
