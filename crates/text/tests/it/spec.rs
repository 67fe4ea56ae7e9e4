//! The bounds that the specification names are those of the code.

use text::MAX_TEXT_BYTES;
use text::template::{
    MAX_CODE_BYTES, MAX_ELIFS, MAX_JSON_DEPTH, MAX_MADE_BYTES, MAX_MESSAGES, MAX_READ_BYTES,
    MAX_RENDERED_BYTES, MAX_TEMPLATE_BYTES, MAX_TEMPLATE_RECURSION, TEMPLATE_FUEL,
};

/// With a comma between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[test]
fn bounds_are_those_of_the_text() {
    let text = include_str!("../../../../spec/text.md");
    let receipt = include_str!("../../../../spec/receipt.md");
    let (kib, mib) = (|bytes: usize| bytes >> 10, |bytes: usize| bytes >> 20);
    let steps = usize::try_from(TEMPLATE_FUEL).unwrap();
    for sentence in [
        format!("At most {} MiB of text together.", mib(MAX_TEXT_BYTES)),
        format!(
            "at most {} KiB, {} KiB of code between two delimiters and {MAX_ELIFS} `elif`",
            kib(MAX_TEMPLATE_BYTES),
            kib(MAX_CODE_BYTES)
        ),
        format!(
            "{} steps, {MAX_TEMPLATE_RECURSION} nested calls, {} MiB for one text and the whole, {} MiB \
             for all that is made, {} MiB for all that is read",
            grouped(steps),
            mib(MAX_RENDERED_BYTES),
            mib(MAX_MADE_BYTES),
            mib(MAX_READ_BYTES)
        ),
    ] {
        assert!(text.contains(&sentence), "the text does not say: {sentence}");
    }
    let messages = grouped(MAX_MESSAGES);
    let row = format!(
        "| messages; depth of tools, tool calls, variables | {messages}; {MAX_JSON_DEPTH} |"
    );
    assert!(receipt.contains(&row), "{row}");
    let sentence = format!("of at least one and at most {messages} objects");
    assert!(receipt.contains(&sentence), "{sentence}");
}
