//! Inner products (section 4.3), from inputs that are already quantised.

use canon::{Finish, InputRow, Kernels, PackedMatrix, Slab, TileQueue, quant::Block, reference};

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
}

pub(super) fn matmul(case: &Case) -> Outcomes {
    let op = Matmul::new(case);
    let mut outcomes = vec![("reference", op.reference())];
    outcomes.extend(each().map(|kernels| (kernels.set().name(), op.kernel(&kernels))));
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
        }
    }

    fn reference(&self) -> Outcome {
        let sum = |(_, blocks): &(i32, Vec<Block>)| match &self.input {
            Input::A8(scales, quants) => reference::partial_a8(blocks, scales, quants),
            Input::A16(values) => reference::partial_a16(blocks, values),
        };
        let sums: Vec<i64> = self.rows.iter().map(sum).collect();
        let out: Result<Vec<i32>, _> = (0..sums.len())
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
        let rows = self.packed.rows();
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
        let groups = 0..self.packed.groups();
        kernels.matmul(&self.packed, groups, &[&x], finish, &mut tile, &mut overflow);
        if overflow[0] { Outcome::Fault } else { Outcome::Gives(vec![("out", list(&out))]) }
    }
}
