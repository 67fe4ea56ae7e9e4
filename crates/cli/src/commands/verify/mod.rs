//! `probity verify`: what receipts establish, re-derived here.
//!
//! Never says "verified" of what was not checked, and never trusts a word of a file: signatures and
//! openings are checked before a model is looked for, and the model is found by its id alone.
//! `origin` reads what a network is followed from, `excerpt` and `case` what is asked, `judging` replays it, `printing` says what came of it: each knows only
//! those before it.

mod case;
mod evidence;
mod excerpt;
mod judging;
mod origin;
mod printing;

use std::process::ExitCode;

use anyhow::Result;
use verify::Kind;

use crate::arguments::VerifyOptions;
use crate::output::{tell, write};

/// Never says 1 of anything but a refutation: what stops it is 2.
pub(crate) fn run(options: &VerifyOptions) -> Result<ExitCode> {
    judge(options).or_else(|error| {
        let _ = crate::failure::report(&error);
        Ok(ExitCode::from(2))
    })
}

fn judge(options: &VerifyOptions) -> Result<ExitCode> {
    let origin = origin::Origin::read(&options.network)?;
    let mut cases = case::read_all(&options.files, origin.as_ref())?;
    let costs = if options.evidence.contains(&Kind::Replay) {
        judging::replay_all(&mut cases, options)?
    } else {
        Vec::new()
    };
    let printer = printing::Printer::new(options, origin.as_ref(), &cases);
    let judged: Vec<(String, u8)> =
        cases.iter().map(|case| printer.judged(case)).collect::<Result<_>>()?;
    let exits: Vec<u8> = judged.iter().map(|(_, exit)| *exit).collect();
    let texts = judged.into_iter().map(|(text, _)| text).chain(printer.totals(&exits));
    for text in texts {
        match write(&text) {
            // Whoever left knows enough; the status says the rest.
            Err(error) if error.reader_left() => break,
            written => written?,
        }
    }
    for cost in &costs {
        tell(printing::cost(cost));
    }
    if let Some(origin) = &origin {
        let sound = cases.iter().zip(&exits).filter(|(_, exit)| **exit != 1);
        origin.keep(sound.filter_map(|(case, _)| case.kept()))?;
    }
    Ok(ExitCode::from(exits.into_iter().fold(0, worse)))
}

/// Refuted is worse than undecided, which is worse than verified.
fn worse(one: u8, other: u8) -> u8 {
    match (one, other) {
        (1, _) | (_, 1) => 1,
        (2, _) | (_, 2) => 2,
        _ => 0,
    }
}
