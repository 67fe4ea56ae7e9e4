//! The models that are loaded now, for whoever needs one without waiting for the computing thread, and what is known of
//! all of them.
//!
//! Only that thread says which is loaded. Never keeps a model in memory that was put out.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::OnceCell;

use super::description::Description;
use super::message::{DescribeModel, Served};

/// One place for each model.
pub(super) struct Known {
    loaded: Vec<RwLock<Option<Served>>>,
    /// As each was last loaded.
    seen: Vec<RwLock<Option<Description>>>,
    /// Of those that never were; found out once.
    told: Vec<OnceCell<Option<Description>>>,
    describe: Arc<DescribeModel>,
}

impl Known {
    /// None is loaded.
    pub(super) fn new(models: usize, describe: Arc<DescribeModel>) -> Self {
        Self {
            loaded: (0..models).map(|_| RwLock::new(None)).collect(),
            seen: (0..models).map(|_| RwLock::new(None)).collect(),
            told: (0..models).map(|_| OnceCell::new()).collect(),
            describe,
        }
    }

    /// A model, if it is loaded.
    pub(super) fn get(&self, model: usize) -> Option<Served> {
        read(self.loaded.get(model)?)
    }

    /// A model was loaded, or put out.
    pub(super) fn set(&self, model: usize, served: Option<Served>) {
        if let (Some(served), Some(seen)) = (&served, self.seen.get(model)) {
            let about = Description::of(&served.model, Some(served.id));
            *seen.write().unwrap_or_else(PoisonError::into_inner) = Some(about);
        }
        if let Some(place) = self.loaded.get(model) {
            *place.write().unwrap_or_else(PoisonError::into_inner) = served;
        }
    }

    /// What is known of the model of this name: of one that was never loaded, what its files say.
    pub(super) async fn describe(&self, model: usize, name: &str) -> Option<Description> {
        if let Some(seen) = read(self.seen.get(model)?) {
            return Some(seen);
        }
        let (describe, name) = (Arc::clone(&self.describe), name.to_owned());
        let told = self.told.get(model)?.get_or_init(|| async {
            // It reads files.
            tokio::task::spawn_blocking(move || describe(&name)).await.ok().flatten()
        });
        told.await.clone()
    }
}

fn read<T: Clone>(place: &RwLock<Option<T>>) -> Option<T> {
    place.read().unwrap_or_else(PoisonError::into_inner).clone()
}
