//! What can be typed after `probity serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use store::ModelRef;

use super::{EngineOptions, ModelName};

pub(crate) const EXAMPLES: &str = "\
Examples:
  probity serve smollm2-135m                         then: OPENAI_BASE_URL=http://127.0.0.1:8000/v1
  probity serve small=./model.gguf smollm2-135m      two models, one under a name of its own
  probity serve smollm2-135m --memory 2000000000     no more weights than that at once

Answers have their receipt: its address stands in the header `x-probity-receipt` and in the object
`probity` of every answer; GET /v1/receipts/ID gives the file that `probity verify` checks.

Ctrl-C or SIGTERM: nothing new is taken, what runs comes to its end within --drain, the rest is
cancelled; each answer has its receipt all the same.";

#[derive(Args)]
pub(crate) struct ServeOptions {
    /// Models to serve, as `probity run` names them; NAME=MODEL serves one under that name
    #[arg(value_name = "MODEL", required = true, value_parser = ServedName::parse)]
    pub(crate) models: Vec<ServedName>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    pub(crate) listen: SocketAddr,
    /// Most bytes of weights that are loaded at once [default: no limit]
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory: Option<u64>,
    /// The database of receipts [default: in the folder of models]
    #[arg(long, value_name = "FILE")]
    pub(crate) receipts: Option<PathBuf>,
    /// Seconds that running answers may take once the server is asked to end
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) drain: u64,
    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}

/// A model, and what requests call it.
#[derive(Clone)]
pub(crate) struct ServedName {
    pub(crate) name: String,
    pub(crate) model: ModelName,
}

impl ServedName {
    fn parse(typed: &str) -> Result<Self, String> {
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
            ModelRef::Hub(_) | ModelRef::Catalogue(_) => None,
        };
        let name = name.map(str::to_owned).or_else(own).unwrap_or_else(|| model.typed.clone());
        Ok(Self { name, model })
    }
}
