//! Shapes of models that are served, and of the greatest program there may be: for tables of bytes, rounds and time.
//!
//! Never with weights: nothing here is small enough to be made.

use canon::Format;

use super::Shape;
use crate::types::InputKind;

/// A model of 135 million parameters, at so many positions.
#[must_use]
pub fn smollm2(context_max: u32) -> Shape {
    Shape {
        width: 576,
        hidden: 1536,
        layers: 30,
        heads: 9,
        kv_heads: 3,
        head_width: 64,
        rotary: 64,
        vocabulary: 49_152,
        context_max,
        format: Format::Q4_1,
        tied: true,
        ..Shape::default()
    }
}

/// A model of 8 billion parameters, at 8,192 positions.
#[must_use]
pub fn llama_8b() -> Shape {
    Shape {
        width: 4096,
        hidden: 14_336,
        layers: 32,
        heads: 32,
        kv_heads: 8,
        head_width: 128,
        rotary: 128,
        vocabulary: 128_256,
        context_max: 8192,
        format: Format::Q8_0,
        ..Shape::default()
    }
}

/// A model of 70 billion parameters, at 32,768 positions.
#[must_use]
pub fn llama_70b() -> Shape {
    Shape { width: 8192, hidden: 28_672, layers: 80, heads: 64, context_max: 32_768, ..llama_8b() }
}

/// The greatest of everything that a program may say.
#[must_use]
pub fn limits() -> Shape {
    Shape {
        width: 1 << 17,
        hidden: 1 << 17,
        layers: 1,
        heads: 512,
        kv_heads: 512,
        head_width: 256,
        rotary: 256,
        vocabulary: 1 << 20,
        context_max: 1 << 16,
        tied: true,
        ..worst(&llama_8b())
    }
}

/// The same with the format, the inputs and the ops that make tiles greatest.
#[must_use]
pub fn worst(shape: &Shape) -> Shape {
    Shape {
        format: Format::F32,
        inputs: InputKind::A16,
        bias: true,
        head_norm: true,
        hadamard: true,
        soft_cap: true,
        ..shape.clone()
    }
}
