//! What can be typed after `probity proxy`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use receipt::PublicKey;

use super::values::address;
use super::{EngineOptions, ServedName, whole};
use crate::public_key;

pub(crate) const EXAMPLES: &str = "\
Examples:
  probity proxy --upstream https://models.example small=./model.gguf
                                        then: OPENAI_BASE_URL=http://127.0.0.1:8001/v1
  probity proxy --upstream http://10.0.0.5:8000 --require replay smollm2-135m
  probity proxy --upstream https://models.example --worker KEY --receipts ./receipts smollm2-135m

The upstream is a `probity serve` of somebody else. The model that it is to answer with must be
here: `signature` needs its tokenizer and template (a package without its weights is enough),
`replay` its weights too. Its name is the upstream's name for it; NAME=MODEL says another.

What is checked before anything is emitted: the answer is to the very job that was asked (model id,
prompt, parameters, and a nonce that the proxy draws where the request has no `seed`: no old answer
fits), the worker's key signed a head over every token and answers for all of them, the text is what
these tokens spell (it is spelled here, and none of the upstream's passed on), the end is the
receipt's, and one that the tokens bear out. With `replay` also: the model here draws the same
tokens, and what is emitted has been drawn again before. With `signature` a lie that the worker
signs passes: its receipt is what you hold against it.

An answer that fails, or that the upstream cuts off, ends with an error (code `unverified`), never
with an end. Its evidence is kept in the folder that the log names, within limits: of refuted
answers the first 256 files or 256 MiB, of others the last. Evidence is NAME.json, its receipt
NAME.receipt.json beside it, where one came: that one is for `probity verify`. Whoever asks again
until an answer holds chooses among answers: refusing selects.

On a loopback address only programs of this machine are answered, and in no case pages of other
origins. `logprobs` are refused: no receipt covers them. Requests go on as they are, but always as a
stream, and with a `seed`.";

/// What has to hold before anything is emitted.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Required {
    /// The worker's signature over every token
    Signature,
    /// And the same tokens drawn again by the model here
    Replay,
}

#[derive(Args)]
pub(crate) struct ProxyOptions {
    /// Models that may be asked, as `probity run` names them; NAME=MODEL: as the upstream calls it
    #[arg(value_name = "MODEL", required = true, value_parser = ServedName::parse)]
    pub(crate) models: Vec<ServedName>,
    /// The server to ask: a `probity serve`
    #[arg(long, value_name = "URL", value_parser = gateway::UpstreamUrl::parse)]
    pub(crate) upstream: gateway::UpstreamUrl,
    /// What has to hold before anything is emitted
    #[arg(long, value_name = "EVIDENCE", value_enum, default_value_t = Required::Signature)]
    pub(crate) require: Required,
    /// A key that may sign, its 64 digits or a file of `probity key export`; may be given more than once [default: the
    /// first that ever did]
    #[arg(long, value_name = "KEY", value_parser = public_key::named)]
    pub(crate) worker: Vec<PublicKey>,
    /// The environment variable that holds the upstream's API key [default: each caller's own is passed on]
    #[arg(long, value_name = "NAME")]
    pub(crate) upstream_key_env: Option<String>,
    /// Authorities that may have signed the upstream's certificate, beside the system's (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) upstream_ca: Option<PathBuf>,
    /// Where to listen: an address and a port, or a port alone, which is then 127.0.0.1's
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8001", value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// Let everybody ask who reaches an address that is not this machine's own
    #[arg(long)]
    pub(crate) no_keys: bool,
    /// The folder of evidence, and of the key that was trusted first [default: in the folder of models]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) evidence: Option<PathBuf>,
    /// Keep the receipt of every answer that holds in this folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) receipts: Option<PathBuf>,
    /// Most answers at once: those beyond get 429
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = whole::<usize>(1..=65536))]
    pub(crate) answers: usize,
    /// Seconds that the upstream may be silent in an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = whole::<u64>(1..=86400))]
    pub(crate) silence: u64,
    /// Seconds that running answers may take once the proxy is asked to end
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = whole::<u64>(0..=86400))]
    pub(crate) drain: u64,
    /// Tell no line for each answer that holds (there is never a prompt or an answer in one)
    #[arg(long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}
