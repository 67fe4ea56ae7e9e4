//! Tiny llama-like programs with seeded weights: real programs and real bytes of upstream formats, for tests here and
//! in other crates. They compute what any program computes; no text they make means anything. The great shapes, in
//! [`sizes`], are for what is counted of a program alone.
//!
//! Never random: a [`Shape`] gives the same program and the same bytes everywhere.

pub mod sizes;

use crate::ops::{
    Add, Attention, CappedAttention, Embed, ExpertMatmul, GeluGate, Hadamard, KvAppend, Logits,
    Matmul, Norm, Op, Quantise, Rope, Route, Sample, Scale, SiluGate, SoftCap, Weigh,
};
use crate::structure::{
    AttributeSlot, Group, Layer, Location, Program, Template, Tensor, TensorId, TensorSlot, Value,
    count, index,
};
use crate::types::InputKind;
use canon::Format;
use canon::reference::{Layout, Over};

/// What a llama-like program looks like. [`Shape::default`] is tiny; tests of sizes use great ones without weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Entries of the residual row.
    pub width: u32,
    /// Entries of the gated row.
    pub hidden: u32,
    /// Layers.
    pub layers: u32,
    /// Query heads.
    pub heads: u32,
    /// KV heads.
    pub kv_heads: u32,
    /// Entries of a head.
    pub head_width: u32,
    /// Token ids.
    pub vocabulary: u32,
    /// The most positions.
    pub context_max: u32,
    /// Format of every matrix.
    pub format: Format,
    /// Format of gains and biases: one of plain numbers.
    pub vector_format: Format,
    /// Form of every matmul's input.
    pub inputs: InputKind,
    /// Pairs of rope.
    pub layout: Layout,
    /// Entries of a head that rope turns.
    pub rotary: u32,
    /// Query, key and value have a bias.
    pub bias: bool,
    /// Logits use the embedding's table.
    pub tied: bool,
    /// Window of every second layer; 0: none.
    pub window: u32,
    /// Query and key heads are normalised.
    pub head_norm: bool,
    /// Query and key are transformed in blocks of 32 after rope.
    pub hadamard: bool,
    /// The row that is gated and the logits are capped softly.
    pub soft_cap: bool,
    /// The embedding and the logits are scaled.
    pub scale: bool,
    /// The gate goes through gelu, not silu.
    pub gelu: bool,
    /// Scores are capped softly.
    pub attention_cap: bool,
    /// Experts, two of which each row goes to; 0: none.
    pub experts: u32,
    /// Weights are shares of the sum over all experts.
    pub over_all: bool,
    /// Of the weights.
    pub seed: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            width: 64,
            hidden: 96,
            layers: 2,
            heads: 4,
            kv_heads: 2,
            head_width: 32,
            vocabulary: 50,
            context_max: 256,
            format: Format::Q8_0,
            vector_format: Format::F32,
            inputs: InputKind::A8,
            layout: Layout::Interleaved,
            rotary: 32,
            bias: false,
            tied: false,
            window: 0,
            head_norm: false,
            hadamard: false,
            soft_cap: false,
            scale: false,
            gelu: false,
            attention_cap: false,
            experts: 0,
            over_all: false,
            seed: 1,
        }
    }
}

impl Shape {
    /// The variants every test of a program's meaning should pass.
    #[must_use]
    pub fn variants() -> Vec<(&'static str, Self)> {
        let tiny = Self::default;
        vec![
            ("q8_0", tiny()),
            ("q4_0", Self { format: Format::Q4_0, ..tiny() }),
            ("q4_1", Self { format: Format::Q4_1, ..tiny() }),
            ("f16", Self { format: Format::F16, vector_format: Format::F16, ..tiny() }),
            ("f32", Self { format: Format::F32, ..tiny() }),
            ("bf16", Self { format: Format::Bf16, vector_format: Format::Bf16, ..tiny() }),
            ("q5_1", Self { format: Format::Q5_1, ..tiny() }),
            ("q2_k", Self::of_super_blocks(Format::Q2K)),
            ("q4_k", Self::of_super_blocks(Format::Q4K)),
            ("q6_k", Self::of_super_blocks(Format::Q6K)),
            ("half", Self { layout: Layout::Half, ..tiny() }),
            ("partial rotary", Self { layout: Layout::Half, rotary: 16, ..tiny() }),
            ("bias", Self { bias: true, ..tiny() }),
            ("tied", Self { tied: true, ..tiny() }),
            ("window", Self { window: 5, layers: 3, ..tiny() }),
            ("head norm", Self { head_norm: true, ..tiny() }),
            ("hadamard", Self { hadamard: true, ..tiny() }),
            ("soft cap", Self { soft_cap: true, hidden: 1056, ..tiny() }),
            ("scale", Self { scale: true, width: 1056, ..tiny() }),
            ("gelu", Self { gelu: true, hidden: 1056, ..tiny() }),
            ("attention cap", Self { attention_cap: true, ..tiny() }),
            ("less one", Self { vector_format: Format::Bf16LessOne, head_norm: true, ..tiny() }),
            ("experts", Self { experts: 4, ..tiny() }),
            (
                "experts over all",
                Self { experts: 3, over_all: true, inputs: InputKind::A16, hidden: 1056, ..tiny() },
            ),
            ("a16", Self { inputs: InputKind::A16, ..tiny() }),
            ("wide", Self { width: 1120, hidden: 2080, head_width: 96, heads: 12, ..tiny() }),
        ]
    }

