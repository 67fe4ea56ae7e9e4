//! What no move of a running dispute is (`spec/dispute.md` sections 2 and 6), in every state of a real one; and the
//! limits of the text.

use dispute::{Asked, Dispute, Move, Opened, Parts, Party, Refusal, limits, sides};

/// A move of every number.
pub(crate) fn every_move() -> Vec<Move> {
    vec![
        Move::Root([1; 32]),
        Move::OwnRoot { entries: 0, root: [0; 32] },
        Move::Children(Vec::new()),
        Move::Name(0),
        Move::Ops { roots: Vec::new(), token_salt: None },
        Move::Parts(Parts::default()),
        Move::Open(Opened { salt: [0; 32], bytes: Vec::new(), edge: Vec::new() }),
        Move::Operands(Vec::new()),
        Move::Blind(commit::Blind([0; 32])),
    ]
}

fn number(made: &Move) -> u8 {
    made.encode()[2]
}

/// Every state of one dispute with the move that was made in it.
fn states() -> Vec<(Dispute<'static>, Move)> {
    let states = sides::states(3).unwrap();
    let read = |(state, bytes): (_, Vec<u8>)| (state, Move::decode(&bytes).unwrap());
    states.into_iter().map(read).collect()
}

fn refused(state: &Dispute<'_>, made: &Move) -> Refusal {
    let mut dispute = state.clone();
    let refusal = dispute.take(state.turn().unwrap(), made, 0).unwrap_err();
    assert_eq!((dispute.asked(), dispute.deadline()), (state.asked(), state.deadline()));
    refusal
}

#[test]
fn a_move_of_the_other_side_or_of_another_state_is_refused() {
    let mut numbers = [0; 10];
    for (state, made) in &states() {
        let other = match state.turn().unwrap() {
            Party::Claimant => Party::Challenger,
            Party::Challenger => Party::Claimant,
        };
        assert_eq!(state.clone().take(other, made, 0), Err(Refusal::Turn));
        let late = state.clone().take(state.turn().unwrap(), made, state.deadline() + 1);
        assert_eq!(late, Err(Refusal::Late));
        for another in every_move() {
            let both = [number(made), number(&another)];
            // Where operands are asked for a blind may come instead, unless a fault is claimed.
            let either = both == [8, 9] || both == [9, 8];
            if both[0] != both[1] && !either {
                assert_eq!(refused(state, &another), Refusal::Turn, "{both:?}");
            }
        }
        numbers[usize::from(number(made))] += 1;
    }
    assert!(numbers[1..].iter().all(|count| *count > 0), "{numbers:?}");
}

#[test]
fn nothing_but_what_was_revealed_is_named() {
    let mut named = 0;
    for (state, made) in &states() {
        let count = match state.asked().unwrap() {
            Asked::NameChild { revealed, .. } => revealed.hashes.len(),
            Asked::NameOp { roots, .. } => roots.len(),
            Asked::NamePart { parts, .. } => parts.children.len() + parts.leaves.len(),
            Asked::Root { .. }
            | Asked::OwnRoot { .. }
            | Asked::Children { .. }
            | Asked::Ops { .. }
            | Asked::Parts { .. }
            | Asked::Open { .. }
            | Asked::Prove { .. } => continue,
        };
        assert!(matches!(made, Move::Name(_)));
        // A claimed fault is counted behind the roots or leaves.
        for index in [count + 1, usize::from(u16::MAX)] {
            let refusal = refused(state, &Move::Name(u16::try_from(index).unwrap()));
            assert!(matches!(refusal, Refusal::Named { .. }), "{refusal}");
        }
        named += 1;
    }
    assert!(named > 3, "{named}");
}

