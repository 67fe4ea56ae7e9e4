//! The models that are loaded now, for whoever needs one without waiting for the computing thread.
//!
//! Only that thread writes. Never keeps a model in memory that was put out.

use std::sync::{PoisonError, RwLock};

use super::message::Served;

/// One place for each model.
pub(super) struct Known(Vec<RwLock<Option<Served>>>);

impl Known {
    /// None is loaded.
    pub(super) fn new(models: usize) -> Self {
        Self((0..models).map(|_| RwLock::new(None)).collect())
    }

    /// A model, if it is loaded.
    pub(super) fn get(&self, model: usize) -> Option<Served> {
        self.0.get(model)?.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A model was loaded, or put out.
    pub(super) fn set(&self, model: usize, served: Option<Served>) {
        if let Some(place) = self.0.get(model) {
            *place.write().unwrap_or_else(PoisonError::into_inner) = served;
        }
    }
}
