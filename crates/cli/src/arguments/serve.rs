//! What can be typed after `probity serve` and `probity api-key`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use store::ModelRef;

use super::values::{address, bytes, origins};
use super::{EngineOptions, ModelName, whole};

pub(crate) const EXAMPLES: &str = "\
Examples:
  probity serve smollm2-135m                         then: OPENAI_BASE_URL=http://127.0.0.1:8000/v1
                                                     or:   ANTHROPIC_BASE_URL=http://127.0.0.1:8000
  probity serve small=./model.gguf smollm2-135m      two models, one under a name of its own
  probity serve smollm2-135m --memory 2GB            no more weights than that at once
  probity api-key new alice --file keys.json && probity serve smollm2-135m --keys keys.json
  probity api-key new bob --file keys.json --requests-per-minute 60 --tokens-per-minute 20000

Every option can also stand in a file (--config FILE) or in the environment. The file has lines such
as `listen = 0.0.0.0:8000` and `models = smollm2-135m small=./model.gguf`, each option once; a
value may stand in double quotes, `#` begins a comment, a flag is `true` or `false`. In the
environment the same is PROBITY_SERVE_LISTEN. Spaces and commas stand between models there, so a
path with one in it is a word of the command line. A flag goes before the environment, the
environment before the file, the file before the default.

Answers have their receipt: its address stands in the header `x-probity-receipt` and in the object
`probity` of every answer; GET /v1/receipts/ID gives the file that `probity verify` checks.
/v1/embeddings gives vectors, each with a receipt too; they are of use where the model was trained
for that.

Ctrl-C or SIGTERM: nothing new is taken, what runs comes to its end within --drain, the rest is
cancelled; each answer has its receipt all the same. A second one cancels the rest at once. SIGHUP
reads the API keys and the certificates anew.";

/// Several of one option.
type Origins = Vec<String>;

#[derive(Args)]
pub(crate) struct ServeOptions {
    /// Models to serve, as `probity run` names them; NAME=MODEL serves one under that name
    #[arg(value_name = "MODEL", value_parser = ServedName::parse)]
    pub(crate) models: Vec<ServedName>,
    /// A file of options, below the environment and the flags
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen: an address and a port, or a port alone, which is then 127.0.0.1's
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000", value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// Only who has an API key of this file may ask (`probity api-key`)
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// Let everybody ask who reaches an address that is not this machine's own
    #[arg(long, conflicts_with = "keys")]
    pub(crate) no_keys: bool,
    /// Serve HTTPS with this chain of certificates (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Names by which this machine may be asked where no API key is needed, with commas between
    /// them; `*` is any [default: its own, and on an address others reach those in numbers]
    #[arg(long, value_name = "NAMES")]
    pub(crate) hosts: Option<String>,
    /// Origins whose pages may ask, with commas between them; `*` is any
    #[arg(long, value_name = "ORIGINS", value_parser = origins)]
    pub(crate) cors: Option<Origins>,
    /// Most bytes of weights that are loaded at once [default: no limit]
    #[arg(long, value_name = "BYTES", value_parser = bytes::<u64>(1..=u64::MAX))]
    pub(crate) memory: Option<u64>,
    /// Most bytes of keys and values of one model, those of its cache among them [default: 4GiB]
    #[arg(long, value_name = "BYTES", value_parser = bytes::<usize>(1 << 20..=u64::MAX))]
    pub(crate) kv_memory: Option<usize>,
    /// Most bytes of them that remember prompts [default: 1GiB]
    #[arg(long, value_name = "BYTES", value_parser = bytes::<usize>(0..=u64::MAX))]
    pub(crate) cache_memory: Option<usize>,
    /// Most answers that one pass of a model feeds [default: 32]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1..=4096))]
    pub(crate) batch: Option<usize>,
    /// About how many milliseconds a pass may take that reads prompts beside answers: how long
    /// these hold up a token [default: 50]
    #[arg(long, value_name = "MS", value_parser = whole::<u64>(1..=60_000))]
    pub(crate) gap: Option<u64>,
    /// Most answers at once, waiting ones too: those beyond get 429 [default: 1024]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1..=65536))]
    pub(crate) answers: Option<usize>,
    /// Most connections at once [default: 2048]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1..=65536))]
    pub(crate) connections: Option<usize>,
    /// Most bytes of a request's body [default: 8MiB]
    #[arg(long, value_name = "BYTES", value_parser = bytes::<usize>(1..=1 << 30))]
    pub(crate) body: Option<usize>,
    /// The database of receipts; folders on the way to it that are not there are made. Two servers
    /// can't share one [default: in the folder of models]
    #[arg(long, value_name = "FILE")]
    pub(crate) receipts: Option<PathBuf>,
    /// Days for which receipts are kept; their leaves stay in the log [default: for ever]
    #[arg(long, value_name = "DAYS", value_parser = whole::<u64>(1..=36500))]
    pub(crate) retention: Option<u64>,
    /// Seconds that running answers may take once the server is asked to end
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = whole::<u64>(0..=86400))]
    pub(crate) drain: u64,
    /// Seconds for which requests are still taken once the server is asked to end, while /readyz
    /// says that it will: a balancer needs them
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = whole::<u64>(0..=3600))]
    pub(crate) grace: u64,
    /// How the lines of requests and answers are written
    #[arg(long, value_name = "FORMAT", default_value = "text", value_enum)]
    pub(crate) log_format: LogLines,
    /// Tell no line for each request (there is never a prompt or an answer in one)
    #[arg(long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}

