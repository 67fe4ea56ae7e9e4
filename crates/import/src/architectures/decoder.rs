//! The decoder that llama-like architectures share: norm, grouped-query attention with rope, gated
//! feed-forward.
//!
//! The widths of its rows are those of `docs/decisions/0001-widths.md`.

use canon::reference::Layout;
use program::ops::{
    Add, Attention, Embed, Hadamard, KvAppend, Logits, Matmul, Norm, Quantise, Rope, Sample,
    SiluGate,
};
use program::{
    AttributeSlot, Group, InputKind, Layer, Location, Op, Program, Template, Tensor, TensorId,
    TensorSlot, Value,
};

use super::keys::Keys;
use super::{ImportError, ReadTensor, numbers, rotation};
use crate::gguf::{Gguf, TensorInfo};

/// Fractional bits of the residual row.
const RESIDUAL_FRAC: u8 = 12;
/// Fractional bits of normalised rows and of query, key and value.
const ROW_FRAC: u8 = 16;
/// Fractional bits of the feed-forward's gated rows.
const GATE_FRAC: u8 = 12;
/// Fractional bits of logits.
const LOGITS_FRAC: u8 = 12;

/// How architectures of this family differ.
pub(super) struct Variant {
    /// Which entries of a head rope turns together.
    pub(super) layout: Layout,
    /// A tensor of factors per pair may divide the frequencies of rope.
    pub(super) rope_factors: bool,
    /// A window, where there is one, is every layer's.
    pub(super) window: bool,
}

/// The numbers of the header.
struct Sizes {
    layers: u32,
    width: u32,
    hidden: u32,
    heads: u32,
    kv_heads: u32,
    head_width: u32,
    rotary: u32,
    context_max: u32,
    vocabulary: u32,
    window: u32,
    eps: u64,
}

/// Builds the program.
pub(super) fn build<E>(
    gguf: &Gguf<'_>,
    architecture: &str,
    variant: &Variant,
    read: &mut ReadTensor<'_, E>,
) -> Result<Program, ImportError<E>> {
    let keys = Keys { gguf, architecture };
    let sizes = sizes(&keys, variant)?;
    let rope = rotation::table(&keys, sizes.rotary, variant.rope_factors, read)?;
    keys.refuse_unknown()?;
    let mut tensors = Tensors { gguf, list: Vec::new(), used: Vec::new() };
    if variant.rope_factors {
        tensors.used.push(rotation::FACTORS.into());
    }
    let table = tensors.matrix("token_embd.weight", sizes.vocabulary, sizes.width)?;
    let mut template = None;
    let mut layers = Vec::new();
    for layer in 0..sizes.layers {
        let (this, bound) = layer_of(&mut tensors, &sizes, variant, layer)?;
        if template.get_or_insert_with(|| this.clone()) != &this {
            let what = format!("blk.{layer}");
            return Err(ImportError::Unsupported { what, why: "it has other tensors than blk.0" });
        }
        layers.push(bound);
    }
    let gain = tensors.vector("output_norm.weight", sizes.width)?;
    let output = match tensors.optional("output.weight") {
        Some(_) => tensors.matrix("output.weight", sizes.vocabulary, sizes.width)?,
        None => table,
    };
    tensors.refuse_unread()?;
    let template = template.expect("there is a layer: the key's range starts at 1");
    let embed = Embed { token: Value(0), table: TensorSlot(0), frac: RESIDUAL_FRAC };
    let norm = Norm {
        x: Value(0),
        gain: TensorSlot(0),
        eps: sizes.eps,
        width: sizes.width,
        frac: ROW_FRAC,
    };
    let end = vec![
        Op::Norm(norm),
        Op::Quantise(Quantise { x: Value(1), kind: InputKind::A8 }),
        Op::Logits(Logits { x: Value(2), weight: TensorSlot(1), frac: LOGITS_FRAC }),
        Op::Sample(Sample { logits: Value(3) }),
    ];
    Ok(Program {
        arithmetic_version: program::check::ARITHMETIC_VERSION,
        context_max: sizes.context_max,
        vocabulary: sizes.vocabulary,
        tensors: tensors.list,
        rope_tables: vec![rope],
        prologue: single(vec![Op::Embed(embed)], vec![table]),
        groups: vec![Group { template, layers }],
        epilogue: single(end, vec![gain, output]),
    })
}

fn single(ops: Vec<Op>, tensors: Vec<TensorId>) -> Group {
    let output = Value(u16::try_from(ops.len()).expect("a handful of ops"));
    let layer = Layer { tensors, attributes: Vec::new() };
    Group { template: Template { ops, output }, layers: vec![layer] }
}

