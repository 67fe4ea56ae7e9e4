//! The decoder that all architectures here share: norm, grouped-query attention with rope, gated feed-forward.
//!
//! The widths of its rows are those of `docs/decisions/0001-widths.md`, but for Gemma's residual row
//! (`docs/decisions/0008-architectures-are-variants-of-one-decoder.md`). Feed-forward may be a mixture of experts (`experts`). What differs between architectures is data: a [`Variant`].

use canon::reference::Layout;
use program::ops::{
    Add, Attention, CappedAttention, Embed, GeluGate, Hadamard, KvAppend, Logits, Matmul, Norm,
    Quantise, Rope, Sample, Scale, SiluGate, SoftCap,
};
use program::{
    AttributeSlot, Group, InputKind, Layer, Op, Program, Template, TensorId, TensorSlot, Value,
};

use super::description::Description;
use super::experts::Experts;
use super::keys::Keys;
use super::rotation;
use super::tensors::{Part, Source, Tensors};
use super::{ImportError, ReadTensor, numbers};
use crate::gguf::Gguf;

/// Fractional bits of the residual row, where the architecture has no reason for others.
const RESIDUAL_FRAC: u8 = 12;
/// Fractional bits of Gemma's: its rows grow to hundreds of thousands.
pub(crate) const RESIDUAL_FRAC_GEMMA: u8 = 10;
/// Fractional bits of a row that is normed before it is added to the residual row.
const MIDDLE_FRAC: u8 = 12;
/// Fractional bits of normalised rows and of query, key and value.
const ROW_FRAC: u8 = 16;
/// Fractional bits of the feed-forward's gated rows.
pub(super) const GATE_FRAC: u8 = 12;
/// Fractional bits of logits.
pub(crate) const LOGITS_FRAC: u8 = 12;

/// How architectures of this family differ.
pub(crate) struct Variant {
    /// Which entries of a head rope turns together.
    pub(crate) layout: Layout,
    /// The tensors of factors per pair that may divide the frequencies of rope.
    pub(crate) factors: rotation::Factors,
    /// Which layers have the header's window.
    pub(crate) windows: Windows,
    /// Query and key are normed head by head.
    pub(crate) head_norms: bool,
    /// One matrix has the rows of query, key and value, and one those of gate and up.
    pub(crate) fused: bool,
    /// Fractional bits of the residual row.
    pub(crate) residual_frac: u8,
    /// Gains in the file are one less than what they stand for.
    pub(crate) gains_less_one: bool,
    /// What Gemma's models share.
    pub(crate) gemma: Option<Gemma>,
    /// Whether feed-forward is a mixture of experts.
    pub(crate) experts: Experts,
    /// Keys that are read here and by few architectures: others refuse them.
    pub(crate) keys: &'static [&'static str],
}

/// What most architectures are.
pub(crate) const PLAIN: Variant = Variant {
    layout: Layout::Half,
    factors: rotation::Factors::None,
    windows: Windows::Unknown,
    head_norms: false,
    fused: false,
    residual_frac: RESIDUAL_FRAC,
    gains_less_one: false,
    gemma: None,
    experts: Experts::Never,
    keys: &[],
};

/// Norms behind attention and feed-forward, GELU for SiLU, a scaled embedding, and these.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gemma {
    /// Scores are capped, at this where the header doesn't say.
    pub(crate) scores_cap: Option<u64>,
    /// Logits are capped at this where the header doesn't say; 0: not capped.
    pub(crate) logits_cap: u64,
    /// Layers of the largest model, whose scores are divided by another root.
    pub(crate) largest: u32,
    /// Layers with a window are rotated by another frequency base, this one where the header doesn't say.
    pub(crate) local_base: Option<u64>,
}

/// Which layers have the header's window.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Windows {
    /// The header can't say: a window that hides something is refused.
    Unknown,
    /// All of them.
    EveryLayer,
    /// All but every so manieth; and the window where the header has none.
    AllButEvery { layer: u32, or: u32 },
}

