//! Entry-by-entry ops (sections 4.7, 4.8 and 4.10 to 4.12).

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
    let shift = i32::from(gate_frac) + i32::from(up_frac) - i32::from(frac);
    gated(gate, x, up, shift)
}

/// `gelu(gate) * up` for one entry, gelu in its form with tanh; `gate_frac` in 2..=12.
///
/// # Errors
/// [`Overflow`] where the entry leaves the limit.
pub fn gelu_gate(
    gate: i32,
    up: i32,
    gate_frac: u8,
    up_frac: u8,
    frac: u8,
) -> Result<i32, Overflow> {
    let a = gate.unsigned_abs().min(5 << gate_frac) << (12 - gate_frac);
    let slope = 37_719 + ((((a * a) >> 12) * 13_493) >> 15);
    let shift = i32::from(gate_frac) + i32::from(up_frac) - i32::from(frac);
    gated(gate, (a * slope) >> 10, up, shift)
}

/// The gate times the sigmoid of its sign and `x`, in log2 units with 16 fractional bits; times `up`.
fn gated(gate: i32, x: u32, up: i32, shift: i32) -> Result<i32, Overflow> {
    let positive = recip(exp2u(x));
    let sigmoid = if gate >= 0 { positive } else { 32_768 - positive };
    let activated = rs(i128::from(gate) * i128::from(sigmoid), 15);
    fit(rs(activated * i128::from(up), shift))
}

/// The sum of two entries.
///
/// # Errors
/// [`Overflow`] where it leaves the limit.
pub fn add(a: i32, b: i32) -> Result<i32, Overflow> {
    fit(i128::from(a) + i128::from(b))
}

/// `cap * tanh(x / cap)` for one entry, the cap in units of the row, 1 <= cap < 2^30. It never leaves the limit.
#[must_use]
pub fn soft_cap(x: i32, cap: u32) -> i32 {
    let t = u64::from(x.unsigned_abs()) * 189_097 / u64::from(cap);
    // Beyond 32 bits nothing is left of exp2u, nor at their end.
    let e = exp2u(u32::try_from(t).unwrap_or(u32::MAX));
    let d = 65_535 - e;
    let tanh = i128::from(d + (d >> 15)) * i128::from(recip(e));
    let capped = rs(i128::from(cap) * tanh, 31) as i32;
    if x >= 0 { capped } else { -capped }
}

/// `x * mantissa * 2^exponent` for one entry, frac unchanged; `mantissa` below 2^15.
///
/// # Errors
/// [`Overflow`] where the entry leaves the limit.
pub fn scale(x: i32, mantissa: u16, exponent: i32) -> Result<i32, Overflow> {
    fit(rs(i128::from(x) * i128::from(mantissa), -exponent))
}
