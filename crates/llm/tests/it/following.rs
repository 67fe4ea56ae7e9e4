//! An answer followed while it comes is judged as the whole is, wherever it is cut; and read as it was generated.

use import::gguf::tiny::Family;
use llm::{Claim, Misread, Reading, Replay, Runner};
use receipt::{Job, Stop};
use verify::{Refutation, Replay as Outcome};

use crate::desk::{fields, job, judge, replayed, work};
use crate::fixture::{Tiny, faulty, finish, tokens};
use crate::replay::honest;

/// Follows one choice in pieces of so many tokens, with passes between them.
fn followed(
    tiny: &Tiny,
    runner: &mut Runner,
    job: &Job,
    claim: &Claim,
    piece: usize,
) -> (Outcome, usize) {
    let mut replay = Replay::following(&tiny.model, runner.engine(), job, claim.choice);
    let mut most = 0;
    for tokens in claim.tokens.chunks(piece) {
        replay.follow(tokens);
        // As many passes as any piece and the prompt before it can take.
        (0..200).for_each(|_| runner.replay(&mut [&mut replay]));
        most = most.max(replay.followed());
        assert_ne!(replay.outcome(), Some(&Outcome::Same), "its end was not told");
    }
    replay.end(&tiny.model, claim.stop);
    replay.follow(&[1]);
    (judge(runner, &mut [&mut replay]).remove(0), most)
}

#[test]
fn what_is_followed_is_judged_as_the_whole_is() {
    let tiny = Tiny::new(Family::Llama);
    let mut cases = honest(&tiny);
    for at in [0, 13, 19] {
        let (_, job, mut claims) = cases[0].clone();
        claims[0].tokens[at] ^= 1;
        cases.push(("changed", job, claims));
    }
    let (_, job, mut claims) = cases[0].clone();
    claims[0].tokens[5] = 70_000;
    cases.push(("no token", job.clone(), claims.clone()));
    claims[0].tokens.truncate(5);
    cases.push(("ended early", job, claims));
    let mut runner = tiny.any();
    for (name, job, claims) in &cases {
        for claim in claims {
            let whole = replayed(&tiny, &mut runner, job, std::slice::from_ref(claim));
            for piece in [1, 3, 16, 100] {
                let (outcome, most) = followed(&tiny, &mut runner, job, claim, piece);
                assert_eq!(outcome, whole, "{name} {piece}");
                if whole == Outcome::Same {
                    assert_eq!(most, claim.tokens.len(), "{name} {piece}: all before the end");
                }
            }
        }
    }
}

#[test]
fn a_fault_is_judged_when_the_end_is_told() {
    let bad = 200;
    let tiny = faulty(bad);
    let mut prompt = tokens(12, 5);
    prompt.retain(|token| *token != bad);
    prompt.insert(7, bad);
    let mut runner = tiny.any();
    for prompt in [prompt.clone(), prompt[..8].to_vec()] {
        let job = job(&fields(prompt, 5));
        let mut claims = work(&tiny, &job);
        let (outcome, _) = followed(&tiny, &mut runner, &job, &claims[0], 1);
        assert_eq!(outcome, Outcome::Same);
        claims[0].tokens.push(9);
        let (outcome, _) = followed(&tiny, &mut runner, &job, &claims[0], 1);
        assert!(matches!(outcome, Outcome::Differs(Refutation::Stop { .. })), "{outcome:?}");
    }
}

#[test]
fn choices_of_one_job_are_followed_side_by_side() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any();
    let (_, job, claims) =
        honest(&tiny).into_iter().find(|(name, ..)| *name == "three choices").unwrap();
    let follow =
        |claim: &Claim| Replay::following(&tiny.model, runner.engine(), &job, claim.choice);
    let mut all: Vec<Replay> = claims.iter().map(follow).collect();
    for at in 0..20 {
        for (replay, claim) in all.iter_mut().zip(&claims) {
            replay.follow(claim.tokens.get(at..=at).unwrap_or_default());
        }
        runner.replay(&mut all.iter_mut().collect::<Vec<_>>());
    }
    for (replay, claim) in all.iter_mut().zip(&claims) {
        replay.end(&tiny.model, claim.stop);
    }
    let outcomes = judge(&mut runner, &mut all.iter_mut().collect::<Vec<_>>());
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Same), "{outcomes:?}");
}

#[test]
fn what_is_read_is_what_was_generated() {
    let tiny = Tiny::new(Family::Llama);
    for (name, job, claims) in honest(&tiny) {
        for claim in claims {
            let request = llm::Request::of(&job, claim.choice);
            let mut runner = tiny.any();
            let generation =
                llm::Generation::new(&tiny.model, runner.engine(), request, None).unwrap();
            let mut generation = generation;
            let generated = finish(&mut runner, &mut [&mut generation]).remove(0);
            let mut reading = Reading::new(&tiny.model, &job, claim.choice).unwrap();
            let mut text = String::new();
            for token in &claim.tokens {
                text += &reading.take(*token).unwrap();
            }
            text += &reading.end(&claim.stop).unwrap();
            match claim.stop {
                Stop::Cancelled { .. } | Stop::Unfinished => {
                    assert!(
                        generated.text.starts_with(text.trim_end_matches('\u{FFFD}')),
                        "{name}"
                    );
                }
                Stop::Token | Stop::String { .. } | Stop::Length | Stop::Fault { .. } => {
                    assert_eq!(text, generated.text, "{name}");
                    assert_eq!(reading.take(9), Err(Misread::GoesOn(claim.tokens.len())), "{name}");
                }
            }
        }
    }
    let job = job(&fields(tokens(9, 1), 4));
    let mut reading = Reading::new(&tiny.model, &job, 0).unwrap();
    assert_eq!(reading.take(70_000), Err(Misread::Unknown(70_000)));
    reading.take(9).unwrap();
    let ends = Misread::Ends { claimed: "length", tokens: 1 };
    assert_eq!(reading.end(&Stop::Length), Err(ends));
}
