//! What a node loses when cases go against it, and that nothing shelters it: neither silence, nor money that is held
//! elsewhere, nor many cases at once.

use chain::records::{Course, Dispute, Outcome, Owed, ParametersSlot, PurseSlot};
use chain::{Amount, Time};
use ledger::{Parameter, Rejection};
use receipt::PublicKey;

use crate::disputes::{
    ACCUSER, Court, OTHER, OWNER, STAKE, bond, check_books, default, equivocation_of, gained,
    slash, wait,
};
use crate::stakes::{change, stake, unstake};
use crate::world::{World, public};

/// A third one who accuses.
const THIRD: u8 = 4;

/// A court that some have opened disputes in, side by side.
fn accused(world: &mut World, court: &Court, by: &[u8]) {
    for name in by {
        let open = court.opening(world, *name);
        world.block(1, &[open]);
    }
}

/// Every one of these accusers' disputes passes its deadline.
fn late(world: &mut World, court: &mut Court, by: &[u8]) {
    wait(world);
    for name in by {
        court.turn_to(world, *name);
        world.take(OTHER, &court.late());
    }
}

/// So many lies that need no dispute.
fn lie(world: &mut World, court: &Court, lies: u32) {
    for prompt in 0..lies {
        let shown = equivocation_of(world, court.node, 10 + prompt, [7, 8]);
        world.take(THIRD, &shown);
    }
}

/// What a node has, less its debt.
fn worth(world: &World, court: &Court) -> i128 {
    let node = court.node(world);
    i128::try_from(node.stake.0).unwrap() - i128::try_from(node.debt.0).unwrap()
}

fn money(amount: u128) -> i128 {
    i128::try_from(amount).unwrap()
}

#[test]
fn what_a_refutation_does_not_find_is_owed_and_paid_by_what_comes_later() {
    let mut world = World::new();
    let court = Court::with(&mut world, true, slash() + 5);
    lie(&mut world, &court, 3);
    let node = court.node(&world);
    assert_eq!((node.stake, node.debt), (Amount::ZERO, Amount(2 * slash() - 5)));
    world.take(OTHER, &stake(court.node, slash()));
    let node = court.node(&world);
    assert_eq!((node.stake, node.debt), (Amount::ZERO, Amount(slash() - 5)));
    world.take(OTHER, &stake(court.node, slash()));
    let node = court.node(&world);
    assert_eq!((node.stake, node.debt), (Amount(5), Amount::ZERO));
}

/// The launderer: one true answer's case passes in silence, so that the stake is held while the lies are refuted.
#[test]
fn what_is_held_elsewhere_is_no_shelter() {
    for stake in [slash(), 2 * slash(), 3 * slash() + 7] {
        let lies = 3;
        let mut open = World::new();
        let mut court = Court::with(&mut open, false, stake);
        accused(&mut open, &court, &[ACCUSER]);
        lie(&mut open, &court, lies);
        court.play(&mut open, 100);
        open.take(OTHER, &court.end(PublicKey::NONE));
        let plain = worth(&open, &court);

        let mut world = World::new();
        let mut court = Court::with(&mut world, false, stake);
        accused(&mut world, &court, &[ACCUSER]);
        late(&mut world, &mut court, &[ACCUSER]);
        lie(&mut world, &court, lies);
        world.take(OWNER, &court.appeal());
        court.play(&mut world, 100);
        world.take(OTHER, &court.end(public(OWNER)));
        assert_eq!(court.dispute(&world).course, Course::Ended(Outcome::ChallengerRefuted));
        assert_eq!(worth(&world, &court), plain - money(bond()), "it lost a bond by being away");
        check_books(&world);
    }
}

/// The same with lies about which it is silent, too: nothing is left for them to hold.
#[test]
fn silence_that_finds_nothing_is_owed_when_it_ends() {
    let mut world = World::new();
    let mut court = Court::with(&mut world, true, slash());
    accused(&mut world, &court, &[ACCUSER, OTHER]);
    late(&mut world, &mut court, &[ACCUSER, OTHER]);
    let node = court.node(&world);
    assert_eq!(
        (node.stake, node.debt, node.owed.cases),
        (Amount::ZERO, Amount::ZERO, Amount(slash()))
    );
    // The first case is won, as far as the other one lets it.
    court.turn_to(&world, ACCUSER);
    world.take(OWNER, &court.appeal());
    court.decide(&mut world, Outcome::ChallengerRefuted);
    world.take(OTHER, &court.end(public(OWNER)));
    let left = slash() - bond();
    let node = court.node(&world);
    assert_eq!((node.stake, node.owed.cases), (Amount(left), Amount(slash())));
    let leaving = world.signed(OWNER, &unstake(court.node, 1));
    assert_eq!(world.rejection(&leaving), Some(Rejection::Owed));
    wait(&mut world);
    court.turn_to(&world, OTHER);
    let end = court.end(PublicKey::NONE);
    let got = gained(&mut world, OTHER, |world| world.take(ACCUSER, &end));
    assert_eq!(got, money(bond() + default(Parameter::SilenceFee)));
    let node = court.node(&world);
    assert_eq!((node.stake, node.debt), (Amount::ZERO, Amount(slash() - left)));
    assert_eq!((node.owed.cases, node.disputes), (Amount::ZERO, 0));
}

