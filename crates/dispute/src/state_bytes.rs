//! The referee's state as bytes (`spec/dispute.md` section 8): what a caller keeps between two moves.
//!
//! Never holds how many hashes follow: model and place determine it. One form only; any hash may stand where one stands, but
//! a number that no dispute about this model comes to is refused, so that whatever decodes can be played.

use canon::sample::Parameters;
use commit::{Digest, Network, Reader, WireError, Writer};
use program::tile::Choice;
use program::{Op, OpIndex};
use receipt::PublicKey;
use receipt::limits::CHOICES_MAX;

use crate::block::{Block, Tiles};
use crate::descent::Descent;
use crate::game::{Dispute, early_of};
use crate::limits::STATE_BYTES_MAX;
use crate::model::Model;
use crate::moves::Parts;
use crate::reads::{leaves_read, ops_read};
use crate::state::{AtBlock, AtOp, AtTile, Shown, State};
use crate::subject::{Claimed, Subject, Vector, read_distribution};
use crate::tree::{Agreed, Subtree};
use crate::verdict::{Fault, FaultKind, Verdict};

/// The version of states.
const STATE_VERSION: u16 = 1;

impl<'a> Dispute<'a> {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(STATE_VERSION);
        out.u64(self.window);
        out.u64(self.deadline);
        write_subject(&mut out, &self.subject);
        write_state(&mut out, &self.state);
        out.finish()
    }

    /// Reads them; model and network are those it was opened with.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(model: &'a Model<'a>, network: Network, bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > STATE_BYTES_MAX {
            let (found, max) = (bytes.len(), STATE_BYTES_MAX);
            return Err(WireError::Limit { what: "bytes of a state", found, max });
        }
        let mut input = Reader::new(bytes);
        input.version("a state's", STATE_VERSION)?;
        let (window, deadline) = (input.u64("the window")?, input.u64("the deadline")?);
        let subject = read_subject(&mut input, model, network)?;
        let read = Self { model, subject, window, deadline, state: State::Root };
        let state = States { dispute: &read, input: &mut input }.read()?;
        input.end("the state")?;
        Ok(Self { state, ..read })
    }
}

fn write_subject(out: &mut Writer, subject: &Subject) {
    out.bytes(&subject.job);
    out.bytes(&subject.worker.0);
    out.bytes(&subject.prompt_salt);
    for vector in [subject.prompt, subject.output] {
        out.u32(vector.count);
        out.bytes(&vector.root);
    }
    out.bytes(&subject.sampling.parameters.encode());
    out.bytes(&subject.sampling.seed);
    out.u32(subject.sampling.choice);
    out.u32(subject.positions);
    let (number, what) = match subject.claimed {
        Claimed::Token(token) => (1, token),
        Claimed::Fault(op) => (2, op.0),
    };
    out.u8(number);
    out.u32(what);
}

fn read_subject(
    input: &mut Reader<'_>,
    model: &Model<'_>,
    network: Network,
) -> Result<Subject, WireError> {
    let job = input.array("the job")?;
    let worker = PublicKey(input.array("the worker")?);
    let prompt_salt = input.array("the salt of leaf 2")?;
    let mut vector = || {
        let count = input.u32("a count of tokens")?;
        Ok::<_, WireError>(Vector { count, root: input.array("a root of tokens")? })
    };
    let (prompt, output) = (vector()?, vector()?);
    let parameters: Parameters = read_distribution(input)?;
    let (seed, choice) = (input.array("the seed")?, input.u32("the choice")?);
    if choice >= CHOICES_MAX {
        return Err(WireError::Value { what: "the choice", reason: "a job has 128 at most" });
    }
    let positions = input.u32("the positions")?;
    let claimed = match (input.u8("the kind of claim")?, input.u32("what is claimed")?) {
        (1, token) => Claimed::Token(token),
        (2, op) => Claimed::Fault(OpIndex(op)),
        (found, _) => {
            return Err(WireError::Unknown { what: "the kind of claim", found: found.into() });
        }
    };
    let sampling = Choice { parameters, seed, choice, prompt: prompt.count };
    let subject =
        Subject { network, job, worker, sampling, prompt, output, positions, claimed, prompt_salt };
    let wrong = WireError::Value { what: "the subject", reason: "the program has no such step" };
    subject.stands(model.checked).map(|()| subject).map_err(|_| wrong)
}

