//! Kinds 13 to 15: names and labels.

use chain::records::{
    Content, Decision, Label, LabelRecord, LabelSlot, Name, NameRecord, NameSlot, NodeId,
    PurseSlot, Record,
};
use chain::{Amount, Time};
use commit::{Reader, Writer};
use ledger::Rejection;
use ledger::tx::{Action, NameClaim, NameTransfer, SetLabel};
use receipt::PublicKey;

use crate::packages::{manifest, publish, withdraw};
use crate::proposals::{TIMELOCK_MS, VOTE_MS, carried, enacted, proposed, vote, wait};
use crate::rejections::Case;
use crate::world::{RICH, World, public};

const DAY: u64 = 86_400_000;
const TERM: u64 = 365 * DAY;
const GRACE: u64 = 30 * DAY;

pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::NameTaken, |world| {
        world.take(1, &claim());
        world.signed(2, &claim())
    }),
    (Rejection::NameAhead, |world| {
        (0..10).for_each(|_| world.take(1, &claim()));
        world.signed(1, &claim())
    }),
    (Rejection::NameAbsent, |world| world.signed(1, &transfer_name(2))),
    (Rejection::NameOwner, |world| {
        world.take(1, &claim());
        world.signed(2, &transfer_name(2))
    }),
    (Rejection::NameLapsed, |world| {
        world.take(1, &claim());
        world.at(Time(1 + TERM));
        world.signed(1, &transfer_name(2))
    }),
    (Rejection::NameTenure, |world| {
        world.take(1, &claim());
        world.signed(1, &label(2, "latest", 1))
    }),
    (Rejection::NameReserved, |world| {
        given(world, PublicKey::NONE);
        world.signed(1, &claim())
    }),
    (Rejection::VersionSet, |world| {
        publish(world);
        world.take(1, &claim());
        world.take(1, &label(1, "1.0", 1));
        world.signed(1, &label(1, "1.0", 9))
    }),
];

fn name() -> Name {
    Name::new("smol-llm").unwrap()
}

fn claim() -> Action {
    Action::NameClaim(NameClaim { name: name() })
}

fn transfer_name(to: u8) -> Action {
    Action::NameTransfer(NameTransfer { name: name(), to: public(to) })
}

fn label(tenure: u64, label: &str, publisher: u8) -> Action {
    Action::Label(SetLabel {
        name: name(),
        tenure,
        label: Label::new(label).unwrap(),
        model: manifest().id().0,
        publisher: public(publisher),
    })
}

fn labelled(world: &World, tenure: u64, label: &str) -> Option<LabelRecord> {
    world.record(&LabelSlot { name: name(), tenure, label: Label::new(label).unwrap() })
}

fn held(world: &World) -> NameRecord {
    world.record(&NameSlot(name())).unwrap()
}

#[test]
fn a_name_is_claimed_renewed_and_paid_for() {
    let mut world = World::new();
    world.take(1, &claim());
    assert_eq!(held(&world), NameRecord { owner: public(1), tenure: 1, until: Time(1 + TERM) });
    world.take(1, &claim());
    assert_eq!(held(&world), NameRecord { owner: public(1), tenure: 1, until: Time(1 + 2 * TERM) });
    let treasury = world.record(&PurseSlot).unwrap().treasury;
    assert_eq!(treasury, Amount(RICH + 2 * 10_000_000));
}

#[test]
fn a_name_that_lapsed_is_its_owners_alone_and_then_anybodys() {
    let mut world = World::new();
    world.take(1, &claim());
    let refused =
        |world: &World, by: u8, action: &Action| world.rejection(&world.signed(by, action));
    world.at(Time(TERM - 1));
    assert_eq!(refused(&world, 1, &transfer_name(2)), None);
    world.at(Time(TERM));
    assert_eq!(refused(&world, 1, &transfer_name(2)), Some(Rejection::NameLapsed));
    assert_eq!(refused(&world, 2, &claim()), Some(Rejection::NameTaken));
    world.at(Time(TERM + GRACE - 1));
    assert_eq!(refused(&world, 2, &claim()), Some(Rejection::NameTaken));
    let mut kept = world.clone();
    kept.take(1, &claim());
    assert_eq!(held(&kept).until, Time(1 + 2 * TERM));
    world.at(Time(TERM + GRACE));
    world.take(2, &claim());
    let until = Time(1 + 2 * TERM + GRACE);
    assert_eq!(held(&world), NameRecord { owner: public(2), tenure: 2, until });
    assert_eq!(refused(&world, 1, &claim()), Some(Rejection::NameTaken));
}

