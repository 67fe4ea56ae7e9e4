//! The ledger as the simulation asks it: the sound one, or one with a broken rule put behind it.
//!
//! Never decides anything itself. A broken one is broken for everybody alike, but where the breach is just that.

use chain::records::{Account, AccountSlot, ClockSlot, Held, Purse, PurseSlot, Stakes, StakesSlot};
use chain::state::{Place, Proof, State};
use chain::{Amount, Authentic, Block, Epoch, Header, Transaction};
use commit::Digest;
use ledger::{
    BlockError, Execution, Opening, Proposed, Rejection, Stop, Working, apply, apply_authentic,
    propose,
};
use receipt::PublicKey;

use crate::broken;
use crate::canary::Canary;
use crate::scene::{clock, record};

/// What is asked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Subject {
    canary: Option<Canary>,
}

/// What became of one transaction, tried alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial {
    /// Why it was not taken.
    pub(crate) rejection: Option<Rejection>,
    /// The root behind it.
    pub(crate) with: Digest,
    /// The root without it.
    pub(crate) without: Digest,
    /// What it added to the fees.
    pub(crate) fee: Amount,
}

impl Subject {
    pub(crate) fn new(canary: Option<Canary>) -> Self {
        Self { canary }
    }

    fn is(self, canary: Canary) -> bool {
        self.canary == Some(canary)
    }

    /// Makes a block.
    pub(crate) fn propose(
        self,
        state: &State,
        parent: &Header,
        (proposer, opening): (PublicKey, &Opening),
        transactions: &[Authentic],
    ) -> Result<Proposed, BlockError> {
        let whole = |heard: &[Authentic]| propose(state, parent, proposer, opening, heard);
        let mut made = match self.is(Canary::TwoReceiptsPass) {
            true => broken::two_receipts_pass(transactions, whole)?,
            false => whole(transactions)?,
        };
        match self.canary {
            Some(Canary::UnitLost) => made.state = unit_lost(&made.state),
            Some(Canary::TimeCatchesUp) => {
                made.state = time_catches_up(state, &made.state);
                made.block.header.time =
                    clock(&made.state).map_or(made.block.header.time, |clock| clock.time);
            }
            Some(Canary::NumberGoesBack) => {
                made.state = number_goes_back(&made.state, &made.block.transactions);
            }
            Some(Canary::UnitTaken) => made.state = unit_taken(&made.state),
            Some(Canary::SumForgotten) => made.state = sum_forgotten(&made.state),
            Some(Canary::StakeMelts) => made.state = broken::melted(&made.state, |_| true),
            Some(Canary::AwayPaysOn) => {
                made.state = broken::melted(&made.state, |node| node.silences.count > 0);
            }
            Some(Canary::RefutedKeeps) => made.state = broken::refuted_keeps(state, &made.state),
            Some(Canary::CollectedAgain) => made.state = broken::collected(state, &made.state),
            Some(Canary::SettledTwice) => {
                made.state = broken::settled_twice(&made.state, &made.block.transactions);
            }
            Some(Canary::VotesGrow) => {
                made.state = broken::votes_grow(&made.state, &made.block.transactions);
            }
            Some(Canary::HeaderAhead) => made.block.header.epoch = Epoch(7_777),
            Some(
                Canary::JudgeDiffers
                | Canary::RejectionCounts
                | Canary::AnythingFollows
                | Canary::ProofLeadsAway
                | Canary::BytesLacking
                | Canary::SignaturesIgnored
                | Canary::TwoReceiptsPass,
            )
            | None => {}
        }
        made.block.header.state_root = made.state.root();
        Ok(made)
    }

    /// Judges a block.
    pub(crate) fn apply(
        self,
        state: &State,
        parent: &Header,
        block: Block,
    ) -> Result<State, BlockError> {
        match self.canary {
            None => apply(state, parent, block),
            Some(_) => self.apply_broken(state, parent, block),
        }
    }

    /// The same of one whose signatures were checked before.
    pub(crate) fn apply_authentic(
        self,
        state: &State,
        parent: &Header,
        block: &Block,
        signed: &[Authentic],
    ) -> Result<State, BlockError> {
        match self.canary {
            None => apply_authentic(state, parent, None, &block.header, signed),
            Some(_) => self.apply_broken(state, parent, block.clone()),
        }
    }

    /// A broken ledger takes the blocks it makes itself, and no others.
    fn apply_broken(
        self,
        state: &State,
        parent: &Header,
        block: Block,
    ) -> Result<State, BlockError> {
        let (header, network) = (block.header, state.network());
        let opening = Opening { stamp: header.stamp, beacon: header.beacon };
        let mut authentic = Vec::new();
        for (at, transaction) in block.transactions.into_iter().enumerate() {
            authentic.push(transaction.authenticate(network).ok_or(BlockError::Signature { at })?);
        }
        let again = self.propose(state, parent, (header.proposer, &opening), &authentic)?;
        let follows = again.left_out.is_empty() && again.block.header == header;
        match follows || self.is(Canary::AnythingFollows) {
            true if self.is(Canary::JudgeDiffers) => Ok(unit_lost(&again.state)),
            true => Ok(again.state),
            false => Err(BlockError::Header("something")),
        }
    }

