//! Streams of heads, sound and cheating; who equivocates and who does not; transcripts cut and continued anyhow.

use commit::{Network, Salts};
use receipt::{
    Equivocation, Head, HeadError, PartialOpening, SecretKey, SignedHead, TokenVector, Transcript,
    Which,
};

use crate::generator::{self, Random, whole};

const JOB: [u8; 32] = [5; 32];

fn salts() -> Salts {
    Random::new(0).salts()
}

fn secret(number: u8) -> SecretKey {
    SecretKey::from_seed([number; 32])
}

/// What a worker signs as so many tokens come, piece by piece.
fn heads(transcript: &mut Transcript, tokens: &[u32], cuts: &[usize]) -> Vec<SignedHead> {
    let mut heads = Vec::new();
    let mut rest = tokens;
    for cut in cuts {
        let (piece, after) = rest.split_at(*cut);
        piece.iter().for_each(|token| transcript.push(*token));
        heads.push(transcript.sign());
        rest = after;
    }
    assert!(rest.is_empty());
    heads
}

fn follow(heads: &[SignedHead], network: Network) -> Result<(), HeadError> {
    let before = std::iter::once(None).chain(heads.iter().map(Some));
    heads.iter().zip(before).try_for_each(|(head, before)| head.follows(before, network))
}

#[test]
fn any_cuts_of_the_same_tokens_give_the_same_root() {
    for seed in 0..60 {
        let random = &mut Random::new(seed);
        let salts = random.salts();
        let mut cuts: Vec<usize> =
            (0..1 + random.below(6)).map(|_| 1 + random.below(16) as usize).collect();
        if seed % 5 == 0 {
            // Nothing came yet, and a head is due for its age.
            cuts.insert(0, 0);
        }
        let tokens = random.tokens(cuts.iter().sum());
        let mut transcript = Transcript::new(salts, JOB, 3, secret(1));
        let made = heads(&mut transcript, &tokens, &cuts);
        assert_eq!(follow(&made, salts.network), Ok(()));
        let last = made.last().unwrap().head;
        let root = TokenVector::over(salts, Which::Output { choice: 3 }, &tokens).root();
        assert_eq!((last.root, last.count as usize, last.start), (root, tokens.len(), 0));
        assert_eq!((last.job, last.choice, transcript.count()), (JOB, 3, last.count));
    }
}

#[test]
fn a_head_is_due_after_sixteen_tokens() {
    let mut transcript = Transcript::new(salts(), JOB, 0, secret(1));
    for token in 0..16 {
        assert!(!transcript.is_due());
        transcript.push(token);
    }
    assert!(transcript.is_due());
    assert_eq!(transcript.unsigned(), 16);
    let head = transcript.sign();
    assert!(!transcript.is_due());
    assert_eq!(transcript.sign(), head, "nothing came since: the same head again");
}

/// A worker dies; another, or itself, goes on from its last head. The answer is the same.
#[test]
fn another_worker_continues_the_same_answer() {
    let (salts, tokens) = (salts(), Random::new(3).tokens(30));
    let root = TokenVector::over(salts, Which::Output { choice: 0 }, &tokens).root();
    for (count, successor) in (0..=30).flat_map(|count| [(count, 1), (count, 2)]) {
        let mut first = Transcript::new(salts, JOB, 0, secret(1));
        let cuts = vec![5; count / 5].into_iter().chain([count % 5]).collect::<Vec<_>>();
        let mut made = heads(&mut first, &tokens[..count], &cuts);
        made.dedup();
        let last = *made.last().unwrap();
        let resume = |tokens: &[u32]| Transcript::resumed(salts, secret(successor), tokens, last);
        let mut second = resume(&tokens[..count]).unwrap();
        for token in &tokens[count..] {
            second.push(*token);
            made.push(second.sign());
        }
        let end = second.sign();
        made.extend((end != *made.last().unwrap()).then_some(end));
        assert_eq!(follow(&made, salts.network), Ok(()), "{count}");
        let start = if successor == 1 { 0 } else { u32::try_from(count).unwrap() };
        assert_eq!((end.head.root, end.head.start), (root, start));
        assert_eq!(end.worker, secret(successor).public());
        if count > 0 {
            let mut other = tokens[..count].to_vec();
            other[count - 1] ^= 1;
            assert!(resume(&other).is_none(), "other tokens");
            assert!(resume(&tokens[..count - 1]).is_none(), "fewer tokens");
        }
    }
    let mut first = Transcript::new(salts, JOB, 0, secret(1));
    let mut last = heads(&mut first, &tokens, &[30]).pop().unwrap();
    last.signature.0[0] ^= 1;
    assert!(Transcript::resumed(salts, secret(2), &tokens, last).is_none(), "an unsigned head");
}

