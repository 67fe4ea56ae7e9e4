//! A program's tensors in the form the kernels read.
//!
//! Loading proves each row's bounds (`spec/arithmetic.md` section 2) and refuses weights that break
//! them. The packed form can be written to a cache and restored; a cache is trusted only after its
//! keeper has checked its hash.

use canon::{Format, PackedMatrix, Refused, Slab, quant};
use program::{Checked, Role, Tensor, TensorId};
use thiserror::Error;

/// Version of the packed layout; part of a cache's key.
pub const LAYOUT_VERSION: u32 = 1;
/// Longest header of one tensor in a cache.
const HEADER_MAX: u64 = 1 << 28;

/// A tensor ready for use.
pub(crate) enum Loaded {
    Matrix(PackedMatrix),
    /// A norm's gain: unit exponent and entries.
    Gain(i32, Vec<i32>),
    /// A bias as the file has it: its fixed form depends on the op that adds it.
    Bias(Format, Vec<u8>),
}

/// All tensors of a program, by [`TensorId`].
pub struct Weights {
    pub(crate) tensors: Vec<Loaded>,
}

/// Why weights can't be loaded.
#[derive(Debug, Error)]
pub enum LoadError<E> {
    /// The file's bytes could not be read.
    #[error("tensor {name}: {error}")]
    Read {
        /// Which tensor.
        name: String,
        /// What the reader said.
        error: E,
    },
    /// The weights break a rule of the arithmetic.
    #[error("tensor {name} can't be used: {refused}")]
    Refused {
        /// Which tensor.
        name: String,
        /// Which rule.
        refused: Refused,
    },
}

/// Why a cache can't be restored.
#[derive(Debug, Error)]
pub enum RestoreError<E> {
    /// The cache could not be read.
    #[error("{0}")]
    Read(E),
    /// It does not hold this program's tensors.
    #[error("the cached weights are not those of this program ({0})")]
    Mismatch(&'static str),
}

impl Weights {
    /// Reads and packs every tensor; `read` gives the bytes of one.
    ///
    /// # Errors
    /// [`LoadError`] names the tensor.
    pub fn load<E>(
        checked: &Checked,
        mut read: impl FnMut(&Tensor) -> Result<Vec<u8>, E>,
    ) -> Result<Self, LoadError<E>> {
        let (mut tensors, mut slab) = (Vec::new(), Slab::default());
        for (id, tensor) in ids(checked) {
            let name = || tensor.name.clone();
            let bytes = read(tensor).map_err(|error| LoadError::Read { name: name(), error })?;
            let loaded = load_one(checked.role(id), tensor, bytes, &mut slab);
            tensors.push(loaded.map_err(|refused| LoadError::Refused { name: name(), refused })?);
        }
        Ok(Self { tensors })
    }

    /// Writes the packed form, piece by piece.
    ///
    /// # Errors
    /// What `write` says.
    pub fn save<E>(&self, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        for tensor in &self.tensors {
            let (header, bodies): (Vec<u8>, Vec<&[u8]>) = match tensor {
                Loaded::Matrix(matrix) => (matrix.header(), matrix.body().to_vec()),
                Loaded::Gain(unit, entries) => {
                    let numbers = core::iter::once(unit).chain(entries);
                    (numbers.flat_map(|n| n.to_le_bytes()).collect(), Vec::new())
                }
                Loaded::Bias(_, bytes) => (bytes.clone(), Vec::new()),
            };
            write(&u64::try_from(header.len()).expect("a length fits 64 bits").to_le_bytes())?;
            write(&header)?;
            for body in bodies {
                write(body)?;
            }
        }
        Ok(())
    }

    /// Reads the packed form of this program's tensors back; `read` fills the buffer it is given.
    ///
    /// # Errors
    /// [`RestoreError`] where the cache is not one of this program.
    pub fn restore<E>(
        checked: &Checked,
        mut read: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, RestoreError<E>> {
        let (mut tensors, mut slab) = (Vec::new(), Slab::default());
        for (id, tensor) in ids(checked) {
            let mut length = [0; 8];
            read(&mut length).map_err(RestoreError::Read)?;
            let length = u64::from_le_bytes(length);
            if length > HEADER_MAX {
                return Err(RestoreError::Mismatch("a header is too long"));
            }
            let mut header = vec![0; usize::try_from(length).expect("below 2^28")];
            read(&mut header).map_err(RestoreError::Read)?;
            tensors.push(restore_one(checked.role(id), tensor, &header, &mut slab, &mut read)?);
        }
        Ok(Self { tensors })
    }

    /// Bytes of memory the weights take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let bytes = |tensor: &Loaded| match tensor {
            Loaded::Matrix(matrix) => matrix.bytes(),
            Loaded::Gain(_, entries) => 4 * entries.len(),
            Loaded::Bias(_, bytes) => bytes.len(),
        };
        self.tensors.iter().map(bytes).sum()
    }

