//! Tools for a model whose template knows nothing of them: told in plain words.
//!
//! The tools stand at the end of the system message, which is made where there is none. Earlier calls of the assistant
//! become text as it writes them, answers of tools become messages of the user. Nothing else of the conversation changes.
//! Never hides anything: the job commits to the conversation as it is after this.

use serde_json::{Value as Json, json};

use crate::template::{Conversation, Message, Role};

use super::{ToolCalls, ToolChoice};

/// The conversation with the tools in it.
#[must_use]
pub fn conversation(mut conversation: Conversation, calls: &ToolCalls) -> Conversation {
    let told = told(calls);
    conversation.tools = Vec::new();
    let messages = std::mem::take(&mut conversation.messages);
    conversation.messages = messages.into_iter().map(plain).collect();
    match conversation.messages.first_mut().filter(|first| first.role == Role::System) {
        Some(system) => {
            let before = system.content.take().unwrap_or_default();
            let between = if before.is_empty() { "" } else { "\n\n" };
            system.content = Some(format!("{before}{between}{told}"));
        }
        None => conversation.messages.insert(0, Message::new(Role::System, told)),
    }
    conversation
}

/// What the model is told.
fn told(calls: &ToolCalls) -> String {
    let mut told = String::from(
        "You can call functions. To call one, write exactly this, with its name and a JSON object of its arguments:\n\
         <tool_call>\n{\"name\": \"...\", \"arguments\": {...}}\n</tool_call>\n\
         The result comes in the next message. Only these functions exist:\n",
    );
    for tool in calls.callable() {
        let tool = json!({
            "name": tool.name, "description": tool.description, "parameters": tool.parameters,
        });
        told.push_str(&format!("{tool}\n"));
    }
    told.push_str(match calls.choice {
        ToolChoice::Auto => "Where no function helps, answer without one.",
        ToolChoice::Required | ToolChoice::Named(_) => "Call a function now.",
    });
    told
}

/// A message without anything a template must know of tools.
fn plain(message: Message) -> Message {
    let mut message = message;
    if message.role == Role::Tool {
        let content = message.content.take().unwrap_or_default();
        return Message::new(Role::User, format!("<tool_response>\n{content}\n</tool_response>"));
    }
    let called: Vec<String> = std::mem::take(&mut message.tool_calls).iter().map(written).collect();
    if !called.is_empty() {
        let before = message.content.take().filter(|text| !text.is_empty());
        let parts: Vec<String> = before.into_iter().chain(called).collect();
        message.content = Some(parts.join("\n"));
    }
    message
}

/// A call as the model writes it.
fn written(call: &Json) -> String {
    let function = call.get("function").unwrap_or(call);
    let (name, arguments) = (function.get("name"), function.get("arguments"));
    let name = name.cloned().unwrap_or_default();
    // The API has text here, templates an object.
    let arguments = match arguments {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "{}".into(),
    };
    format!("<tool_call>\n{{\"name\": {name}, \"arguments\": {arguments}}}\n</tool_call>")
}
