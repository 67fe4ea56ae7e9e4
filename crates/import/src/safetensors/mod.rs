//! Reads the header of a safetensors file, as hostile input, and the index of a model of several files.
//!
//! A file is a length (u64, little endian), so many bytes of JSON, and the tensors' bytes. The caller gives the header's
//! bytes and the file's length; the tensors' data is never read, only where it lies.
//!
//! It never opens a file or follows an offset it has not checked. Invariants of a [`Header`]: the byte range of a tensor
//! lies inside the file and has exactly the size that its type and shape ask for; the ranges follow each other from the
//! header's end to the file's, without a gap; no two names are equal.
//!
//! Failure: a [`SafetensorsError`] naming the tensor.

mod dtype;
mod index;

use canon::Format;
use thiserror::Error;

pub use dtype::Dtype;
pub use index::{Index, MAX_FILES};

use crate::json::{Json, JsonError};

/// The longest header; the largest known are below 2 MB.
pub const MAX_HEADER_BYTES: u64 = 16 << 20;
/// The most tensors of a file.
pub const MAX_TENSORS: usize = 65_536;
/// The longest name of a tensor.
pub const MAX_NAME_BYTES: usize = 256;
/// The most dimensions of a tensor.
pub const MAX_DIMENSIONS: usize = 8;
/// The bytes of the header's length.
const LENGTH_BYTES: u64 = 8;
/// The member that is no tensor.
const METADATA: &str = "__metadata__";

/// A parsed and checked header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    tensors: Vec<TensorInfo>,
}

/// A tensor: its name, type and shape, and its bytes' place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    name: String,
    dtype: Dtype,
    shape: Vec<u64>,
    offset: u64,
    bytes: u64,
}

/// What is wrong with a file or an index.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SafetensorsError {
    /// Shorter than the length of its header.
    #[error("the file has {found} bytes: too few for a safetensors file")]
    Short {
        /// Its bytes.
        found: u64,
    },
    /// A header that is too long, or longer than the file.
    #[error(
        "the header's length is {found}; the file has {file_length} bytes, and the limit is {MAX_HEADER_BYTES}"
    )]
    HeaderLength {
        /// What it says.
        found: u64,
        /// What there is.
        file_length: u64,
    },
    /// Other bytes were given than the header's.
    #[error("{found} bytes of a header of {wanted} were given")]
    Given {
        /// How many.
        found: u64,
        /// How many there are.
        wanted: u64,
    },
    /// The JSON.
    #[error("{place} is no JSON that can be read: {error}")]
    Json {
        /// Which text.
        place: &'static str,
        /// What is wrong.
        error: JsonError,
    },
    /// A member that is missing or of another kind.
    #[error("{place}: {wanted} is needed")]
    Member {
        /// Where.
        place: String,
        /// What would do.
        wanted: &'static str,
    },
    /// Too many of something.
    #[error("{what} are {found}; the limit is {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A name that is none.
    #[error(
        "{what} {name:?} is refused: it is empty, too long, or has characters that no name has"
    )]
    Name {
        /// Of what.
        what: &'static str,
        /// The beginning of it.
        name: String,
    },
    /// A type that is not in the table.
    #[error("tensor {name}: the type {found:?} is unknown")]
    Dtype {
        /// Which tensor.
        name: String,
        /// What it says.
        found: String,
    },
    /// A range that is not what type and shape ask for.
    #[error(
        "tensor {name}: its range {begin}..{end} is not the {wanted} bytes of its type and shape"
    )]
    Range {
        /// Which tensor.
        name: String,
        /// Where it begins, after the header.
        begin: u64,
        /// Where it ends.
        end: u64,
        /// How many bytes it should be; 2^64 - 1 where that is beyond counting.
        wanted: u64,
    },
    /// Two that overlap, or a gap.
    #[error(
        "tensor {name} begins at {begin} after the header, but what stands before it ends at {expected}"
    )]
    Gap {
        /// Which tensor.
        name: String,
        /// Where it begins.
        begin: u64,
        /// Where it should.
        expected: u64,
    },
    /// The tensors end where the file doesn't.
    #[error("the tensors end at byte {end} of a file of {file_length}")]
    End {
        /// Where the last one ends.
        end: u64,
        /// Where the file does.
        file_length: u64,
    },
    /// A tensor of a type that can't be computed with.
    #[error(
        "tensor {name} is {found}; supported now: F32, F16, BF16 (a model that is quantised in safetensors files is not read yet: take its BF16 original, or a GGUF)"
    )]
    Unsupported {
        /// Which one.
        name: String,
        /// Its type.
        found: Dtype,
    },
}

/// How many bytes the header has after its length, of a file of so many.
///
/// # Errors
/// [`SafetensorsError`] for a header that is too long.
pub fn header_bytes(first: [u8; 8], file_length: u64) -> Result<u64, SafetensorsError> {
    let found = u64::from_le_bytes(first);
    let room = file_length.checked_sub(LENGTH_BYTES);
    let room = room.ok_or(SafetensorsError::Short { found: file_length })?;
    if found > room.min(MAX_HEADER_BYTES) {
        return Err(SafetensorsError::HeaderLength { found, file_length });
    }
    Ok(found)
}

