//! A chunk of a model's file that somebody asks a worker for, who signed a receipt about the model.
//!
//! Never the chunk: an answer shows it and is in a block. It goes when it was shown, or the worker was silent for good.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::PublicKey;

use super::{Asked, Part, Record, Slot, Tag};
use crate::domains::PART;

/// Which chunk of which worker. One asks for it at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WithheldSlot(pub Digest);

/// A chunk that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// The file.
    pub file: Part,
    /// Which of its chunks.
    pub chunk: u64,
    /// Who asks whom.
    pub asked: Asked,
}

impl WithheldSlot {
    /// Of a chunk of a model, asked of who signed a receipt about it.
    #[must_use]
    pub fn of(
        network: Network,
        worker: PublicKey,
        model: &Digest,
        (file, chunk): (u16, u64),
    ) -> Self {
        let pieces: [&[u8]; 4] = [&worker.0, model, &file.to_le_bytes(), &chunk.to_le_bytes()];
        Self(PART.hash(network, &pieces))
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array("the id of what is withheld").map(Self)
    }
}

impl Slot for WithheldSlot {
    type Record = Withheld;

    fn key(&self) -> Vec<u8> {
        Tag::Withheld.key(&[&self.0])
    }
}

impl Record for Withheld {
    fn write(&self, out: &mut Writer) {
        self.file.write(out);
        out.u64(self.chunk);
        self.asked.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            file: Part::read(input)?,
            chunk: input.u64("a chunk")?,
            asked: Asked::read(input)?,
        })
    }
}
