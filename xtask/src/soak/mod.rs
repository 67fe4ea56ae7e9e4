//! `cargo xtask soak`: ten minutes of what a server meets in the open, with its power cut again and again.
//!
//! The real server with a real model. Clients ask, stream, leave in mid-answer, read slowly, send nonsense, send too
//! much; for the first half nobody disturbs the server, so its memory can be watched; in the second half it is killed
//! and started anew on the same state. What must hold: every receipt of an answer that a client saw to its end is
//! there afterwards and verifies, nothing panicked, nothing lost a connection while the server ran, memory stayed
//! where it was, and in the end nothing is left running.
//!
//! Never part of `cargo test` or CI. Failure: the findings, one a line.

mod asking;
mod clients;
mod memory;
mod receipts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::bench::{peer, target_folder};
use crate::bindings::named;
use crate::served::{self, Served};
use clients::{Clients, Random};
use memory::Memory;

const DEFAULT_MINUTES: u64 = 10;
const MINUTES_MAX: u64 = 24 * 60;
/// Clients at once.
const CLIENTS: u64 = 16;
/// How long a server lives in the second half, at least and at most.
const LIFE_S: (u64, u64) = (15, 40);
/// How long the answers that still run may take when nobody asks any more.
const CALM: Duration = Duration::from_secs(120);
/// Receipts that are replayed in the end, besides those of answers just before each cut.
const REPLAYED: usize = 24;

struct Options {
    minutes: u64,
    seed: u64,
    model: Option<PathBuf>,
}

/// Runs the soak and prints its figures.
pub(crate) fn run(root: &Path, words: &[&str]) -> Outcome<()> {
    let options = parse(words)?;
    let target = target_folder(root)?;
    let model = match &options.model {
        Some(model) => model.clone(),
        None => peer::prepare(root, &target.join("peers"), None, &[])?.model(peer::Format::Q4_1),
    };
    let home = target.join("soak");
    if home.exists() {
        std::fs::remove_dir_all(&home).map_err(|error| named(&home, &error))?;
    }
    let soak = Soak { program: served::build(root, true)?, model, home };
    println!("{} minutes, seed {}, {CLIENTS} clients", options.minutes, options.seed);
    let findings = soak.run(&options)?;
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &findings {
        *counted.entry(finding).or_default() += 1;
    }
    for (finding, times) in counted {
        println!("FOUND: {finding} ({times} times)");
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(format!("{count} findings")),
    }
}

fn parse(words: &[&str]) -> Outcome<Options> {
    let mut options = Options { minutes: DEFAULT_MINUTES, seed: 1, model: None };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or(format!("{word} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|error| format!("{word}: {error}"));
        match *word {
            "--minutes" => options.minutes = number()?,
            "--seed" => options.seed = number()?,
            "--model" => options.model = Some(PathBuf::from(value)),
            other => return Err(format!("unknown option {other}\n{}", crate::USAGE)),
        }
    }
    if !(1..=MINUTES_MAX).contains(&options.minutes) {
        return Err(format!("--minutes: 1 to {MINUTES_MAX}"));
    }
    Ok(options)
}

struct Soak {
    program: PathBuf,
    model: PathBuf,
    home: PathBuf,
}

impl Soak {
    /// A server on the state that was left, and how long it took to be ready.
    fn start(&self) -> Outcome<(Served, Duration)> {
        let begun = Instant::now();
        let model = format!("model={}", self.model.display());
        let words = [model.as_str(), "--quiet", "--answers", "12", "--kv-memory", "100000000"];
        let served = Served::start(&self.program, &self.home, &words)?;
        asking::ready(&served.url)?;
        Ok((served, begun.elapsed()))
    }

    /// Both halves, and what was found.
    fn run(&self, options: &Options) -> Outcome<Vec<String>> {
        let half = Duration::from_secs(options.minutes * 30);
        let (mut served, _) = self.start()?;
        let clients = Clients::start(CLIENTS, options.seed, &served.url);
        let mut memory = Memory::default();
        let mut findings = Vec::new();
        let alive = watch(&mut served, half, Some(&mut memory));
        end_of_life(&served, alive, &mut findings);
        println!("undisturbed for {} s: {}", half.as_secs(), memory.line());
        findings.extend(memory.finding());

        let mut random = Random::new(options.seed ^ 0xcafe);
        let begun = Instant::now();
        let (mut cuts, mut slowest) = (0, Duration::ZERO);
        let mut last: Vec<String> = Vec::new();
        while begun.elapsed() < half {
            let life = Duration::from_secs(LIFE_S.0 + random.below(LIFE_S.1 - LIFE_S.0));
            let alive = watch(&mut served, life, None);
            clients.cut();
            served.kill();
            end_of_life(&served, alive, &mut findings);
            cuts += 1;
            last.extend(clients.last_delivered(2));
            let (next, time) = self.start()?;
            slowest = slowest.max(time);
            findings.extend(receipts::missing(&next.url, &clients.last_delivered(64))?);
            served = next;
            clients.go_on(&served.url);
        }
        println!("killed {cuts} times; ready again after {:.1} s at most", slowest.as_secs_f64());
        clients.stop(&mut findings);
        findings.extend(asking::calm(&served.url, CALM)?);
        last.extend(clients.some_delivered(REPLAYED, &mut random));
        findings.extend(receipts::missing(&served.url, &clients.delivered())?);
        findings.extend(receipts::refuted(
            &self.program,
            &self.model,
            &self.home,
            &served.url,
            &last,
        )?);
        let alive = served.runs();
        end_of_life(&served, alive, &mut findings);
        println!("{}", clients.table());
        Ok(findings)
    }
}

/// Lets a server live for so long, and says whether it lived to the end.
fn watch(served: &mut Served, time: Duration, mut memory: Option<&mut Memory>) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < time && served.runs() {
        std::thread::sleep(Duration::from_millis(500));
        if let Some(memory) = memory.as_deref_mut() {
            memory.note(served.id(), begun.elapsed(), time);
        }
    }
    served.runs()
}

/// What a server's life leaves to say.
fn end_of_life(served: &Served, alive: bool, findings: &mut Vec<String>) {
    let said = served.said();
    if !alive {
        findings.push("the server ended by itself".to_owned());
    }
    for line in said.lines().filter(|line| line.contains("panicked")) {
        findings.push(format!("the server said: {line}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_unknown_ones_refused() {
        let options = parse(&["--minutes", "3", "--seed", "9"]).unwrap();
        assert_eq!((options.minutes, options.seed), (3, 9));
        assert!(parse(&["--minutes", "0"]).is_err());
        assert!(parse(&["--minutes"]).is_err());
        assert!(parse(&["--hours", "1"]).is_err());
    }
}
