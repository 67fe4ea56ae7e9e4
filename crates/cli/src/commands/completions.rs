//! `probity completions`: scripts that complete its commands in a shell.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::arguments::{Arguments, CompletionsOptions};
use crate::output::{tell, write};

pub(crate) fn run(options: &CompletionsOptions) -> Result<ExitCode> {
    let mut command = Arguments::command();
    if let Some(folder) = &options.out {
        let context = || format!("can't write to {}", folder.display());
        std::fs::create_dir_all(folder).with_context(context)?;
        let path = clap_complete::generate_to(options.shell, &mut command, "probity", folder);
        let path = path.with_context(context)?;
        tell(path.display());
        return Ok(ExitCode::SUCCESS);
    }
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "probity", &mut script);
    write(&String::from_utf8(script)?)?;
    Ok(ExitCode::SUCCESS)
}
