//! gemma3: the text models of Gemma 3. As Gemma 2, but query and key are normed head by head instead of capping the
//! scores; five of six layers see the window only, and are rotated by frequencies of their own.

use super::decoder::{Gemma, PLAIN, RESIDUAL_FRAC_GEMMA, Variant, Windows};

pub(crate) const VARIANT: Variant = Variant {
    windows: Windows::AllButEvery { layer: 6, or: 0 },
    head_norms: true,
    residual_frac: RESIDUAL_FRAC_GEMMA,
    gemma: Some(Gemma { scores_cap: None, logits_cap: 0, largest: 62, local_base: Some(10_000) }),
    keys: &["attention.sliding_window_pattern", "final_logit_softcapping", "rope.freq_base_swa"],
    ..PLAIN
};
