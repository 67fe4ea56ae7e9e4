//! How much of a pass prompts get while answers get their tokens: as many rows as the time allows.
//!
//! Told how long passes took, it says how many rows the next one may have. Sync, reads no clock itself, and nothing that
//! it says can change a bit of an answer. Never less than a few rows: a prompt gets on however slow the machine is.

use std::time::Duration;

/// Fewest rows of a prompt in a pass: of fewer, the weights' way to the cores is all they cost.
const ROWS_LEAST: u64 = 8;
/// A pass with prompts may take so many times as long as one without.
const ALONE_TIMES: u64 = 2;
/// A new measure counts one part of so many.
const PARTS: u64 = 8;

/// What is known of one model's passes, in nanoseconds.
pub(super) struct Pace {
    gap: u64,
    rows_most: usize,
    /// A pass that gives tokens and nothing else.
    alone: Option<u64>,
    /// What a row of a prompt adds to it.
    row: Option<u64>,
}

impl Pace {
    /// Of passes that are to take about so long, and never have more rows than these.
    pub(super) fn new(gap: Duration, rows_most: usize) -> Self {
        Self { gap: nanoseconds(gap), rows_most, alone: None, row: None }
    }

    /// A pass took so long that gave so many answers their tokens, and had so many rows: how many the next one of the
    /// kind may have.
    pub(super) fn took(&mut self, drawing: usize, rows: usize, time: Duration) -> usize {
        let time = nanoseconds(time);
        let prompts = u64::try_from(rows.saturating_sub(drawing)).unwrap_or(u64::MAX);
        match (drawing, prompts) {
            // Nobody waits for a token.
            (0, _) => {}
            (_, 0) => self.alone = Some(mean(self.alone, time)),
            (_, prompts) => {
                let added = time.saturating_sub(self.alone.unwrap_or(0)) / prompts;
                self.row = Some(mean(self.row, added));
            }
        }
        self.rows(drawing)
    }

    fn rows(&self, drawing: usize) -> usize {
        let Some(row) = self.row.filter(|row| *row > 0) else { return self.rows_most };
        let alone = self.alone.unwrap_or(0);
        let whole = self.gap.max(alone.saturating_mul(ALONE_TIMES));
        let prompts = (whole.saturating_sub(alone) / row).max(ROWS_LEAST);
        let prompts = usize::try_from(prompts).unwrap_or(usize::MAX);
        drawing.saturating_add(prompts).min(self.rows_most)
    }
}

/// The mean with one measure more. The first is all there is.
fn mean(known: Option<u64>, measured: u64) -> u64 {
    let Some(known) = known else { return measured };
    (known / PARTS).saturating_mul(PARTS - 1).saturating_add(measured / PARTS)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of passes to come on a machine that takes so long for each, once its pace is known.
    fn settled(alone_ms: u64, row_us: u64) -> usize {
        let mut pace = Pace::new(Duration::from_millis(50), 64);
        let mut rows = 64;
        for _ in 0..100 {
            let prompts = u64::try_from(rows - 1).unwrap_or(0);
            let time = Duration::from_millis(alone_ms) + Duration::from_micros(row_us * prompts);
            pace.took(1, 1, Duration::from_millis(alone_ms));
            rows = pace.took(1, rows, time);
        }
        rows
    }

    #[test]
    fn a_slow_machine_reads_prompts_in_smaller_pieces() {
        // A fast one as much as it may; a slower one what 50 ms hold beside 10 for a token.
        assert_eq!(settled(5, 100), 64);
        assert!((10..=12).contains(&settled(10, 3_700)), "{}", settled(10, 3_700));
        // Where a token takes long, prompts take as long again; and they get on in any case.
        assert!((20..=21).contains(&settled(200, 10_000)), "{}", settled(200, 10_000));
        assert_eq!(settled(10, 1_000_000), 9);
    }

    #[test]
    fn passes_of_prompts_alone_say_nothing() {
        let mut pace = Pace::new(Duration::from_millis(50), 64);
        assert_eq!(pace.took(0, 256, Duration::from_secs(9)), 64);
        assert_eq!(pace.took(0, 0, Duration::ZERO), 64);
    }
}
