//! Signed notes and checkpoints, as C2SP's `signed-note` and `tlog-checkpoint` say (`spec/receipt.md` section 9).
//!
//! Never trusts a text before a known key signed it, and never looks at another key's signatures: C2SP has them
//! ignored, so that witnesses can cosign and keys can change. The only signature type here is Ed25519. Failure:
//! [`NoteError`] for what is no note or no checkpoint, [`Refuted`] for one the log's key did not sign.

use commit::Digest;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::json::{array_from_base64, base64, from_base64};
use crate::keys::{PublicKey, SecretKey, Signature};
use crate::log::{LOG_LEAVES_MAX, empty_root};
use crate::refusal::{Malformed, Refusal, Refuted};

/// Bytes of a note: 16 signatures of 5 kB, which C2SP wants taken, fit.
pub const NOTE_BYTES_MAX: usize = 128 << 10;
/// Signatures of a note.
pub const NOTE_SIGNATURES_MAX: usize = 64;

/// What a log's origin begins with; the worker's key follows.
const ORIGIN: &str = "probity.dev/log/";
/// What a signature line begins with: an em dash and a space.
const LINE: &str = "\u{2014} ";
/// C2SP's number for Ed25519 over the text.
const ED25519: u8 = 1;

/// Why a text is no note, or no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Too long.
    #[error("{found} bytes: a note has at most {NOTE_BYTES_MAX}")]
    Size { found: usize },
    /// A control character.
    #[error("byte {at} is a control character other than a line's end")]
    Control { at: usize },
    /// No empty line, or nothing on one side of it.
    #[error("it has no text, an empty line and signatures, each ending its line")]
    Shape,
    /// Too many.
    #[error("it has more than {NOTE_SIGNATURES_MAX} signatures")]
    Signatures,
    /// A line that is no signature.
    #[error(
        "signature line {line} is not an em dash, a key's name and base64 of a key's id and a signature"
    )]
    Line { line: usize },
    /// Lines a checkpoint needs.
    #[error("a checkpoint has an origin, a size and a root, and no empty line")]
    Lines,
    /// A size with another spelling.
    #[error("the tree's size is not a decimal number up to {LOG_LEAVES_MAX} without leading zeros")]
    TreeSize,
    /// A root that is none.
    #[error("the root is not canonical base64 of 32 bytes")]
    Root,
    /// An empty tree with leaves' root.
    #[error("the root of an empty tree is the SHA-256 of nothing")]
    EmptyRoot,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The first bytes of a hash of name, type and key.
    pub id: [u8; 4],
    /// What the key made of the text; at least one byte.
    pub bytes: Vec<u8>,
}

/// A text and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// The id of an Ed25519 key under a name.
#[must_use]
pub fn key_id(name: &str, key: &PublicKey) -> [u8; 4] {
    let hasher = Sha256::new().chain_update(name).chain_update([b'\n', ED25519]);
    let [a, b, c, d, ..]: Digest = hasher.chain_update(key.0).finalize().into();
    [a, b, c, d]
}

impl Note {
    /// Reads a note; no signature is looked at.
    ///
    /// # Errors
    /// [`NoteError`] says what it lacks.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Size { found: note.len() });
        }
        if let Some(at) = note.bytes().position(|byte| byte < b' ' && byte != b'\n') {
            return Err(NoteError::Control { at });
        }
        // The last empty line ends the text; the line's end before it belongs to the text.
        let at = note.rfind("\n\n").ok_or(NoteError::Shape)?;
        let (text, lines) = (&note[..=at], &note[at + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Shape)?;
        let mut signatures = Vec::new();
        for (line, written) in lines.split('\n').enumerate() {
            if line >= NOTE_SIGNATURES_MAX {
                return Err(NoteError::Signatures);
            }
            signatures.push(signature(written).ok_or(NoteError::Line { line: line + 1 })?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, its last line's end included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, known or not.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The note as it was read.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for NoteSignature { name, id, bytes } in &self.signatures {
            note += &format!("{LINE}{name} {}\n", base64(&[&id[..], bytes].concat()));
        }
        note
    }

    /// Whether this key signed the text under this name: at least once, and nothing under its id is false.
    #[must_use]
    pub fn is_signed_by(&self, name: &str, key: &PublicKey) -> bool {
        let id = key_id(name, key);
        let known = |signature: &&NoteSignature| signature.name == name && signature.id == id;
        let holds = |signature: &NoteSignature| {
            let bytes = signature.bytes.as_slice().try_into();
            bytes.is_ok_and(|bytes| key.signed(self.text.as_bytes(), &Signature(bytes)))
        };
        let mut known = self.signatures.iter().filter(known).peekable();
        known.peek().is_some() && known.all(holds)
    }

    /// A text of ours, signed. Its lines are ours too: it can't be anything but a note.
    fn sign(text: String, name: &str, secret: &SecretKey) -> Self {
        let id = key_id(name, &secret.public());
        let bytes = secret.sign(text.as_bytes()).0.to_vec();
        Self { text, signatures: vec![NoteSignature { name: name.to_owned(), id, bytes }] }
    }
}

