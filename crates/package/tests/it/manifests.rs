//! What a manifest may not say (`spec/package.md` section 7), one test each.

use commit::WireError;
use package::limits::{FILE_BYTES_MAX, FILES_MAX, MANIFEST_BYTES_MAX, SHARD_BYTES};
use package::{About, File, FileHashes, Manifest, ManifestError, Part, PartKind, Redistributable};

use crate::fixture::{file, pieces};
use crate::random::{self, Random};

type Parts = [Option<Part>; 8];

fn parts() -> Parts {
    PartKind::ALL.map(|_| Part::of(b"a part"))
}

fn of(about: About, parts: Parts, files: Vec<File>) -> Result<Manifest, ManifestError> {
    Manifest::new(about, parts, files)
}

fn of_files(files: Vec<File>) -> Result<Manifest, ManifestError> {
    of(About::default(), parts(), files)
}

fn of_size(size: u64, shards: usize) -> File {
    let hashes =
        FileHashes { size, blake3: [1; 32], sha256: [2; 32], shards: vec![[1; 32]; shards] };
    File { name: "model.gguf".into(), hashes }
}

/// The bytes of a manifest with one changed place, as a stranger may send them.
fn changed(find: &[u8], put: &[u8]) -> Result<Manifest, ManifestError> {
    let mut bytes = pieces().package().unwrap().manifest().encode();
    let at = bytes.windows(find.len()).position(|window| window == find).unwrap();
    bytes.splice(at..at + find.len(), put.iter().copied());
    Manifest::decode(&bytes)
}

#[test]
fn the_model_id_is_the_hash_of_the_bytes() {
    for seed in 0..20 {
        let manifest = random::manifest(&mut Random(seed));
        let id = manifest.id();
        assert_eq!(id.0, *blake3::hash(&manifest.encode()).as_bytes());
        assert_eq!(id.to_string().len(), 64);
    }
}

#[test]
fn other_bytes_and_versions_are_refused() {
    assert_eq!(Manifest::decode(b""), Err(ManifestError::Magic));
    assert_eq!(Manifest::decode(b"PRBPxx"), Err(ManifestError::Magic));
    let version = ManifestError::Wire(WireError::Version { what: "manifest", found: 2 });
    assert_eq!(changed(b"PRBM\x01\x00", b"PRBM\x02\x00"), Err(version));
}

#[test]
fn a_manifest_of_too_many_bytes_is_refused_unread() {
    let long = vec![0; MANIFEST_BYTES_MAX + 1];
    let error = Manifest::decode(&long).unwrap_err();
    assert!(matches!(error, ManifestError::Wire(WireError::Limit { .. })), "{error}");
    // And none is made: each of these files has 8,192 shards.
    let file = |index| File { name: format!("f{index}"), ..of_size(FILE_BYTES_MAX, 1 << 13) };
    assert!(of_files((0..3).map(file).collect()).is_ok());
    let error = of_files((0..4).map(file).collect()).unwrap_err();
    assert!(matches!(error, ManifestError::Wire(WireError::Limit { .. })), "{error}");
}

#[test]
fn names_keep_their_limits() {
    let about = |name: &str, licence: &str| About {
        name: name.into(),
        licence: licence.into(),
        redistributable: Redistributable::No,
    };
    let files = || vec![file("model.gguf", b"x")];
    let long = "a".repeat(128);
    assert!(of(about(&long, &long), parts(), files()).is_ok());
    for bad in [format!("{long}a"), "a\nb".into(), "\u{7f}".into(), "\u{85}".into()] {
        assert!(of(about(&bad, ""), parts(), files()).is_err(), "{bad:?}");
        assert!(of(about("", &bad), parts(), files()).is_err(), "{bad:?}");
    }
    let utf8 = changed(b"\x04tiny", b"\x04t\xffny").unwrap_err();
    assert!(utf8.to_string().contains("UTF-8"), "{utf8}");
    assert!(changed(b"\x04tiny", b"\x04t\0ny").is_err());
}

#[test]
fn a_number_without_meaning_is_refused() {
    let error = changed(b"\x03MIT\x00", b"\x03MIT\x03").unwrap_err();
    assert!(matches!(error, ManifestError::Wire(WireError::Unknown { found: 3, .. })), "{error}");
}

#[test]
fn parts_that_must_be_there_are_named() {
    let files = || vec![file("model.gguf", b"x")];
    for (at, part) in PartKind::ALL.into_iter().enumerate() {
        let mut parts = parts();
        parts[at] = None;
        let made = of(About::default(), parts, files());
        if part.required() {
            assert_eq!(made, Err(ManifestError::Missing { part }));
        } else {
            assert_eq!(made.unwrap().part(part), None);
        }
    }
}

