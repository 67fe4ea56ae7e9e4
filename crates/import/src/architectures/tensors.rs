//! The tensors of a model's files as a program's table of them.
//!
//! Never takes one of another shape than the metadata says, and never leaves one unread: what nothing reads may change
//! the arithmetic. A part of a matrix is a tensor of the table as well, so fused matrices need no op of their own.

use std::collections::BTreeSet;

use canon::Format;
use program::{Location, Tensor, TensorId};

use super::ImportError;
use super::decoder::Variant;
use crate::gguf::Gguf;
use crate::huggingface::Named;

/// Where tensors are looked for, by the names that GGUF gives them.
#[derive(Clone, Copy)]
pub(crate) enum Source<'s, 'a> {
    /// A GGUF header.
    Gguf(&'s Gguf<'a>),
    /// The safetensors files of a Hugging Face folder.
    Safetensors(&'s Named<'s>),
}

/// A tensor that was found.
struct Found<'s> {
    /// What its file calls it.
    name: &'s str,
    /// The fastest-varying size first.
    sizes: Vec<u64>,
    format: Format,
    /// Which of the source's files.
    file: u16,
    offset: u64,
}

/// Takes tensors out of the files in order, and knows which were taken.
pub(crate) struct Tensors<'s, 'a> {
    source: Source<'s, 'a>,
    pub(super) list: Vec<Tensor>,
    /// By the names that their files give them.
    pub(super) used: BTreeSet<String>,
    /// The source's files, in the order in which the table first points into them.
    pub(crate) files: Vec<u16>,
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

impl<'s, 'a> Source<'s, 'a> {
    fn required<E>(self, name: &str) -> Result<Found<'s>, ImportError<E>> {
        match self {
            Self::Gguf(gguf) => {
                let info = gguf.required_tensor(name)?;
                let (sizes, format) = (info.shape().sizes().to_vec(), info.format()?);
                Ok(Found { name: info.name(), sizes, format, file: 0, offset: info.offset() })
            }
            Self::Safetensors(named) => {
                let (file, info) = named.required(name)?;
                let sizes = info.shape().iter().rev().copied().collect();
                let format = info.format()?;
                Ok(Found { name: info.name(), sizes, format, file, offset: info.offset() })
            }
        }
    }
}

impl<'s, 'a> Tensors<'s, 'a> {
    pub(crate) fn new(source: Source<'s, 'a>) -> Self {
        Self { source, list: Vec::new(), used: BTreeSet::new(), files: Vec::new() }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match self.source {
            Source::Gguf(gguf) => gguf.tensor(name).is_some(),
            Source::Safetensors(named) => named.has(name),
        }
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

    /// The matrices of all experts, one below the other.
    pub(super) fn experts<E>(
        &mut self,
        name: &str,
        count: u32,
        rows: u32,
        columns: u32,
    ) -> Result<TensorId, ImportError<E>> {
        let wanted = [columns, rows, count].map(u64::from);
        // At most 256 of at most 2^17 rows.
        let tensor = self.whole(name, count * rows, columns, &wanted)?;
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

    /// What a norm multiplies by.
    pub(super) fn gain<E>(
        &mut self,
        name: &str,
        columns: u32,
        variant: &Variant,
    ) -> Result<TensorId, ImportError<E>> {
        let mut tensor = self.whole(name, 1, columns, &[u64::from(columns)])?;
        if variant.gains_less_one {
            let Some(format) = tensor.format.less_one() else {
                let (what, why) = (format!("tensor {name}"), "a gain has plain numbers");
                return Err(ImportError::Unsupported { what, why });
            };
            tensor.format = format;
        }
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
        tensor.name = format!("{}[{first}..{}]", tensor.name, first + rows);
        Ok(self.push(tensor))
    }

    fn whole<E>(
        &mut self,
        name: &str,
        rows: u32,
        columns: u32,
        wanted: &[u64],
    ) -> Result<Tensor, ImportError<E>> {
        let found = self.source.required(name)?;
        let ones = found.sizes.iter().skip(wanted.len()).all(|size| *size == 1);
        if !found.sizes.starts_with(wanted) || !ones {
            let (sizes, wanted) = (format!("{:?}", found.sizes), format!("{wanted:?}"));
            return Err(ImportError::Shape { name: found.name.into(), found: sizes, wanted });
        }
        let location = Location { file: self.file(found.file), offset: found.offset };
        self.used.insert(found.name.into());
        Ok(Tensor { name: found.name.into(), format: found.format, rows, columns, location })
    }

    /// The number that the program has for a file of the source.
    fn file(&mut self, file: u16) -> u16 {
        let index = self.files.iter().position(|known| *known == file).unwrap_or_else(|| {
            self.files.push(file);
            self.files.len() - 1
        });
        u16::try_from(index).expect("no more files than the source numbers")
    }

    fn push(&mut self, tensor: Tensor) -> TensorId {
        self.list.push(tensor);
        // A matrix has three parts at most.
        TensorId(u32::try_from(self.list.len() - 1).expect("the reader limits tensors"))
    }

    pub(super) fn refuse_unread<E>(&self) -> Result<(), ImportError<E>> {
        let unread = |name: &&str| !self.used.contains(*name);
        let found = match self.source {
            Source::Gguf(gguf) => gguf.tensors().iter().map(|tensor| tensor.name()).find(unread),
            Source::Safetensors(named) => named.names().find(unread),
        };
        match found {
            Some(name) => Err(ImportError::Unsupported {
                what: format!("tensor {}", name.escape_default()),
                why: "nothing of the architecture as it is known here reads it",
            }),
            None => Ok(()),
        }
    }
}
