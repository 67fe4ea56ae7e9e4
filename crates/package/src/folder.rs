//! A package as files in a folder (`spec/package.md` section 8): `manifest`, `parts/<BLAKE3>`, `files/<name>`,
//! `signatures/<key>`.
//!
//! Never opens a file: paths are relative, made of slashes and of names that were checked, and the caller reads them.

use commit::hex;
use receipt::PublicKey;

use crate::limits;
use crate::manifest::{File, Part};
use crate::package::{OpenError, Package};

/// Where the manifest lies.
pub const MANIFEST: &str = "manifest";

/// Where a part lies.
#[must_use]
pub fn part_path(part: &Part) -> String {
    format!("parts/{}", hex(&part.hash))
}

/// Where an upstream file lies.
#[must_use]
pub fn file_path(file: &File) -> String {
    format!("files/{}", file.name)
}

/// Where a publisher's signature lies.
#[must_use]
pub fn signature_path(key: &PublicKey) -> String {
    format!("signatures/{}", key.hex())
}

/// Opens the package of a folder. `read` gives the bytes of a path, or fails where there are more than so many.
///
/// # Errors
/// [`OpenError`] names the part.
pub fn open<E>(
    mut read: impl FnMut(&str, u64) -> Result<Vec<u8>, E>,
) -> Result<Package, OpenError<E>> {
    let most = u64::try_from(limits::MANIFEST_BYTES_MAX).expect("2^20 fits");
    let manifest = read(MANIFEST, most).map_err(OpenError::ReadManifest)?;
    Package::open(&manifest, |_, part| read(&part_path(part), part.length))
}

/// What to write where; the upstream files, which are too large to be given, lie at [`file_path`].
#[must_use]
pub fn entries(package: &Package) -> Vec<(String, Vec<u8>)> {
    let manifest = package.manifest();
    let parts = package.parts().iter().filter_map(|(kind, bytes)| {
        manifest.part(*kind).map(|part| (part_path(&part), bytes.clone()))
    });
    core::iter::once((MANIFEST.to_owned(), manifest.encode())).chain(parts).collect()
}
