//! Verdicts: verified only where all that was required holds.

use receipt::{Job, Messages, NonceChooser, Rendered, SecretKey, Stop, WorkKind};
use verify::{
    Ending, Kind, Missing, NotEstablished, Outcome, Refutation, Replay, Report, Unchecked, Verdict,
    examine,
};

use crate::world::{NETWORK, fields, opening, receipt_of, requester, worker};

const BOTH: [Kind; 2] = [Kind::Signature, Kind::Replay];

fn report(opened: bool, stop: Stop, required: &[Kind], replay: &Replay) -> Report {
    let opening = opening();
    let receipt = receipt_of(&opening, stop);
    examine(&receipt, opened.then_some(&opening), NETWORK, required, replay)
}

fn differs() -> Replay {
    Replay::Differs(Refutation::Token { choice: 0, position: 3, expected: 1, found: 2 })
}

#[test]
fn what_was_required_decides() {
    let verdict = |opened, required: &[Kind], replay: &Replay| {
        report(opened, Stop::Length, required, replay).verdict
    };
    assert_eq!(verdict(true, &BOTH, &Replay::Same), Verdict::Verified);
    assert_eq!(verdict(false, &[Kind::Signature], &Replay::NotTried), Verdict::Verified);
    assert_eq!(
        verdict(false, &BOTH, &Replay::Same),
        Verdict::CannotJudge(Missing::Opening),
        "a replay of nothing is none"
    );
    assert_eq!(
        verdict(true, &BOTH, &Replay::NotTried),
        Verdict::CannotJudge(Missing::Model { id: [7; 32] })
    );
    let missing = Missing::Unsupported("a grammar".into());
    assert_eq!(
        verdict(true, &BOTH, &Replay::Impossible(missing.clone())),
        Verdict::CannotJudge(missing)
    );
    assert!(matches!(verdict(true, &BOTH, &differs()), Verdict::Refuted(_)));
    // What was found wrong is wrong, asked or not.
    assert!(matches!(verdict(true, &[Kind::Signature], &differs()), Verdict::Refuted(_)));
    assert_eq!([Verdict::Verified.exit(), verdict(true, &BOTH, &differs()).exit()], [0, 1]);
    assert_eq!(verdict(false, &BOTH, &Replay::NotTried).exit(), 2);
}

#[test]
fn an_opening_of_something_else_refutes_whatever_replay_says() {
    let mut opening = opening();
    let receipt = receipt_of(&opening, Stop::Length);
    opening.outputs[0].tokens[3] += 1;
    let report = examine(&receipt, Some(&opening), NETWORK, &[], &Replay::Same);
    assert!(matches!(report.verdict, Verdict::Refuted(Refutation::Opening { .. })));
    // What is not the receipt's can't be replayed for it.
    assert_eq!(report.evidence[1].outcome, Outcome::NotChecked);
    assert_eq!(report.evidence[1].unchecked, Some(Unchecked::Opening));
    assert_ne!(report.evidence[0].claim, Kind::Signature.claim());
}

#[test]
fn what_is_not_established_is_always_said() {
    let list = |opened, stop, replay: &Replay| report(opened, stop, &BOTH, replay).not_established;
    for replay in [Replay::Same, Replay::NotTried, differs()] {
        for always in [NotEstablished::Truth, NotEstablished::OnlySample, NotEstablished::Asker] {
            assert!(list(true, Stop::Length, &replay).contains(&always));
        }
    }
    assert!(!list(true, Stop::Length, &Replay::Same).contains(&NotEstablished::Tokens));
    assert!(list(true, Stop::Length, &Replay::NotTried).contains(&NotEstablished::Tokens));
    assert!(list(true, Stop::Unfinished, &Replay::Same).contains(&NotEstablished::WhyUnfinished));
    assert!(!list(true, Stop::Length, &Replay::Same).contains(&NotEstablished::WhyUnfinished));
    assert!(
        list(false, Stop::Length, &Replay::NotTried).contains(&NotEstablished::PromptOfMessages)
    );
}

#[test]
fn a_replay_found_wrong_was_a_replay() {
    let refuted = report(true, Stop::Length, &BOTH, &differs());
    assert!(!refuted.not_established.contains(&NotEstablished::Tokens));
    // An opening of something else is no replay: nobody computed anything.
    let mut opening = opening();
    let receipt = receipt_of(&opening, Stop::Length);
    opening.outputs[0].tokens[3] += 1;
    let report = examine(&receipt, Some(&opening), NETWORK, &BOTH, &Replay::NotTried);
    assert_eq!(report.evidence[1].outcome, Outcome::NotChecked);
    assert!(report.not_established.contains(&NotEstablished::Tokens));
}

