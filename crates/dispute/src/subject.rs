//! What a dispute is about, taken from signed and committed bytes only (`spec/dispute.md` section 1).
//!
//! A [`Filing`] shows a worker's head, three leaves of its job, and the token or fault it claims; a [`Subject`] is one
//! whose every binding was checked. Never sees another token than the disputed one. Failure: [`FilingError`] names the
//! piece that does not fit; a dispute about such a filing is never opened.

use canon::sample::{Micro, Parameters, SAMPLING_VERSION, Settings};
use commit::{Blind, Digest, Network, Reader, Salts, WireError};
use program::tile::Choice;
use program::{Checked, OpIndex, Place};
use receipt::{JobLeaf, PartialOpening, PublicKey, Receipt, SignedHead, Stop, Which};
use thiserror::Error;

use crate::block::boundaries;
use crate::model::Model;

/// What a worker says about one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The next token, under its head.
    Token(PartialOpening),
    /// A fault: a receipt that ends so. The caller has opened its envelope.
    Fault(Box<Receipt>),
}

/// What opens a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    /// Signed by the worker; of a fault, the choice's last.
    pub head: SignedHead,
    /// Leaf 0 of the job.
    pub terms: JobLeaf,
    /// Leaf 2 of the job.
    pub prompt: JobLeaf,
    /// Leaf 3 of the job.
    pub parameters: JobLeaf,
    /// What is disputed.
    pub claim: Claim,
}

/// Why a filing opens no dispute.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilingError {
    /// Not signed.
    #[error("the head's signature is not its worker's")]
    Signature,
    /// Not of the job.
    #[error("leaf {leaf} is not shown, or not of the head's job")]
    Leaf {
        /// Which.
        leaf: u8,
    },
    /// Bytes that no job has.
    #[error("leaf {leaf}: {error}")]
    Bytes {
        /// Which.
        leaf: u8,
        /// What is wrong.
        error: WireError,
    },
    /// Another model or another release's sampling.
    #[error("the job is of another {what} than this referee's")]
    Other {
        /// Of what.
        what: &'static str,
    },
    /// Pieces that contradict each other.
    #[error("{what} does not fit the rest of the filing")]
    Unfit {
        /// What.
        what: &'static str,
    },
    /// A position, op or arithmetic version that the program has not: all else fits, so what the worker signed can't be true.
    #[error("the program has no such {what}")]
    NoSuch {
        /// What.
        what: &'static str,
    },
}

/// What the claimant says the step gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// This token.
    Token(u32),
    /// A fault of this op.
    Fault(OpIndex),
}

/// A committed token vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vector {
    /// How many tokens.
    pub count: u32,
    /// Their root.
    pub root: Digest,
}

/// A step that is disputed: what it gives, after a committed prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The network.
    pub network: Network,
    /// The job.
    pub job: Digest,
    /// Who claims.
    pub worker: PublicKey,
    /// What the job says of sampling this choice, without its biases.
    pub sampling: Choice,
    /// The prompt.
    pub prompt: Vector,
    /// The output under the head.
    pub output: Vector,
    /// Positions that the trace has: the step reads the last one's row.
    pub positions: u32,
    /// What is said to come of it.
    pub claimed: Claimed,
    /// Salt of the job's leaf 2: what a blind must make.
    pub(crate) prompt_salt: Digest,
}

impl Filing {
    /// Checks every binding.
    ///
    /// # Errors
    /// [`FilingError`] names the piece that does not fit.
    pub fn check(&self, model: &Model<'_>, network: Network) -> Result<Subject, FilingError> {
        if !self.head.holds(network) {
            return Err(FilingError::Signature);
        }
        let head = &self.head.head;
        for (leaf, shown) in [(0, &self.terms), (2, &self.prompt), (3, &self.parameters)] {
            if shown.leaf != leaf || !shown.is_of(network, &head.job) {
                return Err(FilingError::Leaf { leaf });
            }
        }
        let arithmetic = self.check_terms(model)?;
        let prompt = read_prompt(&self.prompt.bytes).map_err(bytes_of(PROMPT_LEAF))?;
        let (parameters, seed, choices, count) =
            read_parameters(&self.parameters.bytes).map_err(bytes_of(3))?;
        if count != prompt.count || head.choice >= choices {
            return Err(FilingError::Unfit { what: "leaf 3 of the job" });
        }
        let (positions, claimed) = self.claimed(network, prompt.count)?;
        let subject = Subject {
            network,
            job: head.job,
            worker: self.head.worker,
            sampling: Choice { parameters, seed, choice: head.choice, prompt: prompt.count },
            prompt,
            output: Vector { count: head.count, root: head.root },
            positions,
            claimed,
            prompt_salt: self.prompt.salt,
        };
        if arithmetic != model.checked.program().arithmetic_version {
            return Err(FilingError::NoSuch { what: "arithmetic version" });
        }
        subject.stands(model.checked).map(|()| subject)
    }

