//! What can be typed. Every flag has one place, and its help text is its documentation.
//!
//! A value is checked here, before anything is opened: a refusal names the option, what was typed
//! and what is permitted, and nothing was done.

mod judging;
mod packages;
mod proxy;
mod serve;
mod values;

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::LazyLock;

use canon::KernelSet;
use canon::sample::{Parameter, ParameterError, Parameters, SAMPLING_VERSION, Settings};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand, ValueEnum};
use program::check::ARITHMETIC_VERSION;
use store::{ModelRef, RefError};
use text::template::CivilTime;

pub(crate) use judging::{NetworkOptions, VerifyOptions};
pub(crate) use packages::{
    BuildOptions, InspectOptions, PackageCommand, SignOptions, VerifyPackageOptions, YesNo,
};
pub(crate) use proxy::{ProxyOptions, Required};
pub(crate) use serve::{ApiKeyCommand, LogLines, NewApiKey, ServeOptions, ServedName};

/// Columns of a help text.
const WIDTH: usize = 100;

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
  HF_TOKEN (else the token that the hub's own tools keep in a file), HF_ENDPOINT, http_proxy,
  https_proxy, no_proxy, SSL_CERT_FILE and pip's settings are honoured when a model is downloaded.

Exit status: 0 done, 1 failed (a file that can't be read too), 2 wrong usage, 130 interrupted.
`verify` and `package verify` have their own, 1 refuted and 2 can't be judged: see their help.";

const RUN_EXAMPLES: &str = "\
Examples:
  probity run smollm2-135m \"Name three rivers.\"
  probity run smollm2-135m --seed 7 \"Name three rivers.\"      the same answer, every time
  probity run smollm2-135m --temperature 0 < question.txt     always the likeliest token
  probity run ./model.gguf --raw \"Once upon a time\"           goes on with the text itself
  probity run hf:org/repo:model.gguf --system \"Be brief.\"     a conversation, from the hub
  probity run ./folder - < question.txt                       a package, or a folder of safetensors
  probity run hf:org/repo \"Hi\"                              safetensors of the hub
  probity run smollm2-135m --json --seed 7 \"Hi\" | jq .text

The answer goes to standard output as it comes; everything else to standard error. Ctrl-C ends an
answer where it stands.

With --json one object is printed: `model` (name, model id, BLAKE3 of the file, digest of the
program, and kernels), `tokens`, `text`, `stop` (stop_token, stop_string, length, cancelled or
fault), `seed` (give it to --seed to get this answer again), `usage`, `timings`, and
`logits_digest`: the BLAKE3 of every logit a token was drawn from, equal on every machine, whatever
--threads, --prefill-chunk and --kernels say.";

const MODEL_HELP: &str = "A model is named in one of five ways:
  smollm2-135m             a name of the catalogue (probity list)
  ./model.gguf             a file on this machine, used where it lies
  ./folder                 a folder of safetensors, as Hugging Face's libraries save it
  hf:org/repo[@rev]:file   a file of the Hugging Face hub
  hf:org/repo[@rev]        a repository of the hub: config.json, tokenizer, safetensors

A package's folder (`probity run ./folder`) is shown by `probity package inspect`; it is its
owner's, and nothing here deletes it.";

const BENCH_HELP: &str = "\
A model is named as in `probity help run`. The figures leave out loading and a short warm-up.
Processor time is that of all threads together: it hardly depends on what else the machine is doing.
The tokens of the prompt are made up; what they say can't change the speed.";

/// The release, and what of it decides about answers.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} (arithmetic {ARITHMETIC_VERSION}, sampling {SAMPLING_VERSION})",
        env!("CARGO_PKG_VERSION")
    )
});

