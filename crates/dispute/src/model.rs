//! What a referee holds of a model: its program, and the hashes of the parts that tiles read.
//!
//! Never holds a weight. Failure: [`ModelError`] names the part that is not the program's.

use commit::Digest;
use core::ops::Range;
use program::Checked;
use program::structure::TensorId;
use program::types::Role;
use thiserror::Error;

use crate::slice::Part;

/// What a referee holds of a model: its program, and the hashes of the parts that tiles read.
#[derive(Clone, Debug)]
pub struct Model<'a> {
    pub(crate) checked: &'a Checked,
    pub(crate) id: Digest,
    pub(crate) files: Vec<Part>,
    pub(crate) units: Part,
}

/// Why parts are not those of a program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModelError {
    /// A tensor that is not in the files.
    #[error("tensor {name:?} lies behind the end of its file")]
    Tensor {
        /// Its name.
        name: String,
    },
    /// Units of another program.
    #[error("the units have {found} bytes; this program's have {wanted}")]
    Units {
        /// The part's.
        found: u64,
        /// What they should have.
        wanted: u64,
    },
}

impl<'a> Model<'a> {
    /// The model of an id, whose manifest names these parts: the caller has checked that it does.
    ///
    /// # Errors
    /// [`ModelError`] where no tile could be proved against them.
    pub fn new(
        checked: &'a Checked,
        id: Digest,
        files: Vec<Part>,
        units: Part,
    ) -> Result<Self, ModelError> {
        for tensor in &checked.program().tensors {
            let end = tensor.location.offset.checked_add(tensor.bytes());
            let file = files.get(usize::from(tensor.location.file));
            if end.zip(file).is_none_or(|(end, file)| end > file.bytes) {
                return Err(ModelError::Tensor { name: tensor.name.clone() });
            }
        }
        let wanted = units_bytes(checked);
        if units.bytes != wanted {
            return Err(ModelError::Units { found: units.bytes, wanted });
        }
        Ok(Self { checked, id, files, units })
    }

    /// Its program.
    #[must_use]
    pub fn checked(&self) -> &'a Checked {
        self.checked
    }
}

/// Where some units of a tensor lie in the units part.
pub(crate) fn units_range(checked: &Checked, tensor: TensorId, rows: &Range<u32>) -> Range<u64> {
    let before: u64 = (0..tensor.0).map(|before| units_of(checked, TensorId(before))).sum();
    2 * (before + u64::from(rows.start))..2 * (before + u64::from(rows.end))
}

/// Bytes of the units part.
pub(crate) fn units_bytes(checked: &Checked) -> u64 {
    let tensors = u32::try_from(checked.program().tensors.len()).expect("a checked program");
    2 * (0..tensors).map(|tensor| units_of(checked, TensorId(tensor))).sum::<u64>()
}

/// Units of a tensor.
fn units_of(checked: &Checked, tensor: TensorId) -> u64 {
    match checked.role(tensor) {
        Role::Matrix => checked.program().tensors[tensor.index()].rows.into(),
        Role::Gain => 1,
        Role::Bias => 0,
    }
}
