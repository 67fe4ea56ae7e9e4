//! The referee: a state machine of moves (`spec/dispute.md` sections 2 and 3).
//!
//! Never knows more than filing and moves, never waits. A move that does not fit is refused and changes nothing; only a
//! deadline loses for silence. The one tile it executes decides.

use commit::{Blind, Digest, Edge, Salts, root_of_range};
use program::tile::{At, Data, EvalError, Operand};
use program::trace::{Committer, TraceNodes, boundary_hash, leaf_hash};
use program::{Op, Type};

use crate::block::{Block, Tiles, leaf_at};
use crate::descent::{Descent, Named};
use crate::model::Model;
use crate::moves::{Move, Opened, Parts, Supplied};
use crate::operands::{Ground, is_form_of, tile_of};
use crate::reads::{leaves_read, ops_read};
use crate::refusal::Refusal;
use crate::state::{Asked, AtBlock, AtOp, AtTile, Revealed, Shown, State, Tree};
use crate::subject::{Claimed, Subject};
use crate::tree::{Prefix, Subtree};
use crate::verdict::{Fault, FaultKind, Party, Verdict};

/// One dispute, as the referee sees it.
#[derive(Clone, Debug)]
pub struct Dispute<'a> {
    pub(crate) model: &'a Model<'a>,
    pub(crate) subject: Subject,
    pub(crate) window: u64,
    pub(crate) deadline: u64,
    pub(crate) state: State,
}

impl<'a> Dispute<'a> {
    /// Opens it; each move has `window` units of the caller's time.
    #[must_use]
    pub fn open(model: &'a Model<'a>, subject: Subject, window: u64, now: u64) -> Self {
        let deadline = now.saturating_add(window);
        Self { model, subject, window, deadline, state: State::Root }
    }

