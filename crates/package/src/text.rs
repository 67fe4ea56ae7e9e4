//! Text in canonical bytes: UTF-8 without control characters, as long as its limit says.
//!
//! Never repairs a text.

use commit::{Reader, WireError, Writer};

use crate::limits::NAME_BYTES_MAX;

/// Whether a text may stand in a manifest or a part.
pub(crate) fn name(what: &'static str, text: &str) -> Result<(), WireError> {
    if text.len() > NAME_BYTES_MAX {
        return Err(WireError::Limit { what, found: text.len(), max: NAME_BYTES_MAX });
    }
    if text.chars().any(char::is_control) {
        return Err(WireError::Value { what, reason: "control characters are not allowed" });
    }
    Ok(())
}

pub(crate) fn write_name(out: &mut Writer, text: &str) {
    out.length_u8(text.len());
    out.bytes(text.as_bytes());
}

pub(crate) fn read_name(input: &mut Reader<'_>, what: &'static str) -> Result<String, WireError> {
    let text = utf8(what, input.bytes_u8(what, NAME_BYTES_MAX)?)?;
    name(what, text)?;
    Ok(text.to_owned())
}

pub(crate) fn utf8<'a>(what: &'static str, bytes: &'a [u8]) -> Result<&'a str, WireError> {
    core::str::from_utf8(bytes).map_err(|_| WireError::Value { what, reason: "it is not UTF-8" })
}
