//! The engine against the plain interpreter, over every axis that must not matter.

use std::sync::Arc;

use canon::{Format, KernelSet, Kernels};
use commit::{Blind, Network, Salts};
use engine::{Boundary, Engine, Feed, Outcome, Sequence, Wanted, Weights};
use program::Checked;
use program::answer_log::AnswerLog;
use program::reference::{self, Run};
use program::tiny::Shape;
use program::trace::Committer;

/// Every set that this machine can run. It says which they are, so that whoever runs the tests elsewhere sees it.
pub(crate) fn sets() -> Vec<Kernels> {
    let sets: Vec<Kernels> = KernelSet::ALL.into_iter().filter_map(Kernels::of).collect();
    sets.iter().for_each(|kernels| println!("kernels: {}", kernels.set().name()));
    sets
}

pub(crate) struct Model {
    pub(crate) checked: Checked,
    pub(crate) file: Vec<u8>,
}

impl Model {
    pub(crate) fn new(shape: &Shape) -> Self {
        Self { checked: Checked::new(shape.program()).unwrap(), file: shape.weights() }
    }

    pub(crate) fn weights(&self) -> Arc<Weights> {
        let weights = Weights::load(&self.checked, |tensor| {
            let start = usize::try_from(tensor.location.offset).unwrap();
            let bytes = usize::try_from(tensor.bytes()).unwrap();
            Ok::<_, std::convert::Infallible>(self.file[start..start + bytes].to_vec())
        });
        Arc::new(weights.unwrap())
    }

    pub(crate) fn engine(&self, set: KernelSet, threads: usize) -> Engine {
        let kernels = Kernels::of(set).unwrap();
        Engine::new(&self.checked, self.weights(), kernels, threads).unwrap()
    }

    pub(crate) fn expected(&self, tokens: &[u32]) -> Run {
        let weights = reference::Weights::load(&self.checked, &[&self.file]).unwrap();
        reference::run_reference(&weights, tokens, true).unwrap()
    }
}

pub(crate) fn tokens(count: usize, seed: u32, vocabulary: u32) -> Vec<u32> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % vocabulary
    };
    (0..count).map(next).collect()
}

fn feed<'a>(sequence: &'a mut Sequence, tokens: &'a [u32], boundaries: bool) -> Feed<'a> {
    Feed { sequence, tokens, wanted: Wanted::All, boundaries }
}

/// Feeds a sequence in chunks and collects everything.
fn run(engine: &mut Engine, tokens: &[u32], chunk: usize) -> (Outcome, Sequence) {
    let mut sequence = engine.sequence();
    let mut all = Outcome { logits: Vec::new(), row: None, boundaries: Vec::new(), fault: None };
    for chunk in tokens.chunks(chunk) {
        let outcomes = engine.forward(&mut [feed(&mut sequence, chunk, true)]).unwrap();
        for outcome in outcomes {
            all.logits.extend(outcome.logits);
            all.boundaries.extend(outcome.boundaries);
            assert_eq!(outcome.fault, None);
        }
    }
    (all, sequence)
}

/// What the last token's logits would be made of.
fn last_row(engine: &mut Engine, tokens: &[u32], chunk: usize) -> Option<Vec<i32>> {
    let (mut sequence, mut row) = (engine.sequence(), None);
    for tokens in tokens.chunks(chunk) {
        let wanted = Wanted::Row;
        let feed = Feed { sequence: &mut sequence, tokens, wanted, boundaries: false };
        let outcome = engine.forward(&mut [feed]).unwrap().remove(0);
        assert!(outcome.logits.is_empty() && outcome.fault.is_none());
        row = outcome.row;
    }
    row
}

fn check(name: &str, shape: &Shape, lengths: &[usize]) {
    let model = Model::new(shape);
    for length in lengths {
        let tokens = tokens(*length, 7, shape.vocabulary);
        let want = model.expected(&tokens);
        for set in KernelSet::ALL.into_iter().filter(|set| set.available()) {
            for (threads, chunk) in [(1, usize::MAX), (3, usize::MAX), (2, 1), (1, 7), (2, 64)] {
                let (got, sequence) = run(&mut model.engine(set, threads), &tokens, chunk);
                let case = format!("{name} {} {threads} {chunk}", set.name());
                assert_eq!(got.logits, want.logits, "{case}");
                let row = last_row(&mut model.engine(set, threads), &tokens, chunk);
                assert_eq!(row.as_ref(), want.rows.last(), "{case}");
                check_boundaries(&got, &sequence, &want, &case);
            }
        }
    }
}

fn check_boundaries(got: &Outcome, sequence: &Sequence, want: &Run, case: &str) {
    assert_eq!(got.boundaries, want.boundaries, "{case}");
    for (position, want) in want.boundaries.iter().enumerate() {
        let layers = want.iter().filter(|boundary| !boundary.kv.is_empty());
        for (got, want) in sequence.rows(position).iter().zip(layers) {
            assert_eq!(got.len(), want.kv.len());
            for ((key, value), want) in got.iter().zip(&want.kv) {
                assert!(*key == want.key && *value == want.value, "{case} rows of {position}");
            }
        }
    }
}

