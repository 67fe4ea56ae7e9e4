//! Rows of mixtures of experts in company: whoever else sends a row to the same expert changes no bit.

use std::slice::from_ref;

use canon::KernelSet;
use engine::{Engine, Feed, Sequence, Wanted};
use import::gguf::tiny::{Family, TinyModel};

use crate::fixture::{Tiny, tokens};

/// Sequences that are answered together.
const TOGETHER: usize = 32;

fn mixtures() -> [(&'static str, TinyModel); 2] {
    let mixtral = TinyModel { experts: 4, experts_used: 2, ..TinyModel::of(Family::Llama, 17) };
    // Half of many: rows that chose an expert for different slots meet.
    let many = TinyModel {
        experts: 24,
        experts_used: 12,
        feed_forward: 32,
        ..TinyModel::of(Family::Qwen3Moe, 17)
    };
    [("mixtral", mixtral), ("many of many", many)]
}

/// Prompts of different lengths, as it happens.
fn prompt(index: usize) -> Vec<u32> {
    tokens(1 + index % 7 * 11, u32::try_from(index).unwrap())
}

/// The logits of the last position of each prompt, and of two more tokens.
fn answers(engine: &mut Engine, prompts: &[Vec<u32>]) -> Vec<Vec<Vec<i32>>> {
    let mut sequences: Vec<Sequence> = prompts.iter().map(|_| engine.sequence()).collect();
    let mut found = vec![Vec::new(); prompts.len()];
    let (mut first, [second, third]) = (prompts.to_vec(), [[7], [90]]);
    for step in 0..3 {
        let mut feeds: Vec<Feed<'_>> = Vec::new();
        for (sequence, prompt) in sequences.iter_mut().zip(&mut first) {
            let tokens = match step {
                0 => prompt.as_slice(),
                1 => &second,
                _ => &third,
            };
            feeds.push(Feed { sequence, tokens, wanted: Wanted::Last, boundaries: false });
        }
        for (found, outcome) in found.iter_mut().zip(engine.forward(&mut feeds).unwrap()) {
            assert_eq!(outcome.fault, None);
            found.extend(outcome.logits);
        }
    }
    found
}

#[test]
fn a_row_alone_or_among_31_others() {
    for (name, model) in mixtures() {
        let tiny = Tiny::of(model.write());
        let prompts: Vec<Vec<u32>> = (0..TOGETHER).map(prompt).collect();
        let engine = |threads| tiny.engine(KernelSet::best(), threads);
        let alone = |prompt: &Vec<u32>| answers(&mut engine(1), from_ref(prompt)).remove(0);
        let wanted: Vec<Vec<Vec<i32>>> = prompts.iter().map(alone).collect();
        assert!(wanted.iter().all(|rows| rows.len() == 3));
        for threads in [1, 2, 3, 5] {
            assert!(answers(&mut engine(threads), &prompts) == wanted, "{name}, {threads} threads");
        }
        // Fewer rows than threads.
        let few = answers(&mut engine(5), &prompts[..2]);
        assert!(few == wanted[..2], "{name}, two");
    }
}

/// Rows of one token choose as they do alone, whatever kernels multiply.
#[test]
fn kernels_do_not_matter_to_experts() {
    for (name, model) in mixtures() {
        let tiny = Tiny::of(model.write());
        let tokens = tokens(70, 3);
        let wanted = tiny.logits_by(KernelSet::Portable, &tokens);
        for set in crate::fixture::sets() {
            assert!(tiny.logits_by(set, &tokens) == wanted, "{name} {}", set.name());
        }
    }
}
