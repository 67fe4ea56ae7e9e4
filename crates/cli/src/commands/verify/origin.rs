//! What a network is followed from: its genesis, or a start that somebody gave or that was kept here.
//!
//! Never judges a bundle. It reads the clock once: every bundle of a run is held against the same time.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
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
            refuse_other(keep, &genesis)?;
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Stamp(u64::try_from(since.as_millis())?);
        let header_ms = u64::from(options.header_days) * DAY_MS;
        let bounds = Bounds { header_ms, start_ms: start_bound(options.start_days, &genesis)? };
        Ok(Some(Self { genesis, start, now, bounds, keep: options.keep_start.clone() }))
    }

    /// Keeps the latest of the starts that bundles led to, where that was asked for.
    pub(super) fn keep<'a>(&self, found: impl Iterator<Item = &'a Start>) -> Result<()> {
        let Some(path) = &self.keep else { return Ok(()) };
        let Some(latest) = found.max_by_key(|start| start.header().height) else {
            tell(format_args!(
                "{}: no start kept: no bundle that can be relied on leads to a fresh header from a fresh start; what is there stays",
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

/// Refuses to keep a start where something else lies, the genesis or a bundle, say.
fn refuse_other(keep: &Path, genesis: &Genesis) -> Result<()> {
    refuse_taken(keep, Force(true))?;
    if keep.exists() && start(keep, genesis).is_err() {
        bail!(Usage(format!(
            "--keep-start {}: what is there is no start of this network, and nothing else is replaced; name another file",
            shown(keep)
        )));
    }
    Ok(())
}

/// How old a start may be: no older than stake of that network answers for.
fn start_bound(days: Option<u16>, genesis: &Genesis) -> Result<u64> {
    let most = light::start_ms_most(genesis);
    let Some(days) = days else { return Ok(Bounds::default().start_ms.min(most)) };
    let asked = u64::from(days) * DAY_MS;
    if asked <= most {
        return Ok(asked);
    }
    let group = match genesis.kind.group() {
        None => "",
        Some(_) => "; and a fourth of it, for that long ago a group's key may have been dealt",
    };
    bail!(Usage(format!(
        "--start-days {days}: stake may leave this network after {} ms (`unbond_least` of its genesis, or the default where \
         that names none; a ninth of it is to spare, for an epoch{group}), and who has the keys of former seats can write another history from \
         an older start; the most days that can be asked for here are {}",
        light::unbond_least(genesis),
        most / DAY_MS
    )))
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

/// The day of a stamp, in UTC.
pub(super) fn date(stamp_ms: u64) -> String {
    // Days since the first of March of a year 0, so that a leap day is the last of its year.
    let days = stamp_ms / DAY_MS + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
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
