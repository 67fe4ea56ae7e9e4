//! What somebody asks of a model, made a job: one rule for the command line and for servers, so that the same question
//! is the same job wherever it is asked.
//!
//! Never asks for anything that was not said, but the model's own stop tokens, which a job names too. Draws no
//! randomness: the nonce is given, or made of a seed that is.

use canon::sample::{Parameters, SAMPLING_VERSION};
use receipt::{
    AuditConsent, Job, JobError, JobFields, Messages, NonceChooser, PublicKey, Rendered, StopRule,
    Terms, WorkKind,
};
use text::grammar::Grammar;

use crate::model::Model;
use crate::rendering::Prompt;

/// What is asked, with its prompt rendered already.
#[derive(Clone, Debug)]
pub struct Question {
    /// The prompt's tokens.
    pub tokens: Vec<u32>,
    /// What the worker rendered them from; `None` where the tokens themselves are asked.
    pub prompt: Option<Prompt>,
    /// What the answer is to follow: its id stands in the parameters.
    pub grammar: Option<Grammar>,
    /// How tokens are drawn.
    pub parameters: Parameters,
    /// How many answers.
    pub choices: u32,
    /// Most tokens of each.
    pub tokens_max: u32,
    /// Texts that end one.
    pub stop_strings: Vec<String>,
    /// Enters the seed.
    pub nonce: [u8; 32],
    /// Who chose it.
    pub nonce_by: NonceChooser,
    /// Who can cancel.
    pub requester: PublicKey,
}

impl Question {
    /// The job of the model of this id. Whoever answers renders, and its receipt says so.
    ///
    /// # Errors
    /// [`JobError`] names the field.
    pub fn job(self, model: &Model, id: [u8; 32]) -> Result<Job, JobError> {
        let mut tokens: Vec<u32> = model.tokenizer.stop_tokens().iter().collect();
        tokens.sort_unstable();
        Job::new(JobFields {
            terms: Terms {
                kind: WorkKind::Generate,
                model: id,
                arithmetic: model.program.program().arithmetic_version,
                sampling: SAMPLING_VERSION,
                nonce_by: self.nonce_by,
                beacon_height: 0,
                requester: self.requester,
                consent: AuditConsent::Own,
            },
            nonce: self.nonce,
            prompt: self.tokens,
            parameters: self.parameters,
            choices: self.choices,
            stop: StopRule { tokens_max: self.tokens_max, tokens, strings: self.stop_strings },
            rendered: match self.prompt {
                Some(prompt) => {
                    let messages = prompt.write_with_grammar(self.grammar.as_ref());
                    Rendered::Worker(Messages::Shown(messages))
                }
                None => Rendered::Nobody,
            },
        })
    }
}

/// The nonce of a seed: its eight bytes in little endian, then zeros.
#[must_use]
pub fn nonce_of(seed: u64) -> [u8; 32] {
    let mut nonce = [0; 32];
    nonce[..8].copy_from_slice(&seed.to_le_bytes());
    nonce
}
