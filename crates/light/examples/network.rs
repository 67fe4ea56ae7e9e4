//! Writes two networks' geneses, a bundle of each and what is said of it for the bindings' tests: `network FOLDER`.
//!
//! Never a test: `tests/it/bundle.rs` compares what was written.
#![allow(clippy::unwrap_used, reason = "it is the tests' case")]

#[path = "../tests/it/network_case.rs"]
mod network_case;
#[path = "../../chain/tests/it/signer.rs"]
mod signer;

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_default());
    std::fs::write(folder.join("genesis.bin"), network_case::genesis().encode())?;
    std::fs::write(folder.join("network_bundle.json"), network_case::bundle(1_000).to_json())?;
    std::fs::write(folder.join("network_reports.json"), network_case::reports())?;
    let of_group = network_case::group_bundle(1_000).to_json();
    std::fs::write(folder.join("group_genesis.bin"), network_case::group_genesis().encode())?;
    std::fs::write(folder.join("group_bundle.json"), of_group)?;
    std::fs::write(folder.join("group_reports.json"), network_case::group_reports())
}
