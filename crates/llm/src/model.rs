//! A model made ready: its program, tokenizer and chat template, of a package or of a GGUF file.
//!
//! Never reads weights: they are the engine's business. Both ways meet in [`Model::assemble`], so that a file
//! and its package are one model. A program whose keys and values could not be held for one full context is
//! refused here, before any weight is read: what a position costs is bounded by the program's own limits,
//! and what a pass costs by the engine. So is a template that uses up its fuel or memory on a short
//! conversation.

use std::convert::Infallible;
use std::sync::OnceLock;

use import::architectures::ImportError;
use import::gguf::GgufError;
use package::Package;
use program::{CheckError, Checked};
use text::grammar::{GrammarError, GrammarTokens};
use text::template::TemplateError;
use text::{ChatTemplate, Conversation, Message, Role, Tokenizer, Vocabulary, VocabularyError};
use thiserror::Error;

use crate::package_vocabulary::{first_difference, vocabulary_of};
use crate::publish::Publication;

/// Most bytes of keys and values of one sequence as long as the model's context. The largest open
/// models take some 14 GB for 65,536 positions.
pub const SEQUENCE_BYTES_MAX: u64 = 32 << 30;

/// Everything of a model but its weights.
pub struct Model {
    /// The computation.
    pub program: Checked,
    /// Text to tokens and back.
    pub tokenizer: Tokenizer,
    /// How a conversation becomes a prompt, if the file says.
    pub template: Option<ChatTemplate>,
    /// The vocabulary for grammars, once the first is asked for.
    grammar_tokens: OnceLock<Result<GrammarTokens, GrammarError>>,
}

