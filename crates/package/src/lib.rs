//! A model's complete content-addressed form (`spec/package.md`): a manifest, the parts it names, the upstream files.
//!
//! The BLAKE3 of a [`Manifest`] is the model id. A [`Package`] is a manifest with its parts, every one of them checked
//! against it and against the others; what can be known only with the files' bytes ([`UnitsBuilder`], [`Shards`]) or
//! by running text through tokenizer and template is checked by whoever has those.
//!
//! Never does I/O, reads no clock, knows no upstream format and no architecture, and never repairs: a package is
//! accepted as it is or refused. Invariants: `decode(encode(x)) == x` of manifest and parts, and no other bytes
//! decode; nothing in a manifest depends on time, place, machine or tool. Failure: typed errors that name the part and
//! the way out; bytes of strangers never cause a panic, nor an allocation beyond a small multiple of their length.

mod defaults;
pub mod folder;
pub mod limits;
mod manifest;
pub mod oms;
mod package;
mod quality;
mod shards;
mod signature;
mod text;
mod token_bytes;
mod tokenizer;
mod units;

pub use defaults::Defaults;
pub use manifest::{
    About, File, MAGIC, Manifest, ManifestError, ModelId, Part, PartKind, Redistributable, VERSION,
};
pub use package::{OpenError, Package, PackageError, PartFault, Parts, TensorFault};
pub use quality::Quality;
pub use shards::{FileHashes, Shards};
pub use signature::{SignatureError, sign, signed, signer};
pub use token_bytes::TokenBytes;
pub use tokenizer::{SpecialTokens, Token, TokenType, Tokenizer, TokenizerKind};
pub use units::{Units, UnitsBuilder, UnitsError};
