//! What a network is followed from: its genesis, or a start that somebody gave or that was kept here.
//!
//! Never judges a bundle. It reads the clock once: every bundle of a run is held against the same time.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use chain::{Genesis, Stamp};
use light::{Bounds, Start};

use crate::arguments::NetworkOptions;
use crate::failure::Usage;
use crate::files::{Force, Pending, Readers, beginning, refuse_taken};
use crate::output::{shown, tell};

/// Longest genesis that is read: what its limits allow.
const GENESIS_BYTES_MAX: u64 = 1 << 26;
/// Longest start.
const START_BYTES_MAX: u64 = 1 << 16;
const DAY_MS: u64 = 86_400_000;

/// A network, and what is known of it before a bundle is read.
pub(super) struct Origin {
    pub(super) genesis: Genesis,
    pub(super) start: Option<Start>,
    pub(super) now: Stamp,
    pub(super) bounds: Bounds,
    keep: Option<PathBuf>,
}

impl Origin {
    /// What the options name; `None` where they name no network.
    pub(super) fn read(options: &NetworkOptions) -> Result<Option<Self>> {
        let Some(path) = &options.network else { return Ok(None) };
        let bytes = beginning(path, GENESIS_BYTES_MAX)?;
        let genesis = Genesis::decode(&bytes).map_err(|error| {
            let file = shown(path);
            Usage(format!(
                "{file} is no genesis of a network: {error}; whoever runs the network publishes the file, and its hash is \
                 the network's id"
            ))
        })?;
        let start = options.start.as_deref().map(|path| start(path, &genesis)).transpose()?;
        if let Some(keep) = &options.keep_start {
            refuse_taken(keep, Force(true))?;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Stamp(u64::try_from(since.as_millis())?);
        let days = |days: u16| u64::from(days) * DAY_MS;
        let bounds =
            Bounds { header_ms: days(options.header_days), start_ms: days(options.start_days) };
        Ok(Some(Self { genesis, start, now, bounds, keep: options.keep_start.clone() }))
    }

    /// Keeps the latest of the starts that bundles led to, where that was asked for.
    pub(super) fn keep<'a>(&self, found: impl Iterator<Item = &'a Start>) -> Result<()> {
        let Some(path) = &self.keep else { return Ok(()) };
        let Some(latest) = found.max_by_key(|start| start.header().height) else {
            tell(format_args!(
                "{}: no start kept: no bundle leads to a header that is established to be of now; what is there stays",
                shown(path)
            ));
            return Ok(());
        };
        let pending = Pending::new(path, Readers::Everybody, Force(true))?;
        pending.write_bytes(&latest.encode())?;
        let height = latest.header().height.0;
        tell(format_args!(
            "{}: the start at block {height}, for --start the next time",
            shown(path)
        ));
        Ok(())
    }
}

fn start(path: &Path, genesis: &Genesis) -> Result<Start> {
    let bytes = beginning(path, START_BYTES_MAX)?;
    let read = Start::decode(&bytes).and_then(|start| start.is_of(genesis).map(|()| start));
    read.map_err(|error| {
        let file = shown(path);
        let words = format!(
            "{file} is no start of this network: {error}; `--keep-start FILE` writes one, or leave --start out to follow the \
             network from its genesis"
        );
        Usage(words).into()
    })
}

/// How long ago a stamp is, as people say it.
pub(super) fn ago(stamp_ms: u64, now: Stamp) -> String {
    let seconds = now.0.abs_diff(stamp_ms) / 1_000;
    let (number, unit) = match seconds {
        0..120 => (seconds, "seconds"),
        120..7_200 => (seconds / 60, "minutes"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        172_800.. => (seconds / 86_400, "days"),
    };
    let side = if stamp_ms > now.0 { "ahead" } else { "ago" };
    format!("{number} {unit} {side}")
}
