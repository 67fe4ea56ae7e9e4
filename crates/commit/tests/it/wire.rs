//! Whatever is read was there, within its limit.

use commit::{Reader, WireError, Writer};
use proptest::prelude::*;

#[test]
fn what_was_written_is_read() {
    let mut out = Writer::new();
    out.u8(1);
    out.u16(2);
    out.u32(3);
    out.i32(-4);
    out.u64(5);
    out.u128(6);
    out.length_u8(2);
    out.bytes(b"ab");
    out.length_u16(1);
    out.u32(7);
    out.length_u32(3);
    out.bytes(b"xyz");
    let bytes = out.finish();
    let mut input = Reader::new(&bytes);
    assert_eq!(input.u8("a"), Ok(1));
    assert_eq!(input.u16("a"), Ok(2));
    assert_eq!(input.u32("a"), Ok(3));
    assert_eq!(input.i32("a"), Ok(-4));
    assert_eq!(input.u64("a"), Ok(5));
    assert_eq!(input.u128("a"), Ok(6));
    assert_eq!(input.bytes_u8("a", 2), Ok(&b"ab"[..]));
    assert_eq!(input.list_u16("a", 1, |input| input.u32("b")), Ok(vec![7]));
    assert_eq!(input.bytes_u32("a", 3), Ok(&b"xyz"[..]));
    assert_eq!(input.end("all"), Ok(()));
}

#[test]
fn what_is_wrong_is_named() {
    let bytes = [5, 0, 1, 2, 3];
    let mut input = Reader::new(&bytes);
    let limit = WireError::Limit { what: "names", found: 5, max: 4 };
    assert_eq!(input.clone().bytes_u16("names", 4), Err(limit));
    let ends = WireError::Truncated { what: "names", at: 2 };
    assert_eq!(input.clone().bytes_u16("names", 5), Err(ends));
    let ends = WireError::Truncated { what: "items", at: 4 };
    let list = |what| input.clone().list_u32(what, usize::MAX, |input| input.u8("an item"));
    assert_eq!(list("items"), Err(ends));
    let version = WireError::Version { what: "a job", found: 5 };
    assert_eq!(input.version("a job", 1), Err(version));
    assert_eq!(input.end("a job"), Err(WireError::Trailing { what: "a job", bytes: 3 }));
}

#[test]
fn counts_leave_room_for_their_items() {
    let bytes = [2, 0, 0, 0, 1, 2, 3, 4, 5, 6];
    let count = |max, item_bytes| {
        let mut input = Reader::new(&bytes);
        let count = input.count_u32("items", max, item_bytes);
        assert_eq!(input.at(), 4);
        count
    };
    assert_eq!(count(2, 3), Ok(2));
    assert_eq!(count(2, 0), Ok(2));
    assert_eq!(count(1, 3), Err(WireError::Limit { what: "items", found: 2, max: 1 }));
    let ends = WireError::Truncated { what: "items", at: 4 };
    assert_eq!(count(2, 4), Err(ends.clone()));
    assert_eq!(count(2, usize::MAX), Err(ends));
}

proptest! {
    /// A count is never believed: no more is allocated than there are bytes.
    #[test]
    fn counts_of_strangers_allocate_little(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let items = Reader::new(&bytes).list_u32("items", usize::MAX, |input| input.u8("an item"));
        if let Ok(items) = items {
            prop_assert!(items.capacity() <= bytes.len());
        }
    }
}
