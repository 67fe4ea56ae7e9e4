//! What can be typed. Every flag has one place, and its help text is its documentation.
//!
//! A value is checked here, before anything is opened: a refusal names the option, what was typed
//! and what is permitted, and nothing was done.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use canon::KernelSet;
use canon::sample::{Parameter, ParameterError, Parameters, Settings};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use store::{ModelRef, RefError};

const EXAMPLES: &str = "\
A minute to the first answer:
  probity run smollm2-135m \"Why is the sky blue?\"   downloads 98 MB once, then answers
  probity run smollm2-135m                          a conversation; Ctrl-D leaves

More:
  probity help run                                  everything a command can do
  probity list                                      what is here, what can be pulled by name

Environment:
  PROBITY_HOME      the folder of models and prepared weights [~/.local/share/probity]
  PROBITY_KERNELS   kernels to compute with, as --kernels
  PROBITY_OFFLINE   set to 1: no network, a model that is not here is an error
  HF_TOKEN, HF_ENDPOINT, http_proxy, https_proxy, no_proxy, SSL_CERT_FILE and pip's settings
  are honoured when a model is downloaded.

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.";

const RUN_EXAMPLES: &str = "\
Examples:
  probity run smollm2-135m \"Name three rivers.\"
  probity run smollm2-135m --seed 7 \"Name three rivers.\"      the same answer, every time
  probity run smollm2-135m --temperature 0 < question.txt     always the likeliest token
  probity run ./model.gguf --raw \"Once upon a time\"           goes on with the text itself
  probity run hf:org/repo:model.gguf --system \"Be brief.\"     a conversation, from the hub
  probity run smollm2-135m --json --seed 7 \"Hi\" | jq .text

The answer goes to standard output as it comes; everything else to standard error. Ctrl-C ends an
answer where it stands.

With --json one object is printed: `model` (name, BLAKE3 of the file, digest of the program and
kernels), `tokens`, `text`, `stop` (stop_token, stop_string, length, cancelled or fault), `seed`
(give it to --seed to get this answer again), `usage`, `timings`, and `logits_digest`: the BLAKE3 of
every logit a token was drawn from, equal on every machine, whatever --threads, --prefill-chunk and
--kernels say.";

const MODEL_HELP: &str = "A model is named in one of three ways:
  smollm2-135m                  a name of the catalogue (probity list)
  ./model.gguf                  a file on this machine, used where it lies
  hf:org/repo[@rev]:file.gguf   a file of the Hugging Face hub";

const BENCH_HELP: &str = "\
A model is named as in `probity help run`. The figures leave out loading and a short warm-up.
Processor time is that of all threads together: it hardly depends on what else the machine is doing.
The tokens of the prompt are made up; what they say can't change the speed.";

/// Run open-weight language models whose answers anyone can re-derive, bit for bit.
///
/// There is no floating point in an answer: the same model, prompt and seed give the same tokens on
/// every processor, with any number of threads.
#[derive(Parser)]
#[command(name = "probity", version, max_term_width = 100)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Answer a prompt, or talk to a model
    ///
    /// A model that is not here yet is downloaded first. Without a prompt, and with a terminal to
    /// read from, this is a conversation.
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunOptions),
    /// Measure how fast a model runs here
    #[command(after_help = BENCH_HELP)]
    Bench(BenchOptions),
    /// Download a model and check every byte of it
    ///
    /// Prints the path of the file. A download that was cut off goes on where it stopped; a file
    /// whose hash is not the promised one is never used.
    #[command(after_help = MODEL_HELP)]
    Pull(ModelOption),
    /// List the models on this machine and those that can be pulled by name
    List,
    /// Show what is known of a model
    ///
    /// Never downloads anything.
    #[command(after_help = MODEL_HELP)]
    Show(ShowOptions),
    /// Delete a model from this machine
    ///
    /// Deletes the downloaded file and its prepared weights. A file that was named by its path is
    /// never deleted, only the weights prepared from it.
    #[command(after_help = MODEL_HELP)]
    Rm(ModelOption),
    /// Delete what nothing needs any more
    ///
    /// Broken-off downloads, files that no name points to, and weights prepared from files that
    /// were named by their path: those are prepared again when they are needed. No model that
    /// `probity list` shows is touched.
    Gc,
    /// Print a completion script for a shell
    ///
    /// For example: `probity completions bash > ~/.local/share/bash-completion/completions/probity`,
    /// or for fish `probity completions fish --out ~/.config/fish/completions`.
    Completions(CompletionsOptions),
}

/// How the engine runs. None of it can change an answer.
#[derive(Args)]
#[command(next_help_heading = "How it runs (none of this can change an answer)")]
pub(crate) struct EngineOptions {
    /// Threads that share the work, 1 to 256 [default: one per processor core]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u16>(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Tokens of the prompt that are computed at a time, 1 to 16384
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 256, value_parser = whole::<u16>(1..=16384))]
    pub(crate) prefill_chunk: u16,
    /// Kernels to compute with [env: PROBITY_KERNELS] [default: the fastest this processor has]
    #[arg(long, value_name = "SET", value_parser = kernel_sets())]
    pub(crate) kernels: Option<KernelSet>,
}

