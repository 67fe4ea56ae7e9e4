//! Tensors of safetensors files by the names that GGUF gives them.
//!
//! Never gives a tensor that the configuration says the model has not, and never passes over one, but for those that the
//! model's own code makes anew or takes from elsewhere: [`Passed`].

use std::collections::BTreeMap;

use super::FolderError;
use super::config::Model;
use crate::architectures::ImportError;
use crate::safetensors::{Header, TensorInfo};

/// How names of a layer's tensors are translated: GGUF's, and that of the files.
pub(super) type Names = &'static [(&'static str, &'static str)];

/// What stands before a layer's number in GGUF files.
const BLOCK: &str = "blk.";

/// Names that Llama and its kin share.
pub(super) const PLAIN: Names = &[
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_qkv", "self_attn.qkv_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// Phi 3's, where gate and up are one matrix.
pub(super) const FUSED: Names = &[
    ("attn_norm", "input_layernorm"),
    ("attn_qkv", "self_attn.qkv_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_up", "mlp.gate_up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// Gemma's, with norms on both sides.
pub(super) const GEMMA: Names = &[
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("post_attention_norm", "post_attention_layernorm"),
    ("ffn_norm", "pre_feedforward_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
];

/// The beginnings of names under which the parts of a model that reads text stand.
const TEXT_PREFIXES: [&str; 3] = ["model.", "language_model.model.", "model.language_model."];

/// What is passed over: the ends of names, and their beginnings in a model that sees, too.
struct Passed;

impl Passed {
    /// Buffers that old files have, and the model's code makes anew.
    const ENDS: [&str; 1] = [".rotary_emb.inv_freq"];
    /// The part that sees.
    const SIGHT: [&str; 5] = [
        "vision_tower.",
        "multi_modal_projector.",
        "model.vision_tower.",
        "model.multi_modal_projector.",
        "vision_model.",
    ];
}

/// The tensors of all files, by name.
pub(crate) struct Named<'h> {
    tensors: BTreeMap<&'h str, (u16, &'h TensorInfo)>,
    /// What stands before the names of layers, and before that of the output matrix.
    prefix: &'static str,
    names: Names,
    biases: Vec<&'static str>,
    tied: bool,
}

impl<'h> Named<'h> {
    /// Looks at all files of a model.
    pub(super) fn new(headers: &'h [Header], model: &Model<'_>) -> Result<Self, FolderError> {
        let mut tensors = BTreeMap::new();
        for (file, header) in (0..).zip(headers) {
            for tensor in header.tensors() {
                if passed_over(tensor.name(), model) {
                    continue;
                }
                if tensors.insert(tensor.name(), (file, tensor)).is_some() {
                    return Err(FolderError::Twice { name: tensor.name().to_owned() });
                }
            }
        }
        let has = |prefix: &&str| tensors.contains_key([*prefix, EMBEDDING].concat().as_str());
        let prefix = TEXT_PREFIXES.into_iter().find(|prefix| has(prefix)).unwrap_or("model.");
        let output = output_name(prefix);
        if model.tied() {
            // The model's code takes the embedding, whatever lies here.
            tensors.remove(output);
        }
        Ok(Self {
            tensors,
            prefix,
            names: model.names(),
            biases: model.biases().to_vec(),
            tied: model.tied(),
        })
    }

    /// Which file has a tensor, and where.
    pub(crate) fn find(&self, name: &str) -> Option<(u16, &'h TensorInfo)> {
        self.tensors.get(self.translated(name)?.as_str()).copied()
    }

    /// Whether the model has a tensor by this name, or should have.
    pub(crate) fn has(&self, name: &str) -> bool {
        match name.strip_prefix(BLOCK).and_then(|rest| rest.split_once('.')) {
            Some((_, part)) => match part.strip_suffix(".bias") {
                Some(part) => self.biases.contains(&part),
                None => self.find(name).is_some(),
            },
            None => (name == "output.weight" && !self.tied) || self.find(name).is_some(),
        }
    }

    /// A tensor that must be there.
    pub(crate) fn required<E>(&self, name: &str) -> Result<(u16, &'h TensorInfo), ImportError<E>> {
        let missing = || ImportError::Missing {
            name: self.translated(name).unwrap_or_else(|| name.to_owned()),
        };
        self.find(name).ok_or_else(missing)
    }

    /// How many rows a tensor has.
    pub(super) fn rows(&self, name: &str) -> Result<u64, FolderError> {
        let (_, tensor) = self.required(name)?;
        Ok(tensor.shape().first().copied().unwrap_or(0))
    }

    /// The names that are not passed over, as the files have them.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'h str> {
        self.tensors.keys().copied()
    }

    /// The name that the files have for one of GGUF's.
    fn translated(&self, name: &str) -> Option<String> {
        let prefix = self.prefix;
        if let Some((layer, part)) = name.strip_prefix(BLOCK).and_then(|rest| rest.split_once('.'))
        {
            let (part, kind) = part.rsplit_once('.')?;
            let (_, part) = self.names.iter().find(|(known, _)| *known == part)?;
            return Some(format!("{prefix}layers.{layer}.{part}.{kind}"));
        }
        match name {
            "token_embd.weight" => Some([prefix, EMBEDDING].concat()),
            "output_norm.weight" => Some([prefix, "norm.weight"].concat()),
            "output.weight" => Some(output_name(prefix).to_owned()),
            _ => None,
        }
    }
}

const EMBEDDING: &str = "embed_tokens.weight";

fn output_name(prefix: &str) -> &'static str {
    match prefix {
        "language_model.model." => "language_model.lm_head.weight",
        _ => "lm_head.weight",
    }
}

fn passed_over(name: &str, model: &Model<'_>) -> bool {
    Passed::ENDS.iter().any(|end| name.ends_with(end))
        || (model.sees() && Passed::SIGHT.iter().any(|beginning| name.starts_with(beginning)))
}