    /// One layer whose widths are all 256, for formats of super-blocks (and any other).
    #[must_use]
    pub fn of_super_blocks(format: Format) -> Self {
        let tiny = Self::default();
        Self { format, width: 256, hidden: 256, head_width: 64, layers: 1, vocabulary: 20, ..tiny }
    }

    /// Bytes of the upstream file of [`Shape::program`].
    #[must_use]
    pub fn weights(&self) -> Vec<u8> {
        let mut random = Random(self.seed);
        let mut bytes = Vec::new();
        for tensor in &self.program().tensors {
            let gain = tensor.name.ends_with("norm");
            let bias = tensor.name.ends_with("bias");
            for _ in 0..tensor.rows {
                fill_row(&mut bytes, tensor, gain || bias, &mut random);
            }
        }
        bytes
    }

    /// The program; its one file holds the tensors in the table's order.
    #[must_use]
    pub fn program(&self) -> Program {
        let mut tensors = Tensors { shape: self, list: Vec::new(), offset: 0 };
        let table = tensors.matrix("embed", self.vocabulary, self.width);
        let layers = (0..self.layers).map(|layer| self.layer(&mut tensors, layer)).collect();
        let gain = tensors.vector("last_norm", self.width);
        let output = match self.tied {
            true => table,
            false => tensors.matrix("output", self.vocabulary, self.width),
        };
        Program {
            arithmetic_version: crate::check::ARITHMETIC_VERSION,
            context_max: self.context_max,
            vocabulary: self.vocabulary,
            tensors: tensors.list,
            rope_tables: vec![frequencies(self.rotary / 2)],
            prologue: single(self.prologue(), vec![table]),
            groups: vec![Group { template: self.template(), layers }],
            epilogue: single(self.epilogue(), vec![gain, output]),
        }
    }

    fn prologue(&self) -> Vec<Op> {
        let (token, table) = (Value(0), TensorSlot(0));
        let mut ops = vec![Op::Embed(Embed { token, table, frac: RESIDUAL_FRAC })];
        if self.scale {
            ops.push(Op::Scale(Scale { x: Value(1), mantissa: 24_576, exponent: -13 }));
        }
        ops
    }

    fn epilogue(&self) -> Vec<Op> {
        let mut ops = vec![
            self.norm(Value(0), TensorSlot(0), self.width, RESIDUAL_FRAC),
            Op::Quantise(Quantise { x: Value(1), kind: self.inputs }),
            Op::Logits(Logits { x: Value(2), weight: TensorSlot(1), frac: 16 }),
        ];
        let last = |ops: &[Op]| Value(u16::try_from(ops.len()).expect("a handful of ops"));
        if self.scale {
            ops.push(Op::Scale(Scale { x: last(&ops), mantissa: 20_480, exponent: -15 }));
        }
        if self.soft_cap {
            ops.push(Op::SoftCap(SoftCap { x: last(&ops), cap: 1 << 16 }));
        }
        let logits = last(&ops);
        ops.push(Op::Sample(Sample { logits }));
        ops
    }

    fn norm(&self, x: Value, gain: TensorSlot, width: u32, frac_in: u8) -> Op {
        // About 1e-5 of the width, in the square's fractional bits.
        let eps = (u64::from(width) << (2 * u32::from(frac_in))) / 100_000;
        Op::Norm(Norm { x, gain, eps: eps.max(1), width, frac: ROW_FRAC })
    }

