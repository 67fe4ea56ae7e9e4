//! What commitments are made of: canonical bytes, names of files, hashes that start with a domain, trees that
//! only grow.
//!
//! Never knows what is committed to: programs, jobs, receipts and logs bring their own domains, fields and limits.
//! Failure: bytes that are not canonical are a [`WireError`] that names the field; a path that does not lead to a root
//! is `None` or `false`, never a panic.

mod file_name;
mod hash;
mod hex;
mod tree;
mod wire;

pub use file_name::{FILE_NAME_BYTES_MAX, file_name};
pub use hash::{Blind, Digest, Domain, Network, SaltAt, Salts};
pub use hex::{from_hex, hex};
pub use tree::{Edge, Nodes, consistency, consistent, path, range, root_of, root_of_range};
pub use wire::{Reader, WireError, Writer};