/// What went wrong in [`read_header`]: the file, or reading it.
#[derive(Debug, Error)]
pub enum ReadError<E> {
    /// What stands in it.
    #[error(transparent)]
    Safetensors(#[from] SafetensorsError),
    /// Reading it.
    #[error("the file can't be read")]
    Source(#[source] E),
}

/// Reads a file's header; `read_exact` fills the buffer from the given offset on. Gives its bytes, too.
///
/// # Errors
/// [`ReadError`] tells the file from the reading of it.
pub fn read_header<E>(
    file_length: u64,
    mut read_exact: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
) -> Result<(Header, Vec<u8>), ReadError<E>> {
    if file_length < LENGTH_BYTES {
        return Err(SafetensorsError::Short { found: file_length }.into());
    }
    let mut first = [0; 8];
    read_exact(0, &mut first).map_err(ReadError::Source)?;
    let length = header_bytes(first, file_length)?;
    let mut text = vec![0; usize::try_from(length).expect("at most 16 MiB")];
    read_exact(LENGTH_BYTES, &mut text).map_err(ReadError::Source)?;
    Ok((Header::parse(&text, file_length)?, text))
}

impl Header {
    /// Parses and checks the JSON of a header, of a file of `file_length` bytes.
    ///
    /// # Errors
    /// [`SafetensorsError`] names what is wrong.
    pub fn parse(text: &[u8], file_length: u64) -> Result<Self, SafetensorsError> {
        let length = text.len() as u64;
        let data_start = LENGTH_BYTES.saturating_add(length);
        if length > MAX_HEADER_BYTES || data_start > file_length {
            return Err(SafetensorsError::HeaderLength { found: length, file_length });
        }
        let json = |error| SafetensorsError::Json { place: "the header", error };
        let header = Json::parse(text).map_err(json)?;
        let members = header.members().ok_or_else(|| needed("the header", "an object"))?;
        if members.len() > MAX_TENSORS {
            let (what, found) = ("the header's members", members.len());
            return Err(SafetensorsError::TooMany { what, found, limit: MAX_TENSORS });
        }
        let tensors = members.iter().filter(|(name, _)| name != METADATA);
        let mut tensors = tensors
            .map(|(name, entry)| TensorInfo::read(name, entry, data_start))
            .collect::<Result<Vec<_>, _>>()?;
        tensors.sort_by_key(|tensor| (tensor.offset, tensor.bytes));
        let mut end = data_start;
        for tensor in &tensors {
            if tensor.offset != end {
                let (begin, expected) = (tensor.offset - data_start, end - data_start);
                return Err(SafetensorsError::Gap { name: tensor.name.clone(), begin, expected });
            }
            end += tensor.bytes;
            if end > file_length {
                return Err(SafetensorsError::End { end, file_length });
            }
        }
        if end != file_length {
            return Err(SafetensorsError::End { end, file_length });
        }
        Ok(Self { tensors })
    }

    /// The tensors, in the order of their bytes.
    #[must_use]
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }
}

impl TensorInfo {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its numbers.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Its sizes, the slowest-varying first.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Where its bytes start, from the start of the file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes it has.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How its numbers are read.
    ///
    /// # Errors
    /// [`SafetensorsError::Unsupported`] where they can't be computed with.
    pub fn format(&self) -> Result<Format, SafetensorsError> {
        let unsupported =
            || SafetensorsError::Unsupported { name: self.name.clone(), found: self.dtype };
        self.dtype.format().ok_or_else(unsupported)
    }

    fn read(name: &str, entry: &Json<'_>, data_start: u64) -> Result<Self, SafetensorsError> {
        let name = checked_name("the tensor's name", name)?;
        let place = || format!("tensor {name}");
        let member =
            |member: &str, wanted| entry.member(member).ok_or_else(|| needed(&place(), wanted));
        let wanted = "a type of numbers as `dtype`";
        let dtype = member("dtype", wanted)?.text().ok_or_else(|| needed(&place(), wanted))?;
        let dtype = Dtype::from_name(dtype).ok_or_else(|| SafetensorsError::Dtype {
            name: name.clone(),
            found: dtype.chars().take(MAX_NAME_BYTES).collect(),
        })?;
        let wanted = "a list of at most 8 sizes as `shape`";
        let shape = integers(member("shape", wanted)?, MAX_DIMENSIONS)
            .ok_or_else(|| needed(&place(), wanted))?;
        let wanted = "a beginning and an end as `data_offsets`";
        let offsets = integers(member("data_offsets", wanted)?, 2);
        let Some([begin, end]) = offsets.as_deref() else { return Err(needed(&place(), wanted)) };
        let (begin, end) = (*begin, *end);
        let numbers = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size));
        let bytes = numbers.and_then(|numbers| numbers.checked_mul(dtype.bytes()));
        let found = end.checked_sub(begin);
        let offset = begin.checked_add(data_start);
        match (bytes, found, offset) {
            (Some(bytes), Some(found), Some(offset))
                if bytes == found && offset.checked_add(bytes).is_some() =>
            {
                Ok(Self { name, dtype, shape, offset, bytes })
            }
            _ => {
                let wanted = bytes.unwrap_or(u64::MAX);
                Err(SafetensorsError::Range { name, begin, end, wanted })
            }
        }
    }
}

/// A list of at most so many unsigned integers.
fn integers(json: &Json<'_>, most: usize) -> Option<Vec<u64>> {
    let list = json.array().filter(|list| list.len() <= most)?;
    list.iter().map(Json::integer).collect()
}

fn needed(place: &str, wanted: &'static str) -> SafetensorsError {
    SafetensorsError::Member { place: place.to_owned(), wanted }
}

/// A name of printable ASCII without spaces, which a program's table can hold.
fn checked_name(what: &'static str, name: &str) -> Result<String, SafetensorsError> {
    let fine = !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.bytes().all(|byte| byte.is_ascii_graphic());
    if fine {
        return Ok(name.to_owned());
    }
    let name = name.chars().take(MAX_NAME_BYTES / 4).collect();
    Err(SafetensorsError::Name { what, name })
}
