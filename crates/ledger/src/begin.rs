//! What a network begins with, as a state and the header of block 0.
//!
//! Never makes money: what accounts, nodes and the treasury have is what was issued.

use chain::records::{
    Account, AccountSlot, BoundKey, Candidates, CandidatesSlot, Clock, ClockSlot, Group, GroupSlot,
    KeyRole, KeySlot, Node, NodeSlot, ParametersSlot, Purse, PurseSlot, SeatsSlot, Stakes,
    StakesSlot,
};
use chain::state::State;
use chain::{Amount, Epoch, Genesis, GenesisNode, Header, Height, Time};
use commit::Digest;
use receipt::PublicKey;
use thiserror::Error;

use crate::apply::PROTOCOL;
use crate::context::Context;
use crate::dates::judged;
use crate::epoch::{reshared, start};
use crate::parameters::Parameters;
use crate::seats::{Standing, obstacle};
use crate::view::Working;

/// Why a genesis begins no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GenesisError {
    /// A parameter that is none, is outside its bounds, or does not go with the others.
    #[error(
        "a parameter of the genesis is unknown, outside its bounds, or does not go with the others"
    )]
    Parameters,
    /// Nobody to order blocks, or others than should.
    #[error("the genesis has no seats, or others than its nodes give it")]
    Seats,
    /// A group whose key is none.
    #[error("the key of the genesis's group is no key")]
    Group,
    /// A node without an operator, or a key of two.
    #[error("a node of the genesis has no operator key, or a key that another use has too")]
    Keys,
    /// An account of nothing, or more money than an amount can say.
    #[error("the money of the genesis: {0}")]
    Money(&'static str),
}

/// The first state and header.
///
/// # Errors
/// [`GenesisError`].
pub fn begin(genesis: &Genesis) -> Result<(State, Header), GenesisError> {
    let context = context(genesis)?;
    let standing = standing(genesis, &context);
    let shared = reshared(standing.clone(), &context);
    if genesis.seats.0.is_empty() || shared.is_some_and(|shared| shared != genesis.seats) {
        return Err(GenesisError::Seats);
    }
    let group = genesis.kind.group();
    if group.is_some_and(|key| !key.is_one()) {
        return Err(GenesisError::Group);
    }
    let mut working = Working::new(State::empty(context.network));
    let issued = put_money(genesis, &mut working)?;
    put_nodes(genesis, &mut working)?;
    if !standing.is_empty() {
        let candidates = Candidates(standing.iter().map(|one| one.node).collect());
        working.put(&CandidatesSlot, &candidates);
    }
    let purse = Purse { treasury: genesis.treasury, issued, ..Purse::default() };
    working.put(&ClockSlot, &context.clock);
    start(&mut working, &context);
    working.put(&PurseSlot, &purse);
    working.put(&ParametersSlot, &genesis.parameters);
    working.put(&SeatsSlot, &genesis.seats);
    if let Some(key) = group {
        working.put(&GroupSlot, &Group::first(key));
    }
    let state = working.finish();
    let header = header(&context.clock, &state, genesis.certifiers().digest(context.network));
    Ok((state, header))
}

/// The genesis with the seats that its nodes give it, where enough of them may stand.
///
/// # Errors
/// [`GenesisError::Parameters`].
pub fn seated(genesis: Genesis) -> Result<Genesis, GenesisError> {
    let context = context(&genesis)?;
    match reshared(standing(&genesis, &context), &context) {
        Some(seats) => Ok(Genesis { seats, ..genesis }),
        None => Ok(genesis),
    }
}

/// Where and when block 0 is.
fn context(genesis: &Genesis) -> Result<Context, GenesisError> {
    let network = genesis.network();
    let parameters = Parameters::of(&genesis.parameters).ok_or(GenesisError::Parameters)?;
    let clock = Clock {
        height: Height(0),
        stamp: genesis.stamp,
        time: Time(0),
        epoch: Epoch(1),
        epoch_began: Time(0),
        beacon: network.0,
    };
    let judged = judged(&parameters, clock.epoch, Epoch(0));
    Ok(Context { network, clock, parameters, judged })
}

fn record(node: &GenesisNode) -> Node {
    let keys = [node.operator, node.transport, node.validator];
    let said = (node.roles, node.address.clone());
    Node { stake: node.stake, ..Node::new(node.owner, keys, said, Time(0)) }
}

/// The nodes that stand for seats: all that may.
fn standing(genesis: &Genesis, context: &Context) -> Vec<Standing> {
    let one = |(place, node): (u16, &GenesisNode)| {
        let (id, key, stake) = (node.id(place), node.validator, node.stake);
        let may = obstacle(&record(node), context).is_none();
        may.then_some(Standing { node: id, key, stake })
    };
    (0..).zip(&genesis.nodes).filter_map(one).collect()
}

/// The accounts; gives all the money there is.
fn put_money(genesis: &Genesis, working: &mut Working) -> Result<Amount, GenesisError> {
    let more = GenesisError::Money("more than there can be");
    let mut issued = genesis.treasury;
    for (key, balance) in &genesis.accounts {
        if *balance == Amount::ZERO {
            return Err(GenesisError::Money("an account of nothing"));
        }
        issued = issued.plus(*balance).ok_or(more)?;
        working.put(&AccountSlot(*key), &Account { balance: *balance, made: 0 });
    }
    for node in &genesis.nodes {
        issued = issued.plus(node.stake).ok_or(more)?;
    }
    Ok(issued)
}

/// The nodes, their keys, and the sum of their stakes, which is no more than all the money.
fn put_nodes(genesis: &Genesis, working: &mut Working) -> Result<(), GenesisError> {
    let mut total = Amount::ZERO;
    for (place, node) in (0..).zip(&genesis.nodes) {
        let id = node.id(place);
        let keys = [
            (KeyRole::Operator, node.operator),
            (KeyRole::Transport, node.transport),
            (KeyRole::Validator, node.validator),
        ];
        for (role, key) in keys {
            if key == PublicKey::NONE {
                continue;
            }
            let slot = KeySlot(key);
            if working.get(&slot).map_err(|_| GenesisError::Keys)?.is_some() {
                return Err(GenesisError::Keys);
            }
            working.put(&slot, &BoundKey { node: id, role, from: Time(0), until: Time(0) });
        }
        if node.operator == PublicKey::NONE {
            return Err(GenesisError::Keys);
        }
        total = total.plus(node.stake).ok_or(GenesisError::Money("more than there can be"))?;
        working.put(&NodeSlot(id), &record(node));
    }
    if total > Amount::ZERO {
        working.put(&StakesSlot, &Stakes { total, voting_ends: Time(0) });
    }
    Ok(())
}

fn header(clock: &Clock, state: &State, seats: Digest) -> Header {
    Header {
        protocol: PROTOCOL,
        height: clock.height,
        parent: [0; 32],
        stamp: clock.stamp,
        time: clock.time,
        epoch: clock.epoch,
        proposer: PublicKey::NONE,
        beacon: clock.beacon,
        transactions: 0,
        transactions_root: [0; 32],
        state_root: state.root(),
        seats,
    }
}
