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

const HELP: &str = "\
Has the validator in Python (spec/oracle), which was written from the text alone, judge what ours judged, and compares.

usage: cargo xtask oracle [--seeds N] [--from SEED] [--blocks N] [--courts N] [--games N] [--tiles N] [--operands N]

  --seeds N      chains of the simulator's traffic (default 1)
  --from SEED    the first seed of each (default 0)
  --blocks N     blocks of a chain (default 1000)
  --courts N     chains of courts, with audits and disputes (default 1)
  --games N      disputes, move by move (default 20)
  --tiles N      models of which every tile is executed (default 1)
  --operands N   models of which tiles' operands are changed after they were opened (default 2)";

/// Records and replays, seed by seed.
pub(crate) fn run(repository: &Path, options: &[&str]) -> Outcome<()> {
    let (mut seeds, mut from, mut blocks, mut courts) = (1, 0, 1_000, 1);
    let (mut games, mut surveys, mut changed) = (20, 1, 2);
    if let ["--help" | "-h"] = options {
        println!("{HELP}");
        return Ok(());
    }
    for pair in options.chunks(2) {
        let [name, value] = pair else { return Err(format!("{} lacks its number", pair[0])) };
        let value: u64 =
            value.parse().map_err(|_| format!("{name} {value:?} is no whole number"))?;
        match *name {
            "--seeds" => seeds = value,
            "--from" => from = value,
            "--blocks" => blocks = value,
            "--courts" => courts = value,
            "--games" => games = value,
            "--tiles" => surveys = value,
            "--operands" => changed = value,
            _ => return Err(format!("{name:?} is no option: see cargo xtask oracle --help")),
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
    judged(repository, ("games", &folder.join("games.json")), (from, games), game)?;
    judged(repository, ("tiles", &folder.join("tiles.json")), (from, surveys), tiles)?;
    judged(repository, ("operands", &folder.join("operands.json")), (from, changed), operands)?;
    println!("the oracle agrees in all of it");
    Ok(())
}

/// Has a chain replayed, twice.
fn replays(
    repository: &Path,
    folder: &Path,
    name: &str,
    made: &recording::Recorded,
) -> Outcome<()> {
    println!("chain {name}, as ours judged it: {} taken, {} rejected", made.taken, made.rejected);
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
    (what, file): (&str, &Path),
    (from, count): (u64, u64),
    of: fn(u64) -> Result<Option<Recorded>, String>,
) -> Outcome<()> {
    let (mut texts, mut taken, mut refused) = (Vec::new(), 0, 0);
    for seed in from..from.saturating_add(count) {
        let Some(made) = of(seed)? else { continue };
        texts.push(made.text);
        taken += made.taken;
        refused += made.refused;
    }
    println!("{what}, as ours judged them: {taken} moves taken, {refused} refused");
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
