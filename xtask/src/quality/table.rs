//! The table's lines and the goals: means over positions, with standard errors.
//!
//! Tokens are taken as independent. Differences of perplexity are paired by token, so what both
//! sides find hard cancels out.

use super::score::{Against, Position};

pub(crate) const HEADER: &str = "\
| window | tokens | KL, ours | by quarter | KL, llama.cpp | ppl float | ours | llama.cpp \
| ours to float | llama.cpp to float | ours to llama.cpp | top-1, ours | llama.cpp |
|---|---|---|---|---|---|---|---|---|---|---|---|---|";

const QUARTERS: usize = 4;
const MOST_DIVERGENCE: f64 = 0.006;
const MOST_PERPLEXITY_PERCENT: f64 = 0.6;
const MOST_PERPLEXITY_TO_THEIRS_PERCENT: f64 = 0.5;

/// A line over the positions of some windows.
pub(crate) fn row(name: &str, windows: &[Vec<Position>]) -> String {
    let divergence = |side: fn(&Position) -> &Against| mean(windows, |p| side(p).divergence);
    let float = mean(windows, |p| p.float).mean;
    let (ours, theirs) = (ours_perplexity(windows), mean(windows, |p| p.theirs.surprise).mean);
    let to_float = percent(&mean(windows, |p| p.theirs.surprise - p.float));
    let to_theirs = percent(&mean(windows, |p| p.ours.surprise - p.theirs.surprise));
    let quarters = quarters(windows).map(|mean| format!("{mean:.4}")).join(" ");
    let agree = |side: fn(&Position) -> &Against| {
        100.0 * mean(windows, |p| f64::from(u8::from(side(p).agrees))).mean
    };
    format!(
        "| {name} | {} | {} | {quarters} | {} | {:.3} | {:.3} | {:.3} | {} | {to_float} \
         | {to_theirs} | {:.2} % | {:.2} % |",
        windows.iter().map(Vec::len).sum::<usize>(),
        divergence(|p| &p.ours).at(5),
        divergence(|p| &p.theirs).at(5),
        float.exp(),
        mean(windows, |p| p.ours.surprise).mean.exp(),
        theirs.exp(),
        percent(&ours),
        agree(|p| &p.ours),
        agree(|p| &p.theirs),
    )
}

/// Something that must hold over all windows.
pub(crate) struct Goal {
    what: &'static str,
    found: f64,
    most: f64,
    least: f64,
}

/// The goals with what was found.
pub(crate) fn goals(windows: &[Vec<Position>]) -> [Goal; 2] {
    let divergence = mean(windows, |p| p.ours.divergence).mean;
    let perplexity = 100.0 * ours_perplexity(windows).mean.exp_m1();
    [
        Goal { what: "KL to float", found: divergence, most: MOST_DIVERGENCE, least: 0.0 },
        Goal {
            what: "perplexity to float, %",
            found: perplexity,
            most: MOST_PERPLEXITY_PERCENT,
            least: -MOST_PERPLEXITY_PERCENT,
        },
    ]
}

/// The goals of files that llama.cpp quantised: near to float, and not worse than llama.cpp on the same file
/// (it rounds activations too: ours may be the better one by any amount).
pub(crate) fn goals_of_requantised(windows: &[Vec<Position>]) -> [Goal; 2] {
    let [divergence, _] = goals(windows);
    let to_theirs = mean(windows, |p| p.ours.surprise - p.theirs.surprise).mean;
    let found = 100.0 * to_theirs.exp_m1();
    let what = "perplexity above llama.cpp's, %";
    let most = MOST_PERPLEXITY_TO_THEIRS_PERCENT;
    [divergence, Goal { what, found, most, least: f64::NEG_INFINITY }]
}

impl Goal {
    /// A figure that is no number meets nothing.
    pub(crate) fn met(&self) -> bool {
        (self.least..=self.most).contains(&self.found)
    }

