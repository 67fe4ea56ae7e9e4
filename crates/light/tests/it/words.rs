//! Words from other languages: what is not known is a mistake, and no report.

use light::{Mistake, verify_words};

#[test]
fn an_unknown_word_is_a_mistake() {
    let of =
        |network, required: &[&str]| verify_words(b"", None, network, required.iter().copied());
    let capitals = "AB".repeat(32);
    for network in ["", "00", "z", &capitals] {
        assert_eq!(of(Some(network), &[]), Err(Mistake::Network));
    }
    let mistake = of(None, &["signature", "audit"]).unwrap_err();
    assert!(mistake.to_string().contains("\"audit\""), "{mistake}");
    let text = of(Some(&"ab".repeat(32)), &["replay"]).unwrap();
    assert!(text.contains("\"cannot_judge\"") && text.contains("\"malformed\""), "{text}");
}
