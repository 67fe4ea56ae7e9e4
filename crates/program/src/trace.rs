//! Commitments to what a program made (`spec/program.md` section 6): leaves, their salts, values, entries of the log.
//!
//! Never commits to anything about a batch or an engine. Hashes start with a domain and a network; trees are those of
//! `commit`. What has no leaves of its own is `None`.

use crate::reference::Cell;
use crate::site::OpIndex;
use crate::structure::count;
use crate::tile::{CHUNK, Data, KvRow, chunk_of};
use canon::BLOCK;
use commit::{Digest, Domain, Edge, Network, Nodes, SaltAt, Salts};

/// Leaves of a value, of a KV tree, of the tiles of an op, or of the log.
const LEAF: Domain = Domain::new("probity trace leaf v1");
/// Inner nodes of every tree.
const NODE: Domain = Domain::new("probity trace node v1");
/// Entries of the log of boundaries.
const BOUNDARY: Domain = Domain::new("probity trace boundary v1");

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
pub struct Committer(pub Salts);

impl Nodes for Committer {
    fn node(&self, left: &Digest, right: &Digest) -> Digest {
        TraceNodes(self.0.network).node(left, right)
    }
}

impl Committer {
    /// The salt of a leaf: without it a short row could be guessed from its hash.
    #[must_use]
    pub fn salt(&self, at: LeafAt) -> Digest {
        let LeafAt { kind, position, op, index } = at;
        self.0.salt(SaltAt { kind: kind.number(), position, op: op.0, index })
    }

    /// The hash of a leaf.
    #[must_use]
    pub fn leaf(&self, at: LeafAt, data: &Data) -> Digest {
        let mut bytes = Vec::new();
        data.write(&mut bytes);
        leaf_hash(self.0.network, &self.salt(at), &bytes)
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
        Edge::over(self, roots?).root(self)
    }
}

/// Inner nodes of every tree of a trace.
#[derive(Clone, Copy, Debug)]
pub struct TraceNodes(pub Network);

impl Nodes for TraceNodes {
    fn node(&self, left: &Digest, right: &Digest) -> Digest {
        NODE.hash(self.0, &[left, right])
    }
}

/// The hash of a leaf whose salt and bytes were opened.
#[must_use]
pub fn leaf_hash(network: Network, salt: &Digest, bytes: &[u8]) -> Digest {
    LEAF.hash(network, &[salt, bytes])
}

/// An entry of the log of boundaries: the residual's value root, and the layer's kv root (zeros without one).
#[must_use]
pub fn boundary_hash(network: Network, residual: &Digest, kv: &Digest) -> Digest {
    BOUNDARY.hash(network, &[residual, kv])
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
