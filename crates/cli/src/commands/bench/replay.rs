//! `probity bench --replay`: what checking an answer costs beside generating it, and beside one pass over
//! as many tokens.
//!
//! Answers are drawn as people draw them (temperature 0.8, top-p 0.9) from made-up prompts, one alone for
//! its time, the others together: once each to a prompt of its own, once all to the same. Every replay must find its answer as it was delivered.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use canon::sample::{Parameter, Parameters, SAMPLING_VERSION, Settings};
use llm::{Claim, Generation, Replay, Request};
use receipt::{
    AuditConsent, Job, JobFields, NonceChooser, PublicKey, Rendered, Stop, StopRule, Terms,
    WorkKind,
};
use serde::Serialize;

use super::{engine_line, made_up, measure, show};
use crate::clock::{Figure, Stopwatch};
use crate::loading::Loaded;
use crate::output::{counted, line};

#[derive(Serialize)]
struct Report {
    kernels: &'static str,
    threads: usize,
    prompt_tokens: usize,
    answer_tokens: usize,
    /// One pass over prompt and answer, the last position's logits alone.
    prefill_cpu_s: Figure,
    generate_cpu_s: Figure,
    replay_cpu_s: Figure,
    replay_of_generate: Figure,
    replay_speed_of_prefill: Figure,
    answers: usize,
    /// Of all answers together, for each.
    batch_replay_cpu_s: Figure,
    batch_replay_of_generate: Figure,
    /// The same of as many answers to one prompt.
    same_prompt_replay_cpu_s: Figure,
    same_prompt_replay_of_generate: Figure,
}

/// Measures with prompts and answers of so many tokens.
pub(super) fn run(
    loaded: &mut Loaded,
    prompt: usize,
    answer: usize,
    answers: usize,
    json: bool,
) -> Result<ExitCode> {
    let alone = [job(loaded, prompt, answer, 0)?];
    let (first, generating) = generate(loaded, &alone)?;
    let replaying = replay(loaded, &alone, &first)?;
    let vocabulary = loaded.model.program.program().vocabulary;
    let (mut own, mut same) = (Vec::new(), Vec::new());
    for which in 0..answers {
        let tokens = made_up(vocabulary, prompt + which).split_off(which);
        own.push(job_after(loaded, tokens, answer, which)?);
        same.push(job(loaded, prompt, answer, which)?);
    }
    let prefilling = measure(loaded, prompt + answer, 1)?.0.processor;
    let mut together = |jobs: &[Job]| {
        let (outputs, _) = generate(loaded, jobs)?;
        Ok::<_, anyhow::Error>(replay(loaded, jobs, &outputs)? / u32::try_from(answers)?)
    };
    let (each, each_of_same) = (together(&own)?, together(&same)?);
    let engine = loaded.runner.engine();
    let report = Report {
        kernels: engine.kernels().set().name(),
        threads: engine.threads(),
        prompt_tokens: prompt,
        answer_tokens: answer,
        prefill_cpu_s: Figure::seconds(prefilling),
        generate_cpu_s: Figure::seconds(generating),
        replay_cpu_s: Figure::seconds(replaying),
        replay_of_generate: Figure::ratio(replaying, generating),
        replay_speed_of_prefill: Figure::ratio(prefilling, replaying),
        answers,
        batch_replay_cpu_s: Figure::seconds(each),
        batch_replay_of_generate: Figure::ratio(each, generating),
        same_prompt_replay_cpu_s: Figure::seconds(each_of_same),
        same_prompt_replay_of_generate: Figure::ratio(each_of_same, generating),
    };
    show(&report, json, print)
}

fn print(report: &Report) -> Result<()> {
    engine_line(report.kernels, report.threads)?;
    let (prompt, answer) = (report.prompt_tokens, report.answer_tokens);
    line(format_args!("generate  {answer} tokens after {prompt}: {} s", report.generate_cpu_s))?;
    line(format_args!(
        "replay    {} s: {} of generating; {} of the speed of a prefill of as many tokens",
        report.replay_cpu_s, report.replay_of_generate, report.replay_speed_of_prefill
    ))?;
    let answers = counted(report.answers, "answer", "answers");
    for (what, each, ratio) in [
        ("replayed at once", report.batch_replay_cpu_s, report.batch_replay_of_generate),
        ("to one prompt", report.same_prompt_replay_cpu_s, report.same_prompt_replay_of_generate),
    ] {
        line(format_args!("together  {answers} {what}: {each} s each, {ratio} of generating"))?;
    }
    Ok(())
}

pub(super) fn job(loaded: &Loaded, prompt: usize, answer: usize, which: usize) -> Result<Job> {
    let vocabulary = loaded.model.program.program().vocabulary;
    job_after(loaded, made_up(vocabulary, prompt), answer, which)
}

fn job_after(loaded: &Loaded, prompt: Vec<u32>, answer: usize, which: usize) -> Result<Job> {
    let program = loaded.model.program.program();
    let mut settings = Settings::default();
    settings.set(Parameter::Temperature, "0.8")?;
    settings.set(Parameter::TopP, "0.9")?;
    let mut nonce = [0; 32];
    nonce[..8].copy_from_slice(&u64::try_from(which)?.to_le_bytes());
    Ok(Job::new(JobFields {
        terms: Terms {
            kind: WorkKind::Generate,
            model: loaded.id.0,
            arithmetic: program.arithmetic_version,
            sampling: SAMPLING_VERSION,
            nonce_by: NonceChooser::Client,
            beacon_height: 0,
            requester: PublicKey::NONE,
            consent: AuditConsent::Own,
        },
        nonce,
        prompt,
        parameters: Parameters::new(settings)?,
        choices: 1,
        // No stop token: every answer is as long as the others.
        stop: StopRule {
            tokens_max: u32::try_from(answer)?,
            tokens: Vec::new(),
            strings: Vec::new(),
        },
        rendered: Rendered::Nobody,
    })?)
}

/// The answers, drawn together, and the time they took.
pub(super) fn generate(loaded: &mut Loaded, jobs: &[Job]) -> Result<(Vec<Vec<u32>>, Duration)> {
    let mut answers = Vec::new();
    for job in jobs {
        let request = Request::of(job, 0);
        answers.push(Generation::new(&loaded.model, loaded.runner.engine(), request, None)?);
    }
    let watch = Stopwatch::start();
    while answers.iter().any(|answer| answer.stop().is_none()) {
        loaded.runner.step(&mut answers.iter_mut().collect::<Vec<_>>());
    }
    let spent = watch.read().processor;
    Ok((answers.iter().map(|answer| answer.output().to_vec()).collect(), spent))
}

/// The time to replay these answers together.
pub(super) fn replay(loaded: &mut Loaded, jobs: &[Job], outputs: &[Vec<u32>]) -> Result<Duration> {
    let engine = loaded.runner.engine();
    let mut replays: Vec<Replay> = jobs
        .iter()
        .zip(outputs)
        .map(|(job, tokens)| {
            let claim = Claim { choice: 0, tokens: tokens.clone(), stop: Stop::Length };
            Replay::new(&loaded.model, engine, job, &[claim])
        })
        .collect();
    let watch = Stopwatch::start();
    while replays.iter().any(|replay| replay.outcome().is_none()) {
        loaded.runner.replay(&mut replays.iter_mut().collect::<Vec<_>>());
    }
    let spent = watch.read().processor;
    match replays.iter().find(|replay| replay.outcome() != Some(&verify::Replay::Same)) {
        Some(replay) => bail!("an honest answer was not found again: {:?}", replay.outcome()),
        None => Ok(spent),
    }
}
