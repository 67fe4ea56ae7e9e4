//! qwen3moe: the mixtures of experts of Qwen 3. All of its layers are; the rest is the dense models'.

use super::decoder::Variant;
use super::experts::{self, Experts};
use super::qwen3;

pub(crate) const VARIANT: Variant =
    Variant { experts: Experts::Always, keys: experts::KEYS, ..qwen3::VARIANT };
