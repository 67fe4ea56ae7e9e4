//! mistral3: Ministral 3, whose layers are Llama's.
//!
//! Beyond the context it was first trained for, its queries grow with the position; this package ends there
//! (`rotation`).

use super::decoder::Variant;
use super::experts::Experts;
use super::llama;

pub(crate) const VARIANT: Variant = Variant {
    experts: Experts::Never,
    keys: &["attention.temperature_scale", "rope.scaling.yarn_log_multiplier"],
    ..llama::VARIANT
};
