//! Walks the header's bytes; the only place that turns offsets into slices.
//!
//! It never reads past the bytes it has. A field that ends past the *file* is `Truncated`, past the header limit
//! `HeaderTooLong`, past the *given bytes* only `NeedMore`.

use super::error::{GgufError, Place};

#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    file_length: u64,
    limit: u64,
}

impl<'a> Cursor<'a> {
    /// At the start of a file of `file_length` bytes, of which `bytes` are the first.
    pub(super) fn new(bytes: &'a [u8], file_length: u64, limit: u64) -> Self {
        let inside = usize::try_from(file_length).unwrap_or(usize::MAX).min(bytes.len());
        Self { bytes: &bytes[..inside], position: 0, file_length, limit }
    }

    /// Over bytes that were walked before.
    pub(super) fn again(bytes: &'a [u8]) -> Self {
        let length = bytes.len() as u64;
        Self { bytes, position: 0, file_length: length, limit: length }
    }

    pub(super) fn position(&self) -> u64 {
        self.position as u64
    }

    /// How many bytes the file has from here on.
    pub(super) fn left(&self) -> u64 {
        self.file_length - self.position()
    }

    /// The bytes from an earlier position up to here.
    pub(super) fn since(&self, start: u64) -> &'a [u8] {
        let start = usize::try_from(start).expect("an earlier position of this cursor");
        &self.bytes[start..self.position]
    }

    pub(super) fn take(&mut self, length: u64, place: Place<'_>) -> Result<&'a [u8], GgufError> {
        let offset = self.position();
        if length > self.left() {
            return Err(GgufError::Truncated {
                place: place.to_string(),
                offset,
                needed: length,
                file_length: self.file_length,
            });
        }
        let end = offset + length;
        if end > self.limit {
            return Err(GgufError::HeaderTooLong { place: place.to_string(), limit: self.limit });
        }
        let taken = usize::try_from(end).ok().and_then(|end| self.bytes.get(self.position..end));
        let taken = taken.ok_or(GgufError::NeedMore { at_least: end })?;
        self.position += taken.len();
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, place: Place<'_>) -> Result<[u8; N], GgufError> {
        let taken = self.take(N as u64, place)?;
        Ok(taken.try_into().expect("N bytes were taken"))
    }

    pub(super) fn u8(&mut self, place: Place<'_>) -> Result<u8, GgufError> {
        Ok(u8::from_le_bytes(self.array(place)?))
    }

    pub(super) fn u16(&mut self, place: Place<'_>) -> Result<u16, GgufError> {
        Ok(u16::from_le_bytes(self.array(place)?))
    }

    pub(super) fn u32(&mut self, place: Place<'_>) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.array(place)?))
    }

    pub(super) fn u64(&mut self, place: Place<'_>) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.array(place)?))
    }

    /// A length-prefixed UTF-8 string.
    pub(super) fn string(&mut self, place: Place<'_>) -> Result<&'a str, GgufError> {
        let length = self.u64(place)?;
        let bytes = self.take(length, place)?;
        std::str::from_utf8(bytes).map_err(|_| GgufError::NotUtf8 { place: place.to_string() })
    }

    /// A string that names something: not empty, at most `limit` bytes, no control characters.
    pub(super) fn name(&mut self, limit: u64, place: Place<'_>) -> Result<&'a str, GgufError> {
        let mut ahead = self.clone();
        let found = ahead.u64(place)?;
        if found == 0 {
            return Err(GgufError::Empty { place: place.to_string() });
        }
        if found > limit {
            return Err(GgufError::TooLong { place: place.to_string(), found, limit });
        }
        let name = self.string(place)?;
        if name.chars().any(char::is_control) {
            return Err(GgufError::ControlCharacters { place: place.to_string() });
        }
        Ok(name)
    }
}
