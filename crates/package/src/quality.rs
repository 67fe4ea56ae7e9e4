//! What the publisher measured, in whole units. Never checked by anybody; shown as the publisher's claim.

use commit::{Digest, Reader, WireError, Writer};

use crate::text;

const VERSION: u16 = 1;
/// Millionths in one.
const ONE: u32 = 1_000_000;
/// Greatest KL without a warning, in millionths: 0.02.
const KL_QUIET: u32 = 20_000;

/// How near to the float model it came, on one named text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quality {
    /// KL divergence from float, in millionths.
    pub kl_micro: u32,
    /// Perplexity of float, in thousandths.
    pub float_perplexity_milli: u32,
    /// Perplexity of this, in thousandths.
    pub perplexity_milli: u32,
    /// How often the likeliest token is the same, in millionths.
    pub same_top_micro: u32,
    /// Tokens measured.
    pub tokens: u32,
    /// BLAKE3 of the text.
    pub text: Digest,
    /// Its name.
    pub text_name: String,
}

impl Quality {
    /// Whether whoever shows the package warns: KL above 0.02, or perplexity more than 1 % above float's.
    #[must_use]
    pub fn warns(&self) -> bool {
        let hundredths = |perplexity: u32, times: u64| u64::from(perplexity) * times;
        self.kl_micro > KL_QUIET
            || hundredths(self.perplexity_milli, 100) > hundredths(self.float_perplexity_milli, 101)
    }

    /// The canonical bytes.
    ///
    /// # Errors
    /// [`WireError`] for a share above one or a name that can't stand in a part.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        self.check()?;
        let mut out = Writer::new();
        out.u16(VERSION);
        out.u32(self.kl_micro);
        out.u32(self.float_perplexity_milli);
        out.u32(self.perplexity_milli);
        out.u32(self.same_top_micro);
        out.u32(self.tokens);
        out.bytes(&self.text);
        text::write_name(&mut out, &self.text_name);
        Ok(out.finish())
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        input.version("quality", VERSION)?;
        let quality = Self {
            kl_micro: input.u32("the KL divergence")?,
            float_perplexity_milli: input.u32("float's perplexity")?,
            perplexity_milli: input.u32("the perplexity")?,
            same_top_micro: input.u32("the top-1 agreement")?,
            tokens: input.u32("the count of tokens")?,
            text: input.array("the text's hash")?,
            text_name: text::read_name(&mut input, "the text's name")?,
        };
        input.end("the quality")?;
        quality.check()?;
        Ok(quality)
    }

    fn check(&self) -> Result<(), WireError> {
        text::name("the text's name", &self.text_name)?;
        if self.same_top_micro > ONE {
            let what = "the top-1 agreement";
            return Err(WireError::Value { what, reason: "it is more than all" });
        }
        Ok(())
    }
}
