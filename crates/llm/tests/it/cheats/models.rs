//! Workers that compute something else than the published model.

use std::ops::Range;

use import::gguf::tiny::{Family, TinyModel};
use import::gguf::{Gguf, TensorInfo, TensorType};
use llm::{Generation, Request};
use verify::Refutation;

use super::{Delivered, asked, deliver, published, refuted};
use crate::desk::{claim, work};
use crate::fixture::{Tiny, finish, shape, tokens};

/// Bytes of a block of Q4_1, and of its scale and minimum.
const BLOCK_BYTES: usize = 20;
const BLOCK_HEAD_BYTES: usize = 4;

/// Where the tensors of a file lie, by name.
fn tensors(file: &[u8]) -> Vec<(String, Range<usize>)> {
    let gguf = Gguf::parse(file, u64::try_from(file.len()).unwrap()).unwrap();
    let place = |tensor: &TensorInfo<'_>| {
        let start = usize::try_from(tensor.offset()).unwrap();
        let end = start + usize::try_from(tensor.bytes()).unwrap();
        (tensor.name().to_owned(), start..end)
    };
    gguf.tensors().iter().map(place).collect()
}

/// The published model with the blocks of some matrices changed.
fn spoiled(of: impl Fn(&str) -> bool, change: impl Fn(usize, &mut [u8])) -> Tiny {
    let mut bytes = shape(Family::Llama).write();
    for (_, range) in tensors(&bytes).into_iter().filter(|(name, _)| of(name)) {
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

pub(super) fn one_bit_changed() -> Delivered {
    // In one block's scale.
    runs(&spoiled(
        |name| name == "blk.0.attn_v.weight",
        |at, block| {
            block[1] ^= if at == 5 { 0x04 } else { 0 };
        },
    ))
}

pub(super) fn another_model() -> Delivered {
    runs(&Tiny::of(TinyModel { seed: 12, ..shape(Family::Llama) }.write()))
}

/// The published weights as Q4_0, a tenth smaller.
pub(super) fn another_quantisation() -> Delivered {
    let published = shape(Family::Llama);
    let smaller = TinyModel { matrices: TensorType::Q4_0, ..published.clone() };
    let (from, mut to) = (published.write(), smaller.write());
    for ((name, source), (same, target)) in tensors(&from).into_iter().zip(tensors(&to)) {
        assert_eq!(name, same);
        let (source, target) = (&from[source], &mut to[target]);
        if is_matrix(&name) {
            let blocks = source.chunks_exact(BLOCK_BYTES);
            let smaller: Vec<u8> = blocks.flat_map(requantised).collect();
            target.copy_from_slice(&smaller);
        } else {
            target.copy_from_slice(source);
        }
    }
    runs(&Tiny::of(to))
}

/// A block of Q4_1 as one of Q4_0: both have their nibbles in the same places.
fn requantised(block: &[u8]) -> Vec<u8> {
    let (scale, minimum) = (of_f16([block[0], block[1]]), of_f16([block[2], block[3]]));
    let number = |nibble: u8| scale * i64::from(nibble) + minimum;
    let quants = &block[BLOCK_HEAD_BYTES..];
    let both = |byte: &u8| [number(byte & 15), number(byte >> 4)];
    let peak = quants.iter().flat_map(both).map(i64::abs).max().unwrap();
    let bits = f16_above(peak / 8 + 1);
    let scale = of_f16(bits.to_le_bytes());
    let nibble = |number: i64| {
        let rounded = (2 * number + scale).div_euclid(2 * scale) + 8;
        u8::try_from(rounded.clamp(0, 15)).unwrap()
    };
    let byte = |byte: &u8| {
        let [low, high] = both(byte).map(nibble);
        high << 4 | low
    };
    bits.to_le_bytes().into_iter().chain(quants.iter().map(byte)).collect()
}

/// What the bits of an f16 stand for, in units of 2^-24.
fn of_f16(bytes: [u8; 2]) -> i64 {
    let bits = u16::from_le_bytes(bytes);
    let (exponent, fraction) = (bits >> 10 & 31, i64::from(bits & 1023));
    let magnitude = if exponent == 0 { fraction } else { (fraction + 1024) << (exponent - 1) };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// The bits of the least f16 that is no less than a number of such units.
fn f16_above(number: i64) -> u16 {
    (0..0x7c00_u16).find(|bits| of_f16(bits.to_le_bytes()) >= number).unwrap()
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
    for worker in [
        one_bit_changed,
        another_model,
        another_quantisation,
        fewer_bits,
        skips_a_layer,
        another_tenants_cache,
    ] {
        let found = refuted(worker);
        assert!(matches!(found, Refutation::Token { .. }), "{found:?}");
    }
}
