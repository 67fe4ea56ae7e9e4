//! Workers that cheat, really: each makes a whole receipt file, and each kind of evidence is asked about it.
//!
//! `table.txt` says what each evidence finds; a test keeps it true, so whoever wants to show it prints the file. The
//! first three columns are what `probity verify` says of the file's bytes: without the opening, with it, and with the
//! answer replayed. The last is for whoever asked, who knows the worker and the job and has the heads that came before
//! the file; no command looks at job and heads yet, the library does. The cheats are no part of the product, and
//! nothing of the product knows them.

mod endings;
mod envelopes;
mod floats;
mod models;
mod streams;
mod tokens;
mod vectors;
mod words;

use llm::{Claim, Replay, Request};
use receipt::{
    Envelope, Job, JobFields, Malformed, Opening, Receipt, ReceiptFile, Refusal, Refuted,
};
use serde_json::Value;
use verify::{Kind, Refutation, Verdict, examine};

use crate::desk::{Chunk, NETWORK, answer, fields, job, judge, receipt, stream, worker};
use crate::fixture::Tiny;

/// The table, as it was found last.
const TABLE: &str = include_str!("table.txt");

/// What came of a job.
pub(super) struct Delivered {
    /// The model as it was published.
    pub(super) published: Tiny,
    /// What was asked.
    pub(super) asked: Job,
    /// The first choice as it came.
    pub(super) stream: Vec<Chunk>,
    /// The bytes of the receipt file.
    pub(super) file: Vec<u8>,
}

/// Whoever makes one.
type Worker = fn() -> Delivered;

/// Everybody; the first is honest.
const WORKERS: [(&str, Worker); 66] = [
    ("is honest", words::is_honest),
    ("swaps one token and goes on from it", tokens::swaps_one_token),
    ("takes the likeliest token where one is to be drawn", tokens::greedy_for_drawn),
    ("draws at another temperature", tokens::another_temperature),
    ("draws with another top-p", tokens::another_top_p),
    ("draws with another seed", tokens::another_seed),
    ("leaves out the penalties", tokens::leaves_out_penalties),
    ("lets a small model guess and keeps the guesses", tokens::keeps_a_small_models_guesses),
    ("lets a small model write, and only reads it", tokens::a_small_model_writes),
    ("gives the other choice's answer", tokens::the_other_choices_answer),
    ("computes on half of the prompt", tokens::half_the_prompt),
    ("leaves a chunk of the answer out", tokens::leaves_a_chunk_out),
    ("puts chunks of the answer in another order", tokens::chunks_in_another_order),
    ("has one bit of the weights changed", models::one_bit_changed),
    ("runs another quantisation of the same weights", models::another_quantisation),
    ("runs another model", models::another_model),
    ("computes with fewer bits", models::fewer_bits),
    ("computes attention in floats", floats::float_attention),
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
    ("bills more tokens of the output", envelopes::inflated_output),
    ("puts a system prompt before the messages", words::injected_system_prompt),
    ("leaves the first message out of the prompt", words::truncated_messages),
    ("renders with another template", words::another_template),
    ("reads the text with another tokenizer", words::another_tokenizer),
    ("names another version of the arithmetic", words::another_version),
    ("edits the receipt after it was signed", envelopes::edits_the_receipt),
    ("shows another view than what was signed", envelopes::another_view),
    ("shows another token than what was signed", envelopes::another_opening),
    ("hands out the receipt of another job for this one", envelopes::receipt_of_another_job),
    ("answers another job than the one asked", envelopes::answers_another_job),
    ("signs the receipt for another network", envelopes::another_network),
    ("signs the heads for another network", envelopes::heads_of_another_network),
    ("signs under another's keyid", envelopes::anothers_keyid),
    ("forges another's signature", envelopes::forges_a_signature),
    ("signs with a key that anybody has", envelopes::key_of_small_order),
    ("puts another's name under the first half", envelopes::anothers_half),
    ("has somebody else sign it", envelopes::anothers_receipt),
    ("drops a chunk of the stream", streams::drops_a_chunk),
    ("sends chunks of the stream in another order", streams::reorders_chunks),
    ("sends other tokens than its heads are of", streams::other_tokens),
    ("shows an auditor another answer than the asker got", streams::two_answers),
    ("shows the asker the answer, an auditor another one", streams::two_answers_the_other_way),
    ("cuts the end off and says unfinished", words::cut_off_as_unfinished),
    ("tries nonces until it likes the answer", words::tries_nonces),
    ("is honest, and its file was written anew", envelopes::written_anew),
    ("is honest about a vector", vectors::is_honest),
    ("has one number of the vector off by one", vectors::off_by_one),
    ("cuts the vector short and leaves its length", vectors::cut_short),
    ("brings what is left to another length", vectors::of_another_length),
    ("gives another prompt's vector", vectors::another_prompts),
    ("gives the vector of the token before the last", vectors::of_the_token_before),
    ("gives another model's vector", vectors::another_models),
    ("gives half of the vector", vectors::half_of_it),
    ("gives tokens where a vector was asked for", vectors::tokens_instead),
];

