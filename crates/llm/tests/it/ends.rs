//! Every way an answer ends, and what is counted.

use canon::sample::{Parameters, Settings};
use import::gguf::tiny::Family;
use llm::{Piece, Request, Stop, Usage};
use program::reference::{self, RunError, run_reference};

use crate::fixture::{Tiny, faulty, finish, request, sets, tokens};

/// The model's end token.
const END: u32 = 2;

#[test]
fn as_long_as_asked_for() {
    let tiny = Tiny::new(Family::Llama);
    for tokens_max in [1, 2, 9] {
        let got = tiny.answer(&mut tiny.any(), &request(tokens(7, 1), tokens_max));
        assert_eq!(got.stop, Some(Stop::Length));
        assert_eq!(got.tokens.len(), tokens_max);
        let usage = Usage { prompt_tokens: 7, cached_tokens: 0, completion_tokens: tokens_max };
        assert_eq!(got.usage, usage);
    }
}

/// The last piece of an answer that gives no more text.
fn last(stop: Stop) -> Piece {
    Piece { stop: Some(stop), ..Piece::default() }
}

#[test]
fn nothing_was_asked_for() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any();
    let mut generation = tiny.start(&runner, &request(tokens(7, 1), 0));
    assert_eq!(generation.stop(), None, "its last piece is still to come");
    assert_eq!(runner.step(&mut [&mut generation]), [last(Stop::Length)]);
    assert_eq!(generation.stop(), Some(Stop::Length));
    assert_eq!(runner.step(&mut [&mut generation]), [Piece::default()]);
    assert_eq!(generation.usage().completion_tokens, 0);
    assert_eq!(generation.prompt_left(), 7, "nothing was computed");
}

#[test]
fn cancelled_before_the_first_step() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any();
    let mut generation = tiny.start(&runner, &request(tokens(7, 1), 5));
    generation.cancel();
    generation.cancel();
    assert_eq!(runner.step(&mut [&mut generation]), [last(Stop::Cancelled)]);
    generation.cancel();
    assert_eq!(runner.step(&mut [&mut generation]), [Piece::default()]);
    assert_eq!(generation.stop(), Some(Stop::Cancelled));
}

#[test]
fn a_cancelled_answer_gives_out_what_it_held_back() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any();
    // An answer without broken bytes: no stop string is looked for in the mark that stands for them.
    let whole = |text: &str| !text.is_empty() && !text.contains('\u{FFFD}');
    let answers = (0..).map(|seed| (seed, tiny.answer(&mut runner, &request(tokens(5, seed), 6))));
    let (seed, free) = answers.take(1000).find(|(_, answer)| whole(&answer.text)).unwrap();
    // All of it might be the beginning of this.
    let stop_strings = vec![format!("{}and never more", free.text)];
    let mut held = tiny.start(&runner, &Request { stop_strings, ..request(tokens(5, seed), 20) });
    while held.output().len() < 6 {
        let pieces = runner.step(&mut [&mut held]);
        assert!(pieces[0].text.is_empty());
    }
    held.cancel();
    let piece = Piece { text: free.text, ..last(Stop::Cancelled) };
    assert_eq!(runner.step(&mut [&mut held]), [piece]);
}

#[test]
fn the_context_ends() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any();
    let context = runner.engine().context_max();
    for (prompt, room) in [(context - 1, 1), (context - 4, 4)] {
        let got = tiny.answer(&mut runner, &request(tokens(prompt, 3), 100));
        assert_eq!((got.tokens.len(), got.stop), (room, Some(Stop::Length)));
    }
}

#[test]
fn a_stop_string_ends_before_itself() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any();
    let free = tiny.answer(&mut runner, &request(tokens(5, 2), 40));
    let characters: Vec<char> = free.text.chars().collect();
    for (from, length) in [(0, 1), (5, 1), (6, 2), (10, 3)] {
        // A mark for broken bytes is no text in which a stop string could be found.
        let whole = |at: &usize| !characters[*at..*at + length].contains(&'\u{FFFD}');
        let from = (from..characters.len() - length).find(whole).unwrap();
        let stop: String = characters[from..from + length].iter().collect();
        let stop_strings = vec!["never in the text".to_owned(), stop.clone()];
        let request = Request { stop_strings, ..request(tokens(5, 2), 40) };
        let got = tiny.answer(&mut runner, &request);
        assert_eq!(got.stop, Some(Stop::String(1)));
        let end = free.text.find(&stop).unwrap();
        assert_eq!(got.text, free.text[..end]);
        assert_eq!(got.tokens, free.tokens[..got.tokens.len()]);
        assert_eq!(got.usage.completion_tokens, got.tokens.len());
        assert!(got.tokens.len() < free.tokens.len());
    }
}

