//! From the name of a model to something that runs: file, program, weights, engine.
//!
//! Packed weights and the package's manifest are kept in the store's cache under the file's BLAKE3, so
//! that a second start reads them as they are. The cache is checked before use and can be deleted at
//! any time: one that can't be read or written costs time, never an answer.
//!
//! An answer names the hash of the file it came from. So a file is opened once, packed weights are
//! kept only after all of that open file was hashed again and everything read of it before was found
//! in it, and they are found by the hash of its header too: a file that changed between two looks, or
//! that lies damaged in the store, is refused.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use canon::{KernelSet, Kernels};
use engine::{Engine, LAYOUT_VERSION, Weights};
use llm::{Model, Publication, Runner};
use package::{FileHashes, Manifest, ModelId, Units};
use store::{LocalFile, ModelRef, PackedKey, Store};

use crate::arguments::{EngineOptions, ModelName};
use crate::failure::{Usage, describe};
use crate::folders::{self, OpenFolder};
use crate::ids::{as_hash, keep_manifest, keep_place, kept_manifest, manifest_key};
use crate::output::tell;
use crate::packaged;
use crate::progress::{Download, spinner};
use crate::reading::{Readings, read};
use crate::steady::{Seen, SteadyFile};

/// A model that can be run.
pub(crate) struct Loaded {
    pub(crate) model: Arc<Model>,
    pub(crate) runner: Runner,
    pub(crate) file: LocalFile,
    pub(crate) id: ModelId,
}

/// Finds the file of a model, downloading it if need be. A folder of files is one, too.
pub(crate) fn find(store: &Store, reference: &ModelRef) -> Result<LocalFile> {
    if let ModelRef::Path(path) = reference
        && folders::is_one(path)
    {
        return folders::find(path);
    }
    match (store.resolve(reference)?, reference) {
        (Some(file), _) => Ok(file),
        (None, ModelRef::Path(_)) => Ok(store.require(reference)?),
        (None, ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_)) => {
            pull(store, reference)
        }
    }
}

/// The file of a model that is here.
pub(crate) fn require(store: &Store, reference: &ModelRef) -> Result<LocalFile> {
    match reference {
        ModelRef::Path(path) if folders::is_one(path) => folders::find(path),
        ModelRef::Path(_) | ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_) => {
            Ok(store.require(reference)?)
        }
    }
}

/// Downloads a model.
pub(crate) fn pull(store: &Store, reference: &ModelRef) -> Result<LocalFile> {
    let download = Download::new();
    Ok(store.pull(reference, &mut |event| download.show(&event))?)
}

/// An open model file, or the files of a folder, and what their headers say.
pub(crate) struct Opened {
    pub(crate) publication: Publication,
    /// Those of the program, in its order, and those that it reads nothing of.
    files: Vec<SteadyFile>,
    /// Of a folder: its files' names.
    names: Option<Vec<String>>,
    header: blake3::Hash,
}

/// Opens a model file and reads its header.
pub(crate) fn open(path: &Path) -> Result<Opened> {
    if folders::is_one(path) { open_folder(path, path) } else { open_as(path, path) }
}

/// Opens the folder of a model whose weights lie in another one, or in the same.
pub(crate) fn open_folder(path: &Path, weights: &Path) -> Result<Opened> {
    let OpenFolder { folder, names, files, header } = folders::open(path, weights)?;
    let publication = Publication::of_folder(folder);
    let publication = publication.with_context(|| format!("{} can't be used", path.display()))?;
    Ok(Opened { publication, files, names: Some(names), header })
}

/// Opens a model file that the person knows by another path.
pub(crate) fn open_as(path: &Path, known: &Path) -> Result<Opened> {
    let mut file =
        SteadyFile::open(path).with_context(|| format!("can't open {}", known.display()))?;
    let length = file.length()?;
    let context = || format!("{} can't be used", known.display());
    let (publication, header) = import::gguf::with_header(
        length,
        |offset, bytes: &mut [u8]| file.read_at(offset, bytes),
        |gguf, header, read| (Publication::of(gguf, read), blake3::hash(header)),
    )
    .with_context(context)?;
    let publication = publication.with_context(context)?;
    Ok(Opened { publication, header, files: vec![file], names: None })
}

/// Opens the file that [`find`] found for a name.
pub(crate) fn open_found(file: &LocalFile, reference: &ModelRef) -> Result<Opened> {
    match reference {
        ModelRef::Path(_) => open(&file.path),
        ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_) => {
            open(&file.path).with_context(|| way_out(reference))
        }
    }
}