/// Ten tokens under three heads.
fn sound() -> (Salts, Vec<SignedHead>) {
    let salts = salts();
    let mut transcript = Transcript::new(salts, JOB, 0, secret(1));
    let made = heads(&mut transcript, &Random::new(7).tokens(10), &[3, 3, 4]);
    assert_eq!(follow(&made, salts.network), Ok(()));
    (salts, made)
}

/// The last of the sound heads, changed and signed again: what its reader says.
fn cheated(by: u8, change: impl Fn(&mut Head)) -> Result<(), HeadError> {
    let (salts, made) = sound();
    let mut head = made[2].head;
    change(&mut head);
    SignedHead::sign(head, &secret(by), salts.network).follows(Some(&made[1]), salts.network)
}

#[test]
fn a_cheating_stream_is_refused_by_name() {
    let (salts, made) = sound();
    let network = salts.network;
    assert_eq!(cheated(1, |_| {}), Ok(()));
    assert_eq!(cheated(1, |head| head.job[0] ^= 1), Err(HeadError::Other));
    assert_eq!(cheated(1, |head| head.choice = 1), Err(HeadError::Other));
    assert_eq!(cheated(1, |head| head.prior = [0; 32]), Err(HeadError::Prior));
    assert_eq!(cheated(1, |head| head.prior = made[0].head.id(network)), Err(HeadError::Prior));
    let start = |start, wanted| Err(HeadError::Start { start, wanted });
    assert_eq!(cheated(1, |head| head.start = 6), start(6, 0));
    let count = |count| Err(HeadError::Count { count, before: 6 });
    assert_eq!(cheated(1, |head| head.count = 6), count(6));
    assert_eq!(cheated(1, |head| head.count = 5), count(5));
    assert_eq!(cheated(1, |head| head.count = 22), Ok(()));
    assert_eq!(cheated(1, |head| head.count = 23), Err(HeadError::Chunk { tokens: 17 }));
    // A head left out, doubled, or from the middle.
    assert_eq!(made[2].follows(Some(&made[0]), network), Err(HeadError::Prior));
    assert_eq!(made[1].follows(Some(&made[1]), network), Err(HeadError::Prior));
    assert_eq!(made[1].follows(None, network), Err(HeadError::Prior));
}

#[test]
fn a_head_that_its_worker_did_not_sign_is_refused() {
    let (salts, made) = sound();
    let network = salts.network;
    let refused = |head: SignedHead| {
        assert_eq!(head.follows(Some(&made[1]), network), Err(HeadError::Signature));
    };
    let mut changed = made[2];
    changed.head.count += 1;
    refused(changed);
    changed = made[2];
    changed.signature.0[40] ^= 1;
    refused(changed);
    refused(SignedHead { worker: secret(2).public(), ..made[2] });
    let elsewhere = made[2].follows(Some(&made[1]), Network([9; 32]));
    assert_eq!(elsewhere, Err(HeadError::Signature), "another network");
}

#[test]
fn a_successor_begins_where_the_one_before_it_ended() {
    let start = |start, wanted| Err(HeadError::Start { start, wanted });
    assert_eq!(cheated(2, |_| {}), start(0, 6));
    assert_eq!(cheated(2, |head| head.start = 5), start(5, 6));
    assert_eq!(cheated(2, |head| head.start = 6), Ok(()));
    // It may add nothing, once: then it is the worker before.
    let nothing = |head: &mut Head| (head.start, head.count) = (6, 6);
    assert_eq!(cheated(2, nothing), Ok(()));
    let less = |head: &mut Head| (head.start, head.count) = (6, 5);
    assert_eq!(cheated(2, less), Err(HeadError::Count { count: 5, before: 6 }));
    let (salts, _) = sound();
    let first = whole(&salts, &secret(1), JOB, 0, &[1, 2]);
    let late = SignedHead::sign(Head { start: 1, ..first.head }, &secret(1), salts.network);
    assert_eq!(late.follows(None, salts.network), start(1, 0));
}