    /// Gives the arithmetic version that the job is to be answered by: no model can be asked one of another's.
    fn check_terms(&self, model: &Model<'_>) -> Result<u16, FilingError> {
        let (id, arithmetic, sampling) = read_terms(&self.terms.bytes).map_err(bytes_of(0))?;
        if id != model.id {
            return Err(FilingError::Other { what: "model" });
        }
        if sampling != SAMPLING_VERSION {
            return Err(FilingError::Other { what: "sampling version" });
        }
        Ok(arithmetic)
    }

    /// The trace's positions and what comes of the last one.
    fn claimed(&self, network: Network, prompt: u32) -> Result<(u32, Claimed), FilingError> {
        let head = &self.head.head;
        match &self.claim {
            Claim::Token(shown) => {
                let its_own = shown.which == Which::Output { choice: head.choice }
                    && shown.count == head.count
                    && shown.position >= head.start
                    && shown.root(network) == Some(head.root);
                if !its_own {
                    return Err(FilingError::Unfit { what: "the token" });
                }
                // A worker may have signed any count of a prompt: no context reaches as far as this one saturates.
                let positions = prompt.saturating_add(shown.position);
                Ok((positions, Claimed::Token(shown.token)))
            }
            Claim::Fault(receipt) => {
                let choice = receipt.choices.iter().find(|choice| choice.index == head.choice);
                let choice = choice.filter(|choice| choice.segments.last() == Some(&self.head));
                let Some(Stop::Fault { position, op }) = choice.map(|choice| choice.stop) else {
                    return Err(FilingError::Unfit { what: "the receipt" });
                };
                Ok((position.saturating_add(1), Claimed::Fault(OpIndex(op))))
            }
        }
    }
}

impl Subject {
    /// Whether the program has such a step, in this prompt and output.
    ///
    /// # Errors
    /// [`FilingError::NoSuch`], or [`FilingError::Unfit`] for counts that don't fit one another.
    pub(crate) fn stands(&self, checked: &Checked) -> Result<(), FilingError> {
        let (prompt, positions) = (self.prompt.count, self.positions);
        let all = prompt.saturating_add(self.output.count);
        if prompt == 0 || (self.output.count == 0) != (self.output.root == [0; 32]) {
            return Err(FilingError::Unfit { what: "a count of tokens" });
        }
        if positions == 0 || positions > checked.program().context_max {
            return Err(FilingError::NoSuch { what: "position" });
        }
        let stands = match self.claimed {
            Claimed::Token(_) => (prompt..all).contains(&positions),
            Claimed::Fault(op) => {
                let site = checked.site(op).ok_or(FilingError::NoSuch { what: "op" })?;
                let drawn = site.place != Place::Epilogue || positions >= prompt;
                drawn && positions <= all
            }
        };
        if stands { Ok(()) } else { Err(FilingError::NoSuch { what: "position" }) }
    }

    /// Whether the job has a grammar: then its `sample` is not open to dispute.
    #[must_use]
    pub fn has_grammar(&self) -> bool {
        self.sampling.parameters.settings().grammar.is_some()
    }

    /// Entries that the claimant's log has; the block behind them makes what it claims.
    #[must_use]
    pub fn entries(&self, checked: &Checked) -> u32 {
        let per_position = boundaries(checked);
        match self.claimed {
            Claimed::Token(_) => self.positions * per_position,
            Claimed::Fault(op) => (self.positions - 1) * per_position + boundary_of(checked, op),
        }
    }

