//! A receipt file held against a model's GGUF file: every token derived again.
//!
//! Never takes a model for the one that was named: its package is made of the file, and the ids are compared. One
//! thread, and no file, clock or network. Failure: a model that is refused is the caller's mistake; a receipt that is
//! not taken is a report.

use std::sync::Arc;

use canon::{KernelSet, Kernels};
use commit::Network;
use engine::{Engine, Weights};
use light::Checked;
use llm::{Claim, Model, Publication, Replay, Runner};
use package::Shards;
use program::Tensor;
use verify::{Kind, Missing, Replay as Outcome, ReportJson, examine};

const REQUIRED: [Kind; 2] = [Kind::Signature, Kind::Replay];
/// Positions of one pass: they bound memory, and change nothing.
const ROWS: usize = 64;

/// The report on a receipt made offline.
///
/// # Errors
/// What the model is refused for.
pub fn replay(receipt: &[u8], model: &[u8], opening: Option<&[u8]>) -> Result<String, String> {
    let network = Network::OFFLINE;
    let Checked { file, .. } = match light::check(receipt, opening, network, &REQUIRED) {
        Ok(checked) => checked,
        // What `light` says of a file that is not taken.
        Err(_) => return Ok(light::verify(receipt, opening, network, &REQUIRED).text()),
    };
    let opened =
        file.opening().filter(|opening| verify::opened(file.receipt(), opening, network).is_ok());
    let outcome = match opened {
        None => Outcome::NotTried,
        Some(opening) => {
            let (id, publication) = published(model)?;
            if id == file.receipt().model {
                let claims = Claim::all(file.receipt(), opening);
                replayed(&publication.model, model, &opening.job, &claims)?
            } else {
                Outcome::Impossible(Missing::Model { id: file.receipt().model })
            }
        }
    };
    let report = examine(file.receipt(), file.opening(), network, &REQUIRED, &outcome);
    Ok(ReportJson::new(&report, &file).text())
}

/// The file's model, and the id its package has.
///
/// # Errors
/// What the model is refused for.
pub fn published(bytes: &[u8]) -> Result<([u8; 32], Publication), String> {
    let length = u64::try_from(bytes.len()).map_err(said)?;
    let publication = Publication::from_gguf(bytes, length, |offset, out| {
        let start = usize::try_from(offset).ok();
        let piece = start.and_then(|start| bytes.get(start..)?.get(..out.len()));
        out.copy_from_slice(piece.ok_or("a tensor is not in the file")?);
        Ok::<_, &str>(())
    });
    let publication = publication.map_err(said)?;
    let mut units = publication.units();
    for tensor in &publication.model.program.program().tensors {
        units.add(tensor, piece(bytes, tensor)?).map_err(said)?;
    }
    let units = units.finish().map_err(said)?;
    let mut shards = Shards::new();
    shards.update(bytes);
    let package = publication.package(&units, vec![shards.finish()]).map_err(said)?;
    Ok((package.id().0, publication))
}

/// What runs the model of a file.
///
/// # Errors
/// What the engine refuses.
pub fn runner(model: &Model, bytes: &[u8]) -> Result<Runner, String> {
    let weights = Weights::load(&model.program, |tensor| piece(bytes, tensor).map(<[u8]>::to_vec));
    let weights = Arc::new(weights.map_err(said)?);
    let kernels = Kernels::of(KernelSet::best()).ok_or("no kernels")?;
    let engine = Engine::new(&model.program, weights, kernels, 1).map_err(said)?;
    Ok(Runner::new(engine, ROWS).with_rows_max(ROWS))
}

fn replayed(
    model: &Model,
    bytes: &[u8],
    job: &receipt::Job,
    claims: &[Claim],
) -> Result<Outcome, String> {
    let mut runner = runner(model, bytes)?;
    let mut replay = Replay::new(model, runner.engine(), job, claims);
    loop {
        if let Some(outcome) = replay.outcome() {
            return Ok(outcome.clone());
        }
        let before = replay.progress();
        runner.replay(&mut [&mut replay]);
        if replay.outcome().is_none() && replay.progress() == before {
            return Err("the replay stands still".to_owned());
        }
    }
}

fn piece<'a>(bytes: &'a [u8], tensor: &Tensor) -> Result<&'a [u8], String> {
    let start = usize::try_from(tensor.location.offset).map_err(said)?;
    let length = usize::try_from(tensor.bytes()).map_err(said)?;
    let piece = bytes.get(start..).and_then(|rest| rest.get(..length));
    piece.ok_or_else(|| "a tensor is not in the file".to_owned())
}

fn said(error: impl core::fmt::Display) -> String {
    error.to_string()
}
