//! Honest answers of every ending replay, however they are cut; what is not quite honest does not.

use canon::KernelSet;
use canon::sample::{Parameter, Parameters, Settings};
use import::gguf::tiny::Family;
use llm::{Claim, Replay, Request, Runner};
use receipt::{Job, JobFields, Messages, Rendered, Stop};
use verify::{Ending, Missing, Refutation, Replay as Outcome};

use crate::desk::{
    NETWORK, answer, fields, job, judge, receipt, replayed, requester, salts, work, worker,
};
use crate::fixture::{Tiny, faulty, parameters, tokens};

/// The bytes in which stop strings are looked for.
fn text(tiny: &Tiny, tokens: &[u32]) -> Vec<u8> {
    let table = tiny.model.tokenizer.token_bytes();
    let pieces = tokens.iter().map(|token| table.get(*token).unwrap());
    pieces.filter(|piece| !piece.control).flat_map(|piece| piece.bytes).copied().collect()
}

/// A token at least so far into an answer that does not come before, and where it stands.
fn first_seen(tokens: &[u32], from: usize) -> (usize, u32) {
    let new = |at: &usize| !tokens[..*at].contains(&tokens[*at]);
    let at = (from..tokens.len()).find(new).unwrap();
    (at, tokens[at])
}

/// A job for every way in which an answer ends, and what an honest worker says came of it.
pub(crate) fn honest(tiny: &Tiny) -> Vec<(&'static str, Job, Vec<Claim>)> {
    let base = fields(tokens(30, 1), 20);
    let free = work(tiny, &job(&base)).remove(0).tokens;
    let (_, stop_token) = first_seen(&free, 7);
    let printed = text(tiny, &free);
    let within = |from: usize| {
        let ascii = |at: &usize| printed[*at..*at + 2].is_ascii();
        let at = (from..printed.len() - 2).find(ascii).unwrap();
        String::from_utf8(printed[at..at + 2].to_vec()).unwrap()
    };
    let mut cases = vec![("length", base.clone())];
    let mut with = |name, change: &dyn Fn(&mut JobFields)| {
        let mut fields = base.clone();
        change(&mut fields);
        cases.push((name, fields));
    };
    with("stop token", &|job| job.stop.tokens = vec![stop_token]);
    with("stop string", &|job| job.stop.strings = vec!["never".into(), within(6)]);
    with("context", &|job| (job.prompt, job.stop.tokens_max) = (tokens(150, 4), 1000));
    with("nothing asked for", &|job| job.stop.tokens_max = 0);
    with("one token", &|job| (job.prompt, job.stop.tokens_max) = (vec![9], 70));
    with("three choices", &|job| job.choices = 3);
    with("penalties", &|job| {
        job.parameters =
            parameters(&[(Parameter::Repetition, "1.3"), (Parameter::Frequency, "0.5")]);
    });
    with("greedy", &|job| job.parameters = parameters(&[(Parameter::Temperature, "0")]));
    let mut made = Vec::new();
    for (name, fields) in cases {
        let job = job(&fields);
        let claims = work(tiny, &job);
        made.push((name, job, claims));
    }
    let (job, mut claims) = (made[0].1.clone(), made[0].2.clone());
    claims[0].tokens.truncate(11);
    claims[0].stop = Stop::cancelled(&requester(), NETWORK, &job.commitment(&salts()), 0, 4);
    made.push(("cancelled", job.clone(), claims.clone()));
    claims[0].stop = Stop::Unfinished;
    made.push(("unfinished", job.clone(), claims.clone()));
    claims[0].tokens.clear();
    made.push(("unfinished before it began", job, claims));
    made
}

#[test]
fn every_ending_is_there() {
    let tiny = Tiny::new(Family::Llama);
    let stops: Vec<_> =
        honest(&tiny).into_iter().map(|(name, _, claims)| (name, claims[0].clone())).collect();
    let of = |name| stops.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    assert_eq!(of("length").stop, Stop::Length);
    assert_eq!(of("stop token").stop, Stop::Token);
    assert_eq!(of("stop string").stop, Stop::String { index: 1 });
    let context = of("context");
    assert_eq!((context.stop, context.tokens.len()), (Stop::Length, 10));
    assert_eq!(of("nothing asked for").tokens.len(), 0);
    assert!(of("stop token").tokens.len() < 20 && of("stop string").tokens.len() < 20);
}

