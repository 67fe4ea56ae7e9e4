//! Kind 11, package: a model is published under its id and the publisher's key.

use chain::records::{PACKAGE_FILES_MAX, Package, PackageSlot, Part, ProgramSlot, Slot};
use commit::{Reader, WireError, Writer};
use package::{Manifest, ModelId, PartKind, signed};
use program::Checked;
use receipt::{PublicKey, Signature};

use crate::context::Context;
use crate::models::referee_model;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// Bytes of a manifest in the ledger.
pub const MANIFEST_BYTES_MAX: usize = 1 << 17;
/// Bytes of a file in a manifest, at least: two lengths of strings, a letter, a size, two hashes, a count and a shard.
const FILE_BYTES_MIN: usize = 1 + 1 + 8 + 32 + 32 + 4 + 32;
const _: () = assert!(MANIFEST_BYTES_MAX / FILE_BYTES_MIN <= PACKAGE_FILES_MAX);
/// Work of any package: its signature, and its program read again.
const WORK: u64 = 5_000;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishPackage {
    /// What is published.
    pub manifest: Manifest,
    /// By whom.
    pub publisher: PublicKey,
    /// Its signature over the model id.
    pub signature: Signature,
}

impl PublishPackage {
    pub(super) fn write(&self, out: &mut Writer) {
        let manifest = self.manifest.encode();
        out.length_u32(manifest.len());
        out.bytes(&manifest);
        out.bytes(&self.publisher.0);
        out.bytes(&self.signature.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "bytes of a manifest";
        let manifest = Manifest::decode(input.bytes_u32(what, MANIFEST_BYTES_MAX)?);
        let reason = "they are no manifest of a package";
        Ok(Self {
            manifest: manifest.map_err(|_| WireError::Value { what, reason })?,
            publisher: PublicKey(input.array("a publisher's key")?),
            signature: Signature(input.array("a publisher's signature")?),
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        let program = self.part(PartKind::Program).map(|part| ProgramSlot(part.hash).key());
        [self.slot().key()].into_iter().chain(program).collect()
    }

    pub(super) fn work(&self) -> u64 {
        WORK
    }

    pub(super) fn execute(&self, context: &Context, view: &mut View) -> Result<(), Stop> {
        require(view.get(&self.slot())?.is_none(), Rejection::PackageThere)?;
        require(
            signed(self.manifest.id(), self.publisher, &self.signature, context.network),
            Rejection::PackageSignature,
        )?;
        let package = self.judged(context, view)?;
        view.put(&self.slot(), &package)
    }

    /// The package, where tiles of its program can be proved against its parts.
    fn judged(&self, context: &Context, view: &View) -> Result<Package, Stop> {
        let part = self.part(PartKind::Program).ok_or(Rejection::PackageParts)?;
        let units = self.part(PartKind::Units).ok_or(Rejection::PackageParts)?;
        let program = view.get(&ProgramSlot(part.hash))?.ok_or(Rejection::ProgramAbsent)?;
        require(u64::try_from(program.0.len()) == Ok(part.bytes), Rejection::PackageParts)?;
        let checked =
            Checked::decode(&program.0).map_err(|_| Fault::Lacking("a checked program"))?;
        let files = self.manifest.files().iter();
        let files = files.map(|file| Part { hash: file.hashes.blake3, bytes: file.hashes.size });
        let package = Package {
            published: context.clock.time,
            withdrawn: None,
            program: part.hash,
            units,
            files: files.collect(),
        };
        referee_model(&checked, self.slot().model, &package).ok_or(Rejection::PackageParts)?;
        Ok(package)
    }

    fn part(&self, kind: PartKind) -> Option<Part> {
        self.manifest.part(kind).map(|part| Part { hash: part.hash, bytes: part.length })
    }

    fn slot(&self) -> PackageSlot {
        let ModelId(model) = self.manifest.id();
        PackageSlot { model, publisher: self.publisher }
    }
}
