//! llama: SmolLM2, Llama 3 and their kin. Llama 2, Mistral and TinyLlama have these layers too, but a vocabulary of
//! SentencePiece, which `text` refuses until it has it.
//!
//! The converters permute the rows of query and key so that pairs stand side by side.

use canon::reference::Layout;

use super::decoder::Variant;

pub(super) const VARIANT: Variant =
    Variant { layout: Layout::Interleaved, rope_factors: true, window: true };
