//! Links between our pages: a relative link in a Markdown file leads to something that exists.
//!
//! Never follows a link out of the repository, and never looks at anchors.

use std::collections::BTreeSet;

use super::Finding;
use super::tree::{File, Tree};

/// The check.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut places = BTreeSet::new();
    for file in &tree.files {
        places.insert(file.path.as_str());
        places.extend(file.path.match_indices('/').map(|(at, _)| &file.path[..at]));
    }
    let pages = tree.files.iter().filter(|file| file.path.ends_with(".md"));
    pages.flat_map(|page| check_page(page, &places)).collect()
}

fn check_page(page: &File, places: &BTreeSet<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in page.text.as_deref().unwrap_or_default().lines().enumerate() {
        for target in targets(line) {
            let outside = target.contains("://") || target.starts_with("mailto:");
            let path = target.split('#').next().unwrap_or_default();
            if outside || path.is_empty() {
                continue;
            }
            let resolved = resolve(&page.path, path);
            if !resolved.is_some_and(|path| path.is_empty() || places.contains(path.as_str())) {
                let message = format!("the link `{target}` leads nowhere");
                findings.push(Finding::new(&page.path, index + 1, message));
            }
        }
    }
    findings
}

/// What stands in the round brackets of `[text](target)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

/// The path from the root; `None` when it leaves the repository.
fn resolve(page: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(line: &str) -> usize {
        let files = vec![File::new("spec/README.md", line), File::new("spec/oracle/run.py", "")];
        check(&Tree { files, ..Tree::default() }).len()
    }

    #[test]
    fn links_to_what_exists_pass() {
        for line in ["[a](oracle/run.py)", "[a](oracle/)", "[a](../spec/README.md#part)", "[a](..)"]
        {
            assert_eq!(count(line), 0, "{line}");
        }
        assert_eq!(count("[a](https://example.org/gone) [b](#here) a] (b)"), 0);
    }

    #[test]
    fn links_to_nothing_and_out_of_the_repository_are_found() {
        assert_eq!(count("[a](gone.md) and [b](oracle/gone.py)"), 2);
        assert_eq!(count("[a](../../spec/README.md)"), 1);
    }
}
