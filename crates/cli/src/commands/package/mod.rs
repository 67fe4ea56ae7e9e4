//! `probity package`: a model as one folder with one id, made, looked into, checked and signed.
//!
//! Never changes a package: what it says is in its id, and signatures stand beside it.

mod build;
mod inspect;
mod sign;
mod verify;

use std::fmt::Display;
use std::process::ExitCode;

use anyhow::Result;
use package::Quality;

use crate::arguments::PackageCommand;
use crate::output::{OutputError, escaped, line};

pub(crate) fn run(command: &PackageCommand) -> Result<ExitCode> {
    match command {
        PackageCommand::Build(options) => build::run(options),
        PackageCommand::Inspect(options) => inspect::run(options),
        PackageCommand::Verify(options) => verify::run(options),
        PackageCommand::Sign(options) => sign::run(options),
    }
}

fn row(name: &str, value: impl Display) -> Result<(), OutputError> {
    line(escaped(&format!("{name:<15} {value}")))
}

/// What everybody who shows such a package must say (`spec/package.md` section 5).
fn warning(quality: &Quality) -> Option<&'static str> {
    quality.warns().then_some(
        "WARNING: by its publisher's own measure this differs more from the float model than it should \
         (KL over 0.02, or a perplexity more than 1 % above)",
    )
}
