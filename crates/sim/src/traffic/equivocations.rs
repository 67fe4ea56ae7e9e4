//! Kind 60: two tokens for one place, signed by a node's operator; or one token twice, or signed by another, or by one that
//! was the operator.
//!
//! Never an honest node's: whoever signs both is a cheat.

use chain::records::{EpochStartSlot, Held, KeyRole, NodeId, NodeSlot};
use chain::{Epoch, Time};
use commit::{Blind, Network, Salts};
use ledger::tx::{Action, ShowEquivocation};
use receipt::{
    AuditConsent, Equivocation, Head, Job, JobFields, NonceChooser, PartialOpening, PublicKey,
    Rendered, SignedHead, StopRule, Terms, TokenVector, Which, WorkKind,
};

use super::Wish;
use super::nodes::there;
use crate::keys::{ACTORS, Key, actor, key_of};
use crate::random::Random;
use crate::scene::Scene;

const WHICH: Which = Which::Output { choice: 0 };

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let (node, operator) = signer(random, scene)?;
    let network = match random.once_in(12) {
        true => Network::OFFLINE,
        false => scene.state.network(),
    };
    let (epoch, height) = date(random, scene)?;
    let job = job(random, height)?;
    let said = random.once_in(4);
    let one = shown(network, &job, operator, 7)?;
    let other = shown(network, &job, operator, if said { 7 } else { 8 })?;
    let node = if random.once_in(12) { NodeId(random.bytes()) } else { node };
    let terms = job.show(&salts(network), 0)?;
    let evidence = Equivocation { one, other };
    let evidence = ShowEquivocation { node, epoch, terms, evidence };
    let payer = actor(random.index(ACTORS));
    Some(Wish { payer, action: Action::Equivocation(Box::new(evidence)) })
}

/// A node, and who signs for it: its operator, somebody, or a key that it gave up.
fn signer(random: &mut Random, scene: &Scene<'_>) -> Option<(NodeId, &'static Key)> {
    let given_up = scene.held.iter().filter_map(|held| {
        let Held::Key(slot, bound) = held else { return None };
        let gone = bound.role == KeyRole::Operator && bound.until != Time(0);
        gone.then_some((bound.node, slot.0))
    });
    let given_up: Vec<_> = given_up.collect();
    match random.choose(&given_up) {
        Some((node, key)) if random.once_in(3) => return Some((*node, key_of(key)?)),
        Some(_) | None => {}
    }
    let nodes = there(scene);
    let node = random.choose(&nodes)?.0;
    let operator = match random.once_in(6) {
        true => actor(random.index(ACTORS)),
        false => key_of(&scene.record(&NodeSlot(node))?.operator)?,
    };
    Some((node, operator))
}

/// An epoch and a height, mostly one of it: the next block's or one of an epoch that has passed.
fn date(random: &mut Random, scene: &Scene<'_>) -> Option<(Epoch, u64)> {
    let (now, next) = (scene.header.epoch, scene.header.height.0 + 1);
    let epoch = match random.once_in(4) {
        true => Epoch(random.between(0, now.0)),
        false => now,
    };
    let start = scene.record(&EpochStartSlot(epoch))?.height.0;
    let end = scene.record(&EpochStartSlot(epoch.next())).map_or(next, |end| end.height.0);
    let height = match random.once_in(8) {
        true => random.between(start.saturating_sub(1), end),
        false => random.between(start, end.saturating_sub(1)),
    };
    Some((epoch, height))
}

fn salts(network: Network) -> Salts {
    Salts { network, blind: Blind([4; 32]) }
}

fn job(random: &mut Random, beacon_height: u64) -> Option<Job> {
    let terms = Terms {
        kind: WorkKind::Generate,
        model: [9; 32],
        arithmetic: 1,
        sampling: 1,
        nonce_by: NonceChooser::Client,
        beacon_height,
        requester: PublicKey::NONE,
        consent: AuditConsent::Open,
    };
    let fields = JobFields {
        terms,
        nonce: random.bytes(),
        prompt: vec![1, 2, 3],
        parameters: Default::default(),
        choices: 1,
        stop: StopRule { tokens_max: 64, tokens: Vec::new(), strings: Vec::new() },
        rendered: Rendered::Nobody,
    };
    Job::new(fields).ok()
}

/// A token that the operator signed, and what shows it.
fn shown(
    network: Network,
    job: &Job,
    operator: &Key,
    token: u32,
) -> Option<(SignedHead, PartialOpening)> {
    let salts = salts(network);
    let output = [5, token];
    let head = Head {
        job: job.commitment(&salts),
        choice: 0,
        start: 0,
        prior: [0; 32],
        count: 2,
        root: TokenVector::over(salts, WHICH, &output).root(),
    };
    let signed = SignedHead::sign(head, &operator.secret, network);
    Some((signed, PartialOpening::new(&salts, WHICH, &output, 1)?))
}
