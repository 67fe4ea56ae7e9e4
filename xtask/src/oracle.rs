//! `cargo xtask oracle`: a chain from a seed, replayed by `spec/oracle/replay.py`, which shares no code with ours.
//!
//! Twice: the blocks alone, to the same state roots; and everything that was offered to their proposers, to the same
//! blocks and the same rejections. Then games of disputes, whose every move `spec/oracle/games.py` judges, and every
//! tile of a model; then tiles whose operands were changed after they were opened. A difference is a failure, and the files are kept in `target/oracle`.

use dispute::sides::recording::{Recorded, game, operands, tiles};
use sim::recording::{self, record, record_court};
use std::path::Path;
use std::process::Command;

use crate::Outcome;

const USAGE: &str = "usage: cargo xtask oracle [--seeds N] [--from SEED] [--blocks N] [--courts N] [--games N] [--tiles N] [--operands N]";

/// Records and replays, seed by seed.
pub(crate) fn run(repository: &Path, options: &[&str]) -> Outcome<()> {
    let (mut seeds, mut from, mut blocks, mut courts) = (1, 0, 1_000, 1);
    let (mut games, mut surveys, mut changed) = (20, 1, 2);
    for pair in options.chunks(2) {
        let [name, value] = pair else { return Err(USAGE.into()) };
        let value: u64 = value.parse().map_err(|_| format!("{value:?} is no whole number"))?;
        match *name {
            "--seeds" => seeds = value,
            "--from" => from = value,
            "--blocks" => blocks = value,
            "--courts" => courts = value,
            "--games" => games = value,
            "--tiles" => surveys = value,
            "--operands" => changed = value,
            _ => return Err(USAGE.into()),
        }
    }
    let folder = repository.join("target").join("oracle");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for seed in from..from.saturating_add(seeds) {
        replays(repository, &folder, &seed.to_string(), &record(seed, blocks)?)?;
    }
    for seed in from..from.saturating_add(courts) {
        replays(repository, &folder, &format!("court-{seed}"), &record_court(seed)?)?;
    }
    judged(repository, &folder.join("games.json"), from, games, game)?;
    judged(repository, &folder.join("tiles.json"), from, surveys, tiles)?;
    judged(repository, &folder.join("operands.json"), from, changed, operands)
}

/// Has a chain replayed, twice.
fn replays(
    repository: &Path,
    folder: &Path,
    name: &str,
    made: &recording::Recorded,
) -> Outcome<()> {
    println!("{name}: {} taken, {} rejected", made.taken, made.rejected);
    let cases = format!("{{\"cases\":[\n{}\n]}}\n", made.offers);
    let recording = (folder.join(format!("{name}.recording")), &made.recording[..]);
    for (path, bytes) in [recording, (folder.join(format!("{name}.json")), cases.as_bytes())] {
        std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        replayed(repository, "replay.py", &path)?;
    }
    Ok(())
}

/// Records so many games of disputes, and has them judged.
fn judged(
    repository: &Path,
    file: &Path,
    from: u64,
    count: u64,
    of: fn(u64) -> Result<Option<Recorded>, String>,
) -> Outcome<()> {
    let (mut texts, mut taken, mut refused) = (Vec::new(), 0, 0);
    for seed in from..from.saturating_add(count) {
        let Some(made) = of(seed)? else { continue };
        texts.push(made.text);
        taken += made.taken;
        refused += made.refused;
    }
    println!("{} disputes: {taken} moves taken, {refused} refused", texts.len());
    std::fs::write(file, format!("{{\"games\":[\n{}\n]}}\n", texts.join(",\n")))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    replayed(repository, "games.py", file)
}

fn replayed(repository: &Path, script: &str, file: &Path) -> Outcome<()> {
    let script = repository.join("spec/oracle").join(script);
    let status = Command::new("python3").arg(script).arg(file).status();
    match status.map_err(|error| format!("python3: {error}"))? {
        status if status.success() => Ok(()),
        _ => Err(format!("{}: the oracle says otherwise", file.display())),
    }
}
