//! `cargo xtask bindings`: the packages for JavaScript and Python, built and held to the same reports.
//!
//! Node and Python run the cases of `bindings/testdata`, which `cargo test -p light` runs natively; replay in node is
//! held against replay of the same files here. Everything that is
//! made or installed lies under `target/bindings/`: Python's tools in an environment of their own, from its index.
//! Never publishes anything. Failure: one line that names the step or the missing tool; a report that differs is one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::Outcome;

const WASM: &str = "wasm32-unknown-unknown";
/// What the npm package consists of, beside what is generated.
const NPM_FILES: [&str; 4] = ["package.json", "index.js", "index.d.ts", "README.md"];
/// The wheel's builder.
const MATURIN: &str = "maturin>=1.9,<2";

/// Where everything lies.
pub(crate) struct Places {
    root: PathBuf,
    /// The bindings' sources.
    source: PathBuf,
    /// What is made of them.
    made: PathBuf,
    testdata: PathBuf,
}

impl Places {
    pub(crate) fn new(root: &Path) -> Outcome<Self> {
        let source = root.join("bindings");
        let made = crate::bench::target_folder(root)?.join("bindings");
        let testdata = source.join("testdata");
        Ok(Self { root: root.to_owned(), source, made, testdata })
    }
}

/// Builds both packages and runs their tests.
pub(crate) fn run(root: &Path) -> Outcome<()> {
    let places = Places::new(root)?;
    let started = Instant::now();
    crate::exactness::tools::targets(root, &[WASM])?;
    println!("native: {}", native(&places)?);
    println!("node: {}", node(&places)?);
    println!("python: {} us per check", python(&places)?);
    println!("replay in node: {}", replay(&places)?);
    println!("the same reports everywhere, in {} s", started.elapsed().as_secs());
    Ok(())
}

/// The cases here, and the time of a check in a release build.
fn native(places: &Places) -> Outcome<String> {
    let cargo = |words: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo.args(words).current_dir(&places.root);
        cargo
    };
    said(&mut cargo(&["test", "--quiet", "--locked", "--package", "light"]))?;
    let example = ["run", "--quiet", "--release", "--locked", "-p", "light", "--example", "time"];
    let networks = ["genesis.bin", "network_bundle.json", "group_genesis.bin", "group_bundle.json"];
    let files = ["bundle.json"].into_iter().chain(networks);
    said(cargo(&example).args(files.map(|file| places.testdata.join(file))))
}

/// The npm package for checking.
pub(crate) fn light(places: &Places) -> Outcome<PathBuf> {
    npm(places, "npm", "probity-light")
}

/// The npm package for checking, as a project that installed it sees it.
fn node(places: &Places) -> Outcome<String> {
    let package = light(places)?;
    ran(places, "npm/browser.mjs", &package, &places.testdata)?;
    ran(places, "npm/test.mjs", &package, &places.testdata)
}

/// The npm package for replay, held against what is said natively.
fn replay(places: &Places) -> Outcome<String> {
    let package = npm(places, "replay-wasm", "probity-replay")?;
    let cases = places.made.join("replay");
    std::fs::create_dir_all(&cases).map_err(|error| named(&cases, &error))?;
    let example = ["--package", "probity-replay-wasm", "--example", "cases"];
    let program = built(places, &example, "dev")?.join("examples").join("cases");
    said(Command::new(program).arg(&cases))?;
    ran(places, "replay-wasm/test.mjs", &package, &cases)
}

/// Builds the package of a folder and installs it beside the tests of all.
fn npm(places: &Places, folder: &str, name: &str) -> Outcome<PathBuf> {
    let source = places.source.join(folder);
    let package = places.made.join("node").join("node_modules").join(name);
    let member = format!("{name}-wasm");
    let module = built(places, &["--package", &member, "--target", WASM], "wasm")?;
    let module = module.join(format!("{}.wasm", member.replace('-', "_")));
    let glue = built(places, &["--package", "glue"], "dev")?.join("glue");
    said(Command::new(glue).arg(module).arg(&package).arg("wasm"))?;
    for file in NPM_FILES {
        copy(&source.join(file), &package.join(file))?;
    }
    Ok(package)
}

/// Runs a test in node, from where the packages are installed.
fn ran(places: &Places, test: &str, package: &Path, data: &Path) -> Outcome<String> {
    let script = places.made.join("node").join(test.replace('/', "-"));
    copy(&places.source.join(test), &script)?;
    said(Command::new("node").arg(script).arg(package).arg(data))
}

/// The wheel, installed in an environment that has nothing else of ours.
fn python(places: &Places) -> Outcome<String> {
    let environment = places.made.join("venv");
    let tool = |name: &str| environment.join("bin").join(name);
    if !tool("maturin").exists() {
        said(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        said(Command::new(tool("pip")).args(["install", "--quiet", MATURIN]))?;
    }
    let wheels = places.made.join("wheels");
    // A wheel of an earlier build could be the one that is tested.
    if wheels.exists() {
        std::fs::remove_dir_all(&wheels).map_err(|error| named(&wheels, &error))?;
    }
    let mut maturin = Command::new(tool("maturin"));
    maturin.args(["build", "--quiet", "--release", "--locked", "--out"]).arg(&wheels);
    maturin.arg("--target-dir").arg(&places.made);
    said(maturin.current_dir(places.source.join("python")))?;
    let mut install = Command::new(tool("pip"));
    install.args(["install", "--quiet", "--force-reinstall", "--no-index", "--find-links"]);
    said(install.arg(&wheels).arg("probity-light"))?;
    said(
        Command::new(tool("python"))
            .arg(places.source.join("python/test.py"))
            .arg(&places.testdata),
    )
}

/// Builds a package of the bindings' workspace; gives the folder of what was made.
fn built(places: &Places, words: &[&str], profile: &str) -> Outcome<PathBuf> {
    let mut cargo = Command::new("cargo");
    // The folder's own manifest and lock; the root's toolchain file holds there too.
    cargo.current_dir(&places.source).args(["build", "--quiet", "--locked", "--profile", profile]);
    // Flags from outside could ask for what a browser lacks.
    cargo.env_remove("RUSTFLAGS").arg("--target-dir").arg(&places.made);
    if profile == "wasm" {
        cargo.env("CARGO_ENCODED_RUSTFLAGS", nameless(places)?);
    }
    said(cargo.args(words))?;
    Ok(match profile {
        "dev" => places.made.join("debug"),
        _ => places.made.join(WASM).join(profile),
    })
}

/// Flags that keep the folders of this machine out of what is given out: a panic names its file by its package.
fn nameless(places: &Places) -> Outcome<String> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&places.source).args(["metadata", "--format-version", "1", "--locked"]);
    let all: serde_json::Value = serde_json::from_str(&said(&mut cargo)?)
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = all["packages"].as_array().into_iter().flatten();
    let folders = packages.filter_map(|package| {
        let folder = Path::new(package["manifest_path"].as_str()?).parent()?.parent()?;
        Some(folder.display().to_string())
    });
    let folders: BTreeSet<String> = folders.collect();
    // The last that fits counts: what lies deepest comes last.
    let flags = folders.iter().map(|folder| format!("--remap-path-prefix={folder}=crates"));
    Ok(flags.collect::<Vec<_>>().join("\u{1f}"))
}

pub(crate) fn copy(from: &Path, to: &Path) -> Outcome<()> {
    std::fs::copy(from, to).map(|_| ()).map_err(|error| named(from, &error))
}

pub(crate) fn named(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// Runs a command and gives what it printed.
pub(crate) fn said(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{command:?} ended with {}: {words}", output.status))
}
