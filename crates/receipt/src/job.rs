//! A request as eight salted leaves, so that any one can be shown alone.
//!
//! Never implies anything: stop tokens, parameters and who chose the nonce are all said. A [`Job`] is always within
//! the limits, and its seed is the only one it can have.

mod bytes;

use canon::sample::{Parameters, SeedRefused, VOCABULARY_MAX, seed};
use commit::{Digest, Edge, Network, SaltAt, Salts, path, root_of};
use thiserror::Error;

use crate::domains::{JOB_LEAF, JobNodes, SALT_JOB};
use crate::keys::PublicKey;
use crate::limits::{
    AUDITORS_MAX, CHOICES_MAX, MESSAGES_BYTES_MAX, STOP_STRING_BYTES_MAX, STOP_STRINGS_MAX,
    STOP_TOKENS_MAX, TOKENS_MAX,
};
use crate::messages::{Messages, Rendered};
use crate::vector::{TokenVector, Which};

pub(crate) use bytes::read_tokens;

/// The version of jobs.
pub(crate) const JOB_VERSION: u16 = 1;
/// Leaves of a job.
pub(crate) const JOB_LEAVES: usize = 8;
/// The leaf that has no bytes yet.
const RESERVED: u8 = 7;

/// What a worker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKind {
    /// Draw tokens.
    Generate,
    /// Give a vector.
    Embed,
}

/// Who chose the nonce, and so could have tried several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceChooser {
    /// Whoever asked.
    Client,
    /// Who passed the request on.
    Gateway,
}

/// Who may open the receipt for an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditConsent {
    /// Whoever asked, nobody else.
    Own,
    /// These, in ascending order.
    Named(Vec<PublicKey>),
    /// Any auditor.
    Open,
}

/// What is agreed on besides the request itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What to do.
    pub kind: WorkKind,
    /// Id of the model.
    pub model: Digest,
    /// Version of `spec/arithmetic.md`.
    pub arithmetic: u16,
    /// Version of `spec/sampling.md`.
    pub sampling: u16,
    /// Who chose the nonce.
    pub nonce_by: NonceChooser,
    /// A height whose beacon the nonce was made from; 0: none.
    pub beacon_height: u64,
    /// Who can cancel; none: nobody.
    pub requester: PublicKey,
    /// Who may open it.
    pub consent: AuditConsent,
}

/// When an answer ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopRule {
    /// Most tokens of a choice's output.
    pub tokens_max: u32,
    /// Tokens that end it, in ascending order: all of them, the model's own too.
    pub tokens: Vec<u32>,
    /// Texts that end it.
    pub strings: Vec<String>,
}

/// How much a job asks for, as one of its leaves says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// How many choices.
    pub choices: u32,
    /// Tokens of the prompt.
    pub prompt: u32,
}

/// A request not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFields {
    /// What is agreed on.
    pub terms: Terms,
    /// Enters the seed.
    pub nonce: [u8; 32],
    /// The prompt.
    pub prompt: Vec<u32>,
    /// How tokens are drawn.
    pub parameters: Parameters,
    /// How many choices are asked for.
    pub choices: u32,
    /// When they end.
    pub stop: StopRule,
    /// Where the prompt comes from.
    pub rendered: Rendered,
}

/// A request within the limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job(JobFields);

/// Why a request is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JobError {
    /// Too much or too little of something.
    #[error("{found} {what}: {least} to {max} are allowed")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// At least.
        least: usize,
        /// At most.
        max: usize,
    },
    /// Items that must ascend.
    #[error("{what} must stand in ascending order, each once")]
    Order {
        /// Which.
        what: &'static str,
    },
    /// Tokens no model has.
    #[error(transparent)]
    Seed(#[from] SeedRefused),
}

impl Job {
    /// Checks every limit.
    ///
    /// # Errors
    /// [`JobError`] names the field.
    pub fn new(fields: JobFields) -> Result<Self, JobError> {
        let wide = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        limit("tokens in the prompt", fields.prompt.len(), 1, TOKENS_MAX)?;
        limit("choices", wide(fields.choices), 1, wide(CHOICES_MAX))?;
        limit("tokens of output", wide(fields.stop.tokens_max), 0, TOKENS_MAX)?;
        limit("stop tokens", fields.stop.tokens.len(), 0, STOP_TOKENS_MAX)?;
        ascending("stop tokens", &fields.stop.tokens)?;
        limit("stop strings", fields.stop.strings.len(), 0, STOP_STRINGS_MAX)?;
        for string in &fields.stop.strings {
            limit("bytes in a stop string", string.len(), 1, STOP_STRING_BYTES_MAX)?;
        }
        if let AuditConsent::Named(keys) = &fields.terms.consent {
            limit("named auditors", keys.len(), 1, AUDITORS_MAX)?;
            ascending("named auditors", keys)?;
        }
        if let Some(Messages::Shown(bytes)) = fields.rendered.messages() {
            limit("bytes of messages", bytes.len(), 1, MESSAGES_BYTES_MAX)?;
        }
        try_seed(&fields)?;
        Ok(Self(fields))
    }

