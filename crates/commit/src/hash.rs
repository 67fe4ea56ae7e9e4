//! Hashes that start with a domain and a network, so that none can stand for another (`spec/receipt.md` section 1).
//!
//! Never hashes anything without both.

/// A BLAKE3 or SHA-256 hash.
pub type Digest = [u8; 32];

/// A network's id; zero offline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Network(pub [u8; 32]);

impl Network {
    /// No network: what one machine makes for itself.
    pub const OFFLINE: Self = Self([0; 32]);
}

/// 32 secret bytes that enter commitments and nothing else, so that short content can't be guessed from its hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Blind(pub [u8; 32]);

impl core::fmt::Debug for Blind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Blind(secret)")
    }
}

/// Where a salted leaf stands (`spec/program.md` section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaltAt {
    /// What kind of leaf it is.
    pub kind: u8,
    /// A position in the sequence.
    pub position: u32,
    /// An op of the program.
    pub op: u32,
    /// Which of the leaves there.
    pub index: u32,
}

/// The salts of one job.
#[derive(Clone, Copy, Debug)]
pub struct Salts {
    /// The network.
    pub network: Network,
    /// The job's blind.
    pub blind: Blind,
}

impl Salts {
    const DOMAIN: Domain = Domain::new("probity trace salt v1");

    /// The salt of a leaf.
    #[must_use]
    pub fn salt(&self, at: SaltAt) -> Digest {
        let mut hasher = Self::DOMAIN.keyed(&self.blind.0, self.network);
        hasher.update(&[at.kind]);
        hasher.update(&at.position.to_le_bytes());
        hasher.update(&at.op.to_le_bytes());
        hasher.update(&at.index.to_le_bytes());
        hasher.finalize().into()
    }
}

/// What a hash or a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain(&'static str);

impl Domain {
    /// # Panics
    /// At compile time, for a name that does not fit its length byte.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(name.len() < 256, "a domain's length is one byte");
        Self(name)
    }

    /// What everything of this domain starts with: its length, its name, the network.
    #[must_use]
    pub fn prefix(self, network: Network) -> Vec<u8> {
        let length = u8::try_from(self.0.len()).expect("new() checked it");
        [&[length], self.0.as_bytes(), &network.0].concat()
    }

    /// A hasher that has taken the prefix.
    #[must_use]
    pub fn hasher(self, network: Network) -> blake3::Hasher {
        self.started(blake3::Hasher::new(), network)
    }

    /// The same with a key.
    #[must_use]
    pub fn keyed(self, key: &[u8; 32], network: Network) -> blake3::Hasher {
        self.started(blake3::Hasher::new_keyed(key), network)
    }

    /// The hash of these pieces, one after the other.
    #[must_use]
    pub fn hash(self, network: Network, pieces: &[&[u8]]) -> Digest {
        let mut hasher = self.hasher(network);
        for piece in pieces {
            hasher.update(piece);
        }
        hasher.finalize().into()
    }

    fn started(self, mut hasher: blake3::Hasher, network: Network) -> blake3::Hasher {
        let length = u8::try_from(self.0.len()).expect("new() checked it");
        hasher.update(&[length]).update(self.0.as_bytes()).update(&network.0);
        hasher
    }
}
