//! A package in a folder (`spec/package.md` section 8): opened, read through and compared with its manifest.
//!
//! Never follows a name that was not checked, never repairs, never writes. What is wrong is told apart from what can't
//! be judged, because one is a reason not to use the package and the other to fetch the rest of it. Failure: [`Unfit`].

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Error, anyhow};
use commit::{Network, WireError};
use engine::Weights;
use import::huggingface::{CONFIG, TOKENIZER};
use llm::{Model, ModelError};
use package::{
    FileHashes, ManifestError, ModelId, OpenError, Package, PackageError, PartFault, folder,
};
use receipt::{ENVELOPE_BYTES_MAX, Envelope, PublicKey};
use store::open_plain;

use crate::failure::describe;
use crate::reading::read as read_through;
use crate::steady::{Seen, SteadyFile};

/// Most signatures of a folder that are looked at.
const SIGNATURES_MAX: usize = 1024;

/// Why a folder is not the package that it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    /// Something in it is false, or breaks a rule.
    #[error("{}", describe(.0))]
    Refuted(Error),
    /// Something of it is not here, or not for this release or machine.
    #[error("{}", describe(.0))]
    Unjudged(Error),
}

/// Why a small file was not read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("it is not there")]
    Absent,
    #[error("it is longer than {most} bytes")]
    Longer { most: u64 },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A signature file.
pub(crate) struct Signed {
    /// The file's name.
    pub(crate) name: String,
    /// By whom, or why not.
    pub(crate) signer: Result<PublicKey, String>,
}

/// Opens the package of a folder: manifest and parts, checked against each other.
pub(crate) fn open(path: &Path) -> Result<Package, Unfit> {
    let unjudged = |error: Error| Unfit::Unjudged(error.context(name(path)));
    let refuted = |error: Error| Unfit::Refuted(error.context(name(path)));
    folder::open(|inner, most| small(&path.join(inner), most)).map_err(|error| match &error {
        OpenError::ReadManifest(ReadError::Absent) if !path.is_dir() => {
            unjudged(anyhow!("there is no such folder"))
        }
        OpenError::ReadManifest(ReadError::Absent) => unjudged(anyhow!(
            "this folder is no package: it has no `manifest` (name the model file in it, or make a \
             package with `probity package build`); and no model's folder: that has {CONFIG}, {TOKENIZER} and \
             safetensors files"
        )),
        OpenError::Read { source: ReadError::Longer { .. }, .. } => refuted(anyhow!(error)),
        OpenError::Read { part, source: ReadError::Absent } => {
            unjudged(anyhow!("part {part} is not there (fetch it)"))
        }
        OpenError::Refused(fault) if !of_another_release(fault) => refuted(anyhow!(error)),
        OpenError::Read { .. } | OpenError::ReadManifest(_) | OpenError::Refused(_) => {
            unjudged(anyhow!(error))
        }
    })
}

/// Makes the model of a package: tokenizer, token bytes and template are checked on the way.
pub(crate) fn model(path: &Path, package: &Package) -> Result<Model, Unfit> {
    Model::from_package(package).map_err(|error| {
        let beyond_us = matches!(error, ModelError::Memory { .. });
        let error = anyhow!(error).context(name(path));
        if beyond_us { Unfit::Unjudged(error) } else { Unfit::Refuted(error) }
    })
}

/// Reads every byte of the files, and gives the weights if files and units are those of the package.
pub(crate) fn weights(
    path: &Path,
    package: &Package,
    seen: &mut Seen<'_>,
) -> Result<Weights, Unfit> {
    let mut files = Vec::new();
    for file in package.manifest().files() {
        files.push(open_file(&path.join(folder::file_path(file)), file.hashes.size)?);
    }
    let read = read_through(package.program(), &mut files, seen).map_err(Unfit::Unjudged)?;
    for (file, found) in package.manifest().files().iter().zip(read.hashes) {
        let place = path.join(folder::file_path(file));
        let Some(found) = found else {
            let changed = anyhow!("{} was changed while it was read: try again", place.display());
            return Err(Unfit::Unjudged(changed));
        };
        if let Some(difference) = difference(&file.hashes, &found) {
            return Err(Unfit::Refuted(anyhow!("{}: {difference}", place.display())));
        }
    }
    let (weights, units) =
        read.weights.map_err(|error| Unfit::Refuted(error.context(name(path))))?;
    let hold = package.units().hold(&units, package.program());
    hold.map_err(|error| Unfit::Refuted(anyhow!(error).context(name(path))))?;
    Ok(weights)
}

/// The signatures beside a manifest.
pub(crate) struct Signatures {
    /// By name.
    pub(crate) looked_at: Vec<Signed>,
    /// What to say where those are not all.
    pub(crate) note: Option<String>,
}

