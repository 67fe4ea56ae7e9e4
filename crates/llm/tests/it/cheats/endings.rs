//! Workers whose answers end elsewhere, or for another reason, than they say.

use llm::Claim;
use receipt::{Job, JobFields, Stop};
use verify::{Ending, Refutation};

use super::{Delivered, asked, deliver, free, published, refuted};
use crate::desk::work;
use crate::fixture::{Tiny, faulty};

/// What replay finds, and after how many tokens.
#[track_caller]
fn ending(worker: fn() -> Delivered) -> (Ending, u32) {
    let refutation = refuted(worker);
    let Refutation::Stop { found, tokens, .. } = refutation else { panic!("{refutation:?}") };
    (found, tokens)
}

/// Delivers the first of the model's true tokens, and says why there are no more.
fn ends(change: impl Fn(&mut JobFields), tokens: usize, stop: Stop) -> Delivered {
    let (tiny, job) = (published(), asked(change));
    let mut delivered = free(&tiny, &job, tokens);
    delivered.truncate(tokens);
    deliver(tiny, &job, &[Claim { choice: 0, tokens: delivered, stop }])
}

pub(super) fn early_as_length() -> Delivered {
    ends(|_| {}, 17, Stop::Length)
}

pub(super) fn early_as_stop_token() -> Delivered {
    ends(|job| job.stop.tokens = vec![2], 17, Stop::Token)
}

#[test]
fn an_early_end_is_found() {
    assert_eq!(ending(early_as_length), (Ending::GoesOn, 17));
    assert_eq!(ending(early_as_stop_token), (Ending::GoesOn, 17));
}

/// A token of the true answer at which it could stop, where it stands first.
fn stop_token() -> (usize, u32) {
    let tokens = free(&published(), &asked(|_| {}), 40);
    let at = (9..).find(|at| !tokens[..*at].contains(&tokens[*at])).unwrap();
    (at, tokens[at])
}

pub(super) fn on_after_a_stop_token() -> Delivered {
    let (_, token) = stop_token();
    ends(|job| job.stop.tokens = vec![token], 40, Stop::Length)
}

/// Two letters that the true answer prints, and after how many tokens.
fn stop_string() -> (usize, String) {
    let tiny = published();
    let table = tiny.model.tokenizer.token_bytes();
    let mut printed = Vec::new();
    for (at, token) in free(&tiny, &asked(|_| {}), 40).iter().enumerate() {
        let piece = table.get(*token).unwrap();
        printed.extend(piece.bytes.iter().filter(|_| !piece.control));
        if let (9.., Some(two)) = (at, printed.last_chunk::<2>())
            && two.is_ascii()
            && !printed[..printed.len() - 1].windows(2).any(|before| before == two)
        {
            return (at + 1, String::from_utf8(two.to_vec()).unwrap());
        }
    }
    panic!("no such letters")
}

pub(super) fn on_after_a_stop_string() -> Delivered {
    let (_, string) = stop_string();
    ends(|job| job.stop.strings = vec![string.clone()], 40, Stop::Length)
}

pub(super) fn on_beyond_the_length() -> Delivered {
    ends(|_| {}, 44, Stop::Length)
}

#[test]
fn going_on_is_found_where_the_reason_held() {
    let at = |count: usize| u32::try_from(count).unwrap();
    assert_eq!(ending(on_after_a_stop_token), (Ending::Token, at(stop_token().0 + 1)));
    assert_eq!(ending(on_after_a_stop_string), (Ending::String { index: 0 }, at(stop_string().0)));
    assert_eq!(ending(on_beyond_the_length), (Ending::Length, 40));
}

pub(super) fn another_stop_string() -> Delivered {
    let (tokens, string) = stop_string();
    let strings = vec!["\u{0}never".into(), string];
    ends(|job| job.stop.strings = strings.clone(), tokens, Stop::String { index: 0 })
}

pub(super) fn cuts_the_end_off() -> Delivered {
    let (tokens, string) = stop_string();
    ends(|job| job.stop.strings = vec![string.clone()], tokens - 3, Stop::String { index: 0 })
}

#[test]
fn a_wrong_reason_is_found() {
    assert_eq!(ending(another_stop_string).0, Ending::String { index: 1 });
    assert_eq!(ending(cuts_the_end_off).0, Ending::GoesOn);
}

pub(super) fn false_fault() -> Delivered {
    ends(|_| {}, 17, Stop::Fault { position: 46, op: 3 })
}

/// A model that can't read one token of the answer to this job, and how many tokens come before it faults.
fn faulting() -> (Tiny, Job, usize) {
    let job = asked(|_| {});
    let tokens = free(&faulty(287), &job, 40);
    let prompt = &job.fields().prompt;
    let new = |at: &usize| !tokens[..*at].contains(&tokens[*at]) && !prompt.contains(&tokens[*at]);
    let at = (5..).find(new).unwrap();
    (faulty(tokens[at]), job, at + 1)
}

/// No cheat: there is a fault, and it says so.
pub(super) fn true_fault() -> Delivered {
    let (tiny, job, _) = faulting();
    let claims = work(&tiny, &job);
    assert!(matches!(claims[0].stop, Stop::Fault { .. }));
    deliver(tiny, &job, &claims)
}

/// Delivers the true tokens and then some of its own.
fn conceals(more: usize, stop: Stop) -> Delivered {
    let (tiny, job, before) = faulting();
    let mut claims = work(&tiny, &job);
    assert_eq!(claims[0].tokens.len(), before);
    claims[0].tokens.extend(std::iter::repeat_n(100, more));
    claims[0].stop = stop;
    deliver(tiny, &job, &claims)
}

pub(super) fn on_after_a_fault() -> Delivered {
    let (_, _, before) = faulting();
    conceals(40 - before, Stop::Length)
}

pub(super) fn fault_as_length() -> Delivered {
    conceals(0, Stop::Length)
}

#[test]
fn a_fault_is_found_and_a_false_one_is_not() {
    assert_eq!(ending(false_fault), (Ending::GoesOn, 17));
    let (_, _, before) = faulting();
    for worker in [on_after_a_fault, fault_as_length] {
        let (found, tokens) = ending(worker);
        assert!(matches!(found, Ending::Fault { .. }), "{found:?}");
        assert_eq!(tokens, u32::try_from(before).unwrap());
    }
}
