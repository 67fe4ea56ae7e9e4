//! Entry-by-entry ops (sections 4.7 and 4.8).

use crate::fixed::{Overflow, fit, rs};
use crate::functions::{exp2u, recip};

/// `silu(gate) * up` for one entry; `gate_frac` in 2..=12.
///
/// # Errors
/// [`Overflow`] where the entry leaves the limit.
pub fn silu_gate(
    gate: i32,
    up: i32,
    gate_frac: u8,
    up_frac: u8,
    frac: u8,
) -> Result<i32, Overflow> {
    let capped = gate.unsigned_abs().min((1 << (gate_frac + 5)) - 1);
    let x = (capped * 23_637) >> (gate_frac - 2);
    let positive = recip(exp2u(x));
    let sigmoid = if gate >= 0 { positive } else { 32_768 - positive };
    let silu = rs(i128::from(gate) * i128::from(sigmoid), 15);
    let shift = i32::from(gate_frac) + i32::from(up_frac) - i32::from(frac);
    fit(rs(silu * i128::from(up), shift))
}

/// The sum of two entries.
///
/// # Errors
/// [`Overflow`] where it leaves the limit.
pub fn add(a: i32, b: i32) -> Result<i32, Overflow> {
    fit(i128::from(a) + i128::from(b))
}
