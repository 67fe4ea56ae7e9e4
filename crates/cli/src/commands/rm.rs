//! `probity rm`: a model off this machine.

use std::process::ExitCode;

use anyhow::Result;
use store::ModelRef;

use crate::arguments::ModelOption;

pub(crate) fn run(options: &ModelOption) -> Result<ExitCode> {
    let store = crate::environment::store()?;
    let removed = store.remove(&ModelRef::parse(&options.model)?)?;
    eprintln!("freed {} bytes", removed.freed_bytes);
    Ok(ExitCode::SUCCESS)
}
