//! The file that `probity package build --quality` reads, made of what was measured.
//!
//! Never measures; whole units, rounded to the nearest.

use serde_json::{Value, json};

use super::score::Position;

/// The name under which a package says what it was measured on.
const NAME: &str = "probity quality texts";

/// The object over all windows of these texts.
pub(crate) fn quality<'t>(
    texts: impl Iterator<Item = &'t str>,
    positions: &[Vec<Position>],
) -> Value {
    let all: Vec<&Position> = positions.iter().flatten().collect();
    let count = all.len() as f64;
    let mean = |value: fn(&Position) -> f64| all.iter().map(|p| value(p)).sum::<f64>() / count;
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(text.as_bytes());
    }
    json!({
        "kl_micro": whole(mean(|p| p.ours.divergence), 1e6),
        "float_perplexity_milli": whole(mean(|p| p.float).exp(), 1e3),
        "perplexity_milli": whole(mean(|p| p.ours.surprise).exp(), 1e3),
        "same_top_micro": whole(mean(|p| f64::from(u8::from(p.ours.agrees))), 1e6),
        "tokens": all.len(),
        "text_blake3": hasher.finalize().to_hex().as_str(),
        "text_name": NAME,
    })
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
fn whole(figure: f64, units: f64) -> u32 {
    (figure * units).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::score::Against;

    #[test]
    fn figures_are_in_whole_units() {
        let position = |divergence, surprise, agrees| Position {
            float: 1.0,
            ours: Against { divergence, surprise, agrees },
            theirs: Against::default(),
        };
        let measured = vec![vec![position(0.001, 1.0, true), position(0.002, 1.2, false)]];
        let found = quality(["one ", "text"].into_iter(), &measured);
        let text = blake3::hash(b"one text").to_hex();
        let wanted = json!({
            "kl_micro": 1_500, "float_perplexity_milli": 2_718, "perplexity_milli": 3_004,
            "same_top_micro": 500_000, "tokens": 2, "text_blake3": text.as_str(), "text_name": NAME,
        });
        assert_eq!(found, wanted);
    }
}
