//! Kind 65, part_answer: the chunk is shown under the hash of its file. Anybody who has it may show it.

use chain::records::{Slot, Withheld, WithheldSlot};
use commit::{Reader, WireError, Writer};
use dispute::Slice;

use super::part_open::CHUNK_BYTES;
use crate::asked::AskedOf;
use crate::context::{Author, Context};
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Bytes of a chunk.
const CHUNK_BYTES_MAX: usize = 1_024;
/// Hashes beside a chunk: a file has 2^54 chunks at most.
const HASHES_MAX: usize = 54;
/// Work of as many hashes.
pub(super) const WORK: u64 = 30;

/// What is asked. All but the slice repeats what the records say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerPart {
    /// What is withheld.
    pub part: WithheldSlot,
    /// Who is asked by whom.
    pub of: AskedOf,
    /// The chunk, and what leads from it to the file's hash.
    pub slice: Slice,
}

impl AnswerPart {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.part.0);
        self.of.write(out);
        out.length_u16(self.slice.chunks.len());
        out.bytes(&self.slice.chunks);
        out.length_u8(self.slice.beside.len());
        self.slice.beside.iter().for_each(|hash| out.bytes(hash));
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (part, of) = (WithheldSlot::read(input)?, AskedOf::read(input)?);
        let chunks = input.bytes_u16("bytes of a chunk", CHUNK_BYTES_MAX)?.to_vec();
        let hash = |input: &mut Reader<'_>| input.array("a hash");
        let beside = input.list_u8("hashes beside a chunk", HASHES_MAX, hash)?;
        Ok(Self { part, of, slice: Slice { chunks, beside } })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        let mut keys = self.of.touches();
        keys.push(self.part.key());
        keys
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let withheld = view.get(&self.part)?.ok_or(Rejection::NoPart)?;
        let node = self.of.check(context, view, &withheld.asked)?;
        require(self.shows(&withheld), Rejection::ChunkOther)?;
        self.of.shown((context, author), view, node, withheld.asked)?;
        view.remove(&self.part)
    }

    /// Whether the slice is the chunk, whole.
    fn shows(&self, withheld: &Withheld) -> bool {
        let start = withheld.chunk.saturating_mul(CHUNK_BYTES);
        let end = start.saturating_add(CHUNK_BYTES).min(withheld.file.bytes);
        let file = dispute::Part { hash: withheld.file.hash, bytes: withheld.file.bytes };
        file.open(core::slice::from_ref(&(start..end)), &self.slice).is_some()
    }
}
