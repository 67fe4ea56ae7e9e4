//! From the name of a model to something that runs: file, program, weights, engine.
//!
//! Packed weights are kept in the store's cache under the file's BLAKE3, so that a second start
//! reads them as they are. The cache is checked before use and can be deleted at any time: one that
//! can't be read or written costs time, never an answer.
//!
//! An answer names the hash of the file it came from. So a file is opened once, packed weights are
//! kept only after all of that open file was hashed again, and they are found by the hash of its
//! header too: a file that changed between two looks, or that lies damaged in the store, is refused.
//! (Not noticed: one that is changed while it is packed and changed back before it is hashed again.)

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use canon::{KernelSet, Kernels};
use engine::{Engine, LAYOUT_VERSION, Weights};
use llm::{Model, Runner};
use store::{LocalFile, ModelRef, PackedKey, Store};

use crate::arguments::{EngineOptions, ModelName};
use crate::failure::{Usage, describe};
use crate::output::tell;
use crate::progress::{Download, spinner};

/// A model that can be run.
pub(crate) struct Loaded {
    pub(crate) model: Arc<Model>,
    pub(crate) runner: Runner,
    pub(crate) file: LocalFile,
}

/// Finds the file of a model, downloading it if need be.
fn find(store: &Store, reference: &ModelRef) -> Result<LocalFile> {
    match (store.resolve(reference)?, reference) {
        (Some(file), _) => Ok(file),
        (None, ModelRef::Path(_)) => Ok(store.require(reference)?),
        (None, ModelRef::Hub(_) | ModelRef::Catalogue(_)) => pull(store, reference),
    }
}

/// Downloads a model.
pub(crate) fn pull(store: &Store, reference: &ModelRef) -> Result<LocalFile> {
    let download = Download::new();
    Ok(store.pull(reference, &mut |event| download.show(&event))?)
}

/// An open model file and what its header says.
pub(crate) struct Opened {
    pub(crate) model: Model,
    file: File,
    header: blake3::Hash,
}

/// Opens a model file and reads its header.
pub(crate) fn open(path: &Path) -> Result<Opened> {
    let file = File::open(path).with_context(|| format!("can't open {}", path.display()))?;
    let length = file.metadata()?.len();
    let context = || format!("{} can't be used", path.display());
    let read = |offset, bytes: &mut [u8]| file.read_exact_at(bytes, offset);
    let header = import::gguf::read_header(length, |offset, bytes| read(offset, bytes))
        .with_context(context)?;
    let model = Model::from_gguf(&header, length, read).with_context(context)?;
    Ok(Opened { model, header: blake3::hash(&header), file })
}

/// Loads a model and makes an engine for it.
pub(crate) fn load(name: &ModelName, options: &EngineOptions) -> Result<Loaded> {
    let kernels = kernels(options)?;
    let store = crate::environment::store()?;
    let file = find(&store, &name.reference)?;
    let context = || way_out(&name.reference);
    let opened = match &name.reference {
        ModelRef::Path(_) => open(&file.path)?,
        ModelRef::Hub(_) | ModelRef::Catalogue(_) => open(&file.path).with_context(context)?,
    };
    let weights = weights(&store, &opened, &file).with_context(context)?;
    let model = opened.model;
    let engine = Engine::new(&model.program, Arc::new(weights), kernels, threads(options))?;
    let runner = Runner::new(engine, usize::from(options.prefill_chunk));
    Ok(Loaded { model: Arc::new(model), runner, file })
}

/// What to do about a model that can't be used.
fn way_out(reference: &ModelRef) -> String {
    match reference {
        ModelRef::Path(path) => {
            format!("{} can't be used (was it changed while it was read?)", path.display())
        }
        ModelRef::Hub(_) | ModelRef::Catalogue(_) => format!(
            "{reference} can't be used (`probity pull {reference}` checks every byte of its copy \
             and fetches a damaged one again)"
        ),
    }
}

fn threads(options: &EngineOptions) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    options.threads.map_or_else(cores, usize::from)
}

fn kernels(options: &EngineOptions) -> Result<Kernels> {
    let set = match options.kernels {
        Some(set) => set,
        None => kernels_of_environment()?.unwrap_or_else(KernelSet::best),
    };
    Kernels::of(set).ok_or_else(|| {
        let here = KernelSet::ALL.into_iter().filter(|set| set.available());
        anyhow!("this processor can't run the {} kernels; it can run: {}", set.name(), names(here))
    })
}

fn kernels_of_environment() -> Result<Option<KernelSet>> {
    let Some(name) = crate::environment::kernels() else { return Ok(None) };
    if let Some(set) = KernelSet::from_name(&name) {
        return Ok(Some(set));
    }
    let known = names(KernelSet::ALL);
    bail!(Usage(format!(
        "the environment's PROBITY_KERNELS is {name:?}: it must be one of {known}"
    )))
}

fn names(sets: impl IntoIterator<Item = KernelSet>) -> String {
    sets.into_iter().map(KernelSet::name).collect::<Vec<_>>().join(", ")
}

/// The packed weights: from the cache, or packed now and put there.
fn weights(store: &Store, opened: &Opened, file: &LocalFile) -> Result<Weights> {
    let key = PackedKey::new(file.blake3, &layout(opened))?;
    if let Some(weights) = restored(store, &key, &opened.model) {
        return Ok(weights);
    }
    let spinner = spinner("preparing the weights (once)");
    let weights = packed(opened)?;
    if !hashes_to(&opened.file, file)? {
        bail!("its bytes are not those it is known by");
    }
    let saved = store
        .packed()
        .put(&key, &mut |out: &mut dyn Write| weights.save(|bytes| out.write_all(bytes)));
    spinner.finish_and_clear();
    if let Err(error) = saved {
        let error = describe(&error.into());
        tell(format_args!("the prepared weights can't be kept for the next start: {error}"));
    }
    Ok(weights)
}

fn restored(store: &Store, key: &PackedKey, model: &Model) -> Option<Weights> {
    let mut packed = store.packed().get(key).ok()??.into_file();
    Weights::restore(&model.program, |bytes| packed.read_exact(bytes)).ok()
}

/// The name of a packed form of one header's weights.
fn layout(opened: &Opened) -> String {
    let order = if cfg!(target_endian = "little") { "le" } else { "be" };
    let mut hasher = blake3::Hasher::new();
    hasher.update(opened.model.program.digest().as_bytes()).update(opened.header.as_bytes());
    format!("v{LAYOUT_VERSION}-{order}-{}", &hasher.finalize().to_hex()[..32])
}

/// Packs one tensor after the other, so that no more than one stands in memory twice.
fn packed(opened: &Opened) -> Result<Weights> {
    Ok(Weights::load(&opened.model.program, |tensor| {
        let length = usize::try_from(tensor.bytes()).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        opened.file.read_exact_at(&mut bytes, tensor.location.offset)?;
        Ok::<_, io::Error>(bytes)
    })?)
}

/// Whether the open file's bytes, read again, are those it is known by.
fn hashes_to(mut open: &File, known: &LocalFile) -> io::Result<bool> {
    open.rewind()?;
    Ok(store::blake3_reader(&mut open)? == (known.size, known.blake3))
}

/// What stands in a seed for the model until packages have manifests.
pub(crate) fn model_id(model: &Model, file: &LocalFile) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("probity draft model id v0");
    hasher.update(model.program.digest().as_bytes()).update(file.blake3.as_bytes());
    *hasher.finalize().as_bytes()
}