/// Run open-weight language models whose answers anyone can re-derive, bit for bit.
///
/// There is no floating point in an answer: the same model, prompt and seed give the same tokens on
/// every processor, with any number of threads.
#[derive(Parser)]
#[command(name = "probity", version = VERSION.as_str(), max_term_width = WIDTH)]
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
    /// Serve models to programs that speak OpenAI's API or Anthropic's, every answer with its receipt
    ///
    /// POST /v1/chat/completions, /v1/completions, /v1/responses, /v1/embeddings, /v1/messages and
    /// /v1/messages/count_tokens; GET /v1/models, /v1/receipts/ID, /v1/receipts/ID/bundle, /openapi.json
    /// (all of it described), /healthz (alive), /readyz (takes requests: not stopping, and receipts can
    /// be kept) and /metrics.
    #[command(after_help = serve::EXAMPLES, args_override_self = true)]
    Serve(Box<ServeOptions>),
    /// Ask somebody else's server through an endpoint of your own, which verifies before it emits
    ///
    /// POST /v1/chat/completions and /v1/completions, GET /v1/models, /v1/receipts/ID and /healthz; nothing else is
    /// passed on.
    #[command(after_help = proxy::EXAMPLES)]
    Proxy(Box<ProxyOptions>),
    /// The API keys of people who may ask a server
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
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
    /// Deletes the downloaded file, or what is there of it, and its prepared weights. A file that was named by its path is
    /// never deleted, only the weights prepared from it.
    #[command(after_help = MODEL_HELP)]
    Rm(ModelOption),
    /// Delete what nothing needs any more
    ///
    /// Unfinished downloads, files that no name points to, what a killed process left of a file in
    /// the making, the places of models that are gone, and weights prepared from files that
    /// were named by their path: those are prepared again when they are needed. No model that
    /// `probity list` shows is touched.
    Gc,
    /// Check receipts: say what they establish, and what they don't
    ///
    /// A receipt is checked by its worker's signature, by its opening, and by replay: one pass of the
    /// model over prompt and output, with every token drawn again and compared.
    #[command(after_help = judging::HELP)]
    Verify(VerifyOptions),
    /// Look at receipts and at the log of those this machine signed
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// The key that signs this machine's receipts
    ///
    /// The first receipt makes it, or the first signature of a package, or `rotate`. Whoever has the secret can sign in
    /// this machine's name.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make, look into, check and sign packages: a model as one folder with one id
    ///
    /// A package is the upstream file as it is, and all that an answer depends on beside it: program,
    /// tokenizer, chat template. Its id is the hash of its manifest: the model id that receipts name.
    #[command(subcommand)]
    Package(PackageCommand),
    /// Print a completion script for a shell
    ///
    /// For example: `probity completions bash > ~/.local/share/bash-completion/completions/probity`,
    /// or for fish `probity completions fish --out ~/.config/fish/completions`.
    Completions(CompletionsOptions),
}

/// How the engine runs. None of it can change an answer.
#[derive(Args, Clone)]
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
    /// A catalogue name such as smollm2-135m, a GGUF file, a package's folder, one of safetensors,
    /// or hf:org/repo[@rev][:file]
    #[arg(value_name = "MODEL", value_parser = ModelName::before_prompt)]
    pub(crate) model: ModelName,
    /// What to say to the model; `-` is the text on standard input (less one line end), as without
    /// any, which is a conversation where that is a terminal
    #[arg(value_name = "PROMPT")]
    pub(crate) prompt: Option<String>,
    /// Instructions that the model reads before the conversation
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    pub(crate) system: Option<String>,
    /// Take the prompt as it is, without the model's chat template
    #[arg(long)]
    pub(crate) raw: bool,
    /// The date that the model's chat template is told, where it asks: part of the prompt, and so
    /// of the answer [default: none, never today's]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date, conflicts_with = "raw")]
    pub(crate) date: Option<CivilTime>,
    /// Most tokens of an answer, 1 to 65536: a job has no more
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 512, value_parser = whole::<u32>(1..=TOKENS))]
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
    /// Same model id, prompt, parameters and seed, same answer: a whole number [default: drawn anew,
    /// told with --json]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u64>(0..=u64::MAX))]
    pub(crate) seed: Option<u64>,
    /// End the answer where this text appears; may be given up to 16 times
    #[arg(long, value_name = "TEXT")]
    pub(crate) stop: Vec<String>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a receipt that anyone can check: signed, with prompt and answer open to who has the file
    #[arg(long, value_name = "FILE")]
    pub(crate) receipt: Option<PathBuf>,
    /// Replace the receipt where one is there already
    #[arg(long, requires = "receipt")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}