    /// The model that it is about.
    #[must_use]
    pub fn model(&self) -> &'a Model<'a> {
        self.model
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// How it ended.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        match self.state {
            State::Over(verdict) => Some(verdict),
            State::Root
            | State::OwnRoot { .. }
            | State::LogChildren { .. }
            | State::LogName { .. }
            | State::Ops { .. }
            | State::OpName { .. }
            | State::Parts { .. }
            | State::PartName { .. }
            | State::TileChildren { .. }
            | State::TileName { .. }
            | State::Open { .. }
            | State::Prove { .. } => None,
        }
    }

    /// Whose move it is; nobody's once it is over.
    #[must_use]
    pub fn turn(&self) -> Option<Party> {
        self.state.turn()
    }

    /// The last moment of that move.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        self.deadline
    }

    /// What the caller's time has come to: whoever let a deadline pass has lost.
    pub fn pass(&mut self, now: u64) {
        if now > self.deadline {
            match self.turn() {
                Some(Party::Claimant) => self.state = State::Over(Verdict::ClaimantTimedOut),
                Some(Party::Challenger) => self.state = State::Over(Verdict::ChallengerTimedOut),
                None => {}
            }
        }
    }

    /// Gives the side whose move it is a whole window from now, where the caller lets it go on after a deadline.
    pub fn resume(&mut self, now: u64) {
        self.deadline = now.saturating_add(self.window);
    }

    /// Takes a move of a side. That it is of that side is the caller's to check.
    ///
    /// # Errors
    /// [`Refusal`]; nothing has changed then.
    pub fn take(&mut self, from: Party, made: &Move, now: u64) -> Result<(), Refusal> {
        let turn = self.turn().ok_or(Refusal::Over)?;
        if now > self.deadline {
            return Err(Refusal::Late);
        }
        // Operands too: another's would forestall the challenger's blind.
        if from != turn {
            return Err(Refusal::Turn);
        }
        self.state = self.next(made)?;
        self.deadline = now.saturating_add(self.window);
        Ok(())
    }

    fn nodes(&self) -> TraceNodes {
        TraceNodes(self.subject.network)
    }

    pub(crate) fn entries(&self) -> u32 {
        self.subject.entries(self.model.checked)
    }

    fn next(&self, made: &Move) -> Result<State, Refusal> {
        match (&self.state, made) {
            (State::Root, Move::Root(root)) => {
                if self.entries() == 0 && *root != [0; 32] {
                    return Err(Refusal::Hash { what: "no entries" });
                }
                Ok(State::OwnRoot { root: *root })
            }
            (State::OwnRoot { root }, Move::OwnRoot { entries, root: own }) => {
                self.compare(*root, *entries, own)
            }
            (State::LogChildren { descent, hash }, Move::Children(children)) => {
                descent.check(&self.nodes(), hash, children)?;
                Ok(State::LogName { descent: descent.clone(), children: children.clone() })
            }
            (State::LogName { descent, children }, Move::Name(index)) => {
                Ok(match descent.name(&self.nodes(), children, *index)? {
                    Named::Subtree(descent, hash) => State::LogChildren { descent, hash },
                    Named::Leaf(index, entry, log) => {
                        State::Ops { block: AtBlock { index, log }, entry: Some(entry) }
                    }
                })
            }
            (State::Ops { block, entry }, Move::Ops { roots, token_salt }) => {
                self.check_ops(block, entry.as_ref(), roots, token_salt.as_ref())?;
                Ok(State::OpName { block: block.clone(), roots: roots.clone() })
            }
            (State::OpName { block, roots }, Move::Name(index)) => {
                self.name_op(block, roots, *index)
            }
            (State::Parts { op, root }, Move::Parts(parts)) => self.parts(op, root.as_ref(), parts),
            (State::PartName { op, parts }, Move::Name(index)) => self.name_part(op, parts, *index),
            (State::TileChildren { op, descent, hash }, Move::Children(children)) => {
                descent.check(&self.nodes(), hash, children)?;
                let (op, descent, children) = (op.clone(), descent.clone(), children.clone());
                Ok(State::TileName { op, descent, children })
            }
            (State::TileName { op, descent, children }, Move::Name(index)) => {
                self.name_tile(op, descent, children, *index)
            }
            (State::Open { tile, hash }, Move::Open(opened)) => {
                self.check_opened(tile, hash, opened)?;
                let opened = Some(Shown { salt: opened.salt, hash: *hash });
                Ok(State::Prove { tile: tile.clone(), opened })
            }
            (State::Prove { tile, opened }, Move::Operands(operands)) => {
                self.judge(tile, opened.as_ref(), operands).map(State::Over)
            }
            (State::Prove { tile, opened: Some(opened) }, Move::Blind(blind)) => {
                self.check_salt(tile, opened, *blind).map(State::Over)
            }
            (
                State::Root
                | State::OwnRoot { .. }
                | State::LogChildren { .. }
                | State::LogName { .. }
                | State::Ops { .. }
                | State::OpName { .. }
                | State::Parts { .. }
                | State::PartName { .. }
                | State::TileChildren { .. }
                | State::TileName { .. }
                | State::Open { .. }
                | State::Prove { .. }
                | State::Over(_),
                _,
            ) => Err(Refusal::Turn),
        }
    }

    /// The two logs: where they are one, the last block is disputed.
    fn compare(&self, root: Digest, own_entries: u32, own: &Digest) -> Result<State, Refusal> {
        let entries = self.entries();
        if own_entries > entries || (own_entries == 0) != (*own == [0; 32]) {
            return Err(Refusal::Hash { what: "the challenger's entries" });
        }
        if own_entries == entries && *own == root {
            return Ok(State::Ops { block: AtBlock { index: entries, log: root }, entry: None });
        }
        Ok(State::LogChildren { descent: Descent::whole(entries), hash: root })
    }

    pub(crate) fn block(&self, block: &AtBlock) -> Block<'a> {
        let found = Block::of(self.model.checked, self.subject.positions, block.index);
        found.expect("the block of an entry, or the last one")
    }

    /// The op that the claimant says faults, where it is of the last block.
    pub(crate) fn fault(&self, at: &AtBlock, block: &Block<'_>) -> Option<usize> {
        match (at.index == self.entries(), self.subject.claimed) {
            (true, Claimed::Fault(op)) => block.op(op),
            (true, Claimed::Token(_)) | (false, _) => None,
        }
    }

    fn check_ops(
        &self,
        at: &AtBlock,
        entry: Option<&Digest>,
        roots: &[Digest],
        token_salt: Option<&Digest>,
    ) -> Result<(), Refusal> {
        let block = self.block(at);
        let fault = self.fault(at, &block);
        let (found, wanted) = (roots.len(), fault.unwrap_or(block.sites.len()));
        if found != wanted {
            return Err(Refusal::Count { what: "ops", found, wanted });
        }
        let refused = Err(Refusal::Hash { what: "the ops" });
        let shown = match (entry, self.subject.claimed) {
            (Some(entry), _) => {
                let kv = block.append.map_or([0; 32], |append| roots[append]);
                let made = boundary_hash(self.subject.network, &roots[block.output], &kv);
                token_salt.is_none() && made == *entry
            }
            (None, Claimed::Token(token)) => token_salt.is_some_and(|salt| {
                let leaf = leaf_hash(self.subject.network, salt, &token.to_le_bytes());
                leaf == roots[block.output]
            }),
            (None, Claimed::Fault(_)) => token_salt.is_none(),
        };
        if shown { Ok(()) } else { refused }
    }

    fn name_op(&self, at: &AtBlock, roots: &[Digest], index: u16) -> Result<State, Refusal> {
        let block = self.block(at);
        let count = roots.len() + usize::from(self.fault(at, &block).is_some());
        let op = usize::from(index);
        if op >= count {
            return Err(Refusal::Named { index, count });
        }
        if matches!(block.sites[op].op, Op::Sample(_)) && self.subject.has_grammar() {
            return Err(Refusal::Grammar);
        }
        let read = ops_read(&block, op).into_iter().filter_map(|op| roots.get(op).copied());
        let at = AtOp { block: at.clone(), op, read: read.collect() };
        Ok(State::Parts { op: at, root: roots.get(op).copied() })
    }

    /// The op's tiles and leaves as the claimant says, against the op's root.
    fn parts(&self, op: &AtOp, root: Option<&Digest>, parts: &Parts) -> Result<State, Refusal> {
        let tiles = self.tiles(op);
        let all = match (root, parts.fault) {
            (Some(_), None) => tiles.all(),
            (None, Some(fault)) if fault < tiles.all() => fault,
            (Some(_) | None, _) => return Err(Refusal::Hash { what: "the fault's tile" }),
        };
        let (found, wanted) = (parts.leaves.len(), wide(all.saturating_sub(tiles.early)));
        if found != wanted {
            return Err(Refusal::Count { what: "leaves", found, wanted });
        }
        if let Some(root) = root {
            let value = root_of_range(&self.nodes(), tiles.leaves.into(), 0, &parts.leaves, &[]);
            if value.as_ref() != Some(root) {
                return Err(Refusal::Hash { what: "the leaves" });
            }
        }
        let wanted = early_of(tiles, parts.fault).map_or(0, |early| early.children().len());
        let found = parts.children.len();
        if found != wanted {
            return Err(Refusal::Count { what: "subtrees", found, wanted });
        }
        Ok(State::PartName { op: op.clone(), parts: parts.clone() })
    }

    pub(crate) fn tiles(&self, op: &AtOp) -> Tiles {
        let block = self.block(&op.block);
        Tiles::of(&block.sites[op.op], block.position)
    }

    /// Subtrees come first, then leaves, then the fault.
    fn name_part(&self, op: &AtOp, parts: &Parts, index: u16) -> Result<State, Refusal> {
        let subtrees = parts.children.len();
        let count = subtrees + parts.leaves.len() + usize::from(parts.fault.is_some());
        let refused = Refusal::Named { index, count };
        let early = early_of(self.tiles(op), parts.fault);
        if let Some(early) = early.filter(|_| usize::from(index) < subtrees) {
            return self.name_tile(op, &Descent::whole(early.leaves), &parts.children, index);
        }
        let leaf = usize::from(index) - subtrees;
        let root = early.and_then(|early| early.root(&self.nodes(), &parts.children));
        let tiles = root.unwrap_or_default();
        let at = |number| self.at_tile(op, number, tiles, &parts.leaves);
        if let Some(hash) = parts.leaves.get(leaf) {
            let before = early.map_or(0, |early| early.leaves);
            let number = before + u32::try_from(leaf).map_err(|_| refused)?;
            return Ok(State::Open { tile: at(number), hash: *hash });
        }
        match parts.fault {
            Some(number) if leaf == parts.leaves.len() => {
                Ok(State::Prove { tile: at(number), opened: None })
            }
            Some(_) | None => Err(refused),
        }
    }

    /// A tile, and of the op's leaves those that it reads.
    fn at_tile(&self, op: &AtOp, number: u32, tiles: Digest, leaves: &[Digest]) -> AtTile {
        let block = self.block(&op.block);
        let read = leaves_read(&block.sites[op.op], block.position, number);
        let read = read.into_iter().filter_map(|leaf| leaves.get(wide(leaf)).copied());
        AtTile { op: op.clone(), number, tiles, leaves: read.collect() }
    }

    fn name_tile(
        &self,
        op: &AtOp,
        descent: &Descent,
        children: &[Digest],
        index: u16,
    ) -> Result<State, Refusal> {
        Ok(match descent.name(&self.nodes(), children, index)? {
            Named::Subtree(descent, hash) => State::TileChildren { op: op.clone(), descent, hash },
            Named::Leaf(number, hash, tiles) => {
                State::Open { tile: self.at_tile(op, number, tiles, &[]), hash }
            }
        })
    }

    /// Whether the shown output is the one committed to.
    fn check_opened(&self, tile: &AtTile, hash: &Digest, opened: &Opened) -> Result<(), Refusal> {
        let block = self.block(&tile.op.block);
        let leaf = leaf_hash(self.subject.network, &opened.salt, &opened.bytes);
        let made = match block.sites[tile.op.op].output() {
            Type::Kv(_) => self.grown(block.position, &opened.edge, leaf),
            Type::Token
            | Type::Fixed(_)
            | Type::Quantised { .. }
            | Type::Logits(_)
            | Type::Routing(_) => opened.edge.is_empty().then_some(leaf),
        };
        if made.as_ref() == Some(hash) {
            return Ok(());
        }
        Err(Refusal::Hash { what: "the opened output" })
    }

    /// The root of a tree of so many rows that has grown by one.
    fn grown(&self, rows: u32, edge: &[Digest], row: Digest) -> Option<Digest> {
        let mut edge = Edge::from_peaks(rows.into(), edge.to_vec())?;
        edge.push(&self.nodes(), row);
        edge.root(&self.nodes())
    }

    /// Executes the tile.
    fn judge(
        &self,
        tile: &AtTile,
        opened: Option<&Shown>,
        given: &[Supplied],
    ) -> Result<Verdict, Refusal> {
        let block = self.block(&tile.op.block);
        let (position, op) = (block.position, block.sites[tile.op.op].index);
        let number = tile.number;
        let found = |kind| Verdict::ClaimantRefuted(Fault { position, op, tile: number, kind });
        let Some((made, data)) = self.executed(tile, given)? else {
            return Ok(found(FaultKind::Unreadable));
        };
        Ok(match (made, opened) {
            (Ok(made), Some(shown)) => {
                match self.committed(position, &made, &data, &shown.salt) == Some(shown.hash) {
                    true => Verdict::ChallengerRefuted,
                    false => found(FaultKind::Output),
                }
            }
            (Ok(_), None) => found(FaultKind::FalseFault),
            (Err(EvalError::Fault(_)), None) => Verdict::ChallengerRefuted,
            (Err(EvalError::Fault(_)), Some(_)) => found(FaultKind::ConcealedFault),
            (Err(EvalError::Operand { .. } | EvalError::Weights { .. }), _)
            | (Err(EvalError::NoSuchTile), _) => found(FaultKind::Unreadable),
            // What only a record can lack.
            (Err(EvalError::NotDrawn | EvalError::NoChoice | EvalError::Grammar), _) => {
                return Err(Refusal::Kind);
            }
        })
    }

    /// What a tile makes of its operands, and these; `None` where they can't be read.
    fn executed(&self, tile: &AtTile, given: &[Supplied]) -> Result<Option<Executed>, Refusal> {
        let block = self.block(&tile.op.block);
        let site = block.sites[tile.op.op];
        let (position, number) = (block.position, tile.number);
        let early = number.min(Tiles::of(&site, position).early);
        let roots: Vec<_> =
            ops_read(&block, tile.op.op).into_iter().zip(tile.op.read.clone()).collect();
        let leaves = leaves_read(&site, position, number).into_iter().zip(tile.leaves.clone());
        let ground = Ground {
            model: self.model,
            subject: &self.subject,
            block: &block,
            log: Prefix { leaves: block.index, root: tile.op.block.log },
            roots: &roots,
            site,
            tiles: Prefix { leaves: early, root: tile.tiles },
            leaves: &leaves.collect::<Vec<_>>(),
            number,
        };
        let Some((at, data)) = gather(&ground, given)? else { return Ok(None) };
        let which = tile_of(&site, at, number);
        Ok(which.map(|which| (site.eval(at, which, &data), data)))
    }

    /// What is committed to where the tile made this: its hash, of a row of a KV tree the root with the tree that was
    /// there.
    fn committed(
        &self,
        position: u32,
        made: &Data,
        operands: &[Data],
        salt: &Digest,
    ) -> Option<Digest> {
        let mut bytes = Vec::new();
        made.write(&mut bytes);
        let leaf = leaf_hash(self.subject.network, salt, &bytes);
        let edge = operands
            .iter()
            .find_map(|operand| if let Data::Edge(edge) = operand { Some(edge) } else { None });
        match edge {
            Some(edge) => self.grown(position, edge, leaf),
            None => Some(leaf),
        }
    }

    /// What would be committed to had the tile that is to be proved made what it makes of these operands; `None` where it
    /// makes nothing of them.
    pub(crate) fn true_hash(&self, given: &[Supplied], salt: &Digest) -> Option<Digest> {
        let State::Prove { tile, .. } = &self.state else { return None };
        let (made, data) = self.executed(tile, given).ok()??;
        self.committed(self.block(&tile.op.block).position, &made.ok()?, &data, salt)
    }

    /// The challenger says that the opened salt is not the job's.
    fn check_salt(&self, tile: &AtTile, opened: &Shown, blind: Blind) -> Result<Verdict, Refusal> {
        let reason = "it is not the blind of this job";
        if !self.subject.is_blind(blind) {
            return Err(Refusal::Blind { reason });
        }
        let block = self.block(&tile.op.block);
        let site = &block.sites[tile.op.op];
        let (position, op) = (block.position, site.index);
        let committer = Committer(Salts { network: self.subject.network, blind });
        if committer.salt(leaf_at(site, position, tile.number)) == opened.salt {
            return Err(Refusal::Blind { reason: "the opened salt is the one it makes" });
        }
        let (tile, kind) = (tile.number, FaultKind::Salt);
        Ok(Verdict::ClaimantRefuted(Fault { position, op, tile, kind }))
    }

    /// What the side whose turn it is has to answer; nothing once it is over.
    #[must_use]
    pub fn asked(&self) -> Option<Asked<'_>> {
        let entries = self.entries();
        let op_of = |at: &AtOp| self.block(&at.block).sites[at.op].index;
        let tree = |op: &AtOp| Tree::Tiles { block: op.block.index, op: op_of(op) };
        Some(match &self.state {
            State::Root => Asked::Root { entries },
            State::OwnRoot { .. } => Asked::OwnRoot { entries },
            State::LogChildren { descent, .. } => {
                Asked::Children { tree: Tree::Log, at: descent.at }
            }
            State::LogName { descent, children } => {
                let revealed = Revealed { at: descent.at, hashes: children };
                Asked::NameChild { tree: Tree::Log, revealed }
            }
            State::Ops { block, .. } => Asked::Ops { block: block.index },
            State::OpName { block, roots } => Asked::NameOp { block: block.index, roots },
            State::Parts { op, root } => {
                Asked::Parts { block: op.block.index, op: op_of(op), faults: root.is_none() }
            }
            State::PartName { op, parts } => {
                let early = early_of(self.tiles(op), parts.fault);
                Asked::NamePart { block: op.block.index, op: op_of(op), early, parts }
            }
            State::TileChildren { op, descent, .. } => {
                Asked::Children { tree: tree(op), at: descent.at }
            }
            State::TileName { op, descent, children } => {
                let revealed = Revealed { at: descent.at, hashes: children };
                Asked::NameChild { tree: tree(op), revealed }
            }
            State::Open { tile, .. } => {
                let (block, op) = (tile.op.block.index, op_of(&tile.op));
                Asked::Open { block, op, tile: tile.number }
            }
            State::Prove { tile, opened } => {
                let (block, op) = (tile.op.block.index, op_of(&tile.op));
                let salt = opened.as_ref().map(|shown| &shown.salt);
                Asked::Prove { block, op, tile: tile.number, salt }
            }
            State::Over(_) => return None,
        })
    }
}

