//! Times many answers at once: `schedule_bench [--file GGUF] [streams prompt output threads rows]`.
//!
//! Without a file, the model has SmolLM2-135M's shape with Q8_0 matrices, and weights by chance. What is printed is
//! read by people; compare runs on one quiet machine only.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench is read by people, and fails by panicking"
)]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use canon::sample::{Parameter, Parameters, Settings};
use canon::{KernelSet, Kernels};
use engine::{Engine, Weights};
use import::gguf::TensorType;
use import::gguf::tiny::TinyModel;
use llm::schedule::{Asked, CacheScope, Scheduler, SchedulerLimits, Tenant, Ticket};
use llm::{Model, Runner};
use receipt::{
    AuditConsent, Job, JobFields, NonceChooser, Rendered, SecretKey, StopRule, Terms, WorkKind,
};

/// Tokens of the prefix that two requests share.
const SHARED_TOKENS: usize = 2000;

struct Plan {
    streams: u32,
    prompt: usize,
    output: u32,
    threads: usize,
    rows: usize,
}

fn main() {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let file = (words.first().is_some_and(|word| word == "--file")).then(|| {
        words.remove(0);
        std::fs::read(words.remove(0)).unwrap()
    });
    let number =
        |at: usize, usual: usize| words.get(at).map_or(usual, |word| word.parse().unwrap());
    let plan = Plan {
        streams: u32::try_from(number(0, 16)).unwrap(),
        prompt: number(1, 256),
        output: u32::try_from(number(2, 128)).unwrap(),
        threads: number(3, 2),
        rows: number(4, SchedulerLimits::default().rows_beside_answers),
    };
    let bytes = file.unwrap_or_else(|| shape().write());
    let (model, runner) = load(&bytes, plan.threads);
    let limits = SchedulerLimits { rows_beside_answers: plan.rows, ..SchedulerLimits::default() };
    let mut scheduler = Scheduler::new(model, runner, limits);
    streams(&mut scheduler, &plan);
    prefix(&mut scheduler);
}

/// SmolLM2-135M's.
fn shape() -> TinyModel {
    TinyModel {
        layers: 30,
        width: 576,
        heads: 9,
        kv_heads: 3,
        feed_forward: 1536,
        context: 8192,
        vocabulary: 49152,
        matrices: TensorType::Q8_0,
        ..TinyModel::new(1)
    }
}

fn load(bytes: &[u8], threads: usize) -> (Arc<Model>, Runner) {
    let part = |offset: u64, length: usize| {
        let start = usize::try_from(offset).unwrap();
        &bytes[start..start + length]
    };
    let model = Model::from_gguf(bytes, u64::try_from(bytes.len()).unwrap(), |offset, out| {
        out.copy_from_slice(part(offset, out.len()));
        Ok::<_, Infallible>(())
    });
    let model = Arc::new(model.unwrap());
    let weights = Weights::load(&model.program, |tensor| {
        let length = usize::try_from(tensor.bytes()).unwrap();
        Ok::<_, Infallible>(part(tensor.location.offset, length).to_vec())
    });
    let kernels = Kernels::of(KernelSet::best()).unwrap();
    let engine = Engine::new(&model.program, Arc::new(weights.unwrap()), kernels, threads);
    (model, Runner::new(engine.unwrap(), 512))
}

fn job(prompt: Vec<u32>, tokens_max: u32) -> Arc<Job> {
    let mut settings = Settings::default();
    for (name, text) in [(Parameter::Temperature, "0.8"), (Parameter::TopP, "0.95")] {
        settings.set(name, text).unwrap();
    }
    let fields = JobFields {
        terms: Terms {
            kind: WorkKind::Generate,
            model: [7; 32],
            arithmetic: 1,
            sampling: 1,
            nonce_by: NonceChooser::Client,
            beacon_height: 0,
            requester: SecretKey::from_seed([5; 32]).public(),
            consent: AuditConsent::Own,
        },
        nonce: [1; 32],
        prompt,
        parameters: Parameters::new(settings).unwrap(),
        choices: 1,
        stop: StopRule { tokens_max, tokens: Vec::new(), strings: Vec::new() },
        rendered: Rendered::Nobody,
    };
    Arc::new(Job::new(fields).unwrap())
}

fn tokens(count: usize, seed: u32) -> Vec<u32> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        3 + (state >> 8) % 40_000
    };
    (0..count).map(next).collect()
}

fn ask(scheduler: &mut Scheduler, job: Arc<Job>, of: u8) -> Ticket {
    let (tenant, cache) = (Tenant([of; 32]), CacheScope::Tenant);
    scheduler.submit(Asked { job, tenant, cache, want_logits: false, logprobs: None }).unwrap()
}

/// Tokens of all per second, and the gaps between each one's.
fn streams(scheduler: &mut Scheduler, plan: &Plan) {
    for seed in 1..=plan.streams {
        ask(scheduler, job(tokens(plan.prompt, seed), plan.output), 1);
    }
    let start = Instant::now();
    let (mut last, mut firsts, mut gaps) = (BTreeMap::new(), Vec::new(), Vec::new());
    let (mut drawn, mut decode) = (0_u128, Vec::new());
    while !scheduler.is_idle() {
        let before = start.elapsed().as_micros();
        let progress = scheduler.step();
        let now = start.elapsed().as_micros();
        if progress.len() == plan.streams as usize {
            decode.push(now - before);
        }
        for one in progress.iter().filter(|one| one.piece.token.is_some()) {
            drawn += 1;
            match last.insert(one.ticket, now) {
                Some(earlier) => gaps.push(now - earlier),
                None => firsts.push(now),
            }
        }
    }
    let micros = start.elapsed().as_micros();
    println!("{drawn} tokens in {micros} us: {} a second", drawn * 1_000_000 / micros);
    println!("first token, us: {}", shares(&mut firsts));
    println!("gap, us:         {}", shares(&mut gaps));
    println!("pass of all, us: {}", shares(&mut decode));
    println!("{:?}", scheduler.gauges());
}

fn shares(of: &mut [u128]) -> String {
    of.sort_unstable();
    let at = |percent: usize| of.get(of.len() * percent / 100).or(of.last()).copied().unwrap_or(0);
    format!("median {}, 99 in 100 at most {}, greatest {}", at(50), at(99), at(100))
}

/// How long the first token of a long prompt takes, then of another with the same beginning.
fn prefix(scheduler: &mut Scheduler) {
    let mut took = Vec::new();
    for own in 1..=3 {
        let mut prompt = tokens(SHARED_TOKENS, 99);
        prompt.extend(tokens(5, 100 + own));
        let ticket = ask(scheduler, job(prompt, 2), 2);
        let start = Instant::now();
        let first = |scheduler: &mut Scheduler| {
            scheduler.step().iter().any(|one| one.ticket == ticket && one.piece.token.is_some())
        };
        while !first(scheduler) {}
        took.push(start.elapsed().as_micros());
        while !scheduler.is_idle() {
            scheduler.step();
        }
    }
    println!("first token after {SHARED_TOKENS} shared ones, us: {took:?}");
}
