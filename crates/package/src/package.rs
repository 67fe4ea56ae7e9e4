//! A manifest with its parts, each checked against its hash, its form, and the others.
//!
//! Checked here is all that needs neither the files' bytes nor text run through tokenizer and template
//! (`spec/package.md` section 7 says who checks the rest). Never repairs. Failure: [`PackageError`] names the part.

use std::collections::BTreeMap;

use commit::WireError;
use program::{Checked, DecodeError, Tensor};
use thiserror::Error;

use crate::defaults::Defaults;
use crate::limits;
use crate::manifest::{About, File, Manifest, ManifestError, ModelId, Part, PartKind};
use crate::quality::Quality;
use crate::text;
use crate::token_bytes::TokenBytes;
use crate::tokenizer::Tokenizer;
use crate::units::{Units, UnitsError};

/// The bytes of parts.
pub type Parts = BTreeMap<PartKind, Vec<u8>>;

/// A package whose parts are those its manifest names, and fit together.
#[derive(Clone, Debug)]
pub struct Package {
    id: ModelId,
    manifest: Manifest,
    parts: Parts,
    program: Checked,
    units: Units,
    tokenizer: Tokenizer,
    token_bytes: TokenBytes,
    defaults: Defaults,
    quality: Option<Quality>,
}

/// Why a package is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PackageError {
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A part by itself.
    #[error("part {part} of the package: {fault}")]
    Part { part: PartKind, fault: PartFault },
    /// Two parts that do not fit.
    #[error("part {part} has {found} tokens, but the program has {vocabulary}")]
    Vocabulary { part: PartKind, found: usize, vocabulary: u32 },
    /// A token that is text in one part and none in another.
    #[error("token {token} is special by its type or by its bytes, but not by both")]
    Special { token: u32 },
    /// A tensor without its bytes.
    #[error("tensor {name}: {fault}")]
    Tensor { name: String, fault: TensorFault },
    /// A file that is not needed, or not in its place.
    #[error(
        "file {index}: a package has the files its tensors lie in, in the order of the tensor table, \
         and no others"
    )]
    File { index: usize },
}

