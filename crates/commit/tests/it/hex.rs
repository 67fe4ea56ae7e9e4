//! Bytes have one spelling.

use commit::{from_hex, hex};

#[test]
fn bytes_have_one_spelling() {
    let bytes = [0x00, 0x09, 0x0a, 0x1f, 0x90, 0xaf, 0xff];
    assert_eq!(hex(&bytes), "00090a1f90afff");
    assert_eq!(from_hex("00090a1f90afff"), Some(bytes));
    for wrong in
        ["", "0", "000", "00000", "0G00", "00A0", "+100", " 100", "0:00", "0/00", "0`00", "é00"]
    {
        assert_eq!(from_hex::<2>(wrong), None, "{wrong}");
    }
}
