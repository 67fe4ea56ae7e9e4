//! Packages on disk: names for models, where to get them, and the folder that holds them.
//!
//! A [`ModelRef`] is a path, a file or a whole repository of the Hugging Face hub, or a catalogue name. [`Store::pull`]
//! brings it here from the first source that has the right bytes; [`Store::resolve`] finds it
//! again; [`Store::list`], [`Store::show`], [`Store::remove`] and [`Store::gc`] keep house;
//! [`Store::packed`] is a cache for what the engine derives from weights; [`Store::keys`] are this
//! machine's keys, [`Store::log`] the receipts it signed.
//!
//! Under the home folder:
//! - `blobs/<blake3>`: upstream files, verbatim, read-only;
//! - `refs/<hash of the reference>.json`: which reference is which blob, and where it came from;
//! - `folders/`: repositories that were pulled whole: what each has, and links to its blobs by their names;
//! - `partial/`: files being received; `locks/`: empty files; `cache/packed/`: derived bytes;
//! - `places/`: where models lie that are not in the store, with their ids;
//! - `keys/`: secret keys, for their owner alone; `log/<key>/`: leaves of receipt logs, and how far each had come;
//! - `receipts/`: receipts that were given out, with their openings, for their owner alone.
//!
//! Beside it, where a validator says: a [`ChainBook`], the blocks and the state of a network.
//!
//! Invariants: a file under `blobs/` was complete, synced and verified before it had that name; a
//! record is written after its blob; whatever is killed at whatever moment, the next command finds
//! either the old state or the new one. Bytes that differ from what was promised are deleted and
//! their source named.
//!
//! Never: reads the environment, prints, decides by the clock, runs or parses a model, follows a
//! name found inside an archive or a page as a path, sends a credential to another origin than its
//! own, deletes anything outside its own folders.

mod book;
pub mod catalogue;
mod chain_book;
#[cfg(test)]
mod chain_faults;
mod config;
mod database;
mod digest;
mod disk;
mod error;
#[cfg(test)]
mod faults;
mod fetch;
mod folder;
mod folders;
mod http;
mod hub;
pub mod index;
mod keys;
mod leaves;
mod locks;
mod packed;
mod partial;
pub mod pip;
mod places;
mod plain;
#[cfg(test)]
mod platter;
mod progress;
mod pull;
mod pull_folder;
#[cfg(test)]
mod receipt_faults;
mod record;
mod reference;
mod store;
mod wheel;

pub use book::{KeptReceipt, ReceiptBook};
pub use chain_book::{ChainBook, KeptLink, Tip};
pub use config::{
    Config, DEFAULT_HUB, DEFAULT_INDEX, LeastRate, Network, Secret, Timeouts, default_home,
};
pub use digest::{Blake3, Digests, GitBlob, Mismatch, Pins, Sha256, blake3_reader};
pub use error::{SourceError, SourceFailure, StoreError};
pub use folder::{FolderFile, FolderRecord, StoredFolder, weights_hash};
pub use keys::{KeyRing, Rotated};
pub use leaves::{LEAF_BYTES, LEAVES_MAX, LeafFile, LeafWriter};
pub use packed::{PackedCache, PackedEntry, PackedFile, PackedKey};
pub use places::{PLACES_MAX, Places};
pub use plain::open_plain;
pub use progress::{Progress, Sink};
pub use record::Record;
pub use reference::{HubFolder, HubRef, MAX_REFERENCE_BYTES, ModelRef, RefError};
pub use store::{
    Collected, Listing, LocalFile, Removed, Serving, Shown, Store, Stored, Unfinished,
};
