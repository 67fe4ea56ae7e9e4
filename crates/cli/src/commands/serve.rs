//! `probity serve`: models behind the addresses that people's programs know.
//!
//! Only hands values to `gateway`: where models lie, which key signs, where receipts are kept.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, Result, bail};
use gateway::{Describe, Description, Loaded, Log, LogFormat, ModelEntry, Server, Settings};
use store::{ModelRef, ReceiptBook, Store, StoreError};

use super::api_key;
use super::key::worker_key;
use crate::arguments::{EngineOptions, LogLines, ServeOptions, ServedName};
use crate::failure::{Usage, describe};
use crate::folders;
use crate::interrupt::{self, Meaning};
use crate::layers::layered;
use crate::loading::{find, known_id, load, open, open_found, require};
use crate::output::tell;
use crate::packaged;

/// Seconds of a day.
const DAY_S: u64 = 86_400;

pub(crate) fn run(options: ServeOptions) -> Result<ExitCode> {
    let options = layered(options)?;
    refuse_open(&options)?;
    options.keys.as_deref().map_or(Ok(()), api_key::present)?;
    let store = crate::environment::store()?;
    let mut settings = settings(&store, &options)?;
    let secret = worker_key(&store)?;
    let book = options.receipts.clone().unwrap_or_else(|| store.home().join("receipts/book.redb"));
    let book = ReceiptBook::open(&book).map_err(with_way_out)?;
    let load = loader(options.models.clone(), options.engine.clone());
    settings.describe = describer(options.models.clone());
    let names: Vec<&str> = options.models.iter().map(|model| model.name.as_str()).collect();
    let names = names.join(", ");
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let server = Server::start(settings, store, book, secret, load)?;
    // The server hears them itself.
    interrupt::means(Meaning::Nothing)?;
    let address = server.address();
    server.run(|| tell(format_args!("serving {names} on {scheme}://{address}/v1")))?;
    Ok(ExitCode::SUCCESS)
}

/// Two servers can have one folder of models, and not one book of receipts.
fn with_way_out(error: StoreError) -> Error {
    if !matches!(error, StoreError::BookTaken { .. }) {
        return error.into();
    }
    Error::from(error).context("this server needs a file of its own for receipts: --receipts FILE")
}

/// Refuses to let strangers in by accident, before anything is done.
fn refuse_open(options: &ServeOptions) -> Result<(), Usage> {
    if options.models.is_empty() {
        return Err(Usage("no model is named: probity serve smollm2-135m".into()));
    }
    let closed = options.keys.is_some() || options.no_keys || options.listen.ip().is_loopback();
    if closed {
        return Ok(());
    }
    Err(Usage(format!(
        "--listen {}: others reach this address, so API keys are needed: --keys FILE (`probity api-key new` makes \
         one), or --no-keys to let everybody ask",
        options.listen
    )))
}

/// What the server is told. Models that are not here are downloaded first.
fn settings(store: &Store, options: &ServeOptions) -> Result<Settings> {
    let mut models: Vec<ModelEntry> = Vec::new();
    for served in &options.models {
        if models.iter().any(|known| known.name == served.name) {
            let name = &served.name;
            bail!(Usage(format!("two models are called {name}: NAME=MODEL names one anew")));
        }
        let bytes = bytes(store, served)?;
        if let Some(memory) = options.memory.filter(|memory| *memory < bytes) {
            let name = &served.name;
            bail!(Usage(format!("--memory {memory}: {name} alone has {bytes} bytes of weights")));
        }
        models.push(ModelEntry { name: served.name.clone(), bytes });
    }
    let mut settings = Settings::new(options.listen, models);
    settings.memory_max = options.memory.unwrap_or(u64::MAX);
    settings.keys.clone_from(&options.keys);
    settings.tls = options.tls_cert.clone().zip(options.tls_key.clone());
    settings.cors = options.cors.clone().unwrap_or_default();
    settings.hosts = listed(options.hosts.as_deref());
    settings.retention_s = options.retention.map(|days| days * DAY_S);
    settings.grace = Duration::from_secs(options.grace);
    settings.drain = Duration::from_secs(options.drain);
    settings.gap = options.gap.map_or(settings.gap, Duration::from_millis);
    let scheduler = &mut settings.scheduler;
    set(&mut scheduler.kv_bytes_max, options.kv_memory);
    set(&mut scheduler.cache_bytes_max, options.cache_memory);
    set(&mut scheduler.running_max, options.batch);
    set(&mut settings.limits.answers_max, options.answers);
    set(&mut settings.limits.connections_max, options.connections);
    set(&mut settings.limits.body_bytes_max, options.body);
    let log = Log::new(|line| tell(line)).in_format(match options.log_format {
        LogLines::Text => LogFormat::Text,
        LogLines::Json => LogFormat::Json,
    });
    settings.log = if options.quiet { log.quiet() } else { log };
    Ok(settings)
}

/// What stands between commas.
fn listed(typed: Option<&str>) -> Vec<String> {
    typed.iter().flat_map(|typed| typed.split(',')).map(|one| one.trim().to_owned()).collect()
}

fn set(value: &mut usize, given: Option<usize>) {
    *value = given.unwrap_or(*value);
}

/// About how many bytes a model's weights take. All but the weights is read: what is no model is refused now, and not
/// by the first question.
fn bytes(store: &Store, served: &ServedName) -> Result<u64> {
    if let ModelRef::Path(path) = &served.model.reference
        && folders::is_package(path)
    {
        let package = packaged::open(path)?;
        packaged::model(path, &package)?;
        return Ok(package.manifest().files().iter().map(|file| file.hashes.size).sum());
    }
    let reference = &served.model.reference;
    let file = find(store, reference)?;
    open_found(&file, reference)?;
    Ok(file.size)
}

/// Says what the header of a model that is here says, by its name.
fn describer(models: Vec<ServedName>) -> Describe {
    Describe(Arc::new(move |name| {
        let known = models.iter().find(|model| model.name == name)?;
        // Why it can't be read is told to whoever asks it something.
        about(&known.model.reference).ok()
    }))
}

fn about(reference: &ModelRef) -> Result<Description> {
    let store = crate::environment::store()?;
    if let ModelRef::Path(path) = reference
        && folders::is_package(path)
    {
        let package = packaged::open(path)?;
        return Ok(Description::of(&packaged::model(path, &package)?, Some(package.id().0)));
    }
    let file = require(&store, reference)?;
    let opened = open(&file.path)?;
    let id = known_id(&store, &opened, &file)?;
    Ok(Description::of(&opened.publication.model, id.map(|id| id.0)))
}

/// Loads one of the models by its name.
fn loader(models: Vec<ServedName>, engine: EngineOptions) -> Arc<gateway::LoadModel> {
    Arc::new(move |name| {
        let known = models.iter().find(|model| model.name == name);
        let loaded = known.context("no such model").and_then(|known| load(&known.model, &engine));
        let loaded = loaded.map_err(|error| describe(&error))?;
        Ok(Loaded { model: loaded.model, runner: loaded.runner, id: loaded.id.0 })
    })
}
