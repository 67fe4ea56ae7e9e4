//! The binary `probity`: the only place that reads flags, the environment and the terminal.
//!
//! Holds no rules of its own: it parses, hands values down, and prints. Answers go to standard
//! output, everything else to standard error. Exit status: 0 done, 1 failed, 2 wrong usage, 130
//! interrupted.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this crate is where the program talks to a person"
)]

mod arguments;
mod clock;
mod commands;
mod environment;
mod loading;
mod progress;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Run(options) => commands::run::run(&options),
        Command::Bench(options) => commands::bench::run(&options),
        Command::Pull(options) => commands::pull::run(&options),
        Command::List => commands::list::run(),
        Command::Show(options) => commands::show::run(&options),
        Command::Rm(options) => commands::rm::run(&options),
        Command::Completions(options) => commands::completions::run(&options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("probity: {error:#}");
            ExitCode::FAILURE
        }
    }
}
