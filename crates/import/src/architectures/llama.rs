//! llama: SmolLM2, Llama 2 and 3, Mistral, TinyLlama and their kin.
//!
//! The converters permute the rows of query and key so that pairs stand side by side.

use canon::reference::Layout;

use super::decoder::Variant;

pub(super) const VARIANT: Variant = Variant { layout: Layout::Interleaved };