/// What a tile makes, and what it read.
type Executed = (Result<Data, EvalError>, Vec<Data>);

/// Every operand's data; `None` where something committed can't be read. All of them have to lead there before any is
/// read, but for the token of an embedding: what else it reads depends on it.
fn gather(ground: &Ground<'_>, given: &[Supplied]) -> Result<Option<(At, Vec<Data>)>, Refusal> {
    let mut at = At { position: ground.block.position, token: 0 };
    let operands = |at| {
        let tile = tile_of(&ground.site, at, ground.number);
        tile.and_then(|tile| ground.site.operands(at, tile).ok())
    };
    let Some(mut wanted) = operands(at) else { return Ok(None) };
    if wanted.len() != given.len() {
        let (found, wanted) = (given.len(), wanted.len());
        return Err(Refusal::Count { what: "operands", found, wanted });
    }
    if !wanted.iter().zip(given).all(|(operand, given)| is_form_of(operand, given)) {
        return Err(Refusal::Kind);
    }
    if let (Some(operand @ Operand::Token), Some(first)) = (wanted.first(), given.first()) {
        let Some(Data::Token(token)) = ground.data(at, operand, first)? else { return Ok(None) };
        at.token = token;
        let Some(of_token) = operands(at) else { return Ok(None) };
        wanted = of_token;
    }
    let pairs = wanted.iter().zip(given);
    let found: Result<Vec<_>, _> = pairs.map(|(one, given)| ground.data(at, one, given)).collect();
    Ok(found?.into_iter().collect::<Option<_>>().map(|data| (at, data)))
}

/// The tree of the early tiles that have outputs; none where no tile has.
pub(crate) fn early_of(tiles: Tiles, fault: Option<u32>) -> Option<Subtree> {
    let leaves = fault.unwrap_or(tiles.all()).min(tiles.early);
    (leaves > 0).then(|| Subtree::whole(leaves))
}

fn wide(count: u32) -> usize {
    usize::try_from(count).expect("a count of tiles fits the machine")
}
