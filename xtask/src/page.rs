//! `cargo xtask page`: the page at `/`, built once and committed, so that nobody who builds the server needs node.
//!
//! Builds and tests it with what `package-lock.json` pins, all of it under `target/page/`; `--check` compares what was
//! built with its sources, in Rust alone; `--drive` looks at it in a browser, against the real server. Never asks any
//! host but npm's index, and that only to install; never writes into the repository but into the assets. Failure: one
//! line that names the step, the file or the missing tool.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::bindings::{self, copy, named, said};
use crate::served::{self, Served};

const SOURCES: &str = "crates/gateway/page";
const ASSETS: &str = "crates/gateway/assets";
/// What was built of what: a hash and a path a line.
const RECORD: &str = "built.txt";
/// What is not built from: it looks at the page, or tells of it.
const BESIDE: [&str; 4] = ["README.md", "test.mjs", "test", "drive"];
/// What the verifier's module says, word for word: where this changes, the module did.
const REPORTS: [&str; 2] = ["bindings/testdata/reports.json", "bindings/testdata/streams.json"];
/// What is driven where nothing else is named.
const MODEL: &str = "smollm2-135m";
/// Browsers by the names their packages give them.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// What was asked.
pub(crate) fn run(root: &Path, words: &[&str]) -> Outcome<()> {
    match words {
        [] => build(root),
        ["--check"] => check(root),
        ["--drive"] => drive(root, MODEL),
        ["--drive", "--model", model] => drive(root, model),
        _ => Err("usage: cargo xtask page [--check | --drive [--model MODEL]]".into()),
    }
}

/// Makes the assets anew.
fn build(root: &Path) -> Outcome<()> {
    let light = bindings::light(&bindings::Places::new(root)?)?;
    let workshop = workshop(root)?;
    let inside = workshop.join("node_modules/probity-light");
    std::fs::create_dir_all(&inside).map_err(|error| named(&inside, &error))?;
    for file in ["package.json", "index.js", "index.d.ts", "wasm.js", "wasm_bg.wasm"] {
        copy(&light.join(file), &inside.join(file))?;
    }
    said(Command::new("node").arg("node_modules/typescript/bin/tsc").current_dir(&workshop))?;
    println!("{}", said(Command::new("node").arg("test.mjs").current_dir(&workshop))?);
    let assets = root.join(ASSETS);
    said(Command::new("node").arg("build.mjs").arg(&assets).current_dir(&workshop))?;
    let record = assets.join(RECORD);
    std::fs::write(&record, recorded(root)?).map_err(|error| named(&record, &error))?;
    for file in files(&assets)? {
        let bytes = std::fs::metadata(&file).map_err(|error| named(&file, &error))?.len();
        println!("{bytes:>8} bytes {}", relative(&assets, &file));
    }
    Ok(())
}

/// Whether the assets are those of these sources.
fn check(root: &Path) -> Outcome<()> {
    let record = root.join(ASSETS).join(RECORD);
    let before = std::fs::read_to_string(&record).map_err(|error| named(&record, &error))?;
    let now = recorded(root)?;
    let differs = now.lines().find(|line| !before.lines().any(|known| known == *line));
    let gone = before.lines().find(|line| !now.lines().any(|known| known == *line));
    match differs.or(gone).and_then(|line| line.split_once(' ')) {
        Some((_, path)) => {
            Err(format!("{path} is not what the page was built with: cargo xtask page"))
        }
        None => Ok(()),
    }
}

/// A hash of each source and each asset.
fn recorded(root: &Path) -> Outcome<String> {
    let sources = root.join(SOURCES);
    let beside = |file: &PathBuf| BESIDE.iter().any(|name| file.starts_with(sources.join(name)));
    let mut all = files(&sources)?;
    all.retain(|file| !beside(file));
    all.extend(REPORTS.map(|path| root.join(path)));
    all.extend(files(&root.join(ASSETS))?.into_iter().filter(|file| !file.ends_with(RECORD)));
    let mut text = String::new();
    for file in all {
        let bytes = std::fs::read(&file).map_err(|error| named(&file, &error))?;
        writeln!(text, "{} {}", blake3::hash(&bytes).to_hex(), relative(root, &file))
            .map_err(|error| error.to_string())?;
    }
    Ok(text)
}

/// Every file below a folder, in order of paths.
fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).map_err(|error| named(folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| named(folder, &error))?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// A copy of the sources with their tools installed: the repository's own folder stays as it is.
fn workshop(root: &Path) -> Outcome<PathBuf> {
    let sources = root.join(SOURCES);
    let workshop = crate::bench::target_folder(root)?.join("page");
    for folder in ["src", "test", "drive"] {
        let old = workshop.join(folder);
        // A file that is gone must not be built.
        if old.exists() {
            std::fs::remove_dir_all(&old).map_err(|error| named(&old, &error))?;
        }
    }
    let lock = |folder: &Path| std::fs::read(folder.join("package-lock.json")).ok();
    let installed =
        lock(&workshop) == lock(&sources) && workshop.join("node_modules/esbuild").exists();
    for file in files(&sources)? {
        let copied = workshop.join(relative(&sources, &file));
        let folder = copied.parent().unwrap_or(&workshop);
        std::fs::create_dir_all(folder).map_err(|error| named(folder, &error))?;
        copy(&file, &copied)?;
    }
    if !installed {
        said(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&workshop))?;
    }
    Ok(workshop)
}

/// Looks at the page in a browser, as it is served.
fn drive(root: &Path, model: &str) -> Outcome<()> {
    check(root)?;
    let workshop = workshop(root)?;
    let browser = browser()?;
    let made = crate::bench::target_folder(root)?;
    let program = served::build(root, false)?;
    let mut server = Served::start(&program, &made.join("page-home"), &[model])?;
    let pictures = made.join("page-pictures");
    std::fs::create_dir_all(&pictures).map_err(|error| named(&pictures, &error))?;
    let mut node = Command::new("node");
    node.args(["drive/drive.mjs", &server.url, &browser]).arg(&pictures).current_dir(&workshop);
    println!("{}", said(&mut node)?);
    if !server.runs() {
        return Err(format!("the server ended: {}", server.said()));
    }
    println!("pictures in {}", pictures.display());
    Ok(())
}

/// Where a browser lies.
fn browser() -> Outcome<String> {
    let here = |name| said(Command::new("sh").args(["-c", "command -v \"$0\"", name])).ok();
    let found = BROWSERS.into_iter().find_map(here);
    found.ok_or_else(|| format!("no browser is here: install one of {}", BROWSERS.join(", ")))
}
