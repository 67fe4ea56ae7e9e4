//! The numbers of a header: sizes, windows, epsilon.
//!
//! Never guesses: a size that is not given follows from others where every reader of these files lets it follow, and is
//! refused where they differ.

use super::ImportError;
use super::decoder::{Variant, Windows};
use super::experts::Mixture;
use super::keys::Keys;
use crate::dyadic::Dyadic;

/// The numbers of the header.
pub(crate) struct Sizes {
    pub(crate) layers: u32,
    pub(crate) width: u32,
    /// Entries of the gated row: an expert's, where there are experts.
    pub(crate) hidden: u32,
    pub(crate) mixture: Option<Mixture>,
    pub(crate) heads: u32,
    pub(crate) kv_heads: u32,
    pub(crate) head_width: u32,
    pub(crate) rotary: u32,
    pub(crate) context: u32,
    pub(crate) vocabulary: u32,
    /// By layer: how many positions it sees, 0 where it sees all.
    pub(crate) windows: Vec<u32>,
    pub(crate) epsilon: Dyadic,
}

impl Sizes {
    pub(super) fn read<E>(keys: &Keys<'_, '_>, variant: &Variant) -> Result<Self, ImportError<E>> {
        let width = keys.number("embedding_length", 1 << 17)?;
        let heads = keys.number("attention.head_count", 1024)?;
        let head_width = keys.number_or("attention.key_length", 1024, width / heads)?;
        let value_width = keys.number_or("attention.value_length", 1024, head_width)?;
        if value_width != head_width {
            let what = keys.key("attention.value_length");
            return Err(ImportError::Unsupported { what, why: "values are not as wide as keys" });
        }
        if keys.number_or("attention.head_dim", 1024, head_width)? != head_width {
            let what = keys.key("attention.head_dim");
            return Err(ImportError::Unsupported { what, why: "heads are not as wide as keys" });
        }
        let table = keys.gguf.required_tensor("token_embd.weight")?;
        let vocabulary = u32::try_from(table.shape().rows()).unwrap_or(u32::MAX);
        let context = keys.number("context_length", u32::MAX)?;
        let layers = keys.number("block_count", 1024)?;
        let mixture = Mixture::read(keys, variant.experts)?;
        Ok(Self {
            layers,
            width,
            hidden: hidden(keys, mixture.is_some())?,
            mixture,
            heads,
            kv_heads: keys.number_or("attention.head_count_kv", 1024, heads)?,
            head_width,
            rotary: keys.number_or("rope.dimension_count", 1024, head_width)?,
            context,
            vocabulary,
            windows: windows(keys, variant.windows, context, layers)?,
            epsilon: keys.required("attention.layer_norm_rms_epsilon")?.dyadic()?,
        })
    }

    /// Entries of all heads together.
    pub(super) fn q_width(&self) -> u32 {
        self.heads * self.head_width
    }

    /// Entries of all KV heads together.
    pub(super) fn kv_width(&self) -> u32 {
        self.kv_heads * self.head_width
    }
}

/// Entries of the gated row; an expert's have a key of their own, without which they are as a dense model's.
fn hidden<E>(keys: &Keys<'_, '_>, experts: bool) -> Result<u32, ImportError<E>> {
    const EXPERT: &str = "expert_feed_forward_length";
    let key =
        if experts && keys.optional(EXPERT).is_some() { EXPERT } else { "feed_forward_length" };
    Ok(keys.number(key, 1 << 17)?)
}

/// What each layer sees.
fn windows<E>(
    keys: &Keys<'_, '_>,
    kind: Windows,
    context: u32,
    layers: u32,
) -> Result<Vec<u32>, ImportError<E>> {
    let given = keys.optional("attention.sliding_window").is_some();
    let window = keys.number_or("attention.sliding_window", u32::MAX, 0)?;
    let all = |window: u32| Ok((0..layers).map(|_| window).collect());
    match kind {
        Windows::Unknown if (1..context).contains(&window) => Err(ImportError::Unsupported {
            what: keys.key("attention.sliding_window"),
            why: "the file can't say which layers have it",
        }),
        Windows::Unknown => all(0),
        Windows::EveryLayer => all(window),
        Windows::AllButEvery { layer, or } => {
            let window = if given { window } else { or };
            let every = keys.number_or("attention.sliding_window_pattern", 1024, layer)?;
            // 0: every layer has it; n: the n-th, 2n-th and so on have not.
            let sees_all = |index: u32| every > 0 && (index + 1).is_multiple_of(every);
            Ok((0..layers).map(|index| if sees_all(index) { 0 } else { window }).collect())
        }
    }
}
