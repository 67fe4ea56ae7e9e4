//! The bytes of a job's messages, and the prompt they render to (`spec/receipt.md` section 2).
//!
//! Whoever asks writes these bytes first and renders from them, so that whoever verifies renders the same. One JSON text
//! is read in one way only: no member twice, none that is not known, none that is not used. Never implies anything: the
//! date, too, is in them or not there. Failure: a [`RenderingError`] names the member, the limit or the template's line.

use receipt::limits::MESSAGES_BYTES_MAX;
use serde_json::{Map, Value as Json, json};
use text::grammar::{Grammar, GrammarError, GrammarText};
use text::template::{CivilTime, ConversationError};
use text::{Conversation, EncodeError, Message, Role, Segment, TemplateError};
use thiserror::Error;

use crate::model::Model;
use crate::strict_json::{self, Refused};

/// The member of `variables` that says what time `strftime_now` tells.
const NOW: &str = "strftime_now";
/// The member of the messages that defines a grammar.
const GRAMMAR: &str = "grammar";
/// The member of `variables` that says whether the assistant's message is begun; true where it is absent.
const BEGIN: &str = "add_generation_prompt";

/// What a prompt is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Prompt {
    /// Text as it stands, without a template.
    Text(String),
    /// What the model's template takes.
    Conversation(Conversation),
}

/// Why bytes make no prompt.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RenderingError {
    /// Too many bytes.
    #[error("the messages have {0} bytes; at most {MESSAGES_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// No JSON.
    #[error("the messages are no JSON: {0}")]
    Json(String),
    /// An object with two members of one name.
    #[error("the messages have the member {0:?} twice in one object")]
    Repeated(String),
    /// A member of the wrong kind.
    #[error("{member:?} of {of} is not {wanted}")]
    Kind {
        /// Which.
        member: String,
        /// Whose.
        of: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// A member that means nothing here.
    #[error("{member:?} is nothing that {of} can have here")]
    Unknown {
        /// Which.
        member: String,
        /// Whose.
        of: &'static str,
    },
    /// Nothing to render.
    #[error("neither \"messages\" nor \"text\" is given")]
    Nothing,
    /// Messages for a model without a template.
    #[error("the model has no chat template: give it \"text\"")]
    NoTemplate,
    /// A conversation that is none.
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    /// What the template says.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// What the tokenizer says.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A grammar that is none.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
}

impl RenderingError {
    /// Whether our own bounds ended it, which another release may set elsewhere: it says nothing of the prompt.
    #[must_use]
    pub fn is_a_bound(&self) -> bool {
        use TemplateError as Template;
        if let Self::Grammar(error) = self {
            return !error.is_malformed();
        }
        matches!(
            self,
            Self::Encode(EncodeError::TooLong { .. } | EncodeError::Library(_))
                | Self::Template(
                    Template::OutOfFuel { .. }
                        | Template::TooMuchMade { .. }
                        | Template::TooMuchRead { .. }
                        | Template::OutputTooLong
                        | Template::NoFreeMarks
                )
        )
    }
}

/// The prompt's tokens of the bytes of messages.
///
/// # Errors
/// [`RenderingError`].
pub fn render(model: &Model, messages: &[u8]) -> Result<Vec<u32>, RenderingError> {
    Prompt::read(messages)?.tokens(model)
}

impl Prompt {
    /// Its bytes: what a job commits to.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        self.write_with_grammar(None)
    }

    /// Its bytes, with the definition of the grammar that the job's parameters name.
    #[must_use]
    pub fn write_with_grammar(&self, grammar: Option<&Grammar>) -> Vec<u8> {
        let mut object = self.members();
        if let Some(grammar) = grammar {
            let GrammarText { engine, version, kind, text } = grammar.parts();
            let parts = json!({ "engine": engine, "version": version, "kind": kind, "text": text });
            object.insert(GRAMMAR.into(), parts);
        }
        Json::Object(object).to_string().into_bytes()
    }

    fn members(&self) -> Map<String, Json> {
        let mut object = Map::new();
        match self {
            Self::Text(text) => {
                object.insert("text".into(), text.as_str().into());
            }
            Self::Conversation(conversation) => {
                let messages: Vec<Json> = conversation.messages.iter().map(message).collect();
                object.insert("messages".into(), messages.into());
                if !conversation.tools.is_empty() {
                    object.insert("tools".into(), conversation.tools.clone().into());
                }
                let mut variables = conversation.variables.clone();
                if let Some(now) = conversation.now {
                    variables.insert(NOW.into(), now.to_string().into());
                }
                if !conversation.add_generation_prompt {
                    variables.insert(BEGIN.into(), false.into());
                }
                if !variables.is_empty() {
                    object.insert("variables".into(), variables.into());
                }
            }
        }
        object
    }

    /// Reads bytes of messages; says nothing of a grammar beside them.
    ///
    /// # Errors
    /// [`RenderingError`].
    pub fn read(messages: &[u8]) -> Result<Self, RenderingError> {
        Self::read_with_grammar(messages).map(|(prompt, _)| prompt)
    }

    /// Reads bytes of messages, and the definition of a grammar where they have one.
    ///
    /// # Errors
    /// [`RenderingError`].
    pub fn read_with_grammar(messages: &[u8]) -> Result<(Self, Option<Grammar>), RenderingError> {
        if messages.len() > MESSAGES_BYTES_MAX {
            return Err(RenderingError::TooLong(messages.len()));
        }
        let text = core::str::from_utf8(messages);
        let text = text.map_err(|error| RenderingError::Json(error.to_string()))?;
        let value = strict_json::read(text).map_err(|refused| match refused {
            Refused::Json(error) => RenderingError::Json(error),
            Refused::Repeated(name) => RenderingError::Repeated(name),
        })?;
        let mut all = Members::of("the messages", "the whole", value)?;
        let prompt = match (all.text("text")?, all.list("messages")?) {
            (Some(text), None) => Self::Text(text),
            (None, Some(messages)) => Self::Conversation(conversation(messages, &mut all)?),
            (None, None) => return Err(RenderingError::Nothing),
            (Some(_), Some(_)) => {
                return Err(RenderingError::Unknown { member: "text".into(), of: all.of });
            }
        };
        let grammar = all.take(GRAMMAR).map(grammar).transpose()?;
        all.end()?;
        Ok((prompt, grammar))
    }

    /// The tokens a model's template and tokenizer make of it.
    ///
    /// # Errors
    /// [`RenderingError`].
    pub fn tokens(&self, model: &Model) -> Result<Vec<u32>, RenderingError> {
        Ok(match self {
            Self::Text(text) => model.tokenizer.encode_prompt(&[Segment::Untrusted(text)])?,
            Self::Conversation(conversation) => {
                let template = model.template.as_ref().ok_or(RenderingError::NoTemplate)?;
                let rendered = template.render(conversation)?;
                model.tokenizer.encode_prompt(&rendered.segments())?
            }
        })
    }
}

