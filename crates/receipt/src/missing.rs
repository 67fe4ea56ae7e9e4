//! The challenge of a receipt that its worker's log does not show, and the answer (`spec/receipt.md` section 9).
//!
//! Never says that a receipt is absent: nobody can prove that. It says that somebody holds a receipt its worker signed
//! and asks where it stands under a root the worker signed, too. Whether the receipt was due there, and what silence
//! costs, is the ledger's to say. Failure: a [`Refusal`] for bytes that are no such challenge.

use commit::{Digest, Network, Reader, WireError, Writer};

use crate::envelope::{Envelope, PayloadKind};
use crate::keys::Signature;
use crate::limits::RECEIPT_BYTES_MAX;
use crate::log::{LOG_PATH_MAX, LogLeaf, included};
use crate::note::Checkpoint;
use crate::refusal::{Malformed, Refusal, Refuted};
use crate::statement::Receipt;

const CHALLENGE_VERSION: u16 = 1;
const ANSWER_VERSION: u16 = 1;
/// Bytes of a challenge's checkpoint: the log's own signature and no other.
const CHECKPOINT_BYTES_MAX: usize = 4096;

/// A receipt, and a checkpoint of its worker's log that should hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingChallenge {
    network: Network,
    receipt: Receipt,
    signature: Signature,
    checkpoint: Checkpoint,
}

/// Where the receipt stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingAnswer {
    /// Its leaf.
    pub leaf: LogLeaf,
    /// The leaf's index.
    pub index: u64,
    /// From its sibling to the root.
    pub proof: Vec<Digest>,
}

impl MissingChallenge {
    /// Asks for the receipt of an envelope under a checkpoint.
    ///
    /// # Errors
    /// [`Refusal`] where the two are not one worker's, or a signature does not hold.
    pub fn new(
        envelope: &Envelope,
        checkpoint: Checkpoint,
        network: Network,
    ) -> Result<Self, Refusal> {
        let receipt = envelope.open(network)?;
        if checkpoint.log() != receipt.worker {
            return Err(Refuted::Origin { key: receipt.worker }.into());
        }
        let checkpoint = checkpoint.alone();
        let (what, found) = ("a challenge's checkpoint", checkpoint.note().encode().len());
        if found > CHECKPOINT_BYTES_MAX {
            return Err(Malformed::Size { what, found, max: CHECKPOINT_BYTES_MAX }.into());
        }
        Ok(Self { network, receipt, signature: envelope.signature(), checkpoint })
    }

    /// The receipt that is asked for.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Where it should stand.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Whether this shows the receipt there.
    #[must_use]
    pub fn is_answered_by(&self, answer: &MissingAnswer) -> bool {
        let id = self.receipt.id(self.network);
        let free = self.network != Network::OFFLINE || answer.leaf == LogLeaf::offline(id);
        let leaf = answer.leaf.hash();
        let (size, root) = (self.checkpoint.size(), self.checkpoint.root());
        answer.leaf.receipt == id
            && free
            && included(&leaf, answer.index, &answer.proof, size, root)
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (receipt, checkpoint) = (self.receipt.encode(), self.checkpoint.note().encode());
        let mut out = Writer::new();
        out.u16(CHALLENGE_VERSION);
        out.length_u16(receipt.len());
        out.bytes(&receipt);
        out.bytes(&self.signature.0);
        out.length_u16(checkpoint.len());
        out.bytes(checkpoint.as_bytes());
        out.finish()
    }

    /// Reads them and checks every signature.
    ///
    /// # Errors
    /// [`Refusal`] for any other bytes, or what is false in them.
    pub fn decode(bytes: &[u8], network: Network) -> Result<Self, Refusal> {
        let (receipt, signature, checkpoint) =
            read_challenge(bytes).map_err(Malformed::bytes("the challenge"))?;
        let decoded = Receipt::decode(receipt).map_err(Malformed::bytes("the receipt"))?;
        let worker = decoded.worker;
        let kind = PayloadKind::Receipt;
        let envelope = Envelope::from_parts(kind, receipt, worker, signature, network);
        let checkpoint = Checkpoint::parse(checkpoint, &worker)?;
        let found = checkpoint.note().signatures().len();
        if found != 1 {
            return Err(Malformed::Cosigned { found }.into());
        }
        Self::new(&envelope, checkpoint, network)
    }
}

fn read_challenge(bytes: &[u8]) -> Result<(&[u8], Signature, &str), WireError> {
    let mut input = Reader::new(bytes);
    input.version("a challenge's", CHALLENGE_VERSION)?;
    let receipt = input.bytes_u16("bytes of a receipt", RECEIPT_BYTES_MAX)?;
    let signature = Signature(input.array("the signature")?);
    let checkpoint = input.bytes_u16("bytes of a checkpoint", CHECKPOINT_BYTES_MAX)?;
    input.end("the challenge")?;
    let (what, reason) = ("a checkpoint", "it is not UTF-8");
    let checkpoint = core::str::from_utf8(checkpoint);
    let checkpoint = checkpoint.map_err(|_| WireError::Value { what, reason })?;
    Ok((receipt, signature, checkpoint))
}

impl MissingAnswer {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(ANSWER_VERSION);
        out.bytes(&self.leaf.encode());
        out.u64(self.index);
        out.length_u8(self.proof.len());
        self.proof.iter().for_each(|hash| out.bytes(hash));
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        input.version("an answer's", ANSWER_VERSION)?;
        let answer = Self {
            leaf: LogLeaf::read(&mut input)?,
            index: input.u64("a leaf's index")?,
            proof: input
                .list_u8("levels of a path", LOG_PATH_MAX, |input| input.array("a hash"))?,
        };
        input.end("the answer")?;
        Ok(answer)
    }
}
