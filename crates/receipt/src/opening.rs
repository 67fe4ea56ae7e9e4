//! Everything a receipt's commitments hide.
//!
//! Never kept by anybody who should not read the answer: it holds prompt and output, and the blind with which single
//! tokens can be proved to anyone.

use commit::{Blind, Network, Reader, Salts, WireError, Writer};

use crate::file::check_opening;
use crate::job::{Job, read_tokens};
use crate::limits::{CHOICES_MAX, RECEIPT_CHOICES_MAX};
use crate::statement::Receipt;

/// The version of openings.
pub(crate) const OPENING_VERSION: u16 = 1;

/// The tokens of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Which choice.
    pub choice: u32,
    /// Every token drawn, a stop token included.
    pub tokens: Vec<u32>,
}

/// What was asked and what came, in the open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What salts are made of.
    pub blind: Blind,
    /// What was asked.
    pub job: Job,
    /// What came, in ascending order of choices.
    pub outputs: Vec<Output>,
}

impl Opening {
    /// Whether it is what a receipt commits to.
    #[must_use]
    pub fn opens(&self, receipt: &Receipt, network: Network) -> bool {
        check_opening(self, receipt, network).is_ok()
    }

    /// Whether the job says what the receipt repeats of it, has the receipt's choices, and was rendered by whom it says.
    #[must_use]
    pub fn repeats(&self, receipt: &Receipt, network: Network) -> bool {
        let job = self.job.fields();
        let terms = &job.terms;
        let said = (terms.kind, terms.model, terms.arithmetic, terms.sampling);
        said == (receipt.kind, receipt.model, receipt.arithmetic, receipt.sampling)
            && terms.consent.number() == receipt.consent
            && u32::try_from(job.prompt.len()) == Ok(receipt.usage.prompt)
            && receipt.choices.iter().all(|choice| choice.index < job.choices)
            && self.job.rendering_holds(&Salts { network, blind: self.blind })
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(OPENING_VERSION);
        out.bytes(&self.blind.0);
        self.job.write(&mut out);
        out.length_u8(self.outputs.len());
        for output in &self.outputs {
            out.u32(output.choice);
            out.length_u32(output.tokens.len());
            output.tokens.iter().for_each(|token| out.u32(*token));
        }
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        input.version("an opening's", OPENING_VERSION)?;
        let opening = Self {
            blind: Blind(input.array("the blind")?),
            job: Job::read(&mut input)?,
            outputs: input.list_u8("outputs", RECEIPT_CHOICES_MAX, |input| {
                let choice = input.u32("an output's choice")?;
                Ok(Output { choice, tokens: read_tokens(input, "tokens of an output")? })
            })?,
        };
        input.end("the opening")?;
        if !opening.outputs.is_sorted_by(|a, b| a.choice < b.choice) {
            return Err(WireError::Order { what: "outputs" });
        }
        if opening.outputs.last().is_some_and(|last| last.choice >= CHOICES_MAX) {
            let reason = "no job has so many choices";
            return Err(WireError::Value { what: "an output's choice", reason });
        }
        Ok(opening)
    }
}
