//! `config.json`: which architecture, and its numbers.
//!
//! Never passes over a member that it doesn't know ([`INFORMS`] has those that no number depends on): it may change the
//! arithmetic. A default stands only where transformers has it for the same architecture, whose files leave it out.

use canon::reference::Layout;

use super::members::Members;
use super::names::{self, Names};
use super::windows::{WINDOW, Windows};
use super::{CONFIG, FolderError, rope};
use crate::architectures::decoder::{LOGITS_FRAC, Variant};
use crate::architectures::description::{Description, bad_cap};
use crate::architectures::rotation::{Factors, Rule};
use crate::architectures::sizes::Sizes;
use crate::architectures::{gemma2, gemma3, llama, numbers, phi3, qwen2, qwen3};
use crate::dyadic::Dyadic;
use crate::json::Json;

/// An architecture as these files have it.
struct Architecture {
    /// What `model_type` calls it.
    name: &'static str,
    /// The class of its answers, as `architectures` names it.
    class: &'static str,
    variant: Variant,
    names: Names,
    windows: Windows,
    /// The output matrix is the embedding where the file doesn't say.
    tied: bool,
    biases: Biases,
    /// Sizes that files leave out, as transformers has them.
    defaults: &'static [(&'static str, u32)],
}

/// Which products of a layer have biases.
#[derive(Clone, Copy)]
enum Biases {
    /// None.
    None,
    /// Query, key and value.
    Qkv,
    /// Those and attention's output if `attention_bias`, the feed-forward's if `mlp_bias`.
    AsSaid,
}

/// A variant of the decoder as these files have it: every head's entries in halves, and no tensor of factors.
const fn unpermuted(variant: Variant) -> Variant {
    Variant { layout: Layout::Half, factors: Factors::None, ..variant }
}

/// Gemma's: its gains are one less than what they stand for.
const fn gemma(variant: Variant) -> Variant {
    Variant { gains_less_one: true, ..unpermuted(variant) }
}

/// What Llama and its kin share.
const LLAMA: Architecture = Architecture {
    name: "llama",
    class: "LlamaForCausalLM",
    variant: unpermuted(llama::VARIANT),
    names: names::PLAIN,
    windows: Windows::None,
    tied: false,
    biases: Biases::AsSaid,
    defaults: &[],
};

const ARCHITECTURES: &[Architecture] = &[
    LLAMA,
    Architecture {
        name: "mistral",
        class: "MistralForCausalLM",
        windows: Windows::All { or: Some(WINDOW) },
        biases: Biases::None,
        ..LLAMA
    },
    Architecture {
        name: "ministral3",
        class: "Ministral3ForCausalLM",
        windows: Windows::All { or: None },
        biases: Biases::None,
        ..LLAMA
    },
    Architecture {
        name: "qwen2",
        class: "Qwen2ForCausalLM",
        variant: unpermuted(qwen2::VARIANT),
        windows: Windows::Later,
        biases: Biases::Qkv,
        ..LLAMA
    },
    Architecture {
        name: "qwen3",
        class: "Qwen3ForCausalLM",
        variant: unpermuted(qwen3::VARIANT),
        windows: Windows::Later,
        ..LLAMA
    },
    Architecture {
        name: "phi3",
        class: "Phi3ForCausalLM",
        variant: unpermuted(phi3::VARIANT),
        names: names::FUSED,
        windows: Windows::All { or: None },
        biases: Biases::None,
        ..LLAMA
    },
    Architecture {
        name: "gemma2",
        class: "Gemma2ForCausalLM",
        variant: gemma(gemma2::VARIANT),
        names: names::GEMMA,
        windows: Windows::AllButEvery { every: 2, fixed: true },
        tied: true,
        defaults: &[
            ("num_attention_heads", 8),
            ("num_key_value_heads", 4),
            ("head_dim", 256),
            ("num_hidden_layers", 26),
            ("max_position_embeddings", 8192),
        ],
        ..LLAMA
    },
    Architecture {
        name: "gemma3_text",
        class: "Gemma3ForCausalLM",
        variant: gemma(gemma3::VARIANT),
        names: names::GEMMA,
        windows: Windows::AllButEvery { every: 6, fixed: false },
        tied: true,
        defaults: &[
            ("num_attention_heads", 8),
            ("num_key_value_heads", 4),
            ("head_dim", 256),
            ("num_hidden_layers", 26),
            ("max_position_embeddings", 131_072),
            ("rope_theta", 1_000_000),
        ],
        ..LLAMA
    },
];

