//! Runs, the table of what their digests are by axis, and the verdict.
//!
//! Never decides what equal means: digests are compared as text. Every model's runs are compared
//! with the first of that model.

use std::collections::{BTreeMap, BTreeSet};

use crate::Outcome;

/// Answers made in one way.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) model: String,
    pub(crate) platform: &'static str,
    pub(crate) kernels: String,
    pub(crate) threads: String,
    pub(crate) chunk: String,
    pub(crate) company: String,
    pub(crate) digest: String,
}

/// An axis: its name, a run's value, and the values that must have run.
type Axis = (&'static str, fn(&Run) -> &str, &'static [&'static str]);

const AXES: [Axis; 5] = [
    ("processor", |run| run.platform, &[]),
    ("kernels", |run| &run.kernels, &["portable"]),
    ("threads", |run| &run.threads, &["1", "2", "3"]),
    ("chunk", |run| &run.chunk, &["1", "7", "64", "all"]),
    ("company", |run| &run.company, &["alone", "eight", "set aside", "remembered"]),
];
/// How much of a digest the table shows.
const SHOWN: usize = 16;

impl Run {
    /// Reads a line of the probe.
    pub(crate) fn parse(platform: &'static str, line: &str) -> Outcome<Self> {
        let words: Vec<&str> = line.split('\t').collect();
        let ["run", model, kernels, threads, chunk, company, digest] = words.as_slice() else {
            return Err(format!("{platform}: the probe said {line:?}"));
        };
        if digest.len() != 64 {
            return Err(format!("{platform}: the probe gave the digest {digest:?}"));
        }
        let word = |word: &&str| (*word).to_owned();
        Ok(Self {
            model: word(model),
            platform,
            kernels: word(kernels),
            threads: word(threads),
            chunk: word(chunk),
            company: word(company),
            digest: word(digest),
        })
    }

    fn name(&self) -> String {
        format!(
            "{} on {}, kernels {}, threads {}, chunk {}, {}",
            self.model, self.platform, self.kernels, self.threads, self.chunk, self.company
        )
    }
}

/// Prints the table; an error names the first run that differs or a value that did not run.
pub(crate) fn report(what: &str, runs: &[Run], company: bool) -> Outcome<()> {
    println!("\n{what}");
    for (axis, value_of, _) in AXES {
        let mut values: Vec<&str> = Vec::new();
        for run in runs {
            if !values.contains(&value_of(run)) {
                values.push(value_of(run));
            }
        }
        for value in values {
            let chosen: Vec<&Run> = runs.iter().filter(|run| value_of(run) == value).collect();
            println!("  {axis:<10} {value:<14} {:>5} runs  {}", chosen.len(), digest(&chosen));
        }
    }
    check(runs, company)?;
    println!("  one digest over {} runs", runs.len());
    Ok(())
}

/// One digest for the runs of any number of models, or that there is none.
fn digest(runs: &[&Run]) -> String {
    let mut models: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for run in runs {
        models.entry(&run.model).or_default().insert(&run.digest);
    }
    let mut hasher = blake3::Hasher::new();
    for digests in models.values() {
        if digests.len() != 1 {
            return "DIFFER".to_owned();
        }
        digests.iter().for_each(|digest| {
            hasher.update(digest.as_bytes());
        });
    }
    hasher.finalize().to_hex()[..SHOWN].to_owned()
}

fn check(runs: &[Run], company: bool) -> Outcome<()> {
    if runs.is_empty() {
        return Err("nothing ran".to_owned());
    }
    for run in runs {
        let first = runs.iter().find(|first| first.model == run.model).unwrap_or(run);
        if first.digest != run.digest {
            return Err(format!("{} differs from {}", run.name(), first.name()));
        }
    }
    for (axis, value_of, wanted) in AXES {
        if axis == "company" && !company {
            continue;
        }
        for value in wanted {
            if !runs.iter().any(|run| value_of(run) == *value) {
                return Err(format!("no run with {axis} {value}"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Run> {
        let mut runs = Vec::new();
        for (index, chunk) in ["1", "7", "64", "all"].into_iter().enumerate() {
            let threads = index % 3 + 1;
            let company = ["alone", "eight", "set aside", "remembered"][index];
            let digest = "a".repeat(64);
            let line = format!("run\tm\tportable\t{threads}\t{chunk}\t{company}\t{digest}");
            runs.push(Run::parse("here", &line).unwrap());
        }
        runs
    }

    #[test]
    fn equal_runs_of_every_value_pass() {
        assert_eq!(check(&all(), true), Ok(()));
    }

    #[test]
    fn the_first_run_that_differs_is_named() {
        let mut runs = all();
        runs[2].digest = "b".repeat(64);
        runs[3].digest = "c".repeat(64);
        let message = check(&runs, true).unwrap_err();
        assert!(message.starts_with("m on here, kernels portable, threads 3, chunk 64, set aside"));
        assert_eq!(digest(&runs.iter().collect::<Vec<_>>()), "DIFFER");
    }

    #[test]
    fn models_are_compared_with_themselves() {
        let mut runs = all();
        runs.push(Run { model: "other".to_owned(), digest: "b".repeat(64), ..runs[0].clone() });
        assert_eq!(check(&runs, true), Ok(()));
    }

    #[test]
    fn a_value_that_never_ran_is_a_failure() {
        let mut runs = all();
        runs.remove(3);
        assert_eq!(check(&runs, true), Err("no run with chunk all".to_owned()));
        assert!(check(&[], true).is_err());
    }

    #[test]
    fn other_lines_are_refused() {
        assert!(Run::parse("here", "run\tm\tportable").is_err());
        assert!(Run::parse("here", "run\tm\tportable\t1\t1\talone\tshort").is_err());
    }
}
