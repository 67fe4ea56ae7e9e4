//! The decoder that llama-like architectures share: norm, grouped-query attention with rope, gated
//! feed-forward.
//!
//! The widths of its rows are those of `docs/decisions/0001-widths.md`.

use canon::Format;
use canon::reference::Layout;
use program::ops::{
    Add, Attention, Embed, Hadamard, KvAppend, Logits, Matmul, Norm, Quantise, Rope, Sample,
    SiluGate,
};
use program::{
    AttributeSlot, Group, InputKind, Layer, Location, Op, Program, Template, Tensor, TensorId,
    TensorSlot, Value,
};

use super::{ImportError, ReadTensor, numbers};
use crate::dyadic::{Dyadic, F32Bits};
use crate::gguf::{Gguf, GgufError, TensorInfo, TensorType};
use crate::rope::{Factors, frequencies};

/// Fractional bits of the residual row.
const RESIDUAL_FRAC: u8 = 12;
/// Fractional bits of normalised rows and of query, key and value.
const ROW_FRAC: u8 = 16;
/// Fractional bits of the feed-forward's gated rows.
const GATE_FRAC: u8 = 12;
/// Fractional bits of logits.
const LOGITS_FRAC: u8 = 12;
/// The most positions the arithmetic allows.
const CONTEXT_MAX: u64 = 1 << 16;
/// The frequency base where the file gives none.
const DEFAULT_BASE: u64 = 10_000;

/// How architectures of this family differ.
pub(super) struct Variant {
    /// Which entries of a head rope turns together.
    pub(super) layout: Layout,
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
    refuse_variants(&keys)?;
    let sizes = sizes(&keys)?;
    let rope = rope_table(&keys, &sizes, read)?;
    let mut tensors = Tensors { gguf, list: Vec::new(), used: vec!["rope_freqs.weight".into()] };
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

/// Metadata keys of the file's architecture.
struct Keys<'g, 'a> {
    gguf: &'g Gguf<'a>,
    architecture: &'g str,
}

impl Keys<'_, '_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    fn number(&self, name: &str, most: u64) -> Result<u32, GgufError> {
        let found = self.gguf.required(&self.key(name))?.unsigned(1..=most)?;
        Ok(u32::try_from(found).expect("the ranges given here end below 2^32"))
    }

    fn number_or(&self, name: &str, most: u64, default: u32) -> Result<u32, GgufError> {
        match self.gguf.optional(&self.key(name)) {
            Some(field) => {
                let found = field.unsigned(0..=most)?;
                Ok(u32::try_from(found).expect("the ranges given here end below 2^32"))
            }
            None => Ok(default),
        }
    }

    fn dyadic_or(&self, name: &str, default: u64) -> Result<Dyadic, GgufError> {
        match self.gguf.optional(&self.key(name)) {
            Some(field) => field.dyadic(),
            None => Ok(Dyadic::from_integer(default)),
        }
    }
}

/// Keys that change the arithmetic in ways this program does not have.
fn refuse_variants<E>(keys: &Keys<'_, '_>) -> Result<(), ImportError<E>> {
    let refuse = |what: String, why| Err(ImportError::Unsupported { what, why });
    for (name, why) in [
        ("expert_count", "mixtures of experts come with a later release"),
        ("attn_logit_softcapping", "soft-capped scores come with a later release"),
        ("final_logit_softcapping", "soft-capped logits come with a later release"),
    ] {
        let key = keys.key(name);
        if let Some(field) = keys.gguf.optional(&key) {
            let zero = match field.dyadic() {
                Ok(number) => number.is_zero(),
                Err(_) => field.unsigned(0..=u64::MAX)? == 0,
            };
            if !zero {
                return refuse(key, why);
            }
        }
    }
    for name in ["attention.scale", "logit_scale", "residual_scale", "embedding_scale"] {
        let key = keys.key(name);
        if keys.gguf.optional(&key).is_some() {
            return refuse(key, "this scale is not part of the architecture as it is known here");
        }
    }
    Ok(())
}

