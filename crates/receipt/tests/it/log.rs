//! The receipt log against RFC 6962's well-known vectors.

use commit::Digest;
use receipt::log::{Log, LogLeaf, LogNodes, empty_root, grew, included, leaf_hash};

/// The eight leaves of Certificate Transparency's tests.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

/// The roots of the first leaves, none to eight.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn digest(hex: &str) -> Digest {
    bytes(hex).try_into().unwrap()
}

fn well_known() -> Log {
    Log::over(LEAVES.iter().map(|leaf| leaf_hash(&bytes(leaf))).collect())
}

fn numbered(count: u8) -> Log {
    let mut log = Log::default();
    for leaf in 0..count {
        assert_eq!(log.append(&LogLeaf::offline([leaf; 32])), u64::from(leaf));
    }
    log
}

#[test]
fn roots_are_those_of_rfc_6962() {
    let log = well_known();
    for (size, root) in (0..).zip(ROOTS) {
        assert_eq!(log.root_at(size), Some(digest(root)), "{size} leaves");
    }
    assert_eq!((log.root(), log.size()), (digest(ROOTS[8]), 8));
    assert_eq!((Log::default().root(), empty_root()), (digest(ROOTS[0]), digest(ROOTS[0])));
    assert_eq!(log.root_at(9), None);
}

#[test]
fn inclusion_proofs_are_those_of_rfc_6962() {
    let log = well_known();
    let a = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
    let b = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
    let c = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
    let d = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
    let e = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
    // Index, size, proof.
    let known: [(u64, u64, &[&str]); 5] = [
        (0, 1, &[]),
        (0, 8, &[a, b, c]),
        (5, 8, &[d, e, ROOTS[4]]),
        (2, 3, &[ROOTS[2]]),
        (1, 5, &[ROOTS[1], b, d]),
    ];
    for (index, size, proof) in known {
        let proof: Vec<Digest> = proof.iter().map(|hash| digest(hash)).collect();
        assert_eq!(log.inclusion(index, size), Some(proof), "leaf {index} of {size}");
    }
    // Old size, new size, proof.
    let f = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
    let known: [(u64, u64, &[&str]); 4] =
        [(1, 1, &[]), (1, 8, &[a, b, c]), (6, 8, &[f, e, ROOTS[4]]), (2, 5, &[b, d])];
    for (old, new, proof) in known {
        let proof: Vec<Digest> = proof.iter().map(|hash| digest(hash)).collect();
        assert_eq!(log.consistency(old, new), Some(proof), "{old} to {new}");
    }
}

#[test]
fn a_leaf_is_its_96_bytes() {
    let leaf = LogLeaf { receipt: [1; 32], channel: [2; 32], from: 3, to: 4 << 100 };
    let written = [&[1; 32][..], &[2; 32], &3_u128.to_le_bytes(), &(4_u128 << 100).to_le_bytes()];
    assert_eq!(leaf.encode(), written.concat());
    assert_eq!(LogLeaf::decode(&leaf.encode()), Ok(leaf));
    assert_eq!(leaf.hash(), leaf_hash(&written.concat()));
    assert!(LogLeaf::decode(&leaf.encode()[1..]).is_err());
    assert!(LogLeaf::decode(&[leaf.encode(), vec![0]].concat()).is_err());
    let offline = LogLeaf::offline([1; 32]);
    assert_eq!(offline.encode(), [vec![1; 32], vec![0; 64]].concat());
}

