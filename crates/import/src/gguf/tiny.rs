//! Tiny models made from a seed: whole GGUF files of a few hundred KiB, for tests.
//!
//! Their words mean nothing; their shapes, names, types and vocabulary are those of real files. The same
//! [`TinyModel`] is the same bytes, always and everywhere. They have only FORMATS, and no float arithmetic:
//! weights are made as bit patterns of moderate size (below 1 in magnitude, norm weights in 0.5..2).

use super::kind::TensorType;
use super::write::{GgufWriter, WriteValue};
use crate::dyadic::F32Bits;

/// The families whose files can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// SmolLM2, Llama, Mistral: interleaved RoPE, no biases.
    Llama,
    /// Half-split RoPE; query, key and value have biases.
    Qwen2,
    /// Half-split RoPE; query and key are normed head by head, and heads have a width of their own.
    Qwen3,
    /// Half-split RoPE of a part of the head; one matrix for query, key and value, one for gate and up.
    Phi3,
    /// Norms behind attention and feed-forward too, GELU, caps on scores and logits; every other layer has a window.
    Gemma2,
    /// Gemma 2 with normed query and key instead of the cap on scores; five of six layers have a window.
    Gemma3,
    /// Qwen 3 with experts for its feed-forward.
    Qwen3Moe,
    /// Ministral 3: the layers of Llama under another name.
    Mistral3,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Llama,
        Self::Qwen2,
        Self::Qwen3,
        Self::Qwen3Moe,
        Self::Phi3,
        Self::Gemma2,
        Self::Gemma3,
        Self::Mistral3,
    ];

    /// What `general.architecture` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Qwen3Moe => "qwen3moe",
            Self::Phi3 => "phi3",
            Self::Gemma2 => "gemma2",
            Self::Gemma3 => "gemma3",
            Self::Mistral3 => "mistral3",
        }
    }

    fn is_gemma(self) -> bool {
        matches!(self, Self::Gemma2 | Self::Gemma3)
    }

    /// Query and key are normed head by head.
    fn norms_heads(self) -> bool {
        matches!(self, Self::Qwen3 | Self::Qwen3Moe | Self::Gemma3)
    }
}

/// What to make; `width` and `feed_forward` must be multiples of 32, `width` of `heads`, `heads` of `kv_heads`.
#[derive(Clone, Debug)]
pub struct TinyModel {
    pub seed: u64,
    pub family: Family,
    pub layers: u32,
    pub width: u32,
    pub heads: u32,
    pub kv_heads: u32,
    /// Entries of a head; as many as `width` gives each where there is none.
    pub head_width: Option<u32>,
    /// Entries of a head that RoPE turns; all where there is none.
    pub rotary: Option<u32>,
    /// How many positions a layer with a window sees; no key says so where it is 0.
    pub window: u32,
    pub feed_forward: u32,
    /// Experts, whose gated rows have `feed_forward` entries; 0: none.
    pub experts: u32,
    /// How many of them each row goes to.
    pub experts_used: u32,
    pub context: u32,
    /// At least [`LEAST_VOCABULARY`].
    pub vocabulary: u32,
    /// The type of the layers' matrices.
    pub matrices: TensorType,
    /// The type of the embedding, which is the output matrix too when `tied`.
    pub embedding: TensorType,
    pub tied: bool,
    pub rope_base: F32Bits,
}

/// 3 control tokens, 256 bytes, and the merges.
pub const LEAST_VOCABULARY: u32 = 3 + 256 + 5;

/// In the order they apply; each makes a token.
const MERGES: [(&str, &str); 5] = [("h", "e"), ("l", "l"), ("Ġ", "t"), ("he", "ll"), ("hell", "o")];

const CHAT_TEMPLATE: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// Much less than any real cap, so that it shows.
const F32_ONE: F32Bits = F32Bits(0x3f80_0000);
const F32_100_000: F32Bits = F32Bits(0x47c3_5000);
const F32_1E_MINUS_5: F32Bits = F32Bits(0x3727_c5ac);

