//! Why a file, an envelope or a message of a stranger is not taken: it can't be read, or what it says is false.
//!
//! Never mixes the two: what can't be read accuses nobody, what is refuted shows that a signature, a proof or a
//! commitment does not say what the file says it does. Text of the stranger is never repeated at length or raw.

use commit::{Digest, Network, WireError, hex};
use serde::de::IgnoredAny;
use thiserror::Error;

use crate::keys::PublicKey;
use crate::note::NoteError;

/// Most characters of a parser's complaint: it may quote the stranger.
const REASON_CHARACTERS_MAX: usize = 200;

/// Why it is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It can't be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It can be read, and what it says is false.
    #[error(transparent)]
    Refuted(#[from] Refuted),
}

/// What can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// More bytes than there may be.
    #[error("{found} bytes: {what} has at most {max}")]
    Size { what: &'static str, found: usize, max: usize },
    /// No bytes at all.
    #[error("it is empty: {what} is a JSON object")]
    Empty { what: &'static str },
    /// JSON that goes on behind the last byte.
    #[error("it ends early, after {found} bytes: {what} was cut short, so bring the whole of it")]
    Ends { what: &'static str, found: usize },
    /// Not the one JSON object that is allowed.
    #[error("the JSON is not that of {what}: {reason}")]
    Json { what: &'static str, reason: String },
    /// A file of another kind or version.
    #[error(
        "`probity` is neither \"receipt file v1\" nor \"bundle v1\"; a newer release may read it"
    )]
    FileKind,
    /// No bundle of a network.
    #[error(
        "`probity` is not \"bundle v2\": it is no bundle of a network, or one of a newer release"
    )]
    BundleKind,
    /// A bundle without a log, or a receipt file with one.
    #[error("`log` stands in a bundle, and in nothing else")]
    LogMember,
    /// Not the one canonical form of base64.
    #[error("{what} is not canonical base64 (RFC 4648 section 4, padded, unused bits zero)")]
    Base64 { what: &'static str },
    /// Bytes of a fixed length with another one.
    #[error("{what} has {found} bytes, not {wanted}")]
    Length { what: &'static str, found: usize, wanted: usize },
    /// An envelope of something else.
    #[error("the envelope's payload type is not {wanted}")]
    PayloadType { wanted: &'static str },
    /// An envelope that is not signed once.
    #[error("the envelope has {found} signatures, not one")]
    Signatures { found: usize },
    /// A keyid that is no key.
    #[error("the keyid is not 64 lower-case hexadecimal digits")]
    Keyid,
    /// A payload for another use.
    #[error("the payload does not begin with its domain")]
    Domain,
    /// A payload of another network.
    #[error("it was made for {}, and is checked here for {}", named(found), named(wanted))]
    Network { found: Network, wanted: Network },
    /// Bytes that are not canonical.
    #[error("{what}: {source}")]
    Bytes { what: &'static str, source: WireError },
    /// A text that is no signed note, or no checkpoint.
    #[error("the checkpoint: {0}")]
    Note(#[from] NoteError),
    /// A bundle's checkpoint with signatures nobody checks.
    #[error("the checkpoint has {found} signatures: here it has the log's own and no other")]
    Cosigned { found: usize },
}

/// What is false.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refuted {
    /// A signature that the key did not make.
    #[error("the envelope's signature is not that of the key {key}")]
    Signature { key: PublicKey },
    /// An envelope signed by somebody else than the receipt says.
    #[error("the keyid names the key {keyid}, and the receipt the worker {worker}")]
    Signer { keyid: PublicKey, worker: PublicKey },
    /// A head that its worker did not sign.
    #[error("the head of choice {choice} at {count} tokens is not signed by the worker {worker}")]
    Head { choice: u32, count: u32, worker: PublicKey },
    /// An opening of something else.
    #[error(
        "this file was altered after signing, or its opening is another receipt's: the signature holds, but the opening's {what} is not what was signed"
    )]
    Opening { what: &'static str },
    /// A view that is not the one made from the signed bytes.
    #[error("the view is not what was signed: {reason}")]
    View { reason: String },
    /// A checkpoint that the log's key did not sign.
    #[error("the checkpoint is not signed by the key {key} under the origin of its log")]
    Checkpoint { key: PublicKey },
    /// A checkpoint of another log.
    #[error("the checkpoint is not of the log of the key {key}")]
    Origin { key: PublicKey },
    /// A leaf of something else.
    #[error(
        "the leaf is another receipt's: it names the receipt {}, and the one in this file is {}",
        hex(found),
        hex(wanted)
    )]
    Leaf { found: Digest, wanted: Digest },
    /// A leaf that is not where it is said to be.
    #[error("the proof does not lead from the receipt's leaf {index} to the checkpoint's root")]
    Inclusion { index: u64 },
}

impl Malformed {
    /// A text that is cut short is told to be that first: what stands in the part that came misleads.
    pub(crate) fn json(what: &'static str, bytes: &[u8], error: &serde_json::Error) -> Self {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Self::Empty { what };
        }
        let whole: Result<IgnoredAny, _> = serde_json::from_slice(bytes);
        if whole.is_err_and(|error| error.is_eof()) {
            return Self::Ends { what, found: bytes.len() };
        }
        Self::Json { what, reason: plain(&error.to_string()) }
    }

    pub(crate) fn bytes(what: &'static str) -> impl FnOnce(WireError) -> Self {
        move |source| Self::Bytes { what, source }
    }
}

/// A network by its id.
fn named(network: &Network) -> String {
    match *network {
        Network::OFFLINE => "no network".into(),
        Network(id) => format!("the network {}", hex(&id)),
    }
}

/// The beginning of a text, without what a terminal would obey.
pub(crate) fn plain(text: &str) -> String {
    let shown = text.chars().take(REASON_CHARACTERS_MAX);
    shown.map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
