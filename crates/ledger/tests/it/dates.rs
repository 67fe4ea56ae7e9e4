//! When a job was asked for, how long it is judged, and which keys answer for it.

use chain::records::{EpochStartSlot, KeyRole, NodeId, NodeSlot};
use chain::{Amount, Authentic, Epoch, Time};
use ledger::tx::{Action, ShowEquivocation};
use ledger::{Parameter, Rejection};
use receipt::PublicKey;

use crate::disputes::{ACCUSER, Court, OPERATOR, OTHER, OWNER, gained, two_tokens};
use crate::nodes::key;
use crate::rejections::Case;
use crate::stakes::staked;
use crate::world::World;

const STAKE: u128 = 300_000_000;
/// The name of the operator's next key.
const NEXT: u8 = 60;

pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::NoDate, |world| {
        let court = Court::of(world, true);
        let mut open = court.open();
        open.epoch = Epoch(2);
        world.signed(ACCUSER, &Action::DisputeOpen(Box::new(open)))
    }),
    (Rejection::KeyEnded, |world| {
        let node = staked(world, OWNER, STAKE);
        give_up(world, node);
        world.epoch(Epoch(2));
        world.block(1, &[]);
        shown(world, dated(world, node, world.header.height.0, 2))
    }),
];

/// Two tokens of a job that is dated so.
fn dated(world: &World, node: NodeId, height: u64, epoch: u64) -> ShowEquivocation {
    ShowEquivocation { epoch: Epoch(epoch), ..two_tokens(world, node, [7, 8], (3, height)) }
}

fn shown(world: &World, evidence: ShowEquivocation) -> Authentic {
    world.signed(ACCUSER, &Action::Equivocation(Box::new(evidence)))
}

fn rejected(world: &World, evidence: ShowEquivocation) -> Option<Rejection> {
    world.rejection(&shown(world, evidence))
}

/// The operator's key is another one from now on.
fn give_up(world: &mut World, node: NodeId) {
    let other = key(world, (node, KeyRole::Operator), OPERATOR, NEXT);
    world.take(OWNER, &other);
}

/// Goes on to the first block of the next epoch.
fn next_epoch(world: &mut World) {
    let epoch = world.header.epoch;
    world.at(Time(world.header.time.0 + 3_600_000));
    world.block(1, &[]);
    assert_eq!(world.header.epoch, epoch.next());
}

/// So long a key still speaks for its node that was given up.
pub(crate) fn late() -> u64 {
    u64::try_from(Parameter::AnchorLateMs.row().default).unwrap()
}

#[test]
fn a_date_holds_in_one_epoch_alone() {
    let mut world = World::new();
    let node = staked(&mut world, OWNER, STAKE);
    next_epoch(&mut world);
    let second = world.record(&EpochStartSlot(Epoch(2))).unwrap().height.0;
    assert_eq!(second, 3);
    world.block(1, &[]);
    let now = world.header.height.0;
    for (height, epoch) in [(1, 1), (second - 1, 1), (second, 2), (now, 2)] {
        assert_eq!(rejected(&world, dated(&world, node, height, epoch)), None, "{height} {epoch}");
    }
    for (height, epoch) in [
        (0, 1),
        (second, 1),
        (1, 2),
        (second - 1, 2),
        (now + 1, 2),
        (now, 3),
        (now, 1),
        (1, 0),
        (now, u64::MAX),
        (u64::MAX, 2),
    ] {
        let found = rejected(&world, dated(&world, node, height, epoch));
        assert_eq!(found, Some(Rejection::NoDate), "{height} {epoch}");
    }
}

#[test]
fn a_date_is_the_jobs_own() {
    let mut world = World::new();
    let node = staked(&mut world, OWNER, STAKE);
    let undated = dated(&world, node, 0, 1);
    let other = dated(&world, node, 2, 1).terms;
    let borrowed = ShowEquivocation { terms: other, ..undated };
    assert_eq!(rejected(&world, borrowed), Some(Rejection::NoDate));
    let mut altered = dated(&world, node, 1, 1);
    altered.terms.leaf = 1;
    assert_eq!(rejected(&world, altered), Some(Rejection::NoDate));
}

#[test]
fn an_answer_is_judged_for_so_many_epochs() {
    let mut world = World::new();
    let node = staked(&mut world, OWNER, STAKE);
    world.epoch(Epoch(241));
    assert_eq!(rejected(&world, dated(&world, node, 1, 1)), None);
    world.epoch(Epoch(242));
    assert_eq!(rejected(&world, dated(&world, node, 1, 1)), Some(Rejection::NoDate));
    for (epoch, found) in [(241, None), (242, Some(Rejection::NoDate))] {
        let mut world = World::new();
        let court = Court::of(&mut world, true);
        world.epoch(Epoch(epoch));
        assert_eq!(world.rejection(&court.opening(&world, ACCUSER)), found, "{epoch}");
    }
}

