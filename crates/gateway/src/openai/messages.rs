//! Messages of a chat, as official clients send them, to the conversation that a template takes.
//!
//! Text only: a part of another kind is refused by its place.

use serde_json::Value as Json;
use serde_json::value::RawValue;
use text::{Message, Role};

use crate::core::{Bad, Members, at, items, text};

/// Most parts of one message.
const PARTS_MAX: usize = 1024;
/// Most tool calls of one message.
pub(super) const CALLS_MAX: usize = 128;

/// All messages.
pub(super) fn messages(list: &[&RawValue]) -> Result<Vec<Message>, Bad> {
    list.iter().enumerate().map(|(index, value)| message(at("messages", index), value)).collect()
}

fn message(path: String, value: &RawValue) -> Result<Message, Bad> {
    let mut members = Members::of(path, value)?;
    let roles = ["system", "developer", "user", "assistant", "tool"];
    let role =
        members.word("role", &roles)?.ok_or_else(|| members.bad("role", "it must be given"))?;
    let role = match role {
        "system" | "developer" => Role::System,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        _ => Role::User,
    };
    let content = content(&mut members, "content")?;
    let mut message = Message::new(role, String::new());
    message.name = members.text("name")?;
    if role == Role::Assistant {
        message.reasoning_content = members.text("reasoning_content")?;
        message.tool_calls = tool_calls(&mut members)?;
        members.only("function_call", &[], "it is obsolete: send `tool_calls`")?;
        members.only("audio", &[], "audio is not supported")?;
        members.only("annotations", &["[]"], "annotations are not supported")?;
        members.only(
            "probity",
            &[],
            "it is part of an answer, and none of a question: leave it out",
        )?;
    }
    if role == Role::Tool {
        message.tool_call_id = members.text("tool_call_id")?;
    }
    let refusal = if role == Role::Assistant { members.text("refusal")? } else { None };
    let has_calls = !message.tool_calls.is_empty();
    message.content = match content.or(refusal) {
        None if has_calls => None,
        None => return Err(members.bad("content", "it must be given")),
        content => content,
    };
    members.end()?;
    Ok(message)
}

/// Text, or parts that are text.
pub(super) fn content(members: &mut Members<'_>, member: &str) -> Result<Option<String>, Bad> {
    let path = members.name(member);
    let Some(value) = members.take(member) else { return Ok(None) };
    if let Some(text) = text(value) {
        return Ok(Some(text));
    }
    let parts = items(value).filter(|parts| parts.len() <= PARTS_MAX);
    let wrong = || Bad::of(&path, "it must be a text, or a list of text parts");
    let mut whole = String::new();
    for (index, part) in parts.ok_or_else(wrong)?.into_iter().enumerate() {
        let mut part = Members::of(at(&path, index), part)?;
        let kind = part.word("type", &["text", "input_text", "output_text"])?;
        kind.ok_or_else(|| part.bad("type", "it must be \"text\""))?;
        let text = part.text("text")?.ok_or_else(|| part.bad("text", "it must be given"))?;
        part.only("annotations", &["[]"], "annotations are not supported")?;
        // What an answer told of its own tokens is no part of a question.
        part.take("logprobs");
        part.end()?;
        whole.push_str(&text);
    }
    Ok(Some(whole))
}

/// Calls that an assistant made, with their arguments as the object that templates expect.
fn tool_calls(members: &mut Members<'_>) -> Result<Vec<Json>, Bad> {
    let path = members.name("tool_calls");
    let list = members.list("tool_calls", CALLS_MAX)?.unwrap_or_default();
    let call = |(index, value)| {
        let mut call = Members::of(at(&path, index), value)?;
        let id = call.text("id")?;
        call.word("type", &["function"])?;
        call.only("index", &[], "it is for streams")?;
        let mut function =
            call.object("function")?.ok_or_else(|| call.bad("function", "it must be given"))?;
        let name = function.text("name")?;
        let name = name.ok_or_else(|| function.bad("name", "it must be given"))?;
        let arguments = arguments(&mut function)?;
        function.end()?;
        call.end()?;
        let function = serde_json::json!({"name": name, "arguments": arguments});
        Ok(serde_json::json!({"id": id, "type": "function", "function": function}))
    };
    list.into_iter().enumerate().map(call).collect()
}

/// The arguments of a call: text of JSON.
pub(super) fn arguments(function: &mut Members<'_>) -> Result<Json, Bad> {
    let arguments = function.text("arguments")?.unwrap_or_default();
    let text = if arguments.trim().is_empty() { "{}" } else { arguments.as_str() };
    let read = llm::strict_json::read(text);
    read.map_err(|_| function.bad("arguments", "it must be the text of a JSON object"))
}
