//! From an upstream file to a package: the same file gives the same model id everywhere (`spec/package.md` section 1).
//!
//! Never reads the file itself, and takes nothing from the machine, the time or the file's name. What needs the weights
//! is made while somebody reads them anyway: [`Publication::units`] takes each tensor's bytes, `package::Shards` the
//! file's. Failure: typed errors that name the part.

use std::convert::Infallible;

use canon::sample::Parameters;
use import::architectures;
use import::gguf::{Gguf, VocabularyData};
use import::huggingface::Folder;
use package::{
    About, Defaults, File, FileHashes, Package, PackageError, PartFault, PartKind, Parts,
    TokenBytes, Units, UnitsBuilder,
};
use program::Checked;
use text::Vocabulary;

use crate::model::{Model, ModelError};
use crate::package_vocabulary::{part_of, vocabulary_of_header};

/// The name of the one file of a package made of a GGUF: the file's own name is its owner's business.
pub const FILE_NAME: &str = "model.gguf";
const NAME_KEY: &str = "general.name";
const LICENCE_KEY: &str = "general.license";

/// The model of a GGUF file or of a folder, and all of its package that needs no weights.
pub struct Publication {
    /// The model, ready to run.
    pub model: Model,
    /// The names that its files have in the package, in the program's order.
    file_names: Vec<String>,
    about: About,
    vocabulary: Vocabulary,
    template: Option<String>,
}

impl Publication {
    /// Reads a header; `read` gives the bytes of a tensor from its offset.
    ///
    /// # Errors
    /// [`ModelError`] names what stands in the way.
    pub fn from_gguf<E>(
        header: &[u8],
        file_length: u64,
        read: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
    ) -> Result<Self, ModelError<E>> {
        Self::of(&Gguf::parse(header, file_length)?, read)
    }

    /// The same of a header that was parsed.
    ///
    /// # Errors
    /// [`ModelError`] names what stands in the way.
    pub fn of<E>(
        gguf: &Gguf<'_>,
        mut read: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
    ) -> Result<Self, ModelError<E>> {
        let program = architectures::program(gguf, &mut |tensor| {
            let length = usize::try_from(tensor.bytes()).expect("a short vector fits memory");
            let mut bytes = vec![0; length];
            read(tensor.offset(), &mut bytes)?;
            Ok(bytes)
        })?;
        let about = About {
            name: text_of(gguf, NAME_KEY),
            licence: text_of(gguf, LICENCE_KEY),
            ..About::default()
        };
        let made = Self::made(Checked::new(program)?, gguf.vocabulary()?, about)?;
        Ok(Self { file_names: vec![FILE_NAME.to_owned()], ..made })
    }

    /// The same of a folder of safetensors: its package has the names of its files and no other.
    ///
    /// # Errors
    /// [`ModelError`] names what stands in the way.
    pub fn of_folder(folder: Folder) -> Result<Self, ModelError<Infallible>> {
        let Folder { program, files, vocabulary, stop_tokens } = folder;
        let made = Self::made(Checked::new(program)?, vocabulary, About::default())?;
        Ok(Self { model: made.model.stopping_at(&stop_tokens), file_names: files, ..made })
    }

    fn made<E>(
        program: Checked,
        mut data: VocabularyData,
        about: About,
    ) -> Result<Self, ModelError<E>> {
        let template = data.chat_template.take().filter(|template| !template.is_empty());
        let vocabulary = vocabulary_of_header(data)?;
        let model = Model::assemble(program, &vocabulary, template.as_deref())?;
        Ok(Self { model, file_names: Vec::new(), about, vocabulary, template })
    }

