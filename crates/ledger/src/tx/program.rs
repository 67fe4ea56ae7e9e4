//! Kind 10, program: a model's program is kept under its hash, for packages to name and referees to run.

use chain::records::{PROGRAM_BYTES_MAX, ProgramBytes, ProgramSlot, Slot};
use commit::{Reader, WireError, Writer};
use program::Checked;

use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Ops of a program in the ledger, over all layers: every validator checks them.
pub const PROGRAM_OPS_MAX: usize = 1 << 14;
/// Work of any program: so many ops checked.
const WORK: u64 = 3_000;
/// Bytes that are read and checked in a unit of work.
const BYTES_OF_WORK: u64 = 16;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishProgram {
    /// The program's bytes.
    pub program: Vec<u8>,
}

impl PublishProgram {
    pub(super) fn write(&self, out: &mut Writer) {
        out.length_u32(self.program.len());
        out.bytes(&self.program);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let program = input.bytes_u32("bytes of a program", PROGRAM_BYTES_MAX)?.to_vec();
        Ok(Self { program })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![self.slot().key()]
    }

    pub(super) fn work(&self) -> u64 {
        WORK + u64::try_from(self.program.len()).unwrap_or(u64::MAX) / BYTES_OF_WORK
    }

    pub(super) fn execute(&self, view: &mut View) -> Result<(), Stop> {
        require(view.get(&self.slot())?.is_none(), Rejection::ProgramThere)?;
        let checked = Checked::decode_within(&self.program, PROGRAM_OPS_MAX);
        require(checked.is_ok(), Rejection::ProgramForm)?;
        view.put(&self.slot(), &ProgramBytes(self.program.clone()))
    }

    fn slot(&self) -> ProgramSlot {
        ProgramSlot(blake3::hash(&self.program).into())
    }
}
