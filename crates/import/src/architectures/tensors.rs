//! The tensors of a file as a program's table of them.
//!
//! Never takes one of another shape than the metadata says, and never leaves one unread: what nothing reads may change
//! the arithmetic. A part of a matrix is a tensor of the table as well, so fused matrices need no op of their own.

use std::collections::BTreeSet;

use program::{Location, Tensor, TensorId};

use super::ImportError;
use crate::gguf::{Gguf, TensorInfo};

/// Takes tensors out of the file in order, and knows which were taken.
pub(super) struct Tensors<'g, 'a> {
    pub(super) gguf: &'g Gguf<'a>,
    pub(super) list: Vec<Tensor>,
    pub(super) used: BTreeSet<String>,
}

/// Rows of a fused matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The first one.
    pub(super) first: u32,
    /// How many.
    pub(super) rows: u32,
    /// How many the whole matrix has.
    pub(super) of: u32,
}

impl<'a> Tensors<'_, 'a> {
    pub(super) fn optional(&self, name: &str) -> Option<&TensorInfo<'a>> {
        self.gguf.tensor(name)
    }

    pub(super) fn matrix<E>(
        &mut self,
        name: &str,
        rows: u32,
        columns: u32,
    ) -> Result<TensorId, ImportError<E>> {
        let tensor = self.whole(name, rows, columns, &[u64::from(columns), u64::from(rows)])?;
        Ok(self.push(tensor))
    }

    pub(super) fn vector<E>(
        &mut self,
        name: &str,
        columns: u32,
    ) -> Result<TensorId, ImportError<E>> {
        let tensor = self.whole(name, 1, columns, &[u64::from(columns)])?;
        Ok(self.push(tensor))
    }

    /// Some rows of a matrix, as a tensor named for them.
    pub(super) fn part<E>(
        &mut self,
        name: &str,
        part: Part,
        columns: u32,
    ) -> Result<TensorId, ImportError<E>> {
        let Part { first, rows, of } = part;
        let mut tensor = self.whole(name, of, columns, &[u64::from(columns), u64::from(of)])?;
        // Inside the file: the whole matrix is.
        tensor.location.offset += u64::from(first) * tensor.row_bytes();
        tensor.rows = rows;
        tensor.name = format!("{name}[{first}..{}]", first + rows);
        Ok(self.push(tensor))
    }

    fn whole<E>(
        &mut self,
        name: &str,
        rows: u32,
        columns: u32,
        wanted: &[u64],
    ) -> Result<Tensor, ImportError<E>> {
        let info = self.gguf.required_tensor(name)?;
        let ones = info.shape().sizes().iter().skip(wanted.len()).all(|size| *size == 1);
        if !info.shape().sizes().starts_with(wanted) || !ones {
            let (found, wanted) = (format!("{:?}", info.shape()), format!("{wanted:?}"));
            return Err(ImportError::Shape { name: name.into(), found, wanted });
        }
        let location = Location { file: 0, offset: info.offset() };
        let format = info.format()?;
        self.used.insert(name.into());
        Ok(Tensor { name: name.into(), format, rows, columns, location })
    }

    fn push(&mut self, tensor: Tensor) -> TensorId {
        self.list.push(tensor);
        // A matrix has three parts at most.
        TensorId(u32::try_from(self.list.len() - 1).expect("the reader limits tensors"))
    }

    pub(super) fn refuse_unread<E>(&self) -> Result<(), ImportError<E>> {
        match self.gguf.tensors().iter().find(|tensor| !self.used.contains(tensor.name())) {
            Some(tensor) => Err(ImportError::Unsupported {
                what: format!("tensor {}", tensor.name()),
                why: "nothing of the architecture as it is known here reads it",
            }),
            None => Ok(()),
        }
    }
}
