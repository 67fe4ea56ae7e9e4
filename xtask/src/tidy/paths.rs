//! Absolute paths of somebody's machine, in any text file that git would commit.
//!
//! Such a path works on one machine and tells strangers about it. Tests may make up folders of
//! users, and temporary ones (better made by a library).

use super::Finding;
use super::tree::{File, Tree};

/// Never, in no file. (Written in two halves, so that this file passes its own check.)
const MACHINE: &[&str] = &[concat!("/wo", "rk/")];
/// Not outside tests.
const PRIVATE: &[&str] =
    &[concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/t", "mp/"), concat!("/var/t", "mp/")];

/// The check.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.as_deref().unwrap_or_default().lines().enumerate() {
        let number = index + 1;
        let found = MACHINE.iter().find(|path| names(line, path)).or_else(|| {
            let private = || PRIVATE.iter().find(|path| names(line, path));
            if file.is_test_line(number) { None } else { private() }
        });
        if let Some(path) = found {
            let message = format!("names a path of one machine: `{path}...`");
            findings.push(Finding::new(&file.path, number, message));
        }
    }
    findings
}

/// Whether the line names the path, rather than a longer one that ends like it.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-./}~$".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check_file(&File::new(path, text)).len()
    }

    #[test]
    fn a_machine_path_is_found_anywhere() {
        let line = format!("see {}somebody/file", MACHINE[0]);
        assert_eq!(count("README.md", &line), 1);
        assert_eq!(count("crates/a/tests/it/main.rs", &format!("//! {line}")), 1);
        assert_eq!(count("a.toml", &format!("path = \"{}a\"", MACHINE[0])), 1);
    }

    #[test]
    fn a_path_that_only_ends_like_one_is_not() {
        let line = format!("see net{0}a and $HOME{0}b", MACHINE[0]);
        assert_eq!(count("README.md", &line), 0);
    }

    #[test]
    fn private_folders_are_for_tests() {
        for folder in PRIVATE {
            let line = format!("const A: &str = \"{folder}a\";");
            assert_eq!(count("README.md", &line), 1);
            assert_eq!(count("crates/a/src/lib.rs", &line), 1);
            assert_eq!(count("crates/a/tests/it/main.rs", &line), 0);
            let inside = format!("#[cfg(test)]\nmod tests {{\n{line}\n}}");
            assert_eq!(count("crates/a/src/lib.rs", &inside), 0);
        }
    }
}
