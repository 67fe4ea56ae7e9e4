//! The input of a response: a text, or items that are messages, calls of functions and what those gave.
//!
//! Items that a response had are taken as they were: their ids and states say nothing to a template.

use serde_json::json;
use text::{Message, Role};

use super::super::messages::{CALLS_MAX, arguments, content};
use crate::core::{Bad, Members, at, items, text};

/// Most items of a request.
const ITEMS_MAX: usize = 1 << 14;

/// Adds the messages that the input is.
pub(super) fn input(members: &mut Members<'_>, all: &mut Vec<Message>) -> Result<(), Bad> {
    let value = members.take("input");
    let value = value.ok_or_else(|| members.bad("input", "it must be given"))?;
    if let Some(text) = text(value) {
        all.push(Message::new(Role::User, text));
        return Ok(());
    }
    let list = items(value).filter(|list| list.len() <= ITEMS_MAX);
    let wrong = || members.bad("input", "it must be a text, or a list of items");
    for (index, value) in list.ok_or_else(wrong)?.into_iter().enumerate() {
        item(Members::of(at("input", index), value)?, all)?;
    }
    Ok(())
}

fn item(mut item: Members<'_>, all: &mut Vec<Message>) -> Result<(), Bad> {
    let kinds = ["message", "function_call", "function_call_output"];
    let kind = item.word("type", &kinds)?.unwrap_or("message");
    item.text("id")?;
    item.word("status", &["in_progress", "completed", "incomplete"])?;
    match kind {
        "function_call" => call(&mut item, all)?,
        "function_call_output" => {
            let id = item.text("call_id")?;
            let id = id.ok_or_else(|| item.bad("call_id", "it must be given"))?;
            let output = content(&mut item, "output")?;
            let output = output.ok_or_else(|| item.bad("output", "it must be given"))?;
            let mut message = Message::new(Role::Tool, output);
            message.tool_call_id = Some(id);
            all.push(message);
        }
        _ => {
            let role = item.word("role", &["user", "assistant", "system", "developer"])?;
            let role = match role.ok_or_else(|| item.bad("role", "it must be given"))? {
                "assistant" => Role::Assistant,
                "user" => Role::User,
                _ => Role::System,
            };
            item.word("phase", &["commentary", "final_answer"])?;
            let content = content(&mut item, "content")?;
            let content = content.ok_or_else(|| item.bad("content", "it must be given"))?;
            all.push(Message::new(role, content));
        }
    }
    item.end()
}

/// A call is the assistant's, together with what it said before and other calls.
fn call(item: &mut Members<'_>, all: &mut Vec<Message>) -> Result<(), Bad> {
    let id = item.text("call_id")?;
    let id = id.ok_or_else(|| item.bad("call_id", "it must be given"))?;
    let name = item.text("name")?.ok_or_else(|| item.bad("name", "it must be given"))?;
    let function = json!({"name": name, "arguments": arguments(item)?});
    let call = json!({"id": id, "type": "function", "function": function});
    match all.last_mut().filter(|last| last.role == Role::Assistant) {
        Some(last) if last.tool_calls.len() >= CALLS_MAX => {
            return Err(item.bad("type", format!("more than {CALLS_MAX} calls in one turn")));
        }
        Some(last) => last.tool_calls.push(call),
        None => {
            let mut message = Message::new(Role::Assistant, String::new());
            message.content = None;
            message.tool_calls.push(call);
            all.push(message);
        }
    }
    Ok(())
}
