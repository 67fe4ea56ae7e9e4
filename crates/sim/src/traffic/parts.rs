//! Kinds 64 to 66: chunks of the tiny model that a node's operator signed a receipt about, or chunks that there are not;
//! shown by whoever likes, truly, falsely or not at all.
//!
//! Never an answer behind a receipt: who signs one has the model, whatever it did with it.

use chain::records::{Held, Node, NodeId, NodeSlot, PackageSlot, Withheld, WithheldSlot};
use commit::Network;
use dispute::Slice;
use ledger::AskedOf;
use ledger::tx::{Action, AnswerPart, PartLate, PartOpen};
use receipt::{
    Choice, Envelope, Head, PublicKey, Receipt, Signature, SignedHead, Stop, Usage, WorkKind,
};

use super::Wish;
use super::nodes::there;
use super::packages::weights;
use crate::keys::{ACTORS, Key, actor, key_of};
use crate::random::Random;
use crate::scene::{Scene, clock};

/// Bytes of a chunk.
const CHUNK: u64 = 1_024;

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let asked = scene.held.iter().filter_map(|held| {
        if let Held::Withheld(slot, asked) = held { Some((*slot, *asked)) } else { None }
    });
    let asked: Vec<_> = asked.collect();
    let payer = actor(random.index(ACTORS));
    let action = match (random.choose(&asked), random.below(3)) {
        (Some((slot, asked)), 1) => late(random, *slot, asked),
        (Some((slot, asked)), 2) => answer(random, scene, *slot, asked)?,
        (Some(_) | None, _) => open(random, scene)?,
    };
    Some(Wish { payer, action })
}

fn open(random: &mut Random, scene: &Scene<'_>) -> Option<Action> {
    let packages = scene
        .held
        .iter()
        .filter_map(|held| if let Held::Package(slot, _) = held { Some(*slot) } else { None });
    let PackageSlot { model, publisher } = *random.choose(&packages.collect::<Vec<_>>())?;
    let nodes = there(scene);
    let (node, record) = random.choose(&nodes).map(|(id, node)| (*id, Node::clone(node)))?;
    let operator = match random.once_in(12) {
        true => actor(random.index(ACTORS)),
        false => key_of(&record.operator)?,
    };
    let network = match random.once_in(12) {
        true => Network::OFFLINE,
        false => scene.state.network(),
    };
    let anchor_by = match random.once_in(8) {
        true => 0,
        false => clock(scene.state)?.epoch.0,
    };
    let (receipt, signature) = signed(operator, network, model, anchor_by)?;
    let chunks = weights().len().div_ceil(1_024);
    let chunk = random.below(u64::try_from(chunks).ok()? + 1);
    let file = u16::from(random.once_in(12));
    let node = if random.once_in(12) { NodeId(random.bytes()) } else { node };
    Some(Action::PartOpen(Box::new(PartOpen { node, receipt, signature, publisher, file, chunk })))
}

/// A receipt of an operator about a model.
fn signed(
    operator: &Key,
    network: Network,
    model: [u8; 32],
    anchor_by: u64,
) -> Option<(Receipt, Signature)> {
    let head = Head { job: [5; 32], choice: 0, start: 0, prior: [0; 32], count: 3, root: [6; 32] };
    let head = SignedHead::sign(head, &operator.secret, network);
    let receipt = Receipt {
        kind: WorkKind::Generate,
        job: [5; 32],
        model,
        arithmetic: 1,
        sampling: 1,
        consent: 2,
        anchor_by,
        usage: Usage { prompt: 4, output: 3 },
        choices: vec![Choice { index: 0, segments: vec![head], stop: Stop::Length }],
        worker: operator.public,
    };
    let signature = Envelope::seal(&receipt, &operator.secret, network).ok()?.signature();
    Some((receipt, signature))
}

fn answer(
    random: &mut Random,
    scene: &Scene<'_>,
    part: WithheldSlot,
    asked: &Withheld,
) -> Option<Action> {
    let owner = scene.record(&NodeSlot(asked.asked.node))?.owner;
    let start = match random.once_in(4) {
        true => 0,
        false => asked.chunk * CHUNK,
    };
    let range = start..(start + CHUNK).min(asked.file.bytes);
    let slice = Slice::of(weights(), core::slice::from_ref(&range))?;
    let challenger = challenger(random, asked);
    let of = AskedOf { node: asked.asked.node, owner, challenger };
    Some(Action::PartAnswer(Box::new(AnswerPart { part, of, slice })))
}

fn late(random: &mut Random, part: WithheldSlot, asked: &Withheld) -> Action {
    let (node, challenger) = (asked.asked.node, challenger(random, asked));
    Action::PartLate(PartLate { part, node, challenger })
}

fn challenger(random: &mut Random, asked: &Withheld) -> PublicKey {
    match random.once_in(12) {
        true => actor(random.index(ACTORS)).public,
        false => asked.asked.challenger,
    }
}
