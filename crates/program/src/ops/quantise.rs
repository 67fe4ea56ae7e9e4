//! quantise: a fixed row as a matmul takes it (`spec/arithmetic.md` section 3).
//!
//! Three stages: greatest magnitude per chunk, the row's exponent, quants per chunk.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{TensorSlot, Value, count, index};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile, chunk_of, chunks};
use crate::types::{InputKind, Role, Type};
use canon::{BLOCK, Overflow, fixed, reference};
use commit::{Reader, WireError, Writer};

/// Makes a matmul's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantise {
    /// The row.
    pub x: Value,
    /// Which of the two forms.
    pub kind: InputKind,
}

impl Quantise {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.x.0);
        out.u8(self.kind.number());
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let x = Value::read(input)?;
        let what = "quantise's kind";
        let found = input.u8(what)?;
        let kind = InputKind::ALL.into_iter().find(|kind| kind.number() == found);
        Ok(Self { x, kind: kind.ok_or(WireError::Unknown { what, found: found.into() })? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.x]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        Vec::new()
    }

    pub(crate) fn attributes(&self) -> Vec<crate::AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        let width = scope.fixed(self.x)?.width;
        site::blocks("the row's width", width)?;
        Ok(Type::Quantised { width, kind: self.kind })
    }

    pub(crate) fn cost(&self, _: &Site<'_>) -> OpCost {
        OpCost::default()
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        site.show(self.x)
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        let chunks = chunks(site.fixed(self.x).width);
        vec![
            Stage { name: "greatest", tiles: chunks },
            Stage { name: "exponent", tiles: 1 },
            Stage { name: "apply", tiles: chunks },
        ]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        let (from, width) = (site.source(self.x), site.fixed(self.x).width);
        let entries = chunk_of(width, tile.index);
        match tile.stage {
            0 => vec![Operand::Entries { from, entries }],
            1 => vec![Operand::Outputs { stage: 0, tiles: 0..chunks(width) }],
            _ => {
                vec![Operand::Outputs { stage: 1, tiles: 0..1 }, Operand::Entries { from, entries }]
            }
        }
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        _: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let row = site.fixed(self.x);
        let entries = count(chunk_of(row.width, tile.index).len());
        match tile.stage {
            0 => Ok(Data::Greatest(fixed::greatest(data.fixed(0, entries)?))),
            1 => {
                let parts = index(chunks(row.width));
                let outputs = data.outputs(0, parts)?;
                let mut greatest = 0;
                for part in 0..parts {
                    greatest = greatest.max(outputs.greatest(part)?);
                }
                if i64::from(greatest) >= canon::LIMIT {
                    let wanted = "magnitudes below the limit";
                    return Err(EvalError::Operand { operand: 0, wanted });
                }
                Ok(Data::Exponent(self.shift(greatest) + self.offset(row.frac)))
            }
            _ => {
                let exponent = data.outputs(0, 1)?.exponent(0)?;
                let shift = i64::from(exponent) - i64::from(self.offset(row.frac));
                match u32::try_from(shift) {
                    Ok(shift) if shift <= 30 => self.apply(data.fixed(1, entries)?, shift),
                    Ok(_) | Err(_) => {
                        let wanted = "an exponent a row can have";
                        Err(EvalError::Operand { operand: 0, wanted })
                    }
                }
            }
        }
    }

    fn shift(&self, greatest: u32) -> i32 {
        let shift = match self.kind {
            InputKind::A8 => reference::a8_shift(greatest),
            InputKind::A16 => reference::a16_shift(greatest),
        };
        i32::try_from(shift).expect("a shift is at most 30")
    }

    /// The exponent of a row with shift 0.
    fn offset(&self, frac: u8) -> i32 {
        match self.kind {
            InputKind::A8 => 2 - i32::from(frac),
            InputKind::A16 => -i32::from(frac),
        }
    }

    /// A chunk with the row's shift. A chunk whose entries need a greater shift is not of this row.
    fn apply(&self, entries: &[i32], shift: u32) -> Result<Data, EvalError> {
        if self.shift(fixed::greatest(entries)).unsigned_abs() > shift {
            return Err(EvalError::Operand { operand: 1, wanted: "entries the exponent allows" });
        }
        Ok(match self.kind {
            InputKind::A8 => {
                let blocks = entries.chunks_exact(BLOCK);
                let (scales, quants): (Vec<u8>, Vec<[i8; BLOCK]>) =
                    blocks.map(|block| reference::a8_block(block, shift)).unzip();
                Data::A8 { scales, quants: quants.concat() }
            }
            InputKind::A16 => Data::A16(entries.iter().map(|y| a16(*y, shift)).collect()),
        })
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        let (row, frac) = (step.fixed(site, self.x), site.fixed(self.x).frac);
        Ok(match self.kind {
            InputKind::A8 => Cell::A8(reference::quantise_a8(row, frac)),
            InputKind::A16 => Cell::A16(reference::quantise_a16(row, frac)),
        })
    }
}

fn a16(entry: i32, shift: u32) -> i16 {
    let shift = i32::try_from(shift).expect("a shift is at most 30");
    i16::try_from(fixed::rs(i128::from(entry), shift)).expect("the row's shift makes 16 bits")
}
