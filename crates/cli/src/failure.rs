//! How failures reach the person: one line that names the thing, and an exit status.

use std::process::ExitCode;

use anyhow::Error;

use crate::output::{OutputError, escaped, tell};

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

/// Most bytes of a failure that are told: a model's template words some of them, at any length.
const DESCRIPTION_BYTES_MAX: usize = 4096;

/// The failure and its causes in one line that can't act on a terminal; a cause that its effect has
/// already quoted is not told twice.
pub(crate) fn describe(error: &Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    let kept = text.floor_char_boundary(DESCRIPTION_BYTES_MAX);
    let left = text.len() - kept;
    let told = escaped(&text[..kept]);
    if left == 0 { told } else { format!("{told}... ({left} bytes more)") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow!("no space").context("can't write x: no space").context("saving");
        assert_eq!(describe(&error), "saving: can't write x: no space");
        let error = anyhow!("no space").context("can't write x: no space; set HOME");
        assert_eq!(describe(&error), "can't write x: no space; set HOME");
    }

    #[test]
    fn a_long_failure_is_cut_and_its_control_characters_shown() {
        let whole = "é".repeat(DESCRIPTION_BYTES_MAX / 2);
        assert_eq!(describe(&anyhow!(whole.clone())), whole);
        let odd = format!("x{whole}");
        let told = describe(&anyhow!(odd));
        assert_eq!(
            told,
            format!("x{}... (2 bytes more)", "é".repeat(DESCRIPTION_BYTES_MAX / 2 - 1))
        );
        assert_eq!(describe(&anyhow!("a\n\u{1b}[2J")), "a\\n\\u{1b}[2J");
        let long = describe(&anyhow!("y".repeat(10 << 20)).context("the template"));
        assert!(
            long.ends_with(&format!("({} bytes more)", (10 << 20) + 14 - DESCRIPTION_BYTES_MAX))
        );
    }
}
