//! Tools, whether they are called, and the form of an answer.
//!
//! Tools of Anthropic's own servers are refused: there are none here.

use serde_json::{Value as Json, json};
use text::grammar::GRAMMAR_BYTES_MAX;
use text::tool_calls::{TOOLS_MAX, ToolChoice};

use super::cache_control;
use crate::core::{Bad, Format, Members, Tools, at, value};

/// The tools that may be called; `None` where there are none, or none may be.
pub(super) fn tools(members: &mut Members<'_>) -> Result<Option<Tools>, Bad> {
    let list = members.list_within("tools", TOOLS_MAX, GRAMMAR_BYTES_MAX)?;
    let mut tools = Vec::new();
    for (index, json) in list.into_iter().enumerate() {
        tools.push(tool(Members::of(at("tools", index), json)?)?);
    }
    let (choice, parallel) = choice(members)?;
    Tools::of(tools, choice, parallel)
}

/// A tool as every dialect's core has it.
fn tool(mut tool: Members<'_>) -> Result<Json, Bad> {
    tool.word("type", &["custom"])?;
    cache_control(&mut tool)?;
    let name = tool.text("name")?.ok_or_else(|| tool.bad("name", "it must be given"))?;
    let description = tool.text("description")?;
    let schema = tool.take("input_schema").filter(|schema| schema.get().starts_with('{'));
    let schema = schema.ok_or_else(|| tool.bad("input_schema", "it must be a JSON schema"))?;
    let schema = value(schema).map_err(|what| tool.bad("input_schema", what))?;
    // Every call follows its schema, and streams as it is drawn.
    tool.yes("strict")?;
    tool.yes("eager_input_streaming")?;
    tool.only("defer_loading", &["false"], "every tool is told to the model at once")?;
    tool.only("allowed_callers", &["[\"direct\"]"], "only the model calls tools here")?;
    tool.end()?;
    let mut function = json!({"name": name, "parameters": schema});
    if let Some(description) = description {
        function["description"] = description.into();
    }
    Ok(json!({"type": "function", "function": function}))
}

/// Whether tools are called, and whether several may be in one answer.
fn choice(members: &mut Members<'_>) -> Result<(Option<ToolChoice>, bool), Bad> {
    let Some(mut choice) = members.object("tool_choice")? else {
        return Ok((Some(ToolChoice::Auto), true));
    };
    let kind = choice.word("type", &["auto", "any", "tool", "none"])?;
    let chosen = match kind.ok_or_else(|| choice.bad("type", "it must be given"))? {
        "auto" => Some(ToolChoice::Auto),
        "any" => Some(ToolChoice::Required),
        "tool" => {
            let name = choice.text("name")?;
            let name = name.ok_or_else(|| choice.bad("name", "it must be given"))?;
            Some(ToolChoice::Named(name))
        }
        _ => None,
    };
    let one = choice.yes("disable_parallel_tool_use")?.unwrap_or(false);
    choice.end()?;
    Ok((chosen, !one))
}

/// What the answer's text is to be.
pub(super) fn format(members: &mut Members<'_>) -> Result<Format, Bad> {
    let Some(mut config) = members.object("output_config")? else { return Ok(Format::Text) };
    let format = config.object("format")?;
    config.end()?;
    let Some(mut format) = format else { return Ok(Format::Text) };
    let kind = format.word("type", &["json_schema"])?;
    kind.ok_or_else(|| format.bad("type", "it must be given"))?;
    let schema = format.take("schema");
    let schema = schema.ok_or_else(|| format.bad("schema", "it must be given"))?.get().to_owned();
    format.end()?;
    Ok(Format::JsonSchema(schema))
}