    /// One layer: attention and a gated feed-forward, each added to the residual.
    fn template(&self) -> Template {
        let mut build = Builder { ops: Vec::new(), tensors: 0 };
        let normed = build.norm(self, Value(0), self.width, RESIDUAL_FRAC);
        let x = build.op(Op::Quantise(Quantise { x: normed, kind: self.inputs }));
        let mut q = build.matmul(x, self.bias);
        let mut k = build.matmul(x, self.bias);
        let v = build.matmul(x, self.bias);
        if self.head_norm {
            q = build.norm(self, q, self.head_width, ROW_FRAC);
            k = build.norm(self, k, self.head_width, ROW_FRAC);
        }
        let (mut q, mut k) = (build.op(self.rope(q)), build.op(self.rope(k)));
        if self.hadamard {
            q = build.op(Op::Hadamard(Hadamard { x: q, width: 32 }));
            k = build.op(Op::Hadamard(Hadamard { x: k, width: 32 }));
        }
        let kv = build.op(Op::KvAppend(KvAppend { k, v, head_width: self.head_width }));
        let attended = build.op(self.attention(q, kv));
        let x = build.op(Op::Quantise(Quantise { x: attended, kind: self.inputs }));
        let out = build.matmul_frac(x, false, RESIDUAL_FRAC);
        let middle = build.op(Op::Add(Add { a: Value(0), b: out }));
        let normed = build.norm(self, middle, self.width, RESIDUAL_FRAC);
        let x = build.op(Op::Quantise(Quantise { x: normed, kind: self.inputs }));
        let output = match self.experts {
            0 => self.gated(&mut build, x, middle),
            _ => self.mixed(&mut build, x, middle),
        };
        Template { ops: build.ops, output }
    }

    /// The gated feed-forward of a quantised row, added to the residual.
    fn gated(&self, build: &mut Builder, x: Value, residual: Value) -> Value {
        let gate = build.matmul(x, false);
        let mut up = build.matmul(x, false);
        if self.soft_cap {
            up = build.op(Op::SoftCap(SoftCap { x: up, cap: 1 << ROW_FRAC }));
        }
        let gated = build.op(self.gate(gate, up));
        let x = build.op(Op::Quantise(Quantise { x: gated, kind: self.inputs }));
        let down = build.matmul_frac(x, false, RESIDUAL_FRAC);
        build.op(Op::Add(Add { a: residual, b: down }))
    }

    fn gate(&self, gate: Value, up: Value) -> Op {
        match self.gelu {
            true => Op::GeluGate(GeluGate { gate, up, frac: ROW_FRAC }),
            false => Op::SiluGate(SiluGate { gate, up, frac: ROW_FRAC }),
        }
    }

    /// The same of two experts, each weighed.
    fn mixed(&self, build: &mut Builder, x: Value, residual: Value) -> Value {
        let over = if self.over_all { Over::All } else { Over::Chosen };
        let router = build.matmul(x, false);
        let routing = build.op(Op::Route(Route { x: router, slots: 2, over }));
        let [gate, up, down] = [build.slot(), build.slot(), build.slot()];
        let expert = |x, slot, weight, frac| {
            Op::ExpertMatmul(ExpertMatmul { x, routing, slot, weight, frac })
        };
        let mut sum = residual;
        for slot in 0..2 {
            let gate = build.op(expert(x, slot, gate, ROW_FRAC));
            let up = build.op(expert(x, slot, up, ROW_FRAC));
            let gated = build.op(self.gate(gate, up));
            let x = build.op(Op::Quantise(Quantise { x: gated, kind: self.inputs }));
            let out = build.op(expert(x, slot, down, RESIDUAL_FRAC));
            let weighed = build.op(Op::Weigh(Weigh { x: out, routing, slot }));
            sum = build.op(Op::Add(Add { a: sum, b: weighed }));
        }
        sum
    }

    fn attention(&self, q: Value, kv: Value) -> Op {
        let attention = Attention {
            q,
            kv,
            // log2(e) / sqrt(32) is about 16711 * 2^-16; a factor near it serves every tiny width.
            scale: 16_711,
            scale_exponent: -16,
            window: AttributeSlot(1),
            frac: ROW_FRAC,
        };
        match self.attention_cap {
            true => Op::CappedAttention(CappedAttention { attention, cap: 3 << 16 }),
            false => Op::Attention(attention),
        }
    }

    fn rope(&self, x: Value) -> Op {
        Op::Rope(Rope {
            x,
            table: AttributeSlot(0),
            head_width: self.head_width,
            rotary: self.rotary,
            layout: self.layout,
        })
    }

