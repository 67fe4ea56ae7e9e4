//! A question as every dialect asks it, and how it becomes a job.
//!
//! Never implies what was not asked: defaults are the dialect's, and stand in its file. Numbers are exact decimals.

use canon::sample::{ParameterError, Parameters, Settings};
use llm::schedule::CacheScope;
use llm::{Model, Prompt, Question, RenderingError, nonce_of};
use receipt::limits::TOKENS_MAX;
use receipt::{Job, NonceChooser, PublicKey};
use serde_json::Value as Json;
use text::grammar::{Constraint, Grammar, GrammarError};
use text::tool_calls::{ToolCalls, ToolChoice, ToolError, ToolStyle, generic};
use text::{ChatTemplate, Conversation, EncodeError};

use super::members::Bad;
use super::refusal::Refusal;

/// What the model is to go on from.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// Messages, through the model's chat template.
    Conversation(Conversation),
    /// Text as it stands.
    Text(String),
    /// Tokens as they stand.
    Tokens(Vec<u32>),
}

/// A dialect's names of members.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    /// What the prompt stands in.
    pub(crate) prompt: &'static str,
    /// The most tokens of an answer.
    pub(crate) tokens_max: &'static str,
    /// The form of an answer.
    pub(crate) format: &'static str,
}

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The model, by a name it is served under, or by its id.
    pub(crate) model: String,
    pub(crate) asked: Asked,
    /// What the dialect calls what a refusal may be about.
    pub(crate) names: Names,
    /// How tokens are drawn; ranges are not checked yet.
    pub(crate) settings: Settings,
    /// How many answers.
    pub(crate) choices: u32,
    /// Most tokens of each; `None`: as many as the context has room for.
    pub(crate) tokens_max: Option<u32>,
    /// Texts that end an answer.
    pub(crate) stop: Vec<String>,
    /// The same seed, the same answer; `None`: drawn.
    pub(crate) seed: Option<u64>,
    /// Who may share the prompt's computed prefix.
    pub(crate) cache: CacheScope,
    /// How likely each token was, and so many others; `None`: not asked.
    pub(crate) logprobs: Option<u8>,
    /// What the answer's text is to be.
    pub(crate) format: Format,
    /// Tools that may be called: for conversations.
    pub(crate) tools: Option<Tools>,
}

/// What an answer's text is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// Any text.
    #[default]
    Text,
    /// A JSON object.
    JsonObject,
    /// What this JSON schema describes, as it was spelled.
    JsonSchema(String),
}

/// Tools that may be called.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    /// As OpenAI's API has them.
    pub(crate) tools: Vec<Json>,
    pub(crate) choice: ToolChoice,
    /// Whether one answer may have several calls.
    pub(crate) parallel: bool,
}

impl Tools {
    /// These, where they may be called; a choice of `None` says that they may not.
    pub(crate) fn of(
        tools: Vec<Json>,
        choice: Option<ToolChoice>,
        parallel: bool,
    ) -> Result<Option<Self>, Bad> {
        match (choice, tools.is_empty()) {
            (Some(ToolChoice::Required | ToolChoice::Named(_)), true) => {
                Err(Bad::of("tool_choice", "no tools are given to call"))
            }
            (None, _) | (Some(ToolChoice::Auto), true) => Ok(None),
            (Some(choice), false) => Ok(Some(Self { tools, choice, parallel })),
        }
    }
}

/// A question that is a job, and what tells calls from text in its answers.
pub(crate) struct Made {
    pub(crate) job: Job,
    /// What follows its grammar.
    pub(crate) constraint: Option<Constraint>,
    pub(crate) calls: Option<ToolCalls>,
}

/// The prompt, what its answer follows, and how its calls are read.
struct Rendered {
    tokens: Vec<u32>,
    prompt: Option<Prompt>,
    grammar: Option<Grammar>,
    constraint: Option<Constraint>,
    calls: Option<ToolCalls>,
}

