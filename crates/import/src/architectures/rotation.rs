//! The table of rope frequencies: base, factors of the pairs, and scaling.
//!
//! Scaling as other readers of these keys do it:
//!
//! | `rope.scaling.type` | `rope.scaling.factor`, or by its old name `rope.scale_linear` | frequencies |
//! |---|---|---|
//! | `none` | anything | unscaled |
//! | `linear`, or no type | none, or 0 | unscaled |
//! | `linear`, or no type | s | divided by s |
//! | `linear`, or no type | two that differ | refused |
//! | any other | | refused: a token would depend on what follows it |
//!
//! `rope_freqs.weight` has one factor per pair; it divides besides, whatever the scaling. Never decides what a type it
//! doesn't know may mean.

use super::keys::Keys;
use super::{ImportError, ReadTensor};
use crate::dyadic::{Dyadic, F32Bits};
use crate::gguf::TensorType;
use crate::rope::frequencies;

/// The tensor of factors per pair.
pub(super) const FACTORS: &str = "rope_freqs.weight";
/// The frequency base where the file gives none.
const DEFAULT_BASE: u64 = 10_000;

/// The frequencies of a head's `rotary / 2` pairs; `factors`: a tensor of factors is part of the architecture.
pub(super) fn table<E>(
    keys: &Keys<'_, '_>,
    rotary: u32,
    factors: bool,
    read: &mut ReadTensor<'_, E>,
) -> Result<Vec<u64>, ImportError<E>> {
    let base = keys.dyadic("rope.freq_base")?.unwrap_or(Dyadic::from_integer(DEFAULT_BASE));
    let scale = scale(keys)?;
    let list = if factors { factors_of_pairs(keys, rotary, read)? } else { None };
    Ok(frequencies(base, rotary, scale, list.as_deref())?)
}

/// What divides all frequencies.
fn scale<E>(keys: &Keys<'_, '_>) -> Result<Dyadic, ImportError<E>> {
    let kind = match keys.optional("rope.scaling.type") {
        Some(field) => field.string(64)?,
        None => "linear",
    };
    let factor = keys.dyadic("rope.scaling.factor")?;
    let old = keys.dyadic("rope.scale_linear")?;
    match kind {
        "none" => Ok(Dyadic::ONE),
        "linear" if factor.zip(old).is_some_and(|(factor, old)| factor != old) => {
            let what = keys.key("rope.scale_linear");
            Err(ImportError::Unsupported { what, why: "rope.scaling.factor says another number" })
        }
        "linear" => Ok(factor.or(old).filter(|factor| !factor.is_zero()).unwrap_or(Dyadic::ONE)),
        _ => {
            let what = format!("{} = {}", keys.key("rope.scaling.type"), kind.escape_default());
            let why = "only \"none\" and \"linear\" are known here";
            Err(ImportError::Unsupported { what, why })
        }
    }
}

fn factors_of_pairs<E>(
    keys: &Keys<'_, '_>,
    rotary: u32,
    read: &mut ReadTensor<'_, E>,
) -> Result<Option<Vec<Dyadic>>, ImportError<E>> {
    let Some(tensor) = keys.gguf.tensor(FACTORS) else { return Ok(None) };
    tensor.require_type(&[TensorType::F32])?;
    let name = || FACTORS.to_owned();
    if tensor.shape().sizes().iter().product::<u64>() != u64::from(rotary / 2) {
        let (found, wanted) = (format!("{:?}", tensor.shape()), format!("[{}]", rotary / 2));
        return Err(ImportError::Shape { name: name(), found, wanted });
    }
    let bytes = read(tensor).map_err(|source| ImportError::Read { name: name(), source })?;
    let numbers =
        bytes.chunks_exact(4).map(|b| F32Bits(u32::from_le_bytes([b[0], b[1], b[2], b[3]])));
    let factors: Result<Vec<Dyadic>, _> = numbers.map(F32Bits::decode).collect();
    let why = "it has an infinity or a NaN";
    factors.map(Some).map_err(|_| ImportError::Unsupported { what: name(), why })
}
