//! The receipt: one worker's statement that joins a job and what came of it (`spec/receipt.md` section 5).
//!
//! Never shows a token. Its bytes say nothing twice that could differ: what is repeated must agree, or they don't
//! decode.

use commit::{Digest, Network, Reader, WireError, Writer};

use crate::domains::RECEIPT;
use crate::head::SignedHead;
use crate::job::WorkKind;
use crate::keys::PublicKey;
use crate::limits::{RECEIPT_BYTES_MAX, RECEIPT_CHOICES_MAX, SEGMENTS_MAX, TOKENS_MAX};
use crate::stop::Stop;

/// The version of receipts.
pub(crate) const RECEIPT_VERSION: u16 = 1;

/// How many tokens a job took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt.
    pub prompt: u32,
    /// Of all choices together.
    pub output: u32,
}

/// One worker's part of a choice: its last head.
pub type Segment = SignedHead;

/// One of the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which of the job's.
    pub index: u32,
    /// Who delivered what, in order; at least one.
    pub segments: Vec<Segment>,
    /// Why it ended.
    pub stop: Stop,
}

/// A worker's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What was done.
    pub kind: WorkKind,
    /// The job's commitment.
    pub job: Digest,
    /// Id of the model.
    pub model: Digest,
    /// Version of `spec/arithmetic.md`.
    pub arithmetic: u16,
    /// Version of `spec/sampling.md`.
    pub sampling: u16,
    /// The job's audit consent, as its number.
    pub consent: u8,
    /// The epoch by which it is to be anchored; 0: not.
    pub anchor_by: u64,
    /// Tokens.
    pub usage: Usage,
    /// The answers, in ascending order; at least one.
    pub choices: Vec<Choice>,
    /// Who says so.
    pub worker: PublicKey,
}

impl Choice {
    /// How many tokens there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.segments.last().map_or(0, |segment| segment.head.count)
    }

    /// Root of all tokens; zeros for none.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.segments.last().map_or([0; 32], |segment| segment.head.root)
    }
}

impl Receipt {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(RECEIPT_VERSION);
        out.u8(self.kind.number());
        out.bytes(&self.job);
        out.bytes(&self.model);
        out.u16(self.arithmetic);
        out.u16(self.sampling);
        out.u8(self.consent);
        out.u64(self.anchor_by);
        out.u32(self.usage.prompt);
        out.u32(self.usage.output);
        out.length_u8(self.choices.len());
        for choice in &self.choices {
            out.u32(choice.index);
            out.length_u8(choice.segments.len());
            choice.segments.iter().for_each(|segment| segment.write(&mut out));
            choice.stop.write(&mut out);
        }
        // No kind of evidence is defined yet.
        out.u8(0);
        out.bytes(&self.worker.0);
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > RECEIPT_BYTES_MAX {
            let (found, max) = (bytes.len(), RECEIPT_BYTES_MAX);
            return Err(WireError::Limit { what: "bytes of a receipt", found, max });
        }
        let mut input = Reader::new(bytes);
        let receipt = Self::read(&mut input)?;
        input.end("the receipt")?;
        receipt.check()?;
        Ok(receipt)
    }

    /// Its id.
    #[must_use]
    pub fn id(&self, network: Network) -> Digest {
        RECEIPT.hash(network, &[&self.encode()])
    }

    /// Positions of a choice's trace, all of which an audit's finding is over: each token but the last one was fed in; where
    /// it ends in a fault those before it.
    #[must_use]
    pub fn positions(&self, choice: &Choice) -> u32 {
        match (choice.stop, choice.count()) {
            (Stop::Fault { position, .. }, _) => position,
            (_, 0) => 0,
            (_, count) => self.usage.prompt.saturating_add(count) - 1,
        }
    }

    /// Whether every head in it was signed by the worker it names.
    #[must_use]
    pub fn heads_hold(&self, network: Network) -> bool {
        self.choices.iter().flat_map(|choice| &choice.segments).all(|head| head.holds(network))
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.version("a receipt's", RECEIPT_VERSION)?;
        let receipt = Self {
            kind: WorkKind::from_number(input.u8("the kind of work")?)?,
            job: input.array("the job")?,
            model: input.array("the model's id")?,
            arithmetic: input.u16("the arithmetic version")?,
            sampling: input.u16("the sampling version")?,
            consent: input.u8("the audit consent")?,
            anchor_by: input.u64("the anchor's epoch")?,
            usage: Usage {
                prompt: input.u32("tokens of the prompt")?,
                output: input.u32("tokens of the output")?,
            },
            choices: input.list_u8("choices", RECEIPT_CHOICES_MAX, read_choice)?,
            worker: {
                let max = 0;
                input.list_u8("pieces of evidence", max, |input| input.u8("a piece"))?;
                PublicKey(input.array("the worker's key")?)
            },
        };
        Ok(receipt)
    }

    /// What must agree.
    fn check(&self) -> Result<(), WireError> {
        let wrong = |what, reason| Err(WireError::Value { what, reason });
        if self.consent > 2 {
            let found = self.consent.into();
            return Err(WireError::Unknown { what: "the audit consent", found });
        }
        if self.choices.is_empty() {
            return wrong("a receipt", "it has no choice");
        }
        if !self.choices.is_sorted_by(|a, b| a.index < b.index) {
            return Err(WireError::Order { what: "choices" });
        }
        let tokens_max = u32::try_from(TOKENS_MAX).unwrap_or(u32::MAX);
        if self.usage.prompt == 0 || self.usage.prompt > tokens_max {
            return wrong("tokens of the prompt", "there are 1 to 65536");
        }
        // Indexes and counts are those of heads, which are within the limits.
        self.choices.iter().try_for_each(|choice| self.check_choice(choice))?;
        let output: u64 = self.choices.iter().map(|choice| u64::from(choice.count())).sum();
        if output != u64::from(self.usage.output) {
            return wrong("tokens of the output", "they are not those of the choices together");
        }
        Ok(())
    }

    fn check_choice(&self, choice: &Choice) -> Result<(), WireError> {
        let wrong = |reason| Err(WireError::Value { what: "a segment", reason });
        let mut before: Option<&Segment> = None;
        for segment in &choice.segments {
            if segment.head.job != self.job || segment.head.choice != choice.index {
                return wrong("its head is of another job or choice");
            }
            if segment.head.start != before.map_or(0, |before| before.head.count) {
                return wrong("it does not begin where the one before it ends");
            }
            if before.is_some_and(|before| before.worker == segment.worker) {
                return wrong("two in a row are of one worker");
            }
            before = Some(segment);
        }
        match before {
            Some(last) if last.worker == self.worker => Ok(()),
            Some(_) => wrong("the last one is not of the receipt's worker"),
            None => wrong("there is none"),
        }
    }
}

fn read_choice(input: &mut Reader<'_>) -> Result<Choice, WireError> {
    Ok(Choice {
        index: input.u32("a choice's index")?,
        segments: input.list_u8("segments", SEGMENTS_MAX, SignedHead::read)?,
        stop: Stop::read(input)?,
    })
}
