//! Workers that cheat, really: each makes and signs a whole receipt, and each kind of evidence is asked about it.
//!
//! `table.txt` says what each evidence finds; a test keeps it true, so whoever wants to show it prints the file. The
//! cheats are no part of the product, and nothing of the product knows them.

mod endings;
mod models;
mod tokens;
mod words;

use llm::{Claim, Replay};
use receipt::{Job, JobFields, Opening, Receipt};
use verify::{Kind, Refutation, Verdict, examine, opened};

use crate::desk::{NETWORK, fields, job, judge, receipt};
use crate::fixture::Tiny;

/// The table, as it was found last.
const TABLE: &str = include_str!("table.txt");

/// A receipt with its opening, and the model it is about as it was published.
pub(super) struct Delivered {
    pub(super) published: Tiny,
    pub(super) receipt: Receipt,
    pub(super) opening: Opening,
}

/// Whoever makes one.
type Worker = fn() -> Delivered;

/// Everybody; the first is honest.
const WORKERS: [(&str, Worker); 26] = [
    ("is honest", words::is_honest),
    ("swaps one token and goes on from it", tokens::swaps_one_token),
    ("takes the likeliest token where one is to be drawn", tokens::greedy_for_drawn),
    ("draws with another seed", tokens::another_seed),
    ("leaves out the penalties", tokens::leaves_out_penalties),
    ("lets a small model guess and keeps the guesses", tokens::keeps_a_small_models_guesses),
    ("gives the other choice's answer", tokens::the_other_choices_answer),
    ("has one byte of the weights changed", models::one_byte_changed),
    ("computes with fewer bits", models::fewer_bits),
    ("skips a layer", models::skips_a_layer),
    ("reads another tenant's cache", models::another_tenants_cache),
    ("stops early and says length", endings::early_as_length),
    ("stops early and says stop_token", endings::early_as_stop_token),
    ("goes on after a stop token", endings::on_after_a_stop_token),
    ("goes on after a stop string", endings::on_after_a_stop_string),
    ("goes on beyond the greatest length", endings::on_beyond_the_length),
    ("names another stop string", endings::another_stop_string),
    ("cuts the end off and says it is whole", endings::cuts_the_end_off),
    ("says there was a fault", endings::false_fault),
    ("goes on where there was a fault", endings::on_after_a_fault),
    ("ends before a fault and says length", endings::fault_as_length),
    ("bills more tokens of the prompt", words::inflated_usage),
    ("puts a system prompt before the messages", words::injected_system_prompt),
    ("names another version of the arithmetic", words::another_version),
    ("cuts the end off and says unfinished", words::cut_off_as_unfinished),
    ("tries nonces until it likes the answer", words::tries_nonces),
];

/// What each kind of evidence finds.
struct Found {
    signature: Verdict,
    opening: Result<(), Refutation>,
    replay: Verdict,
}

fn found(delivered: &Delivered) -> Found {
    let Delivered { published, receipt, opening } = delivered;
    assert_eq!(Receipt::decode(&receipt.encode()).as_ref(), Ok(receipt), "it can be sent");
    assert!(receipt.heads_hold(NETWORK), "every cheat signs");
    let not_tried = verify::Replay::NotTried;
    let signature = examine(receipt, None, NETWORK, &[Kind::Signature], &not_tried).verdict;
    let mut runner = published.any();
    let claims = Claim::all(receipt, opening);
    let mut replay = Replay::new(&published.model, runner.engine(), &opening.job, &claims);
    let outcome = judge(&mut runner, &mut [&mut replay]).remove(0);
    let replay = examine(receipt, Some(opening), NETWORK, &[Kind::Replay], &outcome).verdict;
    Found { signature, opening: opened(receipt, opening, NETWORK), replay }
}

/// What replay finds.
#[track_caller]
pub(super) fn refuted(worker: Worker) -> Refutation {
    let verdict = found(&worker()).replay;
    let Verdict::Refuted(refutation) = verdict else { panic!("{verdict:?}") };
    refutation
}

/// A job of the published model, and what comes of it where nobody cheats.
pub(super) fn asked(change: impl Fn(&mut JobFields)) -> Job {
    let mut asked = fields(crate::fixture::tokens(30, 1), 40);
    change(&mut asked);
    job(&asked)
}

pub(super) fn published() -> Tiny {
    Tiny::new(import::gguf::tiny::Family::Llama)
}

pub(super) fn deliver(published: Tiny, job: &Job, claims: &[Claim]) -> Delivered {
    let (receipt, opening) = receipt(job, claims);
    Delivered { published, receipt, opening }
}

fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Verified => "holds".into(),
        Verdict::Refuted(refutation) => kind(refutation).into(),
        Verdict::CannotJudge(_) => "can't be judged".into(),
    }
}

fn kind(refutation: &Refutation) -> &'static str {
    match refutation {
        Refutation::Opening { .. } => "refuted: opening",
        Refutation::Job { .. } => "refuted: job",
        Refutation::Usage { .. } => "refuted: usage",
        Refutation::Rendering => "refuted: rendering",
        Refutation::Cancellation { .. } => "refuted: cancellation",
        Refutation::Model { .. } => "refuted: model",
        Refutation::Version { .. } => "refuted: version",
        Refutation::Prompt { .. } => "refuted: prompt",
        Refutation::Messages(_) => "refuted: messages",
        Refutation::Request(_) => "refuted: request",
        Refutation::Token { .. } => "refuted: token",
        Refutation::Stop { .. } => "refuted: end",
    }
}

#[test]
fn the_table_says_what_is_found() {
    let line = |cheat: &str, signature: &str, opening: &str, replay: &str| {
        format!("{cheat:<52}{signature:<11}{opening:<17}{replay}\n")
    };
    let mut table = line("a worker that ...", "signature", "with opening", "with replay");
    for (name, worker) in WORKERS {
        let found = found(&worker());
        let opening = found.opening.as_ref().map_or_else(kind, |()| "holds");
        table += &line(name, &word(&found.signature), opening, &word(&found.replay));
    }
    assert_eq!(table, TABLE, "if this is meant, let table.txt say\n{table}");
}