    /// Takes the tensors' bytes, in any order, and makes the part that needs them.
    #[must_use]
    pub fn units(&self) -> UnitsBuilder<'_> {
        UnitsBuilder::new(&self.model.program)
    }

    /// The package, by default: nothing is in it that is not of the file.
    ///
    /// # Errors
    /// [`PackageError`] where a part is beyond a limit.
    pub fn package(&self, units: &Units, hashes: Vec<FileHashes>) -> Result<Package, PackageError> {
        Package::assemble(self.about.clone(), self.files(hashes), self.parts(units)?)
    }

    /// How many files the program has.
    #[must_use]
    pub fn file_count(&self) -> usize {
        self.file_names.len()
    }

    /// The files of that package, given the hashes in the program's order.
    #[must_use]
    pub fn files(&self, hashes: Vec<FileHashes>) -> Vec<File> {
        let named = self.file_names.iter().cloned().zip(hashes);
        named.map(|(name, hashes)| File { name, hashes }).collect()
    }

    /// The parts of that package, for whoever adds a card or a measured quality.
    ///
    /// # Errors
    /// [`PackageError`] names a part beyond a limit.
    pub fn parts(&self, units: &Units) -> Result<Parts, PackageError> {
        let Model { program, tokenizer, .. } = &self.model;
        let of = |part| move |fault| PackageError::Part { part, fault: PartFault::Wire(fault) };
        let vocabulary = part_of(&self.vocabulary, tokenizer.stop_tokens());
        let pieces = (0..).map_while(|token| tokenizer.token_bytes().get(token));
        let token_bytes = TokenBytes::new(pieces.map(|piece| (piece.control, piece.bytes)));
        let mut parts = Parts::from([
            (PartKind::Program, program.encode()),
            (PartKind::Units, units.encode()),
            (PartKind::Tokenizer, vocabulary.encode().map_err(of(PartKind::Tokenizer))?),
            (PartKind::TokenBytes, token_bytes.map_err(of(PartKind::TokenBytes))?.encode()),
            (PartKind::Defaults, Defaults::new(&Parameters::default(), 0).encode()),
        ]);
        if let Some(template) = &self.template {
            parts.insert(PartKind::Template, template.as_bytes().to_vec());
        }
        Ok(parts)
    }

    /// What the file says of itself.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }
}

/// A text of the header, made fit for a manifest; what is no text is none.
fn text_of(gguf: &Gguf<'_>, key: &str) -> String {
    let said = gguf.optional(key).and_then(|field| field.string(u64::MAX).ok());
    said.map(cleaned).unwrap_or_default()
}

/// Control characters and white space become single spaces, none at the ends; as many whole characters as fit.
fn cleaned(text: &str) -> String {
    let blank = |c: char| c.is_control() || c.is_whitespace();
    let mut clean = String::new();
    for word in text.split(blank).filter(|word| !word.is_empty()) {
        let space = usize::from(!clean.is_empty());
        let room = package::limits::NAME_BYTES_MAX.saturating_sub(clean.len() + space);
        let fits =
            word.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= room);
        let end = fits.last().unwrap_or(0);
        if end > 0 {
            clean.extend(core::iter::repeat_n(' ', space));
            clean.push_str(&word[..end]);
        }
        if end < word.len() {
            break;
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_oracles() {
        let file = include_str!("../../../spec/vectors/package_name.json");
        let file: serde_json::Value = serde_json::from_str(file).expect("the oracle's file");
        for case in file["cases"].as_array().expect("a list") {
            let text = case["inputs"]["text"].as_str().expect("a text");
            assert_eq!(cleaned(text), case["expected"]["name"], "{text:?}");
        }
    }

    #[test]
    fn names_are_cleaned_by_rule() {
        let long = "a".repeat(200);
        let cases = [
            ("SmolLM2 135M", "SmolLM2 135M"),
            (" a\n\tb\u{0}\u{a0}c\u{2028} ", "a b c"),
            ("", ""),
            (" \n", ""),
            (&long, &long[..128]),
        ];
        for (text, wanted) in cases {
            assert_eq!(cleaned(text), wanted, "{text:?}");
        }
        let wide = format!("{}é", "a".repeat(127));
        assert_eq!(cleaned(&wide), "a".repeat(127), "no half characters");
        let full = format!("{} b", "a".repeat(127));
        assert_eq!(cleaned(&full), "a".repeat(127), "no space at the end");
        let nearly = format!("{} b", "a".repeat(126));
        assert_eq!(cleaned(&nearly), nearly);
    }
}
