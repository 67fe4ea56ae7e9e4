//! What each token id adds to a text: the table that stop strings and text are checked with, without a tokenizer.
//!
//! Never makes the table: whoever has the tokenizer does, and compares. Failure: [`WireError`] names the field.

use commit::{Reader, WireError, Writer};

use crate::limits;

/// The table, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenBytes {
    bytes: Vec<u8>,
    /// Where each token ends in `bytes`, and whether it is special.
    tokens: Vec<(usize, bool)>,
}

impl TokenBytes {
    /// The table of these tokens: whether each is special, and its bytes.
    ///
    /// # Errors
    /// [`WireError`] for more or longer tokens than there may be.
    pub fn new<'a>(tokens: impl IntoIterator<Item = (bool, &'a [u8])>) -> Result<Self, WireError> {
        let mut table = Self::default();
        for (special, bytes) in tokens {
            limit("bytes of a token", bytes.len(), limits::TOKEN_BYTES_MAX)?;
            limit("tokens", table.tokens.len() + 1, limits::TOKENS_MAX)?;
            table.push(special, bytes);
        }
        Ok(table)
    }

    /// How many tokens there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Whether a token is special, and its bytes: of a special one its name, which is no text.
    #[must_use]
    pub fn get(&self, token: u32) -> Option<(bool, &[u8])> {
        let id = usize::try_from(token).ok()?;
        let (end, special) = *self.tokens.get(id)?;
        let start = id.checked_sub(1).map_or(0, |before| self.tokens[before].0);
        Some((special, &self.bytes[start..end]))
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.length_u32(self.tokens.len());
        let mut start = 0;
        for (end, special) in &self.tokens {
            out.u8(u8::from(*special));
            out.length_u16(end - start);
            out.bytes(&self.bytes[start..*end]);
            start = *end;
        }
        out.finish()
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let mut table = Self::default();
        input.list_u32("tokens", limits::TOKENS_MAX, |input| {
            let special = match input.u8("whether a token is special")? {
                0 => false,
                1 => true,
                found => {
                    let what = "whether a token is special";
                    return Err(WireError::Unknown { what, found: found.into() });
                }
            };
            table.push(special, input.bytes_u16("bytes of a token", limits::TOKEN_BYTES_MAX)?);
            Ok(())
        })?;
        input.end("the token bytes")?;
        Ok(table)
    }

    fn push(&mut self, special: bool, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.tokens.push((self.bytes.len(), special));
    }
}

fn limit(what: &'static str, found: usize, max: usize) -> Result<(), WireError> {
    if found > max { Err(WireError::Limit { what, found, max }) } else { Ok(()) }
}
