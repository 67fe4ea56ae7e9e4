//! What the checks look at: the files git would commit, the crates cargo knows, the ratchets.
//!
//! The only part of `tidy` that reads; it never writes. Failure: a repository that cannot be
//! read, or a ratchet line that cannot be understood, is an error that names it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::lexer::{self, Lexed};
use super::ratchets::{self, LIST, Ratchets};
use crate::Outcome;

/// Larger files are reported by `layout` and not read as text.
const TEXT_LIMIT_BYTES: u64 = 4 << 20;

#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    pub(crate) crates: Vec<Crate>,
    pub(crate) ratchets: Ratchets,
}

#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the repository's root, with `/`.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// `None`: not UTF-8, or too large.
    pub(crate) text: Option<String>,
    /// `Some` for a `.rs` file.
    pub(crate) rust: Option<Result<Lexed, String>>,
    /// All of the file is test code.
    pub(crate) test: bool,
}

#[derive(Debug)]
pub(crate) struct Crate {
    pub(crate) name: String,
    /// Relative to the repository's root.
    pub(crate) folder: String,
    /// Crates of this workspace it depends on, for its code or for its tests.
    pub(crate) needs: BTreeSet<String>,
}

impl File {
    /// A file as the checks see it.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let rust = path.ends_with(".rs").then(|| lexer::lex(text));
        let all_test = matches!(&rust, Some(Ok(lexed)) if lexed.all_test);
        Self {
            path: path.to_owned(),
            bytes: text.len() as u64,
            text: Some(text.to_owned()),
            test: all_test || is_test_path(path),
            rust,
        }
    }

    /// The folder under `crates/`, or `xtask`; `None` for files of no crate.
    pub(crate) fn crate_name(&self) -> Option<&str> {
        match self.path.strip_prefix("crates/") {
            Some(rest) => rest.split('/').next(),
            None => self.path.starts_with("xtask/").then_some("xtask"),
        }
    }

    /// The tokens, if this is a Rust file that lexes.
    pub(crate) fn lexed(&self) -> Option<&Lexed> {
        self.rust.as_ref().and_then(|lexed| lexed.as_ref().ok())
    }

    /// Whether a line is test code.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        let in_span = |lexed: &Lexed| {
            lexed.test_spans.iter().any(|(first, last)| (*first..=*last).contains(&line))
        };
        self.test || self.lexed().is_some_and(in_span)
    }
}

/// Reads everything the checks need.
pub(crate) fn read(root: &Path) -> Outcome<Tree> {
    let listing = output(root, "git", &["ls-files", "-z", "-c", "-o", "--exclude-standard"])?;
    let mut files = Vec::new();
    for path in listing.split('\0').filter(|path| !path.is_empty()) {
        // A file that is deleted and not yet committed is listed and absent.
        let Ok(facts) = root.join(path).symlink_metadata() else { continue };
        if facts.is_file() {
            files.push(read_file(root, path, facts.len())?);
        }
    }
    mark_test_modules(&mut files);
    let ratchets = match std::fs::read_to_string(root.join(LIST)) {
        Ok(text) => ratchets::parse(&text).map_err(|error| format!("{LIST}: {error}"))?,
        Err(error) => return Err(format!("{LIST}: {error}")),
    };
    Ok(Tree { files, crates: read_crates(root)?, ratchets })
}

fn read_file(root: &Path, path: &str, bytes: u64) -> Outcome<File> {
    if bytes > TEXT_LIMIT_BYTES {
        let path = path.to_owned();
        return Ok(File { path, bytes, text: None, rust: None, test: false });
    }
    let content = std::fs::read(root.join(path)).map_err(|error| format!("{path}: {error}"))?;
    match String::from_utf8(content) {
        Ok(text) => Ok(File::new(path, &text)),
        Err(_) => Ok(File { path: path.to_owned(), bytes, text: None, rust: None, test: false }),
    }
}

fn is_test_path(path: &str) -> bool {
    let folders = ["/tests/", "/benches/", "/examples/", "/fuzz_targets/"];
    let file = path.rsplit('/').next().unwrap_or(path);
    folders.iter().any(|folder| path.contains(folder))
        || file == "tests.rs"
        || file.ends_with("_tests.rs")
}

/// `#[cfg(test)] mod name;` makes `name.rs` (or `name/`) beside it test code.
fn mark_test_modules(files: &mut [File]) {
    let mut prefixes = BTreeSet::new();
    for file in files.iter() {
        let Some(lexed) = file.lexed() else { continue };
        let stem = file.path.trim_end_matches(".rs");
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let folder = if matches!(name, "mod" | "lib" | "main") { folder } else { stem };
        prefixes.extend(lexed.test_modules.iter().map(|module| format!("{folder}/{module}")));
    }
    for file in files.iter_mut() {
        let inside = |prefix: &String| {
            let rest = file.path.strip_prefix(prefix.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        file.test |= prefixes.iter().any(inside);
    }
}

fn read_crates(root: &Path) -> Outcome<Vec<Crate>> {
    let text = output(root, "cargo", &["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    Ok(packages.iter().map(|package| read_crate(root, package)).collect())
}

fn read_crate(root: &Path, package: &Value) -> Crate {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let manifest = text(&package["manifest_path"]);
    let folder = Path::new(&manifest).parent().unwrap_or(root);
    let folder = folder.strip_prefix(root).unwrap_or(folder).to_string_lossy().replace('\\', "/");
    let dependencies = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
    // A dependency with a path is one of this workspace's.
    let ours = dependencies.iter().filter(|dependency| dependency["path"].is_string());
    let needs = ours.map(|dependency| text(&dependency["name"])).collect();
    Crate { name: text(&package["name"]), folder, needs }
}

fn output(root: &Path, program: &str, arguments: &[&str]) -> Outcome<String> {
    let result = Command::new(program).args(arguments).current_dir(root).output();
    let result = result.map_err(|error| format!("{program}: {error}"))?;
    if !result.status.success() {
        let message = String::from_utf8_lossy(&result.stderr);
        return Err(format!("{program} {}: {}", arguments.join(" "), message.trim()));
    }
    String::from_utf8(result.stdout).map_err(|_| format!("{program} printed no UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_code_in_a_file_of_its_own_is_found() {
        let mut files = [
            File::new("crates/a/src/lib.rs", "#[cfg(test)] mod cases; mod b;"),
            File::new("crates/a/src/cases.rs", ""),
            File::new("crates/a/src/b.rs", "#[cfg(test)] mod inner;"),
            File::new("crates/a/src/b/inner.rs", ""),
            File::new("crates/a/src/cases_of_use.rs", ""),
            File::new("crates/a/tests/it/main.rs", ""),
        ];
        mark_test_modules(&mut files);
        let marks: Vec<bool> = files.iter().map(|file| file.test).collect();
        assert_eq!(marks, [false, true, false, true, false, true]);
    }

    #[test]
    fn a_line_inside_a_test_item_is_test_code() {
        let file = File::new("crates/a/src/lib.rs", "fn a() {}\n#[cfg(test)]\nmod t {\n}\n");
        let lines: Vec<bool> = (1..=4).map(|line| file.is_test_line(line)).collect();
        assert_eq!(lines, [false, true, true, true]);
    }

    #[test]
    fn a_file_belongs_to_the_crate_of_its_folder() {
        assert_eq!(File::new("crates/canon/src/lib.rs", "").crate_name(), Some("canon"));
        assert_eq!(File::new("xtask/src/main.rs", "").crate_name(), Some("xtask"));
        assert_eq!(File::new("spec/glossary.md", "").crate_name(), None);
    }
}
