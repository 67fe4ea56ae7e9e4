//! `probity rm`: a model off this machine.

use std::process::ExitCode;

use anyhow::Result;
use store::ModelRef;

use crate::arguments::ModelOption;
use crate::output::{shown, size, tell};

pub(crate) fn run(options: &ModelOption) -> Result<ExitCode> {
    let store = crate::environment::store()?;
    let reference = &options.model.reference;
    let removed = store.remove(reference)?;
    match reference {
        ModelRef::Path(path) => {
            tell(format_args!("{} stays; only its prepared weights are deleted", shown(path)));
        }
        ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_)
            if removed.linked_bytes > 0 =>
        {
            tell(format_args!(
                "the file is not here any more, but another link holds its {}: a package that was built from it, perhaps",
                size(removed.linked_bytes)
            ))
        }
        ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_) if removed.blob => {}
        ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_) if !removed.pulled => {
            tell("there was only an unfinished download of it");
        }
        ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_) => {
            tell("the file stays: another name may need it (probity list)");
        }
    }
    if store.is_serving()? {
        tell(
            "WARNING: a server runs here: what it has loaded stays in its memory, and is not here to be loaded again",
        );
    }
    tell(format_args!("freed {}", size(removed.freed_bytes)));
    Ok(ExitCode::SUCCESS)
}
