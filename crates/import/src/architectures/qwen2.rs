//! qwen2: Qwen 2 and 2.5, with a bias on query, key and value.
//!
//! Pairs are a half of the head apart. Where these models have a window, only their later layers do.

use super::decoder::{PLAIN, Variant};

pub(crate) const VARIANT: Variant = PLAIN;