#[test]
fn the_beginning_of_a_stop_string_is_given_out_at_the_end() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any();
    let free = tiny.answer(&mut runner, &request(tokens(5, 2), 20));
    let tail: String = free.text.chars().skip(free.text.chars().count() - 3).collect();
    let stop_strings = vec![format!("{tail}\u{0}and more")];
    let request = Request { stop_strings, ..request(tokens(5, 2), 20) };
    let got = tiny.answer(&mut runner, &request);
    assert_eq!((got.stop, got.text), (Some(Stop::Length), free.text));
}

/// Always draws this token.
fn always(token: u32) -> Parameters {
    let mut settings = Settings::default();
    settings.push_bias(token, "100").unwrap();
    Parameters::new(settings).unwrap()
}

#[test]
fn a_stop_token_ends_without_text() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any();
    let base = Request { parameters: always(END), ..request(tokens(5, 2), 4) };
    let got = tiny.answer(&mut runner, &Request { stop_tokens: vec![END], ..base.clone() });
    assert_eq!((got.stop, got.text.as_str()), (Some(Stop::Token(END)), ""));
    assert_eq!((got.tokens.as_slice(), got.usage.completion_tokens), ([END].as_slice(), 1));
    let on = tiny.answer(&mut runner, &base);
    assert_eq!((on.stop, on.tokens), (Some(Stop::Length), vec![END; 4]));
}

#[test]
fn cancelling_ends_one_and_not_the_others() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any();
    let (one, other) = (request(tokens(5, 2), 20), request(tokens(9, 3), 20));
    let want = tiny.answer(&mut runner, &other);
    let free = tiny.answer(&mut runner, &one);
    let mut first = tiny.start(&runner, &one);
    let mut second = tiny.start(&runner, &other);
    for _ in 0..3 {
        runner.step(&mut [&mut first, &mut second]);
    }
    first.cancel();
    let pieces = runner.step(&mut [&mut first, &mut second]);
    assert_eq!(pieces[0], last(Stop::Cancelled));
    assert!(pieces[1].token.is_some());
    finish(&mut runner, &mut [&mut first, &mut second]);
    assert_eq!((first.stop(), first.output()), (Some(Stop::Cancelled), &free.tokens[..3]));
    assert_eq!((second.output(), second.logits_digest()), (&want.tokens[..], want.digest));
    second.cancel();
    assert_eq!(second.stop(), Some(Stop::Length));
    let (sequence, known) = first.into_prefix();
    assert_eq!((sequence.length(), known.len()), (7, 7));
}

#[test]
fn a_fault_is_the_interpreters_and_ends_one_answer() {
    let bad = 200;
    let tiny = faulty(bad);
    let mut prompt = tokens(12, 5);
    prompt.retain(|token| *token != bad);
    let good = request(prompt.clone(), 3);
    prompt.insert(7, bad);
    let weights = reference::Weights::load(&tiny.model.program, &[&tiny.bytes]).unwrap();
    let run = run_reference(&weights, &prompt, false);
    let Err(RunError::Fault(fault)) = run else { panic!("no fault: {run:?}") };
    assert_eq!(fault.position, 7);
    for set in sets() {
        for chunk in [1, 5, 64] {
            let mut runner = tiny.runner(set, 2, chunk);
            let want = tiny.answer(&mut runner, &good);
            let mut first = tiny.start(&runner, &request(prompt.clone(), 3));
            let mut second = tiny.start(&runner, &good);
            let got = finish(&mut runner, &mut [&mut first, &mut second]);
            assert_eq!(got[0].stop, Some(Stop::Fault(fault)), "{} {chunk}", set.name());
            assert!(got[0].tokens.is_empty());
            assert_eq!(got[1], want, "{} {chunk}", set.name());
            let (sequence, known) = first.into_prefix();
            assert_eq!((sequence.length(), known), (7, prompt[..7].to_vec()));
        }
    }
}