    pub(crate) fn matrix(&self, id: TensorId) -> &PackedMatrix {
        match &self.tensors[id.index()] {
            Loaded::Matrix(matrix) => matrix,
            Loaded::Gain(..) | Loaded::Bias(..) => unreachable!("a checked program's roles"),
        }
    }

    pub(crate) fn gain(&self, id: TensorId) -> (i32, &[i32]) {
        match &self.tensors[id.index()] {
            Loaded::Gain(unit, entries) => (*unit, entries),
            Loaded::Matrix(_) | Loaded::Bias(..) => unreachable!("a checked program's roles"),
        }
    }

    pub(crate) fn bias(&self, id: TensorId, frac: u8) -> Result<Vec<i32>, Refused> {
        match &self.tensors[id.index()] {
            Loaded::Bias(format, bytes) => quant::bias(*format, bytes, frac),
            Loaded::Matrix(_) | Loaded::Gain(..) => unreachable!("a checked program's roles"),
        }
    }
}

fn ids(checked: &Checked) -> impl Iterator<Item = (TensorId, &Tensor)> {
    (0_u32..).map(TensorId).zip(&checked.program().tensors)
}

fn shape(tensor: &Tensor) -> (usize, usize) {
    let wide = |n: u32| usize::try_from(n).expect("usize has at least 32 bits");
    (wide(tensor.rows), wide(tensor.columns))
}

fn load_one(
    role: Role,
    tensor: &Tensor,
    bytes: Vec<u8>,
    slab: &mut Slab,
) -> Result<Loaded, Refused> {
    let (rows, inputs) = shape(tensor);
    match role {
        Role::Matrix => {
            Ok(Loaded::Matrix(PackedMatrix::pack(tensor.format, rows, inputs, &bytes, slab)?))
        }
        Role::Gain => {
            let (unit, entries) = quant::gain(tensor.format, &bytes)?;
            if entries.len() == inputs {
                Ok(Loaded::Gain(unit, entries))
            } else {
                Err(Refused::Length)
            }
        }
        Role::Bias if bytes.len() == byte_count(tensor) => Ok(Loaded::Bias(tensor.format, bytes)),
        Role::Bias => Err(Refused::Length),
    }
}

fn byte_count(tensor: &Tensor) -> usize {
    usize::try_from(tensor.bytes()).unwrap_or(usize::MAX)
}

fn restore_one<E>(
    role: Role,
    tensor: &Tensor,
    header: &[u8],
    slab: &mut Slab,
    read: &mut impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<Loaded, RestoreError<E>> {
    match role {
        Role::Matrix => {
            let (rows, inputs) = shape(tensor);
            let matrix = PackedMatrix::from_header(tensor.format, rows, inputs, header, slab);
            let mut matrix = matrix.ok_or(RestoreError::Mismatch("a matrix's header"))?;
            for body in matrix.body_mut() {
                read(body).map_err(RestoreError::Read)?;
            }
            Ok(Loaded::Matrix(matrix))
        }
        Role::Gain => {
            let mut numbers =
                header.chunks_exact(4).map(|n| i32::from_le_bytes([n[0], n[1], n[2], n[3]]));
            let unit = numbers.next().filter(|unit| (-256..=256).contains(unit));
            let unit = unit.ok_or(RestoreError::Mismatch("a gain's unit"))?;
            let entries: Vec<i32> = numbers.collect();
            let small = entries.iter().all(|entry| entry.unsigned_abs() < 1 << 24);
            if entries.len() != shape(tensor).1 || !small {
                return Err(RestoreError::Mismatch("a gain's entries"));
            }
            Ok(Loaded::Gain(unit, entries))
        }
        Role::Bias if header.len() == byte_count(tensor) => {
            Ok(Loaded::Bias(tensor.format, header.to_vec()))
        }
        Role::Bias => Err(RestoreError::Mismatch("a bias's length")),
    }
}
