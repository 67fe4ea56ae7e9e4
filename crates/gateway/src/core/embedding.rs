//! Texts to be embedded, as every dialect asks it, and how each becomes a job of its own.
//!
//! Never implies a number of dimensions but the model's, and never cuts a text that is too long.

use llm::schedule::CacheScope;
use llm::{EmbeddingQuestion, Model, Prompt, dimensions_max};
use receipt::{Job, NonceChooser, PublicKey};

use super::ask::{context, rendering};
use super::refusal::Refusal;

/// Most texts of one request, as OpenAI has it.
pub(crate) const INPUTS_MAX: usize = 2048;
/// Most numbers of one request's vectors.
pub(crate) const NUMBERS_MAX: usize = 1 << 22;

/// One thing to be embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Text as it stands, without a chat template.
    Text(String),
    /// Tokens as they stand.
    Tokens(Vec<u32>),
}

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct EmbeddingAsk {
    /// The model, by a name it is served under.
    pub(crate) model: String,
    /// At least one.
    pub(crate) inputs: Vec<Input>,
    /// How many numbers of a vector; `None`: all that the model has.
    pub(crate) dimensions: Option<u32>,
    /// Who may share the inputs' computed prefixes.
    pub(crate) cache: CacheScope,
}

impl EmbeddingAsk {
    /// How many numbers each vector has.
    pub(crate) fn dimensions_of(&self, model: &Model) -> Result<u32, Refusal> {
        let most = u32::try_from(dimensions_max(model)).unwrap_or(u32::MAX);
        let dimensions = self.dimensions.unwrap_or(most);
        if !(1..=most).contains(&dimensions) {
            let what = format!("this model's vectors have {most} numbers: ask for 1 to {most}");
            return Err(Refusal::request(Some("dimensions"), what));
        }
        let wide = usize::try_from(dimensions).unwrap_or(usize::MAX);
        let each = NUMBERS_MAX / wide;
        if self.inputs.len() > each {
            let what = format!(
                "{} vectors of {dimensions} numbers are more than {NUMBERS_MAX} numbers: give {each} \
                 inputs at most, or ask for fewer dimensions",
                self.inputs.len()
            );
            return Err(Refusal::request(Some("input"), what));
        }
        Ok(dimensions)
    }
}

impl Input {
    /// The job of a model of this id; `param` is what a refusal is about.
    pub(crate) fn job(
        self,
        model: &Model,
        id: [u8; 32],
        dimensions: u32,
        nonce: [u8; 32],
        requester: PublicKey,
        param: &str,
    ) -> Result<Job, Refusal> {
        let (tokens, prompt) = match self {
            Self::Tokens(tokens) => (tokens, None),
            Self::Text(text) => {
                let prompt = Prompt::Text(text);
                let tokens = prompt.tokens(model).map_err(|error| rendering(param, &error))?;
                (tokens, Some(prompt))
            }
        };
        check_tokens(model, &tokens, param)?;
        let nonce_by = NonceChooser::Gateway;
        let question = EmbeddingQuestion { tokens, prompt, dimensions, nonce, nonce_by, requester };
        question.job(model, id).map_err(|error| Refusal::request(Some(param), error))
    }
}

fn check_tokens(model: &Model, tokens: &[u32], param: &str) -> Result<(), Refusal> {
    let (count, context) = (tokens.len(), context(model));
    if count == 0 {
        return Err(Refusal::request(Some(param), "it has no tokens: give it at least one"));
    }
    if count >= context {
        let what = format!(
            "it has {count} tokens, and this model's context is {context}: shorten it to {} at most",
            context.saturating_sub(1)
        );
        return Err(Refusal::Context { param: param.into(), what });
    }
    let vocabulary = model.program.program().vocabulary;
    if let Some(token) = tokens.iter().find(|token| **token >= vocabulary) {
        let what = format!(
            "token {token} is not below this model's {vocabulary}: tokens are of this model's own \
             vocabulary, and texts are taken too"
        );
        return Err(Refusal::request(Some(param), what));
    }
    Ok(())
}
