//! Canonical bytes: little endian, fixed widths, one form only.
//!
//! Never allocates for a count or length before it was held against its limit and against the bytes that are left.
//! A [`Reader`] says what it was reading when it fails, and where.

use thiserror::Error;

/// Why bytes are refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// The bytes end early.
    #[error("the bytes end inside {what}, at byte {at}")]
    Truncated { what: &'static str, at: usize },
    /// More than there may be.
    #[error("{found} is beyond the limit of {max} {what}")]
    Limit { what: &'static str, found: usize, max: usize },
    /// A number without a meaning.
    #[error("{what} has no meaning for the number {found}")]
    Unknown { what: &'static str, found: u64 },
    /// A version this release does not know.
    #[error("{what} version {found} is unknown here; a newer release may read it")]
    Version { what: &'static str, found: u16 },
    /// Items that must ascend, and don't.
    #[error("{what} are not in ascending order, or one stands twice")]
    Order { what: &'static str },
    /// A field whose value makes no sense, or has a second spelling.
    #[error("{what}: {reason}")]
    Value { what: &'static str, reason: &'static str },
    /// Bytes behind the end.
    #[error("{bytes} bytes follow the end of {what}")]
    Trailing { what: &'static str, bytes: usize },
}

/// Bytes in the making.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Two bytes.
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    /// Four bytes, signed.
    pub fn i32(&mut self, value: i32) {
        self.bytes(&value.to_le_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    /// Sixteen bytes.
    pub fn u128(&mut self, value: u128) {
        self.bytes(&value.to_le_bytes());
    }

    /// A length or count in a byte.
    ///
    /// # Panics
    /// Where it does not fit: whoever writes holds the limits first.
    pub fn length_u8(&mut self, length: usize) {
        self.u8(u8::try_from(length).expect("the writer's limits hold"));
    }

    /// A length or count in two bytes.
    ///
    /// # Panics
    /// As [`Self::length_u8`].
    pub fn length_u16(&mut self, length: usize) {
        self.u16(u16::try_from(length).expect("the writer's limits hold"));
    }

    /// A length or count in four bytes.
    ///
    /// # Panics
    /// As [`Self::length_u8`].
    pub fn length_u32(&mut self, length: usize) {
        self.u32(u32::try_from(length).expect("the writer's limits hold"));
    }
}

/// Bytes being read.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// From the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// How many bytes were read.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The end: nothing may follow.
    ///
    /// # Errors
    /// [`WireError::Trailing`].
    pub fn end(self, what: &'static str) -> Result<(), WireError> {
        match self.left() {
            0 => Ok(()),
            bytes => Err(WireError::Trailing { what, bytes }),
        }
    }

    /// So many bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`], here and below.
    pub fn take(&mut self, what: &'static str, length: usize) -> Result<&'a [u8], WireError> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..length).ok_or(WireError::Truncated { what, at: self.at })?;
        self.at += length;
        Ok(taken)
    }

    /// An array.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], WireError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(what, N)?);
        Ok(array)
    }

    /// A byte.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn u8(&mut self, what: &'static str) -> Result<u8, WireError> {
        Ok(self.array::<1>(what)?[0])
    }

    /// Two bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn u16(&mut self, what: &'static str) -> Result<u16, WireError> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    /// Four bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn u32(&mut self, what: &'static str) -> Result<u32, WireError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    /// Four bytes, signed.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn i32(&mut self, what: &'static str) -> Result<i32, WireError> {
        Ok(i32::from_le_bytes(self.array(what)?))
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn u64(&mut self, what: &'static str) -> Result<u64, WireError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// Sixteen bytes.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn u128(&mut self, what: &'static str) -> Result<u128, WireError> {
        Ok(u128::from_le_bytes(self.array(what)?))
    }

    /// A version, of which one is known.
    ///
    /// # Errors
    /// [`WireError::Version`] for another.
    pub fn version(&mut self, what: &'static str, known: u16) -> Result<(), WireError> {
        match self.u16(what)? {
            found if found == known => Ok(()),
            found => Err(WireError::Version { what, found }),
        }
    }

    /// A length in a byte and so many bytes, `max` at most.
    ///
    /// # Errors
    /// [`WireError::Limit`] above it.
    pub fn bytes_u8(&mut self, what: &'static str, max: usize) -> Result<&'a [u8], WireError> {
        let length = usize::from(self.u8(what)?);
        self.limited(what, length, max)
    }

    /// A length in two bytes and so many bytes, `max` at most.
    ///
    /// # Errors
    /// [`WireError::Limit`] above it.
    pub fn bytes_u16(&mut self, what: &'static str, max: usize) -> Result<&'a [u8], WireError> {
        let length = usize::from(self.u16(what)?);
        self.limited(what, length, max)
    }

    /// A length in four bytes and so many bytes, `max` at most.
    ///
    /// # Errors
    /// [`WireError::Limit`] above it.
    pub fn bytes_u32(&mut self, what: &'static str, max: usize) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(self.u32(what)?).unwrap_or(usize::MAX);
        self.limited(what, length, max)
    }

    /// A count in a byte and so many items.
    ///
    /// # Errors
    /// [`WireError::Limit`] above `max`, or what reading an item gives.
    pub fn list_u8<T>(
        &mut self,
        what: &'static str,
        max: usize,
        item: impl FnMut(&mut Self) -> Result<T, WireError>,
    ) -> Result<Vec<T>, WireError> {
        let count = usize::from(self.u8(what)?);
        self.items(what, count, max, item)
    }

    /// A count in two bytes and so many items.
    ///
    /// # Errors
    /// As [`Self::list_u8`].
    pub fn list_u16<T>(
        &mut self,
        what: &'static str,
        max: usize,
        item: impl FnMut(&mut Self) -> Result<T, WireError>,
    ) -> Result<Vec<T>, WireError> {
        let count = usize::from(self.u16(what)?);
        self.items(what, count, max, item)
    }

    /// A count in four bytes and so many items.
    ///
    /// # Errors
    /// As [`Self::list_u8`].
    pub fn list_u32<T>(
        &mut self,
        what: &'static str,
        max: usize,
        item: impl FnMut(&mut Self) -> Result<T, WireError>,
    ) -> Result<Vec<T>, WireError> {
        let count = usize::try_from(self.u32(what)?).unwrap_or(usize::MAX);
        self.items(what, count, max, item)
    }

    /// A count in four bytes, of items that have `item_bytes` bytes at least.
    ///
    /// # Errors
    /// [`WireError::Limit`] above `max`, [`WireError::Truncated`] where so many can't follow.
    pub fn count_u32(
        &mut self,
        what: &'static str,
        max: usize,
        item_bytes: usize,
    ) -> Result<usize, WireError> {
        let found = usize::try_from(self.u32(what)?).unwrap_or(usize::MAX);
        self.count(what, found, max, item_bytes)
    }

    fn count(
        &self,
        what: &'static str,
        found: usize,
        max: usize,
        item_bytes: usize,
    ) -> Result<usize, WireError> {
        if found > max {
            return Err(WireError::Limit { what, found, max });
        }
        if found.saturating_mul(item_bytes) > self.left() {
            return Err(WireError::Truncated { what, at: self.at });
        }
        Ok(found)
    }

    fn limited(
        &mut self,
        what: &'static str,
        found: usize,
        max: usize,
    ) -> Result<&'a [u8], WireError> {
        if found > max {
            return Err(WireError::Limit { what, found, max });
        }
        self.take(what, found)
    }

    fn items<T>(
        &mut self,
        what: &'static str,
        found: usize,
        max: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, WireError>,
    ) -> Result<Vec<T>, WireError> {
        // Every item has at least a byte, so a count beyond the bytes that are left is a lie.
        self.count(what, found, max, 1)?;
        let mut items = Vec::with_capacity(found);
        for _ in 0..found {
            items.push(item(self)?);
        }
        Ok(items)
    }
}
