//! Workers whose file is in order, and who sent something else before it.

use receipt::{Equivocation, HeadError, Job, PartialOpening, ReceiptFile, TokenVector, Which};

use super::words::is_honest;
use super::{Delivered, found, tokens};
use crate::desk::{Chunk, NETWORK, salts};

/// What whoever asked finds, with its job and what came, chunk by chunk.
pub(super) fn check(asked: &Job, stream: &[Chunk], file: &ReceiptFile) -> Result<(), &'static str> {
    let job = asked.commitment(&salts());
    if file.receipt().job != job {
        return Err("job");
    }
    let (mut vector, mut before) = (TokenVector::new(salts(), WHICH), None);
    for Chunk { tokens, head } in stream {
        if head.follows(before, NETWORK).is_err() || head.head.job != job {
            return Err("stream");
        }
        tokens.iter().for_each(|token| vector.push(*token));
        if (head.head.count, head.head.root) != (vector.count(), vector.root()) {
            return Err("tokens sent");
        }
        before = Some(head);
    }
    let proof = equivocation(stream, file);
    if proof.is_some_and(|proof| proof.holds(NETWORK)) { Err("two answers") } else { Ok(()) }
}

const WHICH: Which = Which::Output { choice: 0 };

/// Two openings of one position, as anybody can read them; none where stream and file agree.
fn equivocation(stream: &[Chunk], file: &ReceiptFile) -> Option<Equivocation> {
    let sent: Vec<u32> = stream.iter().flat_map(|chunk| chunk.tokens.clone()).collect();
    let kept = &file.opening().unwrap().outputs[0].tokens;
    let position = sent.iter().zip(kept).position(|(a, b)| a != b)?;
    let shown = |tokens: &[u32]| {
        PartialOpening::new(&salts(), WHICH, tokens, u32::try_from(position).unwrap()).unwrap()
    };
    let one = (stream.last().unwrap().head, shown(&sent));
    let other = (*file.receipt().choices[0].segments.last().unwrap(), shown(kept));
    let proof = Equivocation { one, other };
    assert_eq!(Equivocation::decode(&proof.encode()).as_ref(), Ok(&proof), "it can be sent");
    Some(proof)
}

pub(super) fn drops_a_chunk() -> Delivered {
    let mut delivered = is_honest();
    delivered.stream.remove(1);
    delivered
}

pub(super) fn reorders_chunks() -> Delivered {
    let mut delivered = is_honest();
    delivered.stream.swap(1, 2);
    delivered
}

pub(super) fn other_tokens() -> Delivered {
    let mut delivered = is_honest();
    delivered.stream[1].tokens[3] ^= 1;
    delivered
}

pub(super) fn two_answers() -> Delivered {
    Delivered { stream: tokens::swaps_one_token().stream, ..is_honest() }
}

pub(super) fn two_answers_the_other_way() -> Delivered {
    Delivered { stream: is_honest().stream, ..tokens::swaps_one_token() }
}

/// Nothing but its prior tells a head that it does not follow: no number is wrong.
#[test]
fn what_is_gone_from_a_stream_is_found_by_the_next_head() {
    for worker in [drops_a_chunk, reorders_chunks] {
        let [first, next, ..] = &worker().stream[..] else { panic!("no stream") };
        assert_eq!(next.head.follows(Some(&first.head), NETWORK), Err(HeadError::Prior));
    }
}

/// The pair is the proof: neither half is one, nor is a pair that agrees.
#[test]
fn two_openings_of_one_position_need_no_model() {
    let delivered = two_answers();
    assert!(found(&delivered).replay.is_ok(), "the auditor's answer is the model's");
    let file = ReceiptFile::parse(&delivered.file, NETWORK).unwrap();
    let proof = equivocation(&delivered.stream, &file).unwrap();
    assert!(proof.holds(NETWORK));
    assert_eq!((proof.one.1.position, proof.other.1.position), (11, 11));
    assert_ne!(proof.one.1.token, proof.other.1.token);
    for side in [&proof.one, &proof.other] {
        assert!(!Equivocation { one: side.clone(), other: side.clone() }.holds(NETWORK));
    }
    assert_eq!(equivocation(&is_honest().stream, &file), None);
}