    /// What is asked.
    #[must_use]
    pub fn fields(&self) -> &JobFields {
        &self.0
    }

    /// The only seed it can have.
    ///
    /// # Panics
    /// Never: it was made once when the job was checked.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        try_seed(&self.0).expect("checked when the job was made")
    }

    /// The bytes of its leaves.
    #[must_use]
    pub fn leaves(&self, salts: &Salts) -> [Vec<u8>; JOB_LEAVES] {
        let job = &self.0;
        let prompt = self.prompt_leaf(salts);
        [
            self.terms_leaf(),
            job.nonce.to_vec(),
            prompt,
            self.parameters_leaf(),
            self.biases_leaf(),
            self.stop_leaf(),
            job.rendered.leaf(salts),
            Vec::new(),
        ]
    }

    /// The job commitment: the root over its leaves.
    #[must_use]
    pub fn commitment(&self, salts: &Salts) -> Digest {
        let nodes = JobNodes(salts.network);
        Edge::over(&nodes, self.leaf_hashes(salts)).root(&nodes).expect("eight leaves have a root")
    }

    /// A leaf of it, and what binds it to the commitment.
    #[must_use]
    pub fn show(&self, salts: &Salts, leaf: u8) -> Option<JobLeaf> {
        let at = usize::from(leaf);
        let bytes = self.leaves(salts).into_iter().nth(at)?;
        let nodes = JobNodes(salts.network);
        let path = path(&nodes, &self.leaf_hashes(salts), at)?;
        Some(JobLeaf {
            leaf,
            bytes,
            salt: JobLeaf::salt_of(salts, leaf),
            path: path.try_into().ok()?,
        })
    }

    /// Whether whoever is said to have rendered the prompt signed that.
    #[must_use]
    pub fn rendering_holds(&self, salts: &Salts) -> bool {
        self.0.rendered.holds(salts, &self.prompt_leaf(salts))
    }

    /// The leaf of the prompt: what a renderer signs too.
    #[must_use]
    pub fn prompt_leaf(&self, salts: &Salts) -> Vec<u8> {
        prompt_leaf(salts, &self.0.prompt)
    }

    fn leaf_hashes(&self, salts: &Salts) -> Vec<Digest> {
        let leaves = self.leaves(salts);
        let hash = |(leaf, bytes): (u8, Vec<u8>)| {
            JOB_LEAF.hash(salts.network, &[&JobLeaf::salt_of(salts, leaf), &bytes])
        };
        (0..).zip(leaves).map(hash).collect()
    }
}

/// A leaf of a job, shown alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobLeaf {
    /// Which.
    pub leaf: u8,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its salt.
    pub salt: Digest,
    /// From its sibling to the root.
    pub path: [Digest; 3],
}

impl JobLeaf {
    /// The salt that a job's blind makes for a leaf.
    #[must_use]
    pub fn salt_of(salts: &Salts, leaf: u8) -> Digest {
        salts.salt(SaltAt { kind: SALT_JOB, position: 0, op: 0, index: leaf.into() })
    }

    /// Whether it is that leaf of the job.
    #[must_use]
    pub fn is_of(&self, network: Network, job: &Digest) -> bool {
        let leads_to = self.leads_to(network);
        leads_to == Some(*job) && (self.leaf != RESERVED || self.bytes.is_empty())
    }

    /// The job commitment that it leads to, if it is a leaf of one.
    #[must_use]
    pub fn leads_to(&self, network: Network) -> Option<Digest> {
        let hash = JOB_LEAF.hash(network, &[&self.salt, &self.bytes]);
        root_of(&JobNodes(network), 8, self.leaf.into(), &hash, &self.path)
    }
}

/// Leaf 2: count and root of the prompt.
fn prompt_leaf(salts: &Salts, prompt: &[u32]) -> Vec<u8> {
    let vector = TokenVector::over(*salts, Which::Prompt, prompt);
    [&vector.count().to_le_bytes()[..], &vector.root()].concat()
}

fn try_seed(job: &JobFields) -> Result<[u8; 32], SeedRefused> {
    // The greatest vocabulary there is: whether the model has a token is for whoever holds the model to say.
    let vocabulary = usize::try_from(VOCABULARY_MAX).unwrap_or(usize::MAX);
    seed(&job.nonce, &job.terms.model, vocabulary, &job.prompt, &job.parameters)
}

fn limit(what: &'static str, found: usize, least: usize, max: usize) -> Result<(), JobError> {
    if (least..=max).contains(&found) {
        return Ok(());
    }
    Err(JobError::Count { what, found, least, max })
}

fn ascending<T: PartialOrd>(what: &'static str, items: &[T]) -> Result<(), JobError> {
    if items.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(JobError::Order { what }) }
}