#[derive(Args)]
pub(crate) struct RunOptions {
    /// A catalogue name such as smollm2-135m, a GGUF file, or hf:org/repo[@rev]:file
    #[arg(value_name = "MODEL", value_parser = ModelName::parse)]
    pub(crate) model: ModelName,
    /// What to say to the model; without it, the text on standard input (less one line end), or a
    /// conversation where that is a terminal
    #[arg(value_name = "PROMPT")]
    pub(crate) prompt: Option<String>,
    /// Instructions that the model reads before the conversation
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    pub(crate) system: Option<String>,
    /// Take the prompt as it is, without the model's chat template
    #[arg(long)]
    pub(crate) raw: bool,
    /// Most tokens of an answer, 1 to 1048576
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 512, value_parser = whole::<u32>(1..=1 << 20))]
    pub(crate) max_tokens: u32,
    /// How freely tokens are drawn: 0 always takes the likeliest, 0.01 to 100 draw
    #[arg(long, value_name = "T", default_value = "0.7", allow_negative_numbers = true, value_parser = decimal(Parameter::Temperature))]
    pub(crate) temperature: String,
    /// Draw among the likeliest tokens that together have this share of the probability, 0 to 1
    #[arg(long, value_name = "P", default_value = "0.95", allow_negative_numbers = true, value_parser = decimal(Parameter::TopP))]
    pub(crate) top_p: String,
    /// Draw among this many of the likeliest tokens; 0 among all
    #[arg(long, value_name = "K", default_value = "0", allow_negative_numbers = true, value_parser = decimal(Parameter::TopK))]
    pub(crate) top_k: String,
    /// Draw among tokens at least this share as likely as the likeliest, 0 to 1
    #[arg(long, value_name = "P", default_value = "0", allow_negative_numbers = true, value_parser = decimal(Parameter::MinP))]
    pub(crate) min_p: String,
    /// Same seed, same answer: a whole number [default: drawn anew, told with --json]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u64>(0..=u64::MAX))]
    pub(crate) seed: Option<u64>,
    /// End the answer where this text appears; may be given up to 16 times
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
    /// A catalogue name, a GGUF file, or hf:org/repo[@rev]:file
    #[arg(value_name = "MODEL", value_parser = ModelName::parse)]
    pub(crate) model: ModelName,
    /// Tokens of the prompt whose speed is measured; 0 measures none
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 512, value_parser = whole::<u32>(0..=1 << 20))]
    pub(crate) prefill: u32,
    /// Tokens to generate one by one; 0 measures none
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 64, value_parser = whole::<u32>(0..=1 << 20))]
    pub(crate) decode: u32,
    /// Positions there are before the generated tokens; at least 1 where tokens are generated
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 128, value_parser = whole::<u32>(0..=1 << 20))]
    pub(crate) after: u32,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}

#[derive(Args)]
pub(crate) struct ModelOption {
    /// A catalogue name, a GGUF file, or hf:org/repo[@rev]:file
    #[arg(value_name = "MODEL", value_parser = ModelName::parse)]
    pub(crate) model: ModelName,
}

#[derive(Args)]
pub(crate) struct ShowOptions {
    /// A catalogue name, a GGUF file, or hf:org/repo[@rev]:file
    #[arg(value_name = "MODEL", value_parser = ModelName::parse)]
    pub(crate) model: ModelName,
    /// Print the program: every op, what it reads and makes
    #[arg(long)]
    pub(crate) program: bool,
}

#[derive(Args)]
pub(crate) struct CompletionsOptions {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
    /// Write to this folder, under the name the shell looks for, instead of standard output
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}

/// A model as it was typed.
#[derive(Clone)]
pub(crate) struct ModelName {
    pub(crate) typed: String,
    pub(crate) reference: ModelRef,
}

impl ModelName {
    fn parse(typed: &str) -> Result<Self, RefError> {
        Ok(Self { typed: typed.to_owned(), reference: ModelRef::parse(typed)? })
    }
}

/// A parser of a whole number, which says the whole range whatever was typed.
fn whole<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let (least, most) = (range.start(), range.end());
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("it must be a whole number from {least} to {most}"))
    }
}

/// A parser of one drawing parameter, which keeps the exact text.
fn decimal(name: Parameter) -> impl Fn(&str) -> Result<String, String> + Clone {
    move |text| {
        let mut settings = Settings::default();
        let checked = settings.set(name, text).and_then(|()| Parameters::new(settings));
        match checked {
            Ok(_) => Ok(text.to_owned()),
            Err(error) => {
                let reason = if let ParameterError::Text { reason, .. } = error {
                    format!("{reason}; ")
                } else {
                    String::new()
                };
                Err(format!("{reason}it must be {}", name.allowed()))
            }
        }
    }
}

fn kernel_sets() -> impl TypedValueParser<Value = KernelSet> {
    let value = |set: KernelSet| PossibleValue::new(set.name()).help(needs(set));
    let parser = PossibleValuesParser::new(KernelSet::ALL.map(value));
    parser.map(|name| KernelSet::from_name(&name).expect("one of the names of all sets"))
}

/// What a set of kernels is for.
const fn needs(set: KernelSet) -> &'static str {
    match set {
        KernelSet::Portable => "Plain code for any processor",
        KernelSet::Avx2 => "x86-64 with AVX2",
        KernelSet::AvxVnni => "x86-64 with AVX2 and VNNI",
        KernelSet::Avx512 => "x86-64 with AVX-512 and VNNI",
        KernelSet::Neon => "AArch64 with dot products",
        KernelSet::WasmSimd => "WebAssembly with SIMD128",
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_hold_together() {
        Arguments::command().debug_assert();
    }
}
