//! Commitments to what a program made (`spec/program.md` section 6): leaves, salts, trees, and the log of boundaries.
//!
//! Never commits to anything about a batch or an engine. All trees have the shape of RFC 6962 (the left part is the
//! greatest power of two below the whole), so a tree of fewer leaves is a prefix and an aligned power of two is a
//! subtree. Hashes are BLAKE3 and start with a domain string and a network id. Failure: a path that does not lead to
//! the root is `false`, never a panic.

use crate::reference::Cell;
use crate::site::OpIndex;
use crate::structure::count;
use crate::tile::{CHUNK, Data, KvRow, chunk_of};
use canon::BLOCK;

/// A hash of this module.
pub type Digest = [u8; 32];

/// Leaves of a value, of a KV tree, of the tiles of an op, or of the log.
const LEAF_DOMAIN: &[u8] = b"probity trace leaf v1";
/// Inner nodes of every tree.
const NODE_DOMAIN: &[u8] = b"probity trace node v1";
/// Entries of the log of boundaries.
const BOUNDARY_DOMAIN: &[u8] = b"probity trace boundary v1";
/// Salts.
const SALT_DOMAIN: &[u8] = b"probity trace salt v1";

/// What a leaf belongs to; the number enters its salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafKind {
    /// A leaf of an op's value: 1.
    Value,
    /// A row of a KV tree: 2.
    KvRow,
    /// The output of a tile: 3.
    Tile,
}

impl LeafKind {
    const fn number(self) -> u8 {
        match self {
            Self::Value => 1,
            Self::KvRow => 2,
            Self::Tile => 3,
        }
    }
}

/// Where a leaf stands: with the blind it gives the salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafAt {
    /// What it belongs to.
    pub kind: LeafKind,
    /// Position in the sequence.
    pub position: u32,
    /// The op that made it.
    pub op: OpIndex,
    /// Leaf of the value, KV head, or number of the tile in the op (earlier stages first).
    pub index: u32,
}

/// Makes the hashes of one job's traces.
#[derive(Clone, Debug)]
pub struct Committer {
    /// The network's id; zero offline.
    network: [u8; 32],
    /// The job's blind, which enters commitments only.
    blind: [u8; 32],
}

impl Committer {
    /// For a network (zero offline) and a job's blind.
    #[must_use]
    pub fn new(network: [u8; 32], blind: [u8; 32]) -> Self {
        Self { network, blind }
    }

    fn hasher(&self, domain: &[u8]) -> blake3::Hasher {
        start(blake3::Hasher::new(), domain, &self.network)
    }

    /// The salt of a leaf: without it a short row could be guessed from its hash.
    #[must_use]
    pub fn salt(&self, at: LeafAt) -> Digest {
        let keyed = blake3::Hasher::new_keyed(&self.blind);
        let mut hasher = start(keyed, SALT_DOMAIN, &self.network);
        hasher.update(&[at.kind.number()]);
        hasher.update(&at.position.to_le_bytes());
        hasher.update(&at.op.0.to_le_bytes());
        hasher.update(&at.index.to_le_bytes());
        hasher.finalize().into()
    }

    /// The hash of a leaf.
    #[must_use]
    pub fn leaf(&self, at: LeafAt, data: &Data) -> Digest {
        let mut bytes = Vec::new();
        data.write(&mut bytes);
        leaf_hash(&self.network, &self.salt(at), &bytes)
    }

    /// The hash of two subtrees.
    #[must_use]
    pub fn node(&self, left: &Digest, right: &Digest) -> Digest {
        node_hash(&self.network, left, right)
    }

    /// The root over the leaves of an op's value. Of a kv_append it needs the trees: [`Self::kv_root`].
    #[must_use]
    pub fn value_root(&self, position: u32, op: OpIndex, cell: &Cell) -> Option<Digest> {
        let leaves = cell_leaves(cell)?;
        let hashes = leaves.iter().enumerate().map(|(i, data)| {
            self.leaf(LeafAt { kind: LeafKind::Value, position, op, index: count(i) }, data)
        });
        Edge::over(self, hashes).root(self)
    }

    /// The leaf of a head's row at a position.
    #[must_use]
    pub fn kv_leaf(&self, position: u32, op: OpIndex, head: u32, row: &KvRow) -> Digest {
        let at = LeafAt { kind: LeafKind::KvRow, position, op, index: head };
        self.leaf(at, &Data::Page(vec![row.clone()]))
    }

    /// The value root of a kv_append: over its heads' tree roots, in order.
    #[must_use]
    pub fn kv_root(&self, heads: &[Edge]) -> Option<Digest> {
        let roots: Option<Vec<Digest>> = heads.iter().map(|head| head.root(self)).collect();
        Edge::over(self, roots?.into_iter()).root(self)
    }

    /// An entry of the log of boundaries: the residual's value root, and the layer's kv root (zero without one).
    #[must_use]
    pub fn boundary(&self, residual: &Digest, kv: Option<&Digest>) -> Digest {
        let mut hasher = self.hasher(BOUNDARY_DOMAIN);
        hasher.update(residual);
        hasher.update(kv.unwrap_or(&[0; 32]));
        hasher.finalize().into()
    }
}

/// A hasher that has taken the length and bytes of the domain, and the network.
fn start(mut hasher: blake3::Hasher, domain: &[u8], network: &[u8; 32]) -> blake3::Hasher {
    let length = u8::try_from(domain.len()).expect("domains are short constants");
    hasher.update(&[length]);
    hasher.update(domain);
    hasher.update(network);
    hasher
}