    /// Tensors in the order the template takes its slots.
    fn layer(&self, tensors: &mut Tensors<'_>, layer: u32) -> Layer {
        let name = |part: &str| format!("layer.{layer}.{part}");
        let heads = self.heads * self.head_width;
        let kv_heads = self.kv_heads * self.head_width;
        let mut bound = vec![tensors.vector(&name("attention_norm"), self.width)];
        for (part, rows) in [("q", heads), ("k", kv_heads), ("v", kv_heads)] {
            bound.push(tensors.matrix(&name(part), rows, self.width));
            if self.bias {
                bound.push(tensors.vector(&name(&format!("{part}_bias")), rows));
            }
        }
        if self.head_norm {
            bound.push(tensors.vector(&name("q_norm"), self.head_width));
            bound.push(tensors.vector(&name("k_norm"), self.head_width));
        }
        bound.push(tensors.matrix(&name("attention_out"), self.width, heads));
        bound.push(tensors.vector(&name("gate_norm"), self.width));
        if self.experts > 0 {
            bound.push(tensors.matrix(&name("router"), self.experts, self.width));
        }
        let count = self.experts.max(1);
        bound.push(tensors.matrix(&name("gate"), count * self.hidden, self.width));
        bound.push(tensors.matrix(&name("up"), count * self.hidden, self.width));
        bound.push(tensors.matrix(&name("down"), count * self.width, self.hidden));
        let window = if layer % 2 == 1 { self.window } else { 0 };
        Layer { tensors: bound, attributes: vec![0, window] }
    }
}

/// Fractional bits of the residual row.
const RESIDUAL_FRAC: u8 = 16;
/// Fractional bits of every other row.
const ROW_FRAC: u8 = 12;

fn single(ops: Vec<Op>, tensors: Vec<TensorId>) -> Group {
    let output = Value(u16::try_from(ops.len()).expect("a handful of ops"));
    let layer = Layer { tensors, attributes: Vec::new() };
    Group { template: Template { ops, output }, layers: vec![layer] }
}

/// Ops in order, taking tensor slots in order.
struct Builder {
    ops: Vec<Op>,
    tensors: u16,
}

impl Builder {
    fn op(&mut self, op: Op) -> Value {
        self.ops.push(op);
        Value(u16::try_from(self.ops.len()).expect("a handful of ops"))
    }

    fn slot(&mut self) -> TensorSlot {
        self.tensors += 1;
        TensorSlot(self.tensors - 1)
    }

    fn norm(&mut self, shape: &Shape, x: Value, width: u32, frac_in: u8) -> Value {
        let gain = self.slot();
        self.op(shape.norm(x, gain, width, frac_in))
    }

    fn matmul(&mut self, x: Value, bias: bool) -> Value {
        self.matmul_frac(x, bias, ROW_FRAC)
    }

    fn matmul_frac(&mut self, x: Value, bias: bool, frac: u8) -> Value {
        let weight = self.slot();
        let bias = bias.then(|| self.slot());
        self.op(Op::Matmul(Matmul { x, weight, bias, frac }))
    }
}

/// The table of tensors as it grows.
struct Tensors<'a> {
    shape: &'a Shape,
    list: Vec<Tensor>,
    offset: u64,
}

impl Tensors<'_> {
    fn matrix(&mut self, name: &str, rows: u32, columns: u32) -> TensorId {
        self.add(name, self.shape.format, rows, columns)
    }

    fn vector(&mut self, name: &str, columns: u32) -> TensorId {
        self.add(name, self.shape.vector_format, 1, columns)
    }

    fn add(&mut self, name: &str, format: Format, rows: u32, columns: u32) -> TensorId {
        let location = Location { file: 0, offset: self.offset };
        let tensor = Tensor { name: name.to_owned(), format, rows, columns, location };
        self.offset += tensor.bytes();
        self.list.push(tensor);
        TensorId(count(self.list.len() - 1))
    }
}

/// Frequencies that fall by a third from pair to pair, the first about a radian per position.
fn frequencies(pairs: u32) -> Vec<u64> {
    let mut frequency = 2_935_890_503_282_001_226_u64;
    let mut table = Vec::with_capacity(index(pairs));
    for _ in 0..pairs {
        table.push(frequency);
        frequency = frequency / 3 * 2;
    }
    table
}

