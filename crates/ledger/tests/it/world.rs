//! A network of a few accounts, one block after the other.

use chain::records::{
    Account, AccountSlot, AuditTerms, Clock, ClockSlot, EpochBook, EpochStart, EpochStartSlot,
    Held, NodeId, NodeSlot, ParametersSlot, Record, Seat, Seats, Slot,
};
use chain::state::State;
use chain::{Amount, Authentic, Epoch, Genesis, Header, NetworkKind, Stamp, Time, Transaction};
use commit::Network;
use ledger::tx::Action;
use ledger::{
    Execution, Opening, Parameter, Parameters, Proposed, Rejection, Stop, Working, apply,
    apply_with, begin, propose, supply,
};
use receipt::{PublicKey, SecretKey};
use std::collections::BTreeSet;

/// What everybody begins with.
pub(crate) const RICH: u128 = 1_000_000_000;
/// More than anything costs here.
pub(crate) const FEE_MAX: Amount = Amount(100_000_000);

/// A network and where it is.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) genesis: Genesis,
    pub(crate) state: State,
    pub(crate) header: Header,
}

pub(crate) fn secret(name: u8) -> SecretKey {
    SecretKey::from_seed([name; 32])
}

pub(crate) fn public(name: u8) -> PublicKey {
    secret(name).public()
}

pub(crate) fn genesis() -> Genesis {
    let mut accounts: Vec<_> = (1..=5).map(|name| (public(name), Amount(RICH))).collect();
    accounts.sort_unstable_by_key(|(key, _)| *key);
    let seat = |name| Seat { node: NodeId([name; 32]), key: public(name) };
    Genesis {
        kind: NetworkKind::Simulation,
        stamp: Stamp(1_700_000_000_000),
        parameters: Default::default(),
        seats: Seats((11..15).map(seat).collect()),
        accounts,
        treasury: Amount(RICH),
        nodes: Vec::new(),
    }
}

/// A great step of time, in which stake can leave within some blocks, and what goes with it: little is judged.
pub(crate) const STEP_MS: u64 = 60_000;
pub(crate) const UNBOND_MS: u64 = 90 * STEP_MS;
pub(crate) const SWIFT: [(Parameter, u128); 11] = [
    (Parameter::TimeStepMs, STEP_MS as u128),
    (Parameter::EpochMs, 9 * STEP_MS as u128),
    (Parameter::UnbondMs, UNBOND_MS as u128),
    (Parameter::UnbondLeast, UNBOND_MS as u128),
    (Parameter::CollectEpochs, 2),
    (Parameter::DisputeEpochs, 6),
    (Parameter::AppealMs, 60_000),
    (Parameter::ShowMs, 60_000),
    (Parameter::CommitMs, 60_000),
    (Parameter::RevealMs, 60_000),
    (Parameter::MoveMs, 60_000),
];

impl World {
    pub(crate) fn new() -> Self {
        Self::of(genesis())
    }

    pub(crate) fn of(genesis: Genesis) -> Self {
        let (state, header) = begin(&genesis).unwrap();
        Self { genesis, state, header }
    }

    pub(crate) fn network(&self) -> Network {
        self.state.network()
    }

    pub(crate) fn record<S: Slot>(&self, slot: &S) -> Option<S::Record> {
        let entry = self.state.entry(&self.state.place(&slot.key()))?;
        Some(S::Record::decode(&entry.value).unwrap())
    }

    pub(crate) fn account(&self, name: u8) -> Account {
        self.record(&AccountSlot(public(name))).unwrap_or_default()
    }

    /// The id of the node that an account's next transaction makes.
    pub(crate) fn next_node(&self, owner: u8) -> NodeId {
        NodeId::of(self.network(), public(owner), self.account(owner).made)
    }

    /// Puts a record where the rules would have.
    pub(crate) fn put<S: Slot>(&mut self, slot: &S, record: &S::Record) {
        let mut working = Working::new(self.state.clone());
        working.put(slot, record);
        self.state = working.finish();
    }

    /// Goes on to a moment: the network stood there all the while.
    pub(crate) fn at(&mut self, time: Time) {
        let clock = self.record(&ClockSlot).unwrap();
        self.put(&ClockSlot, &Clock { time, ..clock });
    }

    /// Goes on to an epoch, which has just begun; before it the one after this one did.
    pub(crate) fn epoch(&mut self, epoch: Epoch) {
        let clock = self.record(&ClockSlot).unwrap();
        let Clock { height, time, beacon, .. } = clock;
        for begun in [clock.epoch.next(), epoch] {
            let judged = self.judged_from(begun);
            self.put(&EpochStartSlot(begun), &EpochStart { height, time, beacon, judged });
        }
        self.put(&ClockSlot, &Clock { epoch, epoch_began: clock.time, ..clock });
    }

    /// The last epoch in which what is dated in this one is judged, by the parameters as they are.
    pub(crate) fn judged_from(&self, epoch: Epoch) -> Epoch {
        let values = self.record(&ParametersSlot).unwrap();
        let epochs = Parameters::of(&values).unwrap().get_u64(Parameter::DisputeEpochs);
        Epoch(epoch.0 + epochs)
    }

