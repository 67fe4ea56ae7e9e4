//! The same for callers who have only bytes and words: other languages.
//!
//! Never guesses: a word that is not known is the caller's mistake, and is no report.

use commit::Network;
use receipt::PublicKey;
use thiserror::Error;
use verify::Kind;

/// What a caller got wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Mistake {
    /// A network that is none.
    #[error("a network is 64 lower-case hexadecimal digits")]
    Network,
    /// Evidence nobody knows.
    #[error("{0}")]
    Required(String),
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
    let network = match network {
        None => Network::OFFLINE,
        // Ids of networks and keys are written alike.
        Some(id) => Network(PublicKey::from_hex(id).ok_or(Mistake::Network)?.0),
    };
    let kinds = required.into_iter().map(|word| word.parse().map_err(Mistake::Required));
    let required = kinds.collect::<Result<Vec<Kind>, Mistake>>()?;
    Ok(crate::verify(file, opening, network, &required).text())
}