/// A configuration whose part that reads text stands in `text_config`.
struct Nested {
    name: &'static str,
    class: &'static str,
    /// What sees is passed over where there is such, and else refused.
    passes_sight: bool,
}

const NESTED: [Nested; 2] = [
    Nested { name: "gemma3", class: "Gemma3ForConditionalGeneration", passes_sight: false },
    Nested { name: "mistral3", class: "Mistral3ForConditionalGeneration", passes_sight: true },
];

/// The member that says what sees.
const SIGHT: &str = "vision_config";

/// Mixtures of experts that are known as GGUF files.
const EXPERTS: [&str; 2] = ["mixtral", "qwen3_moe"];

/// Members that a configuration has beside its `text_config`.
const OF_SIGHT: &[&str] = &[
    "text_config",
    SIGHT,
    "mm_tokens_per_image",
    "boi_token_index",
    "eoi_token_index",
    "image_token_index",
    "image_token_id",
    "multimodal_projector_bias",
    "projector_hidden_act",
    "spatial_merge_size",
    "vision_feature_layer",
];

/// Members that no number depends on, or that the tensors say again.
const INFORMS: &[&str] = &[
    "architectures",
    "model_type",
    "torch_dtype",
    "dtype",
    "transformers_version",
    "vocab_size",
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "unk_token_id",
    "initializer_range",
    "use_cache",
    "attention_dropout",
    "resid_pdrop",
    "embd_pdrop",
    "hidden_dropout",
    // Of tensor parallelism: another order of the same sums.
    "pretraining_tp",
    "auto_map",
    "is_llama_config",
    "cache_implementation",
    "transformers.js_config",
    "unsloth_fixed",
    "unsloth_version",
    "return_dict",
    "id2label",
    "label2id",
    "max_length",
    // Of the way answers are drawn, which a job says itself.
    "do_sample",
    "temperature",
    "top_k",
    "top_p",
];

/// A configuration whose architecture is known.
pub(super) struct Model<'j> {
    architecture: &'static Architecture,
    whole: &'j Json<'j>,
    said: Members<'j>,
    sees: bool,
    tied: bool,
    biases: Vec<&'static str>,
}

/// Finds the architecture of a configuration.
pub(super) fn read<'j>(config: &'j Json<'j>) -> Result<Model<'j>, FolderError> {
    let whole = Members::of(CONFIG, "", config)?;
    if whole.get("quantization_config").is_some() {
        let why = "a model that is quantised in safetensors files is not read yet: take its original, or a GGUF";
        return Err(whole.unsupported("quantization_config", why));
    }
    let model_type = whole.text("model_type")?.ok_or_else(|| whole.missing("model_type"))?;
    let nested = NESTED.iter().find(|known| known.name == model_type);
    let said = match nested {
        Some(_) => whole
            .object("text_config", "text_config.")?
            .ok_or_else(|| whole.missing("text_config"))?,
        None => Members::of(CONFIG, "", config)?,
    };
    let text_type = match nested {
        Some(_) => said.text("model_type")?.ok_or_else(|| said.missing("model_type"))?,
        None => model_type,
    };
    if EXPERTS.contains(&text_type) {
        let what = format!("`{}` = {text_type:?}", said.name("model_type"));
        let why =
            "these files have a tensor for every expert, and a program one for all: take a GGUF";
        return Err(FolderError::Unsupported { file: CONFIG, what, why });
    }
    let Some(architecture) = ARCHITECTURES.iter().find(|known| known.name == text_type) else {
        let what = format!("`{}` = {:?}", said.name("model_type"), excerpt(text_type));
        let why = "llama, mistral, qwen2, qwen3, phi3, gemma2, gemma3 (also gemma3_text) and mistral3 are known here";
        return Err(FolderError::Unsupported { file: CONFIG, what, why });
    };
    check_class(&whole, nested.map_or(architecture.class, |known| known.class))?;
    let tied = match nested {
        Some(_) => whole.boolean("tie_word_embeddings")?.or(said.boolean("tie_word_embeddings")?),
        None => said.boolean("tie_word_embeddings")?,
    };
    if let Some(nested) = nested {
        if !nested.passes_sight && whole.get(SIGHT).is_some() {
            let why = "this model sees, and only models that read text alone are known of its architecture: \
                       take one (gemma3_text), or a GGUF";
            return Err(whole.unsupported(SIGHT, why));
        }
        whole.refuse_unknown(&[OF_SIGHT, INFORMS].concat())?;
    }
    let biases = biases(&said, architecture.biases)?;
    let sees = nested.is_some_and(|nested| nested.passes_sight);
    let tied = tied.unwrap_or(architecture.tied);
    Ok(Model { architecture, whole: config, said, sees, tied, biases })
}