/// Builds the program.
pub(super) fn build<E>(
    gguf: &Gguf<'_>,
    architecture: &str,
    variant: &Variant,
    read: &mut ReadTensor<'_, E>,
) -> Result<Program, ImportError<E>> {
    let description = Description::of_header(&Keys { gguf, architecture }, variant, read)?;
    let mut tensors = Tensors::new(Source::Gguf(gguf));
    tensors.used.extend(variant.factors.names().iter().map(|name| (*name).into()));
    assemble(&description, variant, &mut tensors)
}

/// Builds the program of a model that is described, of these tensors.
pub(crate) fn assemble<E>(
    description: &Description,
    variant: &Variant,
    tensors: &mut Tensors<'_, '_>,
) -> Result<Program, ImportError<E>> {
    let Description { sizes, rotation, .. } = description;
    let table = tensors.matrix("token_embd.weight", sizes.vocabulary, sizes.width)?;
    let model = Model { description, variant };
    let group = model.layers(tensors)?;
    let gain = tensors.gain("output_norm.weight", sizes.width, variant)?;
    let output = if tensors.has("output.weight") {
        tensors.matrix("output.weight", sizes.vocabulary, sizes.width)?
    } else {
        table
    };
    tensors.refuse_unread()?;
    let (prologue, end) = (model.prologue(), model.epilogue()?);
    Ok(Program {
        arithmetic_version: program::check::ARITHMETIC_VERSION,
        context_max: rotation.context.min(program::limits::CONTEXT_MAX),
        vocabulary: sizes.vocabulary,
        tensors: std::mem::take(&mut tensors.list),
        rope_tables: rotation.tables.clone(),
        prologue: single(prologue, vec![table]),
        groups: vec![group],
        epilogue: single(end, vec![gain, output]),
    })
}

fn single(ops: Vec<Op>, tensors: Vec<TensorId>) -> Group {
    let output = Value(u16::try_from(ops.len()).expect("a handful of ops"));
    let layer = Layer { tensors, attributes: Vec::new() };
    Group { template: Template { ops, output }, layers: vec![layer] }
}

/// What is known of a file before its layers are built.
#[derive(Clone, Copy)]
pub(super) struct Model<'m> {
    pub(super) description: &'m Description,
    pub(super) variant: &'m Variant,
}

impl Model<'_> {
    /// All layers: one template, which they must share.
    fn layers<E>(&self, tensors: &mut Tensors<'_, '_>) -> Result<Group, ImportError<E>> {
        let Description { sizes, rotation, .. } = self.description;
        let mut template = None;
        let mut layers = Vec::new();
        for (index, window) in (0..).zip(&sizes.windows) {
            let mut build =
                Builder { model: *self, tensors, bound: Vec::new(), ops: Vec::new(), layer: index };
            let output = build.layer()?;
            let attributes = vec![rotation.table_of(*window), *window];
            layers.push(Layer { tensors: build.bound, attributes });
            let this = Template { ops: build.ops, output };
            if template.get_or_insert_with(|| this.clone()) != &this {
                let what = format!("blk.{index}");
                let why = "it has other tensors than blk.0";
                return Err(ImportError::Unsupported { what, why });
            }
        }
        let template = template.expect("there is a layer: the key's range starts at 1");
        Ok(Group { template, layers })
    }

    fn prologue(&self) -> Vec<Op> {
        let frac = self.variant.residual_frac;
        let embed = Op::Embed(Embed { token: Value(0), table: TensorSlot(0), frac });
        if self.variant.gemma.is_none() {
            return vec![embed];
        }
        let (mantissa, exponent) = numbers::root(self.description.sizes.width);
        vec![embed, Op::Scale(Scale { x: Value(1), mantissa, exponent })]
    }

    fn epilogue<E>(&self) -> Result<Vec<Op>, ImportError<E>> {
        let width = self.description.sizes.width;
        let norm = Norm {
            x: Value(0),
            gain: TensorSlot(0),
            eps: self.description.eps(width, self.variant.residual_frac)?,
            width,
            frac: ROW_FRAC,
        };
        let mut ops = vec![
            Op::Norm(norm),
            Op::Quantise(Quantise { x: Value(1), kind: InputKind::A8 }),
            Op::Logits(Logits { x: Value(2), weight: TensorSlot(1), frac: LOGITS_FRAC }),
        ];
        let mut logits = Value(3);
        if let Some(cap) = self.description.logits_cap {
            ops.push(Op::SoftCap(SoftCap { x: logits, cap }));
            logits = Value(4);
        }
        ops.push(Op::Sample(Sample { logits }));
        Ok(ops)
    }
}

