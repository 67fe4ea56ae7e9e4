//! Floating-point numbers of files as bit patterns, and as the exact numbers they stand for (`canon::dyadic`).
//!
//! Files carry floats (the norm's epsilon, RoPE's base); an answer's arithmetic has none. It never rounds. Failure:
//! infinities and NaNs are refused ([`NonFinite`]).

pub use canon::dyadic::{Dyadic, NonFinite};

/// The bits of an IEEE 754 binary32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct F32Bits(pub u32);

/// The bits of an IEEE 754 binary64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct F64Bits(pub u64);

impl F32Bits {
    pub fn decode(self) -> Result<Dyadic, NonFinite> {
        canon::dyadic::f32(self.0)
    }
}

impl F64Bits {
    pub fn decode(self) -> Result<Dyadic, NonFinite> {
        canon::dyadic::f64(self.0)
    }
}
