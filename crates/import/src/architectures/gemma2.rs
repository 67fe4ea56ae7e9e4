//! gemma2: Gemma 2. Norms behind attention and feed-forward too, GELU, caps on scores and logits, an embedding scaled by
//! the root of its width; every second layer sees all, the others the window.
//!
//! Headers don't say what scores are divided by: the root of the head's width, but in the largest model, which is known
//! by its layers, that of the width per head. llama.cpp does the same.

use super::decoder::{Gemma, PLAIN, RESIDUAL_FRAC_GEMMA, Variant, Windows};

pub(crate) const VARIANT: Variant = Variant {
    windows: Windows::AllButEvery { layer: 2, or: 4096 },
    residual_frac: RESIDUAL_FRAC_GEMMA,
    gemma: Some(Gemma { scores_cap: Some(50), logits_cap: 30, largest: 46, local_base: None }),
    keys: &[
        "attention.sliding_window_pattern",
        "attn_logit_softcapping",
        "final_logit_softcapping",
    ],
    ..PLAIN
};
