//! The limits of `spec/package.md` section 7 that are not a part's size (see [`crate::PartKind::bytes_max`]).

/// Bytes of a manifest.
pub const MANIFEST_BYTES_MAX: usize = 1 << 20;
/// Bytes of a name, a licence, a file's name, a pre-tokenizer's name, a text's name.
pub const NAME_BYTES_MAX: usize = 128;
/// Files of a package.
pub const FILES_MAX: usize = 4096;
/// Bytes of a file.
pub const FILE_BYTES_MAX: u64 = 1 << 40;
/// Bytes of a shard; the last one of a file may be shorter.
pub const SHARD_BYTES: u64 = 1 << 27;
/// Shards of a file.
pub const SHARDS_MAX: usize = 1 << 13;
/// Tokens of a tokenizer.
pub const TOKENS_MAX: usize = 1 << 20;
/// Bytes of a token's text, and of what a token stands for.
pub const TOKEN_BYTES_MAX: usize = 4096;
/// Merge rules.
pub const MERGES_MAX: usize = 1 << 21;

const _: () = assert!(FILE_BYTES_MAX == SHARD_BYTES << 13 && SHARDS_MAX == 1 << 13);
const _: () = assert!(FILE_BYTES_MAX == program::limits::FILE_BYTES_MAX);