    pub(crate) fn line(&self) -> String {
        let verdict = if self.met() { "pass" } else { "MISSED" };
        format!("{} {:+.5}, goal {} to {}: {verdict}", self.what, self.found, self.least, self.most)
    }
}

/// A mean and its standard error.
#[derive(Debug, PartialEq)]
struct Mean {
    mean: f64,
    error: f64,
}

impl Mean {
    fn at(&self, digits: usize) -> String {
        format!("{:.digits$} ± {:.digits$}", self.mean, self.error)
    }
}

fn mean(windows: &[Vec<Position>], value: impl Fn(&Position) -> f64) -> Mean {
    let values: Vec<f64> = windows.iter().flatten().map(value).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Mean { mean, error: (squares / (count - 1.0) / count).sqrt() }
}

/// By how much ours is more surprised than float, per token.
fn ours_perplexity(windows: &[Vec<Position>]) -> Mean {
    mean(windows, |p| p.ours.surprise - p.float)
}

/// A mean difference of logarithms as a change of perplexity.
fn percent(difference: &Mean) -> String {
    let error = 100.0 * difference.error * difference.mean.exp();
    format!("{:+.2} ± {error:.2} %", 100.0 * difference.mean.exp_m1())
}

/// The mean divergence of ours in each quarter of its window.
fn quarters(windows: &[Vec<Position>]) -> [f64; QUARTERS] {
    std::array::from_fn(|quarter| {
        let part = |window: &Vec<Position>| {
            let bound = |quarter: usize| window.len() * quarter / QUARTERS;
            window[bound(quarter)..bound(quarter + 1)].to_vec()
        };
        mean(&windows.iter().map(part).collect::<Vec<_>>(), |p| p.ours.divergence).mean
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(divergence: f64, surprise: f64) -> Position {
        let ours = Against { divergence, surprise, agrees: divergence < 0.003 };
        Position { float: 1.0, ours, theirs: Against { surprise: 1.0, ..Against::default() } }
    }

    #[test]
    fn means_have_the_standard_error_of_the_mean() {
        let windows = [vec![position(1.0, 0.0)], vec![position(2.0, 0.0), position(6.0, 0.0)]];
        let found = mean(&windows, |p| p.ours.divergence);
        assert_eq!(found, Mean { mean: 3.0, error: (14.0 / 2.0 / 3.0_f64).sqrt() });
    }

    #[test]
    fn a_quarter_is_one_of_its_own_window() {
        let window = |from: f64, quarter: usize| {
            (0..4 * quarter).map(|i| position(from + (i / quarter) as f64, 0.0)).collect()
        };
        let found = quarters(&[window(0.0, 2), window(10.0, 1)]);
        assert_eq!(found.map(|mean| (3.0 * mean).round()), [10.0, 13.0, 16.0, 19.0]);
    }

    #[test]
    fn goals_are_missed_beyond_their_bounds_on_both_sides() {
        let met = |divergence, surprise| {
            goals(&[vec![position(divergence, surprise); 2]]).map(|goal| goal.met())
        };
        assert_eq!(met(0.006, 1.005), [true, true]);
        assert_eq!(met(0.0061, 1.007), [false, false]);
        assert_eq!(met(0.0, 0.993), [true, false]);
        assert_eq!(met(f64::NAN, f64::NAN), [false, false]);
    }

    #[test]
    fn a_line_shows_the_paired_difference() {
        let line = row("w", &[vec![position(0.002, 1.01), position(0.004, 1.01)]]);
        let wanted = "| w | 2 | 0.00300 ± 0.00100 |";
        assert!(line.starts_with(wanted), "{line}");
        assert!(
            line.contains("| 2.718 | 2.746 | 2.718 | +1.01 ± 0.00 % | +0.00 ± 0.00 % |"),
            "{line}"
        );
        assert!(line.ends_with("| 50.00 % | 0.00 % |"), "{line}");
    }
}