impl TinyModel {
    /// Two layers of SmolLM2's kind: grouped heads, Q4_1 matrices, a tied Q8_0 embedding.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            family: Family::Llama,
            layers: 2,
            width: 64,
            heads: 4,
            kv_heads: 2,
            head_width: None,
            rotary: None,
            window: 0,
            feed_forward: 96,
            experts: 0,
            experts_used: 0,
            context: 256,
            vocabulary: 288,
            matrices: TensorType::Q4_1,
            embedding: TensorType::Q8_0,
            tied: true,
            rope_base: F32_100_000,
        }
    }

    /// The smallest of a family that has all that sets the family apart, in heads of 32, which engines can run.
    pub fn of(family: Family, seed: u64) -> Self {
        let plain =
            Self { family, heads: 2, kv_heads: 1, matrices: TensorType::Q8_0, ..Self::new(seed) };
        match family {
            Family::Llama | Family::Qwen2 | Family::Mistral3 => plain,
            Family::Qwen3 => Self { heads: 4, kv_heads: 2, head_width: Some(32), ..plain },
            Family::Qwen3Moe => {
                let experts = Self { experts: 8, experts_used: 3, feed_forward: 64, ..plain };
                Self { heads: 4, kv_heads: 2, head_width: Some(32), ..experts }
            }
            Family::Phi3 => Self { rotary: Some(24), window: 24, tied: false, ..plain },
            Family::Gemma2 => {
                Self { layers: 4, heads: 4, kv_heads: 2, head_width: Some(32), window: 24, ..plain }
            }
            Family::Gemma3 => {
                Self { layers: 7, heads: 4, kv_heads: 2, head_width: Some(32), window: 24, ..plain }
            }
        }
    }

    fn head(&self) -> u32 {
        self.head_width.unwrap_or(self.width / self.heads)
    }

    /// The file's bytes.
    pub fn write(&self) -> Vec<u8> {
        self.writer().finish()
    }

    /// The file in the making, for tests that need another one.
    pub fn writer(&self) -> GgufWriter {
        let mut maker = Maker { random: Random(self.seed), writer: GgufWriter::new() };
        self.metadata(&mut maker);
        self.vocabulary(&mut maker);
        let width = self.width;
        maker.matrix("token_embd.weight", width, self.vocabulary, self.embedding);
        for layer in 0..self.layers {
            self.layer(&mut maker, layer);
        }
        maker.vector("output_norm.weight", width, VectorKind::Norm);
        if !self.tied {
            maker.matrix("output.weight", width, self.vocabulary, self.embedding);
        }
        maker.writer
    }

    fn metadata(&self, maker: &mut Maker) {
        let family = self.family.name();
        maker.put("general.architecture", family);
        maker.put("general.name", "tiny");
        let key = |name: &str| format!("{family}.{name}");
        for (name, value) in [
            ("block_count", self.layers),
            ("context_length", self.context),
            ("embedding_length", self.width),
            ("feed_forward_length", self.feed_forward),
            ("attention.head_count", self.heads),
            ("attention.head_count_kv", self.kv_heads),
            ("rope.dimension_count", self.rotary.unwrap_or(self.head())),
            ("vocab_size", self.vocabulary),
        ] {
            maker.put(&key(name), value);
        }
        if let Some(width) = self.head_width {
            maker.put(&key("attention.key_length"), width);
            maker.put(&key("attention.value_length"), width);
        }
        if self.experts > 0 {
            maker.put(&key("expert_count"), self.experts);
            maker.put(&key("expert_used_count"), self.experts_used);
        }
        if self.family == Family::Qwen3Moe {
            maker.put(&key("expert_feed_forward_length"), self.feed_forward);
        }
        if self.window > 0 {
            maker.put(&key("attention.sliding_window"), self.window);
        }
        if self.family == Family::Gemma2 {
            maker.put(&key("attn_logit_softcapping"), F32_ONE);
        }
        if self.family.is_gemma() {
            maker.put(&key("final_logit_softcapping"), F32_ONE);
        }
        maker.put(&key("rope.freq_base"), self.rope_base);
        maker.put(&key("attention.layer_norm_rms_epsilon"), F32_1E_MINUS_5);
    }

    fn vocabulary(&self, maker: &mut Maker) {
        const CONTROL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
        let mut tokens: Vec<String> = CONTROL.map(str::to_owned).into();
        tokens.extend(byte_characters().map(String::from));
        tokens.extend(MERGES.iter().map(|(left, right)| format!("{left}{right}")));
        let used = tokens.len();
        tokens.extend((used..self.vocabulary as usize).map(|id| format!("<unused{id}>")));
        let kind = |id| {
            if id < CONTROL.len() {
                3
            } else if id < used {
                1
            } else {
                5
            }
        };
        let kinds = (0..tokens.len()).map(kind);
        let merges: Vec<String> =
            MERGES.iter().map(|(left, right)| format!("{left} {right}")).collect();

        maker.put("tokenizer.ggml.model", "gpt2");
        maker.put("tokenizer.ggml.pre", "smollm");
        maker.put("tokenizer.ggml.tokens", WriteValue::strings(tokens.iter().map(String::as_str)));
        maker.put("tokenizer.ggml.token_type", WriteValue::i32s(kinds));
        maker.put("tokenizer.ggml.merges", WriteValue::strings(merges.iter().map(String::as_str)));
        maker.put("tokenizer.ggml.bos_token_id", 1);
        maker.put("tokenizer.ggml.eos_token_id", 2);
        maker.put("tokenizer.ggml.unknown_token_id", 0);
        maker.put("tokenizer.ggml.padding_token_id", 2);
        maker.put("tokenizer.ggml.add_bos_token", false);
        maker.put("tokenizer.chat_template", CHAT_TEMPLATE);
    }

    fn layer(&self, maker: &mut Maker, layer: u32) {
        let name = |part: &str| format!("blk.{layer}.{part}");
        let (width, inner, kind) = (self.width, self.feed_forward, self.matrices);
        let (q_width, kv_width) = (self.head() * self.heads, self.head() * self.kv_heads);
        maker.vector(&name("attn_norm.weight"), width, VectorKind::Norm);
        let apart = [("attn_q", q_width), ("attn_k", kv_width), ("attn_v", kv_width)];
        let fused = [("attn_qkv", q_width + 2 * kv_width)];
        let parts = if self.family == Family::Phi3 { &fused[..] } else { &apart[..] };
        for (part, rows) in parts {
            maker.matrix(&name(&format!("{part}.weight")), width, *rows, kind);
            if self.family == Family::Qwen2 {
                maker.vector(&name(&format!("{part}.bias")), *rows, VectorKind::Bias);
            }
        }
        if self.family.norms_heads() {
            maker.vector(&name("attn_q_norm.weight"), self.head(), VectorKind::Norm);
            maker.vector(&name("attn_k_norm.weight"), self.head(), VectorKind::Norm);
        }
        maker.matrix(&name("attn_output.weight"), q_width, width, kind);
        if self.family.is_gemma() {
            maker.vector(&name("post_attention_norm.weight"), width, VectorKind::Norm);
        }
        maker.vector(&name("ffn_norm.weight"), width, VectorKind::Norm);
        if self.experts > 0 {
            maker.matrix(&name("ffn_gate_inp.weight"), width, self.experts, TensorType::F32);
            maker.experts(&name("ffn_gate_exps.weight"), [width, inner, self.experts], kind);
            maker.experts(&name("ffn_up_exps.weight"), [width, inner, self.experts], kind);
            maker.experts(&name("ffn_down_exps.weight"), [inner, width, self.experts], kind);
        } else if self.family == Family::Phi3 {
            maker.matrix(&name("ffn_up.weight"), width, 2 * inner, kind);
            maker.matrix(&name("ffn_down.weight"), inner, width, kind);
        } else {
            maker.matrix(&name("ffn_gate.weight"), width, inner, kind);
            maker.matrix(&name("ffn_up.weight"), width, inner, kind);
            maker.matrix(&name("ffn_down.weight"), inner, width, kind);
        }
        if self.family.is_gemma() {
            maker.vector(&name("post_ffw_norm.weight"), width, VectorKind::Norm);
        }
    }
}

