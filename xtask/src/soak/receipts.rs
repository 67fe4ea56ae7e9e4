//! Whether receipts of answers that clients saw are there, and whether they hold.
//!
//! Never trusts the server: `probity verify` replays them with the model's file.

use std::path::Path;
use std::process::Command;

use super::asking::get;
use crate::Outcome;
use crate::bindings::named;

/// Jobs whose receipt the server does not give.
pub(super) fn missing(url: &str, jobs: &[String]) -> Outcome<Vec<String>> {
    let mut findings = Vec::new();
    for job in jobs {
        let answer = get(url, &format!("/v1/receipts/{job}"))?;
        if answer.status != 200 {
            findings.push(format!("the receipt of job {job} is lost: {}", answer.status));
        }
    }
    println!("{} receipts asked for after a start: {} lost", jobs.len(), findings.len());
    Ok(findings)
}

/// Jobs whose bundle `probity verify` does not call verified.
pub(super) fn refuted(
    program: &Path,
    model: &Path,
    home: &Path,
    url: &str,
    jobs: &[String],
) -> Outcome<Vec<String>> {
    let mut findings = Vec::new();
    let path = home.join("receipt.json");
    for job in jobs {
        let answer = get(url, &format!("/v1/receipts/{job}/bundle"))?;
        std::fs::write(&path, &answer.body).map_err(|error| named(&path, &error))?;
        let mut verify = Command::new(program);
        verify.arg("verify").arg(&path).arg("--model").arg(model).env("PROBITY_HOME", home);
        let output = verify.output().map_err(|error| named(program, &error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout);
            findings.push(format!("job {job} does not verify: {}", said.replace('\n', " / ")));
        }
    }
    println!("{} receipts replayed: {} do not verify", jobs.len(), findings.len());
    Ok(findings)
}