#[test]
fn an_honest_answer_of_every_ending_replays_however_it_is_cut() {
    for family in [Family::Llama, Family::Qwen2] {
        let tiny = Tiny::new(family);
        let honest = honest(&tiny);
        let cuts = (1..=3).flat_map(|threads| [1, 7, 64, usize::MAX].map(|chunk| (threads, chunk)));
        for (threads, chunk) in cuts {
            let mut runner = tiny.runner(KernelSet::best(), threads, chunk);
            for (name, job, claims) in &honest {
                let outcome = replayed(&tiny, &mut runner, job, claims);
                assert_eq!(outcome, Outcome::Same, "{name} {threads} {chunk}");
            }
        }
    }
}

#[test]
fn many_receipts_are_replayed_in_one_batch() {
    let tiny = Tiny::new(Family::Llama);
    let mut honest = honest(&tiny);
    // One among them is wrong, and only that one is refuted.
    let (_, job, mut claims) = honest[0].clone();
    claims[0].tokens[13] ^= 1;
    honest.push(("changed", job, claims));
    for (rows, chunk) in [(1, 1), (5, 64), (64, 7), (usize::MAX, usize::MAX)] {
        let mut runner = tiny.any_with(rows, chunk);
        let mut all: Vec<Replay> = honest
            .iter()
            .map(|(_, job, claims)| Replay::new(&tiny.model, runner.engine(), job, claims))
            .collect();
        let outcomes = judge(&mut runner, &mut all.iter_mut().collect::<Vec<_>>());
        for ((name, _, _), outcome) in honest.iter().zip(&outcomes) {
            match *name {
                "changed" => assert!(
                    matches!(outcome, Outcome::Differs(Refutation::Token { position: 13, .. })),
                    "{outcome:?}"
                ),
                _ => assert_eq!(*outcome, Outcome::Same, "{name} {rows} {chunk}"),
            }
        }
        for (replay, outcome) in all.iter().zip(&outcomes) {
            let (done, total) = replay.progress();
            assert_eq!(done == total, *outcome == Outcome::Same, "{done} of {total}");
        }
    }
}

/// How many replays one pass went on with; each comes with the most bytes that it is to hold.
fn advanced(runner: &mut Runner, replays: &mut [(Replay, usize)], bytes_max: usize) -> usize {
    let state = |replay: &Replay| (replay.held_bytes(), replay.progress());
    let before: Vec<_> = replays.iter().map(|(replay, _)| state(replay)).collect();
    runner.replay(&mut replays.iter_mut().map(|(replay, _)| replay).collect::<Vec<_>>());
    let (mut count, mut bytes) = (0, 0);
    for ((replay, most), before) in replays.iter().zip(before) {
        let (held, progress) = state(replay);
        assert!(held <= *most && (held == 0 || replay.outcome().is_none()), "{held} of {most}");
        if before.0 > 0 || before != (held, progress) {
            (count, bytes) = (count + 1, bytes + most);
        }
    }
    assert!(bytes <= bytes_max || count == 1, "{count} come to hold {bytes} of {bytes_max}");
    count
}

