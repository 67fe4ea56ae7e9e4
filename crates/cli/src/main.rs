//! The binary `probity`: the only place that reads flags, the environment and the terminal.
//!
//! Holds no rules of its own: it parses, hands values down, and prints. Answers go to standard
//! output, everything else to standard error. Exit status: 0 done, 1 failed, 2 wrong usage, 130
//! interrupted.

mod arguments;
mod clock;
mod commands;
mod environment;
mod failure;
mod files;
mod finding;
mod folders;
mod ids;
mod interrupt;
mod layers;
mod loading;
mod output;
mod packaged;
mod progress;
mod public_key;
mod reading;
mod steady;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clock::Stopwatch;

fn main() -> ExitCode {
    let started = Stopwatch::start();
    let arguments = Arguments::read();
    let done = match arguments.command {
        Command::Run(options) => commands::run::run(&options, &started),
        Command::Serve(options) => commands::serve::run(*options),
        Command::Proxy(options) => commands::proxy::run(*options),
        Command::ApiKey(command) => commands::api_key::run(&command),
        Command::Bench(options) => commands::bench::run(&options),
        Command::Pull(options) => commands::pull::run(&options),
        Command::List => commands::list::run(),
        Command::Show(options) => commands::show::run(&options),
        Command::Rm(options) => commands::rm::run(&options),
        Command::Gc => commands::gc::run(),
        Command::Verify(options) => commands::verify::run(&options),
        Command::Receipt(command) => commands::receipt::run(&command),
        Command::Key(command) => commands::key::run(&command),
        Command::Package(command) => commands::package::run(&command),
        Command::Completions(options) => commands::completions::run(&options),
    };
    done.unwrap_or_else(|error| failure::report(&error))
}
