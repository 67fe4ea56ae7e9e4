//! qwen3: the dense models of Qwen 3. Query and key are normed head by head; heads have a width of their own.

use super::decoder::{PLAIN, Variant};

pub(crate) const VARIANT: Variant = Variant { head_norms: true, ..PLAIN };
