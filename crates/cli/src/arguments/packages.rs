//! What can be typed after `probity package`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use package::ModelId;
use receipt::PublicKey;

use super::ModelName;

const BUILD_HELP: &str = "\
Examples:
  probity package build smollm2-135m --out ./smollm2
  probity package build ./model.gguf --out ./mine --name \"My model\" --licence Apache-2.0 \\
      --redistributable yes --card README.md

A linked file that is later changed where it was is changed in the package too, and
`probity package verify` says so.

--quality FILE is a JSON object, all whole numbers in the units named:
  {\"kl_micro\": 1500, \"float_perplexity_milli\": 14200, \"perplexity_milli\": 14230,
   \"same_top_micro\": 981000, \"tokens\": 65536, \"text_blake3\": \"...\", \"text_name\": \"...\"}
It is your claim, checked by nobody. A KL over 0.02 or a perplexity more than 1 % above float's is
shown with a warning wherever the package is.";

const INSPECT_HELP: &str = "\
Examples:
  probity package inspect ./smollm2
  probity package inspect smollm2-135m      the package that `probity package build` would make

Of a folder, manifest, parts and signatures are checked; its files are not read.";

const VERIFY_PACKAGE_HELP: &str = "\
Examples:
  probity package verify ./smollm2
  probity package verify ./smollm2 --id MODEL-ID --signed-by KEY

Without --id a package is checked against itself alone: that it is the one you wanted, only its id
can say. A signature is no part of it: one that does not hold is told (NOT signed by) and refutes
nothing, and --signed-by asks for the one that matters.

Exit status: 0 verified; 1 refuted (with what is wrong); 2 it can't be judged (with what is missing
and how to get it).";

const SIGN_HELP: &str = "\
Examples:
  probity package sign ./smollm2
  openssl ecparam -name prime256v1 -genkey -noout -out key.pem
  openssl ec -in key.pem -pubout -out public.pem
  probity package sign ./smollm2 --oms key.pem --out smollm2.sig
  model_signing verify key ./smollm2/files --signature smollm2.sig --public_key public.pem

The bundle for OpenSSF's tool is over the files alone: it says nothing of program, tokenizer, chat
template and model id.";

#[derive(Subcommand)]
pub(crate) enum PackageCommand {
    /// Make the package of a model
    ///
    /// Prints its model id. The same file gives the same id everywhere; each of --name, --licence,
    /// --redistributable, --card and --quality that says something else than the file does makes
    /// another one. The upstream file is linked into the package where the disk allows, else copied.
    #[command(after_help = BUILD_HELP)]
    Build(BuildOptions),
    /// Show what is in a package, or would be in a model file's
    #[command(after_help = INSPECT_HELP)]
    Inspect(InspectOptions),
    /// Check every byte of a package, and re-derive what can be re-derived
    ///
    /// Every part and file by its hash, the program and its cost, units and token bytes made again and
    /// compared, the bounds of every weight row, tokenizer and chat template made and tried, and the
    /// signatures beside it.
    #[command(after_help = VERIFY_PACKAGE_HELP)]
    Verify(VerifyPackageOptions),
    /// Sign a package with this machine's key, or for OpenSSF's model-signing tool
    ///
    /// A signature over the model id lies beside the manifest and changes nothing in the package: many
    /// may sign. It says which key signed, not whose key that is.
    #[command(after_help = SIGN_HELP)]
    Sign(SignOptions),
}

#[derive(Args)]
pub(crate) struct BuildOptions {
    /// A catalogue name such as smollm2-135m, a GGUF file, a folder of safetensors, or
    /// hf:org/repo[@rev][:file]
    #[arg(value_name = "MODEL", value_parser = ModelName::parse)]
    pub(crate) model: ModelName,
    /// The folder to make; it must not be there yet
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// What the model is called, at most 128 bytes [default: what the file says]
    #[arg(long, value_name = "TEXT", value_parser = published)]
    pub(crate) name: Option<String>,
    /// Its licence, an SPDX expression such as Apache-2.0 [default: what the file says]
    #[arg(long, value_name = "SPDX", value_parser = published)]
    pub(crate) licence: Option<String>,
    /// Whether the licence lets others hand the files on [default: not said]
    #[arg(long, value_name = "ANSWER", value_enum)]
    pub(crate) redistributable: Option<YesNo>,
    /// A text about the model for people, UTF-8, at most 1 MiB
    #[arg(long, value_name = "FILE")]
    pub(crate) card: Option<PathBuf>,
    /// What you measured, as JSON (see below)
    #[arg(long, value_name = "FILE")]
    pub(crate) quality: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum YesNo {
    Yes,
    No,
}

#[derive(Args)]
pub(crate) struct InspectOptions {
    /// A package's folder (./name), or a model as `probity run` names it
    #[arg(value_name = "FOLDER|MODEL", value_parser = ModelName::parse)]
    pub(crate) model: ModelName,
    /// Print the card instead: what its publisher tells people
    #[arg(long)]
    pub(crate) card: bool,
}

#[derive(Args)]
pub(crate) struct VerifyPackageOptions {
    /// A package's folder
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
    /// The model id that it must have
    #[arg(long, value_name = "MODEL-ID", value_parser = model_id)]
    pub(crate) id: Option<ModelId>,
    /// A key that must have signed it
    #[arg(long, value_name = "KEY", value_parser = public_key)]
    pub(crate) signed_by: Option<PublicKey>,
}

#[derive(Args)]
pub(crate) struct SignOptions {
    /// A package's folder
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
    /// Make an OpenSSF model-signing bundle over the files instead, with this P-256 key (PEM)
    #[arg(long, value_name = "KEY.pem", requires = "out")]
    pub(crate) oms: Option<PathBuf>,
    /// Where to write that bundle: not among the files it is over
    #[arg(long, value_name = "FILE", requires = "oms")]
    pub(crate) out: Option<PathBuf>,
    /// Replace the file where one is there already
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// A parser of a text that stands in a manifest.
fn published(text: &str) -> Result<String, String> {
    let most = package::limits::NAME_BYTES_MAX;
    if text.len() > most {
        return Err(format!("it has {} bytes; at most {most} are allowed", text.len()));
    }
    if text.contains(char::is_control) {
        return Err("control characters are not allowed".into());
    }
    Ok(text.to_owned())
}

/// A parser of a public key.
fn public_key(text: &str) -> Result<PublicKey, String> {
    let key = PublicKey::from_hex(text);
    key.ok_or_else(|| "it must be 64 hexadecimal digits, small letters (`probity key show`)".into())
}

/// A parser of a model id.
fn model_id(text: &str) -> Result<ModelId, String> {
    let id = commit::from_hex(text).map(ModelId);
    id.ok_or_else(|| "it must be 64 hexadecimal digits (`probity package inspect`)".into())
}