#[test]
fn cases_side_by_side_are_one_silence_and_hold_as_much_each() {
    let by = [ACCUSER, OTHER];
    for order in [by, [OTHER, ACCUSER]] {
        let mut world = World::new();
        let mut court = Court::of(&mut world, true);
        accused(&mut world, &court, &by);
        late(&mut world, &mut court, &order);
        let node = court.node(&world);
        assert_eq!((node.stake, node.silences.count), (Amount(STAKE - 2 * slash()), 1));
        // One that was opened after them, when the node had been there, holds twice as much.
        court.turn_to(&world, ACCUSER);
        world.take(OWNER, &court.appeal());
        accused(&mut world, &court, &[THIRD]);
        late(&mut world, &mut court, &[THIRD]);
        let node = court.node(&world);
        assert_eq!((node.stake, node.silences.count), (Amount(STAKE - 4 * slash()), 2));
        assert_eq!(node.silences.last, world.header.time);
    }
}

/// Who is away is away once: what is opened after a silence that counted is the same absence until the node was there.
#[test]
fn one_outage_counts_once_though_cases_follow_each_other() {
    let mut world = World::new();
    let mut court = Court::with(&mut world, true, 9 * slash());
    for (at, name) in [ACCUSER, OTHER, THIRD].into_iter().enumerate() {
        accused(&mut world, &court, &[name]);
        late(&mut world, &mut court, &[name]);
        let node = court.node(&world);
        let held = slash() * u128::try_from(at + 1).unwrap();
        assert_eq!((node.stake, node.silences.count), (Amount(9 * slash() - held), 1));
    }
    // What others do for it says nothing about it; what its owner does, does.
    assert_eq!(court.node(&world).silences.answered, Time(0));
    world.take(OWNER, &court.appeal());
    assert_eq!(court.node(&world).silences.answered, world.header.time);
}

/// A case costs what it did when it was opened, whatever becomes of the parameter: less, or more, silent or not.
#[test]
fn a_case_keeps_what_it_costs() {
    for now in [0, 1, slash() - 1, 5 * slash()] {
        for silent in [false, true] {
            let mut world = World::new();
            let mut court = Court::of(&mut world, true);
            accused(&mut world, &court, &[ACCUSER]);
            let mut values = world.record(&ParametersSlot).unwrap();
            values.0.insert(Parameter::Slash.number(), now);
            world.put(&ParametersSlot, &values);
            if silent {
                late(&mut world, &mut court, &[ACCUSER]);
                assert_eq!(court.node(&world).stake, Amount(STAKE - slash()));
                wait(&mut world);
            } else {
                court.decide(&mut world, Outcome::ClaimantRefuted);
            }
            world.take(OTHER, &court.end(PublicKey::NONE));
            let node = court.node(&world);
            assert_eq!((node.stake, node.owed), (Amount(STAKE - slash()), Owed::default()));
        }
    }
}

/// Whoever stole a key makes up jobs and signs two tokens for each: that gives a share once.
#[test]
fn a_stolen_key_gives_one_share() {
    let mut world = World::new();
    let court = Court::of(&mut world, true);
    let share = slash() / 1_000_000 * default(Parameter::ChallengerShare);
    for lies in 1..4 {
        let shown = equivocation_of(&world, court.node, 10 + lies, [7, 8]);
        let burnt = |world: &World| world.record(&PurseSlot).unwrap().burnt.0;
        let (before, got) = (burnt(&world), world.account(THIRD).balance.0);
        world.take(THIRD, &shown);
        let paid = if lies == 1 { share } else { 0 };
        assert_eq!(burnt(&world) - before, slash() - paid);
        assert_eq!(world.account(THIRD).balance.0 > got, lies == 1);
        assert_eq!(court.node(&world).stake, Amount(STAKE - u128::from(lies) * slash()));
    }
}

