//! What is asked of a model, and whether this model can be asked it.
//!
//! Generating and replaying begin here with the same checks and draw by the same function. Never implies anything: stop
//! tokens, seed and parameters are all said. Failure: a [`RequestError`] names what is wrong.

use std::sync::Arc;

use canon::Kernels;
use canon::sample::{
    History, NothingAllowed, Parameters, SampleRefused, SampleScratch, Sampling, noise,
};
use receipt::{Job, Messages, WorkKind};
use text::StopStringError;
use text::grammar::{Constraint, Grammar, GrammarError};
use thiserror::Error;

use crate::ending::Stopper;
use crate::model::Model;
use crate::rendering::Prompt;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Tokens, or a vector.
    pub kind: WorkKind,
    /// The rendered prompt; at least one token.
    pub prompt: Vec<u32>,
    /// How tokens are drawn.
    pub parameters: Parameters,
    /// What the answer is to follow: the definition of the parameters' grammar.
    pub grammar: Option<Arc<Grammar>>,
    /// Where the noise comes from (`spec/sampling.md`).
    pub seed: [u8; 32],
    /// Which of several answers to one request this is.
    pub choice: u32,
    /// Most tokens of the answer; of a vector, how many numbers it has.
    pub tokens_max: usize,
    /// Texts that end the answer.
    pub stop_strings: Vec<String>,
    /// Tokens that end the answer: all of them, the model's own too where they are to.
    pub stop_tokens: Vec<u32>,
    /// Whether to hash all logits that tokens were drawn from.
    pub logits_digest: bool,
}

/// Why a request is refused.
#[derive(Debug, Error)]
pub enum RequestError {
    /// Nothing to go on from.
    #[error("the prompt is empty: give it at least one token")]
    EmptyPrompt,
    /// A prompt that leaves no room.
    #[error("the prompt has {tokens} tokens, the model's context only {context_max}: shorten it")]
    TooLong {
        /// Tokens of the prompt.
        tokens: usize,
        /// Positions of the model.
        context_max: usize,
    },
    /// A token the model does not have.
    #[error("token {token} of the {what} is not below the model's {vocabulary}")]
    Token {
        /// Where it stands.
        what: &'static str,
        /// The token.
        token: u32,
        /// Token ids are below this.
        vocabulary: u32,
    },
    /// A job for a vector that asks for something else, too.
    #[error("a job for an embedding has {what}: leave them out")]
    NoEmbedding {
        /// What it must not have.
        what: &'static str,
    },
    /// More numbers than the model has, or none.
    #[error(
        "{dimensions} dimensions are asked for, and this model has {width}: ask for 1 to {width}"
    )]
    Dimensions {
        /// How many are asked for.
        dimensions: usize,
        /// How many there are.
        width: usize,
    },
    /// A stop string that can't be one.
    #[error(transparent)]
    StopString(#[from] StopStringError),
    /// Parameters of another vocabulary.
    #[error(transparent)]
    Sampling(#[from] SampleRefused),
    /// A grammar without its definition.
    #[error(
        "the parameters name a grammar whose definition is not given: give it with the messages"
    )]
    NoDefinition,
    /// A definition of another grammar, or of one where the parameters name none.
    #[error("the grammar that is given is not the one the parameters name")]
    OtherGrammar,
    /// A grammar that can't be followed.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
}

impl Request {
    /// What a job asks for one of its choices.
    #[must_use]
    pub fn of(job: &Job, choice: u32) -> Self {
        Self { grammar: definition(job).map(Arc::new), ..Self::undefined(job, choice) }
    }