fn message(message: &Message) -> Json {
    let Message { role, content, name, reasoning_content, tool_calls, tool_call_id } = message;
    let mut object = Map::new();
    object.insert("role".into(), role.name().into());
    object.insert("content".into(), json!(content));
    let optional =
        [("name", name), ("reasoning_content", reasoning_content), ("tool_call_id", tool_call_id)];
    for (member, text) in optional {
        if let Some(text) = text {
            object.insert(member.into(), text.as_str().into());
        }
    }
    if !tool_calls.is_empty() {
        object.insert("tool_calls".into(), tool_calls.clone().into());
    }
    object.into()
}

fn conversation(messages: Vec<Json>, all: &mut Members) -> Result<Conversation, RenderingError> {
    let mut conversation = Conversation { add_generation_prompt: true, ..Default::default() };
    for message in messages {
        conversation.messages.push(read_message(message)?);
    }
    conversation.tools = all.list("tools")?.unwrap_or_default();
    let Some(variables) = all.take("variables") else { return Ok(conversation) };
    let mut variables = Members::of("variables", "the messages", variables)?;
    if let Some(now) = variables.text(NOW)? {
        let wanted = "a time like 2026-11-20T22:04:05";
        let time = CivilTime::from_text(&now).ok_or_else(|| variables.kind(NOW, wanted))?;
        conversation.now = Some(time);
    }
    conversation.add_generation_prompt = match variables.take(BEGIN) {
        None => true,
        Some(Json::Bool(begin)) => begin,
        Some(_) => return Err(variables.kind(BEGIN, "true or false")),
    };
    conversation.variables = variables.members;
    Ok(conversation)
}

fn grammar(value: Json) -> Result<Grammar, RenderingError> {
    let mut members = Members::of("grammar", "the messages", value)?;
    let mut part =
        |name: &'static str| members.text(name)?.ok_or_else(|| members.kind(name, "given"));
    let (engine, version) = (part("engine")?, part("version")?);
    let (kind, text) = (part("kind")?, part("text")?);
    members.end()?;
    let parts = GrammarText { engine: &engine, version: &version, kind: &kind, text: &text };
    Ok(Grammar::from_parts(parts)?)
}

fn read_message(value: Json) -> Result<Message, RenderingError> {
    let mut members = Members::of("a message", "the messages", value)?;
    let role = members.text("role")?.ok_or_else(|| members.kind("role", "given"))?;
    let content = match members.take("content") {
        None => return Err(members.kind("content", "given")),
        Some(Json::Null) => None,
        Some(Json::String(text)) => Some(text),
        Some(_) => return Err(members.kind("content", "text or null")),
    };
    let message = Message {
        role: Role::from_name(&role)?,
        content,
        name: members.text("name")?,
        reasoning_content: members.text("reasoning_content")?,
        tool_calls: members.list("tool_calls")?.unwrap_or_default(),
        tool_call_id: members.text("tool_call_id")?,
    };
    members.end()?;
    Ok(message)
}

/// The members of an object that were not looked at yet.
struct Members {
    of: &'static str,
    members: Map<String, Json>,
}

impl Members {
    fn of(what: &'static str, of: &'static str, value: Json) -> Result<Self, RenderingError> {
        match value {
            Json::Object(members) => Ok(Self { of: what, members }),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                Err(RenderingError::Kind { member: what.into(), of, wanted: "an object" })
            }
        }
    }

    fn take(&mut self, member: &str) -> Option<Json> {
        self.members.shift_remove(member)
    }

    fn text(&mut self, member: &str) -> Result<Option<String>, RenderingError> {
        match self.take(member) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.kind(member, "text")),
        }
    }

    fn list(&mut self, member: &str) -> Result<Option<Vec<Json>>, RenderingError> {
        match self.take(member) {
            None => Ok(None),
            Some(Json::Array(list)) => Ok(Some(list)),
            Some(_) => Err(self.kind(member, "a list")),
        }
    }

    fn kind(&self, member: &str, wanted: &'static str) -> RenderingError {
        RenderingError::Kind { member: member.into(), of: self.of, wanted }
    }

    /// Refuses what is left.
    fn end(self) -> Result<(), RenderingError> {
        match self.members.into_iter().next() {
            Some((member, _)) => Err(RenderingError::Unknown { member, of: self.of }),
            None => Ok(()),
        }
    }
}
