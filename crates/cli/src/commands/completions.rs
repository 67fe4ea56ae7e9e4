//! `probity completions`: scripts that complete its commands in a shell.

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;

use crate::arguments::{Arguments, CompletionsOptions};

pub(crate) fn run(options: &CompletionsOptions) -> Result<ExitCode> {
    let mut command = Arguments::command();
    match &options.out {
        Some(folder) => {
            let path = clap_complete::generate_to(options.shell, &mut command, "probity", folder)?;
            eprintln!("{}", path.display());
        }
        None => {
            clap_complete::generate(options.shell, &mut command, "probity", &mut std::io::stdout());
        }
    }
    Ok(ExitCode::SUCCESS)
}
