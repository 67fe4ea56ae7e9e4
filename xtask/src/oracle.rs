//! `cargo xtask oracle`: a chain from a seed, replayed by `spec/oracle/replay.py`, which shares no code with ours.
//!
//! Twice: the blocks alone, to the same state roots; and everything that was offered to their proposers, to the same
//! blocks and the same rejections. Then games of disputes, whose every move `spec/oracle/games.py` judges, and every
//! tile of a model. A difference is a failure, and the files are kept in `target/oracle`.

use dispute::sides::recording::{Recorded, game, tiles};
use sim::recording::record;
use std::path::Path;
use std::process::Command;

use crate::Outcome;

const USAGE: &str =
    "usage: cargo xtask oracle [--seeds N] [--from SEED] [--blocks N] [--games N] [--tiles N]";

/// Records and replays, seed by seed.
pub(crate) fn run(repository: &Path, options: &[&str]) -> Outcome<()> {
    let (mut seeds, mut from, mut blocks, mut games, mut surveys) = (1, 0, 1_000, 20, 1);
    for pair in options.chunks(2) {
        let [name, value] = pair else { return Err(USAGE.into()) };
        let value: u64 = value.parse().map_err(|_| format!("{value:?} is no whole number"))?;
        match *name {
            "--seeds" => seeds = value,
            "--from" => from = value,
            "--blocks" => blocks = value,
            "--games" => games = value,
            "--tiles" => surveys = value,
            _ => return Err(USAGE.into()),
        }
    }
    let folder = repository.join("target").join("oracle");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for seed in from..from.saturating_add(seeds) {
        let made = record(seed, blocks)?;
        println!("seed {seed}: {} taken, {} rejected", made.taken, made.rejected);
        let recording = folder.join(format!("{seed}.recording"));
        let offers = folder.join(format!("{seed}.json"));
        let cases = format!("{{\"cases\":[\n{}\n]}}\n", made.offers);
        for (path, bytes) in [(recording, made.recording), (offers, cases.into_bytes())] {
            std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
            replayed(repository, "replay.py", &path)?;
        }
    }
    judged(repository, &folder.join("games.json"), from, games, game)?;
    judged(repository, &folder.join("tiles.json"), from, surveys, tiles)
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
