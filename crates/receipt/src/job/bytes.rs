//! The bytes of a job: its leaves, and the form it has inside an opening.
//!
//! Never decides what a job may be: whatever is read goes through [`Job::new`]. Bytes that are not canonical are a
//! [`WireError`] that names the field; no list is allocated before its count was held against its limit.

use canon::sample::{Micro, ParameterError, Parameters, Settings};
use commit::{Reader, WireError, Writer};

use super::{
    AuditConsent, Counts, JOB_LEAVES, JOB_VERSION, Job, JobError, JobFields, JobLeaf, NonceChooser,
    RESERVED, StopRule, Terms, WorkKind, ascending,
};
use crate::keys::PublicKey;
use crate::limits::{
    AUDITORS_MAX, BIASES_MAX, JOB_LEAF_BYTES_MAX, STOP_STRING_BYTES_MAX, STOP_STRINGS_MAX,
    STOP_TOKENS_MAX, TOKENS_MAX,
};
use crate::messages::Rendered;

/// The version of leaves shown alone.
const JOB_LEAF_VERSION: u16 = 1;

impl Job {
    pub(super) fn terms_leaf(&self) -> Vec<u8> {
        let terms = &self.0.terms;
        let mut out = Writer::new();
        out.u16(JOB_VERSION);
        out.u8(terms.kind.number());
        out.bytes(&terms.model);
        out.u16(terms.arithmetic);
        out.u16(terms.sampling);
        out.u8(match terms.nonce_by {
            NonceChooser::Client => 1,
            NonceChooser::Gateway => 2,
        });
        out.u64(terms.beacon_height);
        out.bytes(&terms.requester.0);
        out.u8(self.0.rendered.number());
        out.u8(terms.consent.number());
        let named = match &terms.consent {
            AuditConsent::Own | AuditConsent::Open => &[][..],
            AuditConsent::Named(keys) => keys,
        };
        out.length_u8(named.len());
        named.iter().for_each(|key| out.bytes(&key.0));
        out.finish()
    }

    pub(super) fn parameters_leaf(&self) -> Vec<u8> {
        let settings = Settings { bias: Vec::new(), ..self.0.parameters.settings().clone() };
        let unbiased = Parameters::new(settings).expect("without biases they stay in range");
        let mut out = Writer::new();
        out.bytes(&unbiased.encode());
        out.bytes(&self.seed());
        out.u32(self.0.choices);
        out.length_u32(self.0.prompt.len());
        out.finish()
    }

    pub(super) fn biases_leaf(&self) -> Vec<u8> {
        let biases = &self.0.parameters.settings().bias;
        let mut out = Writer::new();
        out.length_u32(biases.len());
        for (token, bias) in biases {
            out.u32(*token);
            out.i32(i32::try_from(bias.get()).expect("a checked bias has 28 bits"));
        }
        out.finish()
    }

    pub(super) fn stop_leaf(&self) -> Vec<u8> {
        let mut out = Writer::new();
        write_stop(&mut out, &self.0.stop);
        out.finish()
    }

    /// For an opening: everything, the seed and the roots left out.
    pub(crate) fn write(&self, out: &mut Writer) {
        let job = &self.0;
        out.bytes(&self.terms_leaf());
        out.bytes(&job.nonce);
        out.length_u32(job.prompt.len());
        job.prompt.iter().for_each(|token| out.u32(*token));
        out.bytes(&job.parameters.encode());
        out.u32(job.choices);
        write_stop(out, &job.stop);
        job.rendered.write(out);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (terms, rendered_by) = read_terms(input)?;
        let fields = JobFields {
            terms,
            nonce: input.array("the nonce")?,
            prompt: read_tokens(input, "tokens of the prompt")?,
            parameters: read_parameters(input)?,
            choices: input.u32("the number of choices")?,
            stop: read_stop(input)?,
            rendered: Rendered::read(rendered_by, input)?,
        };
        Self::new(fields).map_err(|error| match error {
            JobError::Count { what, found, max, .. } if found > max => {
                WireError::Limit { what, found, max }
            }
            JobError::Count { what, .. } => {
                WireError::Value { what, reason: "there is none, and one is needed" }
            }
            JobError::Order { what } => WireError::Order { what },
            JobError::Seed(_) => WireError::Value { what: "a token", reason: "no model has it" },
        })
    }
}