fn sizes<E>(keys: &Keys<'_, '_>, variant: &Variant) -> Result<Sizes, ImportError<E>> {
    let width = keys.number("embedding_length", 1 << 17)?;
    let heads = keys.number("attention.head_count", 1024)?;
    let head_width = keys.number_or("attention.key_length", 1024, width / heads)?;
    let value_width = keys.number_or("attention.value_length", 1024, head_width)?;
    if value_width != head_width {
        let what = keys.key("attention.value_length");
        return Err(ImportError::Unsupported { what, why: "values are not as wide as keys" });
    }
    if keys.number_or("attention.head_dim", 1024, head_width)? != head_width {
        let what = keys.key("attention.head_dim");
        return Err(ImportError::Unsupported { what, why: "heads are not as wide as keys" });
    }
    let table = keys.gguf.required_tensor("token_embd.weight")?;
    let vocabulary = u32::try_from(table.shape().rows()).unwrap_or(u32::MAX);
    let context = keys.number("context_length", u32::MAX)?;
    let window = keys.number_or("attention.sliding_window", u32::MAX, 0)?;
    if !variant.window && (1..context).contains(&window) {
        let what = keys.key("attention.sliding_window");
        return Err(ImportError::Unsupported {
            what,
            why: "the file can't say which layers have it",
        });
    }
    let epsilon = keys.required("attention.layer_norm_rms_epsilon")?.dyadic()?;
    let eps = numbers::eps(epsilon, width, RESIDUAL_FRAC).ok_or_else(|| {
        let what = keys.key("attention.layer_norm_rms_epsilon");
        ImportError::Unsupported { what, why: "it is negative or too large" }
    })?;
    Ok(Sizes {
        layers: keys.number("block_count", 1024)?,
        width,
        hidden: keys.number("feed_forward_length", 1 << 17)?,
        heads,
        kv_heads: keys.number_or("attention.head_count_kv", 1024, heads)?,
        head_width,
        rotary: keys.number_or("rope.dimension_count", 1024, head_width)?,
        context_max: context.min(program::limits::CONTEXT_MAX),
        vocabulary,
        window,
        eps,
    })
}

/// Takes tensors out of the file in order, and knows which were taken.
struct Tensors<'g, 'a> {
    gguf: &'g Gguf<'a>,
    list: Vec<Tensor>,
    used: Vec<String>,
}

impl<'a> Tensors<'_, 'a> {
    fn optional(&self, name: &str) -> Option<&TensorInfo<'a>> {
        self.gguf.tensor(name)
    }

    fn matrix<E>(
        &mut self,
        name: &str,
        rows: u32,
        columns: u32,
    ) -> Result<TensorId, ImportError<E>> {
        self.take(name, rows, columns, &[u64::from(columns), u64::from(rows)])
    }

    fn vector<E>(&mut self, name: &str, columns: u32) -> Result<TensorId, ImportError<E>> {
        self.take(name, 1, columns, &[u64::from(columns)])
    }

    fn take<E>(
        &mut self,
        name: &str,
        rows: u32,
        columns: u32,
        wanted: &[u64],
    ) -> Result<TensorId, ImportError<E>> {
        let info = self.gguf.required_tensor(name)?;
        let ones = info.shape().sizes().iter().skip(wanted.len()).all(|size| *size == 1);
        if !info.shape().sizes().starts_with(wanted) || !ones {
            let (found, wanted) = (format!("{:?}", info.shape()), format!("{wanted:?}"));
            return Err(ImportError::Shape { name: name.into(), found, wanted });
        }
        let location = Location { file: 0, offset: info.offset() };
        let format = info.format()?;
        self.list.push(Tensor { name: name.into(), format, rows, columns, location });
        self.used.push(name.into());
        Ok(TensorId(u32::try_from(self.list.len() - 1).expect("the reader limits tensors")))
    }

    fn refuse_unread<E>(&self) -> Result<(), ImportError<E>> {
        let used: std::collections::BTreeSet<&str> = self.used.iter().map(String::as_str).collect();
        match self.gguf.tensors().iter().find(|tensor| !used.contains(tensor.name())) {
            Some(tensor) => Err(ImportError::Unsupported {
                what: format!("tensor {}", tensor.name()),
                why: "nothing of the architecture as it is known here reads it",
            }),
            None => Ok(()),
        }
    }
}

