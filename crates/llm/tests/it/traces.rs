//! What an engine gives at layers' boundaries is what the plain interpreter makes there, on every kernel set and in
//! chunks of any size; a record of it has every op of the whole run.

use engine::{Boundary, Fault, FeedError};
use import::gguf::tiny::Family;
use program::OpIndex;
use program::record::Record;
use program::reference::Weights;

use crate::fixture::{Tiny, faulty, sets, tokens};

type Traced = (Vec<Vec<Boundary>>, Option<Fault>);

/// The same from every kernel set, with any chunks and threads.
fn traced(tiny: &Tiny, tokens: &[u32]) -> Traced {
    let mut all: Vec<Traced> = Vec::new();
    for set in sets() {
        for (threads, chunk) in [(1, 512), (2, 64), (1, 7), (1, 1)] {
            let mut boundaries = Vec::new();
            let mut runner = tiny.runner(set, threads, chunk);
            let fault = runner.trace(tokens, &mut |at| boundaries.push(at)).unwrap();
            all.push((boundaries, fault));
        }
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "not the same from all");
    all.swap_remove(0)
}

fn same_record(tiny: &Tiny, tokens: &[u32], prompt: u32) -> Option<Fault> {
    let checked = &tiny.model.program;
    let weights = Weights::load(checked, &[&tiny.bytes]).unwrap();
    let whole = Record::until(&weights, tokens, prompt, &mut |_, _, made| made).unwrap();
    let (boundaries, fault) = traced(tiny, tokens);
    let record = Record::of_boundaries(&weights, tokens, prompt, boundaries, fault).unwrap();
    assert_eq!(record.fault(), whole.fault());
    let ops = u32::try_from(checked.sites().count()).unwrap();
    let mut standing = 0;
    for position in 0..u32::try_from(tokens.len()).unwrap() {
        for op in (0..ops).map(OpIndex) {
            let made = record.cell(position, op);
            assert!(made == whole.cell(position, op), "op {} at position {position}", op.0);
            standing += u32::from(made.is_some());
        }
    }
    assert!(standing > ops, "{standing} of {ops}");
    fault
}

#[test]
fn a_record_of_boundaries_is_the_whole_run() {
    for family in [Family::Llama, Family::Qwen2] {
        let tokens = tokens(70, 3);
        assert_eq!(same_record(&Tiny::new(family), &tokens, 69), None);
    }
}

#[test]
fn a_trace_ends_in_the_fault_of_the_run() {
    let mut tokens = tokens(20, 5);
    tokens[13] = 287;
    let fault = same_record(&faulty(287), &tokens, 20).expect("token 287 overflows");
    assert_eq!(fault.position, 13);
}

#[test]
fn what_is_no_token_is_refused() {
    let tiny = Tiny::new(Family::Llama);
    let refused = tiny.any().trace(&[1, u32::MAX], &mut |_| panic!("nothing was run"));
    assert!(matches!(refused, Err(FeedError::Token { token: u32::MAX, .. })), "{refused:?}");
}
