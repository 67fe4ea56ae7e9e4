//! Every op as plain loops: the specification in code (`spec/arithmetic.md` section 4).
//!
//! Each op is cut into the pieces a referee's tile needs, so that one tile, the whole op and the
//! tests run the same lines. Written to be read beside the text, never to be fast. The fast kernels
//! are another reading of the same text and must agree with this one bit for bit.

mod attention;
mod experts;
mod hadamard;
mod matmul;
mod norm;
mod quantise;
mod rope;
mod rows;
mod sample;
mod unit_vector;

pub use attention::{
    AttentionShape, HeadRow, Peak, QueryScale, Sums, finish_value, head_row, peak, query_scale,
    score, sums,
};
pub(crate) use experts::apart;
pub use experts::{Over, route, weigh};
pub use hadamard::hadamard;
pub use matmul::{embed, finish_row, partial_a8, partial_a16};
pub use norm::{NormScale, norm, norm_apply, norm_scale, sum_of_squares};
pub use quantise::{
    A8Row, A16_MAX, A16Row, QUANT_MAX, ROW_SCALE_MAX, a8_block, a8_shift, a16_shift, quantise_a8,
    quantise_a16,
};
pub use rope::{Layout, rope};
pub use rows::{add, gelu_gate, scale, silu_gate, soft_cap};
pub use sample::{Draw, GREATEST_WEIGHT, Sampled, adjust, inverse_temperature, sample, weight};
pub use unit_vector::{UNIT_VECTOR_FRAC, unit_vector};
