//! A model's program, under its own hash: once, however many packages have it.

use commit::{Digest, Reader, WireError, Writer};

use super::{Record, Slot, Tag};

/// Bytes of a program in the ledger.
pub const PROGRAM_BYTES_MAX: usize = 1 << 17;

/// Which program: the BLAKE3 hash of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgramSlot(pub Digest);

/// A program's bytes; the ledger has checked them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramBytes(pub Vec<u8>);

impl Slot for ProgramSlot {
    type Record = ProgramBytes;

    fn key(&self) -> Vec<u8> {
        Tag::Program.key(&[&self.0])
    }
}

impl Record for ProgramBytes {
    fn write(&self, out: &mut Writer) {
        out.length_u32(self.0.len());
        out.bytes(&self.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self(input.bytes_u32("bytes of a program", PROGRAM_BYTES_MAX)?.to_vec()))
    }
}
