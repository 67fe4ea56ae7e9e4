//! What a template renders: messages, tools and variables, checked before anything runs.
//!
//! A role is one of four; it is never text a user chooses, because templates spell tokens with it.
//! Everything else is untrusted, whatever it holds. The variables a template always gets
//! (`messages`, `tools`, `bos_token`, ...) can't be replaced.

use std::collections::BTreeMap;

use minijinja::Value;
use serde_json::{Map, Value as Json};

use super::Variables;
use super::strftime::CivilTime;

/// The most messages of one conversation.
pub const MAX_MESSAGES: usize = 4096;
/// The most text of one conversation, all strings and keys together.
pub const MAX_CONVERSATION_BYTES: usize = 8 << 20;
/// How deep tools, tool calls and variables may nest.
pub const MAX_JSON_DEPTH: usize = 32;

const RESERVED: [&str; 5] =
    ["messages", "tools", "documents", "add_generation_prompt", "strftime_now"];

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::System, Self::User, Self::Assistant, Self::Tool];

    /// The role's name in templates and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }

    /// The role with this name.
    pub fn from_name(name: &str) -> Result<Self, ConversationError> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == name)
            .ok_or_else(|| ConversationError::Role(name.chars().take(MAX_SHOWN_CHARS).collect()))
    }
}

/// How much of a stranger's text an error repeats.
const MAX_SHOWN_CHARS: usize = 64;

/// One message. Absent parts are absent in the template too, except `content`, which is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub role: Role,
    pub content: Option<String>,
    pub name: Option<String>,
    /// The model's earlier thoughts, for templates that show them.
    pub reasoning_content: Option<String>,
    /// As the API has them; give `arguments` as an object, which is what templates expect.
    pub tool_calls: Vec<Json>,
    pub tool_call_id: Option<String>,
}

impl Message {
    /// A message of text only.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: Some(content.into()),
            name: None,
            reasoning_content: None,
            tool_calls: Vec::new(),
            tool_call_id: None,
        }
    }

    fn to_json(&self) -> Json {
        let mut map = Map::new();
        map.insert("role".to_owned(), self.role.name().into());
        map.insert("content".to_owned(), self.content.clone().into());
        let optional = [
            ("name", &self.name),
            ("reasoning_content", &self.reasoning_content),
            ("tool_call_id", &self.tool_call_id),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                map.insert(key.to_owned(), value.clone().into());
            }
        }
        if !self.tool_calls.is_empty() {
            map.insert("tool_calls".to_owned(), self.tool_calls.clone().into());
        }
        Json::Object(map)
    }
}

/// Everything a template is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conversation {
    pub messages: Vec<Message>,
    /// As the API has them; none are `none` in the template.
    pub tools: Vec<Json>,
    /// Whether the prompt ends with the beginning of the assistant's message.
    pub add_generation_prompt: bool,
    /// Further variables, such as `enable_thinking`.
    pub variables: Map<String, Json>,
    /// The time `strftime_now` formats; without one, a template that asks for it is refused.
    pub now: Option<CivilTime>,
}

/// What is wrong with a conversation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConversationError {
    #[error("role {0:?} is not one of system, user, assistant, tool")]
    Role(String),
    #[error("the conversation has no messages")]
    Empty,
    #[error("{0} messages; at most {MAX_MESSAGES} are allowed")]
    TooManyMessages(usize),
    #[error("the conversation has more than {MAX_CONVERSATION_BYTES} bytes of text")]
    TooLong,
    #[error("tools, tool calls and variables may nest {MAX_JSON_DEPTH} deep, not deeper")]
    TooDeep,
    #[error("template variable {0:?} is set by the model or the request and can't be replaced")]
    Reserved(String),
}

impl Conversation {
    /// Checks the limits; returns every string and key.
    pub(super) fn check<'a>(
        &'a self,
        special: &BTreeMap<&'static str, String>,
    ) -> Result<Vec<&'a str>, ConversationError> {
        if self.messages.is_empty() {
            return Err(ConversationError::Empty);
        }
        if self.messages.len() > MAX_MESSAGES {
            return Err(ConversationError::TooManyMessages(self.messages.len()));
        }
        let mut strings = Strings { found: Vec::new(), bytes: 0 };
        for message in &self.messages {
            let parts = [
                &message.content,
                &message.name,
                &message.reasoning_content,
                &message.tool_call_id,
            ];
            for text in parts.into_iter().flatten() {
                strings.add(text)?;
            }
            strings.add_all(&message.tool_calls, 1)?;
        }
        strings.add_all(&self.tools, 1)?;
        for (name, value) in &self.variables {
            let tokens = ["bos_token", "eos_token", "unk_token", "pad_token"];
            if RESERVED.contains(&name.as_str())
                || tokens.contains(&name.as_str())
                || special.contains_key(name.as_str())
            {
                return Err(ConversationError::Reserved(name.clone()));
            }
            strings.add(name)?;
            strings.add_json(value, 1)?;
        }
        Ok(strings.found)
    }

    /// What the template sees, with the special tokens spelled as given.
    pub(super) fn variables(
        &self,
        special: impl Iterator<Item = (&'static str, String)>,
    ) -> Variables {
        let messages: Vec<Json> = self.messages.iter().map(Message::to_json).collect();
        let tools = if self.tools.is_empty() { Json::Null } else { self.tools.clone().into() };
        let mut variables = Variables::new();
        for (name, value) in &self.variables {
            variables.insert(name.clone(), Value::from_serialize(value));
        }
        variables.insert("messages".to_owned(), Value::from_serialize(&messages));
        variables.insert("tools".to_owned(), Value::from_serialize(&tools));
        variables.insert("documents".to_owned(), Value::from(()));
        variables.insert("add_generation_prompt".to_owned(), self.add_generation_prompt.into());
        variables.extend(special.map(|(name, text)| (name.to_owned(), Value::from(text))));
        variables
    }
}

/// Collects all strings of a conversation, counting bytes.
struct Strings<'a> {
    found: Vec<&'a str>,
    bytes: usize,
}

impl<'a> Strings<'a> {
    fn add(&mut self, text: &'a str) -> Result<(), ConversationError> {
        self.count(text.len())?;
        self.found.push(text);
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), ConversationError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_CONVERSATION_BYTES { Err(ConversationError::TooLong) } else { Ok(()) }
    }

    fn add_all(&mut self, values: &'a [Json], depth: usize) -> Result<(), ConversationError> {
        values.iter().try_for_each(|value| self.add_json(value, depth))
    }

    fn add_json(&mut self, value: &'a Json, depth: usize) -> Result<(), ConversationError> {
        if depth > MAX_JSON_DEPTH {
            return Err(ConversationError::TooDeep);
        }
        match value {
            // Even values without text cost something, so that their number is bounded too.
            Json::Null | Json::Bool(_) | Json::Number(_) => self.count(1),
            Json::String(text) => self.add(text),
            Json::Array(values) => {
                self.count(1)?;
                self.add_all(values, depth + 1)
            }
            Json::Object(map) => {
                self.count(1)?;
                map.iter().try_for_each(|(key, value)| {
                    self.add(key)?;
                    self.add_json(value, depth + 1)
                })
            }
        }
    }
}
