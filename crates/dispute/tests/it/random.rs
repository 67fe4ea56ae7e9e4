//! Moves and filings from a seed: every variant, and the sizes at the edges.
//!
//! Never uses a clock or the machine's randomness: a seed gives the same value on every machine, or the frozen digests
//! mean nothing.

use commit::{Blind, Digest};
use dispute::limits::{CHILDREN_MAX, LEAVES_MAX, OPERANDS_MAX, OPS_MAX, PEAKS_MAX};
use dispute::{Boundary, Claim, Filing, Leaf, Leaves, Move, Opened, Parts, Slice, Supplied};
use receipt::{
    Choice, Head, JobLeaf, PartialOpening, PublicKey, Receipt, Signature, SignedHead, Stop, Usage,
    Which, WorkKind,
};

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).unwrap()
    }

    /// Seldom none or the most, mostly few.
    fn few(&mut self, max: usize) -> usize {
        match self.below(12) {
            0 => 0,
            1 => max,
            _ => (self.below(4) as usize).min(max),
        }
    }

    /// Any 32 bits: the ends more often than by chance.
    fn any(&mut self) -> u32 {
        match self.below(6) {
            0 => 0,
            1 => u32::MAX,
            _ => self.below(u32::MAX),
        }
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for piece in bytes.chunks_mut(8) {
            piece.copy_from_slice(&self.next().to_le_bytes()[..piece.len()]);
        }
        bytes
    }

    fn string(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    fn hashes(&mut self, max: usize) -> Vec<Digest> {
        (0..self.few(max)).map(|_| self.bytes()).collect()
    }

    fn option<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Option<T> {
        self.flip().then(|| make(self))
    }
}

fn leaf(random: &mut Random, longest: usize) -> Leaf {
    let length = random.few(longest);
    Leaf { salt: random.bytes(), bytes: random.string(length) }
}

/// Few enough that operands fit a move together.
fn leaves(random: &mut Random) -> Leaves {
    let leaves = (0..random.few(20)).map(|_| leaf(random, 40)).collect();
    Leaves { leaves, beside: random.hashes(30) }
}

fn boundary(random: &mut Random) -> Boundary {
    Boundary { residual: random.bytes(), kv: random.bytes(), path: random.hashes(20) }
}

fn job_leaf(random: &mut Random, leaf: u8, longest: usize) -> JobLeaf {
    let length = random.few(longest);
    let bytes = random.string(length);
    JobLeaf { leaf, bytes, salt: random.bytes(), path: core::array::from_fn(|_| random.bytes()) }
}

fn operand(random: &mut Random) -> Supplied {
    match random.below(7) {
        0 => Supplied::Known,
        1 => Supplied::Tokens { prompt: leaves(random), output: leaves(random) },
        2 => {
            let length = random.few(3000);
            Supplied::Slice(Slice { chunks: random.string(length), beside: random.hashes(60) })
        }
        3 => Supplied::Leaves { opened: leaves(random), boundary: random.option(boundary) },
        4 => Supplied::Page { rows: leaves(random), path: random.hashes(10) },
        5 => Supplied::Edge {
            peaks: random.hashes(PEAKS_MAX),
            path: random.hashes(10),
            boundary: random.option(boundary),
        },
        _ => Supplied::Biases(job_leaf(random, 4, 400)),
    }
}

pub(crate) fn a_move(random: &mut Random) -> Move {
    match random.below(9) {
        0 => Move::Root(random.bytes()),
        1 => Move::OwnRoot { entries: random.any(), root: random.bytes() },
        2 => Move::Children(random.hashes(CHILDREN_MAX)),
        3 => Move::Name(u16::try_from(random.any() >> 16).unwrap()),
        4 => Move::Ops { roots: random.hashes(OPS_MAX), token_salt: random.option(Random::bytes) },
        5 => Move::Parts(Parts {
            children: random.hashes(CHILDREN_MAX),
            leaves: random.hashes(LEAVES_MAX),
            fault: random.option(Random::any),
        }),
        6 => {
            let Leaf { salt, bytes } = leaf(random, 16 << 10);
            Move::Open(Opened { salt, bytes, edge: random.hashes(PEAKS_MAX) })
        }
        7 => {
            let count = random.few(OPERANDS_MAX);
            Move::Operands((0..count).map(|_| operand(random)).collect())
        }
        _ => Move::Blind(Blind(random.bytes())),
    }
}

/// A head whose signature is any bytes: decoding does not ask.
fn signed_head(random: &mut Random) -> SignedHead {
    let count = [0, 1, 40, 1 << 16][random.below(4) as usize];
    let head = Head {
        job: random.bytes(),
        choice: [0, 1, 127][random.below(3) as usize],
        start: random.below(count + 1),
        prior: if random.flip() { [0; 32] } else { random.bytes() },
        count,
        root: if count == 0 { [0; 32] } else { random.bytes() },
    };
    SignedHead { head, worker: PublicKey(random.bytes()), signature: Signature(random.bytes()) }
}

fn partial(random: &mut Random) -> PartialOpening {
    let count = 1 + random.below(1 << 16);
    PartialOpening {
        which: match random.flip() {
            true => Which::Prompt,
            false => Which::Output { choice: random.below(128) },
        },
        position: random.below(count),
        count,
        token: random.any(),
        salt: random.bytes(),
        path: random.hashes(16),
    }
}

fn receipt(random: &mut Random, head: SignedHead) -> Receipt {
    let head = SignedHead { head: Head { start: 0, ..head.head }, ..head };
    let stop = Stop::Fault { position: random.any(), op: random.any() };
    Receipt {
        kind: if random.flip() { WorkKind::Generate } else { WorkKind::Embed },
        job: head.head.job,
        model: random.bytes(),
        arithmetic: 1,
        sampling: 1,
        consent: 0,
        anchor_by: random.next(),
        usage: Usage { prompt: 1 + random.below(1 << 16), output: head.head.count },
        choices: vec![Choice { index: head.head.choice, segments: vec![head], stop }],
        worker: head.worker,
    }
}

/// Pieces that have their forms, and nothing more in common.
pub(crate) fn filing(random: &mut Random) -> Filing {
    let head = signed_head(random);
    Filing {
        head,
        terms: job_leaf(random, 0, 800),
        prompt: job_leaf(random, 2, 36),
        parameters: job_leaf(random, 3, 105),
        claim: match random.flip() {
            true => Claim::Token(partial(random)),
            false => Claim::Fault(Box::new(receipt(random, head))),
        },
    }
}
