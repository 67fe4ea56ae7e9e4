//! Parameters that change while something is under way: nothing that began changes with them.

use chain::records::{
    AuditSlot, AuditTerms, ChannelId, EpochBookSlot, ParametersSlot, SettlementSlot,
};
use chain::{Amount, Epoch, Time, Voucher};
use ledger::tx::{Action, AuditAsk, ChannelOpen, DrawAudit, Found, Settle};
use ledger::{Parameter, Rejection};

use crate::audits::{
    AUDITORS, OTHER, OWNER, PAYER, SETTLED, STAKE, Trial, committed, refused, shown, signed, turn,
    wait,
};
use crate::disputes::{self, ACCUSER, Court, bond, default, gained, slash};
use crate::world::{World, public, secret};

/// Other values of all that an audit goes by.
const OTHERS: [(Parameter, u128); 13] = [
    (Parameter::AuditUnit, 1_000_000_000),
    (Parameter::AuditShare, 500_000),
    (Parameter::Auditors, 1),
    (Parameter::DrawFee, 1),
    (Parameter::AuditFee, 2),
    (Parameter::PlantReward, 3),
    (Parameter::FalseAlarm, STAKE + 5),
    (Parameter::Bond, 4),
    (Parameter::ShowMs, 70_000),
    (Parameter::CommitMs, 80_000),
    (Parameter::RevealMs, 90_000),
    (Parameter::AppealMs, 100_000),
    (Parameter::MoveMs, 110_000),
];

/// An audit with everything in it: the worker is silent twice, an opening is asked for, one auditor raises an alarm that
/// it does not dispute, the other one says what the worker does. The state after each step, as far as it is not the
/// parameters.
fn played(changed: &[(Parameter, u128)]) -> Vec<[u8; 32]> {
    let mut world = World::new();
    let trial = Trial::of(&mut world);
    let before = world.record(&ParametersSlot).unwrap();
    world.set(changed);
    let mut roots = Vec::new();
    let mut take = |world: &mut World, name: u8, action: &Action| {
        world.take(name, action);
        let mut plain = world.clone();
        plain.put(&ParametersSlot, &before);
        roots.push(plain.state.root());
    };
    take(&mut world, OTHER, &trial.draw(1));
    take(&mut world, OTHER, &trial.draw(0));
    wait(&mut world);
    let late = trial.late(&world, 0);
    take(&mut world, OTHER, &late);
    let show = trial.show(&world, 0, &|_| ());
    take(&mut world, OWNER, &show);
    let (audit, node) = (Trial::slot(0), trial.node_of(AUDITORS[0]));
    take(&mut world, AUDITORS[0], &Action::AuditAsk(AuditAsk { audit, node }));
    wait(&mut world);
    let opening = trial.opening(&world);
    take(&mut world, OWNER, &opening);
    let root = trial.root(world.network());
    let alarm = trial.claimed(&world).slot(world.network()).0;
    for (owner, finding) in [(AUDITORS[0], alarm), (AUDITORS[1], root)] {
        let commit = trial.commit(&world, owner, &finding);
        take(&mut world, owner, &commit);
    }
    take(&mut world, OWNER, &trial.reveal(OWNER, Found::Root(root)));
    take(&mut world, AUDITORS[1], &trial.reveal(AUDITORS[1], Found::Root(root)));
    take(&mut world, AUDITORS[0], &trial.reveal(AUDITORS[0], Found::False(crate::audits::FALSE)));
    turn(&mut world);
    for (owner, alarm) in [(AUDITORS[0], Some(AUDITORS[0])), (AUDITORS[1], None), (OWNER, None)] {
        let close = trial.close(&world, owner, alarm);
        take(&mut world, OTHER, &close);
    }
    roots
}

/// By unit, auditors, fees, windows, and what a false alarm and coming back cost, of when it was settled.
#[test]
fn an_audit_goes_by_what_held_when_its_epoch_was_settled_first() {
    let wanted = played(&[]);
    assert_eq!(wanted.len(), 14);
    for at in 0..OTHERS.len() {
        assert!(played(&OTHERS[at..=at]) == wanted, "{}", OTHERS[at].0.row().name);
    }
    assert!(played(&OTHERS) == wanted, "all at once");
}

/// The first settlement of an epoch says so for all of it, and the next epoch's for that one.
#[test]
fn the_terms_of_an_epoch_are_those_of_its_first_settlement() {
    let mut world = World::new();
    let trial = Trial::of(&mut world);
    let terms = |world: &World, epoch| -> Option<AuditTerms> {
        world.record(&EpochBookSlot(epoch)).map(|book| book.terms)
    };
    let first = terms(&world, SETTLED).unwrap();
    assert_eq!(first.audit_unit, Amount(default(Parameter::AuditUnit)));
    assert_eq!((first.audit_share, first.auditors, first.move_ms), (40_000, 2, 60_000));
    world.set(&OTHERS);
    assert_eq!(terms(&world, SETTLED), Some(first));
    let voucher = trial.more(&world);
    world.take(OWNER, &voucher);
    let now = terms(&world, world.header.epoch).unwrap();
    assert_eq!((now.audit_unit, now.audit_share), (Amount(1_000_000_000), 500_000));
    let windows = [now.show_ms, now.commit_ms, now.reveal_ms, now.appeal_ms, now.move_ms];
    assert_eq!(windows, [70_000, 80_000, 90_000, 100_000, 110_000]);
    let fees = [now.draw_fee, now.audit_fee, now.plant_reward, now.false_alarm, now.bond];
    assert_eq!(fees.map(|fee| fee.0), [1, 2, 3, STAKE + 5, 4]);
    assert_eq!(now.auditors, 1);
}

