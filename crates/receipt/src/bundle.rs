//! What binds a receipt to its worker's log, as a bundle carries it (`spec/receipt.md` section 8).
//!
//! Never carries what nobody checked: the checkpoint has the log's own signature and no other. It says that the
//! receipt is in the log, not that the log shows the same to everybody: an anchor does that.

use commit::{Digest, Network};
use serde::{Deserialize, Serialize};

use crate::json::{List, array_from_base64, base64};
use crate::log::{LOG_PATH_MAX, Log, LogLeaf, included};
use crate::note::Checkpoint;
use crate::refusal::{Malformed, Refusal, Refuted};
use crate::statement::Receipt;

/// Where a receipt's leaf stands, under a signed root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    checkpoint: Checkpoint,
    index: u64,
    proof: Vec<Digest>,
}

impl Inclusion {
    /// What binds a leaf of a log to a checkpoint of it; `None` where the leaf came later, or there is none.
    #[must_use]
    pub fn of(log: &Log, index: u64, checkpoint: Checkpoint) -> Option<Self> {
        let proof = log.inclusion(index, checkpoint.size())?;
        Some(Self { checkpoint: checkpoint.alone(), index, proof })
    }

    /// The checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The leaf's place.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// From its sibling to the root.
    #[must_use]
    pub fn proof(&self) -> &[Digest] {
        &self.proof
    }

    /// Checks that the receipt's leaf stands there, in its worker's log. No channel pays it yet: channel and amounts
    /// are zero.
    ///
    /// # Errors
    /// [`Refuted`] says what does not hold.
    pub fn holds(&self, receipt: &Receipt, network: Network) -> Result<(), Refuted> {
        let (key, index) = (receipt.worker, self.index);
        if self.checkpoint.log() != key {
            return Err(Refuted::Origin { key });
        }
        let leaf = LogLeaf::offline(receipt.id(network)).hash();
        let (size, root) = (self.checkpoint.size(), self.checkpoint.root());
        if !included(&leaf, index, &self.proof, size, root) {
            return Err(Refuted::Inclusion { index });
        }
        Ok(())
    }

    pub(crate) fn json(&self) -> InclusionJson {
        InclusionJson {
            checkpoint: self.checkpoint.note().encode(),
            index: self.index,
            proof: List(self.proof.iter().map(|hash| base64(hash)).collect()),
        }
    }

    /// Reads it and checks it against the receipt.
    pub(crate) fn from_object(
        json: &InclusionJson,
        receipt: &Receipt,
        network: Network,
    ) -> Result<Self, Refusal> {
        let checkpoint = Checkpoint::parse(&json.checkpoint, &receipt.worker)?;
        let found = checkpoint.note().signatures().len();
        if found != 1 {
            return Err(Malformed::Cosigned { found }.into());
        }
        let hashes = json.proof.0.iter().map(|hash| array_from_base64("a hash of the proof", hash));
        let proof = hashes.collect::<Result<_, Malformed>>()?;
        let inclusion = Self { checkpoint, index: json.index, proof };
        inclusion.holds(receipt, network)?;
        Ok(inclusion)
    }
}

/// The member `log` of a bundle.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InclusionJson {
    checkpoint: String,
    index: u64,
    proof: List<String, LOG_PATH_MAX>,
}
