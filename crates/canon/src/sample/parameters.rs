//! The parameters of a distribution: their ranges, their text and their canonical bytes
//! (`spec/sampling.md` sections 2 and 8).
//!
//! [`Settings`] may hold anything; [`Parameters`] are settings proven to be in range, at
//! temperature 0 too. A value is never rounded or clamped into range: it is refused.

use core::ops::RangeInclusive;

use super::decimal::{DecimalError, Micro};

/// Most tokens of a vocabulary.
pub const VOCABULARY_MAX: u32 = 1 << 20;
/// Most biased tokens.
pub const BIAS_ENTRIES_MAX: usize = 1024;
/// Micro-units in one.
pub(crate) const MICRO: i64 = 1_000_000;
/// Greatest magnitude of a bias.
const BIAS_MOST: u64 = 100_000_000;

/// A parameter that is one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// Divides the logits; 0 takes the greatest.
    Temperature,
    /// Keeps this many ids; 0 keeps all.
    TopK,
    /// Keeps the first ids that hold this share of the weight.
    TopP,
    /// Keeps ids with this share of the greatest weight.
    MinP,
    /// Divides or multiplies the logits of ids that occurred.
    Repetition,
    /// Taken off the logits of ids in the output.
    Presence,
    /// Taken off the logits of ids in the output, once per occurrence.
    Frequency,
}

/// Why settings are no parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A number outside its range.
    #[error("{} is {given}: it must be {}", name.name(), name.allowed())]
    Range {
        /// The parameter.
        name: Parameter,
        /// What it was.
        given: String,
    },
    /// A text that is no exact decimal.
    #[error("{} is {text:?}: {reason}", name.name())]
    Text {
        /// The parameter.
        name: Parameter,
        /// What it was.
        text: String,
        /// What is wrong with it.
        reason: DecimalError,
    },
    /// Too many biases.
    #[error("{0} biased tokens: at most {BIAS_ENTRIES_MAX} are permitted")]
    BiasCount(usize),
    /// Biases that are not in ascending order of tokens, or two for one token.
    #[error("the bias of token {0} is out of order: give each token once, in ascending order")]
    BiasOrder(u32),
    /// A bias of 0 or beyond the range.
    #[error(
        "the bias of token {token} is {value}: it must be -100 to 100, and not 0 (leave it out)"
    )]
    BiasValue {
        /// The token.
        token: u32,
        /// Its bias.
        value: Micro,
    },
    /// A bias that is no exact decimal.
    #[error("the bias of token {token} is {text:?}: {reason}")]
    BiasText {
        /// The token.
        token: u32,
        /// What it was.
        text: String,
        /// What is wrong with it.
        reason: DecimalError,
    },
}

/// Choices not yet checked; the default is neutral everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// See [`Parameter::Temperature`].
    pub temperature: Micro,
    /// See [`Parameter::TopK`].
    pub top_k: u32,
    /// See [`Parameter::TopP`].
    pub top_p: Micro,
    /// See [`Parameter::MinP`].
    pub min_p: Micro,
    /// See [`Parameter::Repetition`].
    pub repetition: Micro,
    /// See [`Parameter::Presence`].
    pub presence: Micro,
    /// See [`Parameter::Frequency`].
    pub frequency: Micro,
    /// Added to the logits of single tokens, in ascending order of tokens.
    pub bias: Vec<(u32, Micro)>,
    /// BLAKE3 of the grammar.
    pub grammar: Option<[u8; 32]>,
}

/// Settings that are in range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Settings);

impl Parameter {
    /// The name in requests and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::TopK => "top_k",
            Self::TopP => "top_p",
            Self::MinP => "min_p",
            Self::Repetition => "repetition_penalty",
            Self::Presence => "presence_penalty",
            Self::Frequency => "frequency_penalty",
        }
    }

    /// What is permitted, in words.
    #[must_use]
    pub const fn allowed(self) -> &'static str {
        match self {
            Self::Temperature => "0 (always the likeliest token), or 0.01 to 100",
            Self::TopK => "a whole number, 0 (no cut) to 1048576",
            Self::TopP => "0 to 1 (no cut)",
            Self::MinP => "0 (no cut) to 1",
            Self::Repetition => "0.01 to 100 (1: no penalty)",
            Self::Presence | Self::Frequency => "-2 to 2 (0: no penalty)",
        }
    }

    const fn range(self) -> RangeInclusive<i64> {
        match self {
            Self::Temperature | Self::Repetition => 10_000..=100_000_000,
            Self::TopK => 0..=VOCABULARY_MAX as i64,
            Self::TopP | Self::MinP => 0..=MICRO,
            Self::Presence | Self::Frequency => -2_000_000..=2_000_000,
        }
    }

    fn check(self, value: i64, given: impl ToString) -> Result<(), ParameterError> {
        let off = self == Self::Temperature && value == 0;
        if off || self.range().contains(&value) {
            Ok(())
        } else {
            Err(ParameterError::Range { name: self, given: given.to_string() })
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            temperature: Micro::ONE,
            top_k: 0,
            top_p: Micro::ONE,
            min_p: Micro::ZERO,
            repetition: Micro::ONE,
            presence: Micro::ZERO,
            frequency: Micro::ZERO,
            bias: Vec::new(),
            grammar: None,
        }
    }
}

