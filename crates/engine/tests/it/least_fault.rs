//! Several faults in one pass, of every kind of op that can: the least (position, op) is told, as the plain interpreter
//! tells it, whatever the kernels, threads, chunks and neighbours; and what came before it stands.

use std::collections::{BTreeMap, BTreeSet};

use canon::Format;
use engine::{Engine, Fault, Feed, Outcome, Sequence, Wanted};
use program::reference::{self, Run, RunError};
use program::tiny::Shape;

use crate::equality::{Model, sets, tokens};

/// Entries of the residual row that nothing writes after the embedding: 0 but for the tokens that are marked by one.
const MARKS: usize = 6;
/// Binary32: a weight that makes whatever it reads overflow; one that makes a product of two such outputs overflow; one
/// that makes only a score of two such outputs overflow.
const GREAT: u32 = 0x4cbe_bc20;
const GREAT_TOGETHER: u32 = 0x44fa_0000;
const GREAT_AS_SCORE: u32 = 0x447a_0000;
/// Rows of weights that read a mark and nothing else: tensor, row, mark, weight.
const READERS: [(&str, usize, usize, u32); 7] = [
    ("layer.0.k", 2, 0, GREAT),
    ("layer.0.gate", 5, 1, GREAT_TOGETHER),
    ("layer.0.up", 5, 1, GREAT_TOGETHER),
    // Entries that rope hardly turns: a marked query overflows with a marked key alone.
    ("layer.1.q", 30, 2, GREAT_AS_SCORE),
    ("layer.1.k", 30, 3, GREAT_AS_SCORE),
    ("layer.1.v", 3, 4, GREAT),
    ("output", 7, 5, GREAT),
];
/// Token ids below this are not marked.
const PLAIN: u32 = 40;
/// The next ids are marked so. The last faults by two ops.
const MARKED: [&[usize]; 7] = [&[0], &[1], &[2], &[3], &[4], &[5], &[4, 1]];
/// After them: one whose embedding overflows, and one to whose embedding nothing can be added.
const OVERFLOWING: u32 = PLAIN + 7;
const FULL: u32 = PLAIN + 8;
/// 16,383: an entry of the residual row just within the limit.
const FULL_ENTRY: u32 = 0x467f_fc00;
const ONE: u32 = 0x3f80_0000;
/// A query that is marked, and a key.
const QUERY: u32 = PLAIN + 2;
const KEY: u32 = PLAIN + 3;

/// A model in which the marked tokens fault, each by an op of its own.
fn faulty() -> Model {
    let mut model = Model::new(&Shape { format: Format::F32, tied: false, ..Shape::default() });
    for layer in 0..2 {
        for part in ["attention_out", "down"] {
            (0..MARKS).for_each(|mark| fill(&mut model, &format!("layer.{layer}.{part}"), mark, 0));
        }
    }
    for token in 0..FULL {
        (0..MARKS).for_each(|mark| put(&mut model, "embed", token as usize, mark, 0));
    }
    for (token, marks) in (PLAIN as usize..).zip(MARKED) {
        marks.iter().for_each(|mark| put(&mut model, "embed", token, *mark, ONE));
    }
    for (tensor, row, mark, weight) in READERS {
        fill(&mut model, tensor, row, 0);
        put(&mut model, tensor, row, mark, weight);
    }
    fill(&mut model, "embed", OVERFLOWING as usize, GREAT);
    for at in MARKS..64 {
        let sign = if at % 2 == 0 { 0 } else { 1 << 31 };
        put(&mut model, "embed", FULL as usize, at, FULL_ENTRY | sign);
    }
    model
}

/// Sets an entry of a tensor.
fn put(model: &mut Model, name: &str, row: usize, column: usize, single: u32) {
    let tensors = &model.checked.program().tensors;
    let tensor = tensors.iter().find(|tensor| tensor.name == name).unwrap();
    let start = usize::try_from(tensor.location.offset).unwrap();
    let at = start + row * usize::try_from(tensor.row_bytes()).unwrap() + 4 * column;
    model.file[at..at + 4].copy_from_slice(&single.to_le_bytes());
}