fn write_state(out: &mut Writer, state: &State) {
    match state {
        State::Root => out.u8(1),
        State::OwnRoot { root } => {
            out.u8(2);
            out.bytes(root);
        }
        State::LogChildren { descent, hash } => {
            out.u8(3);
            write_descent(out, descent);
            out.bytes(hash);
        }
        State::LogName { descent, children } => {
            out.u8(4);
            write_descent(out, descent);
            write_all(out, children);
        }
        State::Ops { block, entry } => {
            out.u8(5);
            write_block(out, block);
            write_all(out, entry);
        }
        State::OpName { block, roots } => {
            out.u8(6);
            write_block(out, block);
            write_all(out, roots);
        }
        State::Parts { op, root } => {
            out.u8(7);
            write_op(out, op);
            write_all(out, root);
        }
        State::PartName { op, parts } => {
            out.u8(8);
            write_op(out, op);
            parts.fault.iter().for_each(|tile| out.u32(*tile));
            write_all(out, &parts.children);
            write_all(out, &parts.leaves);
        }
        State::Open { tile, hash } => {
            out.u8(9);
            write_tile(out, tile);
            out.bytes(hash);
        }
        State::Prove { tile, opened } => {
            out.u8(10);
            write_tile(out, tile);
            out.u8(u8::from(opened.is_some()));
            opened.iter().for_each(|shown| write_all(out, [&shown.salt, &shown.hash]));
        }
        State::TileChildren { op, descent, hash } => {
            out.u8(11);
            write_op(out, op);
            out.u32(descent.of);
            write_descent(out, descent);
            out.bytes(hash);
        }
        State::TileName { op, descent, children } => {
            out.u8(12);
            write_op(out, op);
            out.u32(descent.of);
            write_descent(out, descent);
            write_all(out, children);
        }
        State::Over(verdict) => {
            out.u8(13);
            write_verdict(out, *verdict);
        }
    }
}

/// Hashes, as many as there must be.
fn write_all<'h>(out: &mut Writer, hashes: impl IntoIterator<Item = &'h Digest>) {
    hashes.into_iter().for_each(|hash| out.bytes(hash));
}

fn write_descent(out: &mut Writer, descent: &Descent) {
    out.u32(descent.at.start);
    out.u32(descent.at.leaves);
    write_all(out, descent.agreed.hashes());
}

fn write_block(out: &mut Writer, block: &AtBlock) {
    out.u32(block.index);
    out.bytes(&block.log);
}

fn write_op(out: &mut Writer, op: &AtOp) {
    write_block(out, &op.block);
    out.u8(u8::try_from(op.op).expect("a block has at most 128 ops"));
    write_all(out, &op.read);
}

fn write_tile(out: &mut Writer, tile: &AtTile) {
    write_op(out, &tile.op);
    out.u32(tile.number);
    out.bytes(&tile.tiles);
    write_all(out, &tile.leaves);
}

fn write_verdict(out: &mut Writer, verdict: Verdict) {
    let number = match verdict {
        Verdict::ClaimantRefuted(_) => 1,
        Verdict::ChallengerRefuted => 2,
        Verdict::ClaimantTimedOut => 3,
        Verdict::ChallengerTimedOut => 4,
    };
    out.u8(number);
    if let Verdict::ClaimantRefuted(fault) = verdict {
        out.u32(fault.position);
        out.u32(fault.op.0);
        out.u32(fault.tile);
        out.u8(match fault.kind {
            FaultKind::Output => 1,
            FaultKind::ConcealedFault => 2,
            FaultKind::FalseFault => 3,
            FaultKind::Unreadable => 4,
            FaultKind::Salt => 5,
        });
    }
}