#[test]
fn a_part_has_its_limit_and_no_second_form_of_nothing() {
    let files = || vec![file("model.gguf", b"x")];
    for (at, part) in PartKind::ALL.into_iter().enumerate() {
        let max = part.bytes_max();
        for (length, fits) in [(max, true), (max + 1, false), (u64::MAX, false), (0, false)] {
            let mut parts = parts();
            parts[at] = Some(Part { hash: [0; 32], length });
            assert_eq!(of(About::default(), parts, files()).is_ok(), fits, "{part} {length}");
        }
    }
    let card = Part::of(b"For tests.").unwrap();
    let named = [&card.hash[..], &card.length.to_le_bytes()].concat();
    let empty = [&card.hash[..], &[0; 8]].concat();
    let error = ManifestError::EmptyPart { part: PartKind::Card };
    assert_eq!(changed(&named, &empty), Err(error));
    assert!(changed(&named, &[0; 40]).unwrap().part(PartKind::Card).is_none());
}

#[test]
fn there_are_files_but_not_too_many() {
    assert_eq!(of_files(Vec::new()), Err(ManifestError::Files { found: 0 }));
    let files = |count| (0..count).map(|index| file(&format!("f{index}"), b"x")).collect();
    assert!(of_files(files(FILES_MAX)).is_ok());
    let found = FILES_MAX + 1;
    assert_eq!(of_files(files(found)), Err(ManifestError::Files { found }));
}

#[test]
fn a_file_name_fits_a_folder() {
    for name in ["model.gguf", "a", "0", "Model-00001-of-00002_x+y.gguf", &"a".repeat(128)] {
        assert!(of_files(vec![file(name, b"x")]).is_ok(), "{name}");
    }
    for name in [
        "",
        ".",
        "..",
        "../a",
        "a/b",
        "/a",
        "a\\b",
        "C:a",
        ".hidden",
        "a.",
        "-a",
        "a ",
        "a b",
        "é",
        "a\0b",
        "a\nb",
        "con",
        "Nul.gguf",
        "COM1.gguf",
        &"a".repeat(129),
    ] {
        let made = of_files(vec![file(name, b"x")]);
        let length = ManifestError::FileName { index: 0 };
        assert_eq!(made, Err(length), "{name:?}");
    }
}

#[test]
fn two_files_of_one_name_are_refused() {
    let error = ManifestError::SameName { first: 0, second: 2 };
    let files = |last| vec![file("a.gguf", b"x"), file("b", b"y"), file(last, b"z")];
    for last in ["a.gguf", "A.GGUF"] {
        assert_eq!(of_files(files(last)), Err(error.clone()));
    }
    assert!(of_files(files("c")).is_ok());
}

#[test]
fn a_size_has_its_shards() {
    for size in [0, FILE_BYTES_MAX + 1, u64::MAX] {
        let error = ManifestError::FileSize { index: 0, size };
        assert_eq!(of_files(vec![of_size(size, 1)]), Err(error));
    }
    for (size, wanted) in [
        (1, 1),
        (SHARD_BYTES, 1),
        (SHARD_BYTES + 1, 2),
        (2 * SHARD_BYTES, 2),
        (FILE_BYTES_MAX, 1 << 13),
    ] {
        assert!(of_files(vec![of_size(size, wanted)]).is_ok(), "{size}");
        for found in [wanted - 1, wanted + 1] {
            let made = of_files(vec![of_size(size, found)]).unwrap_err();
            assert!(matches!(made, ManifestError::Shards { .. }), "{size}: {made}");
        }
    }
}

#[test]
fn the_only_shard_is_the_file() {
    let mut one = of_size(5, 1);
    one.hashes.shards[0] = [3; 32];
    assert_eq!(of_files(vec![one]), Err(ManifestError::OneShard { index: 0 }));
}

#[test]
fn counts_beyond_the_bytes_allocate_nothing() {
    // 4,096 files, and no byte for any of them; then a file of 2^40 bytes that names 2^32 - 1 shards.
    let bytes = pieces().package().unwrap().manifest().encode();
    let count = bytes.windows(13).position(|w| w == b"\x01\x00\x0amodel.gguf").unwrap();
    let mut many = bytes[..count].to_vec();
    many.extend(4096_u16.to_le_bytes());
    assert!(Manifest::decode(&many).is_err());
    let mut shards = bytes.clone();
    let end = shards.len() - 36;
    shards[end..end + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = Manifest::decode(&shards).unwrap_err();
    assert!(matches!(error, ManifestError::Wire(WireError::Limit { .. })), "{error}");
}
