//! The same for callers who have only bytes and words: other languages.
//!
//! Never guesses: a word that is not known is the caller's mistake, and is no report.

use commit::{Blind, Network};
use receipt::PublicKey;
use thiserror::Error;
use verify::Kind;

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
    let kinds = required.into_iter().map(|word| word.parse().map_err(Mistake::Required));
    let required = kinds.collect::<Result<Vec<Kind>, Mistake>>()?;
    Ok(crate::verify(file, opening, network, &required).text())
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
