//! `probity api-key`: who may ask `probity serve`.
//!
//! Never keeps a key: the file has its hash.

use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow, bail};
use gateway::{KeyEntry, KeyFile, Scope, key_hash};

use super::key::random;
use crate::arguments::{ApiKeyCommand, NewApiKey};
use crate::failure::Usage;
use crate::files::{Force, Pending, Readers};
use crate::output::{counted, line, shown, tell};

/// What every key begins with.
const PREFIX: &str = "pk-";
/// Seconds of a day.
const DAY_S: u64 = 86_400;

pub(crate) fn run(command: &ApiKeyCommand) -> Result<ExitCode> {
    match command {
        ApiKeyCommand::New(options) => new(options)?,
        ApiKeyCommand::List(file) => {
            for entry in read(&file.file)?.keys {
                line(format_args!("{}{}", entry.name.escape_debug(), about(&entry, now_s())))?;
            }
        }
        ApiKeyCommand::Rm(named) => {
            let mut file = read(&named.file.file)?;
            let before = file.keys.len();
            file.keys.retain(|entry| entry.name != named.name);
            if file.keys.len() == before {
                bail!("{} has no key called {:?}", shown(&named.file.file), named.name);
            }
            write(&named.file.file, &file)?;
            tell("a server that runs takes it until it is told: SIGHUP, or a new start");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn new(options: &NewApiKey) -> Result<()> {
    let path = &options.named.file.file;
    let mut file = if path.exists() { read(path)? } else { KeyFile::default() };
    let name = &options.named.name;
    if name.trim().is_empty() {
        bail!(Usage(
            "a key needs a name, such as: probity api-key new alice --file keys.json".into()
        ));
    }
    if file.keys.iter().any(|entry| entry.name == *name) {
        bail!("{} has a key called {name:?} already: `probity api-key rm` first", shown(path));
    }
    let key = format!("{PREFIX}{}", commit::hex(&random()?));
    let mut scopes = vec![Scope::Ask];
    scopes.extend(options.metrics.then_some(Scope::Metrics));
    let (name, hash) = (name.clone(), key_hash(&key));
    file.keys.push(KeyEntry {
        name,
        hash,
        scopes,
        answers_max: options.answers,
        requests_per_minute: options.requests_per_minute,
        tokens_per_minute: options.tokens_per_minute,
        expires_at: options.expires.map(|days| now_s().saturating_add(days * DAY_S)),
    });
    write(path, &file)?;
    line(key)?;
    tell("a server that runs reads its keys anew on SIGHUP: `kill -HUP` its process");
    Ok(())
}

/// What a key may do, in brackets, where more is to be said of it than that it may ask.
fn about(entry: &KeyEntry, now_s: u64) -> String {
    let end = entry.expires_at.map(|at| match at.saturating_sub(now_s).div_ceil(DAY_S) {
        _ if entry.has_expired(now_s) => "expired".to_owned(),
        days => format!("expires in {}", counted(days, "day", "days")),
    });
    let said = [
        entry.answers_max.map(|most| counted(most, "answer at once", "answers at once")),
        entry
            .requests_per_minute
            .map(|most| counted(most, "request a minute", "requests a minute")),
        entry.tokens_per_minute.map(|most| counted(most, "token a minute", "tokens a minute")),
        entry.scopes.contains(&Scope::Metrics).then(|| "reads /metrics".to_owned()),
        end,
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

/// Seconds since 1970.
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Refuses a file of keys that is not there, and says how one is made.
pub(super) fn present(path: &Path) -> Result<()> {
    if !matches!(path.try_exists(), Ok(false)) {
        return Ok(());
    }
    let shown = shown(path);
    bail!(
        "there is no file of API keys {shown}: `probity api-key new NAME --file {shown}` makes it with its first key"
    )
}

fn read(path: &Path) -> Result<KeyFile> {
    present(path)?;
    KeyFile::read(path).map_err(|what| anyhow!(what))
}

fn write(path: &Path, file: &KeyFile) -> Result<()> {
    let text = serde_json::to_string_pretty(file)?;
    Pending::new(path, Readers::Owner, Force(true))?.write(&format!("{text}\n"))
}