/// A vote shortens nothing that was promised, and lengthens it for no job that was asked for before.
#[test]
fn an_answer_is_judged_as_long_as_it_was_said_when_it_was_asked_for() {
    for (epochs, after) in [(200, 241), (300, 302)] {
        let mut world = World::new();
        let node = staked(&mut world, OWNER, STAKE);
        world.set(&[(Parameter::DisputeEpochs, epochs)]);
        next_epoch(&mut world);
        let start = world.record(&EpochStartSlot(Epoch(2))).unwrap();
        assert_eq!(start.judged, Epoch(after), "no shorter than what was dated before");
        let second = start.height.0;
        world.block(1, &[]);
        world.epoch(Epoch(241));
        assert_eq!(rejected(&world, dated(&world, node, 1, 1)), None);
        world.epoch(Epoch(242));
        assert_eq!(rejected(&world, dated(&world, node, 1, 1)), Some(Rejection::NoDate));
        // The helper ends epoch 2 with the epoch that it goes on to.
        let later = rejected(&world, dated(&world, node, second, 2));
        assert_eq!(later, (epochs == 200).then_some(Rejection::NoDate));
    }
}

#[test]
fn a_key_answers_for_what_is_dated_while_it_was_the_nodes() {
    let mut world = World::new();
    let node = staked(&mut world, OWNER, STAKE);
    next_epoch(&mut world);
    give_up(&mut world, node);
    let last = world.header.height.0;
    next_epoch(&mut world);
    let first = world.header.height.0;
    assert_eq!(rejected(&world, dated(&world, node, 1, 1)), None);
    assert_eq!(rejected(&world, dated(&world, node, last, 2)), None, "given up in that epoch");
    let after = rejected(&world, dated(&world, node, first, 3));
    assert_eq!(after, Some(Rejection::KeyEnded));
}

#[test]
fn a_key_that_is_given_up_in_an_epochs_first_block_does_not_answer_for_that_epoch() {
    let mut world = World::new();
    let node = staked(&mut world, OWNER, STAKE);
    world.at(Time(3_600_000));
    give_up(&mut world, node);
    world.block(1, &[]);
    let dated = dated(&world, node, world.header.height.0, 2);
    assert_eq!(rejected(&world, dated), Some(Rejection::KeyEnded));
}

#[test]
fn nothing_is_won_with_an_old_key() {
    let mut world = World::new();
    let node = staked(&mut world, OWNER, STAKE);
    let share = i128::try_from(Parameter::Slash.row().default / 4).unwrap();
    let got = |world: &World| {
        let evidence = dated(world, node, 1, 1);
        gained(&mut world.clone(), ACCUSER, |world| {
            world.take(ACCUSER, &Action::Equivocation(Box::new(evidence)));
        })
    };
    assert!(got(&world) > share / 2, "while it is the node's");
    give_up(&mut world, node);
    let given_up = world.header.time.0;
    world.at(Time(given_up + late() - 2));
    assert!(got(&world) > share / 2, "as long as it may anchor");
    world.at(Time(given_up + late() - 1));
    assert!(got(&world) < 0, "the fee alone");
    world.take(ACCUSER, &Action::Equivocation(Box::new(dated(&world, node, 1, 1))));
    assert!(
        world.record(&NodeSlot(node)).unwrap().stake < Amount(STAKE),
        "it is slashed all the same"
    );
}

/// What counts is when the dispute was opened: nobody takes a challenger's share away with another key.
#[test]
fn a_share_is_of_who_accused_in_time() {
    let share = i128::try_from(Parameter::Slash.row().default / 4).unwrap();
    for (before, wanted) in [(false, share), (true, 0)] {
        let mut world = World::new();
        let mut court = Court::of(&mut world, true);
        if before {
            give_up(&mut world, court.node);
            world.at(Time(world.header.time.0 + late()));
        }
        let open = court.opening(&world, ACCUSER);
        world.block(1, &[open]);
        if !before {
            give_up(&mut world, court.node);
            world.at(Time(world.header.time.0 + 1_000));
        }
        court.play(&mut world, 100);
        let bond = i128::try_from(Parameter::Bond.row().default).unwrap();
        let end = court.end(PublicKey::NONE);
        let got = gained(&mut world, ACCUSER, |world| world.take(OTHER, &end));
        assert_eq!(got, wanted + bond, "{before}");
    }
}