/// A layer's template and what it binds.
fn layer_of<E>(
    tensors: &mut Tensors<'_, '_>,
    sizes: &Sizes,
    variant: &Variant,
    layer: u32,
) -> Result<(Template, Layer), ImportError<E>> {
    let mut build = Builder { tensors, bound: Vec::new(), ops: Vec::new(), layer };
    let heads = sizes.heads * sizes.head_width;
    let kv_heads = sizes.kv_heads * sizes.head_width;
    let x = build.norm(Value(0), "attn_norm.weight", sizes)?;
    let q = build.matmul(x, "attn_q", heads, sizes.width, ROW_FRAC)?;
    let k = build.matmul(x, "attn_k", kv_heads, sizes.width, ROW_FRAC)?;
    let v = build.matmul(x, "attn_v", kv_heads, sizes.width, ROW_FRAC)?;
    let rope = |x| {
        let (table, head_width) = (AttributeSlot(0), sizes.head_width);
        Op::Rope(Rope { x, table, head_width, rotary: sizes.rotary, layout: variant.layout })
    };
    let (q, k) = (build.op(rope(q)), build.op(rope(k)));
    // Spreads outliers over the head before it becomes int8; a score does not change by it.
    let width = 1 << sizes.head_width.trailing_zeros();
    let hadamard = |x| Op::Hadamard(Hadamard { x, width });
    let (q, k) = (build.op(hadamard(q)), build.op(hadamard(k)));
    let kv = build.op(Op::KvAppend(KvAppend { k, v, head_width: sizes.head_width }));
    let (scale, scale_exponent) = numbers::attention_scale(sizes.head_width, width);
    let window = AttributeSlot(1);
    let attention = Attention { q, kv, scale, scale_exponent, window, frac: ROW_FRAC };
    let attended = build.op(Op::Attention(attention));
    let x = build.op(Op::Quantise(Quantise { x: attended, kind: InputKind::A8 }));
    let out = build.matmul(x, "attn_output", sizes.width, heads, RESIDUAL_FRAC)?;
    let middle = build.op(Op::Add(Add { a: Value(0), b: out }));
    let x = build.norm(middle, "ffn_norm.weight", sizes)?;
    let gate = build.matmul(x, "ffn_gate", sizes.hidden, sizes.width, GATE_FRAC)?;
    let up = build.matmul(x, "ffn_up", sizes.hidden, sizes.width, GATE_FRAC)?;
    let gated = build.op(Op::SiluGate(SiluGate { gate, up, frac: GATE_FRAC }));
    let x = build.op(Op::Quantise(Quantise { x: gated, kind: InputKind::A8 }));
    let down = build.matmul(x, "ffn_down", sizes.width, sizes.hidden, RESIDUAL_FRAC)?;
    let output = build.op(Op::Add(Add { a: middle, b: down }));
    let bound = Layer { tensors: build.bound, attributes: vec![0, sizes.window] };
    Ok((Template { ops: build.ops, output }, bound))
}

/// Ops of a layer in order, with the tensors they take.
struct Builder<'t, 'g, 'a> {
    tensors: &'t mut Tensors<'g, 'a>,
    bound: Vec<TensorId>,
    ops: Vec<Op>,
    layer: u32,
}

impl Builder<'_, '_, '_> {
    fn op(&mut self, op: Op) -> Value {
        self.ops.push(op);
        Value(u16::try_from(self.ops.len()).expect("a handful of ops"))
    }

    fn bind(&mut self, id: TensorId) -> TensorSlot {
        self.bound.push(id);
        TensorSlot(u16::try_from(self.bound.len() - 1).expect("a handful of tensors"))
    }

    /// A norm and its quantised row.
    fn norm<E>(&mut self, x: Value, gain: &str, sizes: &Sizes) -> Result<Value, ImportError<E>> {
        let name = format!("blk.{}.{gain}", self.layer);
        let id = self.tensors.vector(&name, sizes.width)?;
        let gain = self.bind(id);
        let norm = Norm { x, gain, eps: sizes.eps, width: sizes.width, frac: ROW_FRAC };
        let x = self.op(Op::Norm(norm));
        Ok(self.op(Op::Quantise(Quantise { x, kind: InputKind::A8 })))
    }

    fn matmul<E>(
        &mut self,
        x: Value,
        name: &str,
        rows: u32,
        columns: u32,
        frac: u8,
    ) -> Result<Value, ImportError<E>> {
        let name = format!("blk.{}.{name}", self.layer);
        let id = self.tensors.matrix(&format!("{name}.weight"), rows, columns)?;
        let weight = self.bind(id);
        let bias_name = format!("{name}.bias");
        let bias = match self.tensors.optional(&bias_name) {
            Some(_) => {
                let id = self.tensors.vector(&bias_name, rows)?;
                Some(self.bind(id))
            }
            None => None,
        };
        Ok(self.op(Op::Matmul(Matmul { x, weight, bias, frac })))
    }
}