impl Settings {
    /// Sets a number from its exact decimal text.
    ///
    /// # Errors
    /// [`ParameterError`] where the text is no whole number of micro-units (of one, for top-k). Its
    /// range is checked by [`Parameters::new`].
    pub fn set(&mut self, name: Parameter, text: &str) -> Result<(), ParameterError> {
        let value = Micro::parse(text).map_err(|reason| {
            let text = text.chars().take(64).collect();
            ParameterError::Text { name, text, reason }
        })?;
        match name {
            Parameter::Temperature => self.temperature = value,
            Parameter::TopP => self.top_p = value,
            Parameter::MinP => self.min_p = value,
            Parameter::Repetition => self.repetition = value,
            Parameter::Presence => self.presence = value,
            Parameter::Frequency => self.frequency = value,
            Parameter::TopK => {
                let whole = Some(value.get() / MICRO).filter(|_| value.get() % MICRO == 0);
                let refused = || ParameterError::Range { name, given: value.to_string() };
                self.top_k = whole.and_then(|k| u32::try_from(k).ok()).ok_or_else(refused)?;
            }
        }
        Ok(())
    }

    /// Adds a bias, whose token must be greater than those before it.
    ///
    /// # Errors
    /// [`ParameterError`] where the text is no whole number of micro-units.
    pub fn push_bias(&mut self, token: u32, text: &str) -> Result<(), ParameterError> {
        let value = Micro::parse(text).map_err(|reason| {
            let text = text.chars().take(64).collect();
            ParameterError::BiasText { token, text, reason }
        })?;
        self.bias.push((token, value));
        Ok(())
    }

    /// Whether no logit can be changed for having occurred.
    pub(crate) fn no_penalty(&self) -> bool {
        (self.repetition, self.presence, self.frequency) == (Micro::ONE, Micro::ZERO, Micro::ZERO)
    }
}

impl Parameters {
    /// Checks every range.
    ///
    /// # Errors
    /// [`ParameterError`] naming the first that is out of range.
    pub fn new(settings: Settings) -> Result<Self, ParameterError> {
        let micro = |name: Parameter, value: Micro| name.check(value.get(), value);
        micro(Parameter::Temperature, settings.temperature)?;
        Parameter::TopK.check(settings.top_k.into(), settings.top_k)?;
        micro(Parameter::TopP, settings.top_p)?;
        micro(Parameter::MinP, settings.min_p)?;
        micro(Parameter::Repetition, settings.repetition)?;
        micro(Parameter::Presence, settings.presence)?;
        micro(Parameter::Frequency, settings.frequency)?;
        if settings.bias.len() > BIAS_ENTRIES_MAX {
            return Err(ParameterError::BiasCount(settings.bias.len()));
        }
        let mut before = None;
        for (token, value) in settings.bias.iter().copied() {
            if before >= Some(token) {
                return Err(ParameterError::BiasOrder(token));
            }
            if value == Micro::ZERO || value.get().unsigned_abs() > BIAS_MOST {
                return Err(ParameterError::BiasValue { token, value });
            }
            before = Some(token);
        }
        Ok(Self(settings))
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0
    }

    /// The greatest biased token.
    #[must_use]
    pub fn greatest_bias(&self) -> Option<u32> {
        self.0.bias.last().map(|(token, _)| *token)
    }

    /// The canonical bytes: part of what the seed is made from.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let s = &self.0;
        let number = |value: i64| -> [u8; 4] {
            // Every range fits 32 bits, with a sign where there is one.
            let [a, b, c, d, ..] = value.to_le_bytes();
            [a, b, c, d]
        };
        let numbers = [s.temperature.get(), s.top_k.into(), s.top_p.get(), s.min_p.get()];
        let penalties = [s.repetition, s.presence, s.frequency].map(Micro::get);
        let mut out: Vec<u8> = numbers.into_iter().chain(penalties).flat_map(number).collect();
        out.extend((s.bias.len() as u32).to_le_bytes());
        for (token, value) in &s.bias {
            out.extend(token.to_le_bytes());
            out.extend(number(value.get()));
        }
        match &s.grammar {
            None => out.push(0),
            Some(grammar) => {
                out.push(1);
                out.extend(grammar);
            }
        }
        out
    }
}

/// Whether the vocabulary has no such token.
pub(crate) fn exceeds(token: u32, vocabulary: usize) -> bool {
    usize::try_from(token).map_or(true, |token| token >= vocabulary)
}
