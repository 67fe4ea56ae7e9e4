//! Kind 60, equivocation: a node signed two tokens for one place. The evidence is whole: nobody need be asked.

use chain::Epoch;
use chain::records::NodeId;
use commit::{Reader, WireError, Writer};
use receipt::{Equivocation, JobLeaf};

use crate::context::{Author, Context};
use crate::contradictions::{Contradiction, Matters};
use crate::dates::{read_leaf, write_leaf};
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Bytes of evidence: two heads, two tokens with sixteen hashes each.
const EVIDENCE_BYTES_MAX: usize = 1 << 12;
/// Work of four signatures and roots.
pub(super) const WORK: u64 = 300;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowEquivocation {
    /// Whose.
    pub node: NodeId,
    /// In which epoch the job is dated.
    pub epoch: Epoch,
    /// Leaf 0 of the job, with its date.
    pub terms: JobLeaf,
    /// The two tokens.
    pub evidence: Equivocation,
}

impl ShowEquivocation {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.u64(self.epoch.0);
        write_leaf(&self.terms, out);
        let evidence = self.evidence.encode();
        out.length_u16(evidence.len());
        out.bytes(&evidence);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let node = NodeId::read(input)?;
        let epoch = Epoch(input.u64("the epoch of a date")?);
        let terms = read_leaf(input)?;
        let evidence = input.bytes_u16("bytes of evidence", EVIDENCE_BYTES_MAX)?;
        Ok(Self { node, epoch, terms, evidence: Equivocation::decode(evidence)? })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        self.contradiction().touches(author.network)
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let contradiction = self.contradiction();
        let found = contradiction.find(context, view)?;
        require(self.evidence.holds(context.network), Rejection::NoEquivocation)?;
        contradiction.lost(context, author, found, view)
    }

    fn contradiction(&self) -> Contradiction<'_> {
        let head = &self.evidence.one.0;
        Contradiction {
            node: self.node,
            worker: head.worker,
            other: head.worker,
            job: head.head.job,
            choice: head.head.choice,
            matter: Matters::Tokens,
            terms: &self.terms,
            epoch: self.epoch,
        }
    }
}