impl Ask {
    /// One answer, as long as there is room for, nothing cut or penalised, the seed drawn.
    pub(crate) fn new(model: String, asked: Asked, names: Names) -> Self {
        Self {
            model,
            asked,
            names,
            settings: Settings::default(),
            choices: 1,
            tokens_max: None,
            stop: Vec::new(),
            seed: None,
            cache: CacheScope::Tenant,
            logprobs: None,
            format: Format::Text,
            tools: None,
        }
    }

    /// Whether a grammar comes with it.
    pub(crate) fn has_grammar(&self) -> bool {
        match self.format {
            Format::Text => self.tools.is_some(),
            Format::JsonObject | Format::JsonSchema(_) => true,
        }
    }

    /// How many tokens its prompt has.
    pub(crate) fn prompt_tokens(self, model: &Model) -> Result<usize, Refusal> {
        let prompt = match self.asked {
            Asked::Tokens(tokens) => return Ok(tokens.len()),
            Asked::Text(text) => Prompt::Text(text),
            Asked::Conversation(conversation) => {
                Prompt::Conversation(with_tools(model, conversation, self.tools)?.0)
            }
        };
        let tokens = prompt.tokens(model).map_err(|error| rendering(self.names.prompt, &error))?;
        Ok(tokens.len())
    }

    /// The job of a model of this id. `drawn` is the nonce where no seed is given.
    pub(crate) fn job(
        self,
        model: &Model,
        id: [u8; 32],
        drawn: [u8; 32],
        requester: PublicKey,
    ) -> Result<Made, Refusal> {
        let mut settings = self.settings.clone();
        let names = self.names;
        let (choices, tokens_max, seed) = (self.choices, self.tokens_max, self.seed);
        let stop_strings = self.stop.clone();
        let Rendered { tokens, prompt, grammar, constraint, calls } = self.rendered(model)?;
        settings.grammar = grammar.as_ref().map(Grammar::id);
        let parameters = Parameters::new(settings).map_err(|error| parameter(&error))?;
        let room = Room { prompt: tokens.len(), context: context(model) };
        let tokens_max = room.tokens_max(tokens_max, &names)?;
        let nonce_by = if seed.is_some() { NonceChooser::Client } else { NonceChooser::Gateway };
        let nonce = seed.map_or(drawn, nonce_of);
        let question = Question {
            tokens,
            prompt,
            grammar,
            parameters,
            choices,
            tokens_max,
            stop_strings,
            nonce,
            nonce_by,
            requester,
        };
        let job = question.job(model, id).map_err(|error| Refusal::request(None, error))?;
        Ok(Made { job, constraint, calls })
    }

    fn rendered(self, model: &Model) -> Result<Rendered, Refusal> {
        let names = self.names;
        let (prompt, calls) = match self.asked {
            Asked::Tokens(tokens) => {
                return Ok(Rendered::of(tokens));
            }
            Asked::Text(text) => (Prompt::Text(text), None),
            Asked::Conversation(conversation) => {
                let (conversation, calls) = with_tools(model, conversation, self.tools)?;
                (Prompt::Conversation(conversation), calls)
            }
        };
        let grammar = match (self.format, &calls) {
            (Format::Text, None) => None,
            (Format::Text, Some(calls)) => Some((calls.grammar(), "tools")),
            (Format::JsonObject | Format::JsonSchema(_), Some(_)) => {
                let what = "it can't be followed beside tools: leave one of them out";
                return Err(Refusal::request(Some(names.format), what));
            }
            (Format::JsonObject, None) => Some((Grammar::json_object(), names.format)),
            (Format::JsonSchema(text), None) => Some((Grammar::json_schema(text), names.format)),
        };
        // Found out here, and not on the thread that computes.
        let constraint = grammar.as_ref().map(|(grammar, param)| constraint(model, grammar, param));
        let constraint = constraint.transpose()?;
        let tokens = prompt.tokens(model).map_err(|error| rendering(names.prompt, &error))?;
        let grammar = grammar.map(|(grammar, _)| grammar);
        Ok(Rendered { tokens, prompt: Some(prompt), grammar, constraint, calls })
    }
}

