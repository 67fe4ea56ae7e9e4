//! Vouchers: what a payer promises a node on a channel, all in all, and for which job the last of it is.
//!
//! Never adds up: the greatest one is worth what it says, and each earlier one nothing more. What an earlier one gave
//! stands in it, so the payer itself says which of its money is for which job.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::{PublicKey, SecretKey, Signature};

use crate::domains::VOUCHER;
use crate::records::ChannelId;
use crate::values::{Amount, Time};

/// The version of vouchers.
const VOUCHER_VERSION: u16 = 1;

/// A payer's promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// On which channel.
    pub channel: ChannelId,
    /// What earlier ones gave, less than all: the rest is for this job.
    pub from: Amount,
    /// All that the node may take of it.
    pub cumulative: Amount,
    /// Until when it holds: not at that moment any more.
    pub expiry: Time,
    /// The commitment of the job that it is given for.
    pub job: Digest,
}

impl Voucher {
    /// The payer's signature.
    #[must_use]
    pub fn sign(&self, network: Network, key: &SecretKey) -> Signature {
        key.sign_in(VOUCHER, network, &self.encode())
    }

    /// Whether this is that signature.
    #[must_use]
    pub fn holds(&self, network: Network, payer: PublicKey, signature: &Signature) -> bool {
        payer.signed_in(VOUCHER, network, &self.encode(), signature)
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.write(&mut out);
        out.finish()
    }

    /// The same behind other bytes.
    pub fn write(&self, out: &mut Writer) {
        out.u16(VOUCHER_VERSION);
        out.bytes(&self.channel.0);
        self.from.write(out);
        self.cumulative.write(out);
        out.u64(self.expiry.0);
        out.bytes(&self.job);
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let voucher = Self::read(&mut input)?;
        input.end("the voucher")?;
        Ok(voucher)
    }

    /// Reads them at the beginning of others.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.version("a voucher's", VOUCHER_VERSION)?;
        let channel = ChannelId::read(input)?;
        let from = Amount::read(input, "what earlier vouchers gave")?;
        let cumulative = Amount::read(input, "what a voucher promises")?;
        if from >= cumulative {
            let reason = "it gives nothing more than earlier ones";
            return Err(WireError::Value { what: "a voucher", reason });
        }
        Ok(Self {
            channel,
            from,
            cumulative,
            expiry: Time(input.u64("until when a voucher holds")?),
            job: input.array("a voucher's job")?,
        })
    }
}
