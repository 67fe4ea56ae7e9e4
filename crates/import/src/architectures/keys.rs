//! The metadata keys that stand under an architecture's name, and what each of them means here.
//!
//! Never passes over a key it doesn't know: whatever is not in [`KEYS`] may change the arithmetic, so it is refused by
//! name. The readers of other programs are the measure of what a key means: one that they ignore for these
//! architectures, or a value that says "as ever", is no reason to refuse a file.

use super::ImportError;
use crate::dyadic::Dyadic;
use crate::gguf::{Field, Gguf, GgufError};

/// What a key under the architecture's name means.
#[derive(Clone, Copy)]
enum Meaning {
    /// Read where the program is made.
    Read,
    /// Says something of the file that no number depends on.
    Informs,
    /// Changes the arithmetic, unless it is 0; why that is refused.
    Zero(&'static str),
    /// Changes the arithmetic, unless it is 0 or 1.
    AtMostOne(&'static str),
    /// How rows become an embedding: 0 says nothing of it, 3 takes the last one's.
    NoneOrLast(&'static str),
    /// Changes the arithmetic, unless it is true.
    True(&'static str),
}

const EXPERTS: &str = "experts are not part of the architecture as it is known here";
const SHARED: &str = "an expert that every row goes to comes with a later release";
const ROUTING: &str = "experts are chosen by the greatest of a softmax here, not by another rule";
const SOFTCAPPING: &str = "caps are not part of the architecture as it is known here";
const SCALE: &str = "this scale is not part of the architecture as it is known here";
const POOLING: &str = "embeddings are of a text's last token here, not of all of them or of a class, and nothing is ranked";
/// Of `pooling_type`: the last token's row.
const LAST: u64 = 3;
const UNKNOWN: &str = "what it means is not known here, and it may change the arithmetic";

/// Every key that is known, after the architecture's name and a dot.
const KEYS: &[(&str, Meaning)] = &[
    ("attention.head_count", Meaning::Read),
    ("attention.head_count_kv", Meaning::Read),
    // Another name of `key_length`, which Ollama writes beside it.
    ("attention.head_dim", Meaning::Read),
    ("attention.key_length", Meaning::Read),
    ("attention.layer_norm_rms_epsilon", Meaning::Read),
    ("attention.sliding_window", Meaning::Read),
    ("attention.value_length", Meaning::Read),
    ("block_count", Meaning::Read),
    ("context_length", Meaning::Read),
    ("embedding_length", Meaning::Read),
    ("feed_forward_length", Meaning::Read),
    ("rope.dimension_count", Meaning::Read),
    ("rope.freq_base", Meaning::Read),
    ("rope.scale_linear", Meaning::Read),
    ("rope.scaling.attn_factor", Meaning::Read),
    ("rope.scaling.factor", Meaning::Read),
    ("rope.scaling.original_context_length", Meaning::Read),
    ("rope.scaling.type", Meaning::Read),
    ("rope.scaling.yarn_beta_fast", Meaning::Read),
    ("rope.scaling.yarn_beta_slow", Meaning::Read),
    // Of another kind of norm, which these architectures don't have.
    ("attention.layer_norm_epsilon", Meaning::Informs),
    ("rope.scaling.finetuned", Meaning::Informs),
    ("tensor_data_layout", Meaning::Informs),
    // The embedding's rows decide, and the tokenizer has to agree with them.
    ("vocab_size", Meaning::Informs),
    ("attention.clamp_kqv", Meaning::Zero("clamped rows come with a later release")),
    ("attention.max_alibi_bias", Meaning::Zero("biases by distance come with a later release")),
    ("attention.scale", Meaning::Zero(SCALE)),
    ("attn_logit_softcapping", Meaning::Zero(SOFTCAPPING)),
    ("embedding_scale", Meaning::Zero(SCALE)),
    ("expert_count", Meaning::Zero(EXPERTS)),
    ("expert_gating_func", Meaning::AtMostOne(ROUTING)),
    ("expert_group_count", Meaning::AtMostOne(ROUTING)),
    ("expert_group_used_count", Meaning::AtMostOne(ROUTING)),
    ("expert_shared_count", Meaning::Zero(SHARED)),
    ("expert_shared_feed_forward_length", Meaning::Zero(SHARED)),
    ("expert_used_count", Meaning::Zero(EXPERTS)),
    ("expert_weights_scale", Meaning::AtMostOne(SCALE)),
    ("final_logit_softcapping", Meaning::Zero(SOFTCAPPING)),
    ("leading_dense_block_count", Meaning::Zero("layers of two kinds come with a later release")),
    ("logit_scale", Meaning::Zero(SCALE)),
    ("moe_every_n_layers", Meaning::AtMostOne("layers of two kinds come with a later release")),
    ("pooling_type", Meaning::NoneOrLast(POOLING)),
    ("residual_scale", Meaning::Zero(SCALE)),
    ("attention.causal", Meaning::True("a token that sees later ones can't be answered in order")),
];

/// Metadata keys of the file's architecture.
pub(super) struct Keys<'g, 'a> {
    pub(super) gguf: &'g Gguf<'a>,
    pub(super) architecture: &'g str,
}

impl<'g, 'a> Keys<'g, 'a> {
    /// The whole key.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    pub(super) fn required(&self, name: &str) -> Result<Field<'g, 'a>, GgufError> {
        self.gguf.required(&self.key(name))
    }

    pub(super) fn optional(&self, name: &str) -> Option<Field<'g, 'a>> {
        self.gguf.optional(&self.key(name))
    }

    pub(super) fn number(&self, name: &str, most: u32) -> Result<u32, GgufError> {
        within(self.required(name)?, 1, most)
    }

    pub(super) fn number_or(&self, name: &str, most: u32, or: u32) -> Result<u32, GgufError> {
        self.optional(name).map_or(Ok(or), |field| within(field, 0, most))
    }

    pub(super) fn dyadic(&self, name: &str) -> Result<Option<Dyadic>, GgufError> {
        self.optional(name).map(|field| field.dyadic()).transpose()
    }

    /// Refuses what would change the arithmetic in ways a program made here does not have; `read` are the keys that
    /// this architecture reads and others don't.
    pub(super) fn refuse_unknown<E>(&self, read: &[&str]) -> Result<(), ImportError<E>> {
        for field in self.gguf.fields() {
            let rest = field.key().strip_prefix(self.architecture);
            let Some(name) = rest.and_then(|rest| rest.strip_prefix('.')) else { continue };
            if read.contains(&name) {
                continue;
            }
            let known = KEYS.iter().find(|(key, _)| *key == name).map(|(_, meaning)| meaning);
            let (harmless, why) = match known {
                None => (false, UNKNOWN),
                Some(Meaning::Read | Meaning::Informs) => (true, ""),
                Some(Meaning::Zero(why)) => (number(field)? == Dyadic::ZERO, *why),
                Some(Meaning::AtMostOne(why)) => {
                    (matches!(number(field)?, Dyadic::ZERO | Dyadic::ONE), *why)
                }
                Some(Meaning::NoneOrLast(why)) => {
                    let pooling = number(field)?;
                    (pooling == Dyadic::ZERO || pooling == Dyadic::from_integer(LAST), *why)
                }
                Some(Meaning::True(why)) => (field.boolean()?, *why),
            };
            if !harmless {
                let what = field.key().escape_default().to_string();
                return Err(ImportError::Unsupported { what, why });
            }
        }
        Ok(())
    }
}

fn within(field: Field<'_, '_>, least: u32, most: u32) -> Result<u32, GgufError> {
    let found = field.unsigned(least.into()..=most.into())?;
    Ok(u32::try_from(found).expect("the range ends at a u32"))
}

/// A number of any type: writers differ in the one they choose.
fn number(field: Field<'_, '_>) -> Result<Dyadic, GgufError> {
    match field.dyadic() {
        Err(GgufError::WrongType { .. }) => field.unsigned(0..=u64::MAX).map(Dyadic::from_integer),
        decoded => decoded,
    }
}
