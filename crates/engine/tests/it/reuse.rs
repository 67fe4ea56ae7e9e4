//! What outlives a pass changes nothing in the next: rows, scratch and pages of earlier ones, faults among them. And
//! what a damaged cache says is refused, not believed.

use std::sync::Arc;

use canon::{Format, KernelSet, Kernels};
use engine::{Engine, Fault, Feed, RestoreError, Sequence, Wanted, Weights};
use program::Checked;
use program::reference::Run;
use program::tiny::Shape;

use crate::equality::{Model, tokens};

/// A small generator: the same passes on every machine.
struct Seed(u64);

impl Seed {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// Texts that begin alike, so that one sequence can go on as another.
const COMMON: usize = 40;
const LENGTH: usize = 130;

fn texts(vocabulary: u32) -> Vec<Vec<u32>> {
    let common = tokens(COMMON, 9, vocabulary);
    let rest = |seed| tokens(LENGTH - COMMON, seed, vocabulary);
    (1..4).map(|seed| [common.clone(), rest(seed)].concat()).collect()
}

/// Feeds several sequences in passes of any size, now and then going back to what they have in common; every row of
/// logits, and every row that they are made of, must be the interpreter's.
fn check_passes(engine: &mut Engine, texts: &[Vec<u32>], want: &[Run], seed: &mut Seed) {
    let mut held: Vec<(Sequence, usize)> =
        (0..texts.len()).map(|text| (engine.sequence(), text)).collect();
    for _ in 0..40 {
        if seed.below(3) == 0 {
            let (from, to) = (seed.below(held.len()), seed.below(held.len()));
            let cut = seed.below(COMMON.min(held[from].0.length()) + 1);
            held[to] = (held[from].0.prefix(cut), seed.below(texts.len()));
        }
        let mut feeds = Vec::new();
        let mut places = Vec::new();
        for (sequence, text) in &mut held {
            let start = sequence.length();
            let most = if seed.below(4) == 0 { 60 } else { 5 };
            let end = LENGTH.min(start + seed.below(most));
            let wanted = [Wanted::All, Wanted::Last, Wanted::Nothing, Wanted::Row][seed.below(4)];
            places.push((*text, start..end, wanted));
            let tokens = &texts[*text][start..end];
            feeds.push(Feed { sequence, tokens, wanted, boundaries: false });
        }
        let outcomes = engine.forward(&mut feeds).unwrap();
        for (mut outcome, (text, place, wanted)) in outcomes.into_iter().zip(places) {
            let last = place.end.saturating_sub(1).max(place.start)..place.end;
            let (logits, row) = match wanted {
                Wanted::All => (place, None),
                Wanted::Last => (last, None),
                Wanted::Nothing => (0..0, None),
                Wanted::Row => (0..0, want[text].rows[last].first()),
            };
            assert!(outcome.logits == want[text].logits[logits] && outcome.fault.is_none());
            assert_eq!(outcome.row.as_ref(), row);
            if seed.below(2) == 0 {
                // Whatever is in the memory that is given back.
                for row in &mut outcome.logits {
                    row.iter_mut().for_each(|logit| *logit = !*logit);
                    row.truncate(seed.below(row.len() + 1));
                }
                engine.take_back(outcome.logits);
            }
        }
    }
}

#[test]
fn an_engine_used_again_equals_the_interpreter() {
    for shape in [
        Shape { window: 20, ..Shape::default() },
        Shape { format: Format::Q4_1, hadamard: true, bias: true, ..Shape::default() },
    ] {
        let model = Model::new(&shape);
        let texts = texts(shape.vocabulary);
        let want: Vec<_> = texts.iter().map(|text| model.expected(text)).collect();
        let mut seed = Seed(1);
        for set in KernelSet::ALL.into_iter().filter(|set| set.available()) {
            for threads in [1, 2] {
                check_passes(&mut model.engine(set, threads), &texts, &want, &mut seed);
            }
        }
    }
}

/// A model whose embedding of one token overflows.
fn with_a_great_token(token: u32) -> Model {
    let mut model = Model::new(&Shape { format: Format::F32, tied: false, ..Shape::default() });
    let tensors = &model.checked.program().tensors;
    let table = tensors.iter().find(|tensor| tensor.name == "embed").unwrap();
    let row = usize::try_from(table.row_bytes()).unwrap();
    let start = usize::try_from(table.location.offset).unwrap() + token as usize * row;
    // 1e8 as a binary32.
    let great = 0x4cbe_bc20_u32.to_le_bytes();
    model.file[start..start + row].copy_from_slice(&great.repeat(row / 4));
    model
}

fn all<'a>(sequence: &'a mut Sequence, tokens: &'a [u32]) -> Feed<'a> {
    Feed { sequence, tokens, wanted: Wanted::All, boundaries: false }
}

#[test]
fn a_fault_of_one_leaves_the_others_and_the_next() {
    let model = with_a_great_token(5);
    let want = model.expected(&[1, 2, 3]).logits;
    for set in KernelSet::ALL.into_iter().filter(|set| set.available()) {
        let mut engine = model.engine(set, 2);
        let (mut sound, mut faulty) = (engine.sequence(), engine.sequence());
        for _ in 0..2 {
            let feeds = &mut [all(&mut faulty, &[1, 5, 3]), all(&mut sound, &[1, 2, 3])];
            let outcomes = engine.forward(feeds).unwrap();
            assert!(matches!(outcomes[0].fault, Some(Fault { position: 1, .. })));
            assert_eq!(outcomes[0].logits, want[..1]);
            assert!(outcomes[1].fault.is_none() && outcomes[1].logits == want);
            let outcomes = engine.forward(&mut [all(&mut faulty, &[2, 3])]).unwrap();
            assert!(outcomes[0].fault.is_none() && outcomes[0].logits == want[1..]);
            sound.truncate(0);
            faulty.truncate(0);
        }
    }
}

fn restore(checked: &Checked, saved: &[u8]) -> Result<Weights, RestoreError<&'static str>> {
    let mut rest = saved;
    Weights::restore(checked, |out: &mut [u8]| {
        let (now, later) = rest.split_at_checked(out.len()).ok_or("too short")?;
        out.copy_from_slice(now);
        rest = later;
        Ok(())
    })
}