/// The hash of a leaf whose salt and bytes were opened.
#[must_use]
pub fn leaf_hash(network: &[u8; 32], salt: &Digest, bytes: &[u8]) -> Digest {
    let mut hasher = start(blake3::Hasher::new(), LEAF_DOMAIN, network);
    hasher.update(salt);
    hasher.update(bytes);
    hasher.finalize().into()
}

/// The hash of an inner node.
#[must_use]
pub fn node_hash(network: &[u8; 32], left: &Digest, right: &Digest) -> Digest {
    let mut hasher = start(blake3::Hasher::new(), NODE_DOMAIN, network);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// The leaves of a value but a kv_append's and the token, which `sample` makes of the job's parameters.
#[must_use]
pub fn cell_leaves(cell: &Cell) -> Option<Vec<Data>> {
    let parts = |width: usize| (0..width.div_ceil(CHUNK_ENTRIES)).map(move |c| part(width, c));
    Some(match cell {
        Cell::Fixed(row) | Cell::Logits(row) => {
            parts(row.len()).map(|part| Data::Fixed(row[part].to_vec())).collect()
        }
        Cell::A8(row) => {
            let chunks = parts(row.quants.len()).map(|part| Data::A8 {
                scales: row.scales[part.start / BLOCK..part.end / BLOCK].to_vec(),
                quants: row.quants[part].to_vec(),
            });
            [Data::Exponent(row.exponent)].into_iter().chain(chunks).collect()
        }
        Cell::A16(row) => {
            let chunks = parts(row.values.len()).map(|part| Data::A16(row.values[part].to_vec()));
            [Data::Exponent(row.exponent)].into_iter().chain(chunks).collect()
        }
        Cell::Kv(_) | Cell::Unsampled => return None,
    })
}

/// [`CHUNK`] as a length.
const CHUNK_ENTRIES: usize = 1024;
const _: () = assert!(CHUNK == 1024);

fn part(width: usize, chunk: usize) -> core::ops::Range<usize> {
    let part = chunk_of(count(width), count(chunk));
    crate::structure::index(part.start)..crate::structure::index(part.end)
}

/// The right edge of a tree: the perfect subtrees it is made of, the largest first. It can grow and give the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    leaves: u64,
    peaks: Vec<Digest>,
}

impl Edge {
    /// A tree of these leaves.
    #[must_use]
    pub fn over(committer: &Committer, leaves: impl Iterator<Item = Digest>) -> Self {
        let mut edge = Self::default();
        leaves.for_each(|leaf| edge.push(committer, leaf));
        edge
    }

    /// The subtrees of a tree of `leaves` leaves, as a referee gets them; `None` where their number is wrong.
    #[must_use]
    pub fn from_peaks(leaves: u64, peaks: Vec<Digest>) -> Option<Self> {
        let wanted = usize::try_from(leaves.count_ones()).ok()?;
        (peaks.len() == wanted).then_some(Self { leaves, peaks })
    }

    /// The subtrees, the largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// Appends a leaf.
    pub fn push(&mut self, committer: &Committer, leaf: Digest) {
        let mut right = leaf;
        for _ in 0..self.leaves.trailing_ones() {
            let left = self.peaks.pop().expect("a peak for every binary one of the count");
            right = committer.node(&left, &right);
        }
        self.peaks.push(right);
        self.leaves += 1;
    }

    /// The root; `None` of an empty tree.
    #[must_use]
    pub fn root(&self, committer: &Committer) -> Option<Digest> {
        let mut peaks = self.peaks.iter().rev().copied();
        let last = peaks.next()?;
        Some(peaks.fold(last, |right, left| committer.node(&left, &right)))
    }
}

/// The path of a leaf to the root, the leaf's sibling first.
#[must_use]
pub fn path(committer: &Committer, leaves: &[Digest], leaf: usize) -> Option<Vec<Digest>> {
    if leaf >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at(left_part(leaves.len()));
    let (inside, at, other) = match leaf.checked_sub(left.len()) {
        None => (left, leaf, right),
        Some(at) => (right, at, left),
    };
    let mut path = path(committer, inside, at)?;
    path.push(Edge::over(committer, other.iter().copied()).root(committer)?);
    Some(path)
}

/// Whether `leaf` is leaf number `at` of the tree of `leaves` leaves with this root.
#[must_use]
pub fn verify(
    network: &[u8; 32],
    root: &Digest,
    leaves: usize,
    at: usize,
    leaf: &Digest,
    path: &[Digest],
) -> bool {
    lead(network, leaves, at, leaf, path).is_some_and(|found| found == *root)
}

fn lead(
    network: &[u8; 32],
    leaves: usize,
    at: usize,
    leaf: &Digest,
    path: &[Digest],
) -> Option<Digest> {
    if at >= leaves {
        return None;
    }
    if leaves == 1 {
        return path.is_empty().then_some(*leaf);
    }
    let (other, path) = path.split_last()?;
    let left = left_part(leaves);
    Some(if at < left {
        node_hash(network, &lead(network, left, at, leaf, path)?, other)
    } else {
        node_hash(network, other, &lead(network, leaves - left, at - left, leaf, path)?)
    })
}

/// The greatest power of two below `leaves`, which is at least 2.
fn left_part(leaves: usize) -> usize {
    1 << (leaves - 1).ilog2()
}