#[test]
fn two_tokens_at_one_place_are_an_equivocation() {
    for seed in 0..40 {
        let (network, sound) = generator::equivocation(&mut Random::new(seed));
        assert!(sound.holds(network));
        let Equivocation { one, other } = sound.clone();
        assert!(Equivocation { one: other, other: one }.holds(network), "in the other order");
        assert!(!sound.holds(Network([9; 32])), "on another network");
    }
}

/// A head over all tokens by a key, and the token at a position under it.
fn side(by: u8, choice: u32, tokens: &[u32], position: u32) -> (SignedHead, PartialOpening) {
    let which = Which::Output { choice };
    let shown = PartialOpening::new(&salts(), which, tokens, position).unwrap();
    (whole(&salts(), &secret(by), JOB, choice, tokens), shown)
}

/// Nobody is at fault.
fn harmless(one: &(SignedHead, PartialOpening), other: &(SignedHead, PartialOpening)) {
    let claimed = Equivocation { one: one.clone(), other: other.clone() };
    assert!(!claimed.holds(salts().network), "{claimed:?}");
}

#[test]
fn heads_that_do_not_contradict_each_other_are_none() {
    let tokens = [1, 2, 3, 4, 5];
    let sound = side(1, 0, &tokens, 1);
    harmless(&sound, &sound);
    // Different heads, different counts, the same tokens: cuts depend on time.
    harmless(&sound, &side(1, 0, &tokens[..3], 1));
    // Different tokens, and yet none: another position, choice, worker or job.
    harmless(&sound, &side(1, 0, &tokens, 2));
    harmless(&sound, &side(1, 1, &[1, 9, 3], 1));
    harmless(&sound, &side(2, 0, &[1, 9, 3], 1));
    let (head, shown) = side(1, 0, &[1, 9, 3], 1);
    let elsewhere = Head { job: [6; 32], ..head.head };
    harmless(&sound, &(SignedHead::sign(elsewhere, &secret(1), salts().network), shown));
}

#[test]
fn openings_of_something_else_are_no_evidence() {
    let (sound, other) = (side(1, 0, &[1, 2, 3], 1), side(1, 0, &[1, 9, 3], 1));
    assert!(Equivocation { one: sound.clone(), other: other.clone() }.holds(salts().network));
    let mut unsigned = other.clone();
    unsigned.0.signature.0[0] ^= 1;
    harmless(&sound, &unsigned);
    // A token that is not under the head.
    harmless(&sound, &(sound.0, PartialOpening { token: 9, ..sound.1.clone() }));
    harmless(&sound, &(sound.0, other.1.clone()));
    // A token of the prompt, or under a count that is not the head's.
    let prompt = PartialOpening { which: Which::Prompt, ..other.1.clone() };
    harmless(&sound, &(other.0, prompt));
    let counted = PartialOpening { count: 4, ..other.1.clone() };
    harmless(&sound, &(other.0, counted));
    let (head, shown) = side(1, 0, &[1, 9, 3, 4], 1);
    harmless(&sound, &(other.0, shown.clone()));
    assert!(Equivocation { one: sound, other: (head, shown) }.holds(salts().network));
}

/// A successor repeats what was there before it and answers for nothing of it; what it adds hangs on that prefix.
#[test]
fn what_follows_another_workers_tokens_is_none() {
    let sound = side(1, 0, &[1, 2, 3, 4], 2);
    let (inherited, shown) = side(1, 0, &[1, 9, 8, 4], 2);
    let from = |start| {
        let head = Head { start, prior: [7; 32], ..inherited.head };
        (SignedHead::sign(head, &secret(1), salts().network), shown.clone())
    };
    // Before its segment, at its start, and behind it.
    for start in [3, 2, 1] {
        harmless(&sound, &from(start));
        harmless(&from(start), &sound);
    }
    assert!(Equivocation { one: sound, other: from(0) }.holds(salts().network));
}

/// Whoever holds a head of its own key can have a worker go on after any two prefixes.
#[test]
fn nobody_can_frame_a_worker_with_two_prefixes() {
    let side = |prefix: &[u32], token: u32| {
        let last = whole(&salts(), &secret(9), JOB, 0, prefix);
        let mut honest = Transcript::resumed(salts(), secret(1), prefix, last).unwrap();
        honest.push(token);
        let tokens = [prefix, &[token]].concat();
        let which = Which::Output { choice: 0 };
        (honest.sign(), PartialOpening::new(&salts(), which, &tokens, 2).unwrap())
    };
    harmless(&side(&[1, 2], 3), &side(&[1, 9], 4));
}
