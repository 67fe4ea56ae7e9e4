//! The processors the probe runs on: built for each, run there, and what each must have run.
//!
//! A kernel set that a processor should have and does not report is a failure here, so no emulator
//! can quietly fall back to portable code.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::runs::Run;
use super::tools;
use crate::Outcome;

const NAME: &str = "exactness-probe";
pub(super) const AARCH64: &str = "aarch64-unknown-linux-gnu";
pub(super) const WASM: &str = "wasm32-wasip1";
/// The compiler's flags for WebAssembly with SIMD.
pub(super) const SIMD128: &str = "-C target-feature=+simd128";
/// What runs programs for AArch64: one with every extension there is.
pub(super) const ON_AARCH64: [&str; 5] =
    ["qemu-aarch64", "-cpu", "max", "-L", "/usr/aarch64-linux-gnu"];

/// The probe for each target.
pub(crate) struct Probes {
    here: PathBuf,
    aarch64: PathBuf,
    wasm: PathBuf,
    wasm_simd: PathBuf,
}

/// One processor.
struct Platform {
    name: &'static str,
    /// The command, but for the probe's own words.
    command: Vec<String>,
    /// The probe's words: grid, threads, whether the interpreter runs too.
    words: [&'static str; 3],
    /// The kernel sets it must have, no more and no fewer; `None`: whatever there is.
    sets: Option<&'static str>,
}

impl Probes {
    /// Builds all of them, below a folder of their own.
    pub(crate) fn build(root: &Path, target: &Path) -> Outcome<Self> {
        let simd = target.join("simd128");
        let build = |folder: &Path, triple: Option<&str>, flags: &str| {
            let mut cargo = cargo(&["build", "--quiet", "--release"], folder, triple, flags);
            // The folder's own manifest and lock; the root's toolchain file holds there too.
            cargo.current_dir(root.join("xtask/probe"));
            let mut path = folder.to_owned();
            path.extend(triple);
            let wasm = triple == Some(WASM);
            path.push(format!("release/{NAME}{}", if wasm { ".wasm" } else { "" }));
            let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
            if status.success() { Ok(path) } else { Err(format!("building {}", path.display())) }
        };
        Ok(Self {
            here: build(target, None, "")?,
            aarch64: build(target, Some(AARCH64), "")?,
            wasm: build(target, Some(WASM), "")?,
            wasm_simd: build(&simd, Some(WASM), SIMD128)?,
        })
    }
}

/// Cargo for a target; the flags are of WebAssembly.
pub(super) fn cargo(words: &[&str], folder: &Path, triple: Option<&str>, flags: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(words).args(["--locked", "--target-dir"]).arg(folder);
    cargo.args(triple.into_iter().flat_map(|triple| ["--target", triple]));
    cargo.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc");
    // Flags from outside could ask for instructions an emulated processor lacks.
    cargo.env_remove("RUSTFLAGS").env("CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS", flags);
    cargo
}

/// Runs the tiny models everywhere; gives the runs and the kernel sets of this processor.
pub(crate) fn tiny(root: &Path, probes: &Probes) -> Outcome<(Vec<Run>, Vec<String>)> {
    let here = probes.here.to_string_lossy().into_owned();
    let script = root.join("xtask/probe/run.mjs").to_string_lossy().into_owned();
    let emulated = |emulator: &str, options: &[&str], probe: &Path| {
        let mut command = vec![emulator.to_owned()];
        command.extend(options.iter().map(|option| (*option).to_owned()));
        command.push(probe.to_string_lossy().into_owned());
        command
    };
    let mut node = tools::node_options()?.to_vec();
    node.push(&script);
    let each = ["each", "1,2,3", "engine"];
    let alone = ["full", "1", "engine"];
    let cpu = |name: &'static str| ["-cpu", name];
    let platforms = [
        Platform {
            name: "here",
            command: vec![here],
            words: ["full", "1,2,3", "reference"],
            sets: None,
        },
        Platform {
            name: "Haswell",
            command: emulated("qemu-x86_64", &cpu("Haswell"), &probes.here),
            words: each,
            sets: Some("portable,avx2"),
        },
        Platform {
            name: "Nehalem",
            command: emulated("qemu-x86_64", &cpu("Nehalem"), &probes.here),
            words: each,
            sets: Some("portable"),
        },
        Platform {
            name: "AArch64",
            command: emulated(ON_AARCH64[0], &ON_AARCH64[1..], &probes.aarch64),
            words: each,
            sets: Some("portable,neon"),
        },
        Platform {
            name: "wasm",
            command: emulated("node", &node, &probes.wasm),
            words: alone,
            sets: Some("portable"),
        },
        Platform {
            name: "wasm simd128",
            command: emulated("node", &node, &probes.wasm_simd),
            words: alone,
            sets: Some("portable,wasm-simd"),
        },
    ];
    // This processor first, with all of it; the emulated ones then share it.
    let [own, emulated @ ..] = &platforms;
    let (mut all, sets_here) = run(own, None)?;
    for ran in side_by_side(emulated, |platform| run(platform, None)) {
        all.extend(ran?.0);
    }
    Ok((all, sets_here))
}

/// Runs platforms, as many at once as there are cores; gives what they gave in the order of the platforms.
pub(super) fn side_by_side<P: Sync, T: Send>(
    platforms: &[P],
    run: impl Fn(&P) -> T + Sync,
) -> Vec<T> {
    let lanes = std::thread::available_parallelism().map_or(1, NonZero::get);
    let next = AtomicUsize::new(0);
    let done: Mutex<BTreeMap<usize, T>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..lanes.min(platforms.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(platform) = platforms.get(index) else { return };
                    let ran = run(platform);
                    done.lock().unwrap_or_else(PoisonError::into_inner).insert(index, ran);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

/// Runs the model of a file on this processor: every value of every axis.
pub(crate) fn file(probes: &Probes, model: &Path) -> Outcome<Vec<Run>> {
    let platform = Platform {
        name: "here",
        command: vec![probes.here.to_string_lossy().into_owned()],
        words: ["each", "1,2,3", "engine"],
        sets: None,
    };
    Ok(run(&platform, Some(model))?.0)
}

fn run(platform: &Platform, model: Option<&Path>) -> Outcome<(Vec<Run>, Vec<String>)> {
    let started = Instant::now();
    let (program, options) = platform.command.split_first().ok_or("no command")?;
    let mut command = Command::new(program);
    command.args(options).args(platform.words).args(model);
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        // Shown only here: emulators complain of features that no kernel asks for.
        let said = String::from_utf8_lossy(&output.stderr);
        let (name, status) = (platform.name, output.status);
        return Err(format!("{name}: {command:?} ended with {status}\n{}", said.trim()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let (sets, runs) = read(platform, &text)?;
    let seconds = started.elapsed().as_secs();
    println!("{}: {} runs in {seconds} s, kernels {sets}", platform.name, runs.len());
    Ok((runs, sets.split(',').map(str::to_owned).collect()))
}

/// Reads what the probe printed; every set it has must have run.
fn read<'t>(platform: &Platform, text: &'t str) -> Outcome<(&'t str, Vec<Run>)> {
    let name = platform.name;
    let mut lines = text.lines();
    let sets = lines.next().and_then(|line| line.strip_prefix("sets\t"));
    let sets = sets.ok_or_else(|| format!("{name}: the probe did not say its kernels"))?;
    if let Some(wanted) = platform.sets.filter(|wanted| *wanted != sets) {
        return Err(format!("{name} must run the kernels {wanted}, but has {sets}"));
    }
    let runs: Outcome<Vec<Run>> = lines.map(|line| Run::parse(name, line)).collect();
    let runs = runs?;
    let ran = |set: &str| runs.iter().any(|run| run.kernels == set);
    if let Some(set) = sets.split(',').find(|set| !ran(set)) {
        return Err(format!("{name}: the kernels {set} did not run"));
    }
    Ok((sets, runs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(sets: Option<&'static str>) -> Platform {
        Platform { name: "p", command: Vec::new(), words: ["", "", ""], sets }
    }

    #[test]
    fn a_processor_without_its_kernels_is_refused() {
        let digest = "a".repeat(64);
        let text = format!("sets\tportable\nrun\tm\tportable\t1\t1\talone\t{digest}\n");
        assert_eq!(read(&platform(Some("portable")), &text).unwrap().1.len(), 1);
        assert!(read(&platform(Some("portable,neon")), &text).is_err());
        let idle = text.replace("sets\tportable", "sets\tportable,neon");
        assert!(read(&platform(None), &idle).unwrap_err().contains("neon did not run"));
        assert!(read(&platform(None), "run\tm").is_err());
    }
}
