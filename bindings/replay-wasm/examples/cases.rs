//! Makes a tiny model, an honest receipt of it and a false one, and what is said of them here: `cases FOLDER`.
//!
//! For `cargo xtask bindings`, which has node say the same. Seeds and keys are fixed.
#![allow(clippy::unwrap_used, reason = "a tool of the tests fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use canon::sample::{Parameter, Parameters, Settings};
use commit::{Blind, Network, Salts};
use import::gguf::tiny::TinyModel;
use llm::{Generation, Request};
use probity_replay_wasm::{published, replay, runner};
use receipt::{
    AuditConsent, Choice, Envelope, Job, JobFields, NonceChooser, Opening, Output, Receipt,
    ReceiptFile, Rendered, SecretKey, Stop, StopRule, Terms, Transcript, Usage, WorkKind,
};

const NETWORK: Network = Network::OFFLINE;
const SALTS: Salts = Salts { network: NETWORK, blind: Blind([4; 32]) };
const PROMPT: u32 = 30;
const TOKENS: u32 = 70;

fn main() {
    let folder: PathBuf = std::env::args().nth(1).expect("the folder is named").into();
    let tiny = |seed| {
        let shape = TinyModel::new(seed);
        TinyModel { width: 64, heads: 2, kv_heads: 1, context: 160, ..shape }.write()
    };
    let (model, other) = (tiny(11), tiny(12));
    let (id, publication) = published(&model).unwrap();
    let job = job(id);

    let published = Arc::new(publication.model);
    let mut runner = runner(&published, &model).unwrap();
    let request = Request::of(&job, 0);
    let mut generation = Generation::new(&published, runner.engine(), request, None).unwrap();
    while generation.stop().is_none() {
        runner.step(&mut [&mut generation]);
    }
    let tokens = generation.output().to_vec();
    assert_eq!(generation.stop().unwrap().claim(), Stop::Length);
    let mut altered = tokens.clone();
    altered[50] = if altered[50] == 9 { 10 } else { 9 };

    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    let (honest, forged) = (file(&job, &tokens), file(&job, &altered));
    for (name, receipt, model) in
        [("honest", &honest, &model), ("forged", &forged, &model), ("other", &honest, &other)]
    {
        let report = replay(receipt.as_bytes(), model, None).unwrap();
        write(&format!("{name}.receipt.json"), receipt.as_bytes());
        write(&format!("{name}.gguf"), model);
        write(&format!("{name}.report.json"), report.as_bytes());
    }
}

fn job(model: [u8; 32]) -> Job {
    let mut settings = Settings::default();
    settings.set(Parameter::Temperature, "1.2").unwrap();
    settings.set(Parameter::TopP, "0.98").unwrap();
    let fields = JobFields {
        terms: Terms {
            kind: WorkKind::Generate,
            model,
            arithmetic: 1,
            sampling: 1,
            nonce_by: NonceChooser::Client,
            beacon_height: 0,
            requester: SecretKey::from_seed([5; 32]).public(),
            consent: AuditConsent::Own,
        },
        nonce: [1; 32],
        prompt: (0..PROMPT).map(|n| 3 + n * 37 % 256).collect(),
        parameters: Parameters::new(settings).unwrap(),
        choices: 1,
        stop: StopRule { tokens_max: TOKENS, tokens: Vec::new(), strings: Vec::new() },
        rendered: Rendered::Nobody,
    };
    Job::new(fields).unwrap()
}

/// What a worker signs who says that these tokens came.
fn file(job: &Job, tokens: &[u32]) -> String {
    let worker = SecretKey::from_seed([6; 32]);
    let (id, terms) = (job.commitment(&SALTS), &job.fields().terms);
    let mut transcript = Transcript::new(SALTS, id, 0, worker.clone());
    for token in tokens {
        transcript.push(*token);
        if transcript.is_due() {
            transcript.sign();
        }
    }
    let choice = Choice { index: 0, segments: vec![transcript.sign()], stop: Stop::Length };
    let receipt = Receipt {
        kind: terms.kind,
        job: id,
        model: terms.model,
        arithmetic: terms.arithmetic,
        sampling: terms.sampling,
        consent: terms.consent.number(),
        anchor_by: 0,
        usage: Usage { prompt: PROMPT, output: choice.count() },
        choices: vec![choice],
        worker: worker.public(),
    };
    let outputs = vec![Output { choice: 0, tokens: tokens.to_vec() }];
    let opening = Opening { blind: SALTS.blind, job: job.clone(), outputs };
    let envelope = Envelope::seal(&receipt, &worker, NETWORK).unwrap();
    ReceiptFile::new(envelope, Some(opening), None, NETWORK).unwrap().to_json()
}
