//! `probity pull`: a model onto this machine.

use std::process::ExitCode;

use anyhow::Result;
use store::ModelRef;

use crate::arguments::ModelOption;
use crate::output::{line, tell};

pub(crate) fn run(options: &ModelOption) -> Result<ExitCode> {
    let store = crate::environment::store()?;
    let reference = &options.model.reference;
    let file = match reference {
        ModelRef::Path(_) => {
            let file = store.require(reference)?;
            tell("a file of your own: there is nothing to download");
            file
        }
        ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_) => {
            crate::loading::pull(&store, reference)?
        }
    };
    line(file.path.display())?;
    Ok(ExitCode::SUCCESS)
}