/// Sets all entries of a row.
fn fill(model: &mut Model, name: &str, row: usize, single: u32) {
    let tensors = &model.checked.program().tensors;
    let tensor = tensors.iter().find(|tensor| tensor.name == name).unwrap();
    let columns = tensor.columns as usize;
    (0..columns).for_each(|column| put(model, name, row, column, single));
}

/// What the interpreter says of a text.
struct Expected {
    fault: Option<Fault>,
    /// What stands before the fault.
    run: Run,
    /// The logits of a token with which the text goes on there instead.
    next: Vec<i32>,
}

/// A token that faults nowhere.
const NEXT: u32 = 3;

fn expected(weights: &reference::Weights<'_>, text: &[u32]) -> Expected {
    let fault = match reference::run_reference(weights, text, false) {
        Ok(_) => None,
        Err(RunError::Fault(fault)) => Some(fault),
        Err(error) => panic!("{error}"),
    };
    let mut other = text.to_vec();
    other.truncate(fault.map_or(text.len(), |fault| fault.position as usize));
    other.push(NEXT);
    let mut run = reference::run_reference(weights, &other, true).unwrap();
    run.boundaries.pop();
    let next = run.logits.pop().unwrap();
    Expected { fault, run, next }
}

fn feed<'a>(sequence: &'a mut Sequence, tokens: &'a [u32]) -> Feed<'a> {
    Feed { sequence, tokens, wanted: Wanted::All, boundaries: true }
}

fn check(outcome: &Outcome, sequence: &Sequence, want: &Expected, case: &str) {
    assert_eq!(outcome.fault, want.fault, "{case}");
    assert_eq!(sequence.length(), want.run.logits.len(), "{case}");
    assert!(outcome.logits == want.run.logits, "logits before, {case}");
    assert!(outcome.boundaries == want.run.boundaries, "boundaries before, {case}");
}

/// Feeds a text in chunks up to its fault.
fn in_chunks(engine: &mut Engine, text: &[u32], chunk: usize) -> (Outcome, Sequence) {
    let mut sequence = engine.sequence();
    let mut all = Outcome { logits: Vec::new(), row: None, boundaries: Vec::new(), fault: None };
    for tokens in text.chunks(chunk) {
        let outcome = engine.forward(&mut [feed(&mut sequence, tokens)]).unwrap().remove(0);
        all.logits.extend(outcome.logits);
        all.boundaries.extend(outcome.boundaries);
        all.fault = outcome.fault;
        if all.fault.is_some() {
            break;
        }
    }
    (all, sequence)
}

/// The kind of op that a fault names.
fn kind(model: &Model, fault: Fault) -> String {
    let site = model.checked.sites().nth(fault.op.0 as usize).unwrap();
    let said = format!("{:?}", site.op);
    said.split('(').next().unwrap().to_owned()
}

