//! How long a check takes here: `time FILE`, the median of 200.
//!
//! For `cargo xtask bindings`, in a release build. Never a test: the machine may be busy.

use std::process::ExitCode;
use std::time::Instant;

const CHECKS: usize = 200;

#[expect(clippy::print_stdout, reason = "a tool for people")]
fn main() -> ExitCode {
    let Some(Ok(file)) = std::env::args().nth(1).map(std::fs::read) else {
        println!("usage: time FILE");
        return ExitCode::FAILURE;
    };
    let mut times: Vec<u128> = (0..CHECKS)
        .map(|_| {
            let start = Instant::now();
            let report = light::verify_words(&file, None, None, ["signature"]);
            let taken = start.elapsed().as_micros();
            assert!(report.is_ok_and(|text| text.contains("\"verified\"")), "an honest file");
            taken
        })
        .collect();
    times.sort_unstable();
    println!("{}", times[CHECKS / 2]);
    ExitCode::SUCCESS
}