#[derive(Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Show what is in a receipt file, signatures and opening checked
    ///
    /// Prints the receipt's view as JSON, or with --text the messages, the prompt and the answer it opens.
    Show(ShowReceiptOptions),
    /// Print a receipt as an in-toto Statement v1, for tools that read those (a view: it proves nothing)
    InToto(ReceiptFileOption),
    /// List the receipts this machine signed, in the order of its logs: one log for each key
    Log(LogOptions),
    /// Make a bundle: the receipt and the proof that it is in this machine's log, in one file
    ///
    /// Who has the checkpoint of that log from elsewhere can hold the two against each other.
    Bundle(BundleOptions),
}

#[derive(Args)]
pub(crate) struct ReceiptFileOption {
    /// A receipt file or a bundle
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Args)]
pub(crate) struct ShowReceiptOptions {
    /// A receipt file or a bundle
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print messages, prompt and answer as text: in quotes, control tokens in brackets, nothing left
    /// out; what a stop string cut off stands on its own line
    #[arg(long)]
    pub(crate) text: bool,
    /// The model whose tokenizer reads them, as `probity run` names it [default: found by the
    /// receipt's model id among those here]
    #[arg(long, value_name = "MODEL", value_parser = ModelName::parse, requires = "text")]
    pub(crate) model: Option<ModelName>,
}

#[derive(Args)]
pub(crate) struct LogOptions {
    /// Print the signed checkpoint of the log of the key that signs now instead: its size and root
    #[arg(long)]
    pub(crate) checkpoint: bool,
}

#[derive(Args)]
pub(crate) struct BundleOptions {
    /// A receipt file that this machine signed, with the present key or one before it
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where to write the bundle
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Replace the file where one is there already
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Print the public key
    Show,
    /// Make a new key, or the first one; the old one is kept aside
    ///
    /// What the old key signed stays signed by it, and is bundled as before. The new key has a log of its own.
    Rotate,
    /// Print the key for other tools
    Export(ExportOptions),
}

#[derive(Args)]
pub(crate) struct ExportOptions {
    /// Print the secret key: whoever sees it can sign in this machine's name
    #[arg(long)]
    pub(crate) secret: bool,
    /// hex, or pem (SubjectPublicKeyInfo, PKCS #8) for tools such as openssl
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = KeyFormat::Hex)]
    pub(crate) format: KeyFormat,
}

/// How a key is written.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum KeyFormat {
    Hex,
    Pem,
}

#[derive(Args)]
pub(crate) struct BenchOptions {
    /// A catalogue name, a GGUF file, a package's folder, one of safetensors, or hf:org/repo[@rev][:file]
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
    /// Measure what checking costs beside generating: --decode tokens drawn after --after, then
    /// replayed
    #[arg(long)]
    pub(crate) replay: bool,
    /// Measure what a dispute costs both sides and the referee: about the last of --decode tokens
    /// drawn after --after, by a worker that really cheats
    #[arg(long, conflicts_with = "replay")]
    pub(crate) dispute: bool,
    /// Answers that are replayed together, 1 to 64
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 16, value_parser = whole::<u16>(1..=64), requires = "replay")]
    pub(crate) answers: u16,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}

#[derive(Args)]
pub(crate) struct ModelOption {
    /// A catalogue name, a GGUF file, a folder of safetensors, or hf:org/repo[@rev][:file]
    #[arg(value_name = "MODEL", value_parser = ModelName::parse)]
    pub(crate) model: ModelName,
}

#[derive(Args)]
pub(crate) struct ShowOptions {
    /// A catalogue name, a GGUF file, a folder of safetensors, or hf:org/repo[@rev][:file]
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
    /// Replace the script where one is there already
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// Most tokens that a job can ask for.
const TOKENS: u64 = receipt::limits::TOKENS_MAX as u64;

/// A model as it was typed.
#[derive(Clone)]
pub(crate) struct ModelName {
    pub(crate) typed: String,
    pub(crate) reference: ModelRef,
}

impl ModelName {
    pub(crate) fn parse(typed: &str) -> Result<Self, RefError> {
        Ok(Self { typed: typed.to_owned(), reference: ModelRef::parse(typed)? })
    }