/// A small deterministic generator (SplitMix64), for test data only.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    #[expect(clippy::should_implement_trait, reason = "an endless source, no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0 (the slight unevenness does not matter here).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn below_u32(&mut self, bound: u32) -> u32 {
        u32::try_from(self.below(bound.into())).expect("below a u32")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[7]
    }

    /// An f16 of random sign in 2^-low .. 2^(1-low), for low in 1..=14.
    fn f16(&mut self, low: u32, signed: bool) -> [u8; 2] {
        let sign = if signed { self.below_u32(2) << 15 } else { 0 };
        let bits = sign | (15 - low) << 10 | self.below_u32(1 << 10);
        u16::try_from(bits).expect("16 bits").to_le_bytes()
    }

    /// An f32 of random sign in 2^-low .. 2^(1-low).
    fn f32(&mut self, low: u32, signed: bool) -> [u8; 4] {
        let sign = if signed { self.below_u32(2) << 31 } else { 0 };
        (sign | (127 - low) << 23 | self.below_u32(1 << 23)).to_le_bytes()
    }
}

struct Maker {
    random: Random,
    writer: GgufWriter,
}

#[derive(Clone, Copy)]
enum VectorKind {
    Norm,
    Bias,
}

impl Maker {
    fn put(&mut self, key: &str, value: impl Into<WriteValue>) {
        self.writer = std::mem::take(&mut self.writer).metadata(key, value);
    }

    fn tensor(&mut self, name: &str, sizes: &[u64], kind: TensorType, data: Vec<u8>) {
        self.writer = std::mem::take(&mut self.writer).tensor(name, sizes, kind, data);
    }