#[test]
fn every_leaf_is_included_where_it_stands_and_nowhere_else() {
    let log = numbered(17);
    for size in 1..=17_u64 {
        let root = log.root_at(size).unwrap();
        for index in 0..size {
            let leaf = LogLeaf::offline([u8::try_from(index).unwrap(); 32]).hash();
            let proof = log.inclusion(index, size).unwrap();
            assert!(included(&leaf, index, &proof, size, &root));
            for other in (0..20).chain([u64::MAX, 1 << 63]).filter(|other| *other != index) {
                assert!(
                    !included(&leaf, other, &proof, size, &root),
                    "{index} as {other} of {size}"
                );
            }
            let other = LogLeaf::offline([99; 32]).hash();
            assert!(!included(&other, index, &proof, size, &root));
            let (longer, shorter) =
                ([&proof[..], &[root]].concat(), proof.get(1..).unwrap_or_default());
            assert!(!included(&leaf, index, &longer, size, &root));
            assert!(proof.is_empty() || !included(&leaf, index, shorter, size, &root));
            for at in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[at][7] ^= 1;
                assert!(!included(&leaf, index, &wrong, size, &root));
            }
        }
        assert_eq!(log.inclusion(size, size), None);
    }
    assert_eq!(log.inclusion(0, 18), None);
    assert_eq!(log.inclusion(0, 0), None);
    assert!(!included(&[0; 32], 0, &[], 0, &empty_root()));
}

/// What is kept of a log's inner hashes gives what all of its leaves give.
#[test]
fn long_logs_prove_what_their_leaves_do() {
    let entries: Vec<LogLeaf> =
        (0..300_u16).map(|n| LogLeaf::offline(leaf_hash(&n.to_be_bytes()))).collect();
    let leaves: Vec<Digest> = entries.iter().map(LogLeaf::hash).collect();
    let (log, mut grown) = (Log::over(leaves.clone()), Log::default());
    for size in 0..=leaves.len() {
        let (first, wide) = (&leaves[..size], u64::try_from(size).unwrap());
        let root = commit::Edge::over(&LogNodes, first.iter().copied()).root(&LogNodes);
        let root = root.unwrap_or_else(empty_root);
        assert_eq!((log.root_at(wide), grown.root()), (Some(root), root), "{size} leaves");
        for at in (0..size).step_by(13).chain(size.checked_sub(1)) {
            let proof = commit::path(&LogNodes, first, at);
            assert_eq!(log.inclusion(u64::try_from(at).unwrap(), wide), proof, "{at} of {size}");
        }
        if let Some(next) = entries.get(size) {
            assert_eq!(grown.append(next), wide);
        }
    }
}

#[test]
fn a_log_only_grows() {
    let log = numbered(17);
    let mut forked = Log::over((0..17).map(|n| LogLeaf::offline([n; 32]).hash()).collect());
    assert_eq!(forked.root(), log.root());
    forked = Log::over((0..17).map(|n| LogLeaf::offline([n ^ 1; 32]).hash()).collect());
    for new in 0..=17_u64 {
        let new_root = log.root_at(new).unwrap();
        for old in 0..=new {
            let old_root = log.root_at(old).unwrap();
            let proof = log.consistency(old, new).unwrap();
            assert!(grew((old, &old_root), (new, &new_root), &proof), "{old} to {new}");
            let longer = [&proof[..], &[new_root]].concat();
            assert!(!grew((old, &old_root), (new, &new_root), &longer), "{old} to {new}");
            assert!(old == new || !grew((new, &new_root), (old, &old_root), &proof));
            for at in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[at][0] ^= 1;
                assert!(!grew((old, &old_root), (new, &new_root), &wrong));
            }
            if old > 0 {
                let fork = forked.root_at(old).unwrap();
                // An even number of leaves with each two swapped has another root, too.
                assert!(!grew((old, &fork), (new, &new_root), &proof), "{old} to {new}");
            }
        }
    }
    assert_eq!(log.consistency(3, 18), None);
    assert_eq!(log.consistency(4, 3), None);
    assert!(!grew((0, &[1; 32]), (0, &[1; 32]), &[]), "an empty log has one root");
    assert!(!grew((0, &empty_root()), (0, &[1; 32]), &[]));
    assert!(!grew((0, &[1; 32]), (1, &log.root_at(1).unwrap()), &[]));
}