#[test]
fn what_replays_hold_together_is_bounded_and_changes_no_outcome() {
    let tiny = Tiny::new(Family::Llama);
    let mut cases = honest(&tiny);
    let (_, job, mut claims) = cases[0].clone();
    claims[0].tokens[13] ^= 1;
    cases.insert(2, ("changed", job, claims));
    let case = |(_, job, claims): &(_, Job, Vec<Claim>)| {
        Some(replayed(&tiny, &mut tiny.any(), job, claims))
    };
    let alone: Vec<_> = cases.iter().map(case).collect();
    // Most in one pass: where there is room for two or three, and rows for as many or for more.
    for (bytes_max, rows, together_max) in
        [(0, 3, 1), (0, 64, 1), (60_000, 3, 3), (60_000, 64, 3), (usize::MAX, 64, 5)]
    {
        let mut runner = tiny.any_with(rows, rows / 3).with_replay_kv_bytes_max(bytes_max);
        let begin = |(_, job, claims): &(_, Job, Vec<Claim>)| {
            let replay = Replay::new(&tiny.model, runner.engine(), job, claims);
            assert_eq!(replay.held_bytes(), 0, "nothing is held before the first pass");
            let most = replay.held_bytes_max();
            (replay, most)
        };
        let mut replays: Vec<_> = cases.iter().map(begin).collect();
        let mut together = 0;
        while replays.iter().any(|(replay, _)| replay.outcome().is_none()) {
            let count = advanced(&mut runner, &mut replays, bytes_max);
            assert!(count > 0, "every pass goes on with something");
            together = together.max(count);
        }
        assert_eq!(together, together_max, "{bytes_max} {rows}");
        let outcomes: Vec<_> = replays.iter().map(|(one, _)| one.outcome().cloned()).collect();
        assert_eq!(outcomes, alone, "{bytes_max} {rows}");
    }
}

/// How many passes these replays take together, and what comes of them.
fn together(tiny: &Tiny, rows: usize, cases: &[(Job, Vec<Claim>)]) -> (usize, Vec<Outcome>) {
    let mut runner = tiny.any_with(rows, rows);
    let begin =
        |(job, claims): &(Job, Vec<Claim>)| Replay::new(&tiny.model, runner.engine(), job, claims);
    let mut replays: Vec<Replay> = cases.iter().map(begin).collect();
    let mut passes = 0;
    while replays.iter().any(|replay| replay.outcome().is_none()) {
        runner.replay(&mut replays.iter_mut().collect::<Vec<_>>());
        passes += 1;
    }
    (passes, replays.iter().map(|replay| replay.outcome().cloned().unwrap()).collect())
}

#[test]
fn what_prompts_begin_with_alike_is_computed_once_and_changes_no_outcome() {
    const ROWS: usize = 8;
    let tiny = Tiny::new(Family::Llama);
    let prompt = tokens(130, 3);
    let parted = |at: usize| [&prompt[..at], &tokens(130 - at, 7)].concat();
    // Alike with the first: all, more than a page, less than one, all of the shorter.
    let prompts = [prompt.clone(), prompt.clone(), parted(100), parted(50), prompt[..90].to_vec()];
    let mut cases: Vec<_> = prompts
        .into_iter()
        .map(|prompt| {
            let job = job(&fields(prompt, 20));
            let claims = work(&tiny, &job);
            (job, claims)
        })
        .collect();
    cases[1].1[0].tokens[9] ^= 1;
    for rows in [ROWS, 1000] {
        for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]] {
            let cases: Vec<_> = order.iter().map(|at| cases[*at].clone()).collect();
            let alone: Vec<_> = cases
                .iter()
                .map(|case| together(&tiny, rows, std::slice::from_ref(case)))
                .collect();
            let outcomes: Vec<_> =
                alone.iter().flat_map(|(_, outcomes)| outcomes.clone()).collect();
            let (passes, found) = together(&tiny, rows, &cases);
            assert_eq!(found, outcomes, "{rows} {order:?}");
            let spared = alone.iter().map(|(passes, _)| passes).sum::<usize>() - passes;
            assert!(rows > ROWS || spared >= (129 + 100 + 89) / ROWS, "{spared} {order:?}");
        }
    }
}

#[test]
fn what_is_found_first_does_not_depend_on_the_cut() {
    let tiny = Tiny::new(Family::Llama);
    let job = job(&JobFields { choices: 2, ..fields(tokens(10, 3), 30) });
    let mut claims = work(&tiny, &job);
    claims[0].tokens[21] ^= 1;
    claims[0].tokens[25] ^= 1;
    claims[1].tokens[3] ^= 1;
    let mut found = Vec::new();
    for (threads, chunk) in [(1, 1), (2, 7), (3, 64), (1, usize::MAX)] {
        let mut runner = tiny.runner(KernelSet::best(), threads, chunk);
        found.push(replayed(&tiny, &mut runner, &job, &claims));
    }
    let want = |outcome: &Outcome| {
        matches!(outcome, Outcome::Differs(Refutation::Token { choice: 0, position: 21, .. }))
    };
    assert!(found.iter().all(want), "{found:?}");
    assert!(found.windows(2).all(|two| two[0] == two[1]));
}

