//! What `--json` prints.

use std::time::Duration;

use llm::Stop;
use serde::Serialize;

use super::answer::Answer;
use crate::arguments::RunOptions;
use crate::clock::Figure;
use crate::loading::Loaded;

#[derive(Serialize)]
pub(super) struct Report<'a> {
    model: ModelReport<'a>,
    tokens: &'a [u32],
    text: &'a str,
    stop: &'static str,
    /// Where the arithmetic ended the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<FaultReport>,
    seed: u64,
    usage: UsageReport,
    timings: Timings,
    logits_digest: Option<String>,
}

#[derive(Serialize)]
struct ModelReport<'a> {
    name: &'a str,
    /// The model id that receipts name.
    id: String,
    file_blake3: String,
    program: String,
    kernels: &'static str,
}

#[derive(Serialize)]
struct FaultReport {
    position: u32,
    op: u32,
}

#[derive(Serialize)]
struct UsageReport {
    prompt_tokens: usize,
    cached_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

#[derive(Serialize)]
struct Timings {
    /// From the start of the process until the prompt could be fed.
    load_ms: Figure,
    /// From then to the first token.
    first_token_ms: Figure,
    /// From then to the last.
    total_ms: Figure,
    prompt_tokens_per_s: Figure,
    completion_tokens_per_s: Figure,
}

pub(super) fn report<'a>(
    options: &'a RunOptions,
    loaded: &Loaded,
    answer: &'a Answer,
    load: Duration,
) -> Report<'a> {
    let usage = answer.usage;
    let fed = usage.prompt_tokens - usage.cached_tokens;
    let later = usage.completion_tokens.saturating_sub(1);
    let (stop, fault) = match answer.stop {
        Stop::Token(_) => ("stop_token", None),
        Stop::String(_) => ("stop_string", None),
        Stop::Length => ("length", None),
        Stop::Cancelled => ("cancelled", None),
        Stop::Grammar => ("grammar", None),
        Stop::Refused(_) => ("refused", None),
        Stop::Fault(fault) => {
            ("fault", Some(FaultReport { position: fault.position, op: fault.op.0 }))
        }
    };
    Report {
        model: ModelReport {
            name: &options.model.typed,
            id: loaded.id.to_string(),
            file_blake3: loaded.file.blake3.to_string(),
            program: loaded.model.program.digest().to_hex().to_string(),
            kernels: loaded.runner.engine().kernels().set().name(),
        },
        tokens: &answer.tokens,
        text: &answer.text,
        stop,
        fault,
        seed: answer.seed,
        usage: UsageReport {
            prompt_tokens: usage.prompt_tokens,
            cached_tokens: usage.cached_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.prompt_tokens + usage.completion_tokens,
        },
        timings: Timings {
            load_ms: Figure::milliseconds(load),
            first_token_ms: Figure::milliseconds(answer.first),
            total_ms: Figure::milliseconds(answer.all),
            prompt_tokens_per_s: Figure::per_second(fed, answer.first),
            completion_tokens_per_s: Figure::per_second(later, answer.all - answer.first),
        },
        logits_digest: answer
            .logits_digest
            .map(|digest| blake3::Hash::from_bytes(digest).to_hex().to_string()),
    }
}