/// A case that was open all the while does not count a second time, however late its deadline passes.
#[test]
fn a_case_that_was_open_at_the_last_silence_holds_no_more() {
    let mut world = World::new();
    let mut court = Court::of(&mut world, true);
    accused(&mut world, &court, &[ACCUSER]);
    world.block(9_000, &[]);
    accused(&mut world, &court, &[OTHER]);
    (0..5).for_each(|_| world.block(10_000, &[]));
    world.block(2_000, &[]);
    world.take(THIRD, &court.late());
    court.turn_to(&world, OTHER);
    let early = world.signed(THIRD, &court.late());
    assert_eq!(world.rejection(&early), Some(Rejection::NotLate));
    late(&mut world, &mut court, &[OTHER]);
    let node = court.node(&world);
    assert_eq!((node.stake, node.silences.count), (Amount(STAKE - 2 * slash()), 1));
}

#[test]
fn stake_that_comes_after_a_case_was_opened_answers_too() {
    let mut world = World::new();
    let mut court = Court::with(&mut world, true, 10);
    accused(&mut world, &court, &[ACCUSER]);
    assert_eq!(court.node(&world).owed.cases, Amount(slash()));
    world.take(OWNER, &stake(court.node, slash()));
    let leaves =
        |world: &World, amount| world.rejection(&world.signed(OWNER, &unstake(court.node, amount)));
    assert_eq!(leaves(&world, 11), Some(Rejection::Owed));
    assert_eq!(leaves(&world, 10), None);
    court.play(&mut world, 100);
    world.take(OTHER, &court.end(PublicKey::NONE));
    assert_eq!(court.node(&world).stake, Amount(10));
}

/// The bond of a list that is full: what is more than the usual comes back to who is the first to refute the claim.
/// Who shows a plant has paid for it.
#[test]
fn what_a_bond_is_beyond_the_usual_comes_back_only_with_a_claim_that_is_refuted_first() {
    let reward = slash() / 1_000_000 * default(Parameter::ChallengerShare);
    let silence = default(Parameter::SilenceFee);
    for (outcome, got, half) in [
        (Outcome::ClaimantRefuted, 4 * bond() + reward, 0),
        (Outcome::ClaimantSilent, bond() + silence, 0),
        (Outcome::ChallengerRefuted, 0, bond() / 2),
        (Outcome::ChallengerSilent, 0, bond() / 2),
        (Outcome::Planted, 4 * bond(), 0),
    ] {
        let mut world = World::new();
        let court = full(&mut world);
        let [accuser, owner, burnt] = ended(&mut world, &court, outcome);
        assert_eq!((accuser, owner), (got, half), "{outcome:?}");
        let taken = STAKE - court.node(&world).stake.0;
        assert_eq!(accuser + owner + burnt, taken + 4 * bond(), "{outcome:?}");
    }
}

/// Who is right and second gets the usual bond: what it put in beyond is lost.
#[test]
fn who_fills_a_list_with_true_accusations_pays_for_it() {
    let mut world = World::new();
    let court = full(&mut world);
    let course = Course::Ended(Outcome::ClaimantRefuted);
    let first = Dispute { course, ..court.dispute(&world) };
    world.put(&court.claim, &first);
    let got = ended(&mut world, &court, Outcome::ClaimantRefuted);
    assert_eq!(got, [bond(), 0, 3 * bond()]);
    assert_eq!(court.node(&world).stake, Amount(STAKE));
}

/// A dispute that is the second above the usual count.
fn full(world: &mut World) -> Court {
    let court = Court::of(world, true);
    change(world, court.node, |node| node.disputes = 9);
    accused(world, &court, &[ACCUSER]);
    let Course::Open(case) = court.dispute(world).course else { panic!("it is open") };
    assert_eq!((case.bond.usual.0, case.bond.beyond.0), (bond(), 3 * bond()));
    court
}

/// What the accuser and the owner get when it ends so, and what is burnt.
fn ended(world: &mut World, court: &Court, outcome: Outcome) -> [u128; 3] {
    court.decide(world, outcome);
    let money = |world: &World| {
        let burnt = world.record(&PurseSlot).unwrap().burnt.0;
        [world.account(ACCUSER).balance.0, world.account(OWNER).balance.0, burnt]
    };
    let before = money(world);
    world.take(OTHER, &court.end(PublicKey::NONE));
    let after = money(world);
    [0, 1, 2].map(|at| after[at] - before[at])
}

/// Nothing is won by accusing who sleeps: what opening a case took in fees is more than the challenger gets.
#[test]
fn accusing_costs_more_than_silence_pays() {
    let mut world = World::new();
    let court = Court::of(&mut world, true);
    let before = world.account(ACCUSER).balance.0;
    accused(&mut world, &court, &[ACCUSER]);
    let cost = before - bond() - world.account(ACCUSER).balance.0;
    assert!(cost > default(Parameter::SilenceFee), "{cost}");
}
