//! Names of models, and labels under them.
//!
//! Never freed of their past: a name that lapses and is claimed anew begins without labels, for a label stands under the
//! tenure it was set in.

use commit::{Digest, Reader, WireError, Writer};
use core::fmt;
use receipt::PublicKey;

use super::{Record, Slot, Tag};
use crate::values::Time;

/// Bytes of a name.
pub const NAME_BYTES_MAX: usize = 64;
/// Bytes of a label.
pub const LABEL_BYTES_MAX: usize = 32;
/// The least bytes of a name.
const NAME_BYTES_MIN: usize = 3;

/// A name of 3 to 64 of `a-z 0-9 -`, with a letter or digit at either end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    length: u8,
    /// Zeros behind its length.
    bytes: [u8; NAME_BYTES_MAX],
}

/// A label of 1 to 32 of `a-z 0-9 - . _`, with a letter or digit at either end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

/// Where a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameSlot(pub Name);

/// A name that was claimed once, or that a vote gave away or reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRecord {
    /// Whose it is, or was; none where it is reserved.
    pub owner: PublicKey,
    /// How many times it was claimed when it was nobody's, or given away or reserved by a vote: a tenure is from one of
    /// these to the next.
    pub tenure: u64,
    /// Until when it is paid for; 0 exactly where it is reserved.
    pub until: Time,
}

/// Where a label stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelSlot {
    /// Under which name.
    pub name: Name,
    /// In which of its tenures.
    pub tenure: u64,
    /// What it is called.
    pub label: Label,
}

/// What a label names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelRecord {
    /// The model id.
    pub model: Digest,
    /// By whom it was published.
    pub publisher: PublicKey,
    /// Since when it names that.
    pub set: Time,
}

impl Name {
    /// A name, where it is one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = (NAME_BYTES_MIN..=NAME_BYTES_MAX).contains(&text.len());
        let mut bytes = [0; NAME_BYTES_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        let length = u8::try_from(text.len()).ok()?;
        (fits && formed(text, b"-")).then_some(Self { length, bytes })
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        let bytes = self.bytes.get(..self.length.into()).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Writes its canonical bytes.
    pub fn write(&self, out: &mut Writer) {
        out.u8(self.length);
        out.bytes(self.text().as_bytes());
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for what is no name.
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "bytes of a name";
        let text = core::str::from_utf8(input.bytes_u8(what, NAME_BYTES_MAX)?).ok();
        let reason = "a name is 3 to 64 of a-z, 0-9 and -, with a letter or digit at either end";
        text.and_then(Self::new).ok_or(WireError::Value { what, reason })
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Name({:?})", self.text())
    }
}

impl Label {
    /// A label, where it is one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=LABEL_BYTES_MAX).contains(&text.len());
        (fits && formed(text, b"-._")).then(|| Self(text.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether it begins with a digit: then it is set once, and names that for ever.
    #[must_use]
    pub fn is_version(&self) -> bool {
        self.0.starts_with(|first: char| first.is_ascii_digit())
    }

    /// Writes its canonical bytes.
    pub fn write(&self, out: &mut Writer) {
        out.length_u8(self.0.len());
        out.bytes(self.0.as_bytes());
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for what is no label.
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "bytes of a label";
        let text = core::str::from_utf8(input.bytes_u8(what, LABEL_BYTES_MAX)?).ok();
        let reason =
            "a label is 1 to 32 of a-z, 0-9, -, . and _, with a letter or digit at either end";
        text.and_then(Self::new).ok_or(WireError::Value { what, reason })
    }
}

/// Small letters and digits, and these between them.
fn formed(text: &str, between: &[u8]) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [text.bytes().next(), text.bytes().last()];
    ends.into_iter().all(|end| end.is_some_and(plain))
        && text.bytes().all(|byte| plain(byte) || between.contains(&byte))
}

impl Slot for NameSlot {
    type Record = NameRecord;

    fn key(&self) -> Vec<u8> {
        let mut rest = Writer::new();
        self.0.write(&mut rest);
        Tag::Name.key(&[&rest.finish()])
    }
}

impl NameRecord {
    /// Whether it is nobody's, and no claim makes it somebody's.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.owner == PublicKey::NONE
    }
}

impl Record for NameRecord {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.owner.0);
        out.u64(self.tenure);
        out.u64(self.until.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let record = Self {
            owner: PublicKey(input.array("a name's owner")?),
            tenure: input.u64("a name's tenure")?,
            until: Time(input.u64("until when a name is paid for")?),
        };
        match record.is_reserved() == (record.until == Time(0)) {
            true => Ok(record),
            false => {
                let reason = "a name is reserved exactly where nobody pays for it";
                Err(WireError::Value { what: "a name's record", reason })
            }
        }
    }
}

impl LabelSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let name = Name::read(input)?;
        let tenure = input.u64("a name's tenure")?;
        Ok(Self { name, tenure, label: Label::read(input)? })
    }
}

impl Slot for LabelSlot {
    type Record = LabelRecord;

    fn key(&self) -> Vec<u8> {
        let mut rest = Writer::new();
        self.name.write(&mut rest);
        rest.u64(self.tenure);
        self.label.write(&mut rest);
        Tag::Label.key(&[&rest.finish()])
    }
}

impl Record for LabelRecord {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.model);
        out.bytes(&self.publisher.0);
        out.u64(self.set.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            model: input.array("a labelled model")?,
            publisher: PublicKey(input.array("its publisher's key")?),
            set: Time(input.u64("when a label was set")?),
        })
    }
}
