//! Reads the header of a GGUF file, as hostile input.
//!
//! The caller gives the file's first bytes and its length; the tensors' data is never read, only where it lies.
//! [`Gguf::parse`] asks for more ([`GgufError::NeedMore`]) where the bytes given end too early; [`read_header`] is the
//! loop a caller with a file wants.
//!
//! It never opens a file, follows an offset it has not checked, or allocates by a count the file claims: a count is
//! believed only as far as the file has bytes for it. Strings and arrays are borrowed from the bytes given.
//!
//! Accepted: little-endian versions 2 and 3. Stricter than other readers on purpose: no duplicate keys or names, no
//! empty tensor, no control characters in names, booleans are 0 or 1, and no two tensors share a byte.
//!
//! Failure: a [`GgufError`] naming the field. What an *architecture* needs is asked by key, through [`Gguf::required`]
//! and [`Gguf::optional`].

mod cursor;
mod error;
mod kind;
pub mod tensor;
pub mod tiny;
pub mod tiny_cases;
pub mod tiny_pieces;
pub mod value;
pub mod vocabulary;
pub mod write;

pub use error::GgufError;
pub use kind::{FORMATS, TensorType};
pub use tensor::TensorInfo;
pub use value::{Field, Value};
pub use vocabulary::{SpecialTokens, TokenKind, VocabularyData};

use cursor::Cursor;
use error::{Place, quoted};

/// The longest header (metadata and tensor table); the largest known, with vocabularies of 260,000, are near 20 MB.
pub const MAX_HEADER_BYTES: u64 = 64 << 20;
/// The most metadata entries; models have about 50.
pub const MAX_METADATA_ENTRIES: u64 = 4_096;
/// The most tensors; the largest known models have a few thousand.
pub const MAX_TENSORS: u64 = 65_536;
/// The longest metadata key; known ones stay below 100.
pub const MAX_KEY_BYTES: u64 = 1_024;
/// The alignment of a file that states none.
pub const DEFAULT_ALIGNMENT: u64 = 32;
const MIN_ALIGNMENT: u64 = 8;
const MAX_ALIGNMENT: u64 = 65_536;

const MAGIC: [u8; 4] = *b"GGUF";
const ALIGNMENT_KEY: &str = "general.alignment";
const KEY_LENGTH_BYTES: u64 = 8;
/// Key length, a byte of key, value type, a byte of value.
const LEAST_ENTRY_BYTES: u64 = KEY_LENGTH_BYTES + 1 + 4 + 1;
/// Name length, a byte of name, dimension count, one dimension, type, offset.
const LEAST_TENSOR_BYTES: u64 = 8 + 1 + 4 + 8 + 4 + 8;

/// What `read_header` asks first, and by how much it grows a request the header did not fit in.
const FIRST_READ_BYTES: u64 = 4 << 20;
const READ_GROWTH: u64 = 4;

/// A parsed and checked header.
#[derive(Clone, Debug)]
pub struct Gguf<'a> {
    version: u32,
    alignment: u64,
    data_start: u64,
    metadata: Vec<(&'a str, Value<'a>)>,
    tensors: Vec<TensorInfo<'a>>,
    keys: NameIndex,
    names: NameIndex,
}

