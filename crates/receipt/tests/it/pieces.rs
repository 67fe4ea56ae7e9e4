//! Bytes of every format written a second time, field by field from the text, so that a test can replace one.
//!
//! Never uses the crate's own writers, which can't write what must be refused.

use commit::WireError;
use receipt::{JobLeaf, Opening, PartialOpening, Receipt, SignedHead};

/// Named fields, one after the other.
#[derive(Clone)]
pub(crate) struct Pieces {
    fields: Vec<(&'static str, Vec<u8>)>,
    decode: fn(&[u8]) -> Result<(), WireError>,
}

impl Pieces {
    /// The same with one field replaced.
    pub(crate) fn with(&self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let mut made = self.clone();
        let field = made.fields.iter_mut().find(|(field, _)| *field == name);
        field.unwrap_or_else(|| panic!("no field {name}")).1 = bytes.into();
        made
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.fields.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }

    pub(crate) fn decode(&self) -> Result<(), WireError> {
        (self.decode)(&self.bytes())
    }

    /// Reads, and says so for a test's message.
    pub(crate) fn is_read(&self) -> bool {
        self.decode().is_ok()
    }
}

pub(crate) fn le16(value: u16) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

pub(crate) fn le32(value: u32) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

pub(crate) fn le64(value: u64) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

/// A count in a byte and the items' bytes.
pub(crate) fn list8(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let items: Vec<Vec<u8>> = items.into_iter().collect();
    [vec![u8::try_from(items.len()).unwrap()], items.concat()].concat()
}

/// The same with a count in four bytes.
pub(crate) fn list32(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let items: Vec<Vec<u8>> = items.into_iter().collect();
    [le32(u32::try_from(items.len()).unwrap()), items.concat()].concat()
}

/// A stop string: its length and its bytes.
pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    [&le16(u16::try_from(bytes.len()).unwrap()), bytes].concat()
}

/// An opening that was rendered by the worker.
pub(crate) fn opening() -> Pieces {
    Pieces {
        fields: vec![
            ("version", le16(1)),
            ("blind", vec![1; 32]),
            ("job version", le16(1)),
            ("kind", vec![1]),
            ("model", vec![2; 32]),
            ("arithmetic", le16(1)),
            ("sampling", le16(1)),
            ("nonce by", vec![1]),
            ("beacon", le64(0)),
            ("requester", vec![0; 32]),
            ("rendered by", vec![3]),
            ("consent", vec![0]),
            ("auditors", vec![0]),
            ("nonce", vec![3; 32]),
            ("prompt", list32([le32(5), le32(6)])),
            ("temperature", le32(1_000_000)),
            ("top_k", le32(0)),
            ("top_p", le32(1_000_000)),
            ("min_p", le32(0)),
            ("repetition", le32(1_000_000)),
            ("presence", le32(0)),
            ("frequency", le32(0)),
            ("biases", le32(0)),
            ("grammar", vec![0]),
            ("choices", le32(2)),
            ("tokens max", le32(100)),
            ("stop tokens", list32([le32(1), le32(7)])),
            ("stop strings", list8([string(b"\n")])),
            ("rendering", [vec![1], le32(2), b"{}".to_vec()].concat()),
            ("outputs", list8([output(0, 3), output(1, 0)])),
        ],
        decode: |bytes| Opening::decode(bytes).map(|_| ()),
    }
}

pub(crate) fn output(choice: u32, count: u32) -> Vec<u8> {
    [le32(choice), list32((0..count).map(le32))].concat()
}

pub(crate) fn signed_head() -> Pieces {
    Pieces {
        fields: vec![
            ("worker", vec![4; 32]),
            ("version", le16(1)),
            ("job", vec![5; 32]),
            ("choice", le32(0)),
            ("start", le32(0)),
            ("prior", vec![0; 32]),
            ("count", le32(3)),
            ("root", vec![6; 32]),
            ("signature", vec![7; 64]),
        ],
        decode: |bytes| SignedHead::decode(bytes).map(|_| ()),
    }
}

/// A receipt of one choice of three tokens.
pub(crate) fn receipt() -> Pieces {
    Pieces {
        fields: vec![
            ("version", le16(1)),
            ("kind", vec![1]),
            ("job", vec![5; 32]),
            ("model", vec![2; 32]),
            ("arithmetic", le16(1)),
            ("sampling", le16(1)),
            ("consent", vec![0]),
            ("anchor", le64(0)),
            ("prompt", le32(2)),
            ("output", le32(3)),
            ("choices", list8([choice(0, &[signed_head()], &[1])])),
            ("evidence", vec![0]),
            ("worker", vec![4; 32]),
        ],
        decode: |bytes| Receipt::decode(bytes).map(|_| ()),
    }
}

pub(crate) fn choice(index: u32, segments: &[Pieces], stop: &[u8]) -> Vec<u8> {
    [le32(index), list8(segments.iter().map(Pieces::bytes)), stop.to_vec()].concat()
}

pub(crate) fn partial() -> Pieces {
    Pieces {
        fields: vec![
            ("version", le16(1)),
            ("vector", vec![2]),
            ("choice", le32(0)),
            ("position", le32(1)),
            ("count", le32(2)),
            ("token", le32(9)),
            ("salt", vec![8; 32]),
            ("path", list8([vec![9; 32]])),
        ],
        decode: |bytes| PartialOpening::decode(bytes).map(|_| ()),
    }
}

pub(crate) fn job_leaf() -> Pieces {
    Pieces {
        fields: vec![
            ("version", le16(1)),
            ("leaf", vec![1]),
            ("bytes", [le32(32), vec![3; 32]].concat()),
            ("salt", vec![8; 32]),
            ("path", vec![9; 96]),
        ],
        decode: |bytes| JobLeaf::decode(bytes).map(|_| ()),
    }
}
