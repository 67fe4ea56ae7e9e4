//! Reading a model's files through: every tensor once, then every byte once more.
//!
//! Never judges the hashes and never says that what the tensors are is to be believed: that is for who knows which
//! hashes are the right ones. Holds one tensor of a file at a time besides the packed weights. Failure: what can't be
//! read is an error; what the arithmetic refuses is a result.

use anyhow::{Context, Result, anyhow};
use engine::{LoadError, Weights};
use package::{FileHashes, Units, UnitsBuilder};
use program::Checked;

use crate::steady::{Seen, SteadyFile};

/// What came of it.
pub(crate) struct Readings {
    /// Of each file; `None` where it was another one while it was read.
    pub(crate) hashes: Vec<Option<FileHashes>>,
    /// What the tensors are, unless the arithmetic refuses them.
    pub(crate) weights: Result<(Weights, Units)>,
}

/// Reads all tensors of a program and all its files, in the order of a manifest.
pub(crate) fn read(
    program: &Checked,
    files: &mut [SteadyFile],
    seen: &mut Seen<'_>,
) -> Result<Readings> {
    let mut units = UnitsBuilder::new(program);
    let mut refused = None;
    let loaded = Weights::load(program, |tensor| {
        let file = files.get_mut(usize::from(tensor.location.file)).context("it has no file")?;
        let mut bytes = vec![0; usize::try_from(tensor.bytes())?];
        file.read_at(tensor.location.offset, &mut bytes)?;
        seen(tensor.bytes())?;
        if let Err(error) = units.add(tensor, &bytes) {
            refused.get_or_insert(error);
        }
        Ok::<_, anyhow::Error>(bytes)
    });
    let weights = match (loaded, refused) {
        (Err(LoadError::Read { name, error }), _) => {
            return Err(error.context(format!("tensor {name} can't be read")));
        }
        (Err(error @ LoadError::Refused { .. }), _) => Err(anyhow!(error)),
        (Ok(_), Some(error)) => Err(anyhow!(error)),
        (Ok(weights), None) => Ok((weights, units.finish()?)),
    };
    let mut hashes = Vec::with_capacity(files.len());
    for file in files {
        hashes.push(file.hashes(seen)?);
    }
    Ok(Readings { hashes, weights })
}
