//! [`Config`]: everything the store needs to know, as values.
//!
//! This crate never reads the environment: the command line reads it once and fills this in.
//! (One exception lies in a library: the loader of the system's certificates takes those of
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` in their place, as OpenSSL does.) Secrets print as `***`.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::catalogue::{CATALOGUE, Entry};
use crate::pip::PipSettings;

/// The hub when none is configured.
pub const DEFAULT_HUB: &str = "https://huggingface.co";
/// The Python index when none is configured.
pub const DEFAULT_INDEX: &str = "https://pypi.org/simple";

/// What a store is made from.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder that holds all state.
    pub home: PathBuf,
    pub network: Network,
    pub catalogue: &'static [Entry],
}

/// How to reach sources. Empty strings mean "not set", as they do in the environment.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Refuse every network source.
    pub offline: bool,
    pub http_proxy: Option<String>,
    pub https_proxy: Option<String>,
    pub all_proxy: Option<String>,
    pub no_proxy: Option<String>,
    /// A PEM file of authorities trusted beside the system's (pip's `cert` is another).
    pub extra_ca: Option<PathBuf>,
    /// `HF_ENDPOINT`.
    pub hub_endpoint: Option<String>,
    /// `HF_TOKEN`; sent to the hub's own origin only.
    pub hub_token: Option<Secret>,
    pub pip: PipSettings,
    pub timeouts: Timeouts,
}

/// The waits after which a source counts as dead.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    pub resolve: Duration,
    pub connect: Duration,
    /// From the request to the first byte of the answer.
    pub response: Duration,
    /// The longest silence inside a body.
    pub idle: Duration,
    /// For the whole of a small answer: a page, a list of files.
    pub small: Duration,
    /// What a large body must bring at least.
    pub least: LeastRate,
}

/// So many bytes in every such stretch of time; a body that brings fewer is broken off, and what came is kept.
#[derive(Clone, Copy, Debug)]
pub struct LeastRate {
    pub bytes: u64,
    pub every: Duration,
}

/// The longest that a small answer may take.
const SMALL_ANSWER_MAX: Duration = Duration::from_secs(120);
/// About a kilobyte a second: what brings less would take ten days for a gigabyte.
const LEAST_RATE: LeastRate = LeastRate { bytes: 64 << 10, every: Duration::from_secs(60) };

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Config {
    /// Defaults for a store in `home`.
    pub fn new(home: impl Into<PathBuf>) -> Self {
        Self { home: home.into(), network: Network::default(), catalogue: CATALOGUE }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(10),
            connect: Duration::from_secs(10),
            response: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            small: SMALL_ANSWER_MAX,
            least: LEAST_RATE,
        }
    }
}

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

/// The store's folder: `$PROBITY_HOME`, else `probity` in the XDG data folder, else
/// `~/.local/share/probity`. `None` when none of the three values is usable: then the caller must
/// ask for one. As the XDG specification demands, a relative `$XDG_DATA_HOME` is ignored.
pub fn default_home(
    probity_home: Option<OsString>,
    xdg_data_home: Option<OsString>,
    user_home: Option<OsString>,
) -> Option<PathBuf> {
    let set = |value: Option<OsString>| value.filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(home) = set(probity_home) {
        return Some(home);
    }
    if let Some(data) = set(xdg_data_home).filter(|path| path.is_absolute()) {
        return Some(data.join("probity"));
    }
    set(user_home).map(|home| home.join(Path::new(".local/share/probity")))
}
