//! What can be known of a model without asking it: for lists of models.
//!
//! Never says what a model is good for: only what its files say, and what can be asked of it here.

use std::collections::BTreeMap;

use canon::quant::Format;
use llm::{Model, dimensions_max};
use text::ChatTemplate;
use text::tool_calls::ToolStyle;

/// What is known of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The model id; `None` where nobody has read all of its bytes yet.
    pub id: Option<[u8; 32]>,
    /// Most tokens of a prompt and its answer together.
    pub context: u32,
    /// How its weights are written, those with the most bytes first.
    pub weights: Vec<&'static str>,
    /// Whether it says how a conversation becomes a prompt.
    pub chat: bool,
    /// How it writes calls of tools; `None` where no conversation can be had.
    pub tools: Option<&'static str>,
    /// Most numbers of its embeddings.
    pub dimensions: usize,
}

impl Description {
    /// Of a model, and its id where it is known.
    #[must_use]
    pub fn of(model: &Model, id: Option<[u8; 32]>) -> Self {
        let program = model.program.program();
        let mut bytes: BTreeMap<&'static str, u64> = BTreeMap::new();
        for tensor in &program.tensors {
            let sum = bytes.entry(Format::name(tensor.format)).or_default();
            *sum = sum.saturating_add(tensor.bytes());
        }
        let mut weights: Vec<(&'static str, u64)> = bytes.into_iter().collect();
        weights.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        let source = model.template.as_ref().map(ChatTemplate::source);
        Self {
            id,
            context: program.context_max,
            weights: weights.into_iter().map(|(name, _)| name).collect(),
            chat: source.is_some(),
            tools: source.map(|source| style(ToolStyle::of_template(Some(source)))),
            dimensions: dimensions_max(model),
        }
    }
}

const fn style(style: ToolStyle) -> &'static str {
    match style {
        ToolStyle::Hermes => "hermes",
        ToolStyle::Llama => "llama",
        ToolStyle::Mistral => "mistral",
        ToolStyle::Generic => "generic",
    }
}