    fn vector(&mut self, name: &str, length: u32, kind: VectorKind) {
        let random = &mut self.random;
        let data = (0..length).flat_map(|_| match kind {
            VectorKind::Norm => {
                let low = random.below_u32(2);
                random.f32(low, false)
            }
            VectorKind::Bias => {
                let low = 3 + random.below_u32(4);
                random.f32(low, true)
            }
        });
        let data = data.collect();
        self.tensor(name, &[length.into()], TensorType::F32, data);
    }

    fn matrix(&mut self, name: &str, row: u32, rows: u32, kind: TensorType) {
        let data = self.blocks(&[row.into(), rows.into()], kind);
        self.tensor(name, &[row.into(), rows.into()], kind, data);
    }

    /// A matrix for every expert: the sizes are a row's, an expert's rows, the experts.
    fn experts(&mut self, name: &str, sizes: [u32; 3], kind: TensorType) {
        let sizes = sizes.map(u64::from);
        let data = self.blocks(&sizes, kind);
        self.tensor(name, &sizes, kind, data);
    }

    fn blocks(&mut self, sizes: &[u64], kind: TensorType) -> Vec<u8> {
        let mut data = Vec::new();
        for _ in 0..sizes.iter().product::<u64>() / kind.block_numbers() {
            self.block(kind, &mut data);
        }
        data
    }

    /// Numbers below about a half in magnitude, so that a sum over a row stays moderate.
    fn block(&mut self, kind: TensorType, out: &mut Vec<u8>) {
        let random = &mut self.random;
        let low = 3 + random.below_u32(4);
        if kind == TensorType::F32 {
            out.extend(random.f32(low, true));
        } else if kind == TensorType::F16 {
            out.extend(random.f16(low, true));
        } else if kind == TensorType::Q8_0 {
            out.extend(random.f16(low + 6, false));
            out.extend((0..32).map(|_| random.byte()));
        } else if kind == TensorType::Q4_0 {
            out.extend(random.f16(low + 2, true));
            out.extend((0..16).map(|_| random.byte()));
        } else if kind == TensorType::Q4_1 {
            // A minimum of about minus half the range, as in real blocks.
            let (scale, minimum) = (random.f16(low + 3, false), random.f16(low, false));
            out.extend(scale);
            out.extend([minimum[0], minimum[1] | 0x80]);
            out.extend((0..16).map(|_| random.byte()));
        } else if kind == TensorType::Bf16 {
            out.extend(&random.f32(low, true)[2..]);
        } else {
            span(kind, random, out);
        }
    }
}

/// The numbers of types of quants that have theirs among other bytes: where each is, 2^-low for its size, and
/// whether it may be negative, or must be. The weights stay below about a half.
const SPANS: [(TensorType, &[Number]); 9] = [
    (TensorType::Q5_0, &[(0, 7, Sign::Any)]),
    (TensorType::Q5_1, &[(0, 8, Sign::Plus), (2, 4, Sign::Minus)]),
    (TensorType::Iq4Nl, &[(0, 10, Sign::Any)]),
    (TensorType::Iq4Xs, &[(0, 14, Sign::Any)]),
    (TensorType::Q2K, &[(80, 7, Sign::Plus), (82, 7, Sign::Plus)]),
    (TensorType::Q3K, &[(108, 9, Sign::Any)]),
    (TensorType::Q4K, &[(0, 12, Sign::Plus), (2, 9, Sign::Plus)]),
    (TensorType::Q5K, &[(0, 13, Sign::Plus), (2, 9, Sign::Plus)]),
    (TensorType::Q6K, &[(208, 14, Sign::Any)]),
];

/// A block of one of those types: any other bytes.
fn span(kind: TensorType, random: &mut Random, out: &mut Vec<u8>) {
    let Some((_, numbers)) = SPANS.iter().find(|(known, _)| *known == kind) else {
        panic!("no tiny models of type {kind}: add its block here")
    };
    let start = out.len();
    out.extend((0..kind.block_bytes()).map(|_| random.byte()));
    for (at, low, sign) in *numbers {
        let mut number = random.f16(*low, *sign == Sign::Any);
        if *sign == Sign::Minus {
            number[1] |= 0x80;
        }
        out[start + at..start + at + 2].copy_from_slice(&number);
    }
}

type Number = (usize, u32, Sign);

/// Of a number of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Any,
    Plus,
    Minus,
}

/// The characters that stand for the bytes in byte-level BPE, in byte order: printable ones for themselves, the
/// others from U+0100 on.
fn byte_characters() -> impl Iterator<Item = char> {
    let mut next = 0x100;
    (0u8..=255).map(move |byte| match byte {
        b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => char::from(byte),
        _ => {
            next += 1;
            char::from_u32(next - 1).expect("below U+0200")
        }
    })
}
