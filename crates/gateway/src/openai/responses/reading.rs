//! What a request of responses asks, read into an [`Ask`]; and what of it a response repeats.

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use text::grammar::{GRAMMAR_BYTES_MAX, check_strict};
use text::tool_calls::{TOOLS_MAX, ToolChoice};
use text::{Conversation, Message, Role};

use super::input::input;
use crate::core::{
    Ask, Asked, Bad, Format, Members, Names, Refusal, Tools, at, cache_scope, labels, settings,
    text, value,
};

/// Most likeliest tokens beside each.
const TOP_LOGPROBS_MAX: u64 = 20;
/// Most things that a response may be asked to include.
const INCLUDE_MAX: usize = 16;
/// What asks for logprobs.
const LOGPROBS: &str = "message.output_text.logprobs";
/// What is never there to include, as nothing here thinks in secret.
const REASONING: &str = "reasoning.encrypted_content";

/// What is asked, and how it is to be told.
pub(super) struct Asking {
    pub(super) ask: Ask,
    /// Members of the request that every response repeats.
    pub(super) echo: Map<String, Json>,
    pub(super) stream: bool,
}

/// What a response repeats, and what it says where a request says nothing.
fn defaults() -> Map<String, Json> {
    let defaults = json!({
        "instructions": null,
        "max_output_tokens": null,
        "metadata": {},
        "parallel_tool_calls": true,
        "temperature": 1,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1,
        "user": null,
    });
    match defaults {
        Json::Object(defaults) => defaults,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            Map::new()
        }
    }
}

/// Reads a request.
pub(super) fn read(body: &[u8]) -> Result<Asking, Refusal> {
    let mut members = Members::parse(body)?;
    let model = members.text("model")?;
    let model = model.ok_or_else(|| members.bad("model", "it must be given"))?;
    let mut messages = Vec::new();
    if let Some(instructions) = members.text("instructions")? {
        messages.push(Message::new(Role::System, instructions));
    }
    input(&mut members, &mut messages)?;
    let conversation =
        Conversation { messages, add_generation_prompt: true, ..Conversation::default() };
    let names = Names { prompt: "input", tokens_max: "max_output_tokens", format: "text.format" };
    let mut ask = Ask::new(model, Asked::Conversation(conversation), names);
    ask.settings = settings(&mut members)?;
    ask.tokens_max = members.whole_u32("max_output_tokens", 1, u32::MAX)?;
    ask.seed = members.whole("seed", 0, u64::MAX)?;
    ask.cache = cache_scope(&mut members)?;
    ask.logprobs = logprobs(&mut members)?;
    ask.format = format(&mut members)?;
    ask.tools = tools(&mut members)?;
    let stream = members.yes("stream")?.unwrap_or(false);
    if let Some(mut options) = members.object("stream_options")? {
        options.only("include_obfuscation", &["false"], "nothing is added to streams here")?;
        options.end()?;
    }
    without_memory(&mut members)?;
    forgotten(&mut members)?;
    members.end()?;
    // Only now: what is repeated has been found within its limits.
    let echo = echo(&mut Members::parse(body)?)?;
    Ok(Asking { ask, echo, stream })
}

fn echo(members: &mut Members<'_>) -> Result<Map<String, Json>, Bad> {
    let mut echo = defaults();
    for (name, told) in &mut echo {
        if let Some(given) = members.take(name) {
            let length = given.get().len();
            // A text takes what it took; anything else many times as much.
            if length > GRAMMAR_BYTES_MAX && text(given).is_none() {
                let what = format!("it has {length} bytes: at most {GRAMMAR_BYTES_MAX} are taken");
                return Err(members.bad(name, what));
            }
            *told = value(given).map_err(|what| members.bad(name, what))?;
        }
    }
    Ok(echo)
}

fn logprobs(members: &mut Members<'_>) -> Result<Option<u8>, Bad> {
    let mut wanted = false;
    for (index, one) in members.list("include", INCLUDE_MAX)?.unwrap_or_default().iter().enumerate()
    {
        match text(one).as_deref() {
            Some(LOGPROBS) => wanted = true,
            Some(REASONING) => {}
            Some(_) | None => {
                let what = format!("only {LOGPROBS:?} can be included");
                return Err(Bad::of(at("include", index), what));
            }
        }
    }
    let top = members.whole("top_logprobs", 0, TOP_LOGPROBS_MAX)?;
    let top = top.and_then(|top| u8::try_from(top).ok()).unwrap_or(0);
    Ok((wanted || top > 0).then_some(top))
}

