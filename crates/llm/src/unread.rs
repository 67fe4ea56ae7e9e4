//! Which members of a prompt's messages its model's template does not read.
//!
//! Found by leaving out each in turn: what leaves every token as it was had no effect on the prompt. Never says that
//! the others were read as anybody meant them, and nothing of members beyond the limit.

use core::mem::take;

use text::{Conversation, Message};

use crate::model::Model;
use crate::rendering::Prompt;

/// Most members that are tried: the prompt is rendered once for each.
pub const UNREAD_TRIES_MAX: usize = 64;

/// A member of a message, and what leaves it out; whether there was any.
type Cut = (&'static str, fn(&mut Message) -> bool);

const CUTS: [Cut; 5] = [
    ("content", |message| {
        message.content.as_mut().is_some_and(|content| !take(content).is_empty())
    }),
    ("name", |message| message.name.take().is_some()),
    ("reasoning_content", |message| message.reasoning_content.take().is_some()),
    ("tool_calls", |message| !take(&mut message.tool_calls).is_empty()),
    ("tool_call_id", |message| message.tool_call_id.take().is_some()),
];

/// What can be left out of a prompt without changing a token of it, as `tools`, `variables.x` or `messages[0].name`.
#[must_use]
pub fn unread(model: &Model, prompt: &Prompt) -> Vec<String> {
    let (Prompt::Conversation(whole), Ok(tokens)) = (prompt, prompt.tokens(model)) else {
        return Vec::new();
    };
    let same = |without: Conversation| {
        Prompt::Conversation(without).tokens(model).is_ok_and(|found| found == tokens)
    };
    let tried = around(whole).chain(within(whole)).take(UNREAD_TRIES_MAX);
    tried.filter_map(|(path, without)| same(without).then_some(path)).collect()
}

/// The conversation without its tools, and without each variable.
fn around(whole: &Conversation) -> impl Iterator<Item = (String, Conversation)> {
    let tools = (!whole.tools.is_empty())
        .then(|| ("tools".to_owned(), Conversation { tools: Vec::new(), ..whole.clone() }));
    let now = whole.now.is_some().then(|| {
        ("variables.strftime_now".to_owned(), Conversation { now: None, ..whole.clone() })
    });
    let variables = whole.variables.keys().map(|name| {
        let mut without = whole.clone();
        without.variables.shift_remove(name);
        (format!("variables.{name}"), without)
    });
    tools.into_iter().chain(now).chain(variables)
}

/// The conversation without each member of each message.
fn within(whole: &Conversation) -> impl Iterator<Item = (String, Conversation)> {
    let members = whole.messages.iter().enumerate();
    members.flat_map(move |(at, message)| {
        CUTS.iter().filter_map(move |(name, cut)| {
            let mut message = message.clone();
            cut(&mut message).then(|| {
                let mut without = whole.clone();
                without.messages[at] = message;
                (format!("messages[{at}].{name}"), without)
            })
        })
    })
}
