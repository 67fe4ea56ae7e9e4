//! What one position's three rows of logits come to.
//!
//! Everything in f64 and natural logarithms. Never averages: that is the table's business.

use std::sync::{Mutex, PoisonError};

use ndarray::Array2;

/// Positions of a chunk that a thread claims at a time.
const CLAIM: usize = 4;

/// The logits of some positions, by side.
pub(crate) struct Rows<'a> {
    pub(crate) float: &'a Array2<f32>,
    pub(crate) ours: &'a [Vec<i32>],
    /// Fractional bits of ours.
    pub(crate) ours_frac: u8,
    pub(crate) theirs: &'a [Vec<f32>],
}

/// A position's figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Position {
    /// Minus the logarithm of the probability float gives the token that comes.
    pub(crate) float: f64,
    pub(crate) ours: Against,
    pub(crate) theirs: Against,
}

/// One side against float.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Against {
    /// KL(float || this).
    pub(crate) divergence: f64,
    /// Minus the logarithm of the probability of the token that comes.
    pub(crate) surprise: f64,
    /// Whether the most likely token is float's.
    pub(crate) agrees: bool,
}

/// Scores positions; `targets` are the tokens that come.
pub(crate) fn positions(rows: &Rows<'_>, targets: &[u32], threads: usize) -> Vec<Position> {
    let mut scored = vec![Position::default(); targets.len()];
    let chunks = Mutex::new(scored.chunks_mut(CLAIM).enumerate());
    let claim = || chunks.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((chunk, scored)) = claim() {
                    for (index, position) in scored.iter_mut().enumerate() {
                        let row = CLAIM * chunk + index;
                        *position = one(rows, row, targets[row]);
                    }
                }
            });
        }
    });
    scored
}

fn one(rows: &Rows<'_>, row: usize, target: u32) -> Position {
    let target = usize::try_from(target).expect("a token is an index");
    let unit = 2_f64.powi(-i32::from(rows.ours_frac));
    let float: Vec<f64> = rows.float.row(row).iter().map(|x| f64::from(*x)).collect();
    let ours: Vec<f64> = rows.ours[row].iter().map(|x| f64::from(*x) * unit).collect();
    let theirs: Vec<f64> = rows.theirs[row].iter().map(|x| f64::from(*x)).collect();
    let float = Side::new(float);
    let weights: Vec<f64> = float.logits.iter().map(|x| (x - float.log_sum).exp()).collect();
    Position {
        float: float.surprise(target),
        ours: against(&float, &weights, &Side::new(ours), target),
        theirs: against(&float, &weights, &Side::new(theirs), target),
    }
}

/// A row of logits.
struct Side {
    logits: Vec<f64>,
    /// The logarithm of the sum of their exponentials.
    log_sum: f64,
    /// The first of the greatest.
    top: usize,
}

impl Side {
    fn new(logits: Vec<f64>) -> Self {
        let mut top = 0;
        for (token, logit) in logits.iter().enumerate() {
            if *logit > logits[top] {
                top = token;
            }
        }
        let most = logits[top];
        let sum: f64 = logits.iter().map(|logit| (logit - most).exp()).sum();
        Self { logits, log_sum: most + sum.ln(), top }
    }

    fn surprise(&self, token: usize) -> f64 {
        self.log_sum - self.logits[token]
    }
}

fn against(float: &Side, weights: &[f64], side: &Side, target: usize) -> Against {
    let pairs = float.logits.iter().zip(&side.logits);
    let shift = float.log_sum - side.log_sum;
    let divergence = pairs.zip(weights).map(|((a, b), weight)| weight * (a - b - shift)).sum();
    Against { divergence, surprise: side.surprise(target), agrees: side.top == float.top }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities 3/4, 1/4 against 1/2, 1/2 (ours) and 1/4, 3/4 (theirs).
    #[test]
    fn figures_are_those_of_the_probabilities() {
        let float = Array2::from_shape_vec((1, 2), vec![3_f32.ln() + 7.0, 7.0]).unwrap();
        let (ours, theirs) = ([vec![40, 40]], [vec![0.0, 3_f32.ln()]]);
        let rows = Rows { float: &float, ours: &ours, ours_frac: 3, theirs: &theirs };
        let position = positions(&rows, &[1], 2)[0];
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} is not {b}");
        near(position.float, 4_f64.ln());
        near(position.ours.surprise, 2_f64.ln());
        near(position.theirs.surprise, (4.0 / 3.0_f64).ln());
        near(position.ours.divergence, 0.75 * 1.5_f64.ln() + 0.25 * 0.5_f64.ln());
        near(position.theirs.divergence, 0.5 * 3_f64.ln());
        // A tie goes to the lower token.
        assert_eq!((position.ours.agrees, position.theirs.agrees), (true, false));
    }

    #[test]
    fn integers_count_by_their_unit_and_every_row_gets_its_own_target() {
        let float = Array2::from_shape_fn((9, 3), |(i, j)| ((i * j) % 4) as f32 * 0.5);
        let whole = |i: usize| (0..3).map(|j| i32::try_from((i * j) % 4).unwrap()).collect();
        let ours: Vec<Vec<i32>> = (0..9).map(whole).collect();
        let theirs: Vec<Vec<f32>> = float.rows().into_iter().map(|r| r.to_vec()).collect();
        let rows = Rows { float: &float, ours: &ours, ours_frac: 1, theirs: &theirs };
        let targets = [0, 1, 2, 0, 1, 2, 2, 2, 1];
        let scored = positions(&rows, &targets, 3);
        for (row, position) in scored.iter().enumerate() {
            assert!(position.ours.divergence.abs() < 1e-12 && position.ours.agrees);
            assert_eq!(position.ours.surprise, position.float);
            assert_eq!(*position, one(&rows, row, targets[row]));
        }
        assert_ne!(scored[1].float, scored[2].float);
    }
}
