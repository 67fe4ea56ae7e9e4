//! Weight rows, gains, biases and embedding rows (sections 2 and 4.1).

use canon::quant::{self, Block};
use canon::{BLOCK, Format, PackedMatrix, Refused, Slab, reference};

use super::Outcomes;
use super::values::{Case, Field, Outcome, list};

pub(super) fn format_of(case: &Case) -> Option<Format> {
    Format::ALL.into_iter().find(|format| format.name() == case.text("format"))
}

/// The canonical integers of one row, as the reference and as the packed matrix hold them.
fn read(case: &Case) -> Result<(i32, Vec<Block>, PackedMatrix), Refused> {
    let format = format_of(case).ok_or(Refused::Length)?;
    let (bytes, columns) = (case.bytes("bytes"), case.int("columns") as usize);
    let packed = PackedMatrix::pack(format, 1, columns, &bytes, &mut Slab::default())?;
    let unit = format.unit(&bytes)?;
    Ok((unit, format.blocks(&bytes, unit)?, packed))
}

/// One number for each block, or, where its halves have their own, two.
fn numbers(blocks: &[Block], halves: bool, of: impl Fn(&Block) -> [i32; 2]) -> Field {
    let each = blocks.iter().flat_map(|block| {
        let both = of(block);
        assert!(halves || both[0] == both[1], "halves of a format that has none");
        both.into_iter().take(if halves { 2 } else { 1 })
    });
    list(&each.collect::<Vec<_>>())
}

pub(super) fn row(case: &Case) -> Outcomes {
    let outcome = match read(case) {
        Err(_) => Outcome::Refused,
        Ok((unit, blocks, packed)) => {
            assert_eq!(packed.unit(0), unit, "{}", case.name);
            for (b, block) in blocks.iter().enumerate() {
                let stored = packed.block(0, b);
                assert!((0..BLOCK).all(|k| stored.entry(k) == block.entry(k)), "{}", case.name);
            }
            let halves = packed.width().has_halves();
            let quants: Vec<i8> = blocks.iter().flat_map(|block| block.quants).collect();
            Outcome::Gives(vec![
                ("unit", Field::Number(unit.into())),
                ("scales", numbers(&blocks, halves, |block| block.scales)),
                ("minima", numbers(&blocks, halves, |block| block.mins)),
                ("quants", list(&quants)),
            ])
        }
    };
    vec![("quant", outcome)]
}

pub(super) fn gain(case: &Case) -> Outcomes {
    let outcome = match quant::gain(format_of(case).unwrap(), &case.bytes("bytes")) {
        Err(_) => Outcome::Refused,
        Ok((unit, gain)) => {
            Outcome::Gives(vec![("unit", Field::Number(unit.into())), ("gain", list(&gain))])
        }
    };
    vec![("quant", outcome)]
}

pub(super) fn bias(case: &Case) -> Outcomes {
    let frac = case.int("frac") as u8;
    let outcome = match quant::bias(format_of(case).unwrap(), &case.bytes("bytes"), frac) {
        Err(_) => Outcome::Refused,
        Ok(bias) => Outcome::Gives(vec![("bias", list(&bias))]),
    };
    vec![("quant", outcome)]
}

pub(super) fn embed(case: &Case) -> Outcomes {
    let frac = case.int("frac") as u8;
    let (unit, blocks, packed) = read(case).unwrap();
    let stored: Vec<Block> = (0..blocks.len()).map(|b| packed.block(0, b)).collect();
    let row = |blocks: &[Block]| {
        let blocks = blocks.iter().map(|block| reference::embed(block, unit, frac));
        let row: Result<Vec<[i32; BLOCK]>, _> = blocks.collect();
        row.map_or(Outcome::Fault, |row| Outcome::Gives(vec![("row", list(&row.concat()))]))
    };
    vec![("reference", row(&blocks)), ("the packed matrix", row(&stored))]
}
