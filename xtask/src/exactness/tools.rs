//! What the runs need besides Rust: emulators, a cross compiler, node, Rust's other targets.
//!
//! Installs what is missing, and only that: packages as root with apt, targets with rustup.
//! Failure: a line that says what to install.

use std::path::Path;
use std::process::Command;

use crate::Outcome;

/// A program or a file, and the package of Debian and Ubuntu that has it.
const NEEDED: [(&str, &str); 5] = [
    ("qemu-x86_64", "qemu-user"),
    ("qemu-aarch64", "qemu-user"),
    ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
    ("/usr/aarch64-linux-gnu/lib/libc.so.6", "libc6-dev-arm64-cross"),
    ("node", "nodejs"),
];
const TARGETS: [&str; 2] = ["aarch64-unknown-linux-gnu", "wasm32-wasip1"];

/// What node needs to be told before it offers WASI: nothing since version 20.
pub(crate) fn node_options() -> Outcome<&'static [&'static str]> {
    let version = said("node", &["--version"])?;
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    let major: u32 = major.parse().map_err(|_| format!("node's version is {version:?}"))?;
    Ok(if major < 20 { &["--experimental-wasi-unstable-preview1"] } else { &[] })
}

/// Makes sure that all of it is here.
pub(crate) fn prepare(root: &Path) -> Outcome<()> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err("exactness runs on Linux on x86-64, from where it emulates the others".into());
    }
    let mut missing: Vec<&str> = Vec::new();
    for (what, package) in NEEDED {
        if !is_here(what) && !missing.contains(&package) {
            missing.push(package);
        }
    }
    if !missing.is_empty() {
        install(&missing)?;
        if let Some((what, _)) = NEEDED.iter().find(|(what, _)| !is_here(what)) {
            return Err(format!("{what} is still missing after installing {missing:?}"));
        }
    }
    targets(root, &TARGETS)
}

fn is_here(what: &str) -> bool {
    if what.starts_with('/') {
        return Path::new(what).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(what).is_file())
}

fn install(packages: &[&str]) -> Outcome<()> {
    let list = packages.join(" ");
    let root = said("id", &["-u"])?.trim() == "0";
    if !root || !is_here("apt-get") {
        return Err(format!("please install: {list}"));
    }
    println!("installing {list}");
    done(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut apt = Command::new("apt-get");
    apt.args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages);
    done(apt.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Rust's standard library for other targets.
pub(crate) fn targets(root: &Path, targets: &[&str]) -> Outcome<()> {
    for target in targets {
        let folder = said("rustc", &["--print", "target-libdir", "--target", target])?;
        if Path::new(folder.trim()).exists() {
            continue;
        }
        if !is_here("rustup") {
            return Err(format!("please install Rust's standard library for {target}"));
        }
        done(Command::new("rustup").args(["target", "add", target]).current_dir(root))?;
    }
    Ok(())
}

fn said(program: &str, words: &[&str]) -> Outcome<String> {
    let output = Command::new(program).args(words).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn done(command: &mut Command) -> Outcome<()> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}")) }
}
