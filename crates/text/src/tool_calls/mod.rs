//! Calls of tools in a model's answers: the style a model speaks, a grammar that holds it to it, a parser of what it says.
//!
//! A template tells the style. Where it knows nothing of tools, or speaks in a way not known here, the *generic* style is
//! used: the tools are described in the conversation itself ([`generic::conversation`]), in plain words, and calls are
//! written as in the style of Hermes. The job commits to the conversation as it was rendered, so nothing is hidden.
//!
//! Never runs a tool and never decides what an answer may cost. What a model says is hostile: the parser gives out calls
//! of known tools, and everything else as text. Failure: a [`ToolError`] names the tool and what is wrong with it.

pub mod generic;
mod grammar;
mod parser;
mod scan;

use serde_json::{Value as Json, json};
use thiserror::Error;

use crate::grammar::Grammar;
use crate::token_bytes::TokenBytes;

pub use parser::{CallEvent, CallParser};

/// Most tools of one request.
pub const TOOLS_MAX: usize = 128;
/// Most calls of one answer.
pub const CALLS_MAX: usize = 16;
/// Longest name of a tool.
const NAME_BYTES_MAX: usize = 64;
/// Characters of a call's id: what the templates of Mistral want.
const ID_CHARS: usize = 9;

/// How a model writes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolStyle {
    /// `<tool_call>\n{"name": .., "arguments": ..}\n</tool_call>`, any number of them: Hermes, Qwen.
    Hermes,
    /// `{"name": .., "parameters": ..}` as the whole answer: Llama 3.
    Llama,
    /// `[TOOL_CALLS][{"name": .., "arguments": ..}, ..]` as the whole answer: Mistral.
    Mistral,
    /// As Hermes, for a model whose template knows nothing of tools.
    Generic,
}

/// A tool that may be called.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// A JSON schema of its arguments.
    pub parameters: Json,
}

/// Whether tools are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// At least one call, of any tool.
    Required,
    /// A call of this tool.
    Named(String),
}

/// Why tools are refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ToolError {
    /// None to call.
    #[error("no tools are given to call")]
    None,
    /// Too many.
    #[error("{0} tools are given; at most {TOOLS_MAX} are allowed")]
    TooMany(usize),
    /// An item that is no tool.
    #[error(
        "tool {index} is no object of \"type\": \"function\" with a \"function\" of a \"name\""
    )]
    NoFunction {
        /// Which.
        index: usize,
    },
    /// A name that can't be one.
    #[error(
        "{0:?} is no tool's name: 1 to {NAME_BYTES_MAX} letters, digits, underscores or dashes"
    )]
    Name(String),
    /// Two tools of one name.
    #[error("the tool {0:?} is given twice")]
    Twice(String),
    /// Parameters that are no object's schema.
    #[error("\"parameters\" of the tool {0:?} are no JSON schema of an object")]
    Parameters(String),
    /// A choice of a tool that is not given.
    #[error("the tool {0:?} is to be called, but not given")]
    Unknown(String),
}

/// The tools of one request, and how they may be called.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCalls {
    style: ToolStyle,
    tools: Vec<Tool>,
    choice: ToolChoice,
    /// Whether one answer may have several calls.
    parallel: bool,
    /// The control token that begins a call, where a model has one.
    begin: Option<u32>,
}

impl ToolStyle {
    /// The style that a template speaks.
    #[must_use]
    pub fn of_template(source: Option<&str>) -> Self {
        let Some(source) = source else { return Self::Generic };
        let has = |text: &str| source.contains(text);
        if !has("tools") {
            Self::Generic
        } else if has("[TOOL_CALLS]") {
            Self::Mistral
        } else if has("<tool_call>") && has("arguments") {
            Self::Hermes
        } else if has("\"parameters\"") && (has("<|python_tag|>") || has("ipython")) {
            Self::Llama
        } else {
            Self::Generic
        }
    }

    /// What begins a call, where something does.
    const fn begin(self) -> Option<&'static str> {
        match self {
            Self::Hermes | Self::Generic => Some("<tool_call>"),
            Self::Mistral => Some("[TOOL_CALLS]"),
            Self::Llama => None,
        }
    }

    /// The member of a call that holds its arguments.
    const fn arguments(self) -> &'static str {
        match self {
            Self::Hermes | Self::Generic | Self::Mistral => "arguments",
            Self::Llama => "parameters",
        }
    }
}

