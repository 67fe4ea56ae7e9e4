//! The ledger's rules (`spec/ledger.md`): what every validator makes of ordered transactions.
//!
//! A pure function: a state and a block in, a state out ([`apply`]), or the reason why the block may not follow. Never
//! reads a clock, does I/O, draws randomness, iterates in an order that is not the keys', uses a float, or reaches the
//! engine. Invariants: a rejected transaction changes nothing; money is neither made nor lost but by what the purse says;
//! a transaction sees what it named and no more. Failure: a rejection has a number; what must not be is a [`Fault`].

mod accounts;
mod apply;
mod asked;
mod audits;
mod begin;
#[cfg(feature = "canary")]
pub mod canary;
mod channels;
mod claims;
mod context;
mod contradictions;
mod dates;
mod disputes;
mod epoch;
mod execution;
mod groups;
mod liability;
mod listing;
mod models;
mod names;
mod nodes;
mod parameters;
mod payout;
mod plants;
mod proposals;
mod receipts;
mod seats;
mod stop;
mod supply;
pub mod tx;
mod view;
mod whole;

pub use apply::{BlockError, PROTOCOL, Proposed, apply, apply_authentic, apply_with, propose};
pub use asked::AskedOf;
pub use begin::{GenesisError, begin, seated};
pub use claims::Claim;
pub use context::{Author, Context};
pub use disputes::NamedModel;
pub use execution::{BLOCK_WORK_MAX, Execution, Made, Opening};
pub use models::referee_model;
pub use nodes::slash;
pub use parameters::{Parameter, Parameters, Row, TABLE};
pub use stop::{Fault, Rejection, Stop};
pub use supply::{Supply, supply};
pub use view::{Flows, View, Working};
