//! The units part: the power-of-two unit of every weight row, made of the weights and compared with what is published.
//!
//! Never reads a file: a [`UnitsBuilder`] is handed the bytes of each tensor, in any order, by whoever reads them anyway.
//! Failure: [`UnitsError`] names the tensor.

use std::collections::HashMap;

use canon::{Refused, quant};
use program::{Checked, Location, Role, Tensor, TensorId};
use thiserror::Error;

/// Units of a program's tensors, in the order of its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    units: Vec<i16>,
    /// Where the units of each tensor end.
    ends: Vec<usize>,
}

/// Takes tensors, each once.
#[derive(Clone, Debug)]
pub struct UnitsBuilder<'a> {
    checked: &'a Checked,
    by_place: HashMap<(u16, u64), usize>,
    units: Units,
    given: Vec<bool>,
}

/// Why there are no units, or other ones.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnitsError {
    #[error("the units of {wanted} rows take {} bytes; the part has {found}", 2 * wanted)]
    Length { wanted: usize, found: usize },
    #[error("tensor {name}, row {row}, can't be used: {reason}")]
    Refused { name: String, row: u32, reason: Refused },
    #[error("tensor {name} is not of this program")]
    Foreign { name: String },
    #[error("tensor {name} was not read")]
    Absent { name: String },
    #[error(
        "tensor {name}, row {row}: the package says its unit is 2^{published}, but its weights make \
         it 2^{found}: do not use this package"
    )]
    Differs { name: String, row: u32, published: i16, found: i16 },
}

impl Units {
    /// Units of one tensor: one per row of a matrix, one of a gain, none of a bias.
    #[must_use]
    pub fn of(&self, tensor: TensorId) -> &[i16] {
        let start = tensor.index().checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.units[start..self.ends[tensor.index()]]
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
    }

    /// Reads the units of a program.
    ///
    /// # Errors
    /// [`UnitsError::Length`] where there are more or fewer than it has rows.
    pub fn decode(bytes: &[u8], checked: &Checked) -> Result<Self, UnitsError> {
        let ends = ends(checked);
        let wanted = ends.last().copied().unwrap_or_default();
        if bytes.len() != 2 * wanted {
            return Err(UnitsError::Length { wanted, found: bytes.len() });
        }
        let units = bytes.chunks_exact(2).map(|unit| i16::from_le_bytes([unit[0], unit[1]]));
        Ok(Self { units: units.collect(), ends })
    }

    /// Whether these, as published, are those that the weights make.
    ///
    /// # Errors
    /// [`UnitsError::Differs`] names the first row where they are not.
    pub fn hold(&self, made: &Self, checked: &Checked) -> Result<(), UnitsError> {
        for (id, tensor) in (0..).map(TensorId).zip(&checked.program().tensors) {
            let pairs = self.of(id).iter().zip(made.of(id));
            if let Some((row, (published, found))) = (0..).zip(pairs).find(|(_, (a, b))| a != b) {
                let (name, published, found) = (tensor.name.clone(), *published, *found);
                return Err(UnitsError::Differs { name, row, published, found });
            }
        }
        Ok(())
    }
}

impl<'a> UnitsBuilder<'a> {
    /// For the tensors of a program.
    #[must_use]
    pub fn new(checked: &'a Checked) -> Self {
        let tensors = &checked.program().tensors;
        let places = tensors.iter().map(|tensor| place(tensor.location));
        let ends = ends(checked);
        let units = vec![0; ends.last().copied().unwrap_or_default()];
        Self {
            checked,
            by_place: places.zip(0..).collect(),
            units: Units { units, ends },
            given: vec![false; tensors.len()],
        }
    }

    /// The bytes of one tensor of the program's table.
    ///
    /// # Errors
    /// [`UnitsError`] for weights that the arithmetic refuses, and for a tensor of another program.
    pub fn add(&mut self, tensor: &Tensor, bytes: &[u8]) -> Result<(), UnitsError> {
        let tensors = &self.checked.program().tensors;
        let index = self.by_place.get(&place(tensor.location)).copied();
        let index = index.filter(|index| tensors[*index] == *tensor);
        let index = index.ok_or_else(|| UnitsError::Foreign { name: tensor.name.clone() })?;
        let (start, end) = (self.units.ends[..index].last().copied(), self.units.ends[index]);
        let units = &mut self.units.units[start.unwrap_or_default()..end];
        let id = TensorId(u32::try_from(index).expect("a checked program has at most 2^15"));
        fill(self.checked.role(id), tensor, bytes, units).map_err(|(row, reason)| {
            UnitsError::Refused { name: tensor.name.clone(), row, reason }
        })?;
        self.given[index] = true;
        Ok(())
    }

    /// The units, if every tensor was given.
    ///
    /// # Errors
    /// [`UnitsError::Absent`] names one that was not.
    pub fn finish(self) -> Result<Units, UnitsError> {
        match self.given.iter().position(|given| !given) {
            None => Ok(self.units),
            Some(index) => {
                let name = self.checked.program().tensors[index].name.clone();
                Err(UnitsError::Absent { name })
            }
        }
    }
}

fn place(location: Location) -> (u16, u64) {
    (location.file, location.offset)
}

fn ends(checked: &Checked) -> Vec<usize> {
    let mut end = 0;
    let tensors = (0..).map(TensorId).zip(&checked.program().tensors);
    let after = tensors.map(|(id, tensor)| {
        end += match checked.role(id) {
            Role::Matrix => usize::try_from(tensor.rows).expect("at most 2^20"),
            Role::Gain => 1,
            Role::Bias => 0,
        };
        end
    });
    after.collect()
}

/// Fills in the units of a tensor, or says which row is refused.
fn fill(
    role: Role,
    tensor: &Tensor,
    bytes: &[u8],
    units: &mut [i16],
) -> Result<(), (u32, Refused)> {
    if u64::try_from(bytes.len()) != Ok(tensor.bytes()) {
        return Err((0, Refused::Length));
    }
    let narrow = |unit| i16::try_from(unit).expect("units are within -256..=256");
    match role {
        Role::Matrix => {
            let row_bytes = bytes.len() / units.len();
            for (row, (unit, bytes)) in
                (0..).zip(units.iter_mut().zip(bytes.chunks_exact(row_bytes)))
            {
                *unit = narrow(tensor.format.unit(bytes).map_err(|reason| (row, reason))?);
            }
        }
        Role::Gain => {
            let (unit, _) = quant::gain(tensor.format, bytes).map_err(|reason| (0, reason))?;
            units[0] = narrow(unit);
        }
        Role::Bias => {}
    }
    Ok(())
}
