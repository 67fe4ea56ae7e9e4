//! The parameters' values by number. What each means, and its bounds, the ledger knows.

use commit::{Reader, WireError, Writer};
use std::collections::BTreeMap;

use super::{Record, Slot, Tag};

/// Parameters there may be.
pub const PARAMETERS_MAX: usize = 256;

/// Where the parameters stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParametersSlot;

/// Which parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParameterNumber(pub u16);

/// Values that are not the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterValues(pub BTreeMap<ParameterNumber, u128>);

impl Slot for ParametersSlot {
    type Record = ParameterValues;

    fn key(&self) -> Vec<u8> {
        Tag::Parameters.key(&[])
    }
}

impl Record for ParameterValues {
    fn write(&self, out: &mut Writer) {
        out.length_u16(self.0.len());
        for (number, value) in &self.0 {
            out.u16(number.0);
            out.u128(*value);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "parameters";
        let rows = input.list_u16(what, PARAMETERS_MAX, |input| {
            Ok((ParameterNumber(input.u16("a parameter")?), input.u128("its value")?))
        })?;
        if !rows.is_sorted_by(|(one, _), (next, _)| one < next) {
            return Err(WireError::Order { what });
        }
        Ok(Self(rows.into_iter().collect()))
    }
}