/// What the answer's text is to be.
fn format(members: &mut Members<'_>) -> Result<Format, Bad> {
    let Some(mut config) = members.object("text")? else { return Ok(Format::Text) };
    config.only("verbosity", &["\"medium\""], "a model is told by words alone how much to say")?;
    let format = config.object("format")?;
    config.end()?;
    let Some(mut format) = format else { return Ok(Format::Text) };
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
    // A name and a description are for people.
    format.text("name")?;
    format.text("description")?;
    let schema = format.take("schema");
    let schema = schema.ok_or_else(|| format.bad("schema", "it must be given"))?.get();
    if format.yes("strict")?.unwrap_or(false) {
        check_strict(schema).map_err(|error| format.bad("schema", error))?;
    }
    Ok(schema.to_owned())
}

/// The tools that may be called; `None` where there are none, or none may be.
fn tools(members: &mut Members<'_>) -> Result<Option<Tools>, Bad> {
    let list = members.list_within("tools", TOOLS_MAX, GRAMMAR_BYTES_MAX)?;
    let mut tools = Vec::new();
    for (index, json) in list.into_iter().enumerate() {
        tools.push(tool(Members::of(at("tools", index), json)?)?);
    }
    let choice = match members.take("tool_choice") {
        None => Some(ToolChoice::Auto),
        Some(choice) => tool_choice(choice)?,
    };
    members.only("max_tool_calls", &[], "no tool is run here: leave it out")?;
    let parallel = members.yes("parallel_tool_calls")?.unwrap_or(true);
    Tools::of(tools, choice, parallel)
}

/// A tool as every dialect's core has it.
fn tool(mut tool: Members<'_>) -> Result<Json, Bad> {
    let kind = tool.word("type", &["function"])?;
    kind.ok_or_else(|| tool.bad("type", "it must be given"))?;
    let name = tool.text("name")?.ok_or_else(|| tool.bad("name", "it must be given"))?;
    let description = tool.text("description")?;
    let parameters = tool.take("parameters").map(value).transpose();
    let parameters = parameters.map_err(|what| tool.bad("parameters", what))?;
    // Every call follows its schema, strict or not.
    tool.yes("strict")?;
    tool.only("defer_loading", &["false"], "every tool is told to the model at once")?;
    tool.end()?;
    let mut function = json!({"name": name});
    if let Some(parameters) = parameters {
        function["parameters"] = parameters;
    }
    if let Some(description) = description {
        function["description"] = description.into();
    }
    Ok(json!({"type": "function", "function": function}))
}

fn tool_choice(choice: &RawValue) -> Result<Option<ToolChoice>, Bad> {
    let wrong = || Bad::of("tool_choice", "it must be none, auto, required, or name a function");
    match text(choice).as_deref() {
        Some("none") => return Ok(None),
        Some("auto") => return Ok(Some(ToolChoice::Auto)),
        Some("required") => return Ok(Some(ToolChoice::Required)),
        Some(_) => return Err(wrong()),
        None => {}
    }
    let mut choice = Members::of("tool_choice", choice).map_err(|_| wrong())?;
    choice.word("type", &["function"])?;
    let name = choice.text("name")?.ok_or_else(|| choice.bad("name", "it must be given"))?;
    choice.end()?;
    Ok(Some(ToolChoice::Named(name)))
}

/// Refuses what needs a memory.
fn without_memory(members: &mut Members<'_>) -> Result<(), Bad> {
    let why = "nothing is stored here but the receipt: leave it out, and send all items as `input`";
    members.only("store", &["false"], why)?;
    for member in ["previous_response_id", "conversation", "prompt"] {
        members.only(member, &[], why)?;
    }
    members.only("background", &["false"], "an answer is given while you wait: leave it out")?;
    members.only("truncation", &["\"disabled\""], "nothing is left out of a prompt here")
}

/// What can change nothing of an answer.
fn forgotten(members: &mut Members<'_>) -> Result<(), Bad> {
    labels(members)?;
    if let Some(mut reasoning) = members.object("reasoning")? {
        reasoning.word("effort", &["none"])?;
        reasoning.end()?;
    }
    let tier = ["\"auto\"", "\"default\""];
    members.only("service_tier", &tier, "there is one tier here: leave it out")
}
