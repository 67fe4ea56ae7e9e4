//! Names that a file may have wherever a stranger names it: in a package's manifest, an index of weights, a repository.
//!
//! Never cleans a name: one that is refused is no file's. Failure: `false`.

/// The longest name in bytes.
pub const FILE_NAME_BYTES_MAX: usize = 128;
/// Names of devices on Windows, in every folder and with every ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// The same, with a digit from 1 behind.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// Whether every common file system takes the name as that of a file right there: 1 to 128 of `A-Z a-z 0-9 . _ - +`, a
/// letter or digit first and last, and no device of Windows.
#[must_use]
pub fn file_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-+".contains(byte);
    bytes.len() <= FILE_NAME_BYTES_MAX
        && bytes.iter().all(plain)
        && ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
        && !device(name)
}

/// Whether Windows opens a device by this name.
fn device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |device: &&str| {
        stem.strip_prefix(*device).is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']))
    };
    DEVICES.contains(&stem.as_str()) || NUMBERED_DEVICES.iter().any(numbered)
}