/// The model answers with tokens, and does not classify.
fn check_class(whole: &Members<'_>, wanted: &str) -> Result<(), FolderError> {
    let Some(classes) = whole.get("architectures") else { return Ok(()) };
    let classes =
        classes.array().ok_or_else(|| whole.wanted("architectures", "a list of names"))?;
    match classes.iter().find(|class| class.text() != Some(wanted)) {
        Some(class) => {
            let what = format!("`architectures` = {:?}", excerpt(class.text().unwrap_or_default()));
            let why = "it is not the class of this architecture that answers with tokens";
            Err(FolderError::Unsupported { file: CONFIG, what, why })
        }
        None => Ok(()),
    }
}

fn biases(said: &Members<'_>, kind: Biases) -> Result<Vec<&'static str>, FolderError> {
    const QKV: [&str; 3] = ["attn_q", "attn_k", "attn_v"];
    Ok(match kind {
        Biases::None => Vec::new(),
        Biases::Qkv => QKV.to_vec(),
        Biases::AsSaid => {
            let mut biases = Vec::new();
            if said.boolean("attention_bias")? == Some(true) {
                biases.extend(QKV);
                biases.push("attn_output");
            }
            if said.boolean("mlp_bias")? == Some(true) {
                biases.extend(["ffn_gate", "ffn_up", "ffn_down"]);
            }
            biases
        }
    })
}

impl<'j> Model<'j> {
    pub(super) fn variant(&self) -> &'static Variant {
        &self.architecture.variant
    }

    pub(super) fn names(&self) -> Names {
        self.architecture.names
    }

    /// The products of a layer that have biases.
    pub(super) fn biases(&self) -> &[&'static str] {
        &self.biases
    }

    /// The output matrix is the embedding.
    pub(super) fn tied(&self) -> bool {
        self.tied
    }

    /// It reads pictures, too; what does is passed over.
    pub(super) fn sees(&self) -> bool {
        self.sees
    }

    /// The whole configuration, and the part of it that is about text.
    pub(super) fn json(&self) -> [&'j Json<'j>; 2] {
        [self.whole, self.said.json()]
    }

    /// Its numbers, with an embedding of so many rows.
    pub(super) fn description(&self, rows: u64) -> Result<Description, FolderError> {
        let said = &self.said;
        let sizes = self.sizes(rows)?;
        self.check_activation()?;
        let rule = self.rule(&sizes)?;
        let gemma = self.architecture.variant.gemma;
        let cap = |name, or: u64| -> Result<Option<Dyadic>, FolderError> {
            let or = Some(or).filter(|or| *or > 0 && !said.has(name)).map(Dyadic::from_integer);
            Ok(said.number(name)?.or(or).filter(|cap| !cap.is_zero()))
        };
        let bad = |name| FolderError::Import(bad_cap(said.name(name)));
        let (scores, logits, divisor) = match gemma {
            Some(gemma) => (
                cap(SCORES, gemma.scores_cap.unwrap_or(0))?,
                cap(FINAL, gemma.logits_cap)?,
                said.size("query_pre_attn_scalar", 1 << 16)?.unwrap_or(256),
            ),
            None => (None, None, sizes.head_width),
        };
        let scores = scores.map(|cap| numbers::score_cap(cap).ok_or_else(|| bad(SCORES)));
        let logits =
            logits.map(|cap| numbers::logits_cap(cap, LOGITS_FRAC).ok_or_else(|| bad(FINAL)));
        said.refuse_unknown(INFORMS)?;
        Ok(Description {
            rotation: rule.made(&sizes)?,
            sizes,
            score_divisor: divisor,
            scores_cap: scores.transpose()?,
            logits_cap: logits.transpose()?,
            epsilon_name: format!("{CONFIG}: {}", said.name("rms_norm_eps")),
        })
    }

    /// A size that must be there, unless transformers has a default.
    fn size(&self, name: &str, most: u32) -> Result<u32, FolderError> {
        self.optional_size(name, most)?.ok_or_else(|| self.said.missing(name))
    }

    fn optional_size(&self, name: &str, most: u32) -> Result<Option<u32>, FolderError> {
        let default = self.architecture.defaults.iter().find(|(known, _)| *known == name);
        Ok(self.said.size(name, most)?.or(default.map(|(_, size)| *size)))
    }

    fn sizes(&self, rows: u64) -> Result<Sizes, FolderError> {
        let (said, layers) = (&self.said, self.size("num_hidden_layers", 1024)?);
        let (width, heads) =
            (self.size("hidden_size", 1 << 17)?, self.size("num_attention_heads", 1024)?);
        let head_width = match self.optional_size("head_dim", 1024)? {
            Some(head_width) => head_width,
            None if width.is_multiple_of(heads) => width / heads,
            None => return Err(said.missing("head_dim")),
        };
        Ok(Sizes {
            layers,
            width,
            hidden: self.size("intermediate_size", 1 << 17)?,
            // Folders with experts are of architectures that the table above doesn't have.
            mixture: None,
            heads,
            kv_heads: self.optional_size("num_key_value_heads", 1024)?.unwrap_or(heads),
            head_width,
            rotary: self.rotary(head_width)?,
            context: self.size("max_position_embeddings", u32::MAX)?,
            vocabulary: u32::try_from(rows).unwrap_or(u32::MAX),
            windows: self.architecture.windows.of(said, layers)?,
            epsilon: said.required_number("rms_norm_eps")?,
        })
    }

    /// How many entries of a head are rotated.
    fn rotary(&self, head_width: u32) -> Result<u32, FolderError> {
        let name = "partial_rotary_factor";
        let Some(part) = self.said.number(name)? else { return Ok(head_width) };
        // A decimal such as 0.4 is no binary number: what it makes of the head is the integer beside.
        let product = part.mantissa().checked_mul(u64::from(head_width));
        let product = product.map(|product| Dyadic::new(part.negative(), product, part.exponent()));
        let near = product.map(|product| product.nearest(-10, 1)).unwrap_or(0);
        let rotary = u32::try_from((near + 1) >> 10).unwrap_or(0);
        if !(1..=head_width).contains(&rotary) || (near + 1) % 1024 > 2 || part.negative() {
            return Err(self.said.wanted(name, "a part of the head that is whole"));
        }
        Ok(rotary)
    }

    fn check_activation(&self) -> Result<(), FolderError> {
        let said = &self.said;
        let (name, wanted) = match self.architecture.variant.gemma {
            Some(_) => ("hidden_activation", "gelu_pytorch_tanh"),
            None => ("hidden_act", "silu"),
        };
        // Gemma's class looks at the one, and files have the other beside it.
        let _ = said.get("hidden_act");
        match said.text(name)? {
            Some(found) if found != wanted => Err(said.unsupported(
                name,
                "this architecture is known with its own only: silu, or gelu_pytorch_tanh",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// How queries and keys are rotated.
    fn rule(&self, sizes: &Sizes) -> Result<Rule, FolderError> {
        let said = &self.said;
        let two_bases = self.architecture.variant.gemma.and_then(|gemma| gemma.local_base);
        let Rotations { full, window } = self.rotations(two_bases.is_some())?;
        let inside = |scaling: &Option<Members<'j>>| match scaling {
            Some(scaling) => scaling.number("rope_theta"),
            None => Ok(None),
        };
        let base = self.one_of("rope_theta", said.number("rope_theta")?, inside(&full)?)?;
        let local = said.number(LOCAL)?;
        if local.is_some() && two_bases.is_none() {
            return Err(said.unsupported(LOCAL, "this architecture has one base for all layers"));
        }
        let local = self.one_of(LOCAL, local, inside(&window)?)?;
        let original = said.size(ORIGINAL, u32::MAX)?;
        let factors = matches!(self.architecture.class, "Phi3ForCausalLM");
        let read = rope::read(full.as_ref(), sizes.context, original, factors)?;
        let default = self.architecture.defaults.iter().find(|(known, _)| *known == "rope_theta");
        let default = Dyadic::from_integer(default.map_or(10_000, |(_, base)| u64::from(*base)));
        let local_default = two_bases.map(Dyadic::from_integer);
        Ok(Rule {
            base: base.unwrap_or(default),
            scaling: read.scaling,
            context: read.context,
            factor: read.factor,
            local_base: local_default.map(|default| local.unwrap_or(default)),
            rotary_name: format!("{CONFIG}: {}", said.name("partial_rotary_factor")),
        })
    }

    /// What the file says of scaling: once for all layers, or by kind of layer (newer files of Gemma 3).
    fn rotations(&self, two_bases: bool) -> Result<Rotations<'j>, FolderError> {
        let said = &self.said;
        let newer = said.object("rope_parameters", "rope_parameters.")?;
        let older = said.object("rope_scaling", "rope_scaling.")?;
        if let (Some(newer), Some(older)) = (&newer, &older)
            && newer.json() != older.json()
        {
            let why = "`rope_scaling` says something else, and which of the two counts depends on the reader's release";
            return Err(said.unsupported("rope_parameters", why));
        }
        let flat_would_do = newer.is_none() || !two_bases;
        let Some(scaling) = newer.or(older) else { return Ok(Rotations::default()) };
        let full = scaling.object("full_attention", "rope_parameters.full_attention.")?;
        let window = scaling.object("sliding_attention", "rope_parameters.sliding_attention.")?;
        if full.is_none() && window.is_none() {
            if !flat_would_do {
                let why = "this architecture has one for each kind of layer: full_attention and sliding_attention";
                return Err(said.unsupported("rope_parameters", why));
            }
            return Ok(Rotations { full: Some(scaling), window: None });
        }
        if !two_bases {
            let why = "this architecture rotates all layers alike";
            return Err(said.unsupported("rope_parameters", why));
        }
        scaling.refuse_unknown(&[])?;
        if let Some(window) = &window {
            if window.text("rope_type")?.is_some_and(|kind| kind != "default") {
                return Err(window.unsupported("rope_type", "layers with a window are not scaled"));
            }
            let _ = window.get("rope_theta");
            window.refuse_unknown(&[])?;
        }
        Ok(Rotations { full, window })
    }

    /// A number that may stand in two places; they may not differ.
    fn one_of(
        &self,
        name: &str,
        outside: Option<Dyadic>,
        inside: Option<Dyadic>,
    ) -> Result<Option<Dyadic>, FolderError> {
        match (outside, inside) {
            (Some(outside), Some(inside)) if outside != inside => {
                let why = "it says another number than the one inside the scaling, and which of the two counts depends \
                           on the reader's release";
                Err(self.said.unsupported(name, why))
            }
            (outside, inside) => Ok(inside.or(outside)),
        }
    }
}

/// What is said of scaling, of layers that see all and of those with a window.
#[derive(Default)]
struct Rotations<'j> {
    full: Option<Members<'j>>,
    window: Option<Members<'j>>,
}

/// The base of layers with a window.
const LOCAL: &str = "rope_local_base_freq";
/// Up to where it was trained.
pub(super) const ORIGINAL: &str = "original_max_position_embeddings";
const SCORES: &str = "attn_logit_softcapping";
const FINAL: &str = "final_logit_softcapping";

fn excerpt(text: &str) -> String {
    text.chars().take(64).collect()
}
