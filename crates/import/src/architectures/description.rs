//! What a model's metadata say of its arithmetic, whatever kind of file said it: the numbers that the decoder needs.
//!
//! A GGUF header and a `config.json` both become this, and from here on nobody knows which it was. Never has a number
//! that was not checked against its limits.

use super::decoder::{LOGITS_FRAC, Variant};
use super::keys::Keys;
use super::rotation::{self, Rotation};
use super::sizes::Sizes;
use super::{ImportError, ReadTensor, numbers};
use crate::dyadic::Dyadic;

/// The keys of caps.
const FINAL: &str = "final_logit_softcapping";
const SCORES: &str = "attn_logit_softcapping";

/// What is known of a model before its layers are built.
pub(crate) struct Description {
    pub(crate) sizes: Sizes,
    pub(crate) rotation: Rotation,
    /// The number whose root divides scores.
    pub(crate) score_divisor: u32,
    /// What caps scores, in units of a score.
    pub(crate) scores_cap: Option<u32>,
    /// What caps logits, in units of a logit.
    pub(crate) logits_cap: Option<u32>,
    /// What the norms' epsilon is called, for messages.
    pub(crate) epsilon_name: String,
}

impl Description {
    /// Reads it of a GGUF header.
    pub(super) fn of_header<E>(
        keys: &Keys<'_, '_>,
        variant: &Variant,
        read: &mut ReadTensor<'_, E>,
    ) -> Result<Self, ImportError<E>> {
        let sizes = Sizes::read(keys, variant)?;
        let rotation = rotation::read(keys, &sizes, variant, read)?;
        keys.refuse_unknown(variant.keys)?;
        let scores = cap(keys, SCORES, variant.gemma.and_then(|gemma| gemma.scores_cap))?;
        let logits = cap(keys, FINAL, variant.gemma.map(|gemma| gemma.logits_cap))?;
        let bad = |key| bad_cap(keys.key(key));
        Ok(Self {
            score_divisor: score_divisor(&sizes, variant, keys)?,
            scores_cap: scores
                .map(|cap| numbers::score_cap(cap).ok_or_else(|| bad(SCORES)))
                .transpose()?,
            logits_cap: logits
                .map(|cap| numbers::logits_cap(cap, LOGITS_FRAC).ok_or_else(|| bad(FINAL)))
                .transpose()?,
            epsilon_name: keys.key("attention.layer_norm_rms_epsilon"),
            sizes,
            rotation,
        })
    }

    /// Epsilon for sums of squares of `width` entries with these fractional bits.
    pub(super) fn eps<E>(&self, width: u32, frac: u8) -> Result<u64, ImportError<E>> {
        numbers::eps(self.sizes.epsilon, width, frac).ok_or_else(|| ImportError::Unsupported {
            what: self.epsilon_name.clone(),
            why: "it is negative or too large",
        })
    }
}

/// The cap that the header gives, or else this one; none where it is 0 or the architecture has none.
fn cap<E>(
    keys: &Keys<'_, '_>,
    key: &str,
    or: Option<u64>,
) -> Result<Option<Dyadic>, ImportError<E>> {
    let Some(or) = or else { return Ok(None) };
    let cap = keys.dyadic(key)?.unwrap_or(Dyadic::from_integer(or));
    Ok(Some(cap).filter(|cap| !cap.is_zero()))
}

pub(crate) fn bad_cap<E>(what: String) -> ImportError<E> {
    let why = "it is negative, or too small or too large for this arithmetic";
    ImportError::Unsupported { what, why }
}

/// Headers don't say it: the root of the head's width, but in Gemma's largest models.
fn score_divisor<E>(
    sizes: &Sizes,
    variant: &Variant,
    keys: &Keys<'_, '_>,
) -> Result<u32, ImportError<E>> {
    if variant.gemma.is_none_or(|gemma| sizes.layers != gemma.largest) {
        return Ok(sizes.head_width);
    }
    let divisor = sizes.width.checked_div(sizes.heads).filter(|divisor| *divisor > 0);
    divisor.filter(|divisor| divisor * sizes.heads == sizes.width).ok_or_else(|| {
        let why = "scores are divided by the width's part of a head, which is no whole number";
        ImportError::Unsupported { what: keys.key("attention.head_count"), why }
    })
}
