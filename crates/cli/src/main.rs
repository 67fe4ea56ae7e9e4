//! The binary `probity`: the only place that reads flags and the environment.
//!
//! Holds no rules of its own: it parses, calls the crates below and prints.

use clap::Parser;

/// Run open-weight models with answers that anyone can re-derive exactly.
#[derive(Parser)]
#[command(name = "probity", version)]
struct Cli {}

fn main() {
    let Cli {} = Cli::parse();
}
