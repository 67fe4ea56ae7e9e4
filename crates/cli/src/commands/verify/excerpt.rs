//! How a question and its answer begin, so that people know which receipt they look at.
//!
//! Never more than the opening shows, and never all of it: `receipt show --text` does that.

use llm::{Model, Prompt};
use receipt::{Messages, Opening};
use text::{Detokenizer, Role};

/// Characters that are shown.
const CHARACTERS: usize = 100;
/// Numbers of a vector that are shown.
const NUMBERS: usize = 6;

/// What was asked last, as far as the messages show it.
pub(super) fn asked(opening: &Opening) -> Option<String> {
    let prompt = prompt(opening)?;
    match &prompt {
        Prompt::Text(text) => Some(cut(text)),
        Prompt::Conversation(conversation) => {
            let users = conversation.messages.iter().rev();
            let mut users = users.filter(|message| message.role == Role::User);
            users.next()?.content.as_deref().map(cut)
        }
    }
}

/// What is shown of the messages.
pub(super) fn prompt(opening: &Opening) -> Option<Prompt> {
    match opening.job.fields().rendered.messages()? {
        Messages::Shown(bytes) => Prompt::read(bytes).ok(),
        Messages::Hidden(_) => None,
    }
}

/// How these tokens begin.
pub(super) fn tokens(model: &Model, tokens: &[u32]) -> String {
    let table = model.tokenizer.token_bytes();
    let mut detokenizer = Detokenizer::default();
    let mut text = String::new();
    for token in tokens {
        text += &detokenizer.push(table, *token).unwrap_or_default();
        if text.chars().count() > CHARACTERS {
            break;
        }
    }
    cut(&text)
}

/// How a vector begins, in the units that it was signed in.
pub(super) fn vector(numbers: &[u32]) -> String {
    let first: Vec<String> =
        numbers.iter().take(NUMBERS).map(|number| number.cast_signed().to_string()).collect();
    let rest = if numbers.len() > NUMBERS { ", ..." } else { "" };
    format!("[{}{rest}] / 2^24", first.join(", "))
}

fn cut(text: &str) -> String {
    let mut characters = text.chars();
    let shown: String = characters.by_ref().take(CHARACTERS).collect();
    let rest = if characters.next().is_some() { " ..." } else { "" };
    format!("{shown:?}{rest}")
}
