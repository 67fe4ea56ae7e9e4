//! What a referee holds of a published model.
//!
//! Never more than the state says: whoever disputes brings the rest, and proves it.

use chain::records::{Package, Part};
use commit::Digest;
use dispute::Model;
use program::Checked;

/// The model of a package, whose program this is; `None` where no tile could be proved against its parts.
#[must_use]
pub fn referee_model<'a>(checked: &'a Checked, id: Digest, package: &Package) -> Option<Model<'a>> {
    let part = |part: &Part| dispute::Part { hash: part.hash, bytes: part.bytes };
    let files = package.files.iter().map(part).collect();
    Model::new(checked, id, files, part(&package.units)).ok()
}