    /// Whether this is the job's blind: it makes the salt of a leaf that is shown.
    pub(crate) fn is_blind(&self, blind: Blind) -> bool {
        JobLeaf::salt_of(&Salts { network: self.network, blind }, PROMPT_LEAF) == self.prompt_salt
    }
}

/// The number of an op's block in its position.
fn boundary_of(checked: &Checked, op: OpIndex) -> u32 {
    let place = checked.site(op).map(|site| site.place);
    let before = checked.program().layers().take_while(|(here, _, _)| Some(*here) != place);
    u32::try_from(before.count()).expect("a checked program has at most 1,026 blocks")
}

/// The job's leaf of the prompt.
const PROMPT_LEAF: u8 = 2;

fn bytes_of(leaf: u8) -> impl Fn(WireError) -> FilingError {
    move |error| FilingError::Bytes { leaf, error }
}

/// Model id, arithmetic and sampling version; what follows them is no referee's business.
fn read_terms(bytes: &[u8]) -> Result<(Digest, u16, u16), WireError> {
    let mut input = Reader::new(bytes);
    input.version("a job's", 1)?;
    match input.u8("the kind of work")? {
        1 => Ok((input.array("the model's id")?, input.u16("a version")?, input.u16("a version")?)),
        found => Err(WireError::Unknown { what: "the kind of work", found: found.into() }),
    }
}

fn read_prompt(bytes: &[u8]) -> Result<Vector, WireError> {
    let mut input = Reader::new(bytes);
    let vector = Vector { count: input.u32("the prompt's count")?, root: input.array("its root")? };
    input.end("the prompt's leaf")?;
    if vector.count == 0 {
        let reason = "a prompt has at least one token";
        return Err(WireError::Value { what: "the prompt's count", reason });
    }
    Ok(vector)
}

/// Parameters without biases, seed, number of choices, number of prompt tokens.
fn read_parameters(bytes: &[u8]) -> Result<(Parameters, Digest, u32, u32), WireError> {
    let mut input = Reader::new(bytes);
    let parameters = read_distribution(&mut input)?;
    let (seed, choices) = (input.array("the seed")?, input.u32("the number of choices")?);
    let count = input.u32("the prompt's count")?;
    input.end("the parameters' leaf")?;
    Ok((parameters, seed, choices, count))
}

/// Parameters without biases.
pub(crate) fn read_distribution(input: &mut Reader<'_>) -> Result<Parameters, WireError> {
    let unsigned = |input: &mut Reader<'_>| Ok(Micro::new(input.u32("a parameter")?.into()));
    let signed = |input: &mut Reader<'_>| Ok(Micro::new(input.i32("a parameter")?.into()));
    let settings = Settings {
        temperature: unsigned(input)?,
        top_k: input.u32("top_k")?,
        top_p: unsigned(input)?,
        min_p: unsigned(input)?,
        repetition: unsigned(input)?,
        presence: signed(input)?,
        frequency: signed(input)?,
        bias: input.list_u32("biases", 0, |_| Ok((0, Micro::ZERO)))?,
        grammar: match input.u8("whether there is a grammar")? {
            0 => None,
            1 => Some(input.array("the grammar's hash")?),
            found => {
                let what = "whether there is a grammar";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        },
    };
    let reason = "it is out of range";
    Parameters::new(settings).map_err(|_| WireError::Value { what: "a parameter", reason })
}

/// The job's biases, in ascending order of tokens.
pub(crate) fn read_biases(bytes: &[u8]) -> Result<Vec<(u32, Micro)>, WireError> {
    let mut input = Reader::new(bytes);
    let bias = input.list_u32("biases", 1024, |input| {
        Ok((input.u32("a biased token")?, Micro::new(input.i32("a bias")?.into())))
    })?;
    input.end("the biases' leaf")?;
    let settings = Settings { bias, ..Settings::default() };
    let reason = "it is out of range or out of order";
    let parameters =
        Parameters::new(settings).map_err(|_| WireError::Value { what: "a bias", reason })?;
    Ok(parameters.settings().bias.clone())
}
