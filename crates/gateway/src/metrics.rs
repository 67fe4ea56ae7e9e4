//! Figures of the server as Prometheus reads them: counts and histograms, whole microseconds inside.
//!
//! Never holds anything of a prompt or an answer, nor who asked.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::compute::{Figures, ModelFigures};
use crate::keeping::Kept;

/// Upper ends of the buckets in microseconds, and as Prometheus has them.
const BUCKETS: [(u64, &str); 14] = [
    (1_000, "0.001"),
    (2_000, "0.002"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (20_000, "0.02"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (200_000, "0.2"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_000_000, "2"),
    (5_000_000, "5"),
    (10_000_000, "10"),
    (30_000_000, "30"),
];

/// How many lasted how long.
#[derive(Default)]
struct Histogram {
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

/// All figures.
#[derive(Default)]
pub(crate) struct Metrics {
    first_token: Histogram,
    next_token: Histogram,
    answers: AtomicU64,
    cancelled: AtomicU64,
    not_taken: AtomicU64,
    prompt_tokens: AtomicU64,
    completion_tokens: AtomicU64,
    signing_us: AtomicU64,
    pub(crate) requests: [AtomicU64; 5],
    pub(crate) connections: AtomicU64,
}

impl Histogram {
    fn add(&self, time: Duration) {
        let us = microseconds(time);
        for (bucket, (end, _)) in self.buckets.iter().zip(BUCKETS) {
            bucket.fetch_add(u64::from(us <= end), Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    fn write(&self, out: &mut String, name: &str, help: &str) {
        head(out, name, "histogram", help);
        for (bucket, (_, end)) in self.buckets.iter().zip(BUCKETS) {
            let count = bucket.load(Ordering::Relaxed);
            line(out, format_args!("{name}_bucket{{le=\"{end}\"}} {count}"));
        }
        let (count, sum) =
            (self.count.load(Ordering::Relaxed), self.sum_us.load(Ordering::Relaxed));
        line(out, format_args!("{name}_bucket{{le=\"+Inf\"}} {count}"));
        line(out, format_args!("{name}_sum {}", seconds(sum)));
        line(out, format_args!("{name}_count {count}"));
    }
}

/// Processor time that this thread has taken: what runs beside it does not count.
#[cfg(unix)]
pub(crate) fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanoseconds.unwrap_or(0))
}

/// Where no thread's own time is told, that of everybody.
#[cfg(not(unix))]
pub(crate) fn processor_time() -> Duration {
    static BEGUN: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    BEGUN.elapsed()
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Microseconds as Prometheus has them.
fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

impl Metrics {
    /// From the question to its first token.
    pub(crate) fn first_token(&self, time: Duration) {
        self.first_token.add(time);
    }

    /// From a token to the next of the same answer.
    pub(crate) fn next_token(&self, time: Duration) {
        self.next_token.add(time);
    }

    /// An answer has ended.
    pub(crate) fn ended(&self, prompt_tokens: u64, completion_tokens: u64, cancelled: bool) {
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.cancelled.fetch_add(u64::from(cancelled), Ordering::Relaxed);
        self.prompt_tokens.fetch_add(prompt_tokens, Ordering::Relaxed);
        self.completion_tokens.fetch_add(completion_tokens, Ordering::Relaxed);
    }

    /// Whether the reader of an answer that has ended was given up.
    pub(crate) fn not_taken(&self, given_up: bool) {
        self.not_taken.fetch_add(u64::from(given_up), Ordering::Relaxed);
    }

    /// Does what a receipt needs, and counts the time.
    pub(crate) fn signing<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = processor_time();
        let made = work();
        let took = processor_time().saturating_sub(begun);
        self.signing_us.fetch_add(microseconds(took), Ordering::Relaxed);
        made
    }

    /// A request was answered with this status.
    pub(crate) fn answered(&self, status: u16) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        self.requests[class].fetch_add(1, Ordering::Relaxed);
    }

    fn totals(&self, out: &mut String, figures: &Figures, kept: &Kept, answers: usize) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        for (name, kind, help, value) in [
            ("probity_connections", "gauge", "Connections that are open.", load(&self.connections)),
            ("probity_answers_running", "gauge", "Answers not at their end.", wide(answers)),
            ("probity_answers_total", "counter", "Answers that ended.", load(&self.answers)),
            (
                "probity_answers_cancelled_total",
                "counter",
                "Of them, cancelled.",
                load(&self.cancelled),
            ),
            (
                "probity_prompt_tokens_total",
                "counter",
                "Tokens of prompts.",
                load(&self.prompt_tokens),
            ),
            (
                "probity_completion_tokens_total",
                "counter",
                "Tokens drawn.",
                load(&self.completion_tokens),
            ),
            (
                "probity_slow_readers_total",
                "counter",
                "Answers cancelled for a slow reader.",
                figures.slow_readers,
            ),
            (
                "probity_answers_not_taken_total",
                "counter",
                "Answers that came to their end and whose readers did not take them in time.",
                load(&self.not_taken),
            ),
            ("probity_model_loads_total", "counter", "Models made ready.", figures.loads),
            (
                "probity_model_evictions_total",
                "counter",
                "Models put out for others.",
                figures.evictions,
            ),
            ("probity_receipts_kept", "gauge", "Receipts in the book.", kept.receipts),
            ("probity_receipt_log_leaves", "gauge", "Leaves of the receipt log.", kept.leaves),
            (
                "probity_receipt_syncs_total",
                "counter",
                "Groups of receipts made durable.",
                kept.syncs,
            ),
            (
                "probity_receipts_broken",
                "gauge",
                "1 while no receipt can be kept.",
                kept.broken.into(),
            ),
        ] {
            head(out, name, kind, help);
            line(out, format_args!("{name} {value}"));
        }
    }

    /// The text that Prometheus reads.
    pub(crate) fn write(&self, figures: &Figures, kept: &Kept, answers: usize) -> String {
        let mut out = String::new();
        head(&mut out, "probity_http_requests_total", "counter", "Requests by class of status.");
        for (class, count) in (1..).zip(&self.requests) {
            let count = count.load(Ordering::Relaxed);
            line(
                &mut out,
                format_args!("probity_http_requests_total{{status=\"{class}xx\"}} {count}"),
            );
        }
        self.totals(&mut out, figures, kept, answers);
        let (name, help) = ("probity_receipt_seconds_total", "Processor time for receipts.");
        head(&mut out, name, "counter", help);
        let receipts_us = self.signing_us.load(Ordering::Relaxed) + microseconds(kept.busy);
        line(&mut out, format_args!("{name} {}", seconds(receipts_us)));
        models(&mut out, &figures.models);
        self.first_token.write(
            &mut out,
            "probity_first_token_seconds",
            "From question to first token.",
        );
        self.next_token.write(&mut out, "probity_inter_token_seconds", "From a token to the next.");
        out
    }
}

/// A figure of a model: name, kind, help, value.
type OfModel = (&'static str, &'static str, &'static str, fn(&ModelFigures) -> u64);

const OF_MODELS: [OfModel; 12] = [
    ("probity_model_loaded", "gauge", "1 where the model is loaded.", |of| of.loaded.into()),
    ("probity_model_answers", "gauge", "Answers of the model, waiting or not.", |of| {
        wide(of.answers)
    }),
    ("probity_queue_answers", "gauge", "Answers that wait.", |of| wide(of.gauges.queued)),
    ("probity_queue_tokens", "gauge", "Tokens of prompts that wait.", |of| {
        wide(of.gauges.queued_tokens)
    }),
    ("probity_batch_answers", "gauge", "Answers that each pass feeds.", |of| {
        wide(of.gauges.running)
    }),
    ("probity_batch_rows", "gauge", "Rows of the last pass.", |of| wide(of.gauges.rows)),
    ("probity_passes_total", "counter", "Passes.", |of| of.gauges.passes),
    ("probity_kv_bytes", "gauge", "Bytes of keys and values.", |of| wide(of.gauges.kv_bytes)),
    ("probity_cache_bytes", "gauge", "Of them, of the prefix cache.", |of| {
        wide(of.gauges.cached_bytes)
    }),
    ("probity_cache_hit_tokens_total", "counter", "Prompt tokens found.", |of| {
        of.gauges.cache_hit_tokens
    }),
    ("probity_cache_miss_tokens_total", "counter", "Prompt tokens computed.", |of| {
        of.gauges.cache_miss_tokens
    }),
    ("probity_preemptions_total", "counter", "Answers set aside.", |of| of.gauges.preemptions),
];

fn models(out: &mut String, models: &[ModelFigures]) {
    for (name, kind, help, value) in OF_MODELS {
        head(out, name, kind, help);
        for of in models {
            // Prometheus escapes a label as Rust does backslash, quote and line end.
            line(out, format_args!("{name}{{model={:?}}} {}", of.name, value(of)));
        }
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    line(out, format_args!("# HELP {name} {help}"));
    line(out, format_args!("# TYPE {name} {kind}"));
}

fn line(out: &mut String, text: core::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a text takes all");
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