/// The start and length of each header of a cache, as far as the cache says so.
fn headers(model: &Model, saved: &[u8]) -> Vec<(usize, usize)> {
    let length = |at: usize| u64::from_le_bytes(saved[at..at + 8].try_into().unwrap());
    let mut found = Vec::new();
    let mut at = 0;
    for tensor in &model.checked.program().tensors {
        let header = usize::try_from(length(at)).unwrap();
        found.push((at + 8, header));
        at += 8 + header;
        if let (rows, true) = (tensor.rows as usize, tensor.rows > 1) {
            let packed = canon::PackedMatrix::from_header(
                tensor.format,
                rows,
                tensor.columns as usize,
                &saved[at - header..at],
                &mut canon::Slab::default(),
            );
            at += packed.unwrap().body().iter().map(|body| body.len()).sum::<usize>();
        }
    }
    assert_eq!(at, saved.len());
    found
}

#[test]
fn a_damaged_cache_is_refused() {
    let model = Model::new(&Shape { bias: true, format: Format::Q4_1, ..Shape::default() });
    let mut saved = Vec::new();
    let save = |bytes: &[u8]| {
        saved.extend_from_slice(bytes);
        Ok::<_, std::convert::Infallible>(())
    };
    model.weights().save(save).unwrap();
    assert!(restore(&model.checked, &saved).is_ok());
    assert!(matches!(
        restore(&model.checked, &saved[..saved.len() - 1]),
        Err(RestoreError::Read(_))
    ));
    for (start, length) in headers(&model, &saved) {
        // A header that is four bytes short or long, whole otherwise.
        let mut short = saved.clone();
        short.drain(start + length - 4..start + length);
        short[start - 8..start].copy_from_slice(&(length as u64 - 4).to_le_bytes());
        assert!(restore(&model.checked, &short).is_err(), "short header at {start}");
        let mut long = saved.clone();
        long.splice(start + length..start + length, [0; 4]);
        long[start - 8..start].copy_from_slice(&(length as u64 + 4).to_le_bytes());
        assert!(restore(&model.checked, &long).is_err(), "long header at {start}");
        // Whatever stands in a header: refused, or weights with which nothing panics.
        for at in start..start + length.min(40) {
            let mut wrong = saved.clone();
            wrong[at] ^= 0x41;
            let Ok(weights) = restore(&model.checked, &wrong) else { continue };
            let kernels = Kernels::of(KernelSet::best()).unwrap();
            let Ok(mut engine) = Engine::new(&model.checked, Arc::new(weights), kernels, 1) else {
                continue;
            };
            let mut sequence = engine.sequence();
            let feed = Feed {
                sequence: &mut sequence,
                tokens: &[1],
                wanted: Wanted::Last,
                boundaries: false,
            };
            engine.forward(&mut [feed]).unwrap();
        }
    }
}