/// What is wrong with a part.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PartFault {
    #[error("it is missing (fetch it)")]
    Absent,
    #[error("it is there, but the manifest names none")]
    Unnamed,
    #[error("it has {found} bytes, and the manifest names {named} (fetch it again)")]
    Length { named: u64, found: usize },
    #[error("its bytes are not those the manifest names (fetch it again)")]
    Hash,
    #[error("{0}")]
    Wire(#[from] WireError),
    #[error("{0}")]
    Program(#[from] DecodeError),
    #[error("{0}")]
    Units(#[from] UnitsError),
}

/// What is wrong with a tensor's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TensorFault {
    #[error("it lies in file {file}, and the package has {files}")]
    NoFile { file: u16, files: usize },
    #[error("it ends at byte {end} of a file of {size}")]
    Outside { end: u64, size: u64 },
    #[error("it shares bytes with another tensor")]
    Overlap,
}

/// Why a package can't be opened.
#[derive(Debug, Error)]
pub enum OpenError<E> {
    /// A part could not be read.
    #[error("part {part} of the package can't be read")]
    Read { part: PartKind, source: E },
    /// The manifest could not be read.
    #[error("the manifest of the package can't be read")]
    ReadManifest(#[source] E),
    /// What was read is refused.
    #[error(transparent)]
    Refused(#[from] PackageError),
}

impl Package {
    /// Checks a manifest's bytes and fetches the parts it names: no more of any than it may have.
    ///
    /// # Errors
    /// [`OpenError`] names the part.
    pub fn open<E>(
        manifest: &[u8],
        mut read: impl FnMut(PartKind, &Part) -> Result<Vec<u8>, E>,
    ) -> Result<Self, OpenError<E>> {
        let manifest = Manifest::decode(manifest).map_err(PackageError::Manifest)?;
        let mut parts = Parts::new();
        for part in PartKind::ALL {
            if let Some(named) = manifest.part(part) {
                let bytes =
                    read(part, &named).map_err(|source| OpenError::Read { part, source })?;
                parts.insert(part, bytes);
            }
        }
        Ok(Self::new(manifest, parts)?)
    }

    /// Makes the manifest of these parts and files.
    ///
    /// # Errors
    /// [`PackageError`] as for anybody's package.
    pub fn assemble(about: About, files: Vec<File>, parts: Parts) -> Result<Self, PackageError> {
        let named = PartKind::ALL.map(|part| parts.get(&part).and_then(|bytes| Part::of(bytes)));
        Self::new(Manifest::new(about, named, files)?, parts)
    }

    /// Checks parts against their manifest.
    ///
    /// # Errors
    /// [`PackageError`] names the first part found wrong.
    pub fn new(manifest: Manifest, parts: Parts) -> Result<Self, PackageError> {
        for part in PartKind::ALL {
            check_bytes(manifest.part(part), parts.get(&part))
                .map_err(|fault| PackageError::Part { part, fault })?;
        }
        let program = read(&parts, PartKind::Program, |bytes| Ok(Checked::decode(bytes)?))?;
        check_tensors(&program, manifest.files())?;
        let units = read(&parts, PartKind::Units, |bytes| Ok(Units::decode(bytes, &program)?))?;
        let tokenizer = read(&parts, PartKind::Tokenizer, |b| Ok(Tokenizer::decode(b)?))?;
        let token_bytes = read(&parts, PartKind::TokenBytes, |b| Ok(TokenBytes::decode(b)?))?;
        check_vocabulary(program.program().vocabulary, &tokenizer, &token_bytes)?;
        let defaults = read(&parts, PartKind::Defaults, |b| Ok(Defaults::decode(b)?))?;
        let quality = maybe(&parts, PartKind::Quality, |b| Ok(Quality::decode(b)?))?;
        for (part, what) in [(PartKind::Template, "the template"), (PartKind::Card, "the card")] {
            maybe(&parts, part, |bytes| Ok(text::utf8(what, bytes).map(drop)?))?;
        }
        let id = manifest.id();
        Ok(Self { id, manifest, parts, program, units, tokenizer, token_bytes, defaults, quality })
    }

    /// The model id.
    #[must_use]
    pub fn id(&self) -> ModelId {
        self.id
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The bytes of its parts.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The computation.
    #[must_use]
    pub fn program(&self) -> &Checked {
        &self.program
    }

    /// The units as published; whoever reads the weights compares them ([`Units::hold`]).
    #[must_use]
    pub fn units(&self) -> &Units {
        &self.units
    }

    /// The vocabulary.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The token bytes as published; whoever makes the tokenizer compares them.
    #[must_use]
    pub fn token_bytes(&self) -> &TokenBytes {
        &self.token_bytes
    }

    /// The chat template.
    #[must_use]
    pub fn template(&self) -> Option<&str> {
        self.text(PartKind::Template)
    }

    /// What the publisher recommends.
    #[must_use]
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// What the publisher tells people.
    #[must_use]
    pub fn card(&self) -> Option<&str> {
        self.text(PartKind::Card)
    }

    /// What the publisher measured.
    #[must_use]
    pub fn quality(&self) -> Option<&Quality> {
        self.quality.as_ref()
    }

    fn text(&self, part: PartKind) -> Option<&str> {
        let bytes = self.parts.get(&part)?;
        Some(core::str::from_utf8(bytes).expect("new() looked at it"))
    }
}

fn check_bytes(named: Option<Part>, bytes: Option<&Vec<u8>>) -> Result<(), PartFault> {
    match (named, bytes) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(PartFault::Unnamed),
        (Some(_), None) => Err(PartFault::Absent),
        (Some(Part { length: named, .. }), Some(bytes))
            if u64::try_from(bytes.len()) != Ok(named) =>
        {
            Err(PartFault::Length { named, found: bytes.len() })
        }
        (Some(part), Some(bytes)) if blake3::hash(bytes) != part.hash => Err(PartFault::Hash),
        (Some(_), Some(_)) => Ok(()),
    }
}

fn maybe<T>(
    parts: &Parts,
    part: PartKind,
    decode: impl FnOnce(&[u8]) -> Result<T, PartFault>,
) -> Result<Option<T>, PackageError> {
    let read = parts.get(&part).map(|bytes| decode(bytes)).transpose();
    read.map_err(|fault| PackageError::Part { part, fault })
}

fn read<T>(
    parts: &Parts,
    part: PartKind,
    decode: impl FnOnce(&[u8]) -> Result<T, PartFault>,
) -> Result<T, PackageError> {
    let fault = PartFault::Absent;
    maybe(parts, part, decode)?.ok_or(PackageError::Part { part, fault })
}

fn check_vocabulary(
    vocabulary: u32,
    tokenizer: &Tokenizer,
    bytes: &TokenBytes,
) -> Result<(), PackageError> {
    for (part, found) in
        [(PartKind::Tokenizer, tokenizer.tokens.len()), (PartKind::TokenBytes, bytes.len())]
    {
        if u32::try_from(found) != Ok(vocabulary) {
            return Err(PackageError::Vocabulary { part, found, vocabulary });
        }
    }
    for (token, known) in (0..).zip(&tokenizer.tokens) {
        let special = bytes.get(token).is_some_and(|(special, _)| special);
        if special != known.kind.special() {
            return Err(PackageError::Special { token });
        }
    }
    Ok(())
}

/// Every tensor lies in its file and shares no byte with another; every file is needed, and in order.
fn check_tensors(checked: &Checked, files: &[File]) -> Result<(), PackageError> {
    let tensors = &checked.program().tensors;
    let refuse =
        |tensor: &Tensor, fault| Err(PackageError::Tensor { name: tensor.name.clone(), fault });
    let mut seen = 0;
    for tensor in tensors {
        let file = tensor.location.file;
        let Some(File { hashes, .. }) = files.get(usize::from(file)) else {
            return refuse(tensor, TensorFault::NoFile { file, files: files.len() });
        };
        // A checked program's tensors end below 2^40.
        let (end, size) = (tensor.location.offset + tensor.bytes(), hashes.size);
        if end > size {
            return refuse(tensor, TensorFault::Outside { end, size });
        }
        match usize::from(file) {
            first if first == seen => seen += 1,
            index if index > seen => return Err(PackageError::File { index: seen }),
            _ => {}
        }
    }
    if seen < files.len() {
        return Err(PackageError::File { index: seen });
    }
    let mut ordered: Vec<&Tensor> = tensors.iter().collect();
    ordered.sort_by_key(|tensor| (tensor.location.file, tensor.location.offset));
    let shares = |pair: &&[&Tensor]| {
        let [one, next] = [pair[0].location, pair[1].location];
        one.file == next.file && one.offset + pair[0].bytes() > next.offset
    };
    match ordered.windows(2).find(shares) {
        Some(pair) => refuse(pair[1], TensorFault::Overlap),
        None => Ok(()),
    }
}

const _: () = assert!(limits::TOKENS_MAX == canon::sample::VOCABULARY_MAX as usize);
