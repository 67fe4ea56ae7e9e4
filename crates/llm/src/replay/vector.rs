//! An embedding re-derived: one pass over the prompt, and every number of the vector compared.
//!
//! A vector is whole or not there. Never compares within a tolerance. Failure: the first number that differs refutes.

use engine::Fault;
use receipt::Stop;
use verify::{Ending, Refutation};

use super::{Claim, Line, Replay, count};
use crate::embedding::vector;
use crate::job::Request;

impl Line {
    /// Judges by its length alone what is said to be a vector of the job.
    pub(super) fn of_vector(request: &Request, claim: &Claim) -> Result<Self, Refutation> {
        let (claimed, found) = (claim.tokens.len(), request.tokens_max);
        // How many numbers go with the end, and how many rows show whether it is true.
        let (numbers, draws) = match claim.stop {
            Stop::Cancelled { .. } | Stop::Unfinished => (0, 0),
            Stop::Fault { .. } => (0, 1),
            Stop::Length | Stop::Token | Stop::String { .. } => (found, 1),
        };
        if claimed != 0 && claimed != found || claimed < numbers {
            let (claimed, found) = (count(claimed), count(found));
            return Err(Refutation::Usage { what: "numbers of the vector", claimed, found });
        }
        let ends = claim.stop == Stop::Length || numbers == 0;
        if claimed != numbers || !ends {
            return Err(claim.ends_otherwise(Ending::Length, claimed));
        }
        Ok(Self { claim: claim.clone(), constraint: None, draws })
    }
}

impl Replay {
    /// Holds what was delivered against the row that the pass gave.
    pub(super) fn row_computed(
        &mut self,
        row: Option<&[i32]>,
        fault: Option<Fault>,
    ) -> Result<(), Refutation> {
        let claim = &self.lines[self.at].claim;
        if let Some(fault) = fault {
            claim.faults(fault, 0)?;
            self.next_line();
            return Ok(());
        }
        let row = row.expect("a pass without a fault gives the row that was wanted");
        let dimensions = usize::try_from(self.job.fields().stop.tokens_max).unwrap_or(usize::MAX);
        let expected = vector(row, dimensions);
        if claim.tokens.is_empty() {
            // It was said to end in a fault.
            return Err(claim.ends_otherwise(Ending::Length, expected.len()));
        }
        for (position, (expected, found)) in (0..).zip(expected.iter().zip(&claim.tokens)) {
            let (expected, found) = (*expected, found.cast_signed());
            if expected != found {
                return Err(Refutation::Number { position, expected, found });
            }
        }
        self.done += 1;
        self.next_line();
        Ok(())
    }
}
