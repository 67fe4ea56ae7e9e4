//! Everything the program reads from its environment, turned into values.

use std::env;
use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use store::pip::{PipEnvironment, PipPlaces, PipSettings, config_files};
use store::{Config, Network, Secret, Store, StoreError, default_home, open_plain};

/// Longest token that is read of a file.
const TOKEN_BYTES_MAX: u64 = 4096;
const UNUSABLE: &str = "the folder for models can't be used (PROBITY_HOME names another)";

/// The store of this user, made if need be.
pub(crate) fn store() -> Result<Store> {
    Store::open(config()?).map_err(|error| {
        // One about what may not be written says itself what to set.
        let told = matches!(error, StoreError::Home { .. });
        if told { anyhow!(error) } else { anyhow!(error).context(UNUSABLE) }
    })
}

/// The store of this user as it is, to look at: creates nothing.
pub(crate) fn store_to_look_at() -> Result<Store> {
    Ok(Store::look(config()?))
}

fn config() -> Result<Config> {
    let home = default_home(
        env::var_os("PROBITY_HOME"),
        env::var_os("XDG_DATA_HOME"),
        env::var_os("HOME"),
    );
    let home = home.context("no folder for models: set PROBITY_HOME to one")?;
    let mut config = Config::new(home);
    config.network = network();
    Ok(config)
}

/// The kernels that are asked for.
pub(crate) fn kernels() -> Option<String> {
    text("PROBITY_KERNELS")
}

/// The variables whose names begin so, the rest of each name as an option is written.
pub(crate) fn with_prefix(prefix: &str) -> Vec<(String, String)> {
    let all = env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let name = name.strip_prefix(prefix)?.to_lowercase().replace('_', "-");
        Some((name, value.into_string().ok()?))
    });
    all.collect()
}

/// The words of the command line.
pub(crate) fn words() -> Vec<OsString> {
    env::args_os().collect()
}

fn network() -> Network {
    let either = |lower: &str, upper: &str| text(lower).or_else(|| text(upper));
    Network {
        offline: text("PROBITY_OFFLINE").is_some_and(|value| value != "0"),
        http_proxy: either("http_proxy", "HTTP_PROXY"),
        https_proxy: either("https_proxy", "HTTPS_PROXY"),
        all_proxy: either("all_proxy", "ALL_PROXY"),
        no_proxy: either("no_proxy", "NO_PROXY"),
        extra_ca: path("REQUESTS_CA_BUNDLE"),
        hub_endpoint: text("HF_ENDPOINT"),
        hub_token: hub_token().map(Secret::new),
        pip: pip(),
        ..Network::default()
    }
}

/// The hub's token: of the variable, else of the file that the hub's own tools keep it in.
fn hub_token() -> Option<String> {
    let home = || {
        let cache = path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join(".cache")));
        path("HF_HOME").or_else(|| Some(cache?.join("huggingface")))
    };
    let of_file = || {
        let file = path("HF_TOKEN_PATH").or_else(|| Some(home()?.join("token")))?;
        let mut token = String::new();
        let open = open_plain(&file).ok()??;
        open.take(TOKEN_BYTES_MAX).read_to_string(&mut token).ok()?;
        Some(token.trim().to_owned()).filter(|token| !token.is_empty())
    };
    text("HF_TOKEN").or_else(of_file)
}

/// Pip's settings; ones that can't be read are told when pip's sources are asked.
fn pip() -> PipSettings {
    let places = PipPlaces {
        user_home: path("HOME"),
        xdg_config_home: path("XDG_CONFIG_HOME"),
        virtual_env: path("VIRTUAL_ENV"),
        pip_config_file: path("PIP_CONFIG_FILE"),
    };
    let environment = PipEnvironment {
        index_url: text("PIP_INDEX_URL"),
        extra_index_url: text("PIP_EXTRA_INDEX_URL"),
        find_links: text("PIP_FIND_LINKS"),
        no_index: text("PIP_NO_INDEX"),
        cert: text("PIP_CERT"),
    };
    PipSettings::load(&config_files(&places), &environment)
        .unwrap_or_else(|error| PipSettings::broken(&error))
}

/// A variable that somebody named.
pub(crate) fn named(name: &str) -> Option<String> {
    text(name)
}

fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
