//! States of a referee as bytes, written here by the text and by nothing of the crate that writes them: what decodes is
//! written back as it was, plays on to the same end, and is as long as its table says.

use canon::sample::{Micro, Parameters, Settings};
use commit::{Digest, Network, WireError, Writer};
use dispute::block::{Block, Tiles, boundaries};
use dispute::limits::STATE_BYTES_MAX;
use dispute::sides::cheats::watched;
use dispute::{Dispute, Model, Move, Part, Subtree, Verdict};
use program::site::Source;
use program::tiny::Shape;
use program::{Checked, Op, Place};
use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::random::{Random, a_move};
use crate::shapes::shapes;
use crate::vectors::units_bytes;

pub(crate) const NETWORK: Network = Network([7; 32]);

/// The tiny model that random states are about.
pub(crate) static MODEL: LazyLock<Model<'static>> = LazyLock::new(|| model(&Shape::default()));

fn model(shape: &Shape) -> Model<'static> {
    let checked = Box::leak(Box::new(Checked::new(shape.program()).unwrap()));
    let units = Part { hash: [0; 32], bytes: units_bytes(checked) };
    let files = vec![Part { hash: [1; 32], bytes: u64::MAX }];
    Model::new(checked, [2; 32], files, units).unwrap()
}

/// Where a state is: of each number the fields of the text.
#[derive(Clone, Copy, Debug)]
struct At {
    block: u32,
    op: usize,
    tile: u32,
    /// Counted from the left, among those that are gone down to.
    subtree: u32,
}

/// What a dispute is about, and the bytes of its states.
struct Maker<'c> {
    checked: &'c Checked,
    prompt: u32,
    output: u32,
    positions: u32,
    grammar: bool,
    /// The op that is said to fault.
    fault: Option<u32>,
}

impl<'c> Maker<'c> {
    fn random(checked: &'c Checked, random: &mut Random) -> Self {
        let (prompt, output) = (1 + random.below(90), 1 + random.below(5));
        let sites = u32::try_from(checked.sites().count()).unwrap();
        let fault = (random.below(3) == 0).then(|| random.below(sites));
        let positions = prompt + random.below(output);
        Self { checked, prompt, output, positions, grammar: random.below(4) == 0, fault }
    }

    /// Number of the last block.
    fn last(&self) -> u32 {
        let before = |place| self.checked.program().layers().take_while(move |at| at.0 != place);
        match self.fault {
            None => self.positions * boundaries(self.checked),
            Some(op) => {
                let place = self.checked.sites().nth(usize::try_from(op).unwrap()).unwrap().place;
                let block = u32::try_from(before(place).count()).unwrap();
                (self.positions - 1) * boundaries(self.checked) + block
            }
        }
    }

