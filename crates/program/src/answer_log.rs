//! The first commitment to an answer: the log of its layers' boundaries (`spec/program.md` section 6).
//!
//! Takes what an engine emits at layer boundaries, position by position, and never what it did in between. The root after
//! a position is a prefix of every longer answer's. Memory: a few hashes per (layer, KV head), no rows.

use crate::check::Checked;
use crate::ops::Op;
use crate::reference::Boundary;
use crate::site::{OpIndex, Place};
use crate::structure::{count, index};
use crate::tile::{CHUNK, Data};
use crate::trace::{Committer, LeafAt, LeafKind, boundary_hash};
use commit::{Digest, Edge};
use thiserror::Error;

/// Rows that are not those of the program's boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BoundaryError {
    #[error("a position has {wanted} boundaries, but {found} were given")]
    Count { found: usize, wanted: usize },
    #[error("boundary {boundary} does not have the program's rows")]
    Rows { boundary: usize },
    #[error("the answer is longer than the program's greatest context")]
    TooLong,
}

/// A growing log of boundaries.
#[derive(Clone, Debug)]
pub struct AnswerLog {
    committer: Committer,
    places: Vec<At>,
    context_max: u32,
    position: u32,
    log: Edge,
}

/// A boundary of the program, and the trees of the layer before it.
#[derive(Clone, Debug)]
struct At {
    /// The op that makes the residual row.
    output: OpIndex,
    width: usize,
    append: Option<OpIndex>,
    head_width: usize,
    heads: Vec<Edge>,
}

impl AnswerLog {
    /// Before the first position.
    #[must_use]
    pub fn new(checked: &Checked, committer: Committer) -> Self {
        let mut places: Vec<At> = Vec::new();
        for site in checked.sites().filter(|site| site.place != Place::Epilogue) {
            if site.op_number == 0 {
                let width = index(crate::reference::residual_width(checked));
                let output = site.index.0 + u32::from(site.group().template.output.0) - 1;
                let output = OpIndex(output);
                places.push(At { output, width, append: None, head_width: 0, heads: Vec::new() });
            }
            let place = places.last_mut().expect("every block begins with its op 0");
            if let (Op::KvAppend(append), crate::Type::Kv(rows)) = (site.op, site.output()) {
                place.append = Some(site.index);
                place.head_width = index(append.head_width);
                place.heads = vec![Edge::default(); index(rows.heads)];
            }
        }
        let context_max = checked.program().context_max;
        Self { committer, places, context_max, position: 0, log: Edge::default() }
    }

    /// Commits to the boundaries of the next position.
    ///
    /// # Errors
    /// [`BoundaryError`]; nothing was committed then.
    pub fn push(&mut self, boundaries: &[Boundary]) -> Result<(), BoundaryError> {
        if self.position >= self.context_max {
            return Err(BoundaryError::TooLong);
        }
        let (found, wanted) = (boundaries.len(), self.places.len());
        if found != wanted {
            return Err(BoundaryError::Count { found, wanted });
        }
        let fits = |(place, boundary): (&At, &Boundary)| place.fits(boundary);
        if let Some(boundary) = self.places.iter().zip(boundaries).position(|pair| !fits(pair)) {
            return Err(BoundaryError::Rows { boundary });
        }
        for (place, boundary) in self.places.iter_mut().zip(boundaries) {
            let entry = place.entry(&self.committer, self.position, boundary);
            self.log.push(&self.committer, entry);
        }
        self.position += 1;
        Ok(())
    }

    /// The root after the last position; `None` before the first.
    #[must_use]
    pub fn root(&self) -> Option<Digest> {
        self.log.root(&self.committer)
    }

    /// The log's right edge: what a longer answer goes on from.
    #[must_use]
    pub fn edge(&self) -> &Edge {
        &self.log
    }
}

impl At {
    fn fits(&self, boundary: &Boundary) -> bool {
        let whole = |row: &crate::tile::KvRow| {
            row.key.quants.len() == self.head_width && row.value.quants.len() == self.head_width
        };
        boundary.residual.len() == self.width
            && boundary.kv.len() == self.heads.len()
            && boundary.kv.iter().all(whole)
    }

    /// The log's entry; the heads' trees grow by this position's rows.
    fn entry(&mut self, committer: &Committer, position: u32, boundary: &Boundary) -> Digest {
        let chunks = boundary.residual.chunks(index(CHUNK)).enumerate();
        let leaves = chunks.map(|(leaf, row)| {
            let at =
                LeafAt { kind: LeafKind::Value, position, op: self.output, index: count(leaf) };
            committer.leaf(at, &Data::Fixed(row.to_vec()))
        });
        let residual = Edge::over(committer, leaves).root(committer).unwrap_or_default();
        let kv = self.append.and_then(|op| {
            for (head, (tree, row)) in self.heads.iter_mut().zip(&boundary.kv).enumerate() {
                tree.push(committer, committer.kv_leaf(position, op, count(head), row));
            }
            committer.kv_root(&self.heads)
        });
        boundary_hash(committer.0.network, &residual, &kv.unwrap_or_default())
    }
}
