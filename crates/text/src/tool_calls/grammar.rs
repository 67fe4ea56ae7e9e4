//! The grammar of calls: Lark with the tools' schemas in it.
//!
//! White space between the parts of a call is fixed as the models were taught it, so only the arguments are free. Where
//! the model decides, text is free up to what begins a call; what begins one must be one. Never fails: a schema that
//! can't be followed is refused with the grammar.

use serde_json::Value as Json;

use super::{CALLS_MAX, Tool, ToolCalls, ToolChoice, ToolStyle};
use crate::grammar::{Grammar, with_white_space};

pub(super) fn grammar(calls: &ToolCalls) -> Grammar {
    let auto = calls.choice == ToolChoice::Auto;
    let more = if calls.is_parallel() { CALLS_MAX - 1 } else { 0 };
    let mut text = match (calls.style, auto) {
        (ToolStyle::Hermes | ToolStyle::Generic, _) => tagged(calls, auto, more),
        (ToolStyle::Mistral, _) => listed(calls, auto, more),
        (ToolStyle::Llama, true) => {
            "start: FREE | call\ncall: one\nFREE: /([^{\\s](.|\\n)*)?/\n".to_owned()
        }
        (ToolStyle::Llama, false) => "start: call\ncall: one\n".to_owned(),
    };
    let names: Vec<String> = (0..calls.callable().count()).map(|at| format!("one_{at}")).collect();
    text.push_str(&format!("one: {}\n", names.join(" | ")));
    for (at, tool) in calls.callable().enumerate() {
        text.push_str(&one(at, tool, calls.style.arguments()));
    }
    Grammar::lark(text)
}

/// Calls between tags, where text may stand before each.
fn tagged(calls: &ToolCalls, auto: bool, more: usize) -> String {
    let body = "\"\\n\" one \"\\n</tool_call>\"";
    match (calls.begin, auto) {
        (None, true) => format!(
            "start: (begin {body}){{0,{}}} FREE\nbegin[lazy]: ANY \"<tool_call>\"\n{ANY}{FREE}",
            more + 1
        ),
        (Some(token), true) => {
            format!("start: (FREE <[{token}]> {body}){{0,{}}} FREE\n{FREE}", more + 1)
        }
        (begin, false) => {
            let begin = begin.map_or("\"<tool_call>\"".into(), |token| format!("<[{token}]>"));
            let again = again("\"\\n\" call", more);
            format!("start: call {again}\ncall: {begin} {body}\n")
        }
    }
}

/// A list of calls as the whole answer.
fn listed(calls: &ToolCalls, auto: bool, more: usize) -> String {
    let list = format!("\"[\" one {} \"]\"", again("\", \" one", more));
    let free = format!("{ANY}{FREE}");
    match (calls.begin, auto) {
        (Some(token), true) => format!("start: FREE | <[{token}]> {list}\n{FREE}"),
        (Some(token), false) => format!("start: <[{token}]> {list}\n"),
        (None, true) => {
            format!("start: FREE | begin {list}\nbegin[lazy]: ANY \"[TOOL_CALLS]\"\n{free}")
        }
        (None, false) => format!("start: \"[TOOL_CALLS]\" {list}\n"),
    }
}

/// What may come again, so many times.
fn again(what: &str, most: usize) -> String {
    if most == 0 { String::new() } else { format!("({what}){{0,{most}}}") }
}

const ANY: &str = "ANY: /(.|\\n)*/\n";
const FREE: &str = "FREE: /(.|\\n)*/\n";

/// The rule of one tool's calls. Its name needs no escapes.
fn one(at: usize, tool: &Tool, arguments: &str) -> String {
    let schema: Json = with_white_space(tool.parameters.clone());
    let name = &tool.name;
    format!(
        "one_{at}: \"{{\\\"name\\\": \\\"{name}\\\", \\\"{arguments}\\\": \" %json {schema} \"}}\"\n"
    )
}
