//! Embeddings: the direction of the row that the prompt's next token would be drawn from (`spec/receipt.md` section 12).
//!
//! An embedding is asked for as a job of its own kind, computed as an answer is that draws nothing, and replayed by the
//! same pass. Never judges what a vector is good for: a model that was not trained for it gives one, too. Failure: a
//! job that asks for anything but a vector is refused by name.

use canon::reference::unit_vector;
use canon::sample::{Micro, Parameters, SAMPLING_VERSION, Settings};
use receipt::limits::TOKENS_MAX;
use receipt::{
    AuditConsent, Job, JobError, JobFields, Messages, NonceChooser, PublicKey, Rendered, StopRule,
    Terms, WorkKind,
};

use crate::job::{Request, RequestError};
use crate::model::Model;
use crate::rendering::Prompt;

/// What is to be embedded, with its prompt rendered already.
#[derive(Clone, Debug)]
pub struct EmbeddingQuestion {
    /// The prompt's tokens.
    pub tokens: Vec<u32>,
    /// What the worker rendered them from; `None` where the tokens themselves are embedded.
    pub prompt: Option<Prompt>,
    /// How many numbers of the row, from its first on.
    pub dimensions: u32,
    /// Enters the seed, from which nothing is drawn.
    pub nonce: [u8; 32],
    /// Who chose it.
    pub nonce_by: NonceChooser,
    /// Who can cancel.
    pub requester: PublicKey,
}

impl EmbeddingQuestion {
    /// The job of the model of this id.
    ///
    /// # Errors
    /// [`JobError`] names the field.
    pub fn job(self, model: &Model, id: [u8; 32]) -> Result<Job, JobError> {
        Job::new(JobFields {
            terms: Terms {
                kind: WorkKind::Embed,
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
            parameters: parameters(),
            choices: 1,
            stop: StopRule { tokens_max: self.dimensions, tokens: vec![], strings: vec![] },
            rendered: match self.prompt {
                Some(prompt) => Rendered::Worker(Messages::Shown(prompt.write())),
                None => Rendered::Nobody,
            },
        })
    }
}

/// How many numbers a model's embeddings have at most.
#[must_use]
pub fn dimensions_max(model: &Model) -> usize {
    width(model).min(TOKENS_MAX)
}

/// The first entries of the row, brought to length 1.
pub(crate) fn vector(row: &[i32], dimensions: usize) -> Vec<i32> {
    unit_vector(&row[..dimensions.min(row.len())])
}

/// The only parameters that a job for a vector has: greedy, and nothing else.
fn parameters() -> Parameters {
    let settings = Settings { temperature: Micro::new(0), ..Settings::default() };
    Parameters::new(settings).expect("greedy and neutral is in range")
}

/// Whether a job for a vector asks for nothing but one.
pub(crate) fn check_job(job: &Job) -> Result<(), RequestError> {
    if job.fields().choices != 1 {
        return Err(RequestError::NoEmbedding { what: "more than one choice" });
    }
    Ok(())
}

/// Whether this model can be asked for this vector; what holds for every request is checked elsewhere.
pub(crate) fn check(request: &Request, model: &Model) -> Result<(), RequestError> {
    let asks = [
        ("sampling parameters of its own", request.parameters != parameters()),
        ("a grammar", request.grammar.is_some()),
        ("stop tokens", !request.stop_tokens.is_empty()),
        ("stop strings", !request.stop_strings.is_empty()),
    ];
    if let Some((what, _)) = asks.into_iter().find(|(_, asked)| *asked) {
        return Err(RequestError::NoEmbedding { what });
    }
    let (dimensions, width) = (request.tokens_max, width(model));
    if !(1..=width).contains(&dimensions) {
        return Err(RequestError::Dimensions { dimensions, width });
    }
    Ok(())
}

fn width(model: &Model) -> usize {
    usize::try_from(model.program.last_row().row.width).unwrap_or(usize::MAX)
}
