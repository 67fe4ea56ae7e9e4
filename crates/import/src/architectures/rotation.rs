//! The tables of rope frequencies: base, factors of the pairs, and scaling; and what scaling does to the scores.
//!
//! Whatever is accepted is fixed for the package: nothing here depends on how long an answer gets, for then a token would
//! depend on what follows it. Scaling as other readers of these keys do it:
//!
//! | `rope.scaling.type` | besides | frequencies | scores | context |
//! |---|---|---|---|---|
//! | `none` | anything | unscaled | | all |
//! | `linear`, or no type | `rope.scaling.factor` or its old name `rope.scale_linear` is absent or 0 | unscaled | | all |
//! | `linear`, or no type | one of them is s, or both | divided by s | | all |
//! | `linear`, or no type | two that differ | refused | | |
//! | `yarn` | `factor` s, `yarn_beta_fast` (else 32), `yarn_beta_slow` (else 1), `original_context_length` | by [`crate::yarn`] | times growth^2 | all |
//! | `longrope`, or no type | `rope_factors_short.weight` (phi3) | divided by the short factors | | the original one |
//! | any other | | refused | | |
//!
//! Gemma 3's layers with a window have unscaled frequencies of another base, `rope.freq_base_swa`.
//!
//! `rope_freqs.weight` (llama) has one factor per pair; it divides besides, whatever the scaling but yarn. Long factors
//! hold beyond the original context only, where a short answer would change with its length: the package ends there, and
//! they are passed over. `rope.scaling.attn_factor` multiplies scores by its square. `attention.temperature_scale`
//! (mistral3) changes queries beyond the original context: the package ends there, too.
//! `rope.scaling.yarn_log_multiplier` (mistral3) may be 0 or 1; with 1, yarn leaves the scores alone.
//!
//! A score can be multiplied as a whole only, so where rope turns a part of the head, anything but 1 is refused. Never
//! decides what a type it doesn't know may mean.

use super::decoder::Variant;
use super::keys::Keys;
use super::sizes::Sizes;
use super::{ImportError, ReadTensor};
use crate::dyadic::{Dyadic, F32Bits};
use crate::gguf::TensorType;
use crate::llama3::{self, Llama3};
use crate::rope;
use crate::yarn::{self, GROWTH_FRAC, Yarn};

/// The frequency base where the file gives none.
const DEFAULT_BASE: u64 = 10_000;
/// Yarn's betas where the file gives none.
const DEFAULT_BETAS: [u64; 2] = [32, 1];
/// A factor of queries and keys lies within `2^-4 .. 2^4`.
const FACTOR_LOG2_MAX: i32 = 4;

/// Few architectures read it.
const TEMPERATURE: &str = "attention.temperature_scale";
const PAIRS: &str = "rope_freqs.weight";
const SHORT: &str = "rope_factors_short.weight";
const LONG: &str = "rope_factors_long.weight";

/// The tensors of factors per pair that an architecture may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Factors {
    /// None.
    None,
    /// One that holds for every length.
    Pairs,
    /// One up to the original context, and one beyond.
    ShortAndLong,
}

/// How a file says that queries and keys are rotated.
pub(crate) struct Rule {
    pub(crate) base: Dyadic,
    pub(crate) scaling: Scaling,
    /// Positions for which all of this holds.
    pub(crate) context: u32,
    /// What scores are multiplied by, times 2^48.
    pub(crate) factor: u64,
    /// The base of layers with a window, where it is another.
    pub(crate) local_base: Option<Dyadic>,
    /// What says how much of a head is rotated, for messages.
    pub(crate) rotary_name: String,
}

/// What becomes of the frequencies.
pub(crate) enum Scaling {
    /// They are divided: all by one number, and perhaps each pair's by its own.
    Divided { by: Dyadic, factors: Option<Vec<Dyadic>> },
    /// YaRN.
    Yarn(Yarn),
    /// Llama 3.1's.
    Llama3(Llama3),
}

/// How queries and keys are rotated, and what that does to their scores.
pub(crate) struct Rotation {
    /// One or two tables of frequencies.
    pub(super) tables: Vec<Vec<u64>>,
    /// Positions for which all of this holds.
    pub(super) context: u32,
    /// What scores are multiplied by, times 2^48.
    pub(super) factor: u64,
    /// The table of layers with a window; the others have the first.
    local: u32,
}

