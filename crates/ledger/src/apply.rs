//! Blocks: made by a proposer, judged by everybody else.
//!
//! Never asks who voted: certificates are consensus' and the light client's. Invariant: what [`propose`] makes, [`apply`]
//! takes, and both end in one state.

use chain::records::{GroupSlot, SeatsSlot};
use chain::state::State;
use chain::{
    Authentic, BLOCK_BYTES_MAX, Block, HEADER_BYTES, Header, TRANSACTIONS_MAX, Transaction,
    transactions_root,
};
use commit::{Digest, Network};
use receipt::PublicKey;
use thiserror::Error;

use crate::execution::{BLOCK_WORK_MAX, Execution, Made, Opening, next};
use crate::stop::{Fault, Rejection, Stop};
use crate::view::Working;

/// The version of the rules that this release executes.
pub const PROTOCOL: u16 = 1;

/// Work that a proposer tries: what is rejected at last costs it time, too, and nobody pays for that.
const TRIED_WORK_MAX: u64 = 2 * BLOCK_WORK_MAX;

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
    /// More work than a block has room for.
    #[error("the transactions have more work than a block has room for")]
    Work,
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

/// Makes a block of as many of these transactions as can be taken, up to the first that it has no room for, or no time.
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
        let full = with > BLOCK_BYTES_MAX || taken.len() == TRANSACTIONS_MAX;
        if full || execution.tried() >= TRIED_WORK_MAX {
            break;
        }
        match execution.take(transaction) {
            Ok(()) => {
                bytes = with;
                taken.push(transaction.get().clone());
            }
            Err(Stop::Rejected(why)) => left_out.push((at, why)),
            Err(Stop::NoRoom) => break,
            Err(Stop::Fault(fault)) => return Err(fault.into()),
        }
    }
    let made = execution.finish()?;
    let header = header(state.network(), parent, proposer, &made, &taken);
    Ok(Proposed { block: Block { header, transactions: taken }, state: made.state, left_out })
}

/// The state after a block, where it may follow: in a simulation, whose blocks bring any beacon.
///
/// # Errors
/// [`BlockError`] says why it may not.
pub fn apply(state: &State, parent: &Header, block: Block) -> Result<State, BlockError> {
    judge(state, parent, None, block)
}

/// The same in any other network, whose blocks have the beacon that consensus gives.
///
/// # Errors
/// As [`apply`].
pub fn apply_with(
    state: &State,
    parent: &Header,
    beacon: Digest,
    block: Block,
) -> Result<State, BlockError> {
    judge(state, parent, Some(beacon), block)
}

fn judge(
    state: &State,
    parent: &Header,
    beacon: Option<Digest>,
    block: Block,
) -> Result<State, BlockError> {
    let Block { header, transactions } = block;
    check_beacon(state, beacon, &header)?;
    check_header(state, parent, &header, transactions.iter())?;
    let mut authentic = Vec::with_capacity(transactions.len());
    for (at, transaction) in transactions.into_iter().enumerate() {
        let made = transaction.authenticate(state.network());
        authentic.push(made.ok_or(BlockError::Signature { at })?);
    }
    execute(state, &header, &authentic)
}

/// Either of the two, where the signatures were checked before: with the beacon that consensus gives, none in a simulation.
///
/// # Errors
/// As [`apply`].
pub fn apply_authentic(
    state: &State,
    parent: &Header,
    beacon: Option<Digest>,
    header: &Header,
    transactions: &[Authentic],
) -> Result<State, BlockError> {
    check_beacon(state, beacon, header)?;
    check_header(state, parent, header, transactions.iter().map(Authentic::get))?;
    execute(state, header, transactions)
}

/// What of a header is judged before a signature is checked or a transaction executed: who makes one up costs nobody more.
fn check_header<'a>(
    state: &State,
    parent: &Header,
    header: &Header,
    transactions: impl ExactSizeIterator<Item = &'a Transaction>,
) -> Result<(), BlockError> {
    if header.protocol != PROTOCOL {
        return Err(BlockError::Protocol { found: header.protocol });
    }
    if header.stamp <= parent.stamp {
        return Err(BlockError::Stamp);
    }
    check_seat(state, header.proposer)?;
    let (network, (context, _)) = (state.network(), next(state, &opening(header))?);
    let clock = context.clock;
    let count = u32::try_from(transactions.len());
    first_that_differs(&[
        ("height", header.height == clock.height),
        ("parent", header.parent == parent.hash(network)),
        ("time", header.time == clock.time),
        ("epoch", header.epoch == clock.epoch),
        ("count of transactions", count == Ok(header.transactions)),
    ])?;
    let root = transactions_root(network, transactions);
    first_that_differs(&[("root of transactions", header.transactions_root == root)])
}

/// The state after a block whose header was judged as far as that goes without it.
fn execute(
    state: &State,
    header: &Header,
    transactions: &[Authentic],
) -> Result<State, BlockError> {
    let mut execution = begin(state, &opening(header))?;
    for (at, transaction) in transactions.iter().enumerate() {
        execution.take(transaction).map_err(|stop| match stop {
            Stop::Rejected(why) => BlockError::Rejected { at, why },
            Stop::NoRoom => BlockError::Work,
            Stop::Fault(fault) => fault.into(),
        })?;
    }
    let made = execution.finish()?;
    first_that_differs(&[
        ("seats", header.seats == made.seats),
        ("state root", header.state_root == made.state.root()),
    ])?;
    Ok(made.state)
}

/// What a proposer brought, by its header.
fn opening(header: &Header) -> Opening {
    Opening { stamp: header.stamp, beacon: header.beacon }
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

/// Where a group certifies blocks a beacon is what consensus gave; where seats do nobody gives one.
fn check_beacon(state: &State, beacon: Option<Digest>, header: &Header) -> Result<(), BlockError> {
    let group = Working::new(state.clone()).get(&GroupSlot)?;
    let holds = match beacon {
        Some(beacon) => header.beacon == beacon,
        None => group.is_none(),
    };
    first_that_differs(&[("beacon", holds)])
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
fn first_that_differs(fields: &[(&'static str, bool)]) -> Result<(), BlockError> {
    match fields.iter().find(|(_, same)| !same) {
        Some((field, _)) => Err(BlockError::Header(field)),
        None => Ok(()),
    }
}