#[test]
fn every_single_token_counts() {
    let tiny = Tiny::new(Family::Llama);
    let job = job(&fields(tokens(12, 2), 12));
    let claims = work(&tiny, &job);
    let mut runner = tiny.any();
    for position in 0..12 {
        let mut changed = claims.clone();
        let found = &mut changed[0].tokens[position];
        let expected = *found;
        *found = if expected == 20 { 21 } else { 20 };
        let refutation = Refutation::Token {
            choice: 0,
            position: u32::try_from(position).unwrap(),
            expected,
            found: *found,
        };
        let outcome = replayed(&tiny, &mut runner, &job, &changed);
        assert_eq!(outcome, Outcome::Differs(refutation));
    }
}

#[test]
fn a_token_no_model_has_is_not_drawn() {
    let tiny = Tiny::new(Family::Llama);
    let job = job(&fields(tokens(12, 2), 12));
    let mut claims = work(&tiny, &job);
    claims[0].tokens[5] = 70_000;
    let outcome = replayed(&tiny, &mut tiny.any(), &job, &claims);
    assert!(
        matches!(outcome, Outcome::Differs(Refutation::Token { position: 5, found: 70_000, .. })),
        "{outcome:?}"
    );
}

#[test]
fn a_true_fault_replays_in_the_prompt_and_in_the_output() {
    // In the prompt: nothing was drawn.
    let bad = 200;
    let tiny = faulty(bad);
    let mut prompt = tokens(12, 5);
    prompt.retain(|token| *token != bad);
    prompt.insert(7, bad);
    let in_prompt = job(&JobFields { choices: 2, ..fields(prompt.clone(), 5) });
    // At its end: the only position that has logits.
    let at_end = job(&fields(prompt[..8].to_vec(), 5));
    for job in [&in_prompt, &at_end] {
        let claims = work(&tiny, job);
        let Stop::Fault { position: 7, .. } = claims[0].stop else { panic!("{claims:?}") };
        for chunk in [1, 5, 64] {
            let mut runner = tiny.runner(KernelSet::best(), 2, chunk);
            assert_eq!(replayed(&tiny, &mut runner, job, &claims), Outcome::Same);
        }
    }
    // In the output: where the token that it can't read is read.
    let fine = faulty(287);
    let asked = fields(tokens(9, 6), 20);
    let (at, bad) = first_seen(&answer(&fine, &Request::of(&job(&asked), 0)).tokens, 4);
    let tiny = faulty(bad);
    assert!(!asked.prompt.contains(&bad));
    let asked = job(&asked);
    let claims = work(&tiny, &asked);
    let Stop::Fault { position, op } = claims[0].stop else { panic!("{claims:?}") };
    assert_eq!((claims[0].tokens.len(), position), (at + 1, u32::try_from(9 + at).unwrap()));
    for chunk in [1, 5, 64] {
        let mut runner = tiny.runner(KernelSet::best(), 3, chunk);
        assert_eq!(replayed(&tiny, &mut runner, &asked, &claims), Outcome::Same);
        let mut wrong = claims.clone();
        wrong[0].stop = Stop::Fault { position, op: op + 1 };
        let found = replayed(&tiny, &mut runner, &asked, &wrong);
        let ends = Ending::Fault { position, op };
        assert!(
            matches!(found, Outcome::Differs(Refutation::Stop { found, .. }) if found == ends),
            "{found:?}"
        );
    }
}

