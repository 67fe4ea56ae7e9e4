//! How long checks take here: `time FILE GENESIS BUNDLE GENESIS BUNDLE`, medians of 200: of a receipt file, of a bundle of a
//! network that seats certify, and of one that a group does.
//!
//! For `cargo xtask bindings`, in a release build. Never a test: the machine may be busy.

use std::process::ExitCode;
use std::time::Instant;

const CHECKS: usize = 200;

#[expect(clippy::print_stdout, reason = "a tool for people")]
fn main() -> ExitCode {
    let files: Result<Vec<Vec<u8>>, _> = std::env::args().skip(1).map(std::fs::read).collect();
    let Ok([file, genesis, bundle, group_genesis, group_bundle]) = files.as_deref() else {
        println!("usage: time FILE GENESIS BUNDLE GENESIS BUNDLE");
        return ExitCode::FAILURE;
    };
    let check = median(|| light::verify_words(file, None, None, ["signature"]));
    let placed = |genesis, bundle| {
        let at = (0, light::Bounds::default());
        median(|| light::verify_bundle_words((genesis, None), bundle, at, ["signature"]))
    };
    let (of_seats, of_group) = (placed(genesis, bundle), placed(group_genesis, group_bundle));
    println!(
        "{check} us per check, {of_seats} us per bundle of a network, {of_group} us where a group certifies"
    );
    ExitCode::SUCCESS
}

/// Microseconds.
fn median(report: impl Fn() -> Result<String, light::Mistake>) -> u128 {
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
