//! Sizes and hashes of files: what a source promises ([`Pins`]) and what was really read ([`Digests`]).
//!
//! BLAKE3 is our name for content; the upstream SHA-256 stands beside it because that is what the
//! hub and the Python index publish. Both are computed in one pass. Never compares by prefix,
//! never accepts upper-case or shortened hexadecimal.

use std::fmt;
use std::io::{self, Read};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;

/// How much of a file is read at a time.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident, $label:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps the 32 bytes of a hash.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Reads exactly 64 lower-case hexadecimal digits; anything else is `None`.
            pub fn from_hex(text: &str) -> Option<Self> {
                commit::from_hex(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&commit::hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!($label, ":{}"), self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                Self::from_hex(&text).ok_or_else(|| {
                    serde::de::Error::custom(concat!("not a ", $label, " in 64 lower-case hex digits"))
                })
            }
        }
    };
}

hash_type!(
    /// The BLAKE3 hash of a file: its name in the store.
    Blake3, "blake3"
);
hash_type!(
    /// The SHA-256 hash of a file: what upstream publishes.
    Sha256, "sha256"
);

/// What a source promises about a file. `size` is always known: nothing of unknown length is downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pins {
    pub size: u64,
    pub sha256: Option<Sha256>,
    pub blake3: Option<Blake3>,
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests {
    pub size: u64,
    pub sha256: Sha256,
    pub blake3: Blake3,
}

/// The name that git gives a file's bytes: the SHA-1 of a header and them. It stands beside small files, which have no
/// other hash on the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GitBlob([u8; 20]);

impl GitBlob {
    /// Reads exactly 40 lower-case hexadecimal digits; anything else is `None`.
    pub fn from_hex(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 40 || !text.bytes().all(plain) {
            return None;
        }
        let mut hash = [0; 20];
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self(hash))
    }

    /// The name of so many bytes that `from` gives.
    pub(crate) fn of(size: u64, from: &mut dyn Read) -> io::Result<Self> {
        let mut sha1 = sha1::Sha1::new();
        sha1.update(format!("blob {size}\0"));
        read_chunks(from, |chunk| sha1.update(chunk))?;
        Ok(Self(sha1.finalize().into()))
    }
}

impl fmt::Display for GitBlob {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// How bytes differ from what was promised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    #[error("size is {got} bytes, expected {expected}")]
    Size { expected: u64, got: u64 },
    #[error("SHA-256 is {got}, expected {expected}")]
    Sha256 { expected: Sha256, got: Sha256 },
    #[error("BLAKE3 is {got}, expected {expected}")]
    Blake3 { expected: Blake3, got: Blake3 },
    #[error("git's name of it is {got}, expected {expected}")]
    GitBlob { expected: GitBlob, got: GitBlob },
}

impl Pins {
    /// Every promised value must hold.
    pub fn check(&self, got: &Digests) -> Result<(), Mismatch> {
        if got.size != self.size {
            return Err(Mismatch::Size { expected: self.size, got: got.size });
        }
        if let Some(expected) = self.sha256.filter(|pin| *pin != got.sha256) {
            return Err(Mismatch::Sha256 { expected, got: got.sha256 });
        }
        if let Some(expected) = self.blake3.filter(|pin| *pin != got.blake3) {
            return Err(Mismatch::Blake3 { expected, got: got.blake3 });
        }
        Ok(())
    }
}

/// Both hashes and the size, fed in order.
#[derive(Clone, Default)]
pub(crate) struct Hasher {
    size: u64,
    sha256: sha2::Sha256,
    blake3: blake3::Hasher,
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.size += u64::try_from(bytes.len()).expect("a buffer's length fits u64");
        self.sha256.update(bytes);
        self.blake3.update(bytes);
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn finish(&self) -> Digests {
        Digests {
            size: self.size,
            sha256: Sha256(self.sha256.clone().finalize().into()),
            blake3: Blake3(*self.blake3.finalize().as_bytes()),
        }
    }
}

/// Hashes everything `from` gives.
pub(crate) fn digest_reader(from: &mut dyn Read) -> io::Result<Hasher> {
    let mut hasher = Hasher::default();
    read_chunks(from, |chunk| hasher.update(chunk))?;
    Ok(hasher)
}

/// Size and BLAKE3 of everything `from` gives: the SHA-256 would cost several times as much.
pub fn blake3_reader(from: &mut dyn Read) -> io::Result<(u64, Blake3)> {
    let mut hasher = blake3::Hasher::new();
    read_chunks(from, |chunk| {
        hasher.update(chunk);
    })?;
    Ok((hasher.count(), Blake3(*hasher.finalize().as_bytes())))
}

fn read_chunks(from: &mut dyn Read, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0_u8; CHUNK_BYTES];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => each(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
