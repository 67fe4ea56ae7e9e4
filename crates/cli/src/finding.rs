//! A model found by its id, among those on this machine.
//!
//! Never downloads, and never takes a model for another one's: what is kept of ids only says where to look first. Reads
//! a model file whole where nobody knows its id yet, and keeps it then.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use package::ModelId;
use store::{LocalFile, ModelRef, Store, Stored};

use crate::arguments::ModelName;
use crate::failure::describe;
use crate::ids;
use crate::loading::{Identified, identify};
use crate::output::{size, tell};
use crate::packaged;

/// Most models whose id is looked for in one search: each may be read whole.
const MODELS_MAX: usize = 64;

/// The model of this id, if it is here.
pub(crate) fn model_of(store: &Store, id: ModelId) -> Result<Option<ModelName>> {
    if let Some(name) = ids::pulled(store, id)? {
        return Ok(Some(name));
    }
    if let Some(name) = folder_of(store, id) {
        return Ok(Some(name));
    }
    let models: Vec<Stored> =
        store.list()?.models.into_iter().filter(|model| model.present).collect();
    for model in models.iter().take(MODELS_MAX) {
        if let Ok(name) = ModelName::parse(&model.record.reference)
            && is(store, &name.reference, id)
        {
            return Ok(Some(name));
        }
    }
    if models.len() > MODELS_MAX {
        tell(format_args!(
            "looked for the model {id} among {MODELS_MAX} of {} that are here: name it with --model",
            models.len()
        ));
    }
    Ok(None)
}

/// The package of this id, if it still lies where it ran or was built.
fn folder_of(store: &Store, id: ModelId) -> Option<ModelName> {
    let path = ids::kept_folder(store, id)?;
    let found = packaged::open(&path).is_ok_and(|package| package.id() == id);
    let typed = path.display().to_string();
    found.then_some(ModelName { typed, reference: ModelRef::Path(path) })
}

/// Whether a model has this id. One that can't be used has none.
fn is(store: &Store, reference: &ModelRef, id: ModelId) -> bool {
    match identified(store, reference) {
        Ok(found) => found.id == id,
        Err(error) => {
            tell(format_args!("{reference} is not looked at: {}", describe(&error)));
            false
        }
    }
}

/// A model without its weights, and its id; says so where all of the file has to be read for that.
pub(crate) fn identified(store: &Store, reference: &ModelRef) -> Result<Identified> {
    let bar = ProgressBar::no_length();
    let template = "reading {msg} {bar:30} {decimal_bytes} of {decimal_total_bytes}";
    bar.set_style(ProgressStyle::with_template(template)?);
    bar.set_message(reference.to_string());
    let mut begin = |file: &LocalFile| {
        let size = size(file.size);
        tell(format_args!(
            "the model id of {reference} is not known yet: reading it ({size}, once)"
        ));
        // Its tensors, and then all of it.
        bar.set_length(file.size.saturating_mul(2));
    };
    let found = identify(store, reference, &mut begin, &mut |bytes| {
        bar.inc(bytes);
        Ok(())
    });
    bar.finish_and_clear();
    found
}