/// How lines are written.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LogLines {
    /// A time, what happened, and names with values
    Text,
    /// One JSON object a line
    Json,
}

/// A model, and what requests call it.
#[derive(Clone)]
pub(crate) struct ServedName {
    pub(crate) name: String,
    pub(crate) model: ModelName,
}

impl ServedName {
    pub(super) fn parse(typed: &str) -> Result<Self, String> {
        let named = typed.split_once('=').filter(|(name, _)| !name.contains(['/', ':']));
        let (name, model) = named.map_or((None, typed), |(name, model)| (Some(name), model));
        if name.is_some_and(str::is_empty) {
            return Err("a name stands before the `=`".into());
        }
        let model = ModelName::parse(model).map_err(|error| error.to_string())?;
        let own = || match &model.reference {
            ModelRef::Path(path) => {
                path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned)
            }
            ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_) => None,
        };
        let name = name.map(str::to_owned).or_else(own).unwrap_or_else(|| model.typed.clone());
        Ok(Self { name, model })
    }
}

#[derive(Subcommand)]
pub(crate) enum ApiKeyCommand {
    /// Make a key and print it: it is shown this once, the file has only its hash
    New(NewApiKey),
    /// List the keys in a file: their names, limits and ends, and which may read /metrics
    List(ApiKeyFile),
    /// Take a key out of the file
    Rm(NamedApiKey),
}

#[derive(Args)]
pub(crate) struct ApiKeyFile {
    /// The file of keys, as `probity serve --keys` reads it
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Args)]
pub(crate) struct NamedApiKey {
    /// What people call the key
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) file: ApiKeyFile,
}

#[derive(Args)]
pub(crate) struct NewApiKey {
    #[command(flatten)]
    pub(crate) named: NamedApiKey,
    /// Most answers of this key at once
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1..=65536))]
    pub(crate) answers: Option<usize>,
    /// Most requests of this key a minute
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1..=u64::from(u32::MAX)))]
    pub(crate) requests_per_minute: Option<u32>,
    /// Most tokens of this key a minute, of prompts and answers together
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1..=u64::from(u32::MAX)))]
    pub(crate) tokens_per_minute: Option<u32>,
    /// Days after which it counts no more
    #[arg(long, value_name = "DAYS", value_parser = whole::<u64>(1..=36_500))]
    pub(crate) expires: Option<u64>,
    /// Lets it read /metrics too
    #[arg(long)]
    pub(crate) metrics: bool,
}