    fn block(&self, index: u32) -> Block<'_> {
        Block::of(self.checked, self.positions, index).unwrap()
    }

    /// Which op of a block is said to fault.
    fn fault_of(&self, block: &Block<'_>) -> Option<usize> {
        let fault = self.fault.filter(|_| block.index == self.last())?;
        block.sites.iter().position(|site| site.index.0 == fault)
    }

    fn ops(&self, block: &Block<'_>) -> usize {
        self.fault_of(block).map_or(block.sites.len(), |fault| fault + 1)
    }

    /// Somewhere.
    fn place(&self, random: &mut Random) -> At {
        loop {
            let last = self.last();
            let block = if random.below(3) == 0 { last } else { random.below(last + 1) };
            let at = self.block(block);
            let op = random.below(u32::try_from(self.ops(&at)).unwrap());
            let op = usize::try_from(op).unwrap();
            let tile = random.below(Tiles::of(&at.sites[op], at.position).all());
            if !(self.grammar && matches!(at.sites[op].op, Op::Sample(_))) {
                return At { block, op, tile, subtree: random.below(9) };
            }
        }
    }

    /// The bytes of a state; none where no dispute comes to one of this number there.
    fn state(&self, number: u8, at: At, random: &mut Random) -> Option<Vec<u8>> {
        let mut out = self.head(random);
        out.u8(number);
        let block = self.block(at.block);
        let site = &block.sites[at.op];
        let tiles = Tiles::of(site, block.position);
        let faults = self.fault_of(&block) == Some(at.op);
        // Of the op that is said to fault, the tile that does.
        let all = if faults { at.tile } else { tiles.all() };
        let early = all.min(tiles.early);
        match number {
            1 => {}
            2 => root(&mut out, self.last(), random),
            3 | 4 => down(&mut out, self.last(), at, number == 4, random)?,
            5 => {
                self.at_block(&mut out, &block, random);
                hashes(&mut out, u32::from(at.block < self.last()), random);
            }
            6 => {
                self.at_block(&mut out, &block, random);
                let roots = self.fault_of(&block).unwrap_or(block.sites.len());
                hashes(&mut out, u32::try_from(roots).unwrap(), random);
            }
            7 => {
                self.at_op(&mut out, &block, at.op, random);
                hashes(&mut out, u32::from(!faults), random);
            }
            8 => {
                self.at_op(&mut out, &block, at.op, random);
                if faults {
                    out.u32(at.tile);
                }
                let children = if early == 0 { 0 } else { Subtree::whole(early).children().len() };
                hashes(&mut out, u32::try_from(children).unwrap(), random);
                hashes(&mut out, all.saturating_sub(tiles.early), random);
            }
            9 | 10 => {
                self.at_op(&mut out, &block, at.op, random);
                out.u32(at.tile);
                root(&mut out, at.tile.min(tiles.early), random);
                let exponent = matches!(site.op, Op::Quantise(_)) && at.tile > tiles.early;
                hashes(&mut out, u32::from(exponent), random);
                let opened = number == 9 || !faults || random.below(2) == 0;
                if number == 10 {
                    out.u8(u8::from(opened));
                }
                hashes(&mut out, u32::from(opened) * u32::from(number - 8), random);
            }
            11 | 12 => {
                self.at_op(&mut out, &block, at.op, random);
                out.u32(early);
                down(&mut out, early, at, number == 12, random)?;
            }
            _ => {
                let verdict = 1 + u8::try_from(random.below(4)).unwrap();
                out.u8(verdict);
                if verdict == 1 {
                    out.u32(block.position);
                    out.u32(site.index.0);
                    out.u32(at.tile);
                    out.u8(1 + u8::try_from(random.below(5)).unwrap());
                }
            }
        }
        Some(out.finish())
    }

    /// Version, times and subject.
    fn head(&self, random: &mut Random) -> Writer {
        let settings = match self.grammar {
            true => Settings { grammar: Some(random.bytes()), ..Settings::default() },
            false => Settings { temperature: Micro::new(700_000), ..Settings::default() },
        };
        let mut out = Writer::new();
        out.u16(1);
        out.u64(random.below(1000).into());
        out.u64(random.below(1000).into());
        hashes(&mut out, 3, random);
        for count in [self.prompt, self.output] {
            out.u32(count);
            root(&mut out, count, random);
        }
        out.bytes(&Parameters::new(settings).unwrap().encode());
        hashes(&mut out, 1, random);
        out.u32(random.below(128));
        out.u32(self.positions);
        out.u8(if self.fault.is_some() { 2 } else { 1 });
        out.u32(self.fault.unwrap_or(random.below(1000)));
        out
    }

    fn at_block(&self, out: &mut Writer, block: &Block<'_>, random: &mut Random) {
        out.u32(block.index);
        root(out, block.index, random);
    }

    fn at_op(&self, out: &mut Writer, block: &Block<'_>, op: usize, random: &mut Random) {
        self.at_block(out, block, random);
        out.u8(u8::try_from(op).unwrap());
        let site = &block.sites[op];
        let sources = site.op.inputs().into_iter().map(|value| site.source(value));
        let within = |source: &Source| matches!(source, Source::Op { boundary: false, .. });
        let mut read: Vec<String> =
            sources.filter(within).map(|source| format!("{source:?}")).collect();
        read.sort();
        read.dedup();
        hashes(out, u32::try_from(read.len()).unwrap(), random);
    }
}

fn hashes(out: &mut Writer, count: u32, random: &mut Random) {
    (0..count).for_each(|_| out.bytes(&random.bytes::<32>()));
}

/// Zeros of no leaves.
fn root(out: &mut Writer, leaves: u32, random: &mut Random) {
    let root: Digest = if leaves == 0 { [0; 32] } else { random.bytes() };
    out.bytes(&root);
}