/// Another channel of the payer to the trial's node, and a settlement of so much of it now.
fn elsewhere(world: &mut World, trial: &Trial, amount: Amount) -> (ChannelId, Action) {
    let node = trial.node_of(OWNER);
    let (network, number) = (world.network(), world.account(PAYER).made);
    world.take(PAYER, &Action::ChannelOpen(ChannelOpen { node, deposit: amount }));
    let channel = ChannelId::of(network, public(PAYER), number);
    let (from, expiry) = (Amount::ZERO, Time(u64::MAX));
    let voucher = Voucher { channel, from, cumulative: amount, expiry, job: [9; 32] };
    let (epoch, signature) = (world.header.epoch, voucher.sign(network, &secret(PAYER)));
    (channel, Action::Settle(Settle { node, epoch, voucher, signature }))
}

/// A vote between two settlements of one epoch changes nothing for either: both are kept of by one share and drawn by one
/// unit.
#[test]
fn a_later_settlement_of_an_epoch_goes_by_the_terms_of_the_first() {
    for changes in 0..=OTHERS.len() {
        let mut world = World::new();
        let trial = Trial::of(&mut world);
        let first = trial.more(&world);
        world.take(OWNER, &first);
        let epoch = world.header.epoch;
        let terms = world.record(&EpochBookSlot(epoch)).unwrap().terms;
        match OTHERS.get(changes) {
            Some(other) => world.set(&[*other]),
            None => world.set(&OTHERS),
        }
        // With the first one's unit of money as much as three draws.
        let unit = terms.audit_unit.0;
        let (channel, second) = elsewhere(&mut world, &trial, Amount(3 * unit - 1));
        world.take(OWNER, &second);
        let book = world.record(&EpochBookSlot(epoch)).unwrap();
        assert_eq!((book.settled, book.settlements), (Amount(3 * unit), 2));
        assert_eq!(book.terms, terms);
        let settlement = world.record(&SettlementSlot { epoch, channel }).unwrap();
        assert_eq!((settlement.starts, settlement.share), (Amount(1), terms.audit_share));
        (0..2).for_each(|_| turn(&mut world));
        let nothing = |index| {
            let audit = AuditSlot { epoch, index };
            let node = trial.node_of(OWNER);
            let draw = |channel| Action::Draw(DrawAudit { audit, channel, node });
            [trial.channel, channel]
                .iter()
                .all(|one| refused(&world, OTHER, &draw(*one)) == Some(Rejection::NothingDrawn))
        };
        assert_eq!([0, 1, 2, 3].map(nothing), [false, false, false, true]);
    }
}

/// What a step would be shown or disputed for is not too old while it is audited, however long its windows are.
#[test]
fn what_was_settled_in_time_is_shown_and_disputed_as_long_as_its_audit_takes() {
    let mut world = World::new();
    let trial = crate::audits::drawn(&mut world);
    let show = trial.show(&world, 0, &|_| ());
    world.epoch(Epoch(1_000));
    assert_eq!(refused(&world, OWNER, &show), None);
}

/// A share, a fee for silence and the bond that an appeal takes are those of when the case was opened.
#[test]
fn a_case_keeps_what_was_promised() {
    let others = [
        (Parameter::ChallengerShare, 1),
        (Parameter::SilenceFee, 7),
        (Parameter::Bond, 5),
        (Parameter::PlantPay, 9),
    ];
    let opened = || {
        let mut world = World::new();
        let court = disputes::opened(&mut world, true);
        world.set(&others);
        (world, court)
    };
    let (mut world, mut court): (World, Court) = opened();
    court.play(&mut world, 100);
    let end = court.end(receipt::PublicKey::NONE);
    let reward = slash() / 1_000_000 * default(Parameter::ChallengerShare);
    let got = gained(&mut world, ACCUSER, |world| world.take(disputes::OTHER, &end));
    assert_eq!(got, signed(bond() + reward));
    let (mut world, court) = opened();
    disputes::wait(&mut world);
    world.take(disputes::OTHER, &court.late());
    let mut back = world.clone();
    let got =
        gained(&mut back, disputes::OWNER, |world| world.take(disputes::OWNER, &court.appeal()));
    assert!(got < -signed(bond()), "it is the case's own bond: {got}");
    disputes::wait(&mut world);
    let end = court.end(receipt::PublicKey::NONE);
    let got = gained(&mut world, ACCUSER, |world| world.take(disputes::OTHER, &end));
    assert_eq!(got, signed(bond() + default(Parameter::SilenceFee)));
}

/// Whoever was told that a word may be doubted until then is not surprised by another window.
#[test]
fn a_word_is_doubted_as_long_as_it_was_said() {
    let mut world = World::new();
    let trial = committed(&mut world);
    let root = trial.root(world.network());
    for owner in [OWNER, AUDITORS[0], AUDITORS[1]] {
        world.take(owner, &trial.reveal(owner, Found::Root(root)));
    }
    turn(&mut world);
    world.set(&[(Parameter::MoveMs, 400_000_000)]);
    let close = trial.close(&world, AUDITORS[0], None);
    assert_eq!(refused(&world, OTHER, &close), None::<Rejection>);
    let mut world = World::new();
    let trial = shown(&mut world);
    trial.alarmed(&mut world);
    world.set(&[(Parameter::MoveMs, 60_001)]);
    let close = trial.close(&world, AUDITORS[0], Some(AUDITORS[0]));
    assert_eq!(refused(&world, OTHER, &close), None);
}