impl Factors {
    /// The tensors that are read or passed over here.
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Pairs => &[PAIRS],
            Self::ShortAndLong => &[SHORT, LONG],
        }
    }
}

impl Rotation {
    /// The table of a layer with this window.
    pub(super) fn table_of(&self, window: u32) -> u32 {
        if window > 0 { self.local } else { 0 }
    }
}

/// Reads all of it.
pub(super) fn read<E>(
    keys: &Keys<'_, '_>,
    sizes: &Sizes,
    variant: &Variant,
    read: &mut ReadTensor<'_, E>,
) -> Result<Rotation, ImportError<E>> {
    let factors = variant.factors;
    let base = keys.dyadic("rope.freq_base")?.unwrap_or(Dyadic::from_integer(DEFAULT_BASE));
    let kind = match keys.optional("rope.scaling.type") {
        Some(field) => field.string(64)?,
        None => "linear",
    };
    let original =
        keys.number_or("rope.scaling.original_context_length", u32::MAX, sizes.context)?;
    let list = factors_of_pairs(keys, factors, sizes.rotary, read)?;
    let mut context = sizes.context;
    let mut factor = attention_factor(keys)?;
    if variant.keys.contains(&TEMPERATURE)
        && keys.dyadic(TEMPERATURE)?.is_some_and(|scale| !scale.is_zero())
    {
        context = context.min(original);
    }
    if factors == Factors::ShortAndLong && list.is_some() {
        context = context.min(original);
    }
    let scaling = match kind {
        "longrope" if factors == Factors::ShortAndLong && list.is_some() => {
            Scaling::Divided { by: Dyadic::ONE, factors: list }
        }
        "none" => Scaling::Divided { by: Dyadic::ONE, factors: list },
        "linear" => Scaling::Divided { by: linear(keys)?, factors: list },
        "yarn" if list.is_none() => {
            let yarn = yarn(keys, original)?;
            if !leaves_scores(keys)? {
                factor = multiplied(factor, yarn::growth_squared(yarn.factor)?);
            }
            Scaling::Yarn(yarn)
        }
        _ => {
            let what = format!("{} = {}", keys.key("rope.scaling.type"), kind.escape_default());
            let why = "only \"none\", \"linear\" and \"yarn\" without factors per pair, and \
                       \"longrope\" with short ones, are known here";
            return Err(ImportError::Unsupported { what, why });
        }
    };
    let local_base = match variant.gemma.and_then(|gemma| gemma.local_base) {
        Some(or) => Some(keys.dyadic("rope.freq_base_swa")?.unwrap_or(Dyadic::from_integer(or))),
        None => None,
    };
    let rotary_name = keys.key("rope.dimension_count");
    Rule { base, scaling, context, factor, local_base, rotary_name }.made(sizes)
}

impl Rule {
    /// Makes the tables.
    pub(crate) fn made<E>(self, sizes: &Sizes) -> Result<Rotation, ImportError<E>> {
        if self.factor != 1 << GROWTH_FRAC && sizes.rotary != sizes.head_width {
            let why = "scores of heads that are rotated in part can't be scaled in part";
            return Err(ImportError::Unsupported { what: self.rotary_name, why });
        }
        let rotary = sizes.rotary;
        let table = match &self.scaling {
            Scaling::Divided { by, factors } => {
                rope::frequencies(self.base, rotary, *by, factors.as_deref())?
            }
            Scaling::Yarn(yarn) => yarn::frequencies(self.base, rotary, yarn)?,
            Scaling::Llama3(llama3) => llama3::frequencies(self.base, rotary, llama3)?,
        };
        let (tables, local) = tables(self.local_base, sizes, table)?;
        Ok(Rotation { tables, context: self.context, factor: self.factor, local })
    }
}

/// The table of layers that see all and that of the others, as far as there are such layers; and which is the latter.
fn tables<E>(
    local_base: Option<Dyadic>,
    sizes: &Sizes,
    table: Vec<u64>,
) -> Result<(Vec<Vec<u64>>, u32), ImportError<E>> {
    let (Some(base), true) = (local_base, sizes.windows.iter().any(|window| *window > 0)) else {
        return Ok((vec![table], 0));
    };
    let local = rope::frequencies(base, sizes.rotary, Dyadic::ONE, None)?;
    if sizes.windows.contains(&0) { Ok((vec![table, local], 1)) } else { Ok((vec![local], 0)) }
}