    /// The same without the definition of its grammar, which stands in the job's messages: reading them takes its time,
    /// and whoever has what follows the grammar needs none.
    pub(crate) fn undefined(job: &Job, choice: u32) -> Self {
        let fields = job.fields();
        Self {
            kind: fields.terms.kind,
            prompt: fields.prompt.clone(),
            parameters: fields.parameters.clone(),
            grammar: None,
            seed: job.seed(),
            choice,
            tokens_max: usize::try_from(fields.stop.tokens_max).unwrap_or(usize::MAX),
            stop_strings: fields.stop.strings.clone(),
            stop_tokens: fields.stop.tokens.clone(),
            logits_digest: false,
        }
    }

    /// Whether this model can be asked it.
    pub(crate) fn check(&self, model: &Model) -> Result<(), RequestError> {
        let tokens = self.prompt.len();
        if tokens == 0 {
            return Err(RequestError::EmptyPrompt);
        }
        let context_max = context_max(model);
        if tokens >= context_max {
            return Err(RequestError::TooLong { tokens, context_max });
        }
        let vocabulary = model.program.program().vocabulary;
        for (what, tokens) in [("prompt", &self.prompt), ("stop tokens", &self.stop_tokens)] {
            if let Some(token) = tokens.iter().copied().find(|token| *token >= vocabulary) {
                return Err(RequestError::Token { what, token, vocabulary });
            }
        }
        match self.kind {
            WorkKind::Generate => {}
            WorkKind::Embed => return crate::embedding::check(self, model),
        }
        self.stopper(model)?;
        let zeros = vec![0; usize::try_from(vocabulary).unwrap_or(usize::MAX)];
        Sampling::new(&zeros, 0, &self.parameters, &self.history(), None, 0)?;
        Ok(())
    }

    /// What follows the answer's grammar, where it has one.
    pub(crate) fn constraint(&self, model: &Model) -> Result<Option<Constraint>, RequestError> {
        let grammar = match (&self.grammar, &self.parameters.settings().grammar) {
            (None, None) => return Ok(None),
            (None, Some(_)) => return Err(RequestError::NoDefinition),
            (Some(grammar), Some(id)) if grammar.id() == *id => grammar,
            (Some(_), _) => return Err(RequestError::OtherGrammar),
        };
        grammar.check()?;
        let tokens = model.grammar_tokens()?;
        Ok(Some(Constraint::new(tokens, grammar, &self.stop_tokens)?))
    }

    /// What watches for the answer's end.
    pub(crate) fn stopper(&self, model: &Model) -> Result<Stopper, StopStringError> {
        let room = context_max(model).saturating_sub(self.prompt.len());
        Stopper::new(room.min(self.tokens_max), &self.stop_tokens, &self.stop_strings)
    }

    /// What penalties know before the first token.
    pub(crate) fn history(&self) -> History {
        let mut history = History::new();
        self.prompt.iter().for_each(|token| history.prompt(*token));
        history
    }

    /// The token that follows `output` tokens, from the logits of the position before it: one of the mask's, where
    /// there is one.
    #[expect(clippy::too_many_arguments, reason = "all of them decide the token")]
    pub(crate) fn draw(
        &self,
        kernels: &Kernels,
        logits: &[i32],
        frac: u8,
        history: &History,
        output: usize,
        mask: Option<&[u64]>,
        scratch: &mut SampleScratch,
    ) -> Result<u32, NothingAllowed> {
        let position = u64::try_from(self.prompt.len() + output);
        let position = position.expect("positions are below 2^16");
        let noise = noise(&self.seed, self.choice, position);
        let sampling = Sampling::new(logits, frac, &self.parameters, history, mask, noise);
        kernels.sample(&sampling.expect("checked when the request was taken"), scratch)
    }
}

/// The grammar that a job's messages define, where they are shown and the parameters name one.
fn definition(job: &Job) -> Option<Grammar> {
    let fields = job.fields();
    fields.parameters.settings().grammar?;
    let Some(Messages::Shown(messages)) = fields.rendered.messages() else { return None };
    Prompt::read_with_grammar(messages).ok()?.1
}

fn context_max(model: &Model) -> usize {
    usize::try_from(model.program.program().context_max).unwrap_or(usize::MAX)
}
