//! `probity proxy`: an endpoint of one's own that verifies somebody else's answers before it emits them.
//!
//! Only hands values to `gateway`: where models lie, which key the upstream wants, where evidence is kept.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use gateway::{Log, ProxiedModel, ProxyServer, ProxySettings, Requirement};
use store::Store;

use crate::arguments::{ProxyOptions, Required, ServedName};
use crate::failure::Usage;
use crate::loading::{find, identify, load};
use crate::output::tell;

pub(crate) fn run(options: ProxyOptions) -> Result<ExitCode> {
    refuse_open(&options)?;
    let store = crate::environment::store()?;
    let settings = settings(&store, &options)?;
    let server = ProxyServer::start(settings)?;
    let names: Vec<&str> = options.models.iter().map(|model| model.name.as_str()).collect();
    let (names, address) = (names.join(", "), server.address());
    tell(format_args!(
        "verifying {names} ({}) on http://{address}/v1",
        requirement(options.require).name()
    ));
    tell(format_args!("signatures are taken of: {}", server.trusted()));
    server.run()?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses to let strangers in by accident, before anything is done.
fn refuse_open(options: &ProxyOptions) -> Result<(), Usage> {
    if options.no_keys || options.listen.ip().is_loopback() {
        return Ok(());
    }
    Err(Usage(format!(
        "--listen {}: others reach this address, and a proxy asks nobody for a key: --no-keys lets everybody ask",
        options.listen
    )))
}

fn requirement(required: Required) -> Requirement {
    match required {
        Required::Signature => Requirement::Signature,
        Required::Replay => Requirement::Replay,
    }
}

fn settings(store: &Store, options: &ProxyOptions) -> Result<ProxySettings> {
    let requirement = requirement(options.require);
    let model = |served: &ServedName| model(store, served, options);
    let models = options.models.iter().map(model).collect::<Result<Vec<_>>>()?;
    let folder = options.evidence.clone().unwrap_or_else(|| store.home().join("proxy"));
    let upstream = options.upstream.clone();
    let mut settings = ProxySettings::new(options.listen, upstream, requirement, models, folder);
    if let Some(name) = &options.upstream_key_env {
        let key = crate::environment::named(name);
        let key = key.with_context(|| format!("--upstream-key-env: {name} is not set"))?;
        settings.upstream_key = Some(key);
    }
    settings.upstream_ca.clone_from(&options.upstream_ca);
    settings.workers.clone_from(&options.worker);
    settings.receipts.clone_from(&options.receipts);
    settings.limits.answers_max = options.answers;
    settings.upstream_limits.silence = Duration::from_secs(options.silence);
    settings.drain = Duration::from_secs(options.drain);
    settings.quiet = options.quiet;
    settings.log = Log::new(|line| tell(line));
    Ok(settings)
}

/// A model with what its answers are checked by: its weights only where they are replayed.
fn model(store: &Store, served: &ServedName, options: &ProxyOptions) -> Result<ProxiedModel> {
    let name = served.name.clone();
    let of = |id: [u8; 32]| tell(format_args!("{name} must be the model {}", commit::hex(&id)));
    match options.require {
        Required::Replay => {
            let loaded = load(&served.model, &options.engine)?;
            of(loaded.id.0);
            let runner = Some(loaded.runner);
            Ok(ProxiedModel { name, model: loaded.model, id: loaded.id.0, runner })
        }
        Required::Signature => {
            let reference = &served.model.reference;
            if !is_package(served) {
                // Downloaded first where it is not here.
                find(store, reference)?;
            }
            let told = &mut |_: &_| tell("reading the model to find its id (once)");
            let identified = identify(store, reference, told, &mut |_| Ok(()))?;
            of(identified.id.0);
            let model = Arc::new(identified.model);
            Ok(ProxiedModel { name, model, id: identified.id.0, runner: None })
        }
    }
}

fn is_package(served: &ServedName) -> bool {
    matches!(&served.model.reference, store::ModelRef::Path(path) if path.is_dir())
}
