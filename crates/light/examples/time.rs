//! How long checks take here: `time FILE GENESIS BUNDLE GENESIS BUNDLE`, medians of 200: of a receipt file, and of the bundles
//! of a network that seats certify and of one that a group does, each without its certificate and with it.
//!
//! Without it means: from the start behind the last header, where every link is passed over and all else is checked. For
//! `cargo xtask bindings`, in a release build. Never a test: the machine may be busy.

use std::process::ExitCode;
use std::time::Instant;

use light::{Bounds, Mistake, next_start_words, verify_bundle_words, verify_words};

const CHECKS: usize = 200;
/// When the bundles were made.
const NOW: u64 = 1_700_000_100_000;

#[expect(clippy::print_stdout, reason = "a tool for people")]
fn main() -> ExitCode {
    let files: Result<Vec<Vec<u8>>, _> = std::env::args().skip(1).map(std::fs::read).collect();
    let Ok([file, genesis, bundle, group_genesis, group_bundle]) = files.as_deref() else {
        println!("usage: time FILE GENESIS BUNDLE GENESIS BUNDLE");
        return ExitCode::FAILURE;
    };
    let check = median(|| verify_words(file, None, None, ["signature"]));
    println!("{check} us per check");
    let (of_seats, of_group) = (placed(genesis, bundle), placed(group_genesis, group_bundle));
    println!("bundle of a network: {of_seats}");
    println!("where a group certifies: {of_group}");
    ExitCode::SUCCESS
}

/// The times and the size of a bundle, in words.
fn placed(genesis: &[u8], bundle: &[u8]) -> String {
    let at = (NOW, Bounds::default());
    let kept = next_start_words((genesis, None), bundle, at).ok().flatten();
    let kept = kept.expect("an honest bundle of now leads to a start");
    let time = |start| median(|| verify_bundle_words((genesis, start), bundle, at, ["signature"]));
    let (without, with) = (time(Some(&kept[..])), time(None));
    let bytes = bundle.len();
    format!("{without} us without the certificate, {with} us with it, {bytes} bytes")
}

/// Microseconds.
fn median(report: impl Fn() -> Result<String, Mistake>) -> u128 {
    let once = || {
        let start = Instant::now();
        let report = report();
        let taken = start.elapsed().as_micros();
        assert!(report.is_ok_and(|text| text.contains("\"verified\"")), "an honest file");
        taken
    };
    let mut times: Vec<u128> = (0..CHECKS).map(|_| once()).collect();
    times.sort_unstable();
    times[CHECKS / 2]
}