/// Of every move of the sides a form that its table forbids.
#[test]
fn moves_that_break_their_row_of_the_table_are_refused() {
    for (state, made) in &states() {
        match made {
            Move::OwnRoot { entries, .. } => {
                let Some(Asked::OwnRoot { entries: all }) = state.asked() else { panic!() };
                assert!(*entries <= all);
                let own = |entries, root| refused(state, &Move::OwnRoot { entries, root });
                // Zeros of no entries, and only of them; not more than the claimant's.
                for refusal in [own(0, [1; 32]), own(all, [0; 32]), own(all + 1, [1; 32])] {
                    assert!(matches!(refusal, Refusal::Hash { .. }), "{refusal}");
                }
            }
            Move::Children(children) => {
                let mut other = children.clone();
                other[0][0] ^= 1;
                let changed = refused(state, &Move::Children(other));
                let fewer = refused(state, &Move::Children(children[1..].to_vec()));
                assert!(matches!(changed, Refusal::Hash { .. }), "{changed}");
                assert!(matches!(fewer, Refusal::Count { .. } | Refusal::Hash { .. }), "{fewer}");
            }
            Move::Ops { roots, token_salt } => {
                let token_salt = if token_salt.is_some() { None } else { Some([1; 32]) };
                let salt = refused(state, &Move::Ops { roots: roots.clone(), token_salt });
                assert!(matches!(salt, Refusal::Hash { .. }), "{salt}");
                let fewer =
                    refused(state, &Move::Ops { roots: roots[1..].to_vec(), token_salt: None });
                assert!(matches!(fewer, Refusal::Count { .. }), "{fewer}");
            }
            Move::Parts(parts) => broken_parts(state, parts),
            Move::Open(opened) => {
                let mut other = opened.clone();
                other.salt[0] ^= 1;
                let salt = refused(state, &Move::Open(other));
                let edge = [&opened.edge[..], &[[1; 32]]].concat();
                let edge = refused(state, &Move::Open(Opened { edge, ..opened.clone() }));
                assert!(matches!(salt, Refusal::Hash { .. }), "{salt}");
                assert!(matches!(edge, Refusal::Hash { .. }), "{edge}");
            }
            Move::Operands(operands) => {
                let fewer = refused(state, &Move::Operands(operands[1..].to_vec()));
                assert!(matches!(fewer, Refusal::Count { .. }), "{fewer}");
                let blind = refused(state, &Move::Blind(commit::Blind([1; 32])));
                assert!(matches!(blind, Refusal::Blind { .. } | Refusal::Turn), "{blind}");
            }
            Move::Root(_) | Move::Name(_) | Move::Blind(_) => {}
        }
    }
}

fn broken_parts(state: &Dispute<'_>, parts: &Parts) {
    let fault = if parts.fault.is_some() { None } else { Some(0) };
    let refusal = refused(state, &Move::Parts(Parts { fault, ..parts.clone() }));
    assert!(matches!(refusal, Refusal::Hash { .. }), "{refusal}");
    let mut leaves = parts.leaves.clone();
    leaves.push([1; 32]);
    let refusal = refused(state, &Move::Parts(Parts { leaves, ..parts.clone() }));
    assert!(matches!(refusal, Refusal::Count { .. }), "{refusal}");
    let mut children = parts.children.clone();
    children.push([1; 32]);
    let refusal = refused(state, &Move::Parts(Parts { children, ..parts.clone() }));
    assert!(matches!(refusal, Refusal::Count { .. }), "{refusal}");
}

#[test]
fn the_numbers_are_those_of_the_text() {
    let text = include_str!("../../../../spec/dispute.md");
    for row in [
        "| bytes of a move | 65,536 | ops of a block | 128 |",
        "| subtrees of a move | 16 | leaves of a value | 1,024 |",
        "| operands | 8 | leaves of an operand | 1,024 |",
        "| bytes of a leaf | 16,384 | hashes of a proof | 1,024 |",
        "| subtrees of an edge | 16 | bytes of leaf 4 | 8,196 |",
        "A state has 40,960 bytes at most.",
    ] {
        assert!(text.contains(row), "{row}");
    }
    use limits as l;
    assert_eq!((l::MOVE_BYTES_MAX, l::OPS_MAX), (65_536, 128));
    assert_eq!((l::CHILDREN_MAX, 1 << l::LEVELS, l::LEAVES_MAX), (16, 16, 1024));
    assert_eq!((l::OPERANDS_MAX, l::OPENED_MAX), (8, 1024));
    assert_eq!((l::OUTPUT_BYTES_MAX, l::PROOF_MAX), (16_384, 1024));
    assert_eq!((l::PEAKS_MAX, l::BIASES_BYTES_MAX, l::STATE_BYTES_MAX), (16, 8196, 40_960));
}