/// A state being read: everything else is there.
struct States<'d, 'i, 'b> {
    dispute: &'d Dispute<'d>,
    input: &'i mut Reader<'b>,
}

impl States<'_, '_, '_> {
    fn read(&mut self) -> Result<State, WireError> {
        Ok(match self.input.u8("the number of the state")? {
            1 => State::Root,
            2 => State::OwnRoot { root: self.root(self.dispute.entries())? },
            3 => {
                let descent = self.log()?;
                State::LogChildren { descent, hash: self.hash()? }
            }
            4 => {
                let descent = self.log()?;
                State::LogName { children: self.children(&descent)?, descent }
            }
            5 => {
                let block = self.block()?;
                let last = block.index == self.dispute.entries();
                let entry = if last { None } else { Some(self.hash()?) };
                State::Ops { block, entry }
            }
            6 => {
                let block = self.block()?;
                let at = self.dispute.block(&block);
                let roots = self.dispute.fault(&block, &at).unwrap_or(at.sites.len());
                State::OpName { block, roots: self.hashes(roots)? }
            }
            7 => {
                let op = self.op()?;
                let root = if self.faults(&op) { None } else { Some(self.hash()?) };
                State::Parts { op, root }
            }
            8 => self.parts()?,
            9 => State::Open { tile: self.tile()?, hash: self.hash()? },
            10 => self.prove()?,
            11 => {
                let op = self.op()?;
                let descent = self.tiles(&op)?;
                State::TileChildren { op, descent, hash: self.hash()? }
            }
            12 => {
                let op = self.op()?;
                let descent = self.tiles(&op)?;
                State::TileName { children: self.children(&descent)?, op, descent }
            }
            13 => State::Over(self.verdict()?),
            found => {
                let what = "the number of the state";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        })
    }

    fn hash(&mut self) -> Result<Digest, WireError> {
        self.input.array("a hash")
    }

    fn hashes(&mut self, count: usize) -> Result<Vec<Digest>, WireError> {
        let mut hashes = Vec::new();
        for _ in 0..count {
            hashes.push(self.hash()?);
        }
        Ok(hashes)
    }

    /// A root of so many leaves: zeros of none.
    fn root(&mut self, leaves: u32) -> Result<Digest, WireError> {
        let root = self.hash()?;
        match leaves > 0 || root == [0; 32] {
            true => Ok(root),
            false => Err(WireError::Value { what: "a root of no leaves", reason: "it is zeros" }),
        }
    }

    fn log(&mut self) -> Result<Descent, WireError> {
        self.descent(self.dispute.entries())
    }

    fn tiles(&mut self, op: &AtOp) -> Result<Descent, WireError> {
        let early = self.dispute.tiles(op).early;
        let found = self.input.u32("the early tiles")?;
        match found == early || (found < early && self.faults(op)) {
            true => self.descent(found),
            false => Err(no_such("the early tiles")),
        }
    }

    /// A subtree that a dispute comes to, and what stands before it.
    fn descent(&mut self, of: u32) -> Result<Descent, WireError> {
        let (start, leaves) = (self.input.u32("a subtree")?, self.input.u32("a subtree")?);
        let at = Subtree { start, leaves };
        let mut here = Subtree::whole(of);
        while here != at {
            let mut below = here.children().into_iter().filter(|below| below.leaves > 1);
            let next = below.find(|below| (below.start..below.end()).contains(&start));
            here = next.filter(|next| *next != here).ok_or(no_such("a subtree"))?;
        }
        if of == 0 {
            return Err(no_such("a subtree"));
        }
        let agreed = Agreed::of(start, || self.hash())?;
        Ok(Descent { of, at, agreed })
    }

    fn children(&mut self, descent: &Descent) -> Result<Vec<Digest>, WireError> {
        self.hashes(descent.at.children().len())
    }

    fn block(&mut self) -> Result<AtBlock, WireError> {
        let index = self.input.u32("the number of a block")?;
        match index <= self.dispute.entries() {
            true => Ok(AtBlock { index, log: self.root(index)? }),
            false => Err(no_such("the number of a block")),
        }
    }

    fn op(&mut self) -> Result<AtOp, WireError> {
        let block = self.block()?;
        let at: Block<'_> = self.dispute.block(&block);
        let op = usize::from(self.input.u8("the number of an op")?);
        let last = self.dispute.fault(&block, &at).unwrap_or(at.sites.len() - 1);
        let closed = |op: &Op| matches!(op, Op::Sample(_)) && self.dispute.subject().has_grammar();
        if op > last || closed(at.sites[op].op) {
            return Err(no_such("the number of an op"));
        }
        let read = self.hashes(ops_read(&at, op).len())?;
        Ok(AtOp { block, op, read })
    }

    /// Whether the op is said to fault.
    fn faults(&self, op: &AtOp) -> bool {
        self.dispute.fault(&op.block, &self.dispute.block(&op.block)) == Some(op.op)
    }

    fn parts(&mut self) -> Result<State, WireError> {
        let op = self.op()?;
        let tiles = self.dispute.tiles(&op);
        let fault = match self.faults(&op) {
            true => Some(self.number(tiles)?),
            false => None,
        };
        let early = early_of(tiles, fault).map_or(0, |early| early.children().len());
        let children = self.hashes(early)?;
        let leaves = fault.unwrap_or(tiles.all()).saturating_sub(tiles.early);
        let leaves = self.hashes(usize::try_from(leaves).unwrap_or(usize::MAX))?;
        Ok(State::PartName { op, parts: Parts { children, leaves, fault } })
    }

    fn number(&mut self, tiles: Tiles) -> Result<u32, WireError> {
        let number = self.input.u32("the number of a tile")?;
        match number < tiles.all() {
            true => Ok(number),
            false => Err(no_such("the number of a tile")),
        }
    }

    fn tile(&mut self) -> Result<AtTile, WireError> {
        let op = self.op()?;
        let all = self.dispute.tiles(&op);
        let number = self.number(all)?;
        let tiles = self.root(number.min(all.early))?;
        let block = self.dispute.block(&op.block);
        let read = leaves_read(&block.sites[op.op], block.position, number).len();
        Ok(AtTile { leaves: self.hashes(read)?, op, number, tiles })
    }

    fn prove(&mut self) -> Result<State, WireError> {
        let tile = self.tile()?;
        let opened = match self.input.u8("whether it was opened")? {
            0 if self.faults(&tile.op) => None,
            1 => Some(Shown { salt: self.hash()?, hash: self.hash()? }),
            found => {
                let what = "whether it was opened";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        };
        Ok(State::Prove { tile, opened })
    }

    fn verdict(&mut self) -> Result<Verdict, WireError> {
        Ok(match self.input.u8("the verdict")? {
            1 => Verdict::ClaimantRefuted(self.fault()?),
            2 => Verdict::ChallengerRefuted,
            3 => Verdict::ClaimantTimedOut,
            4 => Verdict::ChallengerTimedOut,
            found => {
                return Err(WireError::Unknown { what: "the verdict", found: found.into() });
            }
        })
    }

    fn fault(&mut self) -> Result<Fault, WireError> {
        let position = self.input.u32("a position")?;
        let op = OpIndex(self.input.u32("the number of an op")?);
        let tile = self.input.u32("the number of a tile")?;
        let kind = match self.input.u8("what was proved")? {
            1 => FaultKind::Output,
            2 => FaultKind::ConcealedFault,
            3 => FaultKind::FalseFault,
            4 => FaultKind::Unreadable,
            5 => FaultKind::Salt,
            found => {
                return Err(WireError::Unknown { what: "what was proved", found: found.into() });
            }
        };
        let site = self.dispute.model().checked().site(op);
        let there = position < self.dispute.subject().positions
            && site.is_some_and(|site| tile < Tiles::of(&site, position).all());
        match there {
            true => Ok(Fault { position, op, tile, kind }),
            false => Err(no_such("what was proved")),
        }
    }
}

fn no_such(what: &'static str) -> WireError {
    WireError::Value { what, reason: "no dispute about this model comes to it" }
}
