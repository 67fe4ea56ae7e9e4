//! The manifest: what a package consists of, by hash and length. Its own hash is the model id.
//!
//! A [`Manifest`] is always within its limits. Never says anything of time, place, publisher or tool. Failure:
//! [`ManifestError`] names the field, part or file.

use core::fmt;
use std::collections::BTreeMap;

use commit::{Digest, Reader, WireError, Writer};
use thiserror::Error;

use crate::limits;
use crate::shards::FileHashes;
use crate::text;

/// The first bytes of every manifest.
pub const MAGIC: [u8; 4] = *b"PRBM";
/// The version of this encoding.
pub const VERSION: u16 = 1;

/// BLAKE3 of a manifest: the one name of a model.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(pub Digest);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&commit::hex(&self.0))
    }
}

impl fmt::Debug for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelId({self})")
    }
}

/// Whether the licence lets others hand the files on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redistributable {
    /// Nobody said.
    #[default]
    Unknown,
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// A part, in the order of the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    /// The computation.
    Program,
    /// The units of all weight rows.
    Units,
    /// Text to tokens.
    Tokenizer,
    /// What each token adds to a text.
    TokenBytes,
    /// The chat template.
    Template,
    /// What the publisher recommends to sample with.
    Defaults,
    /// For people.
    Card,
    /// Measured by the publisher.
    Quality,
}

impl PartKind {
    /// Every part, in the order of the manifest.
    pub const ALL: [Self; 8] = [
        Self::Program,
        Self::Units,
        Self::Tokenizer,
        Self::TokenBytes,
        Self::Template,
        Self::Defaults,
        Self::Card,
        Self::Quality,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Units => "units",
            Self::Tokenizer => "tokenizer",
            Self::TokenBytes => "token bytes",
            Self::Template => "template",
            Self::Defaults => "defaults",
            Self::Card => "card",
            Self::Quality => "quality",
        }
    }

    /// Most bytes of it.
    #[must_use]
    pub const fn bytes_max(self) -> u64 {
        match self {
            Self::Program => 1 << 22,
            Self::Units => 1 << 30,
            Self::Tokenizer | Self::TokenBytes => 1 << 27,
            Self::Template => 1 << 18,
            Self::Card => 1 << 20,
            Self::Defaults | Self::Quality => 256,
        }
    }

    /// Whether a package needs it.
    #[must_use]
    pub const fn required(self) -> bool {
        match self {
            Self::Program | Self::Units | Self::Tokenizer | Self::TokenBytes | Self::Defaults => {
                true
            }
            Self::Template | Self::Card | Self::Quality => false,
        }
    }
}

impl fmt::Display for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A part as the manifest names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// BLAKE3 of its bytes.
    pub hash: Digest,
    /// How many there are; at least one.
    pub length: u64,
}

impl Part {
    /// The name of these bytes; of none there is no part.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let length = u64::try_from(bytes.len()).expect("a length fits 64 bits");
        (length > 0).then(|| Self { hash: blake3::hash(bytes).into(), length })
    }
}

/// What is said of a model besides what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// For people; two models may have one name.
    pub name: String,
    /// An SPDX expression; empty: unknown.
    pub licence: String,
    /// Whether the files may be handed on.
    pub redistributable: Redistributable,
}

/// An upstream file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name in the package, fit for a folder.
    pub name: String,
    /// Its length and hashes.
    pub hashes: FileHashes,
}

/// A manifest within its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    about: About,
    parts: [Option<Part>; 8],
    files: Vec<File>,
}

/// Why bytes are no manifest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    #[error("the manifest: {0}")]
    Wire(#[from] WireError),
    #[error("the bytes do not begin with \"PRBM\": this is no manifest of a package")]
    Magic,
    #[error("a package needs the part {part}, and the manifest names none")]
    Missing { part: PartKind },
    #[error("part {part} has {found} bytes; at most {max} are allowed")]
    PartLength { part: PartKind, found: u64, max: u64 },
    #[error("part {part} of no bytes must be 40 zero bytes")]
    EmptyPart { part: PartKind },
    #[error("a package needs 1 to 4096 files; it has {found}")]
    Files { found: usize },
    #[error(
        "file {index}: its name must be 1 to 128 letters, digits, '.', '_', '-' and '+', and begin \
         and end with a letter or digit"
    )]
    FileName { index: usize },
    #[error("files {first} and {second} have one name (small and capital letters are the same)")]
    SameName { first: usize, second: usize },
    #[error("file {index} has {size} bytes; it must have 1 to 2^40")]
    FileSize { index: usize, size: u64 },
    #[error("file {index} of {size} bytes has {wanted} shards, not {found}")]
    Shards { index: usize, size: u64, wanted: u64, found: usize },
    #[error("file {index} is one shard, so the two have one hash; they have two")]
    OneShard { index: usize },
}

impl Manifest {
    /// A manifest of what is given, if it keeps every limit.
    ///
    /// # Errors
    /// [`ManifestError`] names what does not.
    pub fn new(
        about: About,
        parts: [Option<Part>; 8],
        files: Vec<File>,
    ) -> Result<Self, ManifestError> {
        text::name("the model's name", &about.name)?;
        text::name("the licence", &about.licence)?;
        for (part, named) in PartKind::ALL.into_iter().zip(&parts) {
            check_part(part, *named)?;
        }
        check_files(&files)?;
        let manifest = Self { about, parts, files };
        let (found, max) = (manifest.encode().len(), limits::MANIFEST_BYTES_MAX);
        if found > max {
            return Err(WireError::Limit { what: "bytes of a manifest", found, max }.into());
        }
        Ok(manifest)
    }

