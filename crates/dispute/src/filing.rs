//! The bytes of a filing (`spec/dispute.md` section 5): pieces that have bytes of their own, each behind its length.
//!
//! Never judges: what decodes may still open no dispute. One form only, as of moves.

use commit::{Reader, WireError, Writer};
use receipt::limits::RECEIPT_BYTES_MAX;
use receipt::{JobLeaf, PartialOpening, Receipt, SignedHead};

use crate::subject::{Claim, Filing};

/// The version of filings.
const FILING_VERSION: u16 = 1;
/// Bytes of a head, a leaf or an opening: leaf 0 with sixteen named auditors is the greatest of them.
const PIECE_BYTES_MAX: usize = 1024;

impl Filing {
    /// The canonical bytes.
    ///
    /// # Panics
    /// Where a piece is beyond its limit: one that was checked never is.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(FILING_VERSION);
        let mut piece = |bytes: Vec<u8>| {
            out.length_u16(bytes.len());
            out.bytes(&bytes);
        };
        piece(self.head.encode());
        piece(self.terms.encode());
        piece(self.prompt.encode());
        piece(self.parameters.encode());
        let (number, bytes) = match &self.claim {
            Claim::Token(shown) => (1, shown.encode()),
            Claim::Fault(receipt) => (2, receipt.encode()),
        };
        out.u8(number);
        out.length_u16(bytes.len());
        out.bytes(&bytes);
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        input.version("a filing's", FILING_VERSION)?;
        let head = input.bytes_u16("bytes of the head", PIECE_BYTES_MAX)?;
        let mut leaf = || JobLeaf::decode(input.bytes_u16("bytes of a leaf", PIECE_BYTES_MAX)?);
        let (terms, prompt, parameters) = (leaf()?, leaf()?, leaf()?);
        let claim = match input.u8("the kind of claim")? {
            1 => {
                let shown = input.bytes_u16("bytes of the token", PIECE_BYTES_MAX)?;
                Claim::Token(PartialOpening::decode(shown)?)
            }
            2 => {
                let receipt = input.bytes_u16("bytes of the receipt", RECEIPT_BYTES_MAX)?;
                Claim::Fault(Box::new(Receipt::decode(receipt)?))
            }
            found => {
                return Err(WireError::Unknown { what: "the kind of claim", found: found.into() });
            }
        };
        input.end("the filing")?;
        Ok(Self { head: SignedHead::decode(head)?, terms, prompt, parameters, claim })
    }
}
