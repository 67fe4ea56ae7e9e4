//! The differential tests on every processor that has kernels of its own: `canon`'s against the plain
//! reference, `engine`'s against the plain interpreter.
//!
//! They are the test binaries that `cargo test` runs here, built for each processor in the same
//! profile, in which our crates keep their assertions and check every sum for overflow. Never holds a
//! test of its own. Failure: the first processor on which a test fails, none passes, or the tests
//! name other kernel sets than it must have.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use super::platforms::{AARCH64, ON_AARCH64, SIMD128, WASM, cargo, side_by_side};
use super::tools;
use crate::Outcome;

/// Crates whose integration tests compare kernels with something plain.
const CRATES: [&str; 2] = ["canon", "engine"];
/// The profile's own, said once more: nothing outside may take them away.
const CHECKED: [&str; 4] = [
    "--config",
    "profile.dev.debug-assertions=true",
    "--config",
    "profile.dev.overflow-checks=true",
];
/// How a test says which kernels it was handed.
const KERNELS: &str = "kernels: ";
/// How a test binary says that none of its tests failed.
const PASSED: &str = "test result: ok. ";

/// One processor.
struct Processor {
    name: &'static str,
    /// Its command, but for the test binary and that one's words.
    emulator: Vec<String>,
    /// Of each of the crates.
    binaries: Vec<PathBuf>,
    /// The kernel sets it must have, no more and no fewer; `None`: whatever there is.
    sets: Option<&'static str>,
}

/// Builds the tests for every processor and runs them there.
pub(super) fn run(root: &Path, folder: &Path) -> Outcome<()> {
    let started = Instant::now();
    let simd = folder.join("simd128");
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut node = owned(&["node"]);
    node.extend(owned(tools::node_options()?));
    node.push(root.join("xtask/probe/run.mjs").to_string_lossy().into_owned());
    // The vectors are files of the repository.
    node.extend(["--reads".to_owned(), root.to_string_lossy().into_owned()]);
    let processors = [
        Processor {
            name: "here",
            emulator: Vec::new(),
            binaries: build(root, folder, None, "")?,
            sets: None,
        },
        Processor {
            name: "AArch64",
            emulator: owned(&ON_AARCH64),
            binaries: build(root, folder, Some(AARCH64), "")?,
            sets: Some("portable,neon"),
        },
        Processor {
            name: "wasm",
            emulator: node.clone(),
            binaries: build(root, folder, Some(WASM), "")?,
            sets: Some("portable"),
        },
        Processor {
            name: "wasm simd128",
            emulator: node,
            binaries: build(root, &simd, Some(WASM), SIMD128)?,
            sets: Some("portable,wasm-simd"),
        },
    ];
    println!("differential tests built in {} s", started.elapsed().as_secs());
    side_by_side(&processors, |processor| processor.run(root)).into_iter().collect()
}

/// Builds the test binaries of the crates.
fn build(root: &Path, folder: &Path, triple: Option<&str>, flags: &str) -> Outcome<Vec<PathBuf>> {
    let words = ["test", "--no-run", "--quiet", "--test", "it"];
    let mut cargo = cargo(&words, folder, triple, flags);
    cargo.arg("--message-format=json-render-diagnostics").args(CHECKED);
    cargo.args(CRATES.into_iter().flat_map(|name| ["--package", name]));
    cargo.current_dir(root).stderr(Stdio::inherit());
    let output = cargo.output().map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("{cargo:?} ended with {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let binaries: Vec<PathBuf> = text.lines().filter_map(binary).collect();
    if binaries.len() == CRATES.len() {
        Ok(binaries)
    } else {
        Err(format!("{cargo:?} built {} test binaries", binaries.len()))
    }
}

/// The test binary that a line of cargo's tells of.
fn binary(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let of_test = message["profile"]["test"].as_bool()?;
    message["executable"].as_str().filter(|_| of_test).map(PathBuf::from)
}

impl Processor {
    fn run(&self, root: &Path) -> Outcome<()> {
        let started = Instant::now();
        let mut passed = 0;
        let mut sets = String::new();
        for binary in &self.binaries {
            let text = self.text(root, binary)?;
            let (count, found) = read(self.name, self.sets, &text)
                .map_err(|error| format!("{error} ({})", binary.display()))?;
            passed += count;
            sets = found;
        }
        let seconds = started.elapsed().as_secs();
        let name = self.name;
        println!("{name}: {passed} differential tests passed in {seconds} s, kernels {sets}");
        Ok(())
    }

    /// What a test binary says when it ends well.
    fn text(&self, root: &Path, binary: &Path) -> Outcome<String> {
        let words = self.emulator.iter().map(String::as_str);
        let binary = binary.to_string_lossy();
        let mut words = words.chain([&*binary, "--show-output"]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).current_dir(root);
        let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let (name, status) = (self.name, output.status);
        Err(format!("{name}: {command:?} ended with {status}\n{}\n{}", text.trim(), said.trim()))
    }
}

/// How many tests passed, and the kernel sets that they were handed.
fn read(name: &str, wanted: Option<&str>, text: &str) -> Outcome<(u64, String)> {
    let result = text.lines().find_map(|line| line.strip_prefix(PASSED));
    let passed = result.and_then(|rest| rest.split(' ').next()?.parse().ok()).unwrap_or(0);
    if passed == 0 {
        return Err(format!("{name}: no differential test passed"));
    }
    let mut sets: Vec<&str> = Vec::new();
    for set in text.lines().filter_map(|line| line.strip_prefix(KERNELS)) {
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    let sets = sets.join(",");
    match wanted {
        Some(wanted) if wanted != sets => {
            Err(format!("{name} must test the kernels {wanted}, but tested {sets:?}"))
        }
        None if sets.is_empty() => Err(format!("{name}: no test named its kernels")),
        Some(_) | None => Ok((passed, sets)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "test a ... ok\n---- a stdout ----\nkernels: portable\nkernels: neon\n\
        kernels: portable\ntest result: ok. 12 passed; 0 failed; 1 ignored\n";

    #[test]
    fn tests_are_counted_and_their_kernels_named() {
        let ran = Ok((12, "portable,neon".to_owned()));
        assert_eq!(read("p", Some("portable,neon"), SAID), ran);
        assert_eq!(read("p", None, SAID), ran);
    }

    #[test]
    fn a_run_without_tests_or_kernels_is_a_failure() {
        let other = read("p", Some("portable"), SAID).unwrap_err();
        assert!(other.contains("must test the kernels portable, but tested \"portable,neon\""));
        assert!(read("p", None, &SAID.replace("kernels: ", "")).is_err());
        assert!(read("p", None, &SAID.replace("12 passed", "0 passed")).is_err());
        assert!(read("p", None, "kernels: portable\n").is_err());
    }

    #[test]
    fn only_test_binaries_are_run() {
        let line = r#"{"reason":"compiler-artifact","profile":{"test":true},"executable":"/it"}"#;
        assert_eq!(binary(line), Some(PathBuf::from("/it")));
        assert_eq!(binary(&line.replace("true", "false")), None);
        assert_eq!(binary(&line.replace("\"/it\"", "null")), None);
        assert_eq!(binary("Compiling"), None);
    }
}
