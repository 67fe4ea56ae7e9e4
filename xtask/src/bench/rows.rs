//! The comparison's rows with their targets, and what a row's rounds come to.
//!
//! A ratio is their seconds by ours within one round, so above 1 we are faster. The row's
//! figure is the median of the rounds' ratios; the least and the greatest stand beside it.

use super::measure::{self, Clock, Ours, Shape};
use super::peer::{Format, Isa, Peer};
use crate::Outcome;

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    format: Format,
    isa: Isa,
    shape: Shape,
    threads: u32,
    clock: Clock,
    /// The ratio to reach; `None`: only shown.
    target: Option<f64>,
    pub(crate) beats: Beats,
}

/// Rows that are compared with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beats {
    Nothing,
    /// Its ratio is what `Base` rows must exceed.
    IsBase,
    Base,
}

const SHORT: Shape = Shape::Decode { count: 64, after: 128 };
const MIDDLE: Shape = Shape::Decode { count: 64, after: 512 };
const LONG: Shape = Shape::Decode { count: 64, after: 1984 };
const PROMPT: Shape = Shape::Prefill(512);
const LONG_PROMPT: Shape = Shape::Prefill(2048);

const fn row(format: Format, isa: Isa, shape: Shape, target: Option<f64>) -> Row {
    let (threads, clock, beats) = (1, Clock::Cpu, Beats::Nothing);
    Row { format, isa, shape, threads, clock, target, beats }
}

const fn native(format: Format, shape: Shape, target: Option<f64>) -> Row {
    row(format, Isa::Native, shape, target)
}

const fn avx2(format: Format, shape: Shape, target: Option<f64>) -> Row {
    row(format, Isa::Avx2, shape, target)
}

const fn two_threads(shape: Shape, target: f64) -> Row {
    let row = native(Format::Q8_0, shape, Some(target));
    Row { threads: 2, clock: Clock::Wall, ..row }
}

/// Every row, in the order of the table. Q4_0 is llama.cpp's best own format: it repacks it.
pub(crate) const ROWS: &[Row] = &[
    native(Format::Q8_0, PROMPT, Some(3.3)),
    Row { beats: Beats::IsBase, ..native(Format::Q8_0, SHORT, Some(1.35)) },
    native(Format::Q8_0, MIDDLE, Some(1.6)),
    Row { beats: Beats::Base, ..native(Format::Q8_0, LONG, None) },
    native(Format::Q8_0, LONG_PROMPT, None),
    native(Format::Q4_1, PROMPT, Some(6.5)),
    Row { beats: Beats::IsBase, ..native(Format::Q4_1, SHORT, Some(1.6)) },
    native(Format::Q4_1, MIDDLE, Some(1.8)),
    Row { beats: Beats::Base, ..native(Format::Q4_1, LONG, None) },
    native(Format::Q4_0, PROMPT, Some(1.8)),
    Row { beats: Beats::IsBase, ..native(Format::Q4_0, SHORT, Some(1.1)) },
    native(Format::Q4_0, MIDDLE, Some(1.3)),
    Row { beats: Beats::Base, ..native(Format::Q4_0, LONG, None) },
    avx2(Format::Q8_0, PROMPT, Some(1.2)),
    avx2(Format::Q8_0, SHORT, Some(1.2)),
    avx2(Format::Q4_1, PROMPT, Some(1.2)),
    avx2(Format::Q4_1, SHORT, Some(1.2)),
    avx2(Format::Q4_0, PROMPT, None),
    avx2(Format::Q4_0, SHORT, Some(1.05)),
    two_threads(PROMPT, 2.6),
    two_threads(SHORT, 1.3),
    // llama.cpp repacks this one too, and it is what most people download.
    native(Format::BillionQ4KM, PROMPT, Some(1.8)),
    native(Format::BillionQ4KM, SHORT, Some(1.1)),
];

pub(crate) const HEADER: &str = "\
| row | ours tok/s | llama.cpp tok/s | ratio (median) | least to greatest | target | |
|---|---|---|---|---|---|---|";

impl Row {
    pub(crate) fn name(&self) -> String {
        let shape = match self.shape {
            Shape::Prefill(tokens) => format!("prefill {tokens}"),
            Shape::Decode { count, after } => format!("decode {count} after {after}"),
        };
        let clock = match self.clock {
            Clock::Cpu => "CPU time",
            Clock::Wall => "wall clock",
        };
        let plural = if self.threads == 1 { "" } else { "s" };
        let (format, isa) = (self.format.name(), self.isa.name());
        format!("{format} {isa} {shape}, {} thread{plural}, {clock}", self.threads)
    }
}

