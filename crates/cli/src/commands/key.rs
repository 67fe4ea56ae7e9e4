//! `probity key`: the key that signs this machine's receipts.
//!
//! Never shows the secret unless that was asked for by name.

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use receipt::SecretKey;
use store::Store;

use crate::arguments::{ExportOptions, KeyCommand, KeyFormat};
use crate::output::{line, tell, write};
use crate::public_key::PUBLIC_DER;

/// What stands before the seed in PKCS #8 (RFC 8410).
const PRIVATE_DER: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

pub(crate) fn run(command: &KeyCommand) -> Result<ExitCode> {
    match command {
        KeyCommand::Show => show(&crate::environment::store_to_look_at()?)?,
        KeyCommand::Rotate => rotate(&crate::environment::store()?)?,
        KeyCommand::Export(options) => {
            export(&crate::environment::store_to_look_at()?, options)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The key that signs, to look at: makes none.
pub(crate) fn known_key(store: &Store) -> Result<SecretKey> {
    store.keys().get()?.context(
        "there is no key yet: the first receipt makes one (`probity run MODEL \"...\" --receipt FILE`), \
         and so does `probity key rotate`",
    )
}

/// The key that signs, made on first use.
pub(crate) fn worker_key(store: &Store) -> Result<SecretKey> {
    if let Some(key) = store.keys().get()? {
        return Ok(key);
    }
    let key = store.keys().get_or_make(random()?)?;
    tell(format_args!("made a key to sign receipts with: {} (`probity help key`)", key.public()));
    Ok(key)
}

/// 32 random bytes of the system.
pub(crate) fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow!("the system gives no random bytes: {error}"))?;
    Ok(bytes)
}

fn show(store: &Store) -> Result<()> {
    let key = known_key(store)?;
    line(key.public())?;
    tell(format_args!("signs receipts; kept in {}", store.keys().path().display()));
    Ok(())
}

fn rotate(store: &Store) -> Result<()> {
    let serving = store.is_serving()?;
    let rotated = store.keys().rotate(random()?)?;
    line(rotated.new.public())?;
    match (&rotated.old, &rotated.kept_at) {
        (Some(old), Some(path)) => {
            tell(format_args!("the old key {} is kept in {}", old.public(), path.display()));
            tell("what it signed stays signed; new receipts and a new log are under the new key");
        }
        (None, Some(path)) => {
            tell(format_args!("what was no usable key is kept in {}", path.display()));
        }
        (_, None) => {}
    }
    if serving {
        tell("WARNING: a server runs here: it signs with the old key until it is started anew");
    }
    Ok(())
}

fn export(store: &Store, options: &ExportOptions) -> Result<()> {
    let key = known_key(store)?;
    let text = match (options.secret, options.format) {
        (false, KeyFormat::Hex) => format!("{}\n", key.public()),
        (false, KeyFormat::Pem) => pem("PUBLIC KEY", &PUBLIC_DER, &key.public().0),
        (true, KeyFormat::Pem) => pem("PRIVATE KEY", &PRIVATE_DER, &key.seed()),
        (true, KeyFormat::Hex) => format!("{}\n", commit::hex(&key.seed())),
    };
    write(&text)?;
    Ok(())
}

fn pem(label: &str, head: &[u8], key: &[u8; 32]) -> String {
    let body = STANDARD.encode([head, key].concat());
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8410 section 10.
    #[test]
    fn pem_is_that_of_the_rfc() {
        let seed = [
            0xd4, 0xee, 0x72, 0xdb, 0xf9, 0x13, 0x58, 0x4a, 0xd5, 0xb6, 0xd8, 0xf1, 0xf7, 0x69,
            0xf8, 0xad, 0x3a, 0xfe, 0x7c, 0x28, 0xcb, 0xf1, 0xd4, 0xfb, 0xe0, 0x97, 0xa8, 0x8f,
            0x44, 0x75, 0x58, 0x42,
        ];
        let key = SecretKey::from_seed(seed);
        assert_eq!(
            pem("PRIVATE KEY", &PRIVATE_DER, &key.seed()),
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n"
        );
        assert_eq!(
            pem("PUBLIC KEY", &PUBLIC_DER, &key.public().0),
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"
        );
    }
}
