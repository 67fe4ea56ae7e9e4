//! Reads a model's folder as Hugging Face's libraries save it: `config.json`, the tokenizer's files, safetensors.
//!
//! A configuration becomes the same description as a GGUF header (`architectures`), and tensors are found by the names that
//! GGUF gives them, so there is one importer. Where the two kinds of file differ, it stands here: names of tensors, the
//! order of a head's entries (GGUF's Llama has them permuted, these files have not), Gemma's gains (one less here),
//! decimals instead of binary32.
//!
//! Never trusts a file, opens a file, or guesses: a member of the configuration that is not known, and a tensor that
//! nothing reads, are refused by name.
//!
//! Failure: a [`FolderError`] that names the file and what stands in it.

mod config;
mod members;
mod merges;
mod names;
mod pieces;
mod pre_tokenizer;
mod rope;
pub mod tiny;
mod tokenizer;
mod windows;

use std::convert::Infallible;

use program::Program;
use thiserror::Error;

use crate::architectures::ImportError;
use crate::architectures::decoder;
use crate::architectures::tensors::{Source, Tensors};
use crate::gguf::VocabularyData;
use crate::json::{Json, JsonError};
use crate::safetensors::{Header, Index, SafetensorsError};

pub(crate) use names::Named;

/// The file that says what the model is.
pub const CONFIG: &str = "config.json";
/// The file that says which safetensors file has which tensor, where there are several.
pub const INDEX: &str = "model.safetensors.index.json";
/// The safetensors file of a model that has one.
pub const ONLY_FILE: &str = "model.safetensors";
/// The tokenizer.
pub const TOKENIZER: &str = "tokenizer.json";
/// What a tokenizer's users are told of it.
pub const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// Which tokens end an answer.
pub const GENERATION_CONFIG: &str = "generation_config.json";
/// The chat template, in files of its own.
pub const TEMPLATE: &str = "chat_template.jinja";
/// The same as a member of an object.
pub const TEMPLATE_JSON: &str = "chat_template.json";

/// The files beside the weights, how long each may be, and whether a model can't be without it.
pub const SMALL_FILES: [(&str, u64, bool); 7] = [
    (CONFIG, 1 << 20, true),
    (TOKENIZER, 64 << 20, true),
    (TOKENIZER_CONFIG, 8 << 20, false),
    (GENERATION_CONFIG, 1 << 20, false),
    (TEMPLATE, 1 << 20, false),
    (TEMPLATE_JSON, 1 << 20, false),
    (INDEX, 16 << 20, false),
];

/// The texts of [`SMALL_FILES`] that a folder has, in that order.
#[derive(Clone, Debug, Default)]
pub struct SmallFiles(pub [Option<Vec<u8>>; SMALL_FILES.len()]);

/// What a folder's files say of its model.
#[derive(Debug)]
pub struct Folder {
    /// The computation.
    pub program: Program,
    /// The files of the program's table, by name, in the order of their numbers in it.
    pub files: Vec<String>,
    /// The tokenizer's data.
    pub vocabulary: VocabularyData,
    /// Tokens that end an answer, besides those that the vocabulary names.
    pub stop_tokens: Vec<u32>,
}

/// Why a folder is no model.
#[derive(Debug, Error)]
pub enum FolderError {
    /// A file that is not there.
    #[error("{file} is missing: a model's folder has {CONFIG}, {TOKENIZER} and safetensors files")]
    Absent {
        /// Which one.
        file: &'static str,
    },
    /// No JSON.
    #[error("{file} is no JSON that can be read: {error}")]
    Json {
        /// Which file.
        file: &'static str,
        /// What is wrong.
        error: JsonError,
    },
    /// A member that is not there.
    #[error("{file}: `{member}` is missing")]
    Missing {
        /// Which file.
        file: &'static str,
        /// Which member.
        member: String,
    },
    /// A member that is something else.
    #[error("{file}: `{member}`: {wanted} is needed")]
    Member {
        /// Which file.
        file: &'static str,
        /// Which member.
        member: String,
        /// What would do.
        wanted: String,
    },
    /// Something that is not supported, or not known.
    #[error("{file}: {what} is not supported: {why}")]
    Unsupported {
        /// Which file.
        file: &'static str,
        /// What it says.
        what: String,
        /// What it would mean.
        why: &'static str,
    },
    /// A weights file.
    #[error("{file}: {error}")]
    Safetensors {
        /// Which one.
        file: String,
        /// What is wrong.
        error: SafetensorsError,
    },
    /// A tensor in two files.
    #[error("tensor {name} stands in two files")]
    Twice {
        /// Which one.
        name: String,
    },
    /// What came of configuration and tensors.
    #[error(transparent)]
    Import(#[from] ImportError<Infallible>),
}

impl SmallFiles {
    fn get(&self, name: &str) -> Option<&[u8]> {
        let index = SMALL_FILES.iter().position(|(known, ..)| *known == name)?;
        self.0[index].as_deref()
    }

    fn json(&self, file: &'static str) -> Result<Option<Json<'_>>, FolderError> {
        let parse = |text| Json::parse(text).map_err(|error| FolderError::Json { file, error });
        self.get(file).map(parse).transpose()
    }

    fn required(&self, file: &'static str) -> Result<Json<'_>, FolderError> {
        self.json(file)?.ok_or(FolderError::Absent { file })
    }

    fn index(&self) -> Result<Option<Index>, FolderError> {
        let refused = |error| FolderError::Safetensors { file: INDEX.into(), error };
        self.get(INDEX).map(|text| Index::parse(text).map_err(refused)).transpose()
    }

    /// The names of the weights' files: those of the index, or the only one.
    ///
    /// # Errors
    /// [`FolderError`] for an index that is none.
    pub fn weight_files(&self) -> Result<Vec<String>, FolderError> {
        Ok(match self.index()? {
            Some(index) => index.file_names().into_iter().map(str::to_owned).collect(),
            None => vec![ONLY_FILE.to_owned()],
        })
    }
}

impl Folder {
    /// Reads a folder, given its small files and the headers of the weights' files, in the order of
    /// [`SmallFiles::weight_files`].
    ///
    /// # Errors
    /// [`FolderError`] names the file and what is wrong with it.
    pub fn read(small: &SmallFiles, headers: &[Header]) -> Result<Self, FolderError> {
        let files = small.weight_files()?;
        if let Some(index) = small.index()? {
            let pairs = files.iter().map(String::as_str).zip(headers);
            let refused = |error| FolderError::Safetensors { file: INDEX.into(), error };
            index.check(pairs).map_err(refused)?;
        }
        let config = small.required(CONFIG)?;
        let model = config::read(&config)?;
        let named = Named::new(headers, &model)?;
        let rows = named.rows("token_embd.weight")?;
        let description = model.description(rows)?;
        let mut tensors = Tensors::new(Source::Safetensors(&named));
        let program = decoder::assemble(&description, model.variant(), &mut tensors)?;
        let tokenizer = small.required(TOKENIZER)?;
        let (tokenizer_config, generation) =
            (small.json(TOKENIZER_CONFIG)?, small.json(GENERATION_CONFIG)?);
        let said = tokenizer::Said {
            tokenizer: &tokenizer,
            config: tokenizer_config.as_ref(),
            generation: generation.as_ref(),
            model: model.json(),
            template: tokenizer::template(small)?,
        };
        let (vocabulary, stop_tokens) = said.vocabulary(program.vocabulary)?;
        let name = |file: &u16| files[usize::from(*file)].clone();
        Ok(Self {
            files: tensors.files.iter().map(name).collect(),
            program,
            vocabulary,
            stop_tokens,
        })
    }
}
