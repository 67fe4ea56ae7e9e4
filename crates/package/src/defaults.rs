//! What a publisher recommends to sample with. Never changes an answer: a job says all its parameters itself.

use canon::sample::{Micro, ParameterError, Parameters, Settings};
use commit::{Reader, WireError, Writer};

/// Recommended parameters; neutral ones recommend nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Without biases and grammar.
    parameters: Parameters,
    /// Most tokens of an answer; 0 recommends nothing.
    output_tokens_max: u32,
}

impl Defaults {
    /// Recommends these parameters; biases and a grammar are a job's own business and are left out.
    ///
    /// # Panics
    /// Never: parameters stay in range without them.
    #[must_use]
    pub fn new(parameters: &Parameters, output_tokens_max: u32) -> Self {
        let settings = parameters.settings().clone();
        let settings = Settings { bias: Vec::new(), grammar: None, ..settings };
        let parameters = Parameters::new(settings).expect("without biases they stay in range");
        Self { parameters, output_tokens_max }
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Most tokens of an answer; 0: no recommendation.
    #[must_use]
    pub fn output_tokens_max(&self) -> u32 {
        self.output_tokens_max
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.bytes(&self.parameters.encode());
        out.u32(self.output_tokens_max);
        out.finish()
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let mut whole = |what| Ok(Micro::new(i64::from(input.u32(what)?)));
        let temperature = whole("temperature")?;
        let top_k = input.u32("top_k")?;
        let mut whole = |what| Ok(Micro::new(i64::from(input.u32(what)?)));
        let (top_p, min_p) = (whole("top_p")?, whole("min_p")?);
        let repetition = whole("repetition")?;
        let mut signed = |what| Ok(Micro::new(i64::from(input.i32(what)?)));
        let (presence, frequency) = (signed("presence")?, signed("frequency")?);
        let none = |what, found: u32| match found {
            0 => Ok(()),
            _ => Err(WireError::Value { what, reason: "defaults have none" }),
        };
        none("biases", input.u32("the count of biases")?)?;
        none("a grammar", input.u8("the grammar")?.into())?;
        let output_tokens_max = input.u32("the greatest count of output tokens")?;
        input.end("the defaults")?;
        let settings = Settings {
            temperature,
            top_k,
            top_p,
            min_p,
            repetition,
            presence,
            frequency,
            bias: Vec::new(),
            grammar: None,
        };
        Ok(Self { parameters: Parameters::new(settings).map_err(out_of_range)?, output_tokens_max })
    }
}

fn out_of_range(error: ParameterError) -> WireError {
    let what = match error {
        ParameterError::Range { name, .. } | ParameterError::Text { name, .. } => name.name(),
        ParameterError::BiasCount(_)
        | ParameterError::BiasOrder(_)
        | ParameterError::BiasValue { .. }
        | ParameterError::BiasText { .. } => "a bias",
    };
    WireError::Value { what, reason: "it is out of range" }
}
