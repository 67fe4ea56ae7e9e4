//! Jobs, workers who answer them honestly, receipts, and whoever replays them.

use canon::sample::{Parameter, Parameters};
use commit::{Blind, Network, Salts};
use llm::{Claim, Generation, Replay, Request, Runner};
use receipt::{
    AuditConsent, Choice, Job, JobFields, NonceChooser, Opening, Output, PublicKey, Receipt,
    Rendered, SecretKey, SignedHead, StopRule, Terms, Transcript, Usage, WorkKind,
};

use crate::fixture::{Tiny, finish, parameters};

/// Passes that are more than any replay here takes.
const PASSES_MAX: usize = 4_000;
/// Tokens that are sent at once; two chunks are no more than one may be, so that their number gives no gap away.
pub(crate) const CHUNK_TOKENS: usize = 8;
pub(crate) const NETWORK: Network = Network::OFFLINE;

pub(crate) fn requester() -> SecretKey {
    SecretKey::from_seed([5; 32])
}

pub(crate) fn worker() -> SecretKey {
    SecretKey::from_seed([6; 32])
}

pub(crate) fn salts() -> Salts {
    Salts { network: NETWORK, blind: Blind([4; 32]) }
}

/// Drawn, not greedy.
pub(crate) fn drawn() -> Parameters {
    parameters(&[(Parameter::Temperature, "1.2"), (Parameter::TopP, "0.98")])
}

/// A job of one choice, whose tokens are the request.
pub(crate) fn fields(prompt: Vec<u32>, tokens_max: u32) -> JobFields {
    JobFields {
        terms: Terms {
            kind: WorkKind::Generate,
            model: [7; 32],
            arithmetic: 1,
            sampling: 1,
            nonce_by: NonceChooser::Client,
            beacon_height: 0,
            requester: requester().public(),
            consent: AuditConsent::Own,
        },
        nonce: [1; 32],
        prompt,
        parameters: drawn(),
        choices: 1,
        stop: StopRule { tokens_max, tokens: Vec::new(), strings: Vec::new() },
        rendered: Rendered::Nobody,
    }
}

pub(crate) fn job(fields: &JobFields) -> Job {
    Job::new(fields.clone()).unwrap()
}

/// What an honest worker with this model makes of a job.
pub(crate) fn work(tiny: &Tiny, job: &Job) -> Vec<Claim> {
    (0..job.fields().choices).map(|choice| answer(tiny, &Request::of(job, choice))).collect()
}

/// One choice of it.
pub(crate) fn answer(tiny: &Tiny, request: &Request) -> Claim {
    let mut runner = tiny.any();
    let generation = Generation::new(&tiny.model, runner.engine(), request.clone(), None);
    let mut generation = generation.unwrap();
    finish(&mut runner, &mut [&mut generation]);
    claim(&generation, request)
}

/// What is said of an answer that has ended.
pub(crate) fn claim(generation: &Generation, request: &Request) -> Claim {
    Claim {
        choice: request.choice,
        tokens: delivered(generation),
        stop: generation.stop().unwrap().claim(),
    }
}

/// The tokens, or the numbers of the vector as the transcript has them.
fn delivered(generation: &Generation) -> Vec<u32> {
    match generation.vector() {
        Some(vector) => vector.iter().map(|number| number.cast_unsigned()).collect(),
        None => generation.output().to_vec(),
    }
}

/// A job for so many numbers of the prompt's vector.
pub(crate) fn vector_fields(prompt: Vec<u32>, dimensions: u32) -> JobFields {
    let mut fields = fields(prompt, dimensions);
    fields.terms.kind = WorkKind::Embed;
    fields.parameters = parameters(&[(Parameter::Temperature, "0")]);
    fields
}

/// Tokens as they are sent, and the head over everything so far.
#[derive(Clone)]
pub(crate) struct Chunk {
    pub(crate) tokens: Vec<u32>,
    pub(crate) head: SignedHead,
}

/// What a worker sends of a choice while it comes.
pub(crate) fn stream(job: &Job, claim: &Claim) -> Vec<Chunk> {
    let id = job.commitment(&salts());
    let mut transcript = Transcript::new(salts(), id, claim.choice, worker());
    let mut chunk = |tokens: &[u32]| {
        tokens.iter().for_each(|token| transcript.push(*token));
        Chunk { tokens: tokens.to_vec(), head: transcript.sign() }
    };
    if claim.tokens.is_empty() {
        return vec![chunk(&[])];
    }
    claim.tokens.chunks(CHUNK_TOKENS).map(chunk).collect()
}

/// The receipt a worker signs, with its opening.
pub(crate) fn receipt(job: &Job, claims: &[Claim]) -> (Receipt, Opening) {
    let (id, terms) = (job.commitment(&salts()), &job.fields().terms);
    let choice = |claim: &Claim| {
        let last = stream(job, claim).last().unwrap().head;
        Choice { index: claim.choice, segments: vec![last], stop: claim.stop }
    };
    let count = |tokens: usize| u32::try_from(tokens).unwrap();
    let receipt = Receipt {
        kind: terms.kind,
        job: id,
        model: terms.model,
        arithmetic: terms.arithmetic,
        sampling: terms.sampling,
        consent: terms.consent.number(),
        anchor_by: 0,
        usage: Usage {
            prompt: count(job.fields().prompt.len()),
            output: claims.iter().map(|claim| count(claim.tokens.len())).sum(),
        },
        choices: claims.iter().map(choice).collect(),
        worker: worker().public(),
    };
    let output = |claim: &Claim| Output { choice: claim.choice, tokens: claim.tokens.clone() };
    let outputs = claims.iter().map(output).collect();
    let opening = Opening { blind: salts().blind, job: job.clone(), outputs };
    assert_ne!(worker().public(), PublicKey::NONE);
    (receipt, opening)
}

/// Passes until all are judged.
pub(crate) fn judge(runner: &mut Runner, replays: &mut [&mut Replay]) -> Vec<verify::Replay> {
    for _ in 0..PASSES_MAX {
        if replays.iter().all(|replay| replay.outcome().is_some()) {
            break;
        }
        let before: Vec<usize> = replays.iter().map(|replay| replay.progress().0).collect();
        runner.replay(replays);
        for (replay, before) in replays.iter().zip(before) {
            let (done, total) = replay.progress();
            assert!(before <= done && done <= total, "{before} {done} of {total}");
        }
    }
    replays.iter().map(|replay| replay.outcome().unwrap().clone()).collect()
}

/// One, alone.
pub(crate) fn replayed(
    tiny: &Tiny,
    runner: &mut Runner,
    job: &Job,
    claims: &[Claim],
) -> verify::Replay {
    let mut replay = Replay::new(&tiny.model, runner.engine(), job, claims);
    judge(runner, &mut [&mut replay]).remove(0)
}
