//! Blocks: made by a proposer, judged by everybody else.
//!
//! Never asks who voted: certificates are consensus' and the light client's. Invariant: what [`propose`] makes, [`apply`]
//! takes, and both end in one state.

use chain::records::SeatsSlot;
use chain::state::State;
use chain::{
    Authentic, BLOCK_BYTES_MAX, Block, HEADER_BYTES, Header, TRANSACTIONS_MAX, Transaction,
    transactions_root,
};
use commit::Network;
use receipt::PublicKey;
use thiserror::Error;

use crate::execution::{Execution, Made, Opening};
use crate::stop::{Fault, Rejection, Stop};
use crate::view::Working;

/// The version of the rules that this release executes.
pub const PROTOCOL: u16 = 1;

/// Why a block can't follow.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BlockError {
    /// Rules of another version.
    #[error("the block is of rules {found}; this release executes {PROTOCOL}")]
    Protocol {
        /// The block's.
        found: u16,
    },
    /// Not what follows from the block before and the transactions.
    #[error("the header's {0} is not what follows")]
    Header(&'static str),
    /// The proposer's clock did not go on.
    #[error("the stamp is not after that of the block before")]
    Stamp,
    /// A transaction that nobody may take.
    #[error("transaction {at} is rejected: {why}")]
    Rejected {
        /// Which.
        at: usize,
        /// Why.
        why: Rejection,
    },
    /// A transaction that its payer did not sign.
    #[error("transaction {at} is not signed by its payer")]
    Signature {
        /// Which.
        at: usize,
    },
    /// This validator can't go on.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What a proposer made.
#[derive(Debug)]
pub struct Proposed {
    /// The block.
    pub block: Block,
    /// The state after it.
    pub state: State,
    /// Transactions that were left out, by their place among those given, and why.
    pub left_out: Vec<(usize, Rejection)>,
}

/// Makes a block of as many of these transactions as can be taken.
///
/// # Errors
/// [`BlockError::Stamp`], or a fault.
pub fn propose(
    state: &State,
    parent: &Header,
    proposer: PublicKey,
    opening: &Opening,
    transactions: &[Authentic],
) -> Result<Proposed, BlockError> {
    if opening.stamp <= parent.stamp {
        return Err(BlockError::Stamp);
    }
    check_seat(state, proposer)?;
    let mut execution = begin(state, opening)?;
    let (mut taken, mut left_out) = (Vec::new(), Vec::new());
    let mut bytes = HEADER_BYTES;
    for (at, transaction) in transactions.iter().enumerate() {
        let with = bytes + 4 + transaction.get().bytes();
        if with > BLOCK_BYTES_MAX || taken.len() == TRANSACTIONS_MAX {
            break;
        }
        match execution.take(transaction) {
            Ok(()) => {
                bytes = with;
                taken.push(transaction.get().clone());
            }
            Err(Stop::Rejected(why)) => left_out.push((at, why)),
            Err(Stop::Fault(fault)) => return Err(fault.into()),
        }
    }
    let made = execution.finish()?;
    let header = header(state.network(), parent, proposer, &made, &taken);
    Ok(Proposed { block: Block { header, transactions: taken }, state: made.state, left_out })
}

/// The state after a block, where it may follow.
///
/// # Errors
/// [`BlockError`] says why it may not.
pub fn apply(state: &State, parent: &Header, block: Block) -> Result<State, BlockError> {
    let network = state.network();
    let mut authentic = Vec::with_capacity(block.transactions.len());
    for (at, transaction) in block.transactions.into_iter().enumerate() {
        authentic.push(transaction.authenticate(network).ok_or(BlockError::Signature { at })?);
    }
    apply_authentic(state, parent, &block.header, &authentic)
}

/// The same, where the signatures were checked before.
///
/// # Errors
/// As [`apply`].
pub fn apply_authentic(
    state: &State,
    parent: &Header,
    header: &Header,
    transactions: &[Authentic],
) -> Result<State, BlockError> {
    if header.protocol != PROTOCOL {
        return Err(BlockError::Protocol { found: header.protocol });
    }
    if header.stamp <= parent.stamp {
        return Err(BlockError::Stamp);
    }
    check_seat(state, header.proposer)?;
    let opening = Opening { stamp: header.stamp, beacon: header.beacon };
    let mut execution = begin(state, &opening)?;
    for (at, transaction) in transactions.iter().enumerate() {
        execution.take(transaction).map_err(|stop| match stop {
            Stop::Rejected(why) => BlockError::Rejected { at, why },
            Stop::Fault(fault) => fault.into(),
        })?;
    }
    let made = execution.finish()?;
    let bare: Vec<Transaction> = transactions.iter().map(|made| made.get().clone()).collect();
    let follows = self::header(state.network(), parent, header.proposer, &made, &bare);
    compare(header, &follows)?;
    Ok(made.state)
}

/// Begins a block of the rules that this release executes.
fn begin(state: &State, opening: &Opening) -> Result<Execution, BlockError> {
    let execution = Execution::begin(state, opening)?;
    match execution.rules() {
        PROTOCOL => Ok(execution),
        found => Err(BlockError::Protocol { found }),
    }
}

/// Whoever proposes has a seat in the state before.
fn check_seat(state: &State, proposer: PublicKey) -> Result<(), BlockError> {
    let seats = Working::new(state.clone()).get(&SeatsSlot)?.ok_or(Fault::Lacking("its seats"))?;
    match seats.0.iter().any(|seat| seat.key == proposer) {
        true => Ok(()),
        false => Err(BlockError::Header("proposer")),
    }
}

fn header(
    network: Network,
    parent: &Header,
    proposer: PublicKey,
    made: &Made,
    transactions: &[Transaction],
) -> Header {
    let count = u32::try_from(transactions.len()).expect("the limit holds");
    Header {
        protocol: PROTOCOL,
        height: made.clock.height,
        parent: parent.hash(network),
        stamp: made.clock.stamp,
        time: made.clock.time,
        epoch: made.clock.epoch,
        proposer,
        beacon: made.clock.beacon,
        transactions: count,
        transactions_root: transactions_root(network, transactions),
        state_root: made.state.root(),
        seats: made.seats,
    }
}

/// Names the first field that differs.
fn compare(found: &Header, follows: &Header) -> Result<(), BlockError> {
    let fields = [
        ("height", found.height == follows.height),
        ("parent", found.parent == follows.parent),
        ("time", found.time == follows.time),
        ("epoch", found.epoch == follows.epoch),
        ("count of transactions", found.transactions == follows.transactions),
        ("root of transactions", found.transactions_root == follows.transactions_root),
        ("seats", found.seats == follows.seats),
        ("state root", found.state_root == follows.state_root),
    ];
    match fields.iter().find(|(_, same)| !same) {
        Some((field, _)) => Err(BlockError::Header(field)),
        None => Ok(()),
    }
}
