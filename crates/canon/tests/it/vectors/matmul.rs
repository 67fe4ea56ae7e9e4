//! Inner products (sections 4.3 and 4.15), from inputs that are already quantised.

use core::ops::Range;

use canon::{
    Finish, GROUP, InputRow, Kernels, PackedMatrix, Slab, TileQueue, quant::Block, reference,
};

use super::Outcomes;
use super::each;
use super::formats::format_of;
use super::values::{Case, Field, Outcome, ints, list, narrow};

enum Input {
    A8(Vec<u8>, Vec<i8>),
    A16(Vec<i16>),
}

struct Matmul {
    packed: PackedMatrix,
    /// Per row its unit and blocks.
    rows: Vec<(i32, Vec<Block>)>,
    input: Input,
    exponent: i32,
    frac: u8,
    bias: Option<Vec<i32>>,
    /// The rows that are wanted: an expert's.
    wanted: Range<usize>,
}

pub(super) fn matmul(case: &Case) -> Outcomes {
    let op = Matmul::new(case);
    let mut outcomes = vec![("reference", op.reference())];
    outcomes.extend(each().map(|kernels| (kernels.set().name(), op.kernel(&kernels))));
    outcomes
}

/// The same but for the sums, which no case of experts has.
pub(super) fn expert_matmul(case: &Case) -> Outcomes {
    let mut outcomes = matmul(case);
    for (_, outcome) in &mut outcomes {
        if let Outcome::Gives(fields) = outcome {
            fields.retain(|(name, _)| *name == "out");
        }
    }
    outcomes
}

impl Matmul {
    fn new(case: &Case) -> Self {
        let format = format_of(case).unwrap();
        let (rows, inputs) = (case.int("rows") as usize, case.int("columns") as usize);
        let bytes = case.bytes("bytes");
        let row = |bytes: &[u8]| {
            let unit = format.unit(bytes).unwrap();
            (unit, format.blocks(bytes, unit).unwrap())
        };
        let x = &case.inputs["x"];
        let wanted = case.inputs.get("experts").map_or(0..rows, |experts| {
            let each = rows / usize::try_from(experts.as_u64().unwrap()).unwrap();
            let first = each * case.int("expert") as usize;
            first..first + each
        });
        Self {
            packed: PackedMatrix::pack(format, rows, inputs, &bytes, &mut Slab::default()).unwrap(),
            rows: bytes.chunks_exact(format.row_bytes(inputs)).map(row).collect(),
            input: match x["kind"].as_str().unwrap() {
                "A8" => Input::A8(narrow(ints(&x["scales"])), narrow(ints(&x["quants"]))),
                _ => Input::A16(narrow(ints(&x["entries"]))),
            },
            exponent: case.small("exponent"),
            frac: case.int("frac") as u8,
            bias: case.inputs.get("bias").map(|bias| narrow(ints(bias))),
            wanted,
        }
    }

    fn reference(&self) -> Outcome {
        let sum = |(_, blocks): &(i32, Vec<Block>)| match &self.input {
            Input::A8(scales, quants) => reference::partial_a8(blocks, scales, quants),
            Input::A16(values) => reference::partial_a16(blocks, values),
        };
        let sums: Vec<i64> = self.rows.iter().map(sum).collect();
        let wanted = self.wanted.clone();
        let out: Result<Vec<i32>, _> = wanted
            .map(|j| {
                let bias = self.bias.as_ref().map(|bias| bias[j]);
                reference::finish_row(sums[j], self.rows[j].0, self.exponent, self.frac, bias)
            })
            .collect();
        out.map_or(Outcome::Fault, |out| {
            let sums = sums.into_iter().map(i128::from).collect();
            Outcome::Gives(vec![("sums", Field::List(sums)), ("out", list(&out))])
        })
    }

    fn kernel(&self, kernels: &Kernels) -> Outcome {
        let rows = self.wanted.len();
        let mut x = InputRow::new(self.packed.inputs());
        match &self.input {
            Input::A8(scales, quants) => x.set_a8(self.exponent, scales, quants),
            Input::A16(entries) => x.set_a16(self.exponent, entries),
        }
        let mut out = vec![7; rows];
        let mut overflow = [false];
        let queue = TileQueue::new([out.as_mut_slice()], rows, rows);
        let mut tile = queue.claim().unwrap();
        let finish = Finish { frac: self.frac, bias: self.bias.as_deref() };
        let groups = self.wanted.start / GROUP..self.wanted.end.div_ceil(GROUP);
        kernels.matmul(&self.packed, groups, &[&x], finish, &mut tile, &mut overflow);
        if overflow[0] { Outcome::Fault } else { Outcome::Gives(vec![("out", list(&out))]) }
    }
}
