//! Where the opening of a file parts from its receipt, in words for whoever holds the file.
//!
//! Never decides anything: the file is refused before. A hash can't say which part of a job was altered, so the file's
//! own view is asked, which nobody signed: a hint, and called one. Only our own names are told, nothing of the file's.

use core::fmt;

use commit::{Network, Salts};
use serde_json::Value;

use crate::file::FileJson;
use crate::json::object;
use crate::opening::Opening;
use crate::refusal::{Refusal, Refuted};
use crate::statement::Receipt;
use crate::vector::{TokenVector, Which};
use crate::view::View;

/// What of an opening is not what was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Altered {
    /// Something of the job, or the blind.
    Job {
        /// The members of the view that say something else than the opening.
        hints: Vec<String>,
    },
    /// Other choices than those signed.
    Choices,
    /// More tokens of a choice, or fewer.
    Count { choice: u32, signed: u32, shown: u32 },
    /// Other tokens of a choice.
    Tokens { choice: u32 },
}

impl Altered {
    /// What was altered in a file that was refused for its opening; `None` of any other.
    #[must_use]
    pub fn of(refusal: &Refusal, file: &[u8], network: Network) -> Option<Self> {
        if !matches!(refusal, Refusal::Refuted(Refuted::Opening { .. })) {
            return None;
        }
        let json: FileJson<'_> = object("a receipt file", file).ok()?;
        let (envelope, opening) = json.signed().ok()?;
        let (receipt, opening) = (envelope.open(network).ok()?, opening?);
        let shown = json.view.map(|view| view.get());
        Self::between(&receipt, &opening, shown, network)
    }

    fn between(
        receipt: &Receipt,
        opening: &Opening,
        shown: Option<&str>,
        network: Network,
    ) -> Option<Self> {
        let salts = Salts { network, blind: opening.blind };
        if opening.job.commitment(&salts) != receipt.job {
            let view = View::new(receipt, Some(opening), network);
            return Some(Self::Job { hints: hints(&view, shown).unwrap_or_default() });
        }
        let signed = receipt.choices.iter().map(|choice| choice.index);
        if !signed.eq(opening.outputs.iter().map(|output| output.choice)) {
            return Some(Self::Choices);
        }
        receipt.choices.iter().zip(&opening.outputs).find_map(|(choice, output)| {
            let which = Which::Output { choice: output.choice };
            let vector = TokenVector::over(salts, which, &output.tokens);
            let (signed, shown) = (choice.count(), vector.count());
            let choice_index = choice.index;
            if signed != shown {
                return Some(Self::Count { choice: choice_index, signed, shown });
            }
            (choice.root() != vector.root()).then_some(Self::Tokens { choice: choice_index })
        })
    }
}

/// The members of `opened` that a shown view tells otherwise.
fn hints(view: &View, shown: Option<&str>) -> Option<Vec<String>> {
    let ours = serde_json::to_value(view).ok()?;
    let shown: Value = serde_json::from_str(shown?).ok()?;
    let mut names = Vec::new();
    differing(ours.get("opened")?, shown.get("opened")?, "", &mut names);
    // Whether an object keeps its order is a feature that other crates switch on.
    names.sort_unstable();
    Some(names)
}

/// The names of our members that are not the same in both.
fn differing(ours: &Value, shown: &Value, path: &str, names: &mut Vec<String>) {
    for (name, value) in ours.as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match shown.get(name) {
            Some(other) if value.is_object() => differing(value, other, &path, names),
            Some(other) if other == value => {}
            Some(_) | None => names.push(path),
        }
    }
}

impl fmt::Display for Altered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job { hints } => {
                f.write_str(
                    "a hash can't say which of prompt, messages, parameters, nonce, stop rule and blind",
                )?;
                if hints.is_empty() {
                    return Ok(());
                }
                let members = hints.join(", ");
                write!(
                    f,
                    "; the file's view, which is not signed itself, differs from the opening in {members}"
                )
            }
            Self::Choices => f.write_str("it shows other choices than were signed"),
            Self::Count { choice, signed, shown } => {
                write!(f, "choice {choice} has {shown} tokens, and {signed} were signed")
            }
            Self::Tokens { choice } => {
                write!(f, "one or more tokens of choice {choice} are not those that were signed")
            }
        }
    }
}