/// A subtree of a tree, and what a state in which it is shown or named has of it.
fn down(out: &mut Writer, leaves: u32, at: At, named: bool, random: &mut Random) -> Option<()> {
    let mut all = vec![Subtree::whole(leaves)];
    let mut next = 0;
    while let Some(here) = all.get(next).copied().filter(|here| here.leaves > 1) {
        // Down the right side, where the most stands to the left.
        all.extend(here.children().into_iter().rev().filter(|child| child.leaves > 1).take(2));
        next += 1;
    }
    let chosen = all[usize::try_from(at.subtree).unwrap() % all.len()];
    (leaves > 0).then_some(())?;
    out.u32(chosen.start);
    out.u32(chosen.leaves);
    hashes(out, chosen.start.count_ones(), random);
    hashes(out, if named { u32::try_from(chosen.children().len()).unwrap() } else { 1 }, random);
    Some(())
}

/// Any state of any dispute about the tiny model.
pub(crate) fn state(random: &mut Random) -> Vec<u8> {
    loop {
        let maker = Maker::random(MODEL.checked(), random);
        let (number, at) = (1 + u8::try_from(random.below(13)).unwrap(), maker.place(random));
        if let Some(bytes) = maker.state(number, at, random) {
            return bytes;
        }
    }
}

pub(crate) fn again(bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    Dispute::decode(&MODEL, NETWORK, bytes).map(|read| read.encode())
}

/// The bytes of window and deadline: they don't belong to the game.
fn timeless(bytes: &[u8]) -> Vec<u8> {
    [&bytes[..2], &bytes[18..]].concat()
}

/// A referee that is nothing but bytes between two moves gives the same verdict as one that stays in memory.
#[test]
fn a_dispute_kept_as_bytes_ends_as_one_in_memory() {
    let (mut numbers, mut games) = ([0; 14], 0);
    for seed in 0..120 {
        let (mut kept, mut end): (Option<Vec<u8>>, Option<Verdict>) = (None, None);
        let game = watched(seed, &mut |dispute, party, bytes| {
            let network = dispute.subject().network;
            let there = dispute.encode();
            let mut here = kept.take().unwrap_or_else(|| there.clone());
            assert_eq!(timeless(&here), timeless(&there), "seed {seed}");
            let mut read = Dispute::decode(dispute.model(), network, &here).unwrap();
            assert_eq!(read.encode(), here, "seed {seed}");
            assert_eq!(read.asked(), dispute.asked());
            numbers[usize::from(number_of(&here, dispute.subject().has_grammar()))] += 1;
            let made = Move::decode(bytes);
            let taken = made.is_ok_and(|made| read.take(party, &made, read.deadline()).is_ok());
            here = read.encode();
            let mut over = Dispute::decode(dispute.model(), network, &here).unwrap();
            if !taken || over.verdict().is_none() {
                over.pass(u64::MAX);
            }
            numbers[13] += u32::from(over.verdict().is_some());
            let last = over.encode();
            let read = Dispute::decode(dispute.model(), network, &last).unwrap();
            assert_eq!(read.encode(), last);
            end = read.verdict();
            kept = Some(here);
        });
        // Who is silent from the first move on gives nothing to look at.
        if let Some(game) = game.unwrap().filter(|game| game.played.moves > 0) {
            assert_eq!(end, game.played.verdict, "seed {seed}: {}", game.lie);
            games += 1;
        }
    }
    assert!(games > 60, "{games}");
    assert!(numbers[1..].iter().all(|count| *count > 3), "{numbers:?}");
}

/// The number of the state: behind the subject.
fn number_of(bytes: &[u8], grammar: bool) -> u8 {
    bytes[HEAD + if grammar { 32 } else { 0 }]
}

/// Bytes before the number of a state, without a grammar.
const HEAD: usize = 2 + 16 + 96 + 72 + 33 + 32 + 4 + 4 + 5;