/// Loads a model and makes an engine for it.
pub(crate) fn load(name: &ModelName, options: &EngineOptions) -> Result<Loaded> {
    let kernels = kernels(options)?;
    let store = crate::environment::store()?;
    if let ModelRef::Path(path) = &name.reference
        && folders::is_package(path)
    {
        return load_package(&store, path, kernels, options);
    }
    let file = find(&store, &name.reference)?;
    let mut opened = open_found(&file, &name.reference)?;
    let (weights, id) =
        weights(&store, &mut opened, &file).with_context(|| way_out(&name.reference))?;
    if let ModelRef::Path(_) | ModelRef::HubFolder(_) = &name.reference {
        // Where it can't be kept, `verify` has to be told where the file lies.
        let _ = keep_place(&store, id, &file.path);
    }
    let model = opened.publication.model;
    let runner = runner(&model, weights, kernels, options)?;
    Ok(Loaded { model: Arc::new(model), runner, file, id })
}

/// A model without its weights.
pub(crate) struct Identified {
    pub(crate) model: Model,
    pub(crate) id: ModelId,
}

/// A model that is here and its id: kept, or made now of all its bytes (`begin` is told the file) and kept.
pub(crate) fn identify(
    store: &Store,
    reference: &ModelRef,
    begin: &mut dyn FnMut(&LocalFile),
    seen: &mut Seen<'_>,
) -> Result<Identified> {
    if let ModelRef::Path(path) = reference
        && folders::is_package(path)
    {
        let package = packaged::open(path)?;
        return Ok(Identified { model: packaged::model(path, &package)?, id: package.id() });
    }
    let file = require(store, reference)?;
    let context = || way_out(reference);
    let mut opened = open(&file.path).with_context(context)?;
    let id = match known_id(store, &opened, &file)? {
        Some(id) => id,
        None => {
            begin(&file);
            let (_, manifest) = prepared(&mut opened, &file, seen).with_context(context)?;
            let key = Keys::new(&opened, &file)?.manifest;
            tell_unkept(keep_manifest(store, &key, &manifest));
            manifest.id()
        }
    };
    Ok(Identified { model: opened.publication.model, id })
}

/// The id of an open model file, where it is kept.
pub(crate) fn known_id(
    store: &Store,
    opened: &Opened,
    file: &LocalFile,
) -> Result<Option<ModelId>> {
    let key = Keys::new(opened, file)?.manifest;
    Ok(kept_manifest(store, &key).map(|manifest| manifest.id()))
}

fn runner(
    model: &Model,
    weights: Weights,
    kernels: Kernels,
    options: &EngineOptions,
) -> Result<Runner> {
    let engine = Engine::new(&model.program, Arc::new(weights), kernels, threads(options))?;
    Ok(Runner::new(engine, usize::from(options.prefill_chunk)))
}

/// Loads the package in a folder. Its prepared weights are kept under its model id, so that a second start need not
/// read its files: whatever becomes of those, the weights are this id's.
fn load_package(
    store: &Store,
    path: &Path,
    kernels: Kernels,
    options: &EngineOptions,
) -> Result<Loaded> {
    let package = packaged::open(path)?;
    let model = packaged::model(path, &package)?;
    let key = PackedKey::new(
        as_hash(package.id())?,
        &weights_layout(&model.program.digest().to_hex()[..32]),
    )?;
    let weights = match restored_weights(store, &key, &model) {
        Some(weights) => weights,
        None => {
            let spinner = spinner("checking the package and preparing the weights (once)");
            let weights = packaged::weights(path, &package, &mut |_| Ok(()))?;
            let saved = keep_weights(store, &key, &weights);
            spinner.finish_and_clear();
            tell_unkept(saved);
            weights
        }
    };
    let first = package.manifest().files().first().context("a package has a file")?;
    let file = LocalFile {
        path: path.join(package::folder::file_path(first)),
        size: first.hashes.size,
        blake3: as_hash(ModelId(first.hashes.blake3))?,
        sha256: None,
    };
    // Where it can't be kept, `verify` has to be told where the package lies.
    let _ = keep_place(store, package.id(), path);
    let runner = runner(&model, weights, kernels, options)?;
    Ok(Loaded { model: Arc::new(model), runner, file, id: package.id() })
}