#[test]
fn what_was_not_looked_at_is_trusted_for_nothing_and_says_why() {
    let another = Missing::AnotherModel { id: [7; 32], found: [8; 32] };
    let request = Replay::Differs(Refutation::Request("no".into()));
    let missing = Missing::Unsupported("a grammar".into());
    let cases = [
        (true, Replay::Same, Outcome::Holds, None, true),
        (true, differs(), Outcome::Fails, None, true),
        (true, request, Outcome::Fails, None, false),
        (
            true,
            Replay::Impossible(another.clone()),
            Outcome::NotChecked,
            Some(Unchecked::Missing(another)),
            false,
        ),
        (
            true,
            Replay::Impossible(missing.clone()),
            Outcome::NotChecked,
            Some(Unchecked::Missing(missing)),
            false,
        ),
        (
            false,
            Replay::NotTried,
            Outcome::NotChecked,
            Some(Unchecked::Missing(Missing::Opening)),
            false,
        ),
    ];
    for (opened, replay, outcome, unchecked, rederived) in cases {
        let report = report(opened, Stop::Length, &BOTH, &replay);
        let line = &report.evidence[1];
        assert_eq!((line.outcome, line.unchecked.clone()), (outcome, unchecked), "{replay:?}");
        assert_eq!(line.trusts().contains("re-derived"), outcome == Outcome::Holds, "{replay:?}");
        let tokens = report.not_established.contains(&NotEstablished::Tokens);
        assert_eq!(tokens, !rederived, "{replay:?}");
    }
    let not_asked = report(true, Stop::Length, &[Kind::Signature], &Replay::NotTried);
    assert_eq!(not_asked.evidence[1].unchecked, Some(Unchecked::NotAsked));
}

#[test]
fn whose_key_it_is_is_known_only_where_it_was_asked_for() {
    let opening = opening();
    let receipt = receipt_of(&opening, Stop::Length);
    let report = examine(&receipt, Some(&opening), NETWORK, &BOTH, &Replay::Same);
    assert!(report.not_established.contains(&NotEstablished::Signer));
    let by_it = report.clone().signed_by(&receipt, worker().public());
    assert_eq!(by_it.verdict, Verdict::Verified);
    assert!(!by_it.not_established.contains(&NotEstablished::Signer));
    let (wanted, found) = (requester().public(), worker().public());
    let by_another = report.signed_by(&receipt, wanted);
    assert_eq!(by_another.verdict, Verdict::Refuted(Refutation::Signer { wanted, found }));
    assert!(by_another.not_established.contains(&NotEstablished::Signer));
    assert!(!by_another.holds(Kind::Signature) && by_another.holds(Kind::Replay));
}

#[test]
fn a_replay_claims_no_end_that_it_does_not_derive() {
    let cancelled = Stop::cancelled(&requester(), NETWORK, &[0; 32], 0, 1);
    for (stop, claimed) in [(Stop::Length, true), (Stop::Unfinished, false), (cancelled, false)] {
        let [signature, replay] = &report(true, stop, &BOTH, &Replay::Same).evidence[..] else {
            panic!("one line for each kind")
        };
        assert_eq!(replay.claim.contains("end"), claimed, "{}: {}", stop.name(), replay.claim);
        assert_eq!(replay.claim == Kind::Replay.claim(), claimed);
        assert_eq!(signature.claim, Kind::Signature.claim());
    }
}

#[test]
fn what_a_template_does_not_read_is_said_where_it_was_rendered() {
    let list = |messages: Messages, replay: &Replay| {
        let mut fields = fields();
        fields.rendered = Rendered::Worker(messages);
        let mut opening = opening();
        opening.job = Job::new(fields).unwrap();
        let receipt = receipt_of(&opening, Stop::Length);
        let list = examine(&receipt, Some(&opening), NETWORK, &BOTH, replay).not_established;
        [NotEstablished::UnreadMembers, NotEstablished::PromptOfMessages]
            .map(|what| list.contains(&what))
    };
    let shown = || Messages::Shown(b"{}".to_vec());
    assert_eq!(list(shown(), &Replay::Same), [true, false]);
    assert_eq!(list(shown(), &Replay::NotTried), [false, true]);
    assert_eq!(list(Messages::Hidden([1; 32]), &Replay::Same), [false, true]);
}

#[test]
fn who_cancelled_is_known_of_a_key_that_is_not_the_workers() {
    let not_established = |by: &SecretKey, shown: bool| {
        let mut fields = fields();
        (fields.terms.requester, fields.choices) = (by.public(), 1);
        let mut opening = opening();
        opening.outputs.truncate(1);
        opening.job = Job::new(fields).unwrap();
        let mut receipt = receipt_of(&opening, Stop::Length);
        receipt.choices[0].stop = Stop::cancelled(by, NETWORK, &receipt.job, 0, 40);
        let opening = shown.then_some(&opening);
        let report = examine(&receipt, opening, NETWORK, &[Kind::Signature], &Replay::NotTried);
        assert_eq!(report.verdict, Verdict::Verified);
        report.not_established.contains(&NotEstablished::WhoCancelled)
    };
    assert!(!not_established(&requester(), true));
    assert!(not_established(&worker(), true), "its own key");
    assert!(not_established(&requester(), false), "only the opening shows whose key it is");
    let list = |stop| report(true, stop, &BOTH, &Replay::Same).not_established;
    assert!(!list(Stop::Length).contains(&NotEstablished::WhoCancelled));
}

