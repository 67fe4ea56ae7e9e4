//! What shows to whoever has a state's root what stands under a key, or that nothing does.
//!
//! Never needs the state. Two proofs of one thing under one root do not exist: the tree has one form.

use commit::{Digest, Network, Reader, WireError, Writer};
use thiserror::Error;

use super::node::{NOTHING, leaf_hash, node_hash, value_hash};
use super::place::Place;

/// The version of proofs.
const PROOF_VERSION: u16 = 1;
/// Levels of a proof: two keys that shared more bits would be a collision.
pub const SIBLINGS_MAX: usize = 255;

/// The way from the root to where a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The hashes beside the way, from the root down.
    pub siblings: Vec<Digest>,
    /// Where it ends.
    pub end: End,
}

/// Where a way ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At the key's entry.
    Here,
    /// At a subtree without entries.
    Nothing,
    /// At the only entry of a subtree, which is another's.
    Other {
        /// Where that one stands.
        place: Place,
        /// The hash of its value.
        value: Digest,
    },
}

/// Why a proof shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// It shows that the key is absent where a value was to be shown, or the other way round.
    #[error("the proof shows that the key is {0}")]
    Kind(&'static str),
    /// The entry it ends at does not stand on the way, or is the key's own.
    #[error("the entry that the proof ends at says nothing about this key")]
    Other,
    /// It leads elsewhere.
    #[error("the proof does not lead to this root")]
    Root,
}

impl Proof {
    /// Checks that this value stands under the key, or, without one, that nothing does.
    ///
    /// # Errors
    /// [`ProofError`] says why that is not shown.
    pub fn check(
        &self,
        network: Network,
        root: &Digest,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), ProofError> {
        let place = Place::of(network, key);
        let end = self.end_hash(network, &place, value)?;
        let ways = (0..self.siblings.len()).rev();
        let found = ways.fold(end, |below, depth| {
            let beside = &self.siblings[depth];
            match place.goes_right(depth) {
                true => node_hash(network, beside, &below),
                false => node_hash(network, &below, beside),
            }
        });
        if found == *root { Ok(()) } else { Err(ProofError::Root) }
    }

    fn end_hash(
        &self,
        network: Network,
        place: &Place,
        value: Option<&[u8]>,
    ) -> Result<Digest, ProofError> {
        match (self.end, value) {
            (End::Here, Some(value)) => Ok(leaf_hash(network, place, &value_hash(network, value))),
            (End::Nothing, None) => Ok(NOTHING),
            (End::Other { place: other, value }, None) => {
                let beside = other != *place && other.shares(place, self.siblings.len());
                let hash = leaf_hash(network, &other, &value);
                beside.then_some(hash).ok_or(ProofError::Other)
            }
            (End::Here, None) => Err(ProofError::Kind("there")),
            (End::Nothing | End::Other { .. }, Some(_)) => Err(ProofError::Kind("absent")),
        }
    }

    /// The canonical bytes.
    ///
    /// # Panics
    /// Where there are more levels than [`SIBLINGS_MAX`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.write(&mut out);
        out.finish()
    }

    /// The same behind other bytes.
    ///
    /// # Panics
    /// As [`Self::encode`].
    pub fn write(&self, out: &mut Writer) {
        out.u16(PROOF_VERSION);
        match self.end {
            End::Here => out.u8(1),
            End::Nothing => out.u8(2),
            End::Other { place, value } => {
                out.u8(3);
                out.bytes(&place.0);
                out.bytes(&value);
            }
        }
        out.length_u8(self.siblings.len());
        for eight in self.siblings.chunks(8) {
            let there = eight.iter().enumerate().filter(|(_, hash)| **hash != NOTHING);
            out.u8(there.fold(0, |bits, (at, _)| bits | 1 << at));
        }
        self.siblings.iter().filter(|hash| **hash != NOTHING).for_each(|hash| out.bytes(hash));
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let proof = Self::read(&mut input)?;
        input.end("the proof")?;
        Ok(proof)
    }

    /// Reads them at the beginning of others.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.version("a state proof's", PROOF_VERSION)?;
        let end = match input.u8("where a proof ends")? {
            1 => End::Here,
            2 => End::Nothing,
            3 => End::Other {
                place: Place(input.array("the other entry's place")?),
                value: input.array("the other entry's value")?,
            },
            found => {
                return Err(WireError::Unknown { what: "where a proof ends", found: found.into() });
            }
        };
        let siblings = read_siblings(input)?;
        Ok(Self { siblings, end })
    }
}

fn read_siblings(input: &mut Reader<'_>) -> Result<Vec<Digest>, WireError> {
    let what = "hashes beside the way";
    let count = usize::from(input.u8(what)?);
    let bits = input.take(what, count.div_ceil(8))?;
    let there = |at: usize| bits[at / 8] & 1 << (at % 8) != 0;
    let unused = count % 8 != 0 && bits[count / 8] >> (count % 8) != 0;
    if unused {
        return Err(WireError::Value { what, reason: "a bit behind the last one is set" });
    }
    let read = |at| match there(at) {
        true => input.array(what),
        false => Ok(NOTHING),
    };
    let siblings: Vec<Digest> = (0..count).map(read).collect::<Result<_, _>>()?;
    if (0..count).any(|at| there(at) && siblings[at] == NOTHING) {
        return Err(WireError::Value { what, reason: "nothing has a bit of 0" });
    }
    Ok(siblings)
}