/// What to do about a model that can't be used.
fn way_out(reference: &ModelRef) -> String {
    match reference {
        ModelRef::Path(path) => {
            format!("{} can't be used (was it changed while it was read?)", path.display())
        }
        ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_) => format!(
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

/// The packed weights and the model's id: from the cache, or made now and put there.
fn weights(store: &Store, opened: &mut Opened, file: &LocalFile) -> Result<(Weights, ModelId)> {
    let keys = Keys::new(opened, file)?;
    if let Some(kept) = restored(store, &keys, &opened.publication.model) {
        return Ok(kept);
    }
    let spinner = spinner("preparing the weights (once)");
    let (weights, manifest) = prepared(opened, file, &mut |_| Ok(()))?;
    let saved = keep(store, &keys, &weights, &manifest);
    spinner.finish_and_clear();
    tell_unkept(saved);
    Ok((weights, manifest.id()))
}

fn tell_unkept(saved: Result<()>) {
    if let Err(error) = saved {
        let error = describe(&error);
        tell(format_args!("what was prepared can't be kept for the next start: {error}"));
    }
}

/// The layout of packed weights on this machine, of these.
fn weights_layout(digest: &str) -> String {
    let order = if cfg!(target_endian = "little") { "le" } else { "be" };
    format!("v{LAYOUT_VERSION}-{order}-{digest}")
}

/// Under what a model's derived bytes are kept.
struct Keys {
    weights: PackedKey,
    manifest: PackedKey,
}

impl Keys {
    fn new(opened: &Opened, file: &LocalFile) -> Result<Self> {
        let digest = digest(opened);
        Ok(Self {
            weights: PackedKey::new(file.blake3, &weights_layout(&digest))?,
            manifest: manifest_key(file.blake3, &digest)?,
        })
    }
}

fn restored(store: &Store, keys: &Keys, model: &Model) -> Option<(Weights, ModelId)> {
    let manifest = kept_manifest(store, &keys.manifest)?;
    Some((restored_weights(store, &keys.weights, model)?, manifest.id()))
}

fn restored_weights(store: &Store, key: &PackedKey, model: &Model) -> Option<Weights> {
    let mut packed = store.packed().get(key).ok()??.into_payload();
    Weights::restore(&model.program, |bytes| packed.read_exact(bytes)).ok()
}

fn keep(store: &Store, keys: &Keys, weights: &Weights, manifest: &Manifest) -> Result<()> {
    keep_manifest(store, &keys.manifest, manifest)?;
    keep_weights(store, &keys.weights, weights)
}

fn keep_weights(store: &Store, key: &PackedKey, weights: &Weights) -> Result<()> {
    store
        .packed()
        .put(key, &mut |out: &mut dyn Write| weights.save(|bytes| out.write_all(bytes)))?;
    Ok(())
}

/// What tells one header's program and weights from another's.
fn digest(opened: &Opened) -> String {
    let mut hasher = blake3::Hasher::new();
    let program = opened.publication.model.program.digest();
    hasher.update(program.as_bytes()).update(opened.header.as_bytes());
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Packs one tensor after the other, so that no more than one stands in memory twice, and makes the
/// package on the way.
fn prepared(
    opened: &mut Opened,
    known: &LocalFile,
    seen: &mut Seen<'_>,
) -> Result<(Weights, Manifest)> {
    let (weights, units, hashes) = opened.read_through(known, seen)?;
    let package = opened.publication.package(&units, hashes)?;
    Ok((weights, package.manifest().clone()))
}

impl Opened {
    /// Reads all of the files, which must be the known ones; gives the hashes of those of the program.
    pub(crate) fn read_through(
        &mut self,
        known: &LocalFile,
        seen: &mut Seen<'_>,
    ) -> Result<(Weights, Units, Vec<FileHashes>)> {
        let program = &self.publication.model.program;
        let Readings { hashes, weights } = read(program, &mut self.files, seen)?;
        let hashes: Option<Vec<FileHashes>> = hashes.into_iter().collect();
        let mut hashes = hashes.with_context(other_bytes)?;
        let same = match (&self.names, &*hashes) {
            (Some(names), _) => folders::are(names, &hashes, known),
            (None, [only]) => (only.size, only.blake3) == (known.size, *known.blake3.as_bytes()),
            (None, _) => false,
        };
        if !same {
            bail!(other_bytes());
        }
        hashes.truncate(self.publication.file_count());
        let (weights, units) = weights?;
        Ok((weights, units, hashes))
    }
}

fn other_bytes() -> &'static str {
    "its bytes are not those it is known by"
}
