//! The same for callers who have only bytes and words: other languages.
//!
//! Never guesses: a word that is not known is the caller's mistake, and is no report.

use chain::{Genesis, Stamp};
use commit::{Blind, Network, WireError};
use receipt::PublicKey;
use thiserror::Error;
use verify::Kind;

use crate::follow::Bounds;
use crate::start::{Start, StartError};
use crate::stream::Begun;

/// What a caller got wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Mistake {
    /// A network that is none.
    #[error("a network is 64 lower-case hexadecimal digits")]
    Network,
    /// Evidence nobody knows.
    #[error("{0}")]
    Required(String),
    /// No genesis.
    #[error("these bytes are no genesis of a network: {0}")]
    Genesis(WireError),
    /// No start of the genesis's network.
    #[error("these bytes are no start of the network: {0}")]
    Start(StartError),
    /// A key, commitment or blind that is none.
    #[error("{0} is 64 lower-case hexadecimal digits")]
    Digits(&'static str),
}

/// [`crate::verify`], with the network's id in lower-case hexadecimal (offline where none is given) and the required
/// kinds of evidence by name; gives the JSON text.
///
/// # Errors
/// [`Mistake`] names the word.
pub fn verify_words<'a>(
    file: &[u8],
    opening: Option<&[u8]>,
    network: Option<&str>,
    required: impl IntoIterator<Item = &'a str>,
) -> Result<String, Mistake> {
    let network = named(network)?;
    let required = kinds(required)?;
    Ok(crate::verify(file, opening, network, &required).text())
}

/// [`crate::verify_bundle`], with genesis and start as bytes and the time in milliseconds; gives the JSON text of a report,
/// whether the bundle is taken or not.
///
/// # Errors
/// [`Mistake`] names what is no genesis, no start of its network, or no word.
pub fn verify_bundle_words<'a>(
    (genesis, start): (&[u8], Option<&[u8]>),
    bundle: &[u8],
    (now_ms, bounds): (u64, Bounds),
    required: impl IntoIterator<Item = &'a str>,
) -> Result<String, Mistake> {
    let (genesis, start) = origin(genesis, start)?;
    let (required, at) = (kinds(required)?, (Stamp(now_ms), bounds));
    Ok(crate::bundle_report(&genesis, start.as_ref(), bundle, at, &required).text())
}

/// The start that a bundle leads to, to be kept for the next time; none where the bundle is not taken, or what it leads to
/// is not established to be of about now.
///
/// # Errors
/// As [`verify_bundle_words`].
pub fn next_start_words(
    (genesis, start): (&[u8], Option<&[u8]>),
    bundle: &[u8],
    (now_ms, bounds): (u64, Bounds),
) -> Result<Option<Vec<u8>>, Mistake> {
    let (genesis, start) = origin(genesis, start)?;
    let at = (Stamp(now_ms), bounds);
    let anchored = crate::verify_bundle(&genesis, start.as_ref(), bundle, at, &[]).ok();
    Ok(anchored.and_then(|anchored| anchored.kept).map(|start| start.encode()))
}

fn origin(genesis: &[u8], start: Option<&[u8]>) -> Result<(Genesis, Option<Start>), Mistake> {
    let genesis = Genesis::decode(genesis).map_err(Mistake::Genesis)?;
    let start = start.map(Start::decode).transpose().map_err(Mistake::Start)?;
    if let Some(start) = &start {
        start.is_of(&genesis).map_err(Mistake::Start)?;
    }
    Ok((genesis, start))
}

fn kinds<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Vec<Kind>, Mistake> {
    words.into_iter().map(|word| word.parse().map_err(Mistake::Required)).collect()
}

/// What a [`crate::Stream`] begins with, all of it in lower-case hexadecimal.
///
/// # Errors
/// [`Mistake`] names the word.
pub fn begun_words(
    network: Option<&str>,
    blind: &str,
    job: &str,
    choice: u32,
    worker: &str,
) -> Result<Begun, Mistake> {
    let digits = |what, text| PublicKey::from_hex(text).ok_or(Mistake::Digits(what));
    Ok(Begun {
        network: named(network)?,
        blind: Blind(digits("a blind", blind)?.0),
        job: digits("a job's commitment", job)?.0,
        choice,
        worker: digits("a worker's key", worker)?,
    })
}

fn named(network: Option<&str>) -> Result<Network, Mistake> {
    match network {
        None => Ok(Network::OFFLINE),
        // Ids of networks and keys are written alike.
        Some(id) => PublicKey::from_hex(id).map(|key| Network(key.0)).ok_or(Mistake::Network),
    }
}