    /// A model that a prompt follows: several words are a prompt in its place.
    fn before_prompt(typed: &str) -> Result<Self, String> {
        let wrong = |error: RefError| {
            let unknown = matches!(error, RefError::UnknownName { .. });
            if unknown && typed.contains(char::is_whitespace) {
                "the model is named first, then the prompt: probity run smollm2-135m \"...\"".into()
            } else {
                error.to_string()
            }
        };
        Self::parse(typed).map_err(wrong)
    }
}

impl Arguments {
    /// What was typed; ends the program where that is wrong or asks for help.
    pub(crate) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| with_tip(error).exit())
    }
}

/// A word too many after `run` is most often a prompt without quotes, and other servers have their port alone.
fn with_tip(mut error: clap::Error) -> clap::Error {
    let word = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    let listens = ["probity serve ", "probity proxy "].iter().any(|one| usage.contains(one));
    let tip = if usage.contains("probity run ") && !word.starts_with('-') {
        "a prompt of several words is put in quotes: probity run MODEL \"several words\""
    } else if listens && ["--port", "-p", "--host"].contains(&&*word) {
        "address and port are one option: --listen 127.0.0.1:8100, or --listen 8100"
    } else {
        return error;
    };
    if error.kind() == ErrorKind::UnknownArgument {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// A parser of a date, at midnight.
fn date(text: &str) -> Result<CivilTime, String> {
    let number = |digits: &str, length: usize| {
        let plain = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| plain)
    };
    let mut parts = text.split('-');
    let mut part = |length| parts.next().and_then(|digits| number(digits, length));
    let (year, month, day) = (part(4), part(2), part(2));
    let small = |number: Option<u16>| number.and_then(|number| u8::try_from(number).ok());
    match (year, small(month), small(day), parts.next()) {
        (Some(year), Some(month), Some(day), None) => {
            CivilTime::new((year, month, day), (0, 0, 0)).map_err(|_| "there is no such day".into())
        }
        _ => Err("it must be written YYYY-MM-DD".into()),
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
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::net::SocketAddr;

    use clap::{Command as Parsed, CommandFactory};

    use super::*;

    #[test]
    fn the_commands_hold_together() {
        Arguments::command().debug_assert();
    }

    /// A line that is longer is broken after its last word that fits, and what is left stands alone.
    #[test]
    fn lines_that_stand_as_they_are_fit() {
        fn look(command: &Parsed, found: &mut usize) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines() {
                let length = line.chars().count();
                assert!(length <= WIDTH, "{} has {length} of {line:?}", command.get_name());
                *found += 1;
            }
            command.get_subcommands().for_each(|command| look(command, found));
        }
        let mut found = 0;
        look(&Arguments::command(), &mut found);
        assert!(found > 100, "{found}");
    }

    #[test]
    fn serves_help_says_the_defaults_that_settings_have() {
        let settings = gateway::Settings::new(SocketAddr::from(([127, 0, 0, 1], 0)), Vec::new());
        let (limits, scheduler) = (&settings.limits, &settings.scheduler);
        let gap = usize::try_from(settings.gap.as_millis()).unwrap();
        let command = Arguments::command();
        let serve = command.find_subcommand("serve").unwrap();
        for (name, value) in [
            ("answers", limits.answers_max),
            ("batch", scheduler.running_max),
            ("gap", gap),
            ("connections", limits.connections_max),
            ("body", limits.body_bytes_max),
            ("kv-memory", scheduler.kv_bytes_max),
            ("cache-memory", scheduler.cache_bytes_max),
        ] {
            let mut options = serve.get_arguments();
            let option = options.find(|option| option.get_long() == Some(name)).unwrap();
            let help = option.get_help().unwrap().to_string();
            let (_, rest) = help.split_once("[default: ").unwrap_or_else(|| panic!("{name}"));
            let said = rest.split_once(']').unwrap().0;
            assert_eq!(values::bytes::<usize>(0..=u64::MAX)(said), Ok(value), "{name}: {said}");
        }
    }

    #[test]
    fn serves_help_begins_with_every_address() {
        let command = Arguments::command();
        let about = command.find_subcommand("serve").unwrap().get_long_about().unwrap().to_string();
        for address in ["/v1/embeddings", "/v1/receipts/ID/bundle"] {
            assert!(about.contains(address), "{address} is not in {about}");
        }
    }
}
