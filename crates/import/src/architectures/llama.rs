//! llama: SmolLM2, Llama 2 and 3, TinyLlama, Mistral 7B and their kin; Mixtral, whose layers are mixtures of experts.
//!
//! The converters permute the rows of query and key so that pairs stand side by side.

use canon::reference::Layout;

use super::decoder::{PLAIN, Variant, Windows};
use super::experts::{self, Experts};
use super::rotation::Factors;

pub(crate) const VARIANT: Variant = Variant {
    layout: Layout::Interleaved,
    factors: Factors::Pairs,
    windows: Windows::EveryLayer,
    experts: Experts::WhereCounted,
    keys: experts::KEYS,
    ..PLAIN
};
