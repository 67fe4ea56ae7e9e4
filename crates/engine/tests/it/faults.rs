//! Refused feeds leave everything as it was; a fault is the least one of the ops that stand.

use canon::{Format, KernelSet};
use engine::{Fault, Feed, FeedError, Outcome, Wanted};
use program::reference;
use program::tiny::Shape;

use crate::equality::Model;

#[test]
fn feeds_that_make_no_sense_are_refused() {
    let shape = Shape::default();
    let mut engine = Model::new(&shape).engine(KernelSet::best(), 1);
    let mut sequence = engine.sequence();
    let mut try_feed = |tokens: &[u32]| {
        let feed =
            Feed { sequence: &mut sequence, tokens, wanted: Wanted::Last, boundaries: false };
        engine.forward(&mut [feed]).map(|outcomes| outcomes[0].logits.len())
    };
    let vocabulary = shape.vocabulary;
    let refused = try_feed(&[0, vocabulary]);
    assert_eq!(refused, Err(FeedError::Token { token: vocabulary, vocabulary }));
    let context_max = usize::try_from(shape.context_max).unwrap();
    let refused = try_feed(&vec![0; context_max + 1]);
    assert_eq!(refused, Err(FeedError::Context { length: context_max + 1, context_max }));
    assert_eq!(try_feed(&[]), Ok(0));
    assert_eq!(try_feed(&[1, 2, 3]), Ok(1));
}

/// A model whose logits overflow at every position.
fn with_great_logits() -> Model {
    let mut model = Model::new(&Shape { format: Format::F32, tied: false, ..Shape::default() });
    let tensors = &model.checked.program().tensors;
    let output = tensors.iter().find(|tensor| tensor.name == "output").unwrap();
    let start = usize::try_from(output.location.offset).unwrap();
    let row = usize::try_from(output.row_bytes()).unwrap();
    // 1e8 as a binary32, with both signs in turn.
    for (i, entry) in model.file[start..start + row].chunks_exact_mut(4).enumerate() {
        let sign = u32::try_from(i % 2).unwrap() << 31;
        entry.copy_from_slice(&(0x4cbe_bc20 | sign).to_le_bytes());
    }
    model
}

fn feed_in_chunks(model: &Model, wanted: Wanted, chunk: usize) -> (Outcome, usize) {
    let mut engine = model.engine(KernelSet::best(), 1);
    let mut sequence = engine.sequence();
    let tokens = [1, 2, 3, 4, 5];
    let mut outcome =
        Outcome { logits: Vec::new(), row: None, boundaries: Vec::new(), fault: None };
    for (i, tokens) in tokens.chunks(chunk).enumerate() {
        let last = (i + 1) * chunk >= 5;
        let of_last = matches!(wanted, Wanted::Last | Wanted::Row);
        let wanted = if of_last && !last { Wanted::Nothing } else { wanted };
        let feed = Feed { sequence: &mut sequence, tokens, wanted, boundaries: false };
        outcome = engine.forward(&mut [feed]).unwrap().remove(0);
        if outcome.fault.is_some() {
            break;
        }
    }
    (outcome, sequence.length())
}

/// The epilogue's ops stand only where a token is drawn, so a prompt's logits can't fault before.
#[test]
fn an_epilogue_faults_only_where_a_token_is_drawn() {
    let model = with_great_logits();
    for chunk in [1, 2, 5] {
        let fault = |wanted| {
            let (outcome, held) = feed_in_chunks(&model, wanted, chunk);
            (outcome.fault.map(|Fault { position, .. }| position), held, outcome.logits.len())
        };
        assert_eq!(fault(Wanted::Nothing), (None, 5, 0), "chunk {chunk}");
        assert_eq!(fault(Wanted::Last), (Some(4), 4, 0), "chunk {chunk}");
        // No logits stand behind a row that is wanted for itself.
        assert_eq!(fault(Wanted::Row), (None, 5, 0), "chunk {chunk}");
        assert_eq!(fault(Wanted::All), (Some(0), 0, 0), "chunk {chunk}");
    }
}

#[test]
fn a_sequence_of_another_engine_is_refused() {
    let model = Model::new(&Shape::default());
    let mut sequence = model.engine(KernelSet::best(), 1).sequence();
    let feed =
        Feed { sequence: &mut sequence, tokens: &[1], wanted: Wanted::Last, boundaries: false };
    assert_eq!(model.engine(KernelSet::best(), 1).forward(&mut [feed]), Err(FeedError::Foreign));
}

/// A model two of whose experts make outputs beyond the limit, of most rows.
fn with_great_experts() -> Model {
    let shape = Shape { format: Format::F32, experts: 4, layers: 1, ..Shape::default() };
    let mut model = Model::new(&shape);
    let tensors = &model.checked.program().tensors;
    let up = tensors.iter().find(|tensor| tensor.name == "layer.0.up").unwrap();
    let start = usize::try_from(up.location.offset).unwrap();
    let half = usize::try_from(up.bytes() / 2).unwrap();
    // 1e8 as a binary32.
    for entry in model.file[start..start + half].chunks_exact_mut(4) {
        entry.copy_from_slice(&0x4cbe_bc20_u32.to_le_bytes());
    }
    model
}

/// Only rows that chose a great expert fault, by the op at which the interpreter does.
#[test]
fn an_expert_faults_for_the_rows_that_chose_it() {
    let model = with_great_experts();
    let weights = reference::Weights::load(&model.checked, &[&model.file]).unwrap();
    for set in KernelSet::ALL.into_iter().filter(|set| set.available()) {
        let mut engine = model.engine(set, 2);
        let mut sequences: Vec<_> = (0..50).map(|_| engine.sequence()).collect();
        let tokens: Vec<[u32; 1]> = (0..50).map(|token| [token]).collect();
        let feed =
            |(sequence, tokens)| Feed { sequence, tokens, wanted: Wanted::All, boundaries: false };
        let mut feeds: Vec<_> =
            sequences.iter_mut().zip(tokens.iter().map(|token| &token[..])).map(feed).collect();
        let outcomes = engine.forward(&mut feeds).unwrap();
        let mut faults = 0;
        for (token, outcome) in tokens.iter().zip(outcomes) {
            match reference::run_reference(&weights, token, false) {
                Ok(run) => assert_eq!((outcome.fault, outcome.logits), (None, run.logits)),
                Err(reference::RunError::Fault(fault)) => {
                    assert_eq!(outcome.fault, Some(fault), "{token:?}");
                    faults += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert!((1..50).contains(&faults), "{faults} faults");
    }
}
