//! A public key as a person names it: its digits, or a file that `probity key export` wrote.
//!
//! Never reads a secret key: a file of one is refused.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use receipt::PublicKey;

use crate::failure::describe;
use crate::files::beginning;

/// What stands before the key in SubjectPublicKeyInfo (RFC 8410).
pub(crate) const PUBLIC_DER: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Longest file that is read.
const FILE_BYTES_MAX: u64 = 4096;
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// The key that was named.
pub(crate) fn named(text: &str) -> Result<PublicKey, String> {
    if let Some(key) = PublicKey::from_hex(text) {
        return Ok(key);
    }
    let wanted = "64 hexadecimal digits, small letters, or a file of `probity key export`";
    let bytes = beginning(Path::new(text), FILE_BYTES_MAX)
        .map_err(|error| format!("it must be {wanted}: {}", describe(&error)))?;
    let key = core::str::from_utf8(&bytes).ok().and_then(|text| in_file(text.trim()));
    key.ok_or_else(|| format!("the file holds no public key; it must be {wanted}"))
}

/// The key in the text of a file: digits, or PEM.
fn in_file(text: &str) -> Option<PublicKey> {
    let Some(body) = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)) else {
        return PublicKey::from_hex(text);
    };
    let body: String = body.split_whitespace().collect();
    let der = STANDARD.decode(body).ok()?;
    Some(PublicKey(der.strip_prefix(&PUBLIC_DER)?.try_into().ok()?))
}