/// Every two of the marked tokens in one text, the later one by a lesser op, the same or a greater one.
#[test]
fn of_two_faults_of_a_text_the_least_is_told() {
    let model = faulty();
    let weights = reference::Weights::load(&model.checked, &[&model.file]).unwrap();
    let order = OpOrder::new(&model, &weights);
    let mut engines: Vec<(String, usize, Engine)> = Vec::new();
    for kernels in sets() {
        for (threads, chunk) in [(1, 100), (2, 7), (3, 100), (1, 1)] {
            let case = format!("{} {threads} {chunk}", kernels.set().name());
            engines.push((case, chunk, model.engine(kernels.set(), threads)));
        }
    }
    let plain = tokens(50, 5, PLAIN);
    let mut kinds = BTreeSet::new();
    let mut crossed = 0;
    for first in PLAIN..=FULL {
        for second in PLAIN..=FULL {
            let mut text = plain.clone();
            (text[11], text[38]) = (first, second);
            let want = expected(&weights, &text);
            kinds.extend(want.fault.map(|fault| kind(&model, fault)));
            crossed += usize::from(order.crossed(first, second));
            for (name, chunk, engine) in &mut engines {
                let case = format!("{name}: {first} then {second}");
                let (outcome, mut sequence) = in_chunks(engine, &text, *chunk);
                check(&outcome, &sequence, &want, &case);
                // What a fault left can be gone on with.
                let outcome =
                    engine.forward(&mut [feed(&mut sequence, &[NEXT])]).unwrap().remove(0);
                assert!(outcome.logits == [want.next.as_slice()], "after the fault, {case}");
            }
        }
    }
    let all = ["Add", "Attention", "Embed", "Logits", "Matmul", "SiluGate"].map(str::to_owned);
    assert_eq!(kinds, BTreeSet::from(all));
    assert!(crossed > 10, "{crossed} texts whose later fault is by a lesser op");
}

/// Which op each marked token faults by, alone.
struct OpOrder(BTreeMap<u32, Option<Fault>>);

impl OpOrder {
    fn new(model: &Model, weights: &reference::Weights<'_>) -> Self {
        let alone = |token| (token, expected(weights, &[token]).fault);
        let order = Self((PLAIN..=FULL).map(alone).collect());
        // Two of them fault only with another.
        let ops: BTreeSet<_> = order.0.values().flatten().map(|fault| fault.op).collect();
        let kinds: Vec<_> =
            order.0.values().map(|fault| fault.map(|fault| kind(model, fault))).collect();
        assert!(ops.len() == 6, "{kinds:?}");
        order
    }

    /// Whether the second faults by a lesser op than the first.
    fn crossed(&self, first: u32, second: u32) -> bool {
        let op = |token| self.0[&token].map(|fault| fault.op);
        op(first).zip(op(second)).is_some_and(|(first, second)| second < first)
    }
}

/// Many short texts in one pass, long enough for bands of rows: each faults where it does alone, and no other does.
#[test]
fn in_a_batch_each_text_faults_where_it_does_alone() {
    let model = faulty();
    let weights = reference::Weights::load(&model.checked, &[&model.file]).unwrap();
    let mut draws = tokens(600, 11, 1 << 16).into_iter();
    let mut next = |n: u32| draws.next().unwrap() % n;
    let texts: Vec<Vec<u32>> = (0..110)
        .map(|_| {
            let mut text = tokens(1 + next(4) as usize, next(8), PLAIN);
            match next(3) {
                0 => text.push(PLAIN + next(9)),
                1 => text.extend([KEY, QUERY]),
                _ => {}
            }
            text
        })
        .collect();
    let want: Vec<Expected> = texts.iter().map(|text| expected(&weights, text)).collect();
    let faults: Vec<Fault> = want.iter().filter_map(|want| want.fault).collect();
    let attention = faults.iter().filter(|fault| kind(&model, **fault) == "Attention").count();
    assert!(attention > 10 && faults.len() > attention + 10 && faults.len() < texts.len() - 10);
    for kernels in sets() {
        for threads in [1, 2, 3, 5] {
            let mut engine = model.engine(kernels.set(), threads);
            let mut sequences: Vec<Sequence> = texts.iter().map(|_| engine.sequence()).collect();
            let mut feeds: Vec<Feed<'_>> = sequences
                .iter_mut()
                .zip(&texts)
                .map(|(sequence, text)| feed(sequence, text))
                .collect();
            let outcomes = engine.forward(&mut feeds).unwrap();
            for (((outcome, sequence), want), text) in
                outcomes.iter().zip(&sequences).zip(&want).zip(&texts)
            {
                let case = format!("{} {threads}: {text:?}", kernels.set().name());
                check(outcome, sequence, want, &case);
            }
        }
    }
}
