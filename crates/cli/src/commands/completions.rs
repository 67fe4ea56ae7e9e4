//! `probity completions`: scripts that complete its commands in a shell.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Generator;

use crate::arguments::{Arguments, CompletionsOptions};
use crate::files::{Force, Pending, Readers};
use crate::output::{tell, write};

pub(crate) fn run(options: &CompletionsOptions) -> Result<ExitCode> {
    let mut command = Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "probity", &mut script);
    let script = String::from_utf8(script)?;
    let Some(folder) = &options.out else {
        write(&script)?;
        return Ok(ExitCode::SUCCESS);
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("can't write to {}", folder.display()))?;
    let path = folder.join(options.shell.file_name("probity"));
    Pending::new(&path, Readers::Everybody, Force(options.force))?.write(&script)?;
    tell(path.display());
    Ok(ExitCode::SUCCESS)
}