impl JobLeaf {
    /// What leaf 0 says.
    ///
    /// # Errors
    /// [`WireError`] for what is no leaf 0.
    pub fn terms(&self) -> Result<Terms, WireError> {
        if self.leaf != 0 {
            return Err(WireError::Unknown { what: "a leaf of terms", found: self.leaf.into() });
        }
        let mut input = Reader::new(&self.bytes);
        let (terms, rendered_by) = read_terms(&mut input)?;
        input.end("the leaf of terms")?;
        match Rendered::is_number(rendered_by) {
            true => Ok(terms),
            false => {
                let what = "who rendered";
                Err(WireError::Unknown { what, found: rendered_by.into() })
            }
        }
    }

    /// How much is asked for, as leaf 3 says it.
    ///
    /// # Errors
    /// [`WireError`] for what is no leaf 3.
    pub fn counts(&self) -> Result<Counts, WireError> {
        if self.leaf != 3 {
            let found = self.leaf.into();
            return Err(WireError::Unknown { what: "a leaf of parameters", found });
        }
        let mut input = Reader::new(&self.bytes);
        let parameters = read_parameters(&mut input)?;
        input.array::<32>("the seed")?;
        let counts = Counts {
            choices: input.u32("the number of choices")?,
            prompt: input.u32("tokens of the prompt")?,
        };
        input.end("the leaf of parameters")?;
        match parameters.settings().bias.is_empty() {
            true => Ok(counts),
            false => {
                let reason = "they stand in another leaf";
                Err(WireError::Value { what: "biases", reason })
            }
        }
    }

    /// When an answer ends, as leaf 5 says it.
    ///
    /// # Errors
    /// [`WireError`] for what is no leaf 5.
    pub fn stop_rule(&self) -> Result<StopRule, WireError> {
        if self.leaf != 5 {
            let found = self.leaf.into();
            return Err(WireError::Unknown { what: "a leaf of stop rules", found });
        }
        let mut input = Reader::new(&self.bytes);
        let rule = read_stop(&mut input)?;
        input.end("the leaf of stop rules")?;
        let (what, max) = ("tokens of output", TOKENS_MAX);
        let found = usize::try_from(rule.tokens_max).unwrap_or(usize::MAX);
        if found > max {
            return Err(WireError::Limit { what, found, max });
        }
        if rule.strings.iter().any(String::is_empty) {
            let reason = "it has no bytes";
            return Err(WireError::Value { what: "a stop string", reason });
        }
        let what = "stop tokens";
        ascending(what, &rule.tokens).map_err(|_| WireError::Order { what })?;
        Ok(rule)
    }

    /// The height that leaf 0 dates its job with, 0 where it has no date; `None` for what begins like no leaf 0.
    /// What stands behind it is not read.
    #[must_use]
    pub fn beacon_height(&self) -> Option<u64> {
        let mut input = Reader::new(&self.bytes);
        let mut height = || {
            input.version("a job's", JOB_VERSION)?;
            input.u8("the kind of work")?;
            input.array::<32>("the model's id")?;
            input.u16("a version")?;
            input.u16("a version")?;
            input.u8("who chose the nonce")?;
            input.u64("the beacon's height")
        };
        if self.leaf == 0 { height().ok() } else { None }
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(JOB_LEAF_VERSION);
        out.u8(self.leaf);
        out.length_u32(self.bytes.len());
        out.bytes(&self.bytes);
        out.bytes(&self.salt);
        self.path.iter().for_each(|hash| out.bytes(hash));
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        input.version("a shown leaf's", JOB_LEAF_VERSION)?;
        let shown = Self {
            leaf: input.u8("a leaf of a job")?,
            bytes: input.bytes_u32("bytes of a leaf", JOB_LEAF_BYTES_MAX)?.to_vec(),
            salt: input.array("a leaf's salt")?,
            path: [input.array("a hash")?, input.array("a hash")?, input.array("a hash")?],
        };
        input.end("the shown leaf")?;
        if usize::from(shown.leaf) >= JOB_LEAVES {
            return Err(WireError::Unknown { what: "a leaf of a job", found: shown.leaf.into() });
        }
        if shown.leaf == RESERVED && !shown.bytes.is_empty() {
            let reason = "it has no bytes";
            return Err(WireError::Value { what: "the reserved leaf", reason });
        }
        Ok(shown)
    }
}