    /// What is said of the model.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// A part, if the package has it.
    #[must_use]
    pub fn part(&self, kind: PartKind) -> Option<Part> {
        self.parts[kind as usize]
    }

    /// The upstream files.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The model id.
    #[must_use]
    pub fn id(&self) -> ModelId {
        ModelId(blake3::hash(&self.encode()).into())
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.bytes(&MAGIC);
        out.u16(VERSION);
        text::write_name(&mut out, &self.about.name);
        text::write_name(&mut out, &self.about.licence);
        out.u8(match self.about.redistributable {
            Redistributable::Unknown => 0,
            Redistributable::Yes => 1,
            Redistributable::No => 2,
        });
        for part in &self.parts {
            let part = part.unwrap_or(Part { hash: [0; 32], length: 0 });
            out.bytes(&part.hash);
            out.u64(part.length);
        }
        out.length_u16(self.files.len());
        for File { name, hashes } in &self.files {
            text::write_name(&mut out, name);
            out.u64(hashes.size);
            out.bytes(&hashes.blake3);
            out.bytes(&hashes.sha256);
            out.length_u32(hashes.shards.len());
            hashes.shards.iter().for_each(|shard| out.bytes(shard));
        }
        out.finish()
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`ManifestError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        let (found, max) = (bytes.len(), limits::MANIFEST_BYTES_MAX);
        if found > max {
            return Err(WireError::Limit { what: "bytes of a manifest", found, max }.into());
        }
        let mut input = Reader::new(bytes);
        if input.array("the magic") != Ok(MAGIC) {
            return Err(ManifestError::Magic);
        }
        input.version("manifest", VERSION)?;
        let about = About {
            name: text::read_name(&mut input, "the model's name")?,
            licence: text::read_name(&mut input, "the licence")?,
            redistributable: read_redistributable(&mut input)?,
        };
        let mut parts = [None; 8];
        for (part, named) in PartKind::ALL.into_iter().zip(&mut parts) {
            let hash = input.array("a part's hash")?;
            let length = input.u64("a part's length")?;
            *named = match (length, hash) {
                (0, hash) if hash == [0; 32] => None,
                (0, _) => return Err(ManifestError::EmptyPart { part }),
                (_, _) => Some(Part { hash, length }),
            };
        }
        let files = input.list_u16("files", limits::FILES_MAX, read_file)?;
        input.end("the manifest")?;
        Self::new(about, parts, files)
    }
}

fn read_redistributable(input: &mut Reader<'_>) -> Result<Redistributable, WireError> {
    let what = "whether the files may be handed on";
    match input.u8(what)? {
        0 => Ok(Redistributable::Unknown),
        1 => Ok(Redistributable::Yes),
        2 => Ok(Redistributable::No),
        found => Err(WireError::Unknown { what, found: found.into() }),
    }
}

fn read_file(input: &mut Reader<'_>) -> Result<File, WireError> {
    Ok(File {
        name: text::read_name(input, "a file's name")?,
        hashes: FileHashes {
            size: input.u64("a file's size")?,
            blake3: input.array("a file's BLAKE3")?,
            sha256: input.array("a file's SHA-256")?,
            shards: input
                .list_u32("shards", limits::SHARDS_MAX, |input| input.array("a shard's hash"))?,
        },
    })
}

fn check_part(part: PartKind, named: Option<Part>) -> Result<(), ManifestError> {
    let max = part.bytes_max();
    match named {
        None if part.required() => Err(ManifestError::Missing { part }),
        None => Ok(()),
        Some(Part { length: 0, .. }) => Err(ManifestError::EmptyPart { part }),
        Some(Part { length: found, .. }) if found > max => {
            Err(ManifestError::PartLength { part, found, max })
        }
        Some(_) => Ok(()),
    }
}

fn check_files(files: &[File]) -> Result<(), ManifestError> {
    if !(1..=limits::FILES_MAX).contains(&files.len()) {
        return Err(ManifestError::Files { found: files.len() });
    }
    let mut names = BTreeMap::new();
    for (index, File { name, hashes }) in files.iter().enumerate() {
        if !commit::file_name(name) {
            return Err(ManifestError::FileName { index });
        }
        if let Some(first) = names.insert(name.to_ascii_lowercase(), index) {
            return Err(ManifestError::SameName { first, second: index });
        }
        let size = hashes.size;
        if !(1..=limits::FILE_BYTES_MAX).contains(&size) {
            return Err(ManifestError::FileSize { index, size });
        }
        let (wanted, found) = (size.div_ceil(limits::SHARD_BYTES), hashes.shards.len());
        if u64::try_from(found) != Ok(wanted) {
            return Err(ManifestError::Shards { index, size, wanted, found });
        }
        if matches!(hashes.shards.as_slice(), [only] if *only != hashes.blake3) {
            return Err(ManifestError::OneShard { index });
        }
    }
    Ok(())
}
