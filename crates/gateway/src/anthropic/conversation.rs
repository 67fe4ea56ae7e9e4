//! Messages as Anthropic's clients send them, to the conversation that a template takes.
//!
//! Text, calls of tools and their results only: a block of another kind is refused by its place. Turns of one role that
//! follow each other are one turn, on lines of their own, for templates want turns that alternate.

use serde_json::json;
use serde_json::value::RawValue;
use text::{Message, Role};

use super::cache_control;
use crate::core::{Bad, Members, at, items, text, value};

/// Most messages of a request.
const MESSAGES_MAX: usize = 1 << 14;
/// Most blocks of one message.
const BLOCKS_MAX: usize = 1024;
/// What stands before the result of a tool that failed.
const FAILED: &str = "Error: ";

/// The system's text and all messages.
pub(super) fn conversation(members: &mut Members<'_>) -> Result<Vec<Message>, Bad> {
    let mut all = Vec::new();
    let path = members.name("system");
    if let Some(system) = members.take("system") {
        all.push(Message::new(Role::System, plain(&path, system)?));
    }
    let list = members.list("messages", MESSAGES_MAX)?;
    let list = list.ok_or_else(|| members.bad("messages", "it must be given"))?;
    let mut last = None;
    for (index, value) in list.into_iter().enumerate() {
        let mut message = Members::of(at("messages", index), value)?;
        let role = message.word("role", &["user", "assistant", "system"])?;
        let content = message.name("content");
        let value = message.take("content");
        let value = value.ok_or_else(|| message.bad("content", "it must be given"))?;
        match role.ok_or_else(|| message.bad("role", "it must be given"))? {
            "assistant" => push(&mut all, assistant(&content, value)?),
            "system" => push(&mut all, Message::new(Role::System, plain(&content, value)?)),
            _ => user(&content, value, &mut all)?,
        }
        message.end()?;
        last = role;
    }
    match last {
        None => Err(Bad::of("messages", "there is none")),
        Some("assistant") => Err(Bad::of(
            "messages",
            "the last one is the assistant's: its text is not gone on with here",
        )),
        Some(_) => Ok(all),
    }
}

/// Adds a message, to the one before where that is the same role's and both are text.
fn push(all: &mut Vec<Message>, message: Message) {
    let plain = |one: &Message| one.tool_calls.is_empty() && one.role != Role::Tool;
    match (all.last_mut(), message.content.as_deref()) {
        (Some(before), Some(more))
            if before.role == message.role && plain(before) && plain(&message) =>
        {
            let text = before.content.get_or_insert_default();
            if !text.is_empty() && !more.is_empty() {
                text.push('\n');
            }
            text.push_str(more);
        }
        _ => all.push(message),
    }
}

/// A text, or a list of blocks, each read by `read`.
fn blocks(
    path: &str,
    value: &RawValue,
    mut read: impl FnMut(Block<'_>) -> Result<(), Bad>,
) -> Result<(), Bad> {
    if let Some(text) = text(value) {
        return read(Block::Text(text));
    }
    let wrong = || Bad::of(path, "it must be a text, or a list of blocks");
    let list = items(value).filter(|list| list.len() <= BLOCKS_MAX).ok_or_else(wrong)?;
    for (index, value) in list.into_iter().enumerate() {
        let mut block = Members::of(at(path, index), value)?;
        let kind = block.word("type", &["text", "tool_use", "tool_result"])?;
        cache_control(&mut block)?;
        match kind {
            Some("text") => {
                let text = block.text("text")?;
                let text = text.ok_or_else(|| block.bad("text", "it must be given"))?;
                block.only("citations", &["[]"], "citations are not supported")?;
                block.end()?;
                read(Block::Text(text))?;
            }
            Some("tool_use") => read(Block::Call(block))?,
            Some(_) => read(Block::Result(block))?,
            None => return Err(block.bad("type", "it must be given")),
        }
    }
    Ok(())
}

enum Block<'a> {
    Text(String),
    Call(Members<'a>),
    Result(Members<'a>),
}

/// Only text.
fn plain(path: &str, value: &RawValue) -> Result<String, Bad> {
    let mut whole = String::new();
    blocks(path, value, |block| match block {
        Block::Text(text) => {
            whole.push_str(&text);
            Ok(())
        }
        Block::Call(block) | Block::Result(block) => {
            Err(block.bad("type", "only text may be here"))
        }
    })?;
    Ok(whole)
}

/// What the assistant said, and the tools it called.
fn assistant(path: &str, value: &RawValue) -> Result<Message, Bad> {
    let (mut said, mut calls) = (String::new(), Vec::new());
    blocks(path, value, |block| {
        match block {
            Block::Text(text) => said.push_str(&text),
            Block::Call(mut block) => {
                let id = block.text("id")?;
                let name = block.text("name")?;
                let name = name.ok_or_else(|| block.bad("name", "it must be given"))?;
                let input = block.take("input").filter(|input| input.get().starts_with('{'));
                let input = input.ok_or_else(|| block.bad("input", "it must be an object"))?;
                let input = value_of(&block, "input", input)?;
                if let Some(mut caller) = block.object("caller")? {
                    caller.word("type", &["direct"])?;
                    caller.end()?;
                }
                block.end()?;
                let function = json!({"name": name, "arguments": input});
                calls.push(json!({"id": id, "type": "function", "function": function}));
            }
            Block::Result(block) => {
                return Err(block.bad("type", "results of tools are the user's"));
            }
        }
        Ok(())
    })?;
    let mut message = Message::new(Role::Assistant, said);
    if !calls.is_empty() {
        message.content = message.content.filter(|said| !said.is_empty());
    }
    message.tool_calls = calls;
    Ok(message)
}

fn value_of(block: &Members<'_>, name: &str, json: &RawValue) -> Result<serde_json::Value, Bad> {
    value(json).map_err(|what| block.bad(name, what))
}

/// What the user said, and what tools gave: each result is a message of its own, in order.
fn user(path: &str, value: &RawValue, all: &mut Vec<Message>) -> Result<(), Bad> {
    let mut said: Option<String> = None;
    blocks(path, value, |block| {
        match block {
            Block::Text(text) => said.get_or_insert_default().push_str(&text),
            Block::Result(block) => {
                if let Some(said) = said.take() {
                    push(all, Message::new(Role::User, said));
                }
                all.push(result(block)?);
            }
            Block::Call(block) => return Err(block.bad("type", "calls are the assistant's")),
        }
        Ok(())
    })?;
    if let Some(said) = said {
        push(all, Message::new(Role::User, said));
    }
    Ok(())
}

fn result(mut block: Members<'_>) -> Result<Message, Bad> {
    let id = block.text("tool_use_id")?;
    let id = id.ok_or_else(|| block.bad("tool_use_id", "it must be given"))?;
    let path = block.name("content");
    let mut content = match block.take("content") {
        Some(content) => plain(&path, content)?,
        None => String::new(),
    };
    if block.yes("is_error")?.unwrap_or(false) {
        content.insert_str(0, FAILED);
    }
    block.end()?;
    let mut message = Message::new(Role::Tool, content);
    message.tool_call_id = Some(id);
    Ok(message)
}
