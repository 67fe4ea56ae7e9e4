//! What can be typed. Every flag has one place, and its help text is its documentation.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Run open-weight language models whose answers anyone can re-derive, bit for bit.
///
/// There is no floating point in an answer: the same model, prompt and seed give the same tokens on
/// every processor, with any number of threads.
#[derive(Parser)]
#[command(name = "probity", version, propagate_version = true)]
#[command(
    after_help = "A minute to the first answer:\n  probity run smollm2-135m \"Why is the sky blue?\" --seed 1"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Answer a prompt, or talk to a model
    Run(RunOptions),
    /// Measure how fast a model runs here
    Bench(BenchOptions),
    /// Download a model and check every byte of it
    Pull(ModelOption),
    /// List the models on this machine and those that can be pulled by name
    List,
    /// Show what is known of a model
    Show(ShowOptions),
    /// Delete a model from this machine
    Rm(ModelOption),
    /// Print a completion script for a shell
    Completions(CompletionsOptions),
}

/// How the engine runs. None of it can change an answer.
#[derive(Args)]
pub(crate) struct EngineOptions {
    /// Threads that share the work [default: one per processor core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Tokens of the prompt that are computed at a time
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=16384))]
    pub(crate) prefill_chunk: u16,
    /// Kernels to compute with [default: the fastest this processor has]
    #[arg(long, value_name = "SET", env = "PROBITY_KERNELS")]
    pub(crate) kernels: Option<KernelChoice>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum KernelChoice {
    /// Plain code for any processor
    Portable,
    /// x86-64 with AVX2
    Avx2,
    /// x86-64 with AVX2 and VNNI
    AvxVnni,
    /// x86-64 with AVX-512 and VNNI
    Avx512,
    /// AArch64 with dot products
    Neon,
    /// WebAssembly with SIMD128
    WasmSimd,
}

#[derive(Args)]
pub(crate) struct RunOptions {
    /// A GGUF file, hf:org/repo:file, or a catalogue name such as smollm2-135m
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
    /// What to say to the model; without it, a conversation on the terminal or the text on
    /// standard input
    #[arg(value_name = "PROMPT")]
    pub(crate) prompt: Option<String>,
    /// Instructions that the model reads before the conversation
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
    /// Take the prompt as it is, without the model's chat template
    #[arg(long)]
    pub(crate) raw: bool,
    /// Most tokens of an answer
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub(crate) max_tokens: usize,
    /// How freely tokens are drawn: 0 always takes the likeliest, 0.01 to 100 draw
    #[arg(long, value_name = "T", default_value = "0.7", allow_hyphen_values = true)]
    pub(crate) temperature: String,
    /// Draw among the likeliest tokens that together have this share of the probability
    #[arg(long, value_name = "P", default_value = "0.95", allow_hyphen_values = true)]
    pub(crate) top_p: String,
    /// Draw among this many of the likeliest tokens; 0 among all
    #[arg(long, value_name = "K", default_value = "0", allow_hyphen_values = true)]
    pub(crate) top_k: String,
    /// Draw among tokens at least this share as likely as the likeliest
    #[arg(long, value_name = "P", default_value = "0", allow_hyphen_values = true)]
    pub(crate) min_p: String,
    /// Same seed, same answer [default: drawn anew and told with --json]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// End the answer where this text appears; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub(crate) stop: Vec<String>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}

#[derive(Args)]
pub(crate) struct BenchOptions {
    /// A GGUF file, hf:org/repo:file, or a catalogue name
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
    /// Tokens of the prompt whose speed is measured; 0 measures none
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub(crate) prefill: usize,
    /// Tokens to generate one by one
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) decode: usize,
    /// Positions there are before the generated tokens
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub(crate) after: usize,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}

#[derive(Args)]
pub(crate) struct ModelOption {
    /// hf:org/repo:file, or a catalogue name
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
}

#[derive(Args)]
pub(crate) struct ShowOptions {
    /// A GGUF file, hf:org/repo:file, or a catalogue name
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
    /// Print the program: every op, what it reads and makes
    #[arg(long)]
    pub(crate) program: bool,
}

#[derive(Args)]
pub(crate) struct CompletionsOptions {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
    /// Write to this folder instead of standard output
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}