#[test]
fn a_nonce_of_others_and_a_promised_anchor_are_said_to_be_unchecked() {
    let list = |nonce_by, beacon_height, anchor_by| {
        let mut fields = fields();
        (fields.terms.nonce_by, fields.terms.beacon_height) = (nonce_by, beacon_height);
        let mut opening = opening();
        opening.job = Job::new(fields).unwrap();
        let mut receipt = receipt_of(&opening, Stop::Length);
        receipt.anchor_by = anchor_by;
        examine(&receipt, Some(&opening), NETWORK, &BOTH, &Replay::Same).not_established
    };
    for (nonce_by, beacon_height, said) in [
        (NonceChooser::Client, 0, false),
        (NonceChooser::Gateway, 0, true),
        (NonceChooser::Client, 9, true),
    ] {
        let list = list(nonce_by, beacon_height, 0);
        assert_eq!(list.contains(&NotEstablished::Nonce), said, "{nonce_by:?} {beacon_height}");
    }
    for (anchor_by, said) in [(0, NotEstablished::Time), (7, NotEstablished::TimeUntilAnchored)] {
        let list = list(NonceChooser::Client, 0, anchor_by);
        let times: Vec<_> = list.iter().filter(|what| what.name() == "time").collect();
        assert_eq!(times, [&said]);
    }
}

#[test]
fn an_ending_bears_only_its_own_reason() {
    let endings = [
        Ending::GoesOn,
        Ending::Token,
        Ending::String { index: 1 },
        Ending::Length,
        Ending::Fault { position: 3, op: 4 },
    ];
    let stops = [
        Stop::Unfinished,
        Stop::Token,
        Stop::String { index: 1 },
        Stop::Length,
        Stop::Fault { position: 3, op: 4 },
    ];
    for (at, ending) in endings.into_iter().enumerate() {
        for (of, stop) in stops.iter().enumerate() {
            // "Unfinished" claims nothing, so nothing contradicts it.
            assert_eq!(ending.bears(stop), at == of || of == 0, "{ending} {}", stop.name());
        }
    }
    assert!(!Ending::String { index: 1 }.bears(&Stop::String { index: 0 }));
    assert!(!Ending::Fault { position: 3, op: 4 }.bears(&Stop::Fault { position: 3, op: 5 }));
}

/// Of a vector nothing is drawn, and nobody says that it is good for anything.
#[test]
fn a_vector_is_told_as_one() {
    use NotEstablished as Not;
    let mut fields = fields();
    fields.terms.kind = WorkKind::Embed;
    fields.terms.nonce_by = NonceChooser::Gateway;
    fields.choices = 1;
    let mut opening = opening();
    opening.job = Job::new(fields).unwrap();
    opening.outputs.truncate(1);
    let receipt = receipt_of(&opening, Stop::Length);
    let of = |replay: &Replay| examine(&receipt, Some(&opening), NETWORK, &BOTH, replay);
    let same = of(&Replay::Same);
    assert_eq!(same.verdict, Verdict::Verified);
    let claims = same.evidence.iter().map(|line| line.claim);
    assert!(claims.eq([
        "the holder of the worker's key said so, about this job and this vector",
        "every number of the vector and the usage are what this model gives for this prompt",
    ]));
    let always = [Not::Meaning, Not::VectorByReplayOnly];
    assert!(always.iter().all(|not| same.not_established.contains(not)));
    let drawn = [Not::Truth, Not::OnlySample, Not::Nonce, Not::Tokens, Not::Vector];
    assert!(!drawn.iter().any(|not| same.not_established.contains(not)));
    let number = Refutation::Number { position: 3, expected: -4, found: 4 };
    let differs = of(&Replay::Differs(number.clone()));
    assert_eq!(number.to_string(), "number 3 of the vector: expected -4 / 2^24, found 4 / 2^24");
    assert_eq!(differs.verdict, Verdict::Refuted(number));
    assert!(!differs.not_established.contains(&Not::Vector), "it was re-derived");
    let trusted = examine(&receipt, Some(&opening), NETWORK, &[Kind::Signature], &Replay::NotTried);
    assert!(trusted.not_established.contains(&Not::Vector));
}

#[test]
fn what_is_required_to_be_so_now_is_judged_only_where_it_is() {
    let of = |fresh, lately| {
        let required = [Kind::Signature];
        report(true, Stop::Length, &required, &Replay::NotTried).anchored(fresh, lately)
    };
    assert_eq!(of(true, true).now_required().verdict, Verdict::Verified);
    for (fresh, lately, open) in [
        (false, true, vec![NotEstablished::Still]),
        (true, false, vec![NotEstablished::History]),
        (false, false, vec![NotEstablished::Still, NotEstablished::History]),
    ] {
        let report = of(fresh, lately);
        assert_eq!((&report.verdict, report.not_now()), (&Verdict::Verified, open.clone()));
        let verdict = report.now_required().verdict;
        assert_eq!(verdict, Verdict::CannotJudge(Missing::Now(open)));
        assert_eq!(verdict.exit(), 2);
    }
    let refuted = report(true, Stop::Length, &BOTH, &differs()).anchored(false, false);
    assert!(matches!(refuted.now_required().verdict, Verdict::Refuted(_)));
}
