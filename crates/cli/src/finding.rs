//! A model found by its id, among those on this machine.
//!
//! Never downloads, and never takes a model for another one's: what is kept of ids only says where to look first. Reads
//! a model file whole where nobody knows its id yet, and keeps it then.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use package::ModelId;
use store::{LocalFile, ModelRef, Store, Stored};

use crate::arguments::ModelName;
use crate::failure::{Usage, describe};
use crate::ids;
use crate::loading::{Identified, identify};
use crate::output::{escaped, size, tell};

/// Most models whose id is looked for: each may be read whole.
const MODELS_MAX: usize = 64;

/// What was looked at so far: every model is opened once, however many receipts of unknown models there are.
pub(crate) struct Finder {
    store: Store,
    looked_at: Vec<(ModelName, ModelId)>,
    /// Those that can't be opened: told once.
    unusable: Vec<String>,
    /// Those to come, last first; `None` before the first look.
    rest: Option<Vec<Stored>>,
}

impl Finder {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, looked_at: Vec::new(), unusable: Vec::new(), rest: None }
    }

    /// The model of this id, if it is here, opened: with the id that it then has.
    pub(crate) fn find<T>(
        &mut self,
        id: ModelId,
        mut open: impl FnMut(&ModelName) -> Result<(ModelId, T)>,
    ) -> Result<Option<T>> {
        let pulled = ids::pulled(&self.store, id)?;
        for name in pulled.into_iter().chain(placed(&self.store, id)?) {
            if let Some(it) = self.opened(&name, id, &mut open)? {
                return Ok(Some(it));
            }
        }
        while let Some(name) = self.look(id)? {
            if let Some(it) = self.opened(&name, id, &mut open)? {
                return Ok(Some(it));
            }
            // Damaged, or another one by now.
            self.looked_at.retain(|(other, _)| other.typed != name.typed);
        }
        Ok(None)
    }

    /// What comes of opening this model; `None` where it can't be, or is another one: what was kept of its id may be
    /// another release's.
    fn opened<T>(
        &mut self,
        name: &ModelName,
        id: ModelId,
        open: &mut impl FnMut(&ModelName) -> Result<(ModelId, T)>,
    ) -> Result<Option<T>> {
        match open(name) {
            Ok((found, it)) => Ok((found == id).then_some(it)),
            // What was asked for in a wrong way is wrong for every model.
            Err(error) if error.is::<Usage>() => Err(error),
            Err(error) => {
                if !self.unusable.contains(&name.typed) {
                    tell(format_args!(
                        "{} is passed over: {}",
                        escaped(&name.typed),
                        describe(&error)
                    ));
                    self.unusable.push(name.typed.clone());
                }
                Ok(None)
            }
        }
    }

    /// The name of the model of this id, by looking at each.
    fn look(&mut self, id: ModelId) -> Result<Option<ModelName>> {
        if let Some((name, _)) = self.looked_at.iter().find(|(_, found)| *found == id) {
            return Ok(Some(name.clone()));
        }
        let mut rest = match self.rest.take() {
            Some(rest) => rest,
            None => models(&self.store)?,
        };
        while let Some(model) = rest.pop() {
            let Some((name, found)) = looked_at(&self.store, &model) else { continue };
            self.looked_at.push((name.clone(), found));
            if found == id {
                self.rest = Some(rest);
                return Ok(Some(name));
            }
        }
        self.rest = Some(rest);
        Ok(None)
    }
}

/// The models that are here, last first.
fn models(store: &Store) -> Result<Vec<Stored>> {
    let mut models = store.list()?.models;
    models.retain(|model| model.present);
    let here = models.len();
    if here > MODELS_MAX {
        tell(format_args!(
            "{here} models are here, and {MODELS_MAX} of them are looked at: name one with --model"
        ));
        models.truncate(MODELS_MAX);
    }
    models.reverse();
    Ok(models)
}

/// The packages and files outside the store that ran or were built, where they are of this id still.
fn placed(store: &Store, id: ModelId) -> Result<Vec<ModelName>> {
    let mut placed = ids::placed(store, id)?;
    placed.retain(|name| match identified(store, &name.reference) {
        Ok(found) => found.id == id,
        Err(error) => {
            tell(format_args!("{} is not looked at: {}", escaped(&name.typed), describe(&error)));
            false
        }
    });
    Ok(placed)
}

/// A model's id; `None` of one that can't be used.
fn looked_at(store: &Store, model: &Stored) -> Option<(ModelName, ModelId)> {
    let name = ModelName::parse(&model.record.reference).ok()?;
    match identified(store, &name.reference) {
        Ok(found) => Some((name, found.id)),
        Err(error) => {
            tell(format_args!("{} is not looked at: {}", escaped(&name.typed), describe(&error)));
            None
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