fn sizes<E>(keys: &Keys<'_, '_>) -> Result<Sizes, ImportError<E>> {
    let width = keys.number("embedding_length", 1 << 17)?;
    let heads = keys.number("attention.head_count", 1024)?;
    let head_width = keys.number_or("attention.key_length", 1024, width / heads)?;
    let value_width = keys.number_or("attention.value_length", 1024, head_width)?;
    if value_width != head_width {
        let what = keys.key("attention.value_length");
        return Err(ImportError::Unsupported { what, why: "values are not as wide as keys" });
    }
    let table = keys.gguf.required_tensor("token_embd.weight")?;
    let vocabulary = u32::try_from(table.shape().rows()).unwrap_or(u32::MAX);
    let context =
        keys.gguf.required(&keys.key("context_length"))?.unsigned(1..=u64::from(u32::MAX))?;
    let epsilon = keys.gguf.required(&keys.key("attention.layer_norm_rms_epsilon"))?.dyadic()?;
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
        context_max: u32::try_from(context.min(CONTEXT_MAX)).expect("at most 2^16"),
        vocabulary,
        window: keys.number_or("attention.sliding_window", u64::from(u32::MAX), 0)?,
        eps,
    })
}

/// Frequencies with the scaling that does not depend on the length; other scaling is refused, for it
/// would make a token depend on what follows it.
fn rope_table<E>(
    keys: &Keys<'_, '_>,
    sizes: &Sizes,
    read: &mut ReadTensor<'_, E>,
) -> Result<Vec<u64>, ImportError<E>> {
    let base = keys.dyadic_or("rope.freq_base", DEFAULT_BASE)?;
    let kind = match keys.gguf.optional(&keys.key("rope.scaling.type")) {
        Some(field) => field.string(64)?,
        None => "none",
    };
    let factor = match kind {
        "none" => keys.dyadic_or("rope.scale_linear", 1)?,
        "linear" => keys.dyadic_or("rope.scaling.factor", 1)?,
        _ => {
            let what = format!("{} = {}", keys.key("rope.scaling.type"), kind.escape_default());
            let why = "only \"none\" and \"linear\" are known here";
            return Err(ImportError::Unsupported { what, why });
        }
    };
    let Some(tensor) = keys.gguf.tensor("rope_freqs.weight") else {
        return Ok(frequencies(base, sizes.rotary, Factors::Uniform(factor))?);
    };
    tensor.require_type(&[TensorType::F32])?;
    let name = tensor.name().to_owned();
    if tensor.shape().sizes().iter().product::<u64>() != u64::from(sizes.rotary / 2) {
        let (found, wanted) = (format!("{:?}", tensor.shape()), format!("[{}]", sizes.rotary / 2));
        return Err(ImportError::Shape { name, found, wanted });
    }
    let bytes = read(tensor).map_err(|source| ImportError::Read { name: name.clone(), source })?;
    let numbers =
        bytes.chunks_exact(4).map(|b| F32Bits(u32::from_le_bytes([b[0], b[1], b[2], b[3]])));
    let factors: Result<Vec<Dyadic>, _> = numbers.map(F32Bits::decode).collect();
    let factors = factors
        .map_err(|_| ImportError::Unsupported { what: name, why: "it has an infinity or a NaN" })?;
    Ok(frequencies(base, sizes.rotary, Factors::PerPair(&factors))?)
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
        let format = format_of(info)?;
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

fn format_of(info: &TensorInfo<'_>) -> Result<Format, GgufError> {
    /// How the types that can be used are read.
    const FORMATS: [(TensorType, Format); 5] = [
        (TensorType::F32, Format::F32),
        (TensorType::F16, Format::F16),
        (TensorType::Q4_0, Format::Q4_0),
        (TensorType::Q4_1, Format::Q4_1),
        (TensorType::Q8_0, Format::Q8_0),
    ];
    info.require_type(&FORMATS.map(|(kind, _)| kind))?;
    let found = FORMATS.iter().find(|(kind, _)| *kind == info.kind());
    Ok(found.expect("the type was just required to be one of these").1)
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
