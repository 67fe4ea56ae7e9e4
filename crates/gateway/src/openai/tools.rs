//! Tools and the form of an answer: what is asked, and how calls are written.

use serde_json::{Value as Json, json};
use text::grammar::{GRAMMAR_BYTES_MAX, check_strict};
use text::tool_calls::{CallEvent, TOOLS_MAX, ToolChoice};

use crate::core::{Bad, Format, Members, Part, Speech, Started, Tools, at, value};

/// The tools that may be called; `None` where there are none, or none may be.
pub(super) fn tools(members: &mut Members<'_>) -> Result<Option<Tools>, Bad> {
    let list = members.list_within("tools", TOOLS_MAX, GRAMMAR_BYTES_MAX)?;
    let mut tools = Vec::new();
    for (index, tool) in list.into_iter().enumerate() {
        tools.push(value(tool).map_err(|what| Bad::of(at("tools", index), what))?);
    }
    let choice = tool_choice(members)?;
    let parallel = members.yes("parallel_tool_calls")?.unwrap_or(true);
    members.only("functions", &["[]"], "it is obsolete: send `tools`")?;
    members.only("function_call", &["\"none\""], "it is obsolete: send `tool_choice`")?;
    Tools::of(tools, choice, parallel)
}

/// `None`: no tool is to be called.
fn tool_choice(members: &mut Members<'_>) -> Result<Option<ToolChoice>, Bad> {
    let path = members.name("tool_choice");
    let Some(choice) = members.take("tool_choice") else { return Ok(Some(ToolChoice::Auto)) };
    match choice.get() {
        "\"none\"" => return Ok(None),
        "\"auto\"" => return Ok(Some(ToolChoice::Auto)),
        "\"required\"" => return Ok(Some(ToolChoice::Required)),
        text if !text.starts_with('{') => {
            return Err(Bad::of(path, "it must be none, auto, required, or name a function"));
        }
        _ => {}
    }
    let mut choice = Members::of(path, choice)?;
    choice.word("type", &["function"])?;
    let function = choice.object("function")?;
    let mut function = function.ok_or_else(|| choice.bad("function", "it must be given"))?;
    let name = function.text("name")?;
    let name = name.ok_or_else(|| function.bad("name", "it must be given"))?;
    function.end()?;
    choice.end()?;
    Ok(Some(ToolChoice::Named(name)))
}

/// What the answer's text is to be.
pub(super) fn format(members: &mut Members<'_>) -> Result<Format, Bad> {
    let Some(mut format) = members.object("response_format")? else { return Ok(Format::Text) };
    let read = match format.word("type", &["text", "json_object", "json_schema"])? {
        Some("json_object") => Format::JsonObject,
        Some("json_schema") => Format::JsonSchema(schema(&mut format)?),
        Some(_) => Format::Text,
        None => return Err(format.bad("type", "it must be given")),
    };
    format.end()?;
    Ok(read)
}

fn schema(format: &mut Members<'_>) -> Result<String, Bad> {
    let object = format.object("json_schema")?;
    let mut object = object.ok_or_else(|| format.bad("json_schema", "it must be given"))?;
    // A name and a description are for people.
    object.text("name")?;
    object.text("description")?;
    let schema = object.take("schema");
    let schema = schema.ok_or_else(|| object.bad("schema", "it must be given"))?.get();
    if object.yes("strict")?.unwrap_or(false) {
        check_strict(schema).map_err(|error| object.bad("schema", error))?;
    }
    object.end()?;
    Ok(schema.to_owned())
}

/// Writes what one choice says as chat has it.
pub(super) struct Speaker(Speech);

impl Speaker {
    pub(super) fn new(started: &Started, choice: u32) -> Self {
        Self(Speech::new(started, choice))
    }

    /// The deltas of a part.
    pub(super) fn part(&mut self, part: &Part) -> Vec<Json> {
        let events = self.0.part(part);
        self.deltas(events)
    }

    /// The deltas of what was held back until the end.
    pub(super) fn end(&mut self) -> Vec<Json> {
        let events = self.0.end();
        self.deltas(events)
    }

    /// Whether it called a tool.
    pub(super) fn has_called(&self) -> bool {
        self.0.has_called()
    }

    fn deltas(&self, events: Vec<CallEvent>) -> Vec<Json> {
        events.into_iter().filter_map(|event| self.delta(event)).collect()
    }

    fn delta(&self, event: CallEvent) -> Option<Json> {
        match event {
            CallEvent::Text(text) => Some(json!({"content": text})),
            CallEvent::Begin { index, name } => Some(json!({"tool_calls": [{
                "index": index,
                "id": self.0.call_id(index),
                "type": "function",
                "function": {"name": name, "arguments": ""},
            }]})),
            CallEvent::Arguments { index, text } => {
                let function = json!({"arguments": text});
                Some(json!({"tool_calls": [{"index": index, "function": function}]}))
            }
            CallEvent::End { .. } => None,
        }
    }
}

/// The message that deltas make together.
pub(super) fn message(deltas: &[Json]) -> Json {
    let mut text = String::new();
    let mut calls: Vec<Json> = Vec::new();
    for delta in deltas {
        text.push_str(delta["content"].as_str().unwrap_or_default());
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
            match calls.iter_mut().find(|known| known["index"] == call["index"]) {
                None => calls.push(call.clone()),
                Some(known) => {
                    if let Json::String(before) = &mut known["function"]["arguments"] {
                        before.push_str(arguments);
                    }
                }
            }
        }
    }
    for call in &mut calls {
        if let Json::Object(call) = call {
            call.remove("index");
        }
    }
    let content = if text.is_empty() && !calls.is_empty() { Json::Null } else { text.into() };
    let mut message = json!({"role": "assistant", "content": content, "refusal": null});
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    message
}