#[test]
fn every_variant_equals_the_interpreter() {
    for (name, shape) in Shape::variants() {
        let lengths: &[usize] = if shape.width > 512 { &[9] } else { &[1, 20] };
        check(name, &shape, lengths);
    }
}

/// What a worker first commits to in a dispute can be made as it answers.
#[test]
fn an_answers_log_is_the_interpreters() {
    for (name, shape) in Shape::variants() {
        let model = Model::new(&shape);
        let tokens = tokens(9, 3, shape.vocabulary);
        let log = |positions: &[Vec<Boundary>]| {
            let salts = Salts { network: Network([1; 32]), blind: Blind([2; 32]) };
            let mut log = AnswerLog::new(&model.checked, Committer(salts));
            positions.iter().for_each(|boundaries| log.push(boundaries).unwrap());
            log.root().unwrap()
        };
        let want = log(&model.expected(&tokens).boundaries);
        let (got, _) = run(&mut model.engine(KernelSet::best(), 2), &tokens, 4);
        assert_eq!(log(&got.boundaries), want, "{name}");
    }
}

#[test]
fn several_pages_equal_the_interpreter() {
    check("pages", &Shape { context_max: 256, ..Shape::default() }, &[150]);
}

#[test]
fn every_format_equals_the_interpreter() {
    // Those of gains alone are no format of a matrix; `Shape::variants` has one.
    let gains = [Format::F32LessOne, Format::F16LessOne, Format::Bf16LessOne];
    for format in Format::ALL.into_iter().filter(|format| !gains.contains(format)) {
        let shape = match format.span() {
            canon::BLOCK => Shape { format, ..Shape::default() },
            _ => Shape::of_super_blocks(format),
        };
        check(format.name(), &shape, &[13]);
    }
}

#[test]
fn alone_or_among_others() {
    let shape = Shape::default();
    let model = Model::new(&shape);
    let prompts: Vec<Vec<u32>> =
        (0..8).map(|i| tokens(3 + 5 * i, u32::try_from(i).unwrap(), shape.vocabulary)).collect();
    let want: Vec<Run> = prompts.iter().map(|prompt| model.expected(prompt)).collect();
    for threads in [1, 3] {
        let mut engine = model.engine(KernelSet::best(), threads);
        let mut sequences: Vec<Sequence> = prompts.iter().map(|_| engine.sequence()).collect();
        let mut logits: Vec<Vec<Vec<i32>>> = vec![Vec::new(); prompts.len()];
        for step in 0..5 {
            let cut = |prompt: &[u32], step: usize| (prompt.len() * step).div_ceil(5);
            let pieces = prompts.iter().map(|p| &p[cut(p, step)..cut(p, step + 1)]);
            let mut feeds: Vec<Feed<'_>> =
                sequences.iter_mut().zip(pieces).map(|(s, piece)| feed(s, piece, false)).collect();
            let outcomes = engine.forward(&mut feeds).unwrap();
            outcomes.into_iter().zip(&mut logits).for_each(|(o, all)| all.extend(o.logits));
        }
        for (got, want) in logits.iter().zip(&want) {
            assert_eq!(got, &want.logits);
        }
    }
}

#[test]
fn a_shared_prefix_changes_nothing() {
    let shape = Shape { context_max: 256, ..Shape::default() };
    let model = Model::new(&shape);
    let tokens = tokens(100, 3, shape.vocabulary);
    let mut engine = model.engine(KernelSet::best(), 2);
    let (_, whole) = run(&mut engine, &tokens, 33);
    for cut in [1, 63, 64, 65, 99] {
        let mut other = tokens[..cut].to_vec();
        other.extend([5, 6, 7]);
        let want = model.expected(&other);
        let mut prefix = whole.prefix(cut);
        let outcomes = engine.forward(&mut [feed(&mut prefix, &other[cut..], false)]).unwrap();
        assert_eq!(outcomes[0].logits, want.logits[cut..]);
    }
    let mut again = whole.prefix(99);
    let outcomes = engine.forward(&mut [feed(&mut again, &tokens[99..], false)]).unwrap();
    assert_eq!(outcomes[0].logits, model.expected(&tokens).logits[99..]);
}

#[test]
fn a_cache_restores_the_same_weights() {
    let shape = Shape { bias: true, ..Shape::default() };
    let model = Model::new(&shape);
    let mut saved = Vec::new();
    let save = |bytes: &[u8]| {
        saved.extend_from_slice(bytes);
        Ok::<_, std::convert::Infallible>(())
    };
    model.weights().save(save).unwrap();
    let mut rest = saved.as_slice();
    let restored = Weights::restore(&model.checked, |out: &mut [u8]| {
        let (now, later) = rest.split_at_checked(out.len()).ok_or("too short")?;
        out.copy_from_slice(now);
        rest = later;
        Ok::<_, &str>(())
    });
    let kernels = Kernels::of(KernelSet::best()).unwrap();
    let mut engine = Engine::new(&model.checked, Arc::new(restored.unwrap()), kernels, 1).unwrap();
    let tokens = tokens(9, 1, shape.vocabulary);
    assert_eq!(run(&mut engine, &tokens, 4).0.logits, model.expected(&tokens).logits);
}
