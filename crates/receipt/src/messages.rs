//! The messages a prompt was rendered from, and who says that it was.
//!
//! Never renders and never reads them: they are bytes here.

use commit::{Digest, Reader, SaltAt, Salts, WireError, Writer};

use crate::domains::{MESSAGES, RENDERING, SALT_MESSAGES};
use crate::keys::{PublicKey, SecretKey, Signature};
use crate::limits::MESSAGES_BYTES_MAX;

/// Messages, committed to or shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Messages {
    /// Only their hash.
    Hidden(Digest),
    /// The bytes of one JSON text.
    Shown(Vec<u8>),
}

impl Messages {
    /// Their commitment.
    #[must_use]
    pub fn commitment(&self, salts: &Salts) -> Digest {
        match self {
            Self::Hidden(hash) => *hash,
            Self::Shown(bytes) => {
                let at = SaltAt { kind: SALT_MESSAGES, position: 0, op: 0, index: 0 };
                MESSAGES.hash(salts.network, &[&salts.salt(at), bytes])
            }
        }
    }
}

/// Somebody other than the worker who renders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renderer {
    /// Whoever asked.
    Client,
    /// Who passed the request on.
    Gateway,
}

/// Where the prompt's tokens come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rendered {
    /// The tokens themselves were asked.
    Nobody,
    /// The worker rendered; its receipt says so.
    Worker(Messages),
    /// Somebody before the worker rendered, and signed that.
    Before {
        /// Who.
        by: Renderer,
        /// Its key.
        key: PublicKey,
        /// Over prompt and messages.
        signature: Signature,
        /// What it rendered.
        messages: Messages,
    },
}

impl Rendered {
    /// A renderer's signed word that this prompt is these messages.
    #[must_use]
    pub fn signed(
        salts: &Salts,
        by: Renderer,
        secret: &SecretKey,
        prompt: &[u8],
        messages: Messages,
    ) -> Self {
        let content = [prompt, &messages.commitment(salts)].concat();
        let signature = secret.sign_in(RENDERING, salts.network, &content);
        Self::Before { by, key: secret.public(), signature, messages }
    }

    /// Whether whoever is said to have rendered says so too. `prompt` is the job's leaf of that name.
    #[must_use]
    pub fn holds(&self, salts: &Salts, prompt: &[u8]) -> bool {
        match self {
            Self::Nobody | Self::Worker(_) => true,
            Self::Before { key, signature, messages, .. } => {
                let content = [prompt, &messages.commitment(salts)].concat();
                key.signed_in(RENDERING, salts.network, &content, signature)
            }
        }
    }

    /// The messages, where there are any.
    #[must_use]
    pub fn messages(&self) -> Option<&Messages> {
        match self {
            Self::Nobody => None,
            Self::Worker(messages) | Self::Before { messages, .. } => Some(messages),
        }
    }

    /// Whether somebody who rendered has this number.
    pub(crate) const fn is_number(number: u8) -> bool {
        number <= 3
    }

    pub(crate) const fn number(&self) -> u8 {
        match self {
            Self::Nobody => 0,
            Self::Before { by: Renderer::Client, .. } => 1,
            Self::Before { by: Renderer::Gateway, .. } => 2,
            Self::Worker(_) => 3,
        }
    }

    /// The job's leaf: commitment, key, signature; zeros where there is none.
    pub(crate) fn leaf(&self, salts: &Salts) -> Vec<u8> {
        let hash = self.messages().map_or([0; 32], |messages| messages.commitment(salts));
        let (key, signature) = match self {
            Self::Nobody | Self::Worker(_) => (PublicKey::NONE, Signature::NONE),
            Self::Before { key, signature, .. } => (*key, *signature),
        };
        [&hash[..], &key.0, &signature.0].concat()
    }

    /// For an opening: what the number does not say.
    pub(crate) fn write(&self, out: &mut Writer) {
        if let Self::Before { key, signature, .. } = self {
            out.bytes(&key.0);
            out.bytes(&signature.0);
        }
        match self.messages() {
            None => {}
            Some(Messages::Hidden(hash)) => {
                out.u8(0);
                out.bytes(hash);
            }
            Some(Messages::Shown(bytes)) => {
                out.u8(1);
                out.length_u32(bytes.len());
                out.bytes(bytes);
            }
        }
    }

    pub(crate) fn read(number: u8, input: &mut Reader<'_>) -> Result<Self, WireError> {
        let by = match number {
            0 => return Ok(Self::Nobody),
            3 => return Ok(Self::Worker(read_messages(input)?)),
            1 => Renderer::Client,
            2 => Renderer::Gateway,
            found => return Err(WireError::Unknown { what: "who rendered", found: found.into() }),
        };
        let key = PublicKey(input.array("the renderer's key")?);
        let signature = Signature(input.array("the renderer's signature")?);
        Ok(Self::Before { by, key, signature, messages: read_messages(input)? })
    }
}

fn read_messages(input: &mut Reader<'_>) -> Result<Messages, WireError> {
    match input.u8("whether messages are shown")? {
        0 => Ok(Messages::Hidden(input.array("the messages' hash")?)),
        1 => Ok(Messages::Shown(
            input.bytes_u32("bytes of the messages", MESSAGES_BYTES_MAX)?.to_vec(),
        )),
        found => {
            Err(WireError::Unknown { what: "whether messages are shown", found: found.into() })
        }
    }
}
