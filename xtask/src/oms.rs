//! `cargo xtask oms`: what `probity package sign --oms` writes, before OpenSSF's own verifier.
//!
//! A tiny model's package is signed with a new key; `model_signing`, installed from Python's index into an environment
//! of its own under `target/oms/`, must accept the files as they are and refuse every change. Never publishes anything,
//! never uses a key twice. Failure: one line that names the step, or what was accepted and should not have been.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use import::gguf::tiny::TinyModel;

use crate::Outcome;
use crate::bindings::{named, said};

/// OpenSSF's tool.
const TOOL: &str = "model_signing>=1.1,<1.2";
/// What the tool imports and, in 1.1.1, does not ask for.
const FORGOTTEN: &str = "pyopenssl";
/// What the tool says where it has looked and found a fault; anything else is a fault of ours.
const REFUSAL: &str = "Verification failed";
/// Makes a key; prints the public half.
const NEW_KEY: &str = "\
import sys
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec
key = ec.generate_private_key(ec.SECP256R1())
with open(sys.argv[1], 'wb') as file:
    file.write(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
with open(sys.argv[2], 'wb') as file:
    file.write(key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
";

/// A signed package, and who checks it.
struct Signed {
    tools: PathBuf,
    /// The package's upstream files.
    files: PathBuf,
    bundle: PathBuf,
    public: PathBuf,
}

/// Signs a package and has it checked.
pub(crate) fn run(root: &Path) -> Outcome<()> {
    let target = crate::bench::target_folder(root)?;
    let tools = environment(&target.join("oms"))?;
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let signed = sign(root, &target, tools, folder.path())?;
    let model = signed.files.join("model.gguf");
    let sound = fs::read(&model).map_err(|error| named(&model, &error))?;
    let mut changed = sound.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    signed.accepts("the files as they are")?;
    replace(&model, &changed)?;
    signed.refuses("a changed byte")?;
    replace(&model, &sound[..sound.len() - 1])?;
    signed.refuses("a file cut short")?;
    replace(&model, &sound)?;
    let more = signed.files.join("more.bin");
    fs::write(&more, "more").map_err(|error| named(&more, &error))?;
    signed.refuses("a file more")?;
    fs::remove_file(&more).map_err(|error| named(&more, &error))?;
    signed.accepts("the files put back")?;
    signed.new_key("other")?;
    let other = folder.path().join("other.pub");
    Signed { public: other, ..signed }.refuses("another key")
}

/// The environment with the tool in it.
fn environment(folder: &Path) -> Outcome<PathBuf> {
    let environment = folder.join("venv");
    let tools = environment.join("bin");
    if !tools.join("model_signing").exists() {
        said(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        said(Command::new(tools.join("pip")).args(["install", "--quiet", TOOL, FORGOTTEN]))?;
    }
    println!("{}", said(Command::new(tools.join("model_signing")).arg("--version"))?);
    Ok(tools)
}

/// Builds `probity`, makes a package and signs its files.
fn sign(root: &Path, target: &Path, tools: PathBuf, folder: &Path) -> Outcome<Signed> {
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--locked", "--package", "cli"]);
    said(build.current_dir(root))?;
    let probity = |words: &[&str]| {
        let mut probity = Command::new(target.join("debug/probity"));
        probity.args(words).current_dir(folder).env("PROBITY_HOME", folder.join("home"));
        probity.env("PROBITY_OFFLINE", "1");
        said(&mut probity)
    };
    let model = folder.join("tiny.gguf");
    // The engine wants heads of 32.
    let tiny = TinyModel { heads: 2, kv_heads: 1, ..TinyModel::new(1) };
    fs::write(&model, tiny.write()).map_err(|error| named(&model, &error))?;
    let id = probity(&["package", "build", "./tiny.gguf", "--out", "./package"])?;
    let signed = Signed {
        tools,
        files: folder.join("package/files"),
        bundle: folder.join("package.sig"),
        public: folder.join("key.pub"),
    };
    signed.new_key("key")?;
    probity(&["package", "sign", "./package", "--oms", "key", "--out", "package.sig"])?;
    println!("signed {id}");
    Ok(signed)
}

impl Signed {
    /// Makes a key, the public half under the name with `.pub`.
    fn new_key(&self, name: &str) -> Outcome<()> {
        let place = self.public.with_file_name(name);
        let mut python = Command::new(self.tools.join("python"));
        python.args(["-c", NEW_KEY]).arg(&place).arg(place.with_extension("pub"));
        said(&mut python).map(drop)
    }

    fn accepts(&self, what: &str) -> Outcome<()> {
        said(&mut self.verify()).map_err(|words| format!("{what}: {words}"))?;
        println!("accepted: {what}");
        Ok(())
    }

    fn refuses(&self, what: &str) -> Outcome<()> {
        match said(&mut self.verify()) {
            Err(words) if words.contains(REFUSAL) => {
                println!("refused: {what}");
                Ok(())
            }
            Err(words) => Err(format!("{what}: {words}")),
            Ok(_) => Err(format!("{what} was accepted")),
        }
    }

    fn verify(&self) -> Command {
        let mut verify = Command::new(self.tools.join("model_signing"));
        verify.args(["verify", "key"]).arg(&self.files).arg("--signature").arg(&self.bundle);
        verify.arg("--public_key").arg(&self.public);
        verify
    }
}

/// Writes another file in a file's place: the package's is a link to the model.
fn replace(path: &Path, bytes: &[u8]) -> Outcome<()> {
    fs::remove_file(path).and_then(|()| fs::write(path, bytes)).map_err(|error| named(path, &error))
}
