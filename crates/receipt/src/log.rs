//! A worker's log of its receipts: a tree of RFC 6962 with SHA-256 that only grows (`spec/receipt.md` section 9).
//!
//! Never stores anything and never forgets a leaf: whoever holds a [`Log`] makes its leaves durable first, and signs
//! its root by [`crate::note`]. Failure: a leaf, size or proof that can't be is `None` or `false`.

use commit::{Digest, Edge, Nodes, Reader, WireError, Writer, consistency, consistent, root_of};
use sha2::{Digest as _, Sha256};

/// Leaves of a log: every index is a whole number in any JSON reader.
pub const LOG_LEAVES_MAX: u64 = (1 << 53) - 1;
/// Hashes of an inclusion proof: levels of the greatest log.
pub const LOG_PATH_MAX: usize = 53;

/// Before the bytes of a leaf.
const LEAF: u8 = 0;
/// Before the two hashes of an inner node.
const NODE: u8 = 1;

/// Inner nodes of a log.
#[derive(Clone, Copy, Debug)]
pub struct LogNodes;

impl Nodes for LogNodes {
    fn node(&self, left: &Digest, right: &Digest) -> Digest {
        let hasher = Sha256::new().chain_update([NODE]).chain_update(left);
        hasher.chain_update(right).finalize().into()
    }
}

/// What the log says about a receipt: that it was given out, and what part of a channel pays it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLeaf {
    /// Id of the receipt.
    pub receipt: Digest,
    /// The channel that pays it; zeros offline.
    pub channel: [u8; 32],
    /// Paid on the channel before; zero offline.
    pub from: u128,
    /// Paid on the channel after; zero offline.
    pub to: u128,
}

/// The root of a log of no leaves, which RFC 6962 gives a hash of its own.
#[must_use]
pub fn empty_root() -> Digest {
    Sha256::digest([]).into()
}

/// The hash of a leaf's bytes.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Digest {
    Sha256::new().chain_update([LEAF]).chain_update(bytes).finalize().into()
}

/// Whether a leaf stands at this index of the log of this size and root.
#[must_use]
pub fn included(leaf: &Digest, index: u64, proof: &[Digest], size: u64, root: &Digest) -> bool {
    root_of(&LogNodes, size, index, leaf, proof) == Some(*root)
}

/// Whether a log of this size and root only grew into that one. Every log grew out of the empty one.
#[must_use]
pub fn grew(old: (u64, &Digest), new: (u64, &Digest), proof: &[Digest]) -> bool {
    if new.0 == 0 && *new.1 != empty_root() {
        return false;
    }
    match old.0 {
        0 => proof.is_empty() && *old.1 == empty_root(),
        _ => consistent(&LogNodes, old, new, proof),
    }
}

impl LogLeaf {
    /// Of a receipt that no channel pays.
    #[must_use]
    pub fn offline(receipt: Digest) -> Self {
        Self { receipt, channel: [0; 32], from: 0, to: 0 }
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.bytes(&self.receipt);
        out.bytes(&self.channel);
        out.u128(self.from);
        out.u128(self.to);
        out.finish()
    }

    /// Reads them: every 96 bytes are a leaf.
    ///
    /// # Errors
    /// [`WireError`] for more or fewer.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let leaf = Self::read(&mut input)?;
        input.end("the leaf")?;
        Ok(leaf)
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            receipt: input.array("a leaf's receipt")?,
            channel: input.array("a leaf's channel")?,
            from: input.u128("where a leaf's amount begins")?,
            to: input.u128("where a leaf's amount ends")?,
        })
    }

    /// Its hash in the tree.
    #[must_use]
    pub fn hash(&self) -> Digest {
        leaf_hash(&self.encode())
    }
}

/// Leaves of the smallest subtree whose hash is kept: those below are made again where they are asked for.
const KEPT_LEAVES: usize = 16;

/// A log, as the hashes of its leaves and of the subtrees above them: a place in it is proved by few hashes more,
/// however many leaves there are.
#[derive(Clone, Debug, Default)]
pub struct Log {
    hashes: Vec<Digest>,
    /// Of whole subtrees: the first row has those of [`KEPT_LEAVES`] leaves, each next one those of twice as many.
    above: Vec<Vec<Digest>>,
}

impl Log {
    /// Of these leaves' hashes, as they were kept.
    #[must_use]
    pub fn over(hashes: Vec<Digest>) -> Self {
        let mut log = Self { hashes: Vec::with_capacity(hashes.len()), above: Vec::new() };
        hashes.into_iter().for_each(|hash| log.push(hash));
        log
    }

    /// Appends a leaf; its index.
    pub fn append(&mut self, leaf: &LogLeaf) -> u64 {
        let index = self.size();
        self.push(leaf.hash());
        index
    }

    fn push(&mut self, hash: Digest) {
        self.hashes.push(hash);
        if !self.hashes.len().is_multiple_of(KEPT_LEAVES) {
            return;
        }
        let last = self.hashes[self.hashes.len() - KEPT_LEAVES..].iter().copied();
        let Some(mut node) = Edge::over(&LogNodes, last).root(&LogNodes) else { return };
        for row in 0.. {
            if row == self.above.len() {
                self.above.push(Vec::new());
            }
            self.above[row].push(node);
            let [.., left, right] = self.above[row][..] else { return };
            if !self.above[row].len().is_multiple_of(2) {
                return;
            }
            node = LogNodes.node(&left, &right);
        }
    }

    /// How many leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::try_from(self.hashes.len()).expect("leaves in memory fit u64")
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.subtree(0, self.hashes.len()).unwrap_or_else(empty_root)
    }

    /// The root of the first leaves; `None` where there are fewer.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        let count = self.first(size)?.len();
        Some(self.subtree(0, count).unwrap_or_else(empty_root))
    }

    /// What binds a leaf to the root of the first `size`; `None` where it is not among them.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Digest>> {
        let (mut start, mut count) = (0, self.first(size)?.len());
        let index = usize::try_from(index).ok().filter(|index| *index < count)?;
        let mut path = Vec::new();
        while count > 1 {
            let left = left_part(count);
            if index < start + left {
                path.push(self.subtree(start + left, count - left)?);
                count = left;
            } else {
                path.push(self.subtree(start, left)?);
                (start, count) = (start + left, count - left);
            }
        }
        path.reverse();
        Some(path)
    }

    /// What shows that the first `new` leaves begin with the first `old`; `None` where they don't.
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Digest>> {
        let leaves = self.first(new)?;
        match usize::try_from(old).ok()? {
            0 => Some(Vec::new()),
            old => consistency(&LogNodes, leaves, old),
        }
    }

    /// The hash of a subtree; `None` of none.
    fn subtree(&self, start: usize, count: usize) -> Option<Digest> {
        if count < KEPT_LEAVES {
            let leaves = self.hashes.get(start..start + count)?;
            return Edge::over(&LogNodes, leaves.iter().copied()).root(&LogNodes);
        }
        if count.is_power_of_two() {
            let row = usize::try_from((count / KEPT_LEAVES).ilog2()).ok()?;
            return self.above.get(row)?.get(start / count).copied();
        }
        let left = left_part(count);
        let right = self.subtree(start + left, count - left)?;
        Some(LogNodes.node(&self.subtree(start, left)?, &right))
    }

    fn first(&self, size: u64) -> Option<&[Digest]> {
        self.hashes.get(..usize::try_from(size).ok()?)
    }
}

/// The greatest power of two below a count that is at least 2.
fn left_part(count: usize) -> usize {
    1 << (count - 1).ilog2()
}