    /// An empty book with terms of the parameters as they are.
    pub(crate) fn book(&self) -> EpochBook {
        let values = Parameters::of(&self.record(&ParametersSlot).unwrap()).unwrap();
        let amount = |parameter| Amount(values.get(parameter));
        let terms = AuditTerms {
            audit_unit: amount(Parameter::AuditUnit),
            audit_share: u32::try_from(values.get(Parameter::AuditShare)).unwrap(),
            auditors: u8::try_from(values.get(Parameter::Auditors)).unwrap(),
            draw_fee: amount(Parameter::DrawFee),
            audit_fee: amount(Parameter::AuditFee),
            plant_reward: amount(Parameter::PlantReward),
            false_alarm: amount(Parameter::FalseAlarm),
            bond: amount(Parameter::Bond),
            show_ms: values.get_u64(Parameter::ShowMs),
            commit_ms: values.get_u64(Parameter::CommitMs),
            reveal_ms: values.get_u64(Parameter::RevealMs),
            appeal_ms: values.get_u64(Parameter::AppealMs),
            move_ms: values.get_u64(Parameter::MoveMs),
        };
        EpochBook { began: Time(0), settled: Amount::ZERO, settlements: 1, terms }
    }

    /// Changes parameters, as votes do.
    pub(crate) fn set(&mut self, changed: &[(Parameter, u128)]) {
        let mut values = self.record(&ParametersSlot).unwrap();
        values.0.extend(changed.iter().map(|(parameter, value)| (parameter.number(), *value)));
        assert!(Parameters::of(&values).is_some(), "they go together");
        self.put(&ParametersSlot, &values);
    }

    /// A transaction that an account signs next.
    pub(crate) fn signed(&self, name: u8, action: &Action) -> Authentic {
        self.signed_as(name, self.account(name).made, FEE_MAX, action)
    }

    pub(crate) fn signed_as(
        &self,
        name: u8,
        number: u64,
        fee_max: Amount,
        action: &Action,
    ) -> Authentic {
        let what = (action.kind(), number, fee_max);
        let made = Transaction::sign(self.network(), &secret(name), what, action.encode());
        made.authenticate(self.network()).unwrap()
    }

    /// What the next block begins with.
    pub(crate) fn opening(&self, passed_ms: u64) -> Opening {
        Opening { stamp: Stamp(self.header.stamp.0 + passed_ms), beacon: [9; 32] }
    }

    /// Why a transaction is not taken; none: it is.
    pub(crate) fn rejection(&self, transaction: &Authentic) -> Option<Rejection> {
        let mut execution = Execution::begin(&self.state, &self.opening(1)).unwrap();
        let empty = Execution::begin(&self.state, &self.opening(1)).unwrap().finish().unwrap();
        match execution.take(transaction) {
            Ok(()) => None,
            Err(Stop::Rejected(why)) => {
                let left = execution.finish().unwrap().state.root();
                assert_eq!(left, empty.state.root(), "a rejected transaction changes nothing");
                Some(why)
            }
            Err(stop @ (Stop::NoRoom | Stop::Fault(_))) => panic!("{stop}"),
        }
    }

    /// The next block, made and judged; every transaction is taken.
    pub(crate) fn block(&mut self, passed_ms: u64, transactions: &[Authentic]) {
        let opening = self.opening(passed_ms);
        let proposed =
            propose(&self.state, &self.header, public(11), &opening, transactions).unwrap();
        let Proposed { block, state, left_out } = proposed;
        assert_eq!(left_out, []);
        let header = block.header;
        let judged = match self.genesis.kind.group() {
            None => apply(&self.state, &self.header, block).unwrap(),
            Some(_) => apply_with(&self.state, &self.header, opening.beacon, block).unwrap(),
        };
        assert_eq!(judged.root(), state.root(), "who judges comes where who proposed came");
        let counted = supply(&state).unwrap();
        assert_eq!(counted.there, counted.booked, "money is neither made nor lost");
        check_stakes(&state);
        (self.state, self.header) = (state, header);
    }

    /// One transaction, taken in a block of its own.
    pub(crate) fn take(&mut self, name: u8, action: &Action) {
        let transaction = self.signed(name, action);
        self.block(1, &[transaction]);
    }
}

/// The sum of all stakes is that of the nodes' stakes, and who stands is there.
fn check_stakes(state: &State) {
    let (mut sum, mut total, mut standing, mut nodes) = (0, 0, Vec::new(), BTreeSet::new());
    for entry in state.entries() {
        let held = Held::decode(&entry.key, &entry.value).unwrap();
        if let Held::Node(NodeSlot(id), node) = &held {
            sum += node.stake.0;
            nodes.insert(*id);
        }
        if let Held::Stakes(stakes) = &held {
            total = stakes.total.0;
        }
        if let Held::Candidates(all) = held {
            standing.extend(all.0);
        }
    }
    assert_eq!(sum, total, "the sum of stakes is a sum");
    assert!(standing.iter().all(|id| nodes.contains(id)));
}