/// Looks at the signatures beside a manifest. None of them is a part of the package: whatever is wrong there is told.
pub(crate) fn signatures(path: &Path, model: ModelId) -> Signatures {
    let place = path.join("signatures");
    let names = match signature_names(&place) {
        Ok(names) => names,
        Err(error) => {
            let note = format!("the signatures can't be listed: {error}");
            return Signatures { looked_at: Vec::new(), note: Some(note) };
        }
    };
    let found = names.len();
    let first = names.into_iter().take(SIGNATURES_MAX);
    let signed = |name: String| Signed { signer: signer(&place.join(&name), &name, model), name };
    let note = format!("the first {SIGNATURES_MAX} of {found} signatures are looked at");
    let looked_at = first.map(signed).collect();
    Signatures { looked_at, note: (found > SIGNATURES_MAX).then_some(note) }
}

/// Whether this key signed the package, however many did; why not, in words.
pub(crate) fn signed_by(path: &Path, model: ModelId, key: &PublicKey) -> Result<(), String> {
    let place = path.join(folder::signature_path(key));
    if fs::symlink_metadata(&place).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Err(format!("there is no signature by {key}: fetch it"));
    }
    let signer = signer(&place, &key.hex(), model);
    signer.map(drop).map_err(|reason| format!("it is NOT signed by {key}: {reason}"))
}

/// The names of signature files, sorted.
fn signature_names(place: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        // What has no key's name is no signature file; it may be a temporary one.
        if PublicKey::from_hex(&name).is_some() {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn signer(path: &Path, name: &str, model: ModelId) -> Result<PublicKey, String> {
    let most = u64::try_from(ENVELOPE_BYTES_MAX).expect("16 KiB fit");
    let bytes = small(path, most).map_err(|error| error.to_string())?;
    let envelope = Envelope::from_json(&bytes).map_err(|error| error.to_string())?;
    let signer = package::signer(&envelope, model, Network::OFFLINE);
    let signer = signer.map_err(|error| error.to_string())?;
    if signer.hex() == name { Ok(signer) } else { Err(format!("it was signed by {signer}")) }
}

/// Opens an upstream file of so many bytes.
fn open_file(path: &Path, size: u64) -> Result<SteadyFile, Unfit> {
    let unjudged = |error: Error| Unfit::Unjudged(error.context(name(path)));
    let data = fs::metadata(path).map_err(|error| {
        let absent = error.kind() == io::ErrorKind::NotFound;
        unjudged(if absent { anyhow!("it is not there (fetch it)") } else { anyhow!(error) })
    })?;
    // Reading a pipe or a device might never end.
    if !data.is_file() {
        return Err(unjudged(anyhow!("it is no file")));
    }
    let found = data.len();
    if found != size {
        let wrong = anyhow!("it has {found} bytes, and the manifest names {size} (fetch it again)");
        return Err(Unfit::Refuted(wrong.context(name(path))));
    }
    SteadyFile::open(path).map_err(|error| unjudged(anyhow!(error)))
}

/// What is not as the manifest says.
fn difference(named: &FileHashes, found: &FileHashes) -> Option<String> {
    let pairs = named.shards.iter().zip(&found.shards);
    let shards = named.shards.len();
    let shard = (1..=shards).zip(pairs).find(|(_, (named, found))| named != found);
    let same = named.blake3 == found.blake3;
    let lie = |what: &str| {
        Some(format!(
            "its bytes are right, but the manifest misstates its {what}: do not use this package"
        ))
    };
    match shard {
        None if !same => lie("BLAKE3"),
        Some((index, _)) if same => lie(&format!("shard {index}")),
        Some((index, _)) => Some(format!(
            "its bytes are not those the manifest names, first in shard {index} of {shards} (fetch it again)"
        )),
        None if named.sha256 != found.sha256 => lie("SHA-256"),
        None => None,
    }
}

/// A newer release may read it.
fn of_another_release(fault: &PackageError) -> bool {
    matches!(
        fault,
        PackageError::Manifest(
            ManifestError::Magic | ManifestError::Wire(WireError::Version { .. })
        ) | PackageError::Part { fault: PartFault::Wire(WireError::Version { .. }), .. }
    )
}

/// Reads a file of at most so many bytes.
fn small(path: &Path, most: u64) -> Result<Vec<u8>, ReadError> {
    let file = open_plain(path).map_err(|error| {
        let absent = error.kind() == io::ErrorKind::NotFound;
        if absent { ReadError::Absent } else { ReadError::Io(error) }
    })?;
    let file = file.ok_or_else(|| ReadError::Io(io::Error::other("it is no file")))?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|found| found <= most) {
        Ok(bytes)
    } else {
        Err(ReadError::Longer { most })
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}
