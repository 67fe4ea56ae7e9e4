//! The first corpora of `store_files` and of the log's part of `receipt_proofs`: small files, each as it is written.

use receipt::log::{Log, LogLeaf};
use store::{LEAF_BYTES, blake3_reader};

/// Files of the store; the first byte says which.
pub(crate) fn all() -> Vec<Vec<u8>> {
    let (sha256, blake3) = ("00".repeat(32), "11".repeat(32));
    let record = format!(
        "{{\"version\":1,\"reference\":\"hf:owner/name:model.gguf\",\"file_name\":\"model.gguf\",\"size\":9,\
         \"sha256\":\"{sha256}\",\"blake3\":\"{blake3}\",\"source\":\"a hub\",\"etag\":\"x\"}}"
    );
    let key = format!("probity secret key v1\n{sha256}\n");
    let leaves: Vec<u8> = (0..200).collect();
    let pip = "# c\n[global]\nindex-url = https://index.example/simple\nextra-index-url =\n    https://a.example/s\n\
               [install]\nno-index: yes\nfind-links = /wheels\n";
    let (packed, note) = (packed(b"packed weights"), note());
    let files = [record.as_bytes(), key.as_bytes(), &leaves, &packed, &note, pip.as_bytes()];
    (0..).zip(files).map(|(choice, file)| [&[choice], file].concat()).collect()
}

/// How far the log of `store_files` had come after two of its three leaves.
fn note() -> Vec<u8> {
    let mut log = Log::default();
    let leaf = LogLeaf::decode(&[1; LEAF_BYTES]).expect("every 96 bytes are a leaf");
    log.append(&leaf);
    log.append(&leaf);
    format!("probity log head v1\n2\n{}\n", commit::hex(&log.root())).into_bytes()
}

/// An entry of the cache of packed weights.
fn packed(payload: &[u8]) -> Vec<u8> {
    let (length, hash) = blake3_reader(&mut &*payload).expect("memory can be read");
    let hash: [u8; 32] = commit::from_hex(&hash.to_string()).expect("a hash is written so");
    [payload, &hash, &length.to_le_bytes(), b"PRBPACK1"].concat()
}

/// A leaf of a log, and proofs that a log only grew, as `receipt_proofs` reads them.
pub(crate) fn log_proofs() -> Vec<Vec<u8>> {
    let mut log = Log::default();
    let leaves: Vec<LogLeaf> = (0..7).map(|at| LogLeaf::offline([at; 32])).collect();
    leaves.iter().for_each(|leaf| {
        log.append(leaf);
    });
    let proof = |(old, new): (u64, u64)| {
        let root = |size| log.root_at(size).expect("it has so many");
        let hashes = log.consistency(old, new).expect("it only grew");
        let count = u8::try_from(hashes.len()).expect("a handful");
        let sizes = [old.to_le_bytes(), new.to_le_bytes()].concat();
        [vec![5], sizes, [root(old), root(new)].concat(), vec![count], hashes.concat()].concat()
    };
    let proofs = [(0, 3), (3, 7), (4, 4), (4, 6)].map(proof);
    proofs.into_iter().chain([[&[4], &*leaves[1].encode()].concat()]).collect()
}
