//! A package as files of a folder.

use std::collections::BTreeMap;

use package::{OpenError, PackageError, PartFault, folder};

use crate::fixture::pieces;

fn files() -> BTreeMap<String, Vec<u8>> {
    folder::entries(&pieces().package().unwrap()).into_iter().collect()
}

fn open(files: &BTreeMap<String, Vec<u8>>) -> Result<package::Package, OpenError<String>> {
    folder::open(|path, most| match files.get(path) {
        Some(bytes) if u64::try_from(bytes.len()).unwrap() <= most => Ok(bytes.clone()),
        Some(_) => Err(format!("{path} is too long")),
        None => Err(format!("{path} is not there")),
    })
}

#[test]
fn what_is_written_is_read() {
    let package = pieces().package().unwrap();
    let opened = open(&files()).unwrap();
    assert_eq!((opened.id(), opened.parts()), (package.id(), package.parts()));
    let paths: Vec<_> = files().into_keys().collect();
    assert_eq!(paths.len(), 9);
    assert_eq!(paths[0], "manifest");
    assert!(paths[1..].iter().all(|path| path.starts_with("parts/") && path.len() == 70));
    assert_eq!(folder::file_path(&package.manifest().files()[0]), "files/model.gguf");
}

#[test]
fn what_is_missing_too_long_or_damaged_is_named() {
    for (path, bytes) in files() {
        let mut fewer = files();
        fewer.remove(&path);
        let read = matches!(open(&fewer), Err(OpenError::Read { .. } | OpenError::ReadManifest(_)));
        assert!(read, "{path}");
        if path == folder::MANIFEST {
            continue;
        }
        let mut longer = files();
        longer.get_mut(&path).unwrap().push(0);
        assert!(matches!(open(&longer), Err(OpenError::Read { .. })), "{path}");
        let mut damaged = files();
        damaged.get_mut(&path).unwrap()[bytes.len() / 2] ^= 1;
        let error = open(&damaged).unwrap_err();
        let hash =
            matches!(error, OpenError::Refused(PackageError::Part { fault: PartFault::Hash, .. }));
        assert!(hash, "{path}: {error}");
    }
}

#[test]
fn a_long_manifest_is_not_read() {
    let mut long = files();
    long.insert(folder::MANIFEST.into(), vec![0; (1 << 20) + 1]);
    assert!(matches!(open(&long), Err(OpenError::ReadManifest(_))));
}
