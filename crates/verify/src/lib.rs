//! Evidence to report: what a receipt establishes, whom that trusts, and what it does not establish.
//!
//! Never runs a model, reads a file or asks anybody: whoever replays hands the outcome in. Never says "verified"
//! without saying what was not established. Failure: a [`Refutation`] says what is wrong with a receipt; what can't be
//! judged is [`Missing`], never a pass.

mod evidence;
mod json;
mod opened;
mod refutation;
mod report;

pub use evidence::{Evidence, Kind, Outcome, Unchecked};
pub use json::{PlaceJson, ReportJson};
pub use opened::opened;
pub use refutation::{Ending, Hex, Refutation};
pub use report::{Missing, NotEstablished, Replay, Report, Verdict, examine};