/// A signature line without its line's end.
fn signature(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix(LINE)?.split_once(' ')?;
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
        return None;
    }
    let decoded = from_base64("a signature", encoded).ok()?;
    let (id, bytes) = decoded.split_first_chunk()?;
    let (name, id, bytes) = (name.to_owned(), *id, bytes.to_vec());
    (!bytes.is_empty()).then_some(NoteSignature { name, id, bytes })
}

/// How far a log has come, signed by the log's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    log: PublicKey,
    size: u64,
    root: Digest,
    note: Note,
}

impl Checkpoint {
    /// The origin of the log of a key: the key's name, too.
    #[must_use]
    pub fn origin(key: &PublicKey) -> String {
        format!("{ORIGIN}{}", key.hex())
    }

    /// Signs a log's size and root. A log signs no two roots that one log can't have.
    #[must_use]
    pub fn sign(size: u64, root: &Digest, secret: &SecretKey) -> Self {
        let log = secret.public();
        let origin = Self::origin(&log);
        let text = format!("{origin}\n{size}\n{}\n", base64(root));
        Self { log, size, root: *root, note: Note::sign(text, &origin, secret) }
    }

    /// Reads the checkpoint of this key's log and checks the key's signature. Other keys' signatures are ignored,
    /// extension lines are kept and mean nothing.
    ///
    /// # Errors
    /// [`Refusal`] says whether it is no checkpoint or not this log's.
    pub fn parse(note: &str, log: &PublicKey) -> Result<Self, Refusal> {
        let note = Note::parse(note).map_err(Malformed::from)?;
        let (origin, size, root) = body(note.text()).map_err(Malformed::from)?;
        let (wanted, key) = (Self::origin(log), *log);
        if origin != wanted {
            return Err(Refuted::Origin { key }.into());
        }
        if !note.is_signed_by(&wanted, log) {
            return Err(Refuted::Checkpoint { key }.into());
        }
        Ok(Self { log: key, size, root, note })
    }

    /// The key whose log it is.
    #[must_use]
    pub fn log(&self) -> PublicKey {
        self.log
    }

    /// How many leaves the log had.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its root then.
    #[must_use]
    pub fn root(&self) -> &Digest {
        &self.root
    }

    /// The note, with whatever other signatures it came with.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The same with the log's own signature alone: what goes into bundles, where nothing stands unchecked.
    #[must_use]
    pub fn alone(mut self) -> Self {
        let (name, log) = (Self::origin(&self.log), self.log);
        let id = key_id(&name, &log);
        self.note.signatures.retain(|signature| signature.name == name && signature.id == id);
        self.note.signatures.truncate(1);
        self
    }
}

/// Origin, size and root of a checkpoint's text.
fn body(text: &str) -> Result<(&str, u64, Digest), NoteError> {
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    if lines.iter().any(|line| line.is_empty()) {
        return Err(NoteError::Lines);
    }
    let [origin, size, root, ..] = lines.as_slice() else { return Err(NoteError::Lines) };
    let number = size.parse().ok().filter(|number: &u64| number.to_string() == *size);
    let size = number.filter(|number| *number <= LOG_LEAVES_MAX).ok_or(NoteError::TreeSize)?;
    let root = array_from_base64("the root", root).map_err(|_| NoteError::Root)?;
    if size == 0 && root != empty_root() {
        return Err(NoteError::EmptyRoot);
    }
    Ok((origin, size, root))
}
