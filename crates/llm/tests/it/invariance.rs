//! What must not change an answer does not.

use canon::KernelSet;
use canon::sample::Parameter;
use import::gguf::tiny::Family;
use llm::{Generation, Request, Stop};
use program::reference::{self, run_reference};
use text::Detokenizer;

use crate::fixture::{Answer, Tiny, eight, finish, parameters, request, sets, tokens};

/// Each request alone, on the plainest runner.
fn wanted(tiny: &Tiny, requests: &[Request]) -> Vec<Answer> {
    let mut runner = tiny.runner(KernelSet::Portable, 1, usize::MAX);
    requests.iter().map(|request| tiny.answer(&mut runner, request)).collect()
}

#[test]
fn kernels_threads_and_chunks_do_not_matter() {
    for family in [Family::Llama, Family::Qwen2] {
        let tiny = Tiny::new(family);
        let requests = &eight()[5..];
        let want = wanted(&tiny, requests);
        for set in sets() {
            for (threads, chunk) in [(1, 1), (2, 7), (3, 64), (1, usize::MAX)] {
                let mut runner = tiny.runner(set, threads, chunk);
                for (request, want) in requests.iter().zip(&want) {
                    let got = tiny.answer(&mut runner, request);
                    assert_eq!(got, *want, "{family:?} {} {threads} {chunk}", set.name());
                }
            }
        }
    }
}

#[test]
fn alone_or_among_eight() {
    let tiny = Tiny::new(Family::Llama);
    let requests = eight();
    let want = wanted(&tiny, &requests);
    for set in sets() {
        for chunk in [1, 7, usize::MAX] {
            let mut runner = tiny.runner(set, 2, chunk);
            let mut all: Vec<Generation> =
                requests.iter().map(|request| tiny.start(&runner, request)).collect();
            let got = finish(&mut runner, &mut all.iter_mut().collect::<Vec<_>>());
            assert_eq!(got, want, "{} {chunk}", set.name());
        }
    }
}

#[test]
fn an_answer_that_comes_later_changes_nothing() {
    let tiny = Tiny::new(Family::Llama);
    let requests = eight();
    let want = wanted(&tiny, &requests);
    let mut runner = tiny.any();
    let mut first = tiny.start(&runner, &requests[3]);
    runner.step(&mut [&mut first]);
    let mut second = tiny.start(&runner, &requests[7]);
    let got = finish(&mut runner, &mut [&mut second, &mut first]);
    assert_eq!(got[0], want[7]);
    assert_eq!((&got[1].tokens, got[1].digest), (&want[3].tokens, want[3].digest));
}

#[test]
fn a_prefix_saves_work_and_changes_nothing_else() {
    let tiny = Tiny::new(Family::Llama);
    for set in sets() {
        let mut runner = tiny.runner(set, 1, 64);
        let mut first = tiny.start(&runner, &request(tokens(70, 1), 6));
        finish(&mut runner, &mut [&mut first]);
        let (sequence, known) = first.into_prefix();
        // The last token that was drawn was never fed.
        assert_eq!((sequence.length(), known.len()), (75, 75));
        let longer: Vec<u32> = known.iter().copied().chain([5, 6, 7]).collect();
        let mut forked = known[..66].to_vec();
        forked.push(known[66] ^ 1);
        for (prompt, cached) in
            [(longer, 75), (forked, 66), (known[..40].to_vec(), 39), (vec![known[0] ^ 1], 0)]
        {
            let request = request(prompt, 5);
            let want = tiny.answer(&mut runner, &request);
            let prefix = Some((&sequence, known.as_slice()));
            let mut with =
                Generation::new(&tiny.model, runner.engine(), request.clone(), prefix).unwrap();
            assert_eq!(with.prompt_left(), request.prompt.len() - cached);
            let got = finish(&mut runner, &mut [&mut with]).remove(0);
            assert_eq!(got.usage.cached_tokens, cached);
            assert_eq!((got.tokens, got.text, got.digest), (want.tokens, want.text, want.digest));
        }
    }
}

#[test]
fn seed_and_choice_do_matter() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any();
    let base = request(tokens(8, 2), 12);
    let want = tiny.answer(&mut runner, &base);
    assert_eq!(tiny.answer(&mut runner, &base), want);
    let seed = tiny.answer(&mut runner, &Request { seed: [8; 32], ..base.clone() });
    let choice = tiny.answer(&mut runner, &Request { choice: 1, ..base.clone() });
    assert!(seed.tokens != want.tokens && choice.tokens != want.tokens);
    let silent = tiny.answer(&mut runner, &Request { logits_digest: false, ..base });
    assert_eq!((silent.tokens, silent.digest), (want.tokens, None));
}

#[test]
fn greedy_tokens_and_the_digest_are_the_interpreters() {
    for family in [Family::Llama, Family::Qwen2] {
        let tiny = Tiny::new(family);
        let prompt = tokens(10, 4);
        let greedy = parameters(&[(Parameter::Temperature, "0")]);
        let request = Request { parameters: greedy, ..request(prompt.clone(), 5) };
        let got = tiny.answer(&mut tiny.any(), &request);

        let weights = reference::Weights::load(&tiny.model.program, &[&tiny.bytes]).unwrap();
        let mut all = prompt.clone();
        all.extend(&got.tokens);
        let run = run_reference(&weights, &all, false).unwrap();
        let mut hasher = blake3::Hasher::new();
        for (token, logits) in got.tokens.iter().zip(&run.logits[prompt.len() - 1..]) {
            let most = logits.iter().max().unwrap();
            let first = logits.iter().position(|logit| logit == most).unwrap();
            assert_eq!(usize::try_from(*token), Ok(first));
            logits.iter().for_each(|logit| {
                hasher.update(&logit.to_le_bytes());
            });
        }
        assert_eq!(got.digest, Some(*hasher.finalize().as_bytes()));
    }
}

#[test]
fn text_is_the_tokens_text_and_none_is_lost() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any();
    for seed in 0..20 {
        let request = Request { seed: [seed; 32], ..request(tokens(5, 6), 30) };
        let got = tiny.answer(&mut runner, &request);
        assert_eq!((got.tokens.len(), got.stop), (30, Some(Stop::Length)));
        let mut detokenizer = Detokenizer::default();
        let table = tiny.model.tokenizer.token_bytes();
        let push = |token: &u32| detokenizer.push(table, *token).unwrap();
        let mut text: String = got.tokens.iter().map(push).collect();
        text.push_str(&detokenizer.flush());
        assert_eq!(got.text, text);
    }
}
