//! Any bytes as an entry of the state: a record is decoded to what encodes to just these bytes, or refused.
//!
//! The first byte is the length of the key, which follows; the rest is the record.
//!
//! Run: `cargo +nightly fuzz run chain_records -- -max_total_time=60 -rss_limit_mb=512 -malloc_limit_mb=16`.
#![no_main]

use chain::records::{
    Account, Anchor, Audit, Auditors, Ballot, BoundKey, Candidates, Channel, Clock, Dispute,
    EpochBook, EpochStart, Group, Held, Hold, LabelRecord, Missing, NameRecord, Node, Package,
    Panel, ParameterValues, Plant, ProgramBytes, Proposal, Purse, Record, Rules, Seats, Settlement,
    Stakes, Withheld,
};
use commit::WireError;
use libfuzzer_sys::fuzz_target;

/// What a record is written as when it was read.
type Again = fn(&[u8]) -> Result<Vec<u8>, WireError>;

/// By the first byte of the key.
const RECORDS: [(u8, Again); 30] = [
    (1, again::<Clock>),
    (2, again::<Purse>),
    (3, again::<ParameterValues>),
    (4, again::<Seats>),
    (5, again::<Account>),
    (6, again::<Node>),
    (7, again::<BoundKey>),
    (8, again::<Candidates>),
    (9, again::<Stakes>),
    (10, again::<Package>),
    (11, again::<ProgramBytes>),
    (12, again::<NameRecord>),
    (13, again::<LabelRecord>),
    (14, again::<Channel>),
    (15, again::<EpochBook>),
    (16, again::<Settlement>),
    (17, again::<Anchor>),
    (18, again::<Dispute>),
    (19, again::<Missing>),
    (20, again::<Hold>),
    (21, again::<EpochStart>),
    (22, again::<Auditors>),
    (23, again::<Audit>),
    (24, again::<Proposal>),
    (25, again::<Ballot>),
    (26, again::<Rules>),
    (27, again::<Panel>),
    (28, again::<Plant>),
    (29, again::<Withheld>),
    (30, again::<Group>),
];

fn again<R: Record>(bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    R::decode(bytes).map(|record| record.encode())
}

fuzz_target!(|input: &[u8]| {
    let Some((length, rest)) = input.split_first() else { return };
    let Some((key, bytes)) = rest.split_at_checked(usize::from(*length)) else { return };
    let held = Held::decode(key, bytes);
    if let Err(error) = &held {
        assert!(error.to_string().len() < 200, "a message is short");
    }
    let listed = RECORDS.iter().any(|(tag, _)| key.first() == Some(tag));
    assert!(held.is_err() || listed, "a record that this target does not know");
    for (tag, again) in RECORDS {
        if key.first() == Some(&tag) {
            let again = again(bytes);
            assert!(again.is_ok() || held.is_err(), "an entry without a record");
            assert!(again.is_err() || again.as_deref() == Ok(bytes), "two encodings of one record");
        }
    }
});
