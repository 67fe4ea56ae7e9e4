//! Ctrl-C: one handler for the whole program, and what it does at the moment.
//!
//! It ends the program at once (exit status 130), but while an answer is shown: then it is a request
//! that the answer hears between two passes, and only a second one, that comes before the first was
//! heard, ends the program. Never undoes anything: what is written is written so that a kill at any
//! moment leaves it sound.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use anyhow::{Result, anyhow};

use crate::output::tell;

const STATUS: i32 = 130;

/// What an interrupt means.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Meaning {
    /// The end.
    End,
    /// The end, and a word about the part of a file that is here.
    EndDownload,
    /// A request to end the answer.
    EndAnswer,
    /// Nothing here: whatever runs hears it itself.
    Nothing,
}

static MEANING: AtomicU8 = AtomicU8::new(Meaning::End as u8);
static ASKED: AtomicBool = AtomicBool::new(false);

/// Sets what an interrupt means from now on; the first call installs the handler.
pub(crate) fn means(meaning: Meaning) -> Result<()> {
    static INSTALLED: OnceLock<Result<(), String>> = OnceLock::new();
    MEANING.store(meaning as u8, Ordering::SeqCst);
    let installed =
        INSTALLED.get_or_init(|| ctrlc::set_handler(handle).map_err(|error| error.to_string()));
    installed.clone().map_err(|error| anyhow!("interrupts can't be caught: {error}"))
}

/// Whether somebody asked since this was last called.
pub(crate) fn asked() -> bool {
    ASKED.swap(false, Ordering::SeqCst)
}

fn handle() {
    let meaning = MEANING.load(Ordering::SeqCst);
    if meaning == Meaning::Nothing as u8 {
        return;
    }
    if meaning == Meaning::EndAnswer as u8 && !ASKED.swap(true, Ordering::SeqCst) {
        return;
    }
    if meaning == Meaning::EndDownload as u8 {
        // Below the bar.
        let below = if std::io::stderr().is_terminal() { "\n" } else { "" };
        tell(format_args!(
            "{below}interrupted: what has arrived is kept; the same command goes on from there"
        ));
    }
    std::process::exit(STATUS);
}
