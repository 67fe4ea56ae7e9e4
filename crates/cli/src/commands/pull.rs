//! `probity pull`: a model onto this machine.

use std::process::ExitCode;

use anyhow::Result;
use store::ModelRef;

use crate::arguments::ModelOption;

pub(crate) fn run(options: &ModelOption) -> Result<ExitCode> {
    let store = crate::environment::store()?;
    let reference = ModelRef::parse(&options.model)?;
    let file = match store.resolve(&reference)? {
        Some(file) => file,
        None => crate::loading::pull(&store, &reference)?,
    };
    println!("{}", file.path.display());
    Ok(ExitCode::SUCCESS)
}
