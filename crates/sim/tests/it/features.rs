//! Nobody's build can do without a rule.

use std::fs;
use std::path::{Path, PathBuf};

/// Manifests of the repository that may name the feature, and how often: each defines it, and the simulator's example
/// needs it.
const NAMED: &[(&str, usize)] = &[("crates/ledger/Cargo.toml", 1), ("crates/sim/Cargo.toml", 2)];

/// Folders of manifests.
fn manifests(root: &Path) -> Vec<PathBuf> {
    let crates = fs::read_dir(root.join("crates")).unwrap();
    let mut all: Vec<_> = crates.map(|entry| entry.unwrap().path()).collect();
    all.extend(["", "xtask", "xtask/probe", "fuzz", "bindings"].map(|folder| root.join(folder)));
    let bindings = fs::read_dir(root.join("bindings")).unwrap();
    all.extend(bindings.map(|entry| entry.unwrap().path()));
    let all = all.into_iter().map(|folder| folder.join("Cargo.toml"));
    all.filter(|manifest| manifest.is_file()).collect()
}

#[test]
fn no_manifest_takes_a_rule_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut looked_at = 0;
    for manifest in manifests(&root) {
        let text = fs::read_to_string(&manifest).unwrap();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let count = lines.filter(|line| line.contains("canary")).count();
        let path = manifest.strip_prefix(&root).unwrap().to_str().unwrap();
        let may = NAMED.iter().find(|(named, _)| *named == path).map_or(0, |(_, count)| *count);
        assert_eq!(count, may, "{path}");
        looked_at += 1;
    }
    assert!(looked_at > 20, "{looked_at}");
}