/// Why a file is no model that can be run.
#[derive(Debug, Error)]
pub enum ModelError<E> {
    /// The header.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// The architecture.
    #[error(transparent)]
    Import(#[from] ImportError<E>),
    /// The program that came out.
    #[error("the model's program is refused: {0}")]
    Program(#[from] CheckError),
    /// Its keys and values would take too much memory.
    #[error(
        "the model keeps {kv_bytes} bytes of keys and values for each of the {context_max} positions \
         of its context, more than {most} in all: it can be run with a shorter context in its header"
    )]
    Memory {
        /// Bytes of a position.
        kv_bytes: u64,
        /// Positions of a sequence.
        context_max: u32,
        /// Bytes there may be.
        most: u64,
    },
    /// A package that misstates what its tokens are.
    #[error(
        "the package's token bytes are not those its tokenizer makes, first at token {token}: do not \
         use this package"
    )]
    TokenBytes {
        /// The first one.
        token: u32,
    },
    /// The tokenizer.
    #[error("the model's tokenizer is refused: {0}")]
    Vocabulary(#[from] VocabularyError),
    /// The chat template.
    #[error("the model's chat template is refused: {0}")]
    Template(#[from] TemplateError),
    /// Tokenizer and program disagree.
    #[error("the tokenizer has {tokens} tokens, but the program has {vocabulary}")]
    Sizes {
        /// Tokens of the tokenizer.
        tokens: usize,
        /// Token ids of the program.
        vocabulary: u32,
    },
}

impl Model {
    /// Makes a model of a GGUF header; `read` gives the bytes of a tensor from its offset.
    ///
    /// # Errors
    /// [`ModelError`] names what stands in the way.
    pub fn from_gguf<E>(
        header: &[u8],
        file_length: u64,
        read: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
    ) -> Result<Self, ModelError<E>> {
        Publication::from_gguf(header, file_length, read).map(|publication| publication.model)
    }

    /// Makes a model of a package.
    ///
    /// # Errors
    /// [`ModelError`] names what stands in the way: token bytes that are not those the tokenizer makes, too.
    pub fn from_package(package: &Package) -> Result<Self, ModelError<Infallible>> {
        let tokenizer = package.tokenizer();
        let (program, vocabulary) = (package.program().clone(), vocabulary_of(tokenizer));
        let model = Self::assemble(program, &vocabulary, package.template())?;
        if let Some(token) = first_difference(package.token_bytes(), model.tokenizer.token_bytes())
        {
            return Err(ModelError::TokenBytes { token });
        }
        let stop_tokens = tokenizer.stop_tokens.iter().copied();
        Ok(Self { tokenizer: model.tokenizer.with_stop_tokens(stop_tokens), ..model })
    }

    /// The vocabulary made ready for grammars: made with the first call, the same for all.
    ///
    /// # Errors
    /// [`GrammarError`] where it is too large for them.
    pub fn grammar_tokens(&self) -> Result<&GrammarTokens, GrammarError> {
        let made =
            self.grammar_tokens.get_or_init(|| GrammarTokens::new(self.tokenizer.token_bytes()));
        made.as_ref().map_err(Clone::clone)
    }

    /// The model whose answers these tokens end, too.
    pub(crate) fn stopping_at(mut self, tokens: &[u32]) -> Self {
        let all: Vec<u32> =
            self.tokenizer.stop_tokens().iter().chain(tokens.iter().copied()).collect();
        self.tokenizer = self.tokenizer.with_stop_tokens(all);
        self
    }

    /// Puts checked pieces together.
    pub(crate) fn assemble<E>(
        program: Checked,
        vocabulary: &Vocabulary,
        template: Option<&str>,
    ) -> Result<Self, ModelError<E>> {
        admit(&program, SEQUENCE_BYTES_MAX)?;
        let (tokens, wanted) = (vocabulary.tokens.len(), program.program().vocabulary);
        if u32::try_from(tokens) != Ok(wanted) {
            return Err(ModelError::Sizes { tokens, vocabulary: wanted });
        }
        let tokenizer = Tokenizer::new(vocabulary)?;
        let template = template.map(|source| ChatTemplate::new(source, &tokenizer)).transpose()?;
        template.as_ref().map_or(Ok(()), try_out)?;
        Ok(Self { program, tokenizer, template, grammar_tokens: OnceLock::new() })
    }
}

/// Whether a template keeps its limits on a conversation that is as short as any. It may still refuse this one:
/// some want a system message, or a time.
fn try_out(template: &ChatTemplate) -> Result<(), TemplateError> {
    let conversation = Conversation {
        messages: vec![Message::new(Role::User, "a")],
        add_generation_prompt: true,
        ..Conversation::default()
    };
    match template.render(&conversation) {
        Ok(_) => Ok(()),
        Err(
            beyond @ (TemplateError::OutOfFuel { .. }
            | TemplateError::TooMuchMade { .. }
            | TemplateError::TooMuchRead { .. }
            | TemplateError::OutputTooLong),
        ) => Err(beyond),
        Err(
            TemplateError::TooLong(_)
            | TemplateError::TooMuchCode { .. }
            | TemplateError::Syntax { .. }
            | TemplateError::Render { .. }
            | TemplateError::Raised { .. }
            | TemplateError::Conversation(_)
            | TemplateError::Ambiguous
            | TemplateError::Unfollowed(_)
            | TemplateError::NoFreeMarks,
        ) => Ok(()),
    }
}

/// Whether the keys and values of a full context are few enough.
fn admit<E>(program: &Checked, most: u64) -> Result<(), ModelError<E>> {
    let (kv_bytes, context_max) = (program.cost().kv_bytes, program.program().context_max);
    match kv_bytes.checked_mul(u64::from(context_max)) {
        Some(bytes) if bytes <= most => Ok(()),
        Some(_) | None => Err(ModelError::Memory { kv_bytes, context_max, most }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use program::tiny::Shape;

    use super::*;

    #[test]
    fn a_sequence_that_can_not_be_held_is_refused() {
        let shape = Shape::default();
        let program = Checked::new(shape.program()).unwrap();
        // Per layer and KV head a key and a value row: the head's entries, and two bytes of scale.
        let heads = u64::from(shape.layers * shape.kv_heads);
        let position = heads * 2 * u64::from(shape.head_width + 2);
        let most = position * u64::from(shape.context_max);
        assert!(admit::<Infallible>(&program, most).is_ok());
        let error = admit::<Infallible>(&program, most - 1).err().unwrap();
        assert!(matches!(error, ModelError::Memory { kv_bytes, .. } if kv_bytes == position));
        let said = error.to_string();
        for number in [position, u64::from(shape.context_max), most - 1] {
            assert!(said.contains(&number.to_string()), "{said}");
        }
    }

    #[test]
    fn the_limits_of_programs_keep_the_product_in_64_bits() {
        let most = program::limits::KV_BYTES_MAX.checked_mul(program::limits::CONTEXT_MAX.into());
        assert!(most.is_some_and(|most| most > SEQUENCE_BYTES_MAX), "so both limits are needed");
    }
}