#[test]
fn what_can_not_have_been_asked_is_refuted() {
    let tiny = Tiny::new(Family::Llama);
    let context = tiny.any().engine().context_max();
    let base = fields(tokens(12, 2), 3);
    let claims = [Claim { choice: 0, tokens: vec![5], stop: Stop::Unfinished }];
    let found = |change: &dyn Fn(&mut JobFields)| {
        let mut fields = base.clone();
        change(&mut fields);
        match replayed(&tiny, &mut tiny.any(), &job(&fields), &claims) {
            Outcome::Differs(refutation) => refutation.to_string(),
            Outcome::Impossible(missing) => format!("impossible: {missing:?}"),
            Outcome::NotTried | Outcome::Same => String::new(),
        }
    };
    let bias = |token| {
        let mut settings = Settings::default();
        settings.push_bias(token, "1").unwrap();
        Parameters::new(settings).unwrap()
    };
    let asked = |what: &str| format!("this model can't have been asked this: {what}");
    assert!(found(&|job| job.prompt[3] = 288).starts_with(&asked("token 288 of the prompt")));
    assert!(found(&|job| job.prompt = tokens(context, 1)).starts_with(&asked("the prompt has")));
    assert!(found(&|job| job.stop.tokens = vec![288]).starts_with(&asked("token 288 of the stop")));
    assert!(found(&|job| job.parameters = bias(288)).starts_with(&asked("bias of token 288")));
    // The arithmetic is the program's; nothing is held against what this release can't do.
    for version in [0, 2, u16::MAX] {
        let other = found(&|job| job.terms.arithmetic = version);
        assert!(other.contains("version") && !other.starts_with("impossible"), "{other}");
        assert!(found(&|job| job.terms.sampling = version).starts_with("impossible"));
    }
    let grammar = Settings { grammar: Some([1; 32]), ..Settings::default() };
    let grammar = Parameters::new(grammar).unwrap();
    assert!(found(&|job| job.parameters = grammar.clone()).starts_with("impossible"));
    assert!(found(&|_| {}).starts_with("choice 0, position 0: expected token"));
}

#[test]
fn an_answer_to_another_choice_than_was_asked_for_is_refuted() {
    let tiny = Tiny::new(Family::Llama);
    let job = job(&fields(tokens(12, 2), 3));
    let mut claims = work(&tiny, &job);
    claims[0].choice = 1;
    let outcome = replayed(&tiny, &mut tiny.any(), &job, &claims);
    assert_eq!(outcome, Outcome::Differs(Refutation::Job { what: "choice" }));
    let none = replayed(&tiny, &mut tiny.any(), &job, &[]);
    assert_eq!(none, Outcome::Differs(Refutation::Job { what: "number of answers" }));
}

#[test]
fn an_engine_of_another_model_judges_nothing() {
    let tiny = Tiny::new(Family::Llama);
    let job = job(&fields(tokens(12, 2), 3));
    let claims = work(&tiny, &job);
    let (other, mut runner) = (tiny.any(), tiny.any());
    let mut foreign = Replay::new(&tiny.model, other.engine(), &job, &claims);
    let mut own = Replay::new(&tiny.model, runner.engine(), &job, &claims);
    let outcomes = judge(&mut runner, &mut [&mut foreign, &mut own]);
    assert!(matches!(outcomes[0], Outcome::Impossible(Missing::Unsupported(_))), "{outcomes:?}");
    assert_eq!(outcomes[1], Outcome::Same);
}

#[test]
fn claims_are_the_receipts_and_its_openings() {
    let tiny = Tiny::new(Family::Llama);
    let messages = Messages::Shown(br#"{"text":"hello"}"#.to_vec());
    let mut asked = fields(tiny_tokens(&tiny, "hello"), 20);
    asked.choices = 2;
    asked.rendered = Rendered::Worker(messages);
    let job = job(&asked);
    let claims = work(&tiny, &job);
    let (receipt, opening) = receipt(&job, &claims);
    assert_eq!(verify::opened(&receipt, &opening, NETWORK), Ok(()));
    assert!(receipt.heads_hold(NETWORK) && receipt.worker == worker().public());
    assert_eq!(Claim::all(&receipt, &opening), claims);
    assert_eq!(replayed(&tiny, &mut tiny.any(), &job, &claims), Outcome::Same);
}

fn tiny_tokens(tiny: &Tiny, text: &str) -> Vec<u32> {
    llm::Prompt::Text(text.into()).tokens(&tiny.model).unwrap()
}
