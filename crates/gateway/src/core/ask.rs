//! A question as every dialect asks it, and how it becomes a job.
//!
//! Never implies what was not asked: defaults are the dialect's, and stand in its file. Numbers are exact decimals.

use canon::sample::{ParameterError, Parameters, Settings};
use llm::schedule::CacheScope;
use llm::{Model, Prompt, Question, RenderingError, nonce_of};
use receipt::limits::TOKENS_MAX;
use receipt::{Job, NonceChooser, PublicKey};
use text::{Conversation, EncodeError};

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

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The model, by a name it is served under, or by its id.
    pub(crate) model: String,
    pub(crate) asked: Asked,
    /// The dialect's name of the member that the prompt stands in.
    pub(crate) prompt_param: &'static str,
    /// How tokens are drawn; ranges are not checked yet.
    pub(crate) settings: Settings,
    /// How many answers.
    pub(crate) choices: u32,
    /// Most tokens of each; `None`: as many as the context has room for.
    pub(crate) tokens_max: Option<u32>,
    /// The dialect's name of that limit.
    pub(crate) tokens_max_param: &'static str,
    /// Texts that end an answer.
    pub(crate) stop: Vec<String>,
    /// The same seed, the same answer; `None`: drawn.
    pub(crate) seed: Option<u64>,
    /// Who may share the prompt's computed prefix.
    pub(crate) cache: CacheScope,
    /// How likely each token was, and so many others; `None`: not asked.
    pub(crate) logprobs: Option<u8>,
}

impl Ask {
    /// The job of a model of this id. `drawn` is the nonce where no seed is given.
    pub(crate) fn job(
        self,
        model: &Model,
        id: [u8; 32],
        drawn: [u8; 32],
        requester: PublicKey,
    ) -> Result<Job, Refusal> {
        let parameters = Parameters::new(self.settings).map_err(|error| parameter(&error))?;
        let param = self.prompt_param;
        let unrendered = |error| rendering(param, &error);
        let (tokens, prompt) = match self.asked {
            Asked::Tokens(tokens) => (tokens, None),
            Asked::Text(text) => {
                let prompt = Prompt::Text(text);
                (prompt.tokens(model).map_err(unrendered)?, Some(prompt))
            }
            Asked::Conversation(conversation) => {
                let prompt = Prompt::Conversation(conversation);
                (prompt.tokens(model).map_err(unrendered)?, Some(prompt))
            }
        };
        let room = Room { prompt: tokens.len(), context: context(model) };
        let tokens_max = room.tokens_max(self.tokens_max, param, self.tokens_max_param)?;
        let question = Question {
            tokens,
            prompt,
            parameters,
            choices: self.choices,
            tokens_max,
            stop_strings: self.stop,
            nonce: self.seed.map_or(drawn, nonce_of),
            nonce_by: if self.seed.is_some() {
                NonceChooser::Client
            } else {
                NonceChooser::Gateway
            },
            requester,
        };
        question.job(model, id).map_err(|error| Refusal::request(None, error))
    }
}

/// How much of the context a prompt takes.
struct Room {
    prompt: usize,
    context: usize,
}

impl Room {
    /// Most tokens of an answer that can be kept to.
    fn tokens_max(
        &self,
        asked: Option<u32>,
        prompt_param: &'static str,
        tokens_max_param: &'static str,
    ) -> Result<u32, Refusal> {
        let Self { prompt, context } = *self;
        let room = context.saturating_sub(prompt);
        if room == 0 {
            let what = format!(
                "the prompt has {prompt} tokens, and this model's context is {context}: shorten it"
            );
            return Err(Refusal::Context { param: prompt_param.into(), what });
        }
        let room = u32::try_from(room.min(TOKENS_MAX)).unwrap_or(u32::MAX);
        match asked {
            Some(tokens) if tokens > room => Err(Refusal::Context {
                param: tokens_max_param.into(),
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

fn context(model: &Model) -> usize {
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

fn rendering(param: &'static str, error: &RenderingError) -> Refusal {
    if matches!(error, RenderingError::Encode(EncodeError::TooLong { .. })) {
        return Refusal::Context { param: param.into(), what: error.to_string() };
    }
    Refusal::request(Some(param), error)
}
