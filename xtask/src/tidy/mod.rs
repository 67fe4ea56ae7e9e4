//! `cargo xtask tidy`: the rules of the house that the compiler does not know.
//!
//! Each check is a function from what was read (`Tree`) to findings; reading is done once,
//! here and in `tree`. A check never changes a file and never stops at its first finding.
//! A new rule is one file, one line in `CHECKS`, and a test that shows it failing.

mod architecture;
mod banned;
mod crates;
mod layout;
mod lexer;
mod links;
mod paths;
mod ratchets;
mod tree;

use std::path::Path;

use crate::Outcome;
use tree::Tree;

/// One breach of one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    /// 1-based; 0 when the finding is about the whole file.
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }
}

type Check = fn(&Tree) -> Vec<Finding>;

/// Every check, by the name its findings are printed under.
const CHECKS: &[(&str, Check)] = &[
    ("graph", crates::check),
    ("effects", banned::check_effects),
    ("floats", banned::check_floats),
    ("unsafe", banned::check_unsafe),
    ("environment", banned::check_environment),
    ("architecture", architecture::check),
    ("ratchets", ratchets::check),
    ("layout", layout::check),
    ("paths", paths::check),
    ("links", links::check),
];

/// Reads the repository, runs every check, prints the findings.
pub(crate) fn run(root: &Path) -> Outcome<()> {
    let tree = tree::read(root)?;
    let mut count = 0_usize;
    for (name, check) in CHECKS {
        let mut findings = check(&tree);
        findings.sort();
        for finding in &findings {
            println!("{}:{}: [{name}] {}", finding.path, finding.line, finding.message);
        }
        count += findings.len();
    }
    if count > 0 {
        return Err(format!("tidy: {count} findings"));
    }
    println!("tidy: {} checks, {} files, nothing found", CHECKS.len(), tree.files.len());
    Ok(())
}
