//! Where a key stands in the state's tree: its hash, read bit by bit.
//!
//! Never chosen by anybody: who wants two keys to share many bits has to try that many hashes.

use commit::{Digest, Network};

use crate::domains::STATE_KEY;

/// Bits of a place, and so the greatest depth of the tree.
pub const PLACE_BITS: usize = 256;

/// The hash of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub Digest);

impl Place {
    /// Of a key's bytes.
    #[must_use]
    pub fn of(network: Network, key: &[u8]) -> Self {
        Self(STATE_KEY.hash(network, &[key]))
    }

    /// Which way it goes at a depth: right where the bit is set; the highest bit of the first byte comes first.
    #[must_use]
    pub(crate) fn goes_right(&self, depth: usize) -> bool {
        self.0[depth / 8] & (0x80 >> (depth % 8)) != 0
    }

    /// Whether another place goes the same way down to a depth.
    #[must_use]
    pub(crate) fn shares(&self, other: &Self, depth: usize) -> bool {
        (0..depth).all(|above| self.goes_right(above) == other.goes_right(above))
    }
}