#[test]
fn a_name_goes_over_with_its_labels() {
    let mut world = World::new();
    publish(&mut world);
    world.take(1, &claim());
    world.take(1, &label(1, "1.0", 1));
    world.take(1, &transfer_name(2));
    let refused = |by: u8, action: &Action| world.rejection(&world.signed(by, action));
    assert_eq!(refused(2, &transfer_name(2)), Some(Rejection::ToItself));
    assert_eq!(refused(2, &label(1, "1.0", 9)), Some(Rejection::VersionSet));
    assert_eq!(refused(1, &label(1, "1.1", 9)), Some(Rejection::NameOwner));
    assert_eq!(refused(2, &label(1, "1.1", 9)), None);
}

#[test]
fn labels_move_unless_they_are_versions() {
    let mut world = World::new();
    publish(&mut world);
    world.take(1, &claim());
    let time = world.header.time.0;
    world.take(1, &label(1, "latest", 1));
    world.take(1, &label(1, "latest", 9));
    world.take(1, &label(1, "2", 9));
    let model = manifest().id().0;
    let record = |at| LabelRecord { model, publisher: public(9), set: Time(time + at) };
    assert_eq!(labelled(&world, 1, "latest"), Some(record(2)));
    assert_eq!(labelled(&world, 1, "2"), Some(record(3)));
}

/// Who claims a name anew takes over none of the words of whoever had it.
#[test]
fn another_tenure_begins_without_labels() {
    let mut world = World::new();
    publish(&mut world);
    world.take(1, &claim());
    world.take(1, &label(1, "1.0", 1));
    world.at(Time(2 * TERM));
    world.take(2, &claim());
    assert_eq!(labelled(&world, 2, "1.0"), None);
    world.take(2, &label(2, "1.0", 9));
    assert_eq!(labelled(&world, 1, "1.0").unwrap().publisher, public(1));
    assert_eq!(labelled(&world, 2, "1.0").unwrap().publisher, public(9));
}

#[test]
fn a_label_names_a_package_that_stands() {
    let mut world = World::new();
    world.take(1, &claim());
    let refused = |world: &World| world.rejection(&world.signed(1, &label(1, "latest", 1)));
    assert_eq!(refused(&world), Some(Rejection::PackageAbsent));
    publish(&mut world);
    assert_eq!(refused(&world), None);
    world.block(1, &[withdraw(&world, 1)]);
    assert_eq!(refused(&world), Some(Rejection::Withdrawn));
}

/// A vote gives the name away; the network is another one then.
fn given(world: &mut World, owner: PublicKey) -> NodeId {
    let content = Content::Name { name: name(), owner };
    let (id, node) = carried(world, content);
    wait(world, TIMELOCK_MS);
    assert_eq!(enacted(world, id, content).0, Decision::Enacted);
    node
}

/// A further vote.
fn given_again(world: &mut World, node: NodeId, owner: PublicKey) {
    let content = Content::Name { name: name(), owner };
    let (id, _) = proposed(world, 1, content);
    world.take(1, &vote(id, node, true));
    wait(world, VOTE_MS + TIMELOCK_MS);
    assert_eq!(enacted(world, id, content).0, Decision::Enacted);
}