    /// Tries one transaction alone.
    pub(crate) fn attempt(
        self,
        state: &State,
        opening: &Opening,
        transaction: &Authentic,
    ) -> Result<Trial, BlockError> {
        let without = Execution::begin(state, opening)?.finish()?.state;
        let mut execution = Execution::begin(state, opening)?;
        let deaf = self.is(Canary::TwoReceiptsPass) && broken::shows_two_receipts(transaction);
        let taken = if deaf { Err(broken::UNHEARD.into()) } else { execution.take(transaction) };
        let rejection = match taken {
            Ok(()) => None,
            Err(Stop::Rejected(why)) => Some(why),
            Err(Stop::NoRoom) => return Err(BlockError::Work),
            Err(Stop::Fault(fault)) => return Err(fault.into()),
        };
        let mut after = execution.finish()?.state;
        let fees = |state| record(state, &PurseSlot).unwrap_or_default().fees;
        let fee = fees(&after).minus(fees(&without)).unwrap_or_default();
        if rejection.is_some() && self.is(Canary::RejectionCounts) {
            let payer = AccountSlot(transaction.get().payer);
            let account = record(&after, &payer).unwrap_or_default();
            after = with_account(&after, payer, Account { made: account.made / 2 + 1, ..account });
        }
        Ok(Trial { rejection, with: after.root(), without: without.root(), fee })
    }

    /// Whether a payer signed a transaction for a state's network.
    pub(crate) fn authenticate(
        self,
        state: &State,
        made: &Transaction,
    ) -> (bool, Option<Authentic>) {
        let authentic = made.clone().authenticate(state.network());
        (authentic.is_some() || self.is(Canary::SignaturesIgnored), authentic)
    }

    /// Shows what stands at a place.
    pub(crate) fn prove(self, state: &State, place: &Place) -> Proof {
        let mut proof = state.prove(place);
        if self.is(Canary::ProofLeadsAway) {
            proof.siblings.reverse();
        }
        proof
    }

    /// A block's bytes.
    pub(crate) fn encode(self, block: &Block) -> Vec<u8> {
        let mut bytes = block.encode();
        if self.is(Canary::BytesLacking) {
            bytes.pop();
        }
        bytes
    }
}

/// The first account that has something has one less.
fn unit_lost(state: &State) -> State {
    let found = state.entries().find_map(|entry| {
        let Ok(Held::Account(slot, account)) = Held::decode(&entry.key, &entry.value) else {
            return None;
        };
        Some((slot, Account { balance: account.balance.minus(Amount(1))?, ..account }))
    });
    match found {
        Some((slot, account)) => with_account(state, slot, account),
        None => state.clone(),
    }
}

/// The first account that has something has one less, and the treasury one more.
fn unit_taken(state: &State) -> State {
    let lost = unit_lost(state);
    let purse = record(&lost, &PurseSlot).unwrap_or_default();
    let treasury = purse.treasury.plus(Amount(1)).unwrap_or_default();
    let mut working = Working::new(lost);
    working.put(&PurseSlot, &Purse { treasury, ..purse });
    working.finish()
}

/// A unit more is at stake by the sum than by the nodes.
fn sum_forgotten(state: &State) -> State {
    let stakes = record(state, &StakesSlot).unwrap_or_default();
    let total = stakes.total.plus(Amount(1)).unwrap_or_default();
    let mut working = Working::new(state.clone());
    working.put(&StakesSlot, &Stakes { total, ..stakes });
    working.finish()
}

/// All of what passed on the proposers' clocks, instead of a step.
fn time_catches_up(before: &State, after: &State) -> State {
    let (Some(was), Some(mut is)) = (clock(before), clock(after)) else { return after.clone() };
    is.time = was.time.after(is.stamp.0.saturating_sub(was.stamp.0));
    let mut working = Working::new(after.clone());
    working.put(&ClockSlot, &is);
    working.finish()
}

/// The first payer's count is what it was before.
fn number_goes_back(after: &State, transactions: &[Transaction]) -> State {
    let Some(first) = transactions.first() else { return after.clone() };
    let slot = AccountSlot(first.payer);
    let account = record(after, &slot).unwrap_or_default();
    with_account(after, slot, Account { made: account.made.saturating_sub(1), ..account })
}

fn with_account(state: &State, slot: AccountSlot, account: Account) -> State {
    if account == Account::default() {
        return state.clone();
    }
    let mut working = Working::new(state.clone());
    working.put(&slot, &account);
    working.finish()
}