/// Ops of a layer in order, with the tensors they take.
pub(super) struct Builder<'b, 'g, 'a> {
    pub(super) model: Model<'b>,
    pub(super) tensors: &'b mut Tensors<'g, 'a>,
    bound: Vec<TensorId>,
    ops: Vec<Op>,
    layer: u32,
}

impl Builder<'_, '_, '_> {
    /// A whole layer; gives its last value.
    fn layer<E>(&mut self) -> Result<Value, ImportError<E>> {
        let attended = self.attention()?;
        let middle = self.op(Op::Add(Add { a: Value(0), b: attended }));
        let Model { description: Description { sizes, .. }, variant } = self.model;
        let x = self.norm(middle, "ffn_norm.weight", sizes.width, variant.residual_frac)?;
        if let Some(mixture) = sizes.mixture {
            return self.mixture(mixture, middle, x);
        }
        let fed = self.feed_forward(x)?;
        Ok(self.op(Op::Add(Add { a: middle, b: fed })))
    }

    fn attention<E>(&mut self) -> Result<Value, ImportError<E>> {
        let Model { description: Description { sizes, .. }, variant } = self.model;
        let head_width = sizes.head_width;
        let x = self.norm(Value(0), "attn_norm.weight", sizes.width, variant.residual_frac)?;
        let x = self.op(Op::Quantise(Quantise { x, kind: InputKind::A8 }));
        let [mut q, mut k, v] = self.projections(x)?;
        if variant.head_norms {
            q = self.norm(q, "attn_q_norm.weight", head_width, ROW_FRAC)?;
            k = self.norm(k, "attn_k_norm.weight", head_width, ROW_FRAC)?;
        }
        let (table, rotary, layout) = (AttributeSlot(0), sizes.rotary, variant.layout);
        let rope = |x| Op::Rope(Rope { x, table, head_width, rotary, layout });
        let (q, k) = (self.op(rope(q)), self.op(rope(k)));
        // Spreads outliers over the head before it becomes int8; a score does not change by it.
        let width = 1 << head_width.trailing_zeros();
        let hadamard = |x| Op::Hadamard(Hadamard { x, width });
        let (q, k) = (self.op(hadamard(q)), self.op(hadamard(k)));
        let kv = self.op(Op::KvAppend(KvAppend { k, v, head_width }));
        let x = self.attend(q, kv, width)?;
        let x = self.op(Op::Quantise(Quantise { x, kind: InputKind::A8 }));
        self.sum(x, "attn_output", sizes.q_width(), "post_attention_norm.weight")
    }

    /// Attention proper; query and key were transformed in blocks of this width.
    fn attend<E>(&mut self, q: Value, kv: Value, block: u32) -> Result<Value, ImportError<E>> {
        let Description { score_divisor, scores_cap, rotation, .. } = self.model.description;
        let (scale, scale_exponent) =
            numbers::attention_scale(*score_divisor, block, rotation.factor);
        let window = AttributeSlot(1);
        let attention = Attention { q, kv, scale, scale_exponent, window, frac: ROW_FRAC };
        Ok(self.op(match *scores_cap {
            None => Op::Attention(attention),
            Some(cap) => Op::CappedAttention(CappedAttention { attention, cap }),
        }))
    }

    /// A product that is added to the residual row, normed where the architecture norms it.
    fn sum<E>(
        &mut self,
        x: Value,
        name: &str,
        columns: u32,
        gain: &str,
    ) -> Result<Value, ImportError<E>> {
        let Model { description: Description { sizes, .. }, variant } = self.model;
        let (width, residual) = (sizes.width, variant.residual_frac);
        if variant.gemma.is_none() {
            return self.matmul(x, name, width, columns, residual);
        }
        let x = self.matmul(x, name, width, columns, MIDDLE_FRAC)?;
        self.normed(x, gain, width, MIDDLE_FRAC, residual)
    }

    /// Query, key and value.
    fn projections<E>(&mut self, x: Value) -> Result<[Value; 3], ImportError<E>> {
        let Model { description: Description { sizes, .. }, variant } = self.model;
        let (q, kv, width) = (sizes.q_width(), sizes.kv_width(), sizes.width);
        if variant.fused {
            return self.parts(x, "attn_qkv", [q, kv, kv], ROW_FRAC);
        }
        Ok([
            self.matmul(x, "attn_q", q, width, ROW_FRAC)?,
            self.matmul(x, "attn_k", kv, width, ROW_FRAC)?,
            self.matmul(x, "attn_v", kv, width, ROW_FRAC)?,
        ])
    }

    /// Of a normed row.
    fn feed_forward<E>(&mut self, x: Value) -> Result<Value, ImportError<E>> {
        let Model { description: Description { sizes, .. }, variant } = self.model;
        let (width, hidden) = (sizes.width, sizes.hidden);
        let x = self.op(Op::Quantise(Quantise { x, kind: InputKind::A8 }));
        let [gate, up] = if variant.fused {
            self.parts(x, "ffn_up", [hidden, hidden], GATE_FRAC)?
        } else {
            let gate = self.matmul(x, "ffn_gate", hidden, width, GATE_FRAC)?;
            [gate, self.matmul(x, "ffn_up", hidden, width, GATE_FRAC)?]
        };
        let frac = GATE_FRAC;
        let x = self.op(match variant.gemma {
            None => Op::SiluGate(SiluGate { gate, up, frac }),
            Some(_) => Op::GeluGate(GeluGate { gate, up, frac }),
        });
        let x = self.op(Op::Quantise(Quantise { x, kind: InputKind::A8 }));
        self.sum(x, "ffn_down", hidden, "post_ffw_norm.weight")
    }

    pub(super) fn op(&mut self, op: Op) -> Value {
        self.ops.push(op);
        Value(u16::try_from(self.ops.len()).expect("a handful of ops"))
    }

    pub(super) fn bind(&mut self, id: TensorId) -> TensorSlot {
        self.bound.push(id);
        TensorSlot(u16::try_from(self.bound.len() - 1).expect("a handful of tensors"))
    }

    pub(super) fn name(&self, part: &str) -> String {
        format!("blk.{}.{part}", self.layer)
    }

    /// Norms every `width` entries of a row with `from` fractional bits.
    fn norm<E>(
        &mut self,
        x: Value,
        gain: &str,
        width: u32,
        from: u8,
    ) -> Result<Value, ImportError<E>> {
        self.normed(x, gain, width, from, ROW_FRAC)
    }

    fn normed<E>(
        &mut self,
        x: Value,
        gain: &str,
        width: u32,
        from: u8,
        frac: u8,
    ) -> Result<Value, ImportError<E>> {
        let id = self.tensors.gain(&self.name(gain), width, self.model.variant)?;
        let gain = self.bind(id);
        let eps = self.model.description.eps(width, from)?;
        Ok(self.op(Op::Norm(Norm { x, gain, eps, width, frac })))
    }

    fn matmul<E>(
        &mut self,
        x: Value,
        name: &str,
        rows: u32,
        columns: u32,
        frac: u8,
    ) -> Result<Value, ImportError<E>> {
        let name = self.name(name);
        let id = self.tensors.matrix(&format!("{name}.weight"), rows, columns)?;
        let weight = self.bind(id);
        let bias_name = format!("{name}.bias");
        let bias = if self.tensors.has(&bias_name) {
            let id = self.tensors.vector(&bias_name, rows)?;
            Some(self.bind(id))
        } else {
            None
        };
        Ok(self.op(Op::Matmul(Matmul { x, weight, bias, frac })))
    }

    /// The products of a fused matrix, which has no bias.
    fn parts<E, const N: usize>(
        &mut self,
        x: Value,
        name: &str,
        rows: [u32; N],
        frac: u8,
    ) -> Result<[Value; N], ImportError<E>> {
        let name = format!("{}.weight", self.name(name));
        let (of, mut first) = (rows.iter().sum(), 0);
        let mut values = [x; N];
        for (value, rows) in values.iter_mut().zip(rows) {
            let part = Part { first, rows, of };
            let id = self.tensors.part(&name, part, self.model.description.sizes.width)?;
            let weight = self.bind(id);
            *value = self.op(Op::Matmul(Matmul { x, weight, bias: None, frac }));
            first += rows;
        }
        Ok(values)
    }
}