/// One row of a tensor. Gains lie about 1, biases and weights about 0 and small enough for a residual to stay small.
fn fill_row(bytes: &mut Vec<u8>, tensor: &Tensor, vector: bool, random: &mut Random) {
    if vector {
        let gain = tensor.name.ends_with("norm");
        for _ in 0..tensor.columns {
            let r = random.next();
            // Binary16 exponents: about 2^-1..2 of either sign for a bias, positive for a gain.
            let sign = if gain { 0 } else { (r >> 20) & 1 };
            push_float(bytes, tensor.format, 13 + (r >> 12) % 3, r & 0x3ff, sign);
        }
        return;
    }
    let span = u32::try_from(tensor.format.span()).expect("a span is short");
    for _ in 0..tensor.columns / span {
        let r = random.next();
        match tensor.format {
            Format::F32 | Format::F16 | Format::Bf16 => {
                for _ in 0..32 {
                    let r = random.next();
                    push_float(bytes, tensor.format, 9 + (r >> 12) % 4, r & 0x3ff, (r >> 20) & 1);
                }
            }
            Format::Q4_0 => {
                // d about 2^-6, either sign.
                push_float(bytes, Format::F16, 8 + (r >> 12) % 2, r & 0x3ff, (r >> 20) & 1);
                push_bytes(bytes, 16, random);
            }
            Format::Q4_1 => {
                // m about -8 d.
                push_float(bytes, Format::F16, 8, r & 0x3ff, 0);
                push_float(bytes, Format::F16, 11, r & 0x3ff, 1);
                push_bytes(bytes, 16, random);
            }
            Format::Q8_0 => {
                push_float(bytes, Format::F16, 4 + (r >> 12) % 2, r & 0x3ff, (r >> 20) & 1);
                push_bytes(bytes, 32, random);
            }
            Format::F32LessOne | Format::F16LessOne | Format::Bf16LessOne => {
                unreachable!("no matrix has it")
            }
            Format::Q5_0
            | Format::Q5_1
            | Format::Q2K
            | Format::Q3K
            | Format::Q4K
            | Format::Q5K
            | Format::Q6K
            | Format::Iq4Nl
            | Format::Iq4Xs => fill_span(bytes, tensor.format, random),
        }
    }
}

/// A span of a format that came after the freeze: any bytes, and d and m of such sizes that the weights stay
/// about those of the others.
fn fill_span(bytes: &mut Vec<u8>, format: Format, random: &mut Random) {
    let start = bytes.len();
    push_bytes(bytes, format.span_bytes().next_multiple_of(8), random);
    bytes.truncate(start + format.span_bytes());
    // Where each number is, its exponent, and its sign where it has one of its own.
    let numbers: &[(usize, u64, Option<u64>)] = match format {
        Format::Q5_0 => &[(0, 7, None)],
        Format::Q5_1 => &[(0, 7, Some(0)), (2, 11, Some(1))],
        Format::Iq4Nl => &[(0, 4, None)],
        Format::Iq4Xs => &[(0, 1, None)],
        Format::Q4K => &[(0, 3, Some(0)), (2, 6, Some(0))],
        Format::Q5K => &[(0, 2, Some(0)), (2, 6, Some(0))],
        Format::Q2K => &[(80, 6, Some(0)), (82, 6, Some(0))],
        Format::Q3K => &[(108, 5, None)],
        Format::Q6K => &[(208, 1, None)],
        Format::F32 | Format::F16 | Format::Bf16 => &[],
        Format::F32LessOne | Format::F16LessOne | Format::Bf16LessOne => &[],
        Format::Q4_0 | Format::Q4_1 | Format::Q8_0 => &[],
    };
    for (at, exponent, sign) in numbers {
        let r = random.next();
        let mut number = Vec::new();
        push_float(&mut number, Format::F16, *exponent, r & 0x3ff, sign.unwrap_or(r >> 20 & 1));
        bytes[start + at..start + at + 2].copy_from_slice(&number);
    }
}

/// A finite number by the fields of a binary16, in that format or as the same number in binary32.
fn push_float(bytes: &mut Vec<u8>, format: Format, exponent: u64, mantissa: u64, sign: u64) {
    let low = |bits: u64| u32::try_from(bits).expect("the fields of a float fit 32 bits");
    let single = low(sign << 31 | (exponent + 112) << 23 | mantissa << 13);
    if matches!(format, Format::F32 | Format::F32LessOne) {
        bytes.extend(single.to_le_bytes());
    } else if matches!(format, Format::Bf16 | Format::Bf16LessOne) {
        bytes.extend(&single.to_le_bytes()[2..]);
    } else {
        let bits = low(sign << 15 | exponent << 10 | mantissa);
        bytes.extend(&bits.to_le_bytes()[..2]);
    }
}

fn push_bytes(bytes: &mut Vec<u8>, count: usize, random: &mut Random) {
    for _ in 0..count / 8 {
        bytes.extend(random.next().to_le_bytes());
    }
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