#[test]
fn a_vote_gives_a_name_away_and_its_labels_stand_no_more() {
    let mut world = World::new();
    let node = given(&mut world, public(3));
    let until = |world: &World| Time(world.header.time.0 + TERM);
    let first = NameRecord { owner: public(3), tenure: 1, until: until(&world) };
    assert_eq!(held(&world), first, "nobody had claimed it");
    publish(&mut world);
    world.take(3, &label(1, "1.0", 1));
    let balances = [1, 3].map(|name| world.account(name).balance);
    let content = Content::Name { name: name(), owner: public(4) };
    let (id, made) = proposed(&mut world, 1, content);
    world.take(1, &vote(id, node, true));
    // Who transfers it meanwhile keeps it from nobody.
    world.take(3, &transfer_name(5));
    wait(&mut world, VOTE_MS + TIMELOCK_MS);
    assert!(world.header.time < made.lapses);
    assert_eq!(enacted(&mut world, id, content).0, Decision::Enacted);
    assert!(world.account(3).balance < balances[1], "fees of two transactions");
    assert_eq!(held(&world), NameRecord { owner: public(4), tenure: 2, until: until(&world) });
    let refused = |by: u8, action: &Action| world.rejection(&world.signed(by, action));
    assert_eq!(labelled(&world, 2, "1.0"), None);
    assert_eq!(refused(3, &claim()), Some(Rejection::NameTaken));
    assert_eq!(refused(5, &label(1, "1.1", 1)), Some(Rejection::NameOwner));
    assert_eq!(refused(4, &label(1, "1.1", 1)), Some(Rejection::NameTenure));
    assert_eq!(refused(4, &label(2, "1.0", 9)), None);
    assert_eq!(refused(4, &claim()), None);
}

#[test]
fn a_reserved_name_is_nobodys_until_a_vote_gives_it_away() {
    let mut world = World::new();
    let node = given(&mut world, public(3));
    given_again(&mut world, node, PublicKey::NONE);
    let reserved = NameRecord { owner: PublicKey::NONE, tenure: 2, until: Time(0) };
    assert_eq!(held(&world), reserved);
    publish(&mut world);
    let refused =
        |world: &World, by: u8, action: &Action| world.rejection(&world.signed(by, action));
    for by in [1, 3] {
        assert_eq!(refused(&world, by, &claim()), Some(Rejection::NameReserved));
        assert_eq!(refused(&world, by, &transfer_name(2)), Some(Rejection::NameOwner));
        assert_eq!(refused(&world, by, &label(2, "1.0", 1)), Some(Rejection::NameOwner));
    }
    let mut late = world.clone();
    late.at(Time(20 * TERM));
    assert_eq!(refused(&late, 3, &claim()), Some(Rejection::NameReserved));
    given_again(&mut world, node, public(2));
    let until = Time(world.header.time.0 + TERM);
    assert_eq!(held(&world), NameRecord { owner: public(2), tenure: 3, until });
    assert_eq!(refused(&world, 1, &claim()), Some(Rejection::NameTaken));
    world.at(Time(until.0 + GRACE));
    world.take(1, &claim());
    assert_eq!(held(&world).tenure, 4);
}

#[test]
fn only_a_vote_reserves_a_name() {
    let mut world = World::new();
    world.take(1, &claim());
    let action = Action::NameTransfer(NameTransfer { name: name(), to: PublicKey::NONE });
    assert_eq!(world.rejection(&world.signed(1, &action)), Some(Rejection::Body));
    for (owner, until, is) in [(0, 0, true), (0, 1, false), (1, 0, false), (1, 1, true)] {
        let bytes = [&[owner; 32][..], &[7; 8], &[until; 8]].concat();
        assert_eq!(NameRecord::decode(&bytes).is_ok(), is, "{owner} {until}");
    }
}

#[test]
fn what_is_a_name_and_what_is_none() {
    for good in ["abc", "0-0", "a--b", &"z".repeat(64)] {
        let name = Name::new(good).unwrap();
        let mut out = Writer::new();
        name.write(&mut out);
        assert_eq!(Name::read(&mut Reader::new(&out.finish())), Ok(name));
    }
    for bad in ["", "ab", "-ab", "ab-", "a.b", "a_b", "Abc", "abé", &"z".repeat(65)] {
        assert_eq!(Name::new(bad), None, "{bad}");
        let bytes = [&[u8::try_from(bad.len()).unwrap()], bad.as_bytes()].concat();
        assert!(Name::read(&mut Reader::new(&bytes)).is_err(), "{bad}");
    }
    for good in ["a", "0", "1.0-rc_2", &"z".repeat(32)] {
        assert_eq!(Label::new(good).unwrap().is_version(), good.starts_with(['0', '1']));
    }
    for bad in ["", ".", "1.", "-1", "a b", "A", &"z".repeat(33)] {
        assert_eq!(Label::new(bad), None, "{bad}");
    }
    assert!(NameRecord::decode(&[0; 47]).is_err());
}
