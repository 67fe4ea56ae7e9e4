//! Many answers share few rows: each goes on, and one that can't leaves the others alone.

use engine::FeedError;
use import::gguf::tiny::Family;
use llm::{Generation, Piece, Request, Stop};

use crate::fixture::{Answer, Tiny, finish, request, tokens};

/// How far an answer is.
fn fed(generation: &Generation) -> usize {
    generation.usage().prompt_tokens - generation.prompt_left() + generation.output().len()
}

#[test]
fn every_answer_advances_within_as_many_steps_as_there_are_answers() {
    let tiny = Tiny::new(Family::Llama);
    let lengths = [30, 1, 7, 64, 2, 9, 3];
    let requests: Vec<Request> =
        (1..).zip(lengths).map(|(seed, length)| request(tokens(length, seed), 4)).collect();
    let want: Vec<Answer> =
        requests.iter().map(|request| tiny.answer(&mut tiny.any(), request)).collect();
    for (rows, chunk) in [(1, 1), (2, 2), (3, 64), (5, 2), (64, 64)] {
        let mut runner = tiny.any_with(rows, chunk);
        let mut all: Vec<Generation> =
            requests.iter().map(|request| tiny.start(&runner, request)).collect();
        let mut still = vec![0; all.len()];
        while all.iter().any(|one| one.stop().is_none()) {
            let live = all.iter().filter(|one| one.stop().is_none()).count();
            let before: Vec<usize> = all.iter().map(fed).collect();
            runner.step(&mut all.iter_mut().collect::<Vec<_>>());
            for (index, one) in all.iter().enumerate() {
                let moved = fed(one) > before[index] || one.stop().is_some();
                still[index] = if moved { 0 } else { still[index] + 1 };
                assert!(
                    still[index] < lengths.len(),
                    "{index} waits, {rows} rows, chunks of {chunk}"
                );
                assert!(live > rows || still[index] == 0, "{index} could have had a row");
            }
        }
        for (one, want) in all.iter().zip(&want) {
            assert_eq!((one.output(), one.logits_digest()), (&want.tokens[..], want.digest));
        }
    }
}

#[test]
fn the_order_in_which_answers_are_given_starves_nobody() {
    let tiny = Tiny::new(Family::Llama);
    let mut runner = tiny.any_with(1, 1);
    let mut first = tiny.start(&runner, &request(tokens(1, 1), 100));
    let mut second = tiny.start(&runner, &request(tokens(1, 2), 100));
    for turn in 0..10 {
        // Whoever was fed comes first again.
        if turn % 2 == 0 {
            runner.step(&mut [&mut first, &mut second]);
        } else {
            runner.step(&mut [&mut second, &mut first]);
        }
    }
    assert_eq!((first.output().len(), second.output().len()), (5, 5));
}

#[test]
fn a_refused_answer_ends_alone() {
    let tiny = Tiny::new(Family::Llama);
    let (other, mut runner) = (tiny.any(), tiny.any());
    let good = [request(tokens(30, 1), 4), request(tokens(3, 2), 4)];
    let want: Vec<Answer> = good.iter().map(|one| tiny.answer(&mut runner, one)).collect();
    let mut first = tiny.start(&runner, &good[0]);
    let mut foreign = tiny.start(&other, &request(tokens(9, 3), 4));
    let mut second = tiny.start(&runner, &good[1]);
    let pieces = runner.step(&mut [&mut first, &mut foreign, &mut second]);
    let refused = Stop::Refused(FeedError::Foreign);
    assert_eq!(pieces[1], Piece { stop: Some(refused), ..Piece::default() });
    assert_eq!(pieces[2].token, want[1].tokens.first().copied(), "the others went on");
    finish(&mut runner, &mut [&mut first, &mut foreign, &mut second]);
    for (one, want) in [&first, &second].into_iter().zip(want) {
        assert_eq!((one.output(), one.logits_digest()), (&want.tokens[..], want.digest));
    }
    assert_eq!((foreign.stop(), foreign.output().len()), (Some(refused), 0));
}
