//! A transaction: what an account asks the ledger to do, signed.
//!
//! Never reads what is asked: the body's meaning is the ledger's, by its kind. A transaction whose signature was checked
//! is an [`Authentic`] one, and nothing else can become one.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::{PublicKey, SecretKey, Signature};

use crate::domains::{TRANSACTION, TRANSACTION_LEAF};
use crate::values::Amount;

/// The version of transactions.
const TRANSACTION_VERSION: u16 = 1;
/// Bytes of a body: a move of a dispute and what goes with it, or a model's program.
pub const BODY_BYTES_MAX: usize = 1 << 18;
/// Bytes around a body.
pub const ENVELOPE_BYTES: usize = 2 + 2 + 32 + 8 + 16 + 4 + 64;

/// What is asked for: a number that is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindNumber(pub u16);

/// A transaction as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// What is asked for.
    pub kind: KindNumber,
    /// The key that signs: its account pays the fee.
    pub payer: PublicKey,
    /// How many transactions the account made before: so none is taken twice.
    pub number: u64,
    /// The most it may cost.
    pub fee_max: Amount,
    /// What is asked for, by its kind.
    pub body: Vec<u8>,
    /// Over everything before.
    pub signature: Signature,
}

impl Transaction {
    /// Signs one.
    #[must_use]
    pub fn sign(
        network: Network,
        key: &SecretKey,
        (kind, number, fee_max): (KindNumber, u64, Amount),
        body: Vec<u8>,
    ) -> Self {
        let signature = Signature::NONE;
        let payer = key.public();
        let mut made = Self { kind, payer, number, fee_max, body, signature };
        made.signature = key.sign_in(TRANSACTION, network, &made.signed());
        made
    }

    /// How many bytes it has.
    #[must_use]
    pub fn bytes(&self) -> usize {
        ENVELOPE_BYTES + self.body.len()
    }

    /// Its id: what was signed, hashed.
    #[must_use]
    pub fn id(&self, network: Network) -> Digest {
        TRANSACTION.hash(network, &[&self.signed()])
    }

    /// The hash of all its bytes, as a leaf of a block's tree.
    #[must_use]
    pub fn leaf(&self, network: Network) -> Digest {
        TRANSACTION_LEAF.hash(network, &[&self.encode()])
    }

    /// The canonical bytes.
    ///
    /// # Panics
    /// Where the body is beyond its limit.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.signed();
        bytes.extend_from_slice(&self.signature.0);
        bytes
    }

    /// Reads them; neither the signature nor the body is looked at.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let transaction = Self::read(&mut input)?;
        input.end("the transaction")?;
        Ok(transaction)
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.version("a transaction's", TRANSACTION_VERSION)?;
        Ok(Self {
            kind: KindNumber(input.u16("the kind of a transaction")?),
            payer: PublicKey(input.array("the payer's key")?),
            number: input.u64("a transaction's number")?,
            fee_max: Amount::read(input, "the most a transaction may cost")?,
            body: input.bytes_u32("bytes of a body", BODY_BYTES_MAX)?.to_vec(),
            signature: Signature(input.array("a transaction's signature")?),
        })
    }

    fn signed(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(TRANSACTION_VERSION);
        out.u16(self.kind.0);
        out.bytes(&self.payer.0);
        out.u64(self.number);
        self.fee_max.write(&mut out);
        out.length_u32(self.body.len());
        out.bytes(&self.body);
        out.finish()
    }

    /// Checks who signed it.
    #[must_use]
    pub fn authenticate(self, network: Network) -> Option<Authentic> {
        let signed = self.signed();
        let holds = self.payer.signed_in(TRANSACTION, network, &signed, &self.signature);
        holds.then_some(Authentic(self))
    }
}

/// A transaction that its payer signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentic(Transaction);

impl Authentic {
    /// What was signed.
    #[must_use]
    pub fn get(&self) -> &Transaction {
        &self.0
    }
}