/// A row's rounds.
#[derive(Debug)]
pub(crate) struct Measured<'a> {
    row: &'a Row,
    /// Seconds by round; empty when ours was not measured.
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

/// Runs a row's rounds: ours, theirs, ours, theirs.
pub(crate) fn measure<'a>(
    row: &'a Row,
    peer: &Peer,
    ours: Option<&Ours>,
    rounds: usize,
) -> Outcome<Measured<'a>> {
    let model = peer.made(row.format)?;
    let driver = peer.driver(row.isa);
    let mut measured = Measured { row, ours: Vec::new(), theirs: Vec::new() };
    for _ in 0..rounds {
        if let Some(ours) = ours {
            let (shape, threads) = (row.shape, row.threads);
            measured.ours.push(measure::ours(ours, &model, row.isa, shape, threads, row.clock)?);
        }
        let mut best = f64::INFINITY;
        for flash in [true, false] {
            let (shape, threads) = (row.shape, row.threads);
            best = best.min(measure::theirs(&driver, &model, flash, shape, threads, row.clock)?);
        }
        measured.theirs.push(best);
    }
    Ok(measured)
}

impl Measured<'_> {
    fn ratios(&self) -> Vec<f64> {
        self.theirs.iter().zip(&self.ours).map(|(theirs, ours)| theirs / ours).collect()
    }

    pub(crate) fn median_ratio(&self) -> Option<f64> {
        median(&self.ratios())
    }

    pub(crate) fn missed(&self) -> bool {
        self.row.target.zip(self.median_ratio()).is_some_and(|(target, ratio)| ratio < target)
    }

    /// The row of the table.
    pub(crate) fn line(&self) -> String {
        let tokens = f64::from(self.row.shape.tokens());
        let rate = |seconds: &[f64]| {
            median(seconds).map_or("-".to_owned(), |seconds| format!("{:.0}", tokens / seconds))
        };
        let ratios = self.ratios();
        let (ratio, spread) = match median(&ratios) {
            None => ("-".to_owned(), "-".to_owned()),
            Some(ratio) => {
                let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
                let greatest = ratios.iter().copied().fold(0.0, f64::max);
                (format!("{ratio:.2}"), format!("{least:.2} to {greatest:.2}"))
            }
        };
        let target = self.row.target.map_or("-".to_owned(), |target| format!("{target:.2}"));
        let verdict = match (self.row.target, self.median_ratio()) {
            (Some(_), Some(_)) if self.missed() => "MISSED",
            (Some(_), Some(_)) => "met",
            (None, _) | (_, None) => "",
        };
        let (ours, theirs) = (rate(&self.ours), rate(&self.theirs));
        format!(
            "| {} | {ours} | {theirs} | {ratio} | {spread} | {target} | {verdict} |",
            self.row.name()
        )
    }
}

/// The middle value; of an even count, the lower of the two in the middle.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(ours: &[f64], theirs: &[f64]) -> Measured<'static> {
        Measured { row: &ROWS[0], ours: ours.to_vec(), theirs: theirs.to_vec() }
    }

    #[test]
    fn the_figure_is_the_median_of_the_ratios_within_rounds() {
        // The medians of the seconds alone would give 4.0.
        let result = measured(&[1.0, 2.0, 1.0], &[3.0, 8.0, 4.0]);
        assert_eq!(result.median_ratio(), Some(4.0));
        let result = measured(&[1.0, 2.0, 4.0], &[8.0, 4.0, 4.0]);
        assert_eq!(result.median_ratio(), Some(2.0));
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0]), Some(1.0));
    }

    #[test]
    fn a_ratio_below_the_target_is_missed() {
        assert!(measured(&[1.0], &[3.29]).missed());
        assert!(!measured(&[1.0], &[3.3]).missed());
        assert!(!measured(&[], &[3.0]).missed(), "theirs alone misses nothing");
    }

    #[test]
    fn a_line_shows_rates_ratio_spread_target_and_verdict() {
        let line = measured(&[0.5, 0.5, 0.5], &[2.0, 1.0, 1.5]).line();
        let wanted = "| Q8_0 native prefill 512, 1 thread, CPU time | 1024 | 341 | 3.00 \
                      | 2.00 to 4.00 | 3.30 | MISSED |";
        assert_eq!(line, wanted);
    }

    #[test]
    fn rows_are_named_apart_and_every_base_comes_before_what_it_is_compared_with() {
        let names: std::collections::BTreeSet<String> = ROWS.iter().map(Row::name).collect();
        assert_eq!(names.len(), ROWS.len());
        let mut base = None;
        for row in ROWS {
            match row.beats {
                Beats::Nothing => {}
                Beats::IsBase => base = Some(row.format),
                Beats::Base => assert_eq!(base, Some(row.format)),
            }
        }
    }
}
