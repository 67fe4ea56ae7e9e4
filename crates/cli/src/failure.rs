//! How failures reach the person: one line that names the thing, and an exit status.

use std::process::ExitCode;

use anyhow::Error;

use crate::output::{OutputError, tell};

/// Something was typed that makes no sense: exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Tells a failure and gives the exit status.
pub(crate) fn report(error: &Error) -> ExitCode {
    if error.downcast_ref::<OutputError>().is_some_and(OutputError::reader_left) {
        return ExitCode::SUCCESS;
    }
    tell(format_args!("error: {}", describe(error)));
    if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// The failure and its causes; a cause that its effect has already quoted is not told twice.
pub(crate) fn describe(error: &Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow!("no space").context("can't write x: no space").context("saving");
        assert_eq!(describe(&error), "saving: can't write x: no space");
    }
}