/// What divides all frequencies.
fn linear<E>(keys: &Keys<'_, '_>) -> Result<Dyadic, ImportError<E>> {
    let factor = keys.dyadic("rope.scaling.factor")?;
    let old = keys.dyadic("rope.scale_linear")?;
    if factor.zip(old).is_some_and(|(factor, old)| factor != old) {
        let what = keys.key("rope.scale_linear");
        let why = "rope.scaling.factor says another number";
        return Err(ImportError::Unsupported { what, why });
    }
    Ok(factor.or(old).filter(|factor| !factor.is_zero()).unwrap_or(Dyadic::ONE))
}

fn yarn<E>(keys: &Keys<'_, '_>, context: u32) -> Result<Yarn, ImportError<E>> {
    let [fast, slow] = DEFAULT_BETAS.map(Dyadic::from_integer);
    Ok(Yarn {
        factor: linear(keys)?,
        beta_fast: keys.dyadic("rope.scaling.yarn_beta_fast")?.unwrap_or(fast),
        beta_slow: keys.dyadic("rope.scaling.yarn_beta_slow")?.unwrap_or(slow),
        context,
    })
}

/// Whether yarn's growth is divided by itself.
fn leaves_scores<E>(keys: &Keys<'_, '_>) -> Result<bool, ImportError<E>> {
    match keys.dyadic("rope.scaling.yarn_log_multiplier")? {
        Some(one) if one == Dyadic::ONE => Ok(true),
        Some(other) if !other.is_zero() => {
            let what = keys.key("rope.scaling.yarn_log_multiplier");
            Err(ImportError::Unsupported { what, why: "only 0 and 1 are known here" })
        }
        Some(_) | None => Ok(false),
    }
}

/// The square of what rotated queries and keys are multiplied by, times 2^48, rounded down.
fn attention_factor<E>(keys: &Keys<'_, '_>) -> Result<u64, ImportError<E>> {
    let factor = keys.dyadic("rope.scaling.attn_factor")?.unwrap_or(Dyadic::ONE);
    squared(factor, || keys.key("rope.scaling.attn_factor"))
}

/// The square of a factor, times 2^48, rounded down.
pub(crate) fn squared<E>(
    factor: Dyadic,
    name: impl FnOnce() -> String,
) -> Result<u64, ImportError<E>> {
    let inside = (-FACTOR_LOG2_MAX..FACTOR_LOG2_MAX).contains(&factor.floor_log2().unwrap_or(-99));
    // A binary32 has 24 bits, its square 48; a binary64's last bits are more than the scale can show.
    if factor.negative() || !inside {
        return Err(ImportError::Unsupported { what: name(), why: "it is not within 2^-4..2^4" });
    }
    let squared = u128::from(factor.mantissa()) * u128::from(factor.mantissa());
    let shift = 2 * factor.exponent() + 48;
    let magnitude = shift.unsigned_abs();
    let squared =
        if shift < 0 { squared.checked_shr(magnitude).unwrap_or(0) } else { squared << magnitude };
    Ok(u64::try_from(squared).expect("below 2^(2 * 4 + 48)"))
}

fn multiplied(one: u64, other: u64) -> u64 {
    let product = (u128::from(one) * u128::from(other)) >> GROWTH_FRAC;
    u64::try_from(product).expect("below 2^56 and 2^52, at 48 fractional bits")
}

fn factors_of_pairs<E>(
    keys: &Keys<'_, '_>,
    factors: Factors,
    rotary: u32,
    read: &mut ReadTensor<'_, E>,
) -> Result<Option<Vec<Dyadic>>, ImportError<E>> {
    let name = match factors {
        Factors::None => return Ok(None),
        Factors::Pairs => PAIRS,
        Factors::ShortAndLong => SHORT,
    };
    let Some(tensor) = keys.gguf.tensor(name) else {
        return match keys.gguf.tensor(LONG) {
            Some(_) if factors == Factors::ShortAndLong => {
                let what = format!("tensor {LONG}");
                Err(ImportError::Unsupported { what, why: "there are no short factors beside it" })
            }
            Some(_) | None => Ok(None),
        };
    };
    tensor.require_type(&[TensorType::F32])?;
    let name = || name.to_owned();
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