/// What went wrong in [`read_header`]: the file, or reading it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    #[error(transparent)]
    Gguf(#[from] GgufError),
    #[error("the file can't be read")]
    Source(#[source] E),
}

/// Reads as many of a file's first bytes as [`Gguf::parse`] needs.
///
/// `read_exact` fills the buffer from the given offset on; reads are in order, without gaps.
pub fn read_header<E>(
    file_length: u64,
    read_exact: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
) -> Result<Vec<u8>, ReadError<E>> {
    with_header(file_length, read_exact, |_, header, _| header.to_vec())
}

/// The same, and what `then` makes of the header, parsed once, of its bytes, and of what reads more of the file.
pub fn with_header<E, F, T>(
    file_length: u64,
    mut read_exact: F,
    then: impl FnOnce(&Gguf<'_>, &[u8], F) -> T,
) -> Result<T, ReadError<E>>
where
    F: FnMut(u64, &mut [u8]) -> Result<(), E>,
{
    let mut bytes = Vec::new();
    let mut wanted = FIRST_READ_BYTES;
    loop {
        let have = bytes.len();
        let total = wanted.min(file_length).min(MAX_HEADER_BYTES);
        bytes.resize(usize::try_from(total).expect("at most 64 MiB"), 0);
        read_exact(have as u64, &mut bytes[have..]).map_err(ReadError::Source)?;
        match Gguf::parse(&bytes, file_length) {
            Ok(gguf) => return Ok(then(&gguf, &bytes, read_exact)),
            // More than was given and no more than the file and the limit have, so each turn reads on.
            Err(GgufError::NeedMore { at_least }) => wanted = at_least.max(total * READ_GROWTH),
            Err(error) => return Err(error.into()),
        }
    }
}

impl<'a> Gguf<'a> {
    /// Parses and checks the header of a file of `file_length` bytes, of which `first` are the first ones.
    pub fn parse(first: &'a [u8], file_length: u64) -> Result<Self, GgufError> {
        let mut cursor = Cursor::new(first, file_length, MAX_HEADER_BYTES);
        let version = read_version(&mut cursor)?;
        let tensor_count = cursor.u64(Place::Header("tensor count"))?;
        let entry_count = cursor.u64(Place::Header("metadata count"))?;
        check_count("the tensor count", tensor_count, MAX_TENSORS)?;
        check_count("the metadata count", entry_count, MAX_METADATA_ENTRIES)?;

        let metadata = read_metadata(&mut cursor, entry_count)?;
        let keys = NameIndex::new(metadata.iter().map(|entry| entry.0))
            .map_err(|key| GgufError::Duplicate { place: Place::Value(key).to_string() })?;

        let mut tensors = with_room(tensor_count, cursor.left() / LEAST_TENSOR_BYTES);
        for index in 0..tensor_count {
            tensors.push(TensorInfo::read(&mut cursor, index)?);
        }
        let names = NameIndex::new(tensors.iter().map(TensorInfo::name))
            .map_err(|name| GgufError::Duplicate { place: Place::Tensor(name).to_string() })?;

        let mut parsed =
            Self { version, alignment: 0, data_start: 0, metadata, tensors, keys, names };
        parsed.alignment = parsed.read_alignment()?;
        parsed.data_start = cursor.position().next_multiple_of(parsed.alignment);
        tensor::lay_out(&mut parsed.tensors, parsed.data_start, parsed.alignment, file_length)?;
        Ok(parsed)
    }

    pub fn version(&self) -> u32 {
        self.version
    }

    pub fn alignment(&self) -> u64 {
        self.alignment
    }

    /// Where the tensors' data starts in the file (past its end, in a file without tensors).
    pub fn data_start(&self) -> u64 {
        self.data_start
    }

    /// The metadata, in the file's order.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Field<'_, 'a>> {
        self.metadata.iter().map(|(key, value)| Field::new(key, value))
    }

    /// A metadata entry, if it is there.
    pub fn optional(&self, key: &str) -> Option<Field<'_, 'a>> {
        let index = self.keys.find(key, |index| self.metadata[index].0)?;
        let (key, value) = &self.metadata[index];
        Some(Field::new(key, value))
    }

    /// A metadata entry that must be there.
    pub fn required(&self, key: &str) -> Result<Field<'_, 'a>, GgufError> {
        self.optional(key).ok_or_else(|| GgufError::MissingKey { key: quoted(key) })
    }

    /// The tensors, in the file's order.
    pub fn tensors(&self) -> &[TensorInfo<'a>] {
        &self.tensors
    }

    /// A tensor, if it is there.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo<'a>> {
        Some(&self.tensors[self.names.find(name, |index| self.tensors[index].name())?])
    }

    /// A tensor that must be there.
    pub fn required_tensor(&self, name: &str) -> Result<&TensorInfo<'a>, GgufError> {
        let place = || Place::Tensor(name).to_string();
        self.tensor(name).ok_or_else(|| GgufError::MissingTensor { place: place() })
    }

    /// Fails at the first tensor of a type that is not in [`FORMATS`].
    pub fn require_supported_types(&self) -> Result<(), GgufError> {
        self.tensors.iter().try_for_each(|tensor| tensor.format().map(drop))
    }

    /// The tokenizer's data.
    pub fn vocabulary(&self) -> Result<VocabularyData, GgufError> {
        vocabulary::read(self)
    }

    fn read_alignment(&self) -> Result<u64, GgufError> {
        let Some(field) = self.optional(ALIGNMENT_KEY) else {
            return Ok(DEFAULT_ALIGNMENT);
        };
        let found = field.unsigned(0..=u64::MAX)?;
        if !found.is_power_of_two() || !(MIN_ALIGNMENT..=MAX_ALIGNMENT).contains(&found) {
            let (least, most) = (MIN_ALIGNMENT, MAX_ALIGNMENT);
            return Err(GgufError::Alignment { found, least, most });
        }
        Ok(found)
    }
}

/// Positions sorted by name: duplicates show, and a lookup is a binary search.
#[derive(Clone, Debug)]
struct NameIndex(Vec<u32>);

impl NameIndex {
    /// Fails with a name that occurs twice.
    fn new<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let mut sorted: Vec<(&str, u32)> = names.zip(0u32..).collect();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(pair[0].0),
            None => Ok(Self(sorted.into_iter().map(|(_, position)| position).collect())),
        }
    }

    fn find<'a>(&self, name: &str, name_at: impl Fn(usize) -> &'a str) -> Option<usize> {
        let found = self.0.binary_search_by(|position| name_at(*position as usize).cmp(name));
        Some(self.0[found.ok()?] as usize)
    }
}

fn read_version(cursor: &mut Cursor<'_>) -> Result<u32, GgufError> {
    let magic = cursor.u32(Place::Header("magic"))?.to_le_bytes();
    if magic != MAGIC {
        return Err(GgufError::NotGguf { found: magic });
    }
    match cursor.u32(Place::Header("version"))? {
        found @ (2 | 3) => Ok(found),
        found if (1..=0xffff).contains(&found.swap_bytes()) => Err(GgufError::BigEndian),
        found => Err(GgufError::Version { found }),
    }
}

fn check_count(place: &str, found: u64, limit: u64) -> Result<(), GgufError> {
    if found <= limit {
        return Ok(());
    }
    Err(GgufError::TooMany { place: place.to_owned(), found, limit })
}

fn read_metadata<'a>(
    cursor: &mut Cursor<'a>,
    count: u64,
) -> Result<Vec<(&'a str, Value<'a>)>, GgufError> {
    let mut metadata = with_room(count, cursor.left() / LEAST_ENTRY_BYTES);
    for index in 0..count {
        let key = cursor.name(MAX_KEY_BYTES, Place::Key(index))?;
        metadata.push((key, Value::read(cursor, Place::Value(key))?));
    }
    Ok(metadata)
}

/// An empty list with room for as many entries as are claimed, but no more than the file can hold.
fn with_room<T>(claimed: u64, possible: u64) -> Vec<T> {
    Vec::with_capacity(usize::try_from(claimed.min(possible)).expect("claims are below 2^17"))
}