#[test]
fn numbers_that_no_dispute_comes_to_are_refused() {
    let mut random = Random(5);
    let maker = Maker {
        checked: MODEL.checked(),
        prompt: 3,
        output: 2,
        positions: 4,
        grammar: false,
        fault: None,
    };
    let last = maker.last();
    let sites = MODEL.checked().sites().count();
    let refused = |bytes: &[u8]| matches!(again(bytes), Err(WireError::Value { .. }));
    let mut changed = |number: u8, at: At, field: usize, value: u32| {
        let mut bytes = maker.state(number, at, &mut random).unwrap();
        assert_eq!(again(&bytes).as_deref(), Ok(&bytes[..]), "{number} {at:?}");
        bytes[field..field + 4].copy_from_slice(&value.to_le_bytes());
        refused(&bytes)
    };
    let fields = HEAD + 1;
    let at = At { block: last, op: 0, tile: 0, subtree: 0 };
    // Of the subject: no prompt, no output, a position outside the output, a choice that no job has.
    for (field, value) in [(114, 0), (150, 0), (HEAD - 9, 5), (HEAD - 9, 2), (HEAD - 13, 128)] {
        assert!(changed(1, at, field, value), "{field} {value}");
    }
    // A block behind the last one; a subtree that nobody goes down to.
    assert!(changed(5, at, fields, last + 1));
    assert!(changed(3, at, fields, 1) && changed(3, at, fields + 4, 2));
    // An op that the block has not, a tile that the op has not.
    let ops = maker.block(last).sites.len();
    assert!(sites > ops && changed(7, at, fields + 36 - 3, u32::try_from(ops).unwrap() << 24));
    let op = At { op: 1, ..at };
    let reads = maker.block(last).sites[1].op.inputs().len();
    assert!(changed(9, op, fields + 37 + 32 * reads, 1 << 20));
    // Roots of nothing.
    let first = At { block: 0, ..at };
    assert!(changed(5, first, fields + 4, 1));
    assert_eq!(maker.block(0).sites[0].place, Place::Prologue);
}

/// Whatever decodes is asked, answered by anything, and passes, without a panic.
#[test]
fn any_state_can_be_played() {
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..1_000 {
        let mut random = Random(seed);
        let bytes = state(&mut random);
        let moves = [crate::rules::every_move(), vec![a_move(&mut random)]].concat();
        for made in moves {
            let mut dispute = Dispute::decode(&MODEL, NETWORK, &bytes).unwrap();
            let Some(turn) = dispute.turn() else { continue };
            assert!(dispute.asked().is_some());
            match dispute.take(turn, &made, 0) {
                Ok(()) => taken += 1,
                Err(_) => refused += 1,
            }
            let after = dispute.encode();
            assert_eq!(again(&after), Ok(after), "{made:?}");
            dispute.pass(u64::MAX);
            assert!(dispute.verdict().is_some() && dispute.asked().is_none());
        }
    }
    assert!(taken > 300 && refused > 5_000, "{taken} {refused}");
}

#[test]
fn no_state_is_longer_than_the_limit() {
    let long = vec![1; STATE_BYTES_MAX + 1];
    assert!(matches!(again(&long), Err(WireError::Limit { .. })));
}

/// The greatest states by shape: the table stands in the spec.
#[test]
fn bytes_of_states_by_shape() {
    let kinds = [("log", [3, 4]), ("ops", [5, 6]), ("parts", [7, 8]), ("tiles", [11, 12])];
    let kinds = kinds.into_iter().chain([("open, prove", [9, 10])]);
    let names: Vec<_> = kinds.clone().map(|(name, _)| name).collect();
    let mut table = format!("| shape | {} |\n|---|{}", names.join(" | "), "---|".repeat(5));
    for (name, shape, _) in shapes() {
        let model = model(&shape);
        let positions = shape.context_max - 1;
        let checked = model.checked();
        let maker =
            Maker { checked, prompt: positions, output: 1, positions, grammar: true, fault: None };
        let row: Vec<String> = kinds
            .clone()
            .map(|(_, numbers)| {
                let most = numbers.map(|number| greatest(&model, &maker, number));
                most.into_iter().max().unwrap().to_string()
            })
            .collect();
        write!(table, "\n| {name} | {} |", row.join(" | ")).unwrap();
    }
    println!("{table}");
    let spec = include_str!("../../../../spec/dispute.md");
    assert!(spec.contains(&table), "spec/dispute.md has another table; this one is printed above");
}

/// Of the last block, of the one before it and of one before a layer, of every op, in the last tile.
fn greatest(model: &Model<'_>, maker: &Maker<'_>, number: u8) -> usize {
    let mut random = Random(1);
    let mut greatest = 0;
    let last = maker.last();
    for block in [last, last - 1, last - 2] {
        for op in 0..maker.block(block).sites.len() {
            let here = maker.block(block);
            let sampled = matches!(here.sites[op].op, Op::Sample(_));
            // A sample under a grammar is not disputed.
            let maker = Maker { grammar: !sampled, ..*maker };
            let tile = Tiles::of(&here.sites[op], here.position).all() - 1;
            for subtree in 0..8 {
                let at = At { block, op, tile, subtree };
                let Some(bytes) = maker.state(number, at, &mut random) else { continue };
                let read = Dispute::decode(model, NETWORK, &bytes).unwrap();
                assert_eq!(read.encode(), bytes);
                greatest = greatest.max(bytes.len());
            }
        }
    }
    greatest
}