impl Tool {
    /// A tool as the API has it: `{"type": "function", "function": {"name", "description", "parameters"}}`.
    fn read(index: usize, value: &Json) -> Result<Self, ToolError> {
        let function = Some(value)
            .filter(|value| value.get("type").and_then(Json::as_str) == Some("function"))
            .and_then(|value| value.get("function"));
        let name = function.and_then(|function| function.get("name")).and_then(Json::as_str);
        let (Some(function), Some(name)) = (function, name) else {
            return Err(ToolError::NoFunction { index });
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !(1..=NAME_BYTES_MAX).contains(&name.len()) || !name.bytes().all(plain) {
            return Err(ToolError::Name(name.chars().take(NAME_BYTES_MAX).collect()));
        }
        let description = function.get("description").and_then(Json::as_str).map(str::to_owned);
        let parameters = match function.get("parameters") {
            None | Some(Json::Null) => json!({ "type": "object", "properties": {} }),
            Some(schema @ Json::Object(_)) => schema.clone(),
            Some(Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) => {
                return Err(ToolError::Parameters(name.into()));
            }
        };
        Ok(Self { name: name.into(), description, parameters })
    }
}

impl ToolCalls {
    /// The tools of a request as the API has them. `table` is the model's: some begin calls with a control token.
    ///
    /// # Errors
    /// [`ToolError`].
    pub fn new(
        style: ToolStyle,
        table: &TokenBytes,
        tools: &[Json],
        choice: ToolChoice,
        parallel: bool,
    ) -> Result<Self, ToolError> {
        if tools.is_empty() {
            return Err(ToolError::None);
        }
        if tools.len() > TOOLS_MAX {
            return Err(ToolError::TooMany(tools.len()));
        }
        let mut all: Vec<Tool> = Vec::with_capacity(tools.len());
        for (index, tool) in tools.iter().enumerate() {
            let tool = Tool::read(index, tool)?;
            if all.iter().any(|other| other.name == tool.name) {
                return Err(ToolError::Twice(tool.name));
            }
            all.push(tool);
        }
        if let ToolChoice::Named(name) = &choice
            && !all.iter().any(|tool| tool.name == *name)
        {
            return Err(ToolError::Unknown(name.clone()));
        }
        let begin = style.begin().and_then(|text| control_token(table, text));
        Ok(Self { style, tools: all, choice, parallel, begin })
    }

    /// How calls are written.
    #[must_use]
    pub fn style(&self) -> ToolStyle {
        self.style
    }

    /// The tools.
    #[must_use]
    pub fn tools(&self) -> &[Tool] {
        &self.tools
    }

    /// What holds the answer to the choice: a call where one is required, else text or well-formed calls.
    #[must_use]
    pub fn grammar(&self) -> Grammar {
        grammar::grammar(self)
    }

    /// What tells calls from text in the answer.
    #[must_use]
    pub fn parser(&self) -> CallParser {
        CallParser::new(self)
    }

    /// The tools that may be called.
    fn callable(&self) -> impl Iterator<Item = &Tool> {
        let named = match &self.choice {
            ToolChoice::Named(name) => Some(name),
            ToolChoice::Auto | ToolChoice::Required => None,
        };
        self.tools.iter().filter(move |tool| named.is_none_or(|name| *name == tool.name))
    }

    /// Whether one answer may have several calls.
    fn is_parallel(&self) -> bool {
        let named = matches!(self.choice, ToolChoice::Named(_));
        self.parallel && !named && self.style != ToolStyle::Llama
    }
}

/// The id of an answer's call: nine letters and digits that are the same whenever the answer is.
#[must_use]
pub fn call_id(answer: &[u8], index: usize) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut hasher = blake3::Hasher::new();
    hasher.update(answer).update(&u64::try_from(index).unwrap_or(u64::MAX).to_le_bytes());
    let hash = hasher.finalize();
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(byte % 32)]);
    hash.as_bytes().iter().take(ID_CHARS).map(letter).collect()
}

/// The control token of this text.
fn control_token(table: &TokenBytes, text: &str) -> Option<u32> {
    let tokens = 0..u32::try_from(table.len()).ok()?;
    tokens.into_iter().find(|token| {
        table.get(*token).is_some_and(|piece| piece.control && piece.bytes == text.as_bytes())
    })
}
