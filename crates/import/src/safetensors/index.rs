//! `model.safetensors.index.json`: which file has which tensor.
//!
//! Never names a file outside its own folder: a name is one that a package can hold.

use std::collections::{BTreeMap, BTreeSet};

use super::{Header, MAX_TENSORS, SafetensorsError, checked_name, needed};
use crate::json::Json;

/// The most files of a model; the largest known have a few hundred.
pub const MAX_FILES: usize = 1024;
/// What every file's name ends with.
const ENDING: &str = ".safetensors";

/// A parsed index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// File by tensor.
    files: BTreeMap<String, String>,
}

impl Index {
    /// Parses and checks an index.
    ///
    /// # Errors
    /// [`SafetensorsError`] names what is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, SafetensorsError> {
        let json = |error| SafetensorsError::Json { place: "the index", error };
        let index = Json::parse(text).map_err(json)?;
        let wanted = "an object of file names as `weight_map`";
        let map = index.member("weight_map").and_then(Json::members);
        let map = map.ok_or_else(|| needed("the index", wanted))?;
        too_many("the index's tensors", map.len(), MAX_TENSORS)?;
        let mut files = BTreeMap::new();
        for (tensor, file) in map {
            let tensor = checked_name("the tensor's name", tensor)?;
            let file = file.text().ok_or_else(|| needed("the index", wanted))?;
            files.insert(tensor, file_name(file)?);
        }
        let index = Self { files };
        too_many("the index's files", index.file_names().len(), MAX_FILES)?;
        Ok(index)
    }

    /// The files, sorted.
    #[must_use]
    pub fn file_names(&self) -> Vec<&str> {
        let names: BTreeSet<&str> = self.files.values().map(String::as_str).collect();
        names.into_iter().collect()
    }

    /// Compares it with the headers of its files: every tensor stands in its file, and no file has another.
    ///
    /// # Errors
    /// [`SafetensorsError::Member`] names the first tensor that is elsewhere.
    pub fn check<'h>(
        &self,
        headers: impl IntoIterator<Item = (&'h str, &'h Header)>,
    ) -> Result<(), SafetensorsError> {
        let mut found = 0;
        for (file, header) in headers {
            for tensor in header.tensors() {
                if self.files.get(tensor.name()).map(String::as_str) != Some(file) {
                    let place = format!("tensor {} of {file}", tensor.name());
                    return Err(needed(&place, "an index that says it stands there"));
                }
                found += 1;
            }
        }
        if found == self.files.len() {
            return Ok(());
        }
        Err(needed("the index", "files that have every tensor it names"))
    }
}

fn too_many(what: &'static str, found: usize, limit: usize) -> Result<(), SafetensorsError> {
    if found <= limit { Ok(()) } else { Err(SafetensorsError::TooMany { what, found, limit }) }
}

/// A name as a package's files have it (`spec/package.md` section 7).
fn file_name(name: &str) -> Result<String, SafetensorsError> {
    if commit::file_name(name) && name.ends_with(ENDING) {
        return Ok(name.to_owned());
    }
    let name = name.chars().take(commit::FILE_NAME_BYTES_MAX).collect();
    Err(SafetensorsError::Name { what: "the file's name", name })
}
