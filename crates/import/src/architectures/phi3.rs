//! phi3: Phi 3, 3.5 and 4. Query, key and value are rows of one matrix, gate and up those of another.
//!
//! Every layer has the header's window, as its publisher runs it; llama.cpp passes the window over.

use super::decoder::{PLAIN, Variant, Windows};
use super::rotation::Factors;

pub(crate) const VARIANT: Variant =
    Variant { factors: Factors::ShortAndLong, windows: Windows::EveryLayer, fused: true, ..PLAIN };