/// Why something is not taken.
#[derive(Debug)]
pub(super) enum Wrong {
    /// The file.
    File(Refusal),
    /// What is in it.
    Receipt(Refutation),
    /// What came before it.
    Stream(&'static str),
}

/// What each kind of evidence finds.
struct Found {
    signature: Result<(), Wrong>,
    opening: Result<(), Wrong>,
    replay: Result<(), Wrong>,
    asker: Result<(), Wrong>,
}

fn found(delivered: &Delivered) -> Found {
    let file = || read(&delivered.file);
    let not_tried =
        |file: &ReceiptFile| judged(file, &[Kind::Signature], &verify::Replay::NotTried);
    Found {
        signature: read(&without_opening(&delivered.file)).and_then(|file| not_tried(&file)),
        opening: file().and_then(|file| not_tried(&file)),
        replay: file().and_then(|file| replayed(&delivered.published, &file)),
        asker: file().and_then(|file| {
            not_tried(&file)?;
            by_whom_asked(&file)?;
            streams::check(&delivered.asked, &delivered.stream, &file).map_err(Wrong::Stream)
        }),
    }
}

fn read(bytes: &[u8]) -> Result<ReceiptFile, Wrong> {
    ReceiptFile::parse(bytes, NETWORK).map_err(Wrong::File)
}

/// The same file, less what shows prompt and answer.
fn without_opening(bytes: &[u8]) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(bytes).unwrap();
    let members = json.as_object_mut().unwrap();
    members.retain(|name, _| name != "opening" && name != "view");
    json.to_string().into_bytes()
}

fn replayed(published: &Tiny, file: &ReceiptFile) -> Result<(), Wrong> {
    let opening = file.opening().unwrap();
    let mut runner = published.any();
    let claims = Claim::all(file.receipt(), opening);
    let mut replay = Replay::new(&published.model, runner.engine(), &opening.job, &claims);
    let outcome = judge(&mut runner, &mut [&mut replay]).remove(0);
    judged(file, &[Kind::Signature, Kind::Replay], &outcome)
}

/// Whoever asked knows whom.
fn by_whom_asked(file: &ReceiptFile) -> Result<(), Wrong> {
    let (receipt, opening) = (file.receipt(), file.opening());
    let report = examine(receipt, opening, NETWORK, &[Kind::Signature], &verify::Replay::NotTried);
    of_verdict(report.signed_by(receipt, worker().public()).verdict)
}

fn judged(file: &ReceiptFile, required: &[Kind], replay: &verify::Replay) -> Result<(), Wrong> {
    of_verdict(examine(file.receipt(), file.opening(), NETWORK, required, replay).verdict)
}

/// A cheat that can't be judged would pass unseen, so no worker here is one.
fn of_verdict(verdict: Verdict) -> Result<(), Wrong> {
    match verdict {
        Verdict::Verified => Ok(()),
        Verdict::Refuted(refutation) => Err(Wrong::Receipt(refutation)),
        Verdict::CannotJudge(missing) => panic!("{missing}"),
    }
}

