//! Trees against the recursive definition of RFC 6962, over every small size.

use commit::root_of_range;
use commit::{Digest, Domain, Edge, Network, Nodes, consistency, consistent, path, range, root_of};
use proptest::prelude::*;

struct Test;

impl Nodes for Test {
    fn node(&self, left: &Digest, right: &Digest) -> Digest {
        Domain::new("test node").hash(Network::OFFLINE, &[left, right])
    }
}

fn leaves(count: usize) -> Vec<Digest> {
    (0..count)
        .map(|n| Domain::new("test leaf").hash(Network([9; 32]), &[&n.to_le_bytes()]))
        .collect()
}

/// MTH of RFC 6962 section 2.1, word for word.
fn defined(leaves: &[Digest]) -> Digest {
    if let [leaf] = leaves {
        return *leaf;
    }
    let mut k = 1;
    while k * 2 < leaves.len() {
        k *= 2;
    }
    Test.node(&defined(&leaves[..k]), &defined(&leaves[k..]))
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).expect("small")
}

#[test]
fn roots_are_those_of_the_definition() {
    for count in 1..=70 {
        let leaves = leaves(count);
        let edge = Edge::over(&Test, leaves.clone());
        assert_eq!(edge.root(&Test), Some(defined(&leaves)), "{count}");
        let again = Edge::from_peaks(edge.leaves(), edge.peaks().to_vec()).unwrap();
        assert_eq!(again, edge);
        assert_eq!(Edge::from_peaks(edge.leaves() + 1, vec![[0; 32]; 20]), None);
    }
    assert_eq!(Edge::default().root(&Test), None);
}

#[test]
fn paths_lead_to_the_root_and_nothing_else_does() {
    for count in 1..=33_usize {
        let leaves = leaves(count);
        let root = defined(&leaves);
        for at in 0..count {
            let path = path(&Test, &leaves, at).unwrap();
            let lead = |count, at, leaf: &Digest, path: &[Digest]| {
                root_of(&Test, count, at, leaf, path) == Some(root)
            };
            assert!(lead(wide(count), wide(at), &leaves[at], &path));
            assert!(!lead(wide(count), wide(at), &[1; 32], &path));
            for other in (0..count).filter(|other| *other != at) {
                assert!(
                    !lead(wide(count), wide(other), &leaves[at], &path),
                    "{count} {at} {other}"
                );
            }
            let longer: Vec<Digest> = path.iter().copied().chain([[0; 32]]).collect();
            assert!(!lead(wide(count), wide(at), &leaves[at], &longer));
            if let Some((_, shorter)) = path.split_last() {
                assert!(!lead(wide(count), wide(at), &leaves[at], shorter));
            }
        }
        assert_eq!(path(&Test, &leaves, count), None);
        assert_eq!(root_of(&Test, wide(count), wide(count), &leaves[0], &[]), None);
    }
    assert_eq!(root_of(&Test, 0, 0, &[0; 32], &[]), None);
}

#[test]
fn ranges_lead_to_the_root_and_nothing_else_does() {
    for count in 1..=20_usize {
        let leaves = leaves(count);
        let root = defined(&leaves);
        for start in 0..count {
            for end in start + 1..=count {
                let beside = range(&Test, &leaves, &(start..end)).unwrap();
                let part = &leaves[start..end];
                let lead = |start: usize, part: &[Digest], beside: &[Digest]| {
                    root_of_range(&Test, wide(count), wide(start), part, beside) == Some(root)
                };
                assert!(lead(start, part, &beside), "{count} {start}..{end}");
                let longer: Vec<Digest> = beside.iter().copied().chain([[0; 32]]).collect();
                assert!(!lead(start, part, &longer));
                assert!(!lead(start + 1, part, &beside));
                for at in 0..part.len() {
                    let mut changed = part.to_vec();
                    changed[at][3] ^= 1;
                    assert!(!lead(start, &changed, &beside));
                }
                if let Some((_, shorter)) = beside.split_last() {
                    assert!(!lead(start, part, shorter));
                }
                assert!(!lead(start, &part[1..], &beside));
            }
        }
        assert_eq!(range(&Test, &leaves, &(0..count + 1)), None);
        assert_eq!(range(&Test, &leaves, &(1..1)), None);
    }
    assert_eq!(root_of_range(&Test, u64::MAX, u64::MAX, &[[0; 32]], &[]), None);
}

#[test]
fn a_prefix_is_shown_by_its_proof_and_by_no_other() {
    for new in 1..=24_usize {
        let all = leaves(new);
        let new_root = defined(&all);
        for old in 1..=new {
            let old_root = defined(&all[..old]);
            let proof = consistency(&Test, &all, old).unwrap();
            let holds = |old: usize, old_root: &Digest, proof: &[Digest]| {
                consistent(&Test, (wide(old), old_root), (wide(new), &new_root), proof)
            };
            assert!(holds(old, &old_root, &proof), "{old} of {new}");
            assert!(!holds(old, &[5; 32], &proof));
            for other in (1..=new).filter(|other| *other != old) {
                assert!(!holds(other, &old_root, &proof), "{old} of {new} as {other}");
            }
            for at in 0..proof.len() {
                let mut changed = proof.clone();
                changed[at][0] ^= 1;
                assert!(!holds(old, &old_root, &changed));
            }
            let longer: Vec<Digest> = proof.iter().copied().chain([[0; 32]]).collect();
            assert!(!holds(old, &old_root, &longer));
        }
        assert_eq!(consistency(&Test, &all, 0), None);
        assert_eq!(consistency(&Test, &all, new + 1), None);
    }
}

proptest! {
    /// Proofs of strangers: any bytes, any sizes.
    #[test]
    fn no_proof_panics(
        count in any::<u64>(), start in any::<u64>(), new in any::<u64>(),
        hashes in prop::collection::vec(any::<Digest>(), 0..70), split in 0_usize..70,
    ) {
        let (leaves, proof) = hashes.split_at(split.min(hashes.len()));
        let _ = root_of_range(&Test, count, start, leaves, proof);
        let _ = root_of(&Test, count, start, &[0; 32], proof);
        let _ = consistent(&Test, (count, &[0; 32]), (new, &[1; 32]), proof);
    }
}
