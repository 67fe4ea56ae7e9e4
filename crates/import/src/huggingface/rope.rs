//! `rope_scaling` and its kin: how queries and keys are rotated, by the names that transformers gives it.
//!
//! | `rope_type` (or `type`) | besides | frequencies | scores | context |
//! |---|---|---|---|---|
//! | none, or `default` | | unscaled | | all |
//! | `linear` | `factor` s | divided by s | | all |
//! | `llama3` | `factor`, `low_freq_factor`, `high_freq_factor`, `original_max_position_embeddings` | by [`crate::llama3`] | | all |
//! | `yarn` | `factor`, `beta_fast` (else 32), `beta_slow` (else 1), `original_max_position_embeddings` (else the context) | by [`crate::yarn`] | times `attention_factor`^2, else growth^2; times 1 where `mscale` and `mscale_all_dim` are equal | all |
//! | `longrope` or `su` (phi3) | `short_factor`, `long_factor`, `original_max_position_embeddings` | divided by the short factors | times `attention_factor`^2, else ln(context) / ln(original) | the original one |
//! | any other | | refused | | |
//!
//! `dynamic` is refused: an answer's tokens would depend on its length. Long factors hold beyond the original context only,
//! where the package ends (`architectures::rotation`). A member that is not known is refused.

use super::config::ORIGINAL;
use super::members::Members;
use super::{CONFIG, FolderError};
use crate::architectures::rotation::{self, Scaling};
use crate::dyadic::Dyadic;
use crate::llama3::Llama3;
use crate::yarn::{self, GROWTH_FRAC, Yarn};

/// Yarn's betas where the file gives none.
const DEFAULT_BETAS: [u64; 2] = [32, 1];

/// What a scaling comes to.
pub(super) struct Read {
    pub(super) scaling: Scaling,
    /// What scores are multiplied by, times 2^48.
    pub(super) factor: u64,
    /// Positions for which it holds.
    pub(super) context: u32,
}

/// Reads the object, of a model with this context; `pairs` may have factors of their own where the architecture has them.
pub(super) fn read(
    scaling: Option<&Members<'_>>,
    context: u32,
    original: Option<u32>,
    may_have_factors: bool,
) -> Result<Read, FolderError> {
    let one = 1 << GROWTH_FRAC;
    let plain = |by| Scaling::Divided { by, factors: None };
    let Some(said) = scaling else {
        return Ok(Read { scaling: plain(Dyadic::ONE), factor: one, context });
    };
    let (newer, older) = (said.text("rope_type")?, said.text("type")?);
    if newer.is_some() && older.is_some() && newer != older {
        return Err(said.unsupported("type", "`rope_type` beside it says something else"));
    }
    let kind = newer.or(older).unwrap_or("default");
    let read = match kind {
        "default" => Read { scaling: plain(Dyadic::ONE), factor: one, context },
        "linear" => {
            let scaling = plain(said.required_number("factor")?);
            Read { scaling, factor: one, context }
        }
        "llama3" => {
            agreed(said, original)?;
            Read { scaling: Scaling::Llama3(llama3(said)?), factor: one, context }
        }
        "yarn" => {
            agreed(said, original)?;
            yarn(said, context)?
        }
        "longrope" | "su" if may_have_factors => longrope(said, context, original)?,
        other => {
            let what = format!("`{}` = {other:?}", said.name("rope_type"));
            let why = "only default, linear, llama3, yarn and (phi3) longrope are known; what depends on the \
                       length of the answer can't be fixed for a package";
            return Err(FolderError::Unsupported { file: CONFIG, what, why });
        }
    };
    said.refuse_unknown(&[])?;
    Ok(read)
}

/// Fails where another context of training stands outside the scaling.
fn agreed(said: &Members<'_>, outside: Option<u32>) -> Result<(), FolderError> {
    let inside = said.size(ORIGINAL, u32::MAX)?;
    if outside.is_some() && inside != outside {
        let why = "another number stands outside the scaling, and which of the two counts depends on the reader's release";
        return Err(said.unsupported(ORIGINAL, why));
    }
    Ok(())
}

fn llama3(said: &Members<'_>) -> Result<Llama3, FolderError> {
    Ok(Llama3 {
        factor: said.required_number("factor")?,
        low: said.required_number("low_freq_factor")?,
        high: said.required_number("high_freq_factor")?,
        context: said.required_size(ORIGINAL, u32::MAX)?,
    })
}

fn yarn(said: &Members<'_>, context: u32) -> Result<Read, FolderError> {
    if said.boolean("truncate")? == Some(false) {
        return Err(said.unsupported("truncate", "only whole pairs begin and end the ramp here"));
    }
    let [fast, slow] = DEFAULT_BETAS.map(Dyadic::from_integer);
    let factor = said.required_number("factor")?;
    let yarn = Yarn {
        factor,
        beta_fast: said.number("beta_fast")?.unwrap_or(fast),
        beta_slow: said.number("beta_slow")?.unwrap_or(slow),
        context: said.size(ORIGINAL, u32::MAX)?.unwrap_or(context),
    };
    let scale = |name| Ok::<_, FolderError>(said.number(name)?.filter(|scale| !scale.is_zero()));
    let scales = (scale("mscale")?, scale("mscale_all_dim")?);
    let factor = match (said.number("attention_factor")?, scales) {
        (Some(factor), _) => squared(said, factor)?,
        (None, (Some(one), Some(other))) if one == other => 1 << GROWTH_FRAC,
        (None, (Some(_), Some(_))) => {
            return Err(said.unsupported("mscale", "only one that equals mscale_all_dim is known"));
        }
        (None, _) => yarn::growth_squared(factor).map_err(rope)?,
    };
    // Ministral's queries grow beyond the original context: the package ends there.
    let grows = said.number("llama_4_scaling_beta")?.is_some_and(|beta| !beta.is_zero());
    let context = if grows { context.min(yarn.context) } else { context };
    Ok(Read { scaling: Scaling::Yarn(yarn), factor, context })
}

fn longrope(said: &Members<'_>, context: u32, original: Option<u32>) -> Result<Read, FolderError> {
    let inside = said.size(ORIGINAL, u32::MAX)?;
    if inside.is_some() {
        agreed(said, original)?;
    }
    let _ = said.get("factor");
    let Some(original) = original.or(inside) else {
        return Err(said.missing(ORIGINAL));
    };
    let scale = said.number("short_mscale")?.is_some() || said.number("long_mscale")?.is_some();
    if scale {
        return Err(said.unsupported("short_mscale", "scales by length are not known here"));
    }
    said.required_numbers("long_factor")?;
    let factors = said.required_numbers("short_factor")?;
    let factor = match said.number("attention_factor")? {
        Some(factor) => squared(said, factor)?,
        None if context <= original => 1 << GROWTH_FRAC,
        None => yarn::longrope_squared(context, original).map_err(rope)?,
    };
    let scaling = Scaling::Divided { by: Dyadic::ONE, factors: Some(factors) };
    Ok(Read { scaling, factor, context: context.min(original) })
}

fn squared(said: &Members<'_>, factor: Dyadic) -> Result<u64, FolderError> {
    Ok(rotation::squared(factor, || said.name("attention_factor"))?)
}

fn rope(error: crate::rope::RopeError) -> FolderError {
    FolderError::Import(error.into())
}
