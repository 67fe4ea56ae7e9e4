//! A GGUF file made ready: its program, tokenizer and chat template.
//!
//! Reads the header only; the weights are the engine's business. Never keeps the header. A program
//! whose keys and values could not be held for one full context is refused here, before any weight
//! is read: what a position costs is bounded by the program's own limits, and what a pass costs by
//! the engine.

use import::architectures::{self, ImportError};
use import::gguf::{Gguf, GgufError, TokenKind, VocabularyData};
use program::{CheckError, Checked};
use text::template::TemplateError;
use text::{ChatTemplate, ModelKind, TokenType, Tokenizer, Vocabulary, VocabularyError};
use thiserror::Error;

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
        Self::within(SEQUENCE_BYTES_MAX, header, file_length, read)
    }

    /// The model, if a sequence of it fits so many bytes.
    fn within<E>(
        sequence_bytes_max: u64,
        header: &[u8],
        file_length: u64,
        mut read: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
    ) -> Result<Self, ModelError<E>> {
        let gguf = Gguf::parse(header, file_length)?;
        let program = architectures::program(&gguf, &mut |tensor| {
            let length = usize::try_from(tensor.bytes()).expect("a short vector fits memory");
            let mut bytes = vec![0; length];
            read(tensor.offset(), &mut bytes)?;
            Ok(bytes)
        })?;
        let program = Checked::new(program)?;
        admit(program.cost().kv_bytes, program.program().context_max, sequence_bytes_max)?;
        let data = gguf.vocabulary()?;
        let vocabulary = program.program().vocabulary;
        if usize::try_from(vocabulary) != Ok(data.tokens.len()) {
            return Err(ModelError::Sizes { tokens: data.tokens.len(), vocabulary });
        }
        let source = data.chat_template.clone();
        let tokenizer = Tokenizer::new(&vocabulary_of(data)?)?;
        let template = source.map(|source| ChatTemplate::new(&source, &tokenizer)).transpose()?;
        Ok(Self { program, tokenizer, template })
    }
}

/// Whether the keys and values of a full context are few enough.
fn admit<E>(kv_bytes: u64, context_max: u32, most: u64) -> Result<(), ModelError<E>> {
    match kv_bytes.checked_mul(u64::from(context_max)) {
        Some(bytes) if bytes <= most => Ok(()),
        Some(_) | None => Err(ModelError::Memory { kv_bytes, context_max, most }),
    }
}

/// The tokenizer's view of the file's vocabulary.
fn vocabulary_of(data: VocabularyData) -> Result<Vocabulary, VocabularyError> {
    let token_type = |kind: TokenKind| match kind {
        TokenKind::Normal => TokenType::Normal,
        TokenKind::Unknown => TokenType::Unknown,
        TokenKind::Control => TokenType::Control,
        TokenKind::UserDefined => TokenType::UserDefined,
        TokenKind::Unused => TokenType::Unused,
        TokenKind::Byte => TokenType::Byte,
    };
    Ok(Vocabulary {
        kind: ModelKind::from_gguf(&data.model)?,
        tokens: data.tokens,
        token_types: data.kinds.into_iter().map(token_type).collect(),
        merges: data.merges,
        pre_tokenizer: data.pre.unwrap_or_else(|| "default".into()),
        bos: data.special.beginning,
        eos: data.special.end,
        eot: data.special.end_of_turn,
        eom: data.special.end_of_message,
        unknown: data.special.unknown,
        padding: data.special.padding,
        add_bos: data.add_beginning,
        add_eos: data.add_end.unwrap_or(false),
        add_space_prefix: data.add_space_prefix.unwrap_or(false),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::convert::Infallible;

    use import::gguf::tiny::TinyModel;

    use super::*;

    #[test]
    fn a_sequence_that_can_not_be_held_is_refused() {
        let tiny = TinyModel { heads: 2, kv_heads: 1, ..TinyModel::new(1) };
        let bytes = tiny.write();
        let length = u64::try_from(bytes.len()).unwrap();
        let made = |most| {
            Model::within(most, &bytes, length, |offset, out: &mut [u8]| {
                let start = usize::try_from(offset).unwrap();
                out.copy_from_slice(&bytes[start..start + out.len()]);
                Ok::<_, Infallible>(())
            })
        };
        // Per layer a key and a value row: the head's entries, and two bytes of scale.
        let position = u64::from(tiny.layers) * 2 * u64::from(tiny.width / tiny.heads + 2);
        let most = position * u64::from(tiny.context);
        assert!(made(most).is_ok());
        let error = made(most - 1).err().unwrap();
        assert!(matches!(error, ModelError::Memory { kv_bytes, .. } if kv_bytes == position));
        let said = error.to_string();
        for number in [position, u64::from(tiny.context), most - 1] {
            assert!(said.contains(&number.to_string()), "{said}");
        }
    }

    #[test]
    fn no_product_overflows() {
        assert!(admit::<Infallible>(u64::MAX, u32::MAX, u64::MAX).is_err());
        assert!(admit::<Infallible>(1 << 19, 1 << 16, SEQUENCE_BYTES_MAX - 1).is_err());
        assert!(admit::<Infallible>(1 << 19, 1 << 16, SEQUENCE_BYTES_MAX).is_ok());
    }
}
