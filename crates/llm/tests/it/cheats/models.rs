//! Workers that compute something else than the published model.

use import::gguf::Gguf;
use import::gguf::tiny::Family;
use llm::{Generation, Request};
use verify::Refutation;

use super::{Delivered, asked, deliver, published, refuted};
use crate::desk::{claim, work};
use crate::fixture::{Tiny, finish, shape, tokens};

/// Bytes of a block of Q4_1, and of its scale and minimum.
const BLOCK_BYTES: usize = 20;
const BLOCK_HEAD_BYTES: usize = 4;

/// The published model with the blocks of some matrices changed.
fn spoiled(of: impl Fn(&str) -> bool, change: impl Fn(usize, &mut [u8])) -> Tiny {
    let mut bytes = shape(Family::Llama).write();
    let length = u64::try_from(bytes.len()).unwrap();
    let gguf = Gguf::parse(&bytes, length).unwrap();
    let ranges: Vec<_> = gguf
        .tensors()
        .iter()
        .filter(|tensor| of(tensor.name()))
        .map(|tensor| {
            let start = usize::try_from(tensor.offset()).unwrap();
            start..start + usize::try_from(tensor.bytes()).unwrap()
        })
        .collect();
    for range in ranges {
        bytes[range]
            .chunks_exact_mut(BLOCK_BYTES)
            .enumerate()
            .for_each(|(at, block)| change(at, block));
    }
    Tiny::of(bytes)
}

fn is_matrix(name: &str) -> bool {
    name.starts_with("blk.") && !name.contains("norm")
}

/// Delivers what another model gives.
fn runs(other: &Tiny) -> Delivered {
    let job = asked(|_| {});
    deliver(published(), &job, &work(other, &job))
}

pub(super) fn one_byte_changed() -> Delivered {
    // The greater byte of one block's scale.
    runs(&spoiled(
        |name| name == "blk.0.attn_v.weight",
        |at, block| {
            block[1] ^= if at == 5 { 0x04 } else { 0 };
        },
    ))
}

pub(super) fn fewer_bits() -> Delivered {
    runs(&spoiled(is_matrix, |_, block| {
        block[BLOCK_HEAD_BYTES..].iter_mut().for_each(|quants| *quants &= 0xee);
    }))
}

pub(super) fn skips_a_layer() -> Delivered {
    // With these at zero the layer adds nothing to what passes by it.
    let adds = ["blk.1.attn_output.weight", "blk.1.ffn_down.weight"];
    runs(&spoiled(|name| adds.contains(&name), |_, block| block.fill(0)))
}

pub(super) fn another_tenants_cache() -> Delivered {
    let (tiny, job) = (published(), asked(|_| {}));
    let mut runner = tiny.any();
    let request = Request::of(&job, 0);
    let others = Request { prompt: tokens(20, 77), tokens_max: 0, ..request.clone() };
    let mut other =
        Generation::new(&tiny.model, runner.engine(), Request { tokens_max: 1, ..others }, None)
            .unwrap();
    finish(&mut runner, &mut [&mut other]);
    let (sequence, _) = other.into_prefix();
    // It says these are the keys and values of this prompt.
    let lie = Some((&sequence, &request.prompt[..20]));
    let mut mine = Generation::new(&tiny.model, runner.engine(), request.clone(), lie).unwrap();
    assert_eq!(mine.usage().cached_tokens, 20);
    finish(&mut runner, &mut [&mut mine]);
    let claims = [claim(&mine, &request)];
    drop(runner);
    deliver(tiny, &job, &claims)
}

#[test]
fn another_model_is_found_by_its_tokens() {
    for worker in [one_byte_changed, fewer_bits, skips_a_layer, another_tenants_cache] {
        let found = refuted(worker);
        assert!(matches!(found, Refutation::Token { .. }), "{found:?}");
    }
}
