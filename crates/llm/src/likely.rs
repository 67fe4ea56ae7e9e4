//! How likely a token was, for display: the one place that computes floats in this crate. Nothing that is signed or drawn
//! depends on it.
//!
//! The share is of the model's own distribution: before temperature, penalties, bias and cuts.

#![allow(clippy::float_arithmetic, reason = "display")]

/// A token and the natural logarithm of its share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likely {
    /// The token.
    pub token: u32,
    /// The logarithm: never above zero.
    pub logprob: f64,
}

/// The drawn token, and the likeliest ones in order.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLogprob {
    /// The drawn one.
    pub drawn: Likely,
    /// The likeliest, as many as were asked for.
    pub top: Vec<Likely>,
}

/// How likely `token` was among these logits of so many fractional bits, and the `top` likeliest.
pub(crate) fn logprob(logits: &[i32], frac: u8, token: u32, top: u8) -> Option<TokenLogprob> {
    let unit = 1.0 / f64::from(1_u32.checked_shl(frac.into())?);
    let peak = logits.iter().copied().max()?;
    let above = |logit: i32| f64::from(i64_to_i32(i64::from(logit) - i64::from(peak))) * unit;
    let sum: f64 = logits.iter().map(|logit| above(*logit).exp()).sum();
    let share = |token: u32| {
        let logit = *logits.get(usize::try_from(token).ok()?)?;
        Some(Likely { token, logprob: above(logit) - sum.ln() })
    };
    let mut likeliest: Vec<(i32, u32)> = Vec::new();
    let top_count = usize::from(top);
    for (logit, id) in logits.iter().copied().zip(0_u32..) {
        let place = likeliest.partition_point(|(known, _)| *known >= logit);
        if place < top_count {
            likeliest.insert(place, (logit, id));
            likeliest.truncate(top_count);
        }
    }
    let top = likeliest.into_iter().filter_map(|(_, id)| share(id)).collect();
    Some(TokenLogprob { drawn: share(token)?, top })
}

/// Differences below what 32 bits hold are as good as the least.
fn i64_to_i32(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MIN)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    // floats: what is shown is compared with the definition.
    #[test]
    fn shares_add_up_to_one_and_the_likeliest_come_first() {
        let logits = [0, 256, 512, 256, -512];
        let found = logprob(&logits, 8, 1, 5).unwrap();
        let total: f64 = found.top.iter().map(|likely| likely.logprob.exp()).sum();
        assert!((total - 1.0).abs() < 1e-12, "{total}");
        let ids: Vec<u32> = found.top.iter().map(|likely| likely.token).collect();
        assert_eq!(ids, [2, 1, 3, 0, 4]);
        assert!((found.drawn.logprob - (found.top[0].logprob - 1.0)).abs() < 1e-12);
        assert_eq!(logprob(&logits, 8, 5, 1), None);
        assert_eq!(logprob(&logits, 8, 0, 0).unwrap().top, []);
    }
}
