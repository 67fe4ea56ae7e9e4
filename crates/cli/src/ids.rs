//! Which model has which id, as far as this machine once found out: manifests of model files in the store's cache, and
//! the places of packages and files beside it.
//!
//! Never decides which model answers: whoever opens one compares its id. What is kept here can be deleted at any time,
//! and costs a search or naming the model then, never an answer.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use package::{Manifest, ModelId};
use store::{Blake3, ModelRef, PackedKey, Store};

use crate::arguments::ModelName;

/// Where manifests are kept: the layouts of all models begin so.
const MANIFEST_LAYOUT: &str = "m1-";

/// Under what the manifest of a model file is kept; `digest` tells what it depends on beside the file.
pub(crate) fn manifest_key(file: Blake3, digest: &str) -> Result<PackedKey> {
    Ok(PackedKey::new(file, &format!("{MANIFEST_LAYOUT}{digest}"))?)
}

pub(crate) fn kept_manifest(store: &Store, key: &PackedKey) -> Option<Manifest> {
    let payload = store.packed().get(key).ok()??.into_payload();
    let mut bytes = Vec::new();
    let most = u64::try_from(package::limits::MANIFEST_BYTES_MAX).ok()?;
    payload.take(most).read_to_end(&mut bytes).ok()?;
    Manifest::decode(&bytes).ok()
}

pub(crate) fn keep_manifest(store: &Store, key: &PackedKey, manifest: &Manifest) -> Result<()> {
    let manifest = manifest.encode();
    store.packed().put(key, &mut |out: &mut dyn Write| out.write_all(&manifest))?;
    Ok(())
}

/// The model files of which a manifest is kept, and their models' ids.
pub(crate) fn known(store: &Store) -> Result<Vec<(Blake3, ModelId)>> {
    let keys = store.packed().keys(MANIFEST_LAYOUT)?;
    let known = |key: &PackedKey| Some((key.model(), kept_manifest(store, key)?.id()));
    Ok(keys.iter().filter_map(known).collect())
}

/// The pulled models that are known under this id.
pub(crate) fn pulled(store: &Store, id: ModelId) -> Result<Vec<ModelName>> {
    let known = known(store)?;
    let is_it = |file| known.contains(&(file, id));
    let models = store.list()?.models.into_iter();
    let named = models.filter(|model| model.present && is_it(model.record.blake3));
    Ok(named.filter_map(|model| ModelName::parse(&model.record.reference).ok()).collect())
}

/// An id as the cache names things.
pub(crate) fn as_hash(id: ModelId) -> Result<Blake3> {
    Blake3::from_hex(&id.to_string()).context("a hash has 64 digits")
}

/// Remembers where a package's folder or a model file lies.
pub(crate) fn keep_place(store: &Store, id: ModelId, path: &Path) -> Result<()> {
    Ok(store.places().keep(as_hash(id)?, &std::fs::canonicalize(path)?)?)
}

/// Where a package or a file of this id lay, and something still does.
pub(crate) fn placed(store: &Store, id: ModelId) -> Result<Vec<ModelName>> {
    let name = |path: PathBuf| {
        let typed = path.display().to_string();
        ModelName { typed, reference: ModelRef::Path(path) }
    };
    Ok(store.places().of(as_hash(id)?)?.into_iter().map(name).collect())
}
