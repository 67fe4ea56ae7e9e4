//! The crate graph: which crates may exist, on which level, and what they may depend on.
//!
//! A crate depends on lower levels only, which makes the graph acyclic. `HOUSE` is the one
//! place that knows the levels; ARCHITECTURE.md shows it to people and is compared with it.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::tree::Tree;

/// One crate's place.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) level: u8,
    /// No file system, network, environment, clock or randomness outside its tests.
    pub(crate) pure: bool,
    /// When given: the only crates it may depend on.
    only: Option<&'static [&'static str]>,
    /// Crates it must not reach, not even through others.
    never_reaches: &'static [&'static str],
}

/// At most this many crates, without xtask.
const CRATE_LIMIT: usize = 22;

const fn pure(name: &'static str, level: u8) -> Place {
    Place { name, level, pure: true, only: None, never_reaches: &[] }
}

const fn effectful(name: &'static str, level: u8) -> Place {
    Place { name, level, pure: false, only: None, never_reaches: &[] }
}

/// Every crate that may exist. Most do not yet: a crate is made with its first real line.
const HOUSE: &[Place] = &[
    pure("canon", 0),
    Place { only: Some(&[]), ..pure("commit", 0) },
    pure("program", 1),
    pure("receipt", 1),
    pure("package", 2),
    Place { only: Some(&["canon", "commit", "program"]), ..pure("import", 2) },
    Place { only: Some(&[]), ..pure("text", 2) },
    pure("chain", 2),
    pure("engine", 3),
    Place { never_reaches: &["engine"], ..pure("verify", 3) },
    Place { never_reaches: &["engine"], ..pure("dispute", 3) },
    pure("llm", 4),
    Place { never_reaches: &["engine", "net"], ..pure("ledger", 4) },
    Place { never_reaches: &["engine", "ledger"], ..pure("light", 4) },
    effectful("store", 5),
    effectful("net", 5),
    effectful("consensus", 6),
    effectful("worker", 6),
    effectful("gateway", 6),
    effectful("node", 7),
    effectful("cli", 8),
    effectful("sim", 8),
];

/// The place of a crate in the house.
pub(crate) fn place(name: &str) -> Option<&'static Place> {
    HOUSE.iter().find(|place| place.name == name)
}

/// The check.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let graph: BTreeMap<&str, &BTreeSet<String>> =
        tree.crates.iter().map(|member| (member.name.as_str(), &member.needs)).collect();
    let mut findings = Vec::new();
    for member in tree.crates.iter().filter(|member| member.name != "xtask") {
        let manifest = format!("{}/Cargo.toml", member.folder);
        let mut report = |message: String| findings.push(Finding::new(&manifest, 0, message));
        if member.folder != format!("crates/{}", member.name) {
            report(format!("crate `{}` must lie in crates/{0}", member.name));
        }
        let Some(here) = place(&member.name) else {
            report(format!("`{}` has no level; give it one in xtask's crates.rs", member.name));
            continue;
        };
        for need in &member.needs {
            let lower = place(need).is_some_and(|there| there.level < here.level);
            if !lower {
                report(format!("`{}` (level {}) depends on `{need}`", here.name, here.level));
            }
            if here.only.is_some_and(|only| !only.contains(&need.as_str())) {
                report(format!("`{}` may not depend on `{need}`", here.name));
            }
        }
        let reached = reach(&graph, here.name);
        for never in here.never_reaches.iter().filter(|never| reached.contains(**never)) {
            report(format!("`{}` reaches `{never}`", here.name));
        }
    }
    let count = tree.crates.iter().filter(|member| member.name != "xtask").count();
    if count > CRATE_LIMIT {
        let message = format!("{count} crates; the limit is {CRATE_LIMIT}");
        findings.push(Finding::new("Cargo.toml", 0, message));
    }
    findings
}

fn reach<'a>(graph: &BTreeMap<&'a str, &'a BTreeSet<String>>, from: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        for need in graph.get(name).copied().into_iter().flatten() {
            if reached.insert(need.as_str()) {
                open.push(need);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::super::tree::Crate;
    use super::*;

    fn member(name: &str, needs: &[&str]) -> Crate {
        Crate {
            name: name.into(),
            folder: format!("crates/{name}"),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        }
    }

    fn messages(crates: Vec<Crate>) -> Vec<String> {
        let found = check(&Tree { crates, ..Tree::default() });
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn lower_levels_are_allowed() {
        let crates = vec![member("canon", &[]), member("program", &["canon"])];
        assert!(messages(crates).is_empty());
    }

    #[test]
    fn the_same_level_and_higher_ones_are_not() {
        assert_eq!(
            messages(vec![member("canon", &["program"])]),
            ["`canon` (level 0) depends on `program`"]
        );
        assert_eq!(
            messages(vec![member("package", &["chain"])]),
            ["`package` (level 2) depends on `chain`"]
        );
    }

    #[test]
    fn a_crate_with_a_short_list_keeps_to_it() {
        assert_eq!(
            messages(vec![member("text", &["canon"])]),
            ["`text` may not depend on `canon`"]
        );
    }

    #[test]
    fn what_must_not_be_reached_is_not_reached_through_another() {
        let crates = vec![
            member("engine", &[]),
            member("verify", &["engine"]),
            member("light", &["verify"]),
        ];
        let found = messages(crates);
        assert!(found.contains(&"`light` reaches `engine`".to_owned()), "{found:?}");
    }

    #[test]
    fn an_unknown_crate_and_a_foreign_folder_are_reported() {
        assert_eq!(messages(vec![member("utils", &[])]).len(), 1);
        let moved = Crate { folder: "crates/other".into(), ..member("canon", &[]) };
        assert_eq!(messages(vec![moved]), ["crate `canon` must lie in crates/canon"]);
    }
}