impl Rendered {
    /// Tokens as they stand.
    fn of(tokens: Vec<u32>) -> Self {
        Self { tokens, prompt: None, grammar: None, constraint: None, calls: None }
    }
}

fn constraint(
    model: &Model,
    grammar: &Grammar,
    param: &'static str,
) -> Result<Constraint, Refusal> {
    let stops: Vec<u32> = model.tokenizer.stop_tokens().iter().collect();
    let tokens = model.grammar_tokens();
    let made = tokens.and_then(|tokens| {
        let mut constraint = Constraint::new(tokens, grammar, &stops)?;
        // Seen now, and not by the first draw: one that nothing follows is a wrong question, and no fault of the model's.
        let nothing = constraint.mask()?.iter().all(|word| *word == 0);
        let refused = || GrammarError::Refused("no answer at all follows it".into());
        if nothing { Err(refused()) } else { Ok(constraint) }
    });
    made.map_err(|error| Refusal::request(Some(param), error))
}

/// The conversation with the tools in it, if there are any, as the model's template takes them.
fn with_tools(
    model: &Model,
    mut conversation: Conversation,
    asked: Option<Tools>,
) -> Result<(Conversation, Option<ToolCalls>), Refusal> {
    let Some(asked) = asked else { return Ok((conversation, None)) };
    let style = ToolStyle::of_template(model.template.as_ref().map(ChatTemplate::source));
    let table = model.tokenizer.token_bytes();
    let calls = ToolCalls::new(style, table, &asked.tools, asked.choice, asked.parallel);
    let calls = calls.map_err(|error| {
        let param = if matches!(error, ToolError::Unknown(_)) { "tool_choice" } else { "tools" };
        Refusal::request(Some(param), error)
    })?;
    if calls.style() == ToolStyle::Generic {
        conversation = generic::conversation(conversation, &calls);
    } else {
        conversation.tools = asked.tools;
    }
    Ok((conversation, Some(calls)))
}

/// How much of the context a prompt takes.
struct Room {
    prompt: usize,
    context: usize,
}

impl Room {
    /// Most tokens of an answer that can be kept to.
    fn tokens_max(&self, asked: Option<u32>, names: &Names) -> Result<u32, Refusal> {
        let Self { prompt, context } = *self;
        let room = context.saturating_sub(prompt);
        if room == 0 {
            let what = format!(
                "the prompt has {prompt} tokens, and this model's context is {context}: shorten it"
            );
            return Err(Refusal::Context { param: names.prompt.into(), what });
        }
        let room = u32::try_from(room.min(TOKENS_MAX)).unwrap_or(u32::MAX);
        match asked {
            Some(tokens) if tokens > room => Err(Refusal::Context {
                param: names.tokens_max.into(),
                what: format!(
                    "{tokens} tokens are asked for after a prompt of {prompt}, and this model's \
                     context is {context}: ask for {room} at most, or shorten the prompt"
                ),
            }),
            Some(tokens) => Ok(tokens),
            None => Ok(room),
        }
    }
}

pub(super) fn context(model: &Model) -> usize {
    usize::try_from(model.program.program().context_max).unwrap_or(usize::MAX)
}

/// Why parameters are refused, by the name they have in every dialect.
pub(crate) fn parameter(error: &ParameterError) -> Refusal {
    let param = match error {
        ParameterError::Range { name, .. } | ParameterError::Text { name, .. } => name.name(),
        ParameterError::BiasCount(_)
        | ParameterError::BiasOrder(_)
        | ParameterError::BiasValue { .. }
        | ParameterError::BiasText { .. } => "logit_bias",
    };
    Refusal::request(Some(param), error)
}

pub(super) fn rendering(param: &str, error: &RenderingError) -> Refusal {
    if matches!(error, RenderingError::Encode(EncodeError::TooLong { .. })) {
        return Refusal::Context { param: param.into(), what: error.to_string() };
    }
    Refusal::request(Some(param), error)
}
