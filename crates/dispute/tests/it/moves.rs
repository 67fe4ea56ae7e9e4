//! Bytes of moves: one form only, and nothing a stranger sends does harm.

use commit::{Blind, WireError};
use dispute::limits::{CHILDREN_MAX, LEAVES_MAX, MOVE_BYTES_MAX, OPS_MAX};
use dispute::{Boundary, Leaf, Leaves, Move, Opened, Parts, Party, Slice, Supplied};
use proptest::prelude::*;
use receipt::JobLeaf;

fn leaves() -> Leaves {
    let leaf = |byte| Leaf { salt: [byte; 32], bytes: vec![byte; usize::from(byte)] };
    Leaves { leaves: vec![leaf(1), leaf(0)], beside: vec![[2; 32]] }
}

/// A move of every kind, with operands of every kind.
fn moves() -> Vec<Move> {
    let boundary = Boundary { residual: [1; 32], kv: [2; 32], path: vec![[3; 32]; 2] };
    let biases = JobLeaf { leaf: 4, bytes: vec![0; 4], salt: [1; 32], path: [[2; 32]; 3] };
    let operands = vec![
        Supplied::Known,
        Supplied::Tokens { prompt: leaves(), output: Leaves::default() },
        Supplied::Slice(Slice { chunks: vec![7; 1030], beside: vec![[1; 32]] }),
        Supplied::Leaves { opened: leaves(), boundary: Some(boundary.clone()) },
        Supplied::Page { rows: leaves(), path: vec![[1; 32]] },
        Supplied::Edge { peaks: vec![[1; 32]], path: Vec::new(), boundary: Some(boundary) },
        Supplied::Biases(biases),
    ];
    let parts = Parts { children: vec![[1; 32]; 16], leaves: vec![[2; 32]; 3], fault: Some(9) };
    vec![
        Move::Root([1; 32]),
        Move::OwnRoot { entries: 7, root: [2; 32] },
        Move::Children(vec![[1; 32], [2; 32]]),
        Move::Name(300),
        Move::Ops { roots: vec![[1; 32]; 3], token_salt: Some([4; 32]) },
        Move::Ops { roots: Vec::new(), token_salt: None },
        Move::Parts(parts),
        Move::Open(Opened { salt: [1; 32], bytes: vec![1, 2, 3], edge: vec![[5; 32]] }),
        Move::Operands(operands),
        Move::Blind(Blind([6; 32])),
    ]
}

#[test]
fn moves_have_one_form() {
    for made in moves() {
        let bytes = made.encode();
        assert_eq!(Move::decode(&bytes), Ok(made));
        let longer = [&bytes[..], &[0]].concat();
        assert!(matches!(Move::decode(&longer), Err(WireError::Trailing { .. })));
        for end in 0..bytes.len() {
            assert!(Move::decode(&bytes[..end]).is_err());
        }
    }
}

#[test]
fn limits_hold_before_anything_is_allocated() {
    let refused =
        |made: Move| assert!(matches!(Move::decode(&made.encode()), Err(WireError::Limit { .. })));
    refused(Move::Children(vec![[0; 32]; CHILDREN_MAX + 1]));
    refused(Move::Ops { roots: vec![[0; 32]; OPS_MAX + 1], token_salt: None });
    refused(Move::Parts(Parts { leaves: vec![[0; 32]; LEAVES_MAX + 1], ..Parts::default() }));
    refused(Move::Operands(vec![Supplied::Known; 9]));
    let slice = Slice { chunks: vec![0; MOVE_BYTES_MAX], beside: Vec::new() };
    refused(Move::Operands(vec![Supplied::Slice(slice)]));
    assert!(matches!(Move::decode(&[2, 0, 1]), Err(WireError::Version { .. })));
    assert!(matches!(Move::decode(&[1, 0, 0]), Err(WireError::Unknown { .. })));
}

proptest! {
    #[test]
    fn changed_bytes_are_another_move_or_none(at in 0..20_000_usize, change in 1..=255_u8, which in 0..10_usize) {
        let mut bytes = moves()[which].encode();
        let at = at % bytes.len();
        bytes[at] ^= change;
        if let Ok(made) = Move::decode(&bytes) {
            prop_assert_eq!(made.encode(), bytes);
        }
    }
}

/// Every move of some disputes, whole and with a byte changed, in every state of them, by either side.
#[test]
fn no_move_harms_a_dispute() {
    let states = dispute::sides::states(3).unwrap();
    let (mut taken, mut refused, mut change) = (0, 0, 1_usize);
    for (_, bytes) in &states {
        for (state, _) in &states {
            change = change.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mut bytes = bytes.clone();
            if change & (1 << 40) == 0 {
                let at = (change >> 20) % bytes.len();
                bytes[at] ^= 1 << (change % 8);
            }
            let Ok(made) = Move::decode(&bytes) else { continue };
            for party in [Party::Claimant, Party::Challenger] {
                let mut dispute = state.clone();
                match dispute.take(party, &made, 0) {
                    Ok(()) => taken += 1,
                    Err(_) => {
                        assert_eq!(dispute.asked(), state.asked());
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(taken > 20 && refused > 1000, "{taken} {refused}");
}
