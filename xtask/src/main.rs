//! The house's own commands, run as `cargo xtask <command>`.
//!
//! - `tidy` checks the rules of the house that the compiler does not know.
//! - `bench llama-cpp` measures our engine against llama.cpp on the same file.
//! - `bench experts` measures what a mixture of experts costs beside a dense model.
//! - `bench ledger` measures transfers applied a second, and proofs.
//! - `bench replay` measures what replaying an answer costs beside generating it.
//! - `bench serve` measures our server against llama-server.
//! - `architectures` compares our answers on tiny models with Hugging Face transformers.
//! - `clients` runs the programs people already have against the real server.
//! - `exactness` makes the same answers in every way there is and compares their digests.
//! - `cheats` shows what becomes of workers that cheat, and of liars in disputes.
//! - `dispute-demo` plays one dispute where everybody can see it.
//! - `bindings` builds the packages for JavaScript and Python and compares their reports.
//! - `oracle` has recorded chains replayed by the validator in Python, which shares no code with ours.
//! - `page` builds the page at `/`, says whether it is as old as its sources, and drives it in a browser.
//! - `oms` has a signed package checked by OpenSSF's own verifier.
//! - `tokenizers` compares our tokens of one long text with llama.cpp's.
//! - `sim` tries to break the ledger's rules, from seeds.
//! - `soak` asks the real server for minutes in every manner and cuts its power.
//! - `quality` compares our answers' arithmetic and llama.cpp's with float.
//!
//! Never part of the product: no crate depends on it, and it changes no source file.
//! Failure: one line on stderr and exit status 1; a finding is a failure.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these commands talk to the person who runs them"
)]

mod architectures;
mod bench;
mod bindings;
mod cheats;
mod clients;
mod dispute_demo;
mod exactness;
mod oms;
mod oracle;
mod page;
mod quality;
mod served;
mod sim;
mod soak;
mod tidy;
mod tokenizers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy
       cargo xtask bench llama-cpp [--model FILE] [--rounds N] [--only TEXT] [--theirs-only]
       cargo xtask bench experts [--model FILE] [--rounds N]
       cargo xtask bench ledger
       cargo xtask bench referee
       cargo xtask bench replay [--model FILE] [--rounds N] [--only TEXT]
       cargo xtask bench serve [--model FILE] [--rounds N]
       cargo xtask architectures [--write]
       cargo xtask clients [--model MODEL]
       cargo xtask exactness [--model FILE] [--offline] [--tiny] [--kernels]
       cargo xtask cheats [--games N [--from SEED]]
       cargo xtask dispute-demo [--seed N]
       cargo xtask bindings
       cargo xtask page [--check | --drive [--model MODEL]]
       cargo xtask oms
       cargo xtask oracle [--seeds N] [--from SEED] [--blocks N] [--courts N] [--games N] [--tiles N] [--operands N]
       cargo xtask tokenizers [--only NAME] [--seed N] [--write]
       cargo xtask sim [--canaries] [--seeds N] [--network N] [--from SEED] [--threads N]
       cargo xtask soak [--minutes N] [--seed N] [--model FILE]
       cargo xtask quality [--model FILE] [--quick] [--only Q4_1|Q8_0|Q4_0|Q4_K_M|Q2_K|...]";

/// What a command ends with when it cannot go on: one line for the person.
type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tidy"] => tidy::run(&repository()),
        ["bench", "llama-cpp", options @ ..] => bench::run(&repository(), options),
        ["bench", "experts", options @ ..] => bench::experts::run(&repository(), options),
        ["bench", "ledger"] => bench::ledger::run(),
        ["bench", "referee"] => bench::referee::run(),
        ["bench", "replay", options @ ..] => bench::replay::run(&repository(), options),
        ["bench", "serve", options @ ..] => bench::serve::run(&repository(), options),
        ["architectures", options @ ..] => architectures::run(&repository(), options),
        ["clients", options @ ..] => clients::run(&repository(), options),
        ["exactness", options @ ..] => exactness::run(&repository(), options),
        ["cheats", options @ ..] => cheats::run(&repository(), options),
        ["dispute-demo", options @ ..] => dispute_demo::run(options),
        ["bindings"] => bindings::run(&repository()),
        ["page", options @ ..] => page::run(&repository(), options),
        ["oms"] => oms::run(&repository()),
        ["tokenizers", options @ ..] => tokenizers::run(&repository(), options),
        ["oracle", options @ ..] => oracle::run(&repository(), options),
        ["sim", options @ ..] => sim::run_sim(options),
        ["soak", options @ ..] => soak::run(&repository(), options),
        ["quality", options @ ..] => quality::run(&repository(), options),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root: the folder above this crate's.
fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask lies in the repository's root").to_owned()
}
