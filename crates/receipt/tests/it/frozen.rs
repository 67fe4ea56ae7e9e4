//! Frozen files of the specification are never altered (`spec/README.md`), nor is the list of them, but at its end.

use sha2::{Digest as _, Sha256};

const SPEC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec");

/// Lines of the list when it was begun, and the SHA-256 of these lines. Whoever adds lines adds a row here.
const LINES: [(usize, &str); 4] = [
    (55, "7c094c748ab66376a4bd3666c7426dbf8af1c1c48610bc08c89adb440d79e53e"),
    (56, "3fa92337dc62520c0b8ec553c6d24ab2882ea8929b0ce3ba5e3ae14f6d702541"),
    (57, "6c23a25cd490d20a27415fb8d04dc57a1777498f1014ade06fc340b750f8e963"),
    (59, "c95149f310d504a3052136d977c9fc285e6a8bab6043baf91d418b80c6ae70ca"),
];

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn list() -> String {
    std::fs::read_to_string(format!("{SPEC}/vectors/frozen.txt")).unwrap()
}

#[test]
fn no_frozen_file_was_altered() {
    for line in list().lines() {
        let (digest, path) = line.split_once("  ").unwrap();
        let bytes = std::fs::read(format!("{SPEC}/{path}")).unwrap();
        assert_eq!(sha256(&bytes), digest, "spec/{path} is frozen: new cases go into a new file");
    }
}

#[test]
fn the_list_only_grows_at_its_end() {
    let list = list();
    for (lines, digest) in LINES {
        let first: String = list.split_inclusive('\n').take(lines).collect();
        assert_eq!(first.lines().count(), lines);
        assert_eq!(sha256(first.as_bytes()), digest, "the first {lines} lines");
    }
    let (lines, _) = LINES[LINES.len() - 1];
    assert_eq!(list.lines().count(), lines, "a new line has its row above");
}

/// Files of ops and formats that joined a frozen page after the freeze: drafts until they are in the list themselves.
const JOINED: [&str; 29] = [
    "bias_bf16.json",
    "capped_attention.json",
    "embed_formats.json",
    "expert_matmul.json",
    "gain_bf16.json",
    "gain_less_one.json",
    "gelu_gate.json",
    "matmul_formats.json",
    "program_joined_bytes.json",
    "program_joined_run.json",
    "program_joined_tiles.json",
    "receipt_embedding_run.json",
    "receipt_opened.json",
    "rope_llama3.json",
    "rope_yarn.json",
    "route.json",
    "row_bf16.json",
    "row_iq4_nl.json",
    "row_iq4_xs.json",
    "row_q2_k.json",
    "row_q3_k.json",
    "row_q4_k.json",
    "row_q5_0.json",
    "row_q5_1.json",
    "row_q5_k.json",
    "row_q6_k.json",
    "scale.json",
    "unit_vector.json",
    "weigh.json",
];

/// Every vector and golden file of a frozen page is in the list, or known to be a draft.
#[test]
fn nothing_of_a_frozen_page_is_left_out() {
    let list = list();
    let drafts = ["dispute_", "group", "ledger_", "network.", "package_", "text_"];
    for folder in ["vectors", "golden"] {
        for entry in std::fs::read_dir(format!("{SPEC}/{folder}")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let draft = drafts.iter().any(|draft| name.starts_with(draft))
                || JOINED.contains(&name.as_str());
            if name.ends_with(".json") && !draft {
                assert!(list.contains(&format!("  {folder}/{name}\n")), "{folder}/{name}");
            }
        }
    }
}
