//! A GGUF file made ready: its program, tokenizer and chat template.
//!
//! Reads the header only; the weights are the engine's business. Never keeps the header.

use import::architectures::{self, ImportError};
use import::gguf::{Gguf, GgufError, TokenKind, VocabularyData};
use program::{CheckError, Checked};
use text::template::TemplateError;
use text::{ChatTemplate, ModelKind, TokenType, Tokenizer, Vocabulary, VocabularyError};
use thiserror::Error;

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
