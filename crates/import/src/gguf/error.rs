//! What can be wrong with a GGUF file, and how the place is named.
//!
//! It never carries more than an excerpt of the file's own text, and that escaped: these messages are printed, and
//! the names in them come from strangers.

use super::kind::TensorType;
use std::fmt;
use thiserror::Error;

/// The most characters of a foreign name a message quotes.
const EXCERPT_CHARS: usize = 80;

/// Every way in which reading a GGUF file fails; `place` names the field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GgufError {
    /// Not the file's fault: the bytes given end before the header does.
    #[error("the header goes on past the bytes given; give at least the first {at_least}")]
    NeedMore { at_least: u64 },
    #[error("not a GGUF file: it starts with {found:02x?} instead of \"GGUF\"")]
    NotGguf { found: [u8; 4] },
    #[error("this GGUF file is big-endian; only little-endian ones are supported")]
    BigEndian,
    #[error("GGUF version {found} is not supported; versions 2 and 3 are")]
    Version { found: u32 },
    #[error(
        "truncated in {place}: {needed} bytes are needed at offset {offset}, the file has {file_length}"
    )]
    Truncated { place: String, offset: u64, needed: u64, file_length: u64 },
    #[error("the header is longer than {limit} bytes (in {place})")]
    HeaderTooLong { place: String, limit: u64 },
    #[error("{place} is {found}; the limit is {limit}")]
    TooMany { place: String, found: u64, limit: u64 },
    #[error("{place} is {found} bytes long; the limit is {limit}")]
    TooLong { place: String, found: u64, limit: u64 },
    #[error("{place} is empty")]
    Empty { place: String },
    #[error("{place} is not UTF-8")]
    NotUtf8 { place: String },
    #[error("{place} has control characters")]
    ControlCharacters { place: String },
    #[error("{place} has the unknown value type {found}; 0 to 12 are known")]
    ValueType { place: String, found: u32 },
    #[error("{place} is a boolean of value {found}; 0 and 1 are known")]
    Boolean { place: String, found: u8 },
    #[error("{place} nests arrays deeper than {limit}")]
    TooDeep { place: String, limit: u32 },
    #[error("{place} occurs twice")]
    Duplicate { place: String },
    #[error("metadata {key} is missing")]
    MissingKey { key: String },
    #[error("metadata {key} is {found}; {expected} is needed")]
    WrongType { key: String, found: String, expected: &'static str },
    #[error("metadata {key} is {found}; {least} to {most} are supported")]
    OutOfRange { key: String, found: i128, least: i128, most: i128 },
    #[error("metadata {key} is {found}, which is not supported; supported: {supported}")]
    UnsupportedValue { key: String, found: String, supported: &'static str },
    #[error("metadata {key} is an infinity or a NaN")]
    NotFinite { key: String },
    #[error("metadata {key} has {found} entries, but {reference} has {expected}")]
    LengthMismatch { key: String, found: u64, reference: &'static str, expected: u64 },
    #[error("metadata {key}, entry {index}: {problem}")]
    Entry { key: String, index: u64, problem: &'static str },
    #[error(
        "metadata \"general.alignment\" is {found}; a power of two in {least}..={most} is needed"
    )]
    Alignment { found: u64, least: u64, most: u64 },
    #[error("{place} has {found} dimensions; 1 to {limit} are supported")]
    Dimensions { place: String, found: u32, limit: u32 },
    #[error("{place}: dimension {index} is zero")]
    ZeroDimension { place: String, index: u32 },
    #[error("{place}: the product of its dimensions, or its size in bytes, is over 2^62")]
    TooLarge { place: String },
    #[error("{place} has the type {found}, which is unknown{note}")]
    TensorTypeId { place: String, found: u32, note: &'static str },
    #[error("{place}: its rows of {found} numbers are no multiple of {kind}'s block of {block}")]
    PartialBlock { place: String, found: u64, kind: TensorType, block: u64 },
    #[error("{place} starts at {offset}, which is not aligned to {alignment}")]
    Misaligned { place: String, offset: u64, alignment: u64 },
    #[error(
        "{place}: its bytes {start}..{end} go past the end of the file ({file_length}): the file is cut short, fetch it again"
    )]
    OutsideFile { place: String, start: u64, end: u64, file_length: u64 },
    #[error("{place} and {other} overlap in the file")]
    Overlap { place: String, other: String },
    #[error("{place} is missing")]
    MissingTensor { place: String },
    #[error("{place} is {found}; supported now: {supported}")]
    UnsupportedType { place: String, found: TensorType, supported: String },
}

/// A place in the file; made into text only when something is wrong there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// A field of the fixed header.
    Header(&'static str),
    /// The key of a metadata entry, by its number.
    Key(u64),
    /// The value of a metadata entry, by its key.
    Value(&'a str),
    /// The name of a tensor, by its number.
    TensorName(u64),
    Tensor(&'a str),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(field) => write!(out, "the header's {field}"),
            Self::Key(index) => write!(out, "the key of metadata entry {index}"),
            Self::Value(key) => write!(out, "metadata {}", quoted(key)),
            Self::TensorName(index) => write!(out, "the name of tensor {index}"),
            Self::Tensor(name) => write!(out, "tensor {}", quoted(name)),
        }
    }
}

/// A foreign name as messages show it: quoted, escaped, cut.
pub(super) fn quoted(name: &str) -> String {
    match name.char_indices().nth(EXCERPT_CHARS) {
        None => format!("{name:?}"),
        Some((end, _)) => format!("{:?}...", &name[..end]),
    }
}
