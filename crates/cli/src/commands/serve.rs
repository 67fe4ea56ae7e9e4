//! `probity serve`: models behind the addresses that people's programs know.
//!
//! Only hands values to `gateway`: where models lie, which key signs, where receipts are kept.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use gateway::{Loaded, ModelEntry, Server, Settings};
use store::{ModelRef, ReceiptBook, Store};

use super::key::worker_key;
use crate::arguments::{EngineOptions, ServeOptions, ServedName};
use crate::failure::{Usage, describe};
use crate::loading::{find, load};
use crate::output::tell;
use crate::packaged;

pub(crate) fn run(options: &ServeOptions) -> Result<ExitCode> {
    let store = crate::environment::store()?;
    let settings = settings(&store, options)?;
    let secret = worker_key(&store)?;
    let book = options.receipts.clone().unwrap_or_else(|| store.home().join("receipts/book.redb"));
    let book = ReceiptBook::open(&book)?;
    let load = loader(options.models.clone(), options.engine.clone());
    let names: Vec<&str> = options.models.iter().map(|model| model.name.as_str()).collect();
    let names = names.join(", ");
    let server = Server::start(settings, store, book, secret, load)?;
    tell(format_args!("serving {names} on http://{}/v1", server.address()));
    server.run()?;
    Ok(ExitCode::SUCCESS)
}

/// What the server is told. Models that are not here are downloaded first.
fn settings(store: &Store, options: &ServeOptions) -> Result<Settings> {
    let mut models: Vec<ModelEntry> = Vec::new();
    for served in &options.models {
        if models.iter().any(|known| known.name == served.name) {
            bail!(Usage(format!(
                "two models are called {}: NAME=MODEL names one anew",
                served.name
            )));
        }
        models.push(ModelEntry { name: served.name.clone(), bytes: bytes(store, served)? });
    }
    let mut settings = Settings::new(options.listen, models);
    settings.memory_max = options.memory.unwrap_or(u64::MAX);
    settings.drain = Duration::from_secs(options.drain);
    if !options.listen.ip().is_loopback() {
        bail!(Usage(format!(
            "--listen {}: without API keys only this machine may ask, by an address such as 127.0.0.1:8000",
            options.listen
        )));
    }
    Ok(settings)
}

/// About how many bytes a model's weights take.
fn bytes(store: &Store, served: &ServedName) -> Result<u64> {
    if let ModelRef::Path(path) = &served.model.reference
        && path.is_dir()
    {
        let package = packaged::open(path)?;
        return Ok(package.manifest().files().iter().map(|file| file.hashes.size).sum());
    }
    Ok(find(store, &served.model.reference)?.size)
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