impl WorkKind {
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Generate => 1,
            Self::Embed => 2,
        }
    }

    pub(crate) fn from_number(found: u8) -> Result<Self, WireError> {
        match found {
            1 => Ok(Self::Generate),
            2 => Ok(Self::Embed),
            _ => Err(WireError::Unknown { what: "the kind of work", found: found.into() }),
        }
    }
}

impl AuditConsent {
    /// Its number, as receipts repeat it.
    #[must_use]
    pub const fn number(&self) -> u8 {
        match self {
            Self::Own => 0,
            Self::Named(_) => 1,
            Self::Open => 2,
        }
    }
}

fn write_stop(out: &mut Writer, stop: &StopRule) {
    out.u32(stop.tokens_max);
    out.length_u32(stop.tokens.len());
    stop.tokens.iter().for_each(|token| out.u32(*token));
    out.length_u8(stop.strings.len());
    for string in &stop.strings {
        out.length_u16(string.len());
        out.bytes(string.as_bytes());
    }
}

fn read_stop(input: &mut Reader<'_>) -> Result<StopRule, WireError> {
    Ok(StopRule {
        tokens_max: input.u32("the greatest number of tokens")?,
        tokens: input
            .list_u32("stop tokens", STOP_TOKENS_MAX, |input| input.u32("a stop token"))?,
        strings: input.list_u8("stop strings", STOP_STRINGS_MAX, |input| {
            let bytes = input.bytes_u16("bytes of a stop string", STOP_STRING_BYTES_MAX)?;
            let reason = "it is not UTF-8";
            let text = core::str::from_utf8(bytes);
            let text = text.map_err(|_| WireError::Value { what: "a stop string", reason })?;
            Ok(text.to_owned())
        })?,
    })
}

fn read_terms(input: &mut Reader<'_>) -> Result<(Terms, u8), WireError> {
    input.version("a job's", JOB_VERSION)?;
    let kind = WorkKind::from_number(input.u8("the kind of work")?)?;
    let model = input.array("the model's id")?;
    let arithmetic = input.u16("the arithmetic version")?;
    let sampling = input.u16("the sampling version")?;
    let nonce_by = match input.u8("who chose the nonce")? {
        1 => NonceChooser::Client,
        2 => NonceChooser::Gateway,
        found => {
            return Err(WireError::Unknown { what: "who chose the nonce", found: found.into() });
        }
    };
    let beacon_height = input.u64("the beacon's height")?;
    let requester = PublicKey(input.array("the requester's key")?);
    let rendered_by = input.u8("who rendered")?;
    let number = input.u8("the audit consent")?;
    let named = input.list_u8("named auditors", AUDITORS_MAX, |input| {
        Ok(PublicKey(input.array("an auditor's key")?))
    })?;
    let consent = match (number, named.is_empty()) {
        (0, true) => AuditConsent::Own,
        (1, false) => AuditConsent::Named(named),
        (2, true) => AuditConsent::Open,
        (0..=2, _) => {
            let reason = "auditors are named exactly where the consent names them";
            return Err(WireError::Value { what: "the audit consent", reason });
        }
        (found, _) => {
            return Err(WireError::Unknown { what: "the audit consent", found: found.into() });
        }
    };
    let terms =
        Terms { kind, model, arithmetic, sampling, nonce_by, beacon_height, requester, consent };
    Ok((terms, rendered_by))
}

pub(crate) fn read_tokens(
    input: &mut Reader<'_>,
    what: &'static str,
) -> Result<Vec<u32>, WireError> {
    input.list_u32(what, TOKENS_MAX, |input| input.u32("a token"))
}

fn read_parameters(input: &mut Reader<'_>) -> Result<Parameters, WireError> {
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
        bias: input.list_u32("biases", BIASES_MAX, |input| {
            Ok((input.u32("a biased token")?, signed(input)?))
        })?,
        grammar: match input.u8("whether there is a grammar")? {
            0 => None,
            1 => Some(input.array("the grammar's hash")?),
            found => {
                let what = "whether there is a grammar";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        },
    };
    Parameters::new(settings).map_err(|error| {
        let reason = match error {
            ParameterError::BiasOrder(_) => "biases are out of order",
            ParameterError::Range { .. }
            | ParameterError::Text { .. }
            | ParameterError::BiasCount(_)
            | ParameterError::BiasValue { .. }
            | ParameterError::BiasText { .. } => "it is out of range",
        };
        WireError::Value { what: "a parameter", reason }
    })
}
