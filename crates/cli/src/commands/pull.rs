//! `probity pull`: a model onto this machine.

use std::process::ExitCode;

use anyhow::Result;
use store::ModelRef;

use crate::arguments::ModelOption;
use crate::output::{line, tell};

pub(crate) fn run(options: &ModelOption) -> Result<ExitCode> {
    let store = crate::environment::store()?;
    let reference = &options.model.reference;
    let file = match store.resolve(reference)? {
        Some(file) => {
            tell("already here");
            file
        }
        None if matches!(reference, ModelRef::Path(_)) => store.require(reference)?,
        None => crate::loading::pull(&store, reference)?,
    };
    line(file.path.display())?;
    Ok(ExitCode::SUCCESS)
}