/// What replay finds.
#[track_caller]
pub(super) fn refuted(worker: Worker) -> Refutation {
    let found = found(&worker()).replay;
    let Err(Wrong::Receipt(refutation)) = found else { panic!("{found:?}") };
    refutation
}

/// A job of the published model, and what comes of it where nobody cheats.
pub(super) fn asked(change: impl Fn(&mut JobFields)) -> Job {
    let mut asked = fields(crate::fixture::tokens(30, 1), 40);
    change(&mut asked);
    job(&asked)
}

/// All that a model says, whatever the job's stops are.
pub(super) fn free(tiny: &Tiny, job: &Job, tokens_max: usize) -> Vec<u32> {
    let request = Request {
        stop_tokens: Vec::new(),
        stop_strings: Vec::new(),
        tokens_max,
        ..Request::of(job, 0)
    };
    answer(tiny, &request).tokens
}

pub(super) fn published() -> Tiny {
    Tiny::new(import::gguf::tiny::Family::Llama)
}

pub(super) fn deliver(published: Tiny, job: &Job, claims: &[Claim]) -> Delivered {
    let (receipt, opening) = receipt(job, claims);
    let (stream, file) = (stream(job, &claims[0]), file(&receipt, opening));
    Delivered { published, asked: job.clone(), stream, file }
}

/// The file of what a worker signs and shows.
pub(super) fn file(receipt: &Receipt, opening: Opening) -> Vec<u8> {
    let envelope = Envelope::seal(receipt, &worker(), NETWORK).unwrap();
    ReceiptFile::new(envelope, Some(opening), None, NETWORK).unwrap().to_json().into_bytes()
}

fn word(found: &Result<(), Wrong>) -> String {
    match found {
        Ok(()) => "holds".into(),
        Err(Wrong::File(Refusal::Malformed(Malformed::Network { .. }))) => {
            "another network's".into()
        }
        Err(Wrong::File(Refusal::Malformed(_))) => "malformed".into(),
        Err(Wrong::File(Refusal::Refuted(refuted))) => format!("refuted: {}", of_file(refuted)),
        Err(Wrong::Receipt(refutation)) => format!("refuted: {}", of_receipt(refutation)),
        Err(Wrong::Stream(what)) => format!("refuted: {what}"),
    }
}

fn of_file(refuted: &Refuted) -> &'static str {
    match refuted {
        Refuted::Signature { .. } => "signature",
        Refuted::Signer { .. } => "signer",
        Refuted::Head { .. } => "head",
        Refuted::Opening { .. } => "opening",
        Refuted::View { .. } => "view",
        Refuted::Checkpoint { .. } => "checkpoint",
        Refuted::Origin { .. } => "origin",
        Refuted::Leaf { .. } => "leaf",
        Refuted::Inclusion { .. } => "inclusion",
    }
}

fn of_receipt(refutation: &Refutation) -> &'static str {
    match refutation {
        Refutation::Opening { .. } => "opening",
        Refutation::Job { .. } => "job",
        Refutation::Usage { .. } => "usage",
        Refutation::Rendering => "rendering",
        Refutation::Cancellation { .. } => "cancellation",
        Refutation::Signer { .. } => "another key",
        Refutation::Version { .. } => "version",
        Refutation::Prompt { .. } => "prompt",
        Refutation::Messages(_) => "messages",
        Refutation::Request(_) => "request",
        Refutation::Token { .. } => "token",
        Refutation::Number { .. } => "number",
        Refutation::Stop { .. } => "end",
    }
}

#[test]
fn the_table_says_what_is_found() {
    let line = |cheat: &str, [signature, opening, replay, asker]: [&str; 4]| {
        format!("{cheat:<52}{signature:<20}{opening:<20}{replay:<20}{asker}\n")
    };
    let head = ["signature", "with opening", "with replay", "whoever asked"];
    let mut table = line("a worker that ...", head);
    for (name, worker) in WORKERS {
        let Found { signature, opening, replay, asker } = found(&worker());
        let words = [signature, opening, replay, asker].map(|found| word(&found));
        table += &line(name, words.each_ref().map(String::as_str));
    }
    assert_eq!(table, TABLE, "if this is meant, let table.txt say\n{table}");
}
