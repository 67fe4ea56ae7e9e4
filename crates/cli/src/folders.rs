//! A model's folder as Hugging Face's libraries save it: `config.json`, a tokenizer, safetensors.
//!
//! The files are used where they lie. The weights' files together have one hash, under which what is prepared of them is
//! kept; what the other files say is in the program, the tokenizer and the hash of what was read. Never follows a name out of
//! the folder: those of an index are plain. Failure: an error that names the file.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use import::huggingface::{CONFIG, Folder, FolderError, ONLY_FILE, SMALL_FILES, SmallFiles};
use import::safetensors::read_header;
use package::FileHashes;
use package::folder::MANIFEST;
use store::{LocalFile, blake3_reader, open_plain, weights_hash};

use crate::steady::SteadyFile;

/// Whether a path is such a folder: no package, and one that says what its model is.
pub(crate) fn is_one(path: &Path) -> bool {
    path.is_dir() && !path.join(MANIFEST).exists() && path.join(CONFIG).is_file()
}

/// Whether a path is a folder that is to be a package.
pub(crate) fn is_package(path: &Path) -> bool {
    path.is_dir() && !is_one(path)
}

/// The folder as one model file, with the hash of its weights. Every byte of them is read.
pub(crate) fn find(path: &Path) -> Result<LocalFile> {
    let names = small_files(path)?.weight_files().with_context(|| unusable(path))?;
    let mut hashes = Vec::with_capacity(names.len());
    for name in names {
        let place = path.join(&name);
        let mut file = plain(&place)?;
        let (size, blake3) =
            blake3_reader(&mut file).with_context(|| format!("can't read {}", place.display()))?;
        hashes.push((name, size, blake3));
    }
    let size = hashes.iter().map(|(_, size, _)| size).sum();
    let all = hashes.iter().map(|(name, size, blake3)| (&**name, *size, blake3.as_bytes()));
    let blake3 = weights_hash(all);
    Ok(LocalFile { path: path.to_owned(), size, blake3, sha256: None })
}

/// Whether these files are the ones that are known by one size and one hash.
pub(crate) fn are(names: &[String], found: &[FileHashes], known: &LocalFile) -> bool {
    let size: u64 = found.iter().map(|hashes| hashes.size).sum();
    let all = names.iter().zip(found);
    let all = all.map(|(name, hashes)| (&**name, hashes.size, &hashes.blake3));
    (size, weights_hash(all)) == (known.size, known.blake3)
}

/// An open folder, and what its files say.
pub(crate) struct OpenFolder {
    pub(crate) folder: Folder,
    /// The program's files in its order, then those that it reads nothing of.
    pub(crate) names: Vec<String>,
    pub(crate) files: Vec<SteadyFile>,
    /// Of all that was read but tensors.
    pub(crate) header: blake3::Hash,
}

/// Opens a folder whose weights lie in another one, as far as they are there, or in the same.
pub(crate) fn open(path: &Path, weights: &Path) -> Result<OpenFolder> {
    let small = small_files(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut hash = |text: &[u8]| {
        hasher.update(blake3::hash(text).as_bytes());
    };
    small.0.iter().for_each(|text| hash(text.as_deref().unwrap_or_default()));
    let names = small.weight_files().with_context(|| unusable(path))?;
    let (mut headers, mut files) = (Vec::new(), Vec::new());
    for name in &names {
        let elsewhere = weights.join(name);
        let place = if elsewhere.exists() { elsewhere } else { path.join(name) };
        let mut file = steady(&place)?;
        let length = file.length()?;
        let (header, text) = read_header(length, |offset, bytes| file.read_at(offset, bytes))
            .with_context(|| format!("{} can't be used", place.display()))?;
        hash(&text);
        headers.push(header);
        files.push(Some(file));
    }
    let folder = Folder::read(&small, &headers).with_context(|| unusable(path))?;
    let mut ordered = folder.files.clone();
    ordered.extend(names.iter().filter(|name| !folder.files.contains(name)).cloned());
    let mut take = |name: &String| {
        let index = names.iter().position(|known| known == name)?;
        files[index].take()
    };
    let files = ordered.iter().map(&mut take).collect::<Option<Vec<_>>>();
    let files = files.context("the program has files that the folder has not")?;
    Ok(OpenFolder { folder, names: ordered, files, header: hasher.finalize() })
}

fn unusable(path: &Path) -> String {
    format!("{} can't be used", path.display())
}

/// Reads the files beside the weights.
fn small_files(path: &Path) -> Result<SmallFiles> {
    let mut small = SmallFiles::default();
    for ((file, most, needed), place) in SMALL_FILES.into_iter().zip(&mut small.0) {
        let folder = path;
        let path = path.join(file);
        if !path.exists() {
            if needed {
                return Err(FolderError::Absent { file }).with_context(|| unusable(folder));
            }
            continue;
        }
        let mut bytes = Vec::new();
        plain(&path)?
            .take(most + 1)
            .read_to_end(&mut bytes)
            .with_context(|| format!("can't read {}", path.display()))?;
        if u64::try_from(bytes.len())? > most {
            bail!("{} is longer than {most} bytes", path.display());
        }
        *place = Some(bytes);
    }
    Ok(small)
}

/// Opens a file; a folder, a pipe or a device is none.
fn plain(path: &Path) -> Result<std::fs::File> {
    let context = || format!("can't open {}{}", path.display(), hint(path));
    open_plain(path)
        .with_context(context)?
        .with_context(|| format!("{} is no file", path.display()))
}

fn steady(path: &Path) -> Result<SteadyFile> {
    SteadyFile::open(path).with_context(|| format!("can't open {}{}", path.display(), hint(path)))
}

/// What may help where weights are not there.
fn hint(path: &Path) -> &'static str {
    let weights = path.file_name().is_some_and(|name| name == ONLY_FILE);
    if weights && !path.exists() {
        " (weights are read of safetensors files only, not of pytorch_model.bin)"
    } else {
        ""
    }
}
