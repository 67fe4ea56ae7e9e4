//! A published model: what a referee has to know of it, under its id and the key that published it.
//!
//! Never the manifest itself: whoever has the id has its hash.

use commit::{Digest, Reader, WireError, Writer};
use receipt::PublicKey;

use super::{Record, Slot, Tag};
use crate::values::Time;

/// Files of a published package: a manifest that fits a transaction names fewer.
pub const PACKAGE_FILES_MAX: usize = 2_048;

/// Which model, published by whom: nobody stands in another's way, nor withdraws what another published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageSlot {
    /// The model id.
    pub model: Digest,
    /// Who published it.
    pub publisher: PublicKey,
}

/// A file or part: what tiles are proved against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its BLAKE3 hash.
    pub hash: Digest,
    /// Its length.
    pub bytes: u64,
}

/// A published package. It stands for ever: receipts about a model stay judgeable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// When it was published.
    pub published: Time,
    /// Since when its publisher wants it used no more.
    pub withdrawn: Option<Time>,
    /// The hash of its program, which stands in the state too.
    pub program: Digest,
    /// Its units.
    pub units: Part,
    /// Its upstream files.
    pub files: Vec<Part>,
}

impl Slot for PackageSlot {
    type Record = Package;

    fn key(&self) -> Vec<u8> {
        Tag::Package.key(&[&self.model, &self.publisher.0])
    }
}

impl PackageSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let model = input.array("a model id")?;
        Ok(Self { model, publisher: PublicKey(input.array("a publisher's key")?) })
    }
}

impl Part {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.hash);
        out.u64(self.bytes);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let hash = input.array("a part's hash")?;
        Ok(Self { hash, bytes: input.u64("a part's length")? })
    }
}

impl Record for Package {
    fn write(&self, out: &mut Writer) {
        out.u64(self.published.0);
        out.u64(self.withdrawn.unwrap_or_default().0);
        out.bytes(&self.program);
        self.units.write(out);
        out.length_u16(self.files.len());
        self.files.iter().for_each(|file| file.write(out));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let published = Time(input.u64("when a package was published")?);
        let withdrawn = Time(input.u64("when a package was withdrawn")?);
        Ok(Self {
            published,
            withdrawn: (withdrawn != Time(0)).then_some(withdrawn),
            program: input.array("a program's hash")?,
            units: Part::read(input)?,
            files: input.list_u16("files of a package", PACKAGE_FILES_MAX, Part::read)?,
        })
    }
}
