//! Parts against their manifest and against each other; nothing hostile gets past.

use commit::WireError;
use package::{
    Manifest, ManifestError, OpenError, Package, PackageError, Part, PartFault, PartKind, Parts,
    Redistributable, TensorFault, UnitsError,
};
use program::{Checked, DecodeError};

use crate::fixture::{checked, file, pieces, shape, token_bytes, tokenizer};

fn part_fault(error: PackageError) -> (PartKind, PartFault) {
    match error {
        PackageError::Part { part, fault } => (part, fault),
        other => panic!("{other}"),
    }
}

#[test]
fn a_package_is_what_it_was_made_of() {
    let pieces = pieces();
    let package = pieces.package().unwrap();
    assert_eq!(package.manifest().about(), &pieces.about);
    assert_eq!(package.manifest().files(), pieces.files);
    assert_eq!(package.parts(), &pieces.parts);
    assert_eq!(package.program(), &checked());
    assert_eq!(package.tokenizer(), &tokenizer());
    assert_eq!(package.token_bytes(), &token_bytes(&tokenizer()));
    assert_eq!(package.template(), Some("{{ messages[0].content }}"));
    assert_eq!(package.card(), Some("For tests."));
    assert_eq!(package.quality(), Some(&crate::fixture::quality()));
    assert_eq!(package.units().encode(), pieces.parts[&PartKind::Units]);
    let again = Package::open(&package.manifest().encode(), |part, _| {
        Ok::<_, ()>(pieces.parts[&part].clone())
    });
    assert_eq!(again.unwrap().id(), package.id());
}

#[test]
fn every_piece_is_in_the_model_id() {
    let pieces = pieces();
    let id = pieces.package().unwrap().id();
    let mut ids = vec![id];
    let mut note = |changed: crate::fixture::Pieces| {
        let id = changed.package().unwrap().id();
        assert!(!ids.contains(&id), "two packages of one id");
        ids.push(id);
    };
    let mut changed = pieces.clone();
    changed.about.name.push('2');
    note(changed);
    let mut changed = pieces.clone();
    changed.about.licence.push('2');
    note(changed);
    let mut changed = pieces.clone();
    changed.about.redistributable = Redistributable::Yes;
    note(changed);
    let mut changed = pieces.clone();
    changed.files[0].name.push('2');
    note(changed);
    let mut changed = pieces.clone();
    changed.files[0] = file("model.gguf", &[shape().weights(), vec![0]].concat());
    note(changed);
    for part in [PartKind::Template, PartKind::Card, PartKind::Quality] {
        let mut changed = pieces.clone();
        changed.parts.remove(&part);
        note(changed);
    }
    let mut units = pieces.parts[&PartKind::Units].clone();
    units[0] ^= 1;
    note(pieces.clone().with(PartKind::Units, units));
    let mut other = tokenizer();
    other.tokens[9].text.push('2');
    note(pieces.clone().with(PartKind::Tokenizer, other.encode().unwrap()));
    note(pieces.clone().with(PartKind::TokenBytes, token_bytes(&other).encode()));
    let mut program = shape().program();
    program.context_max -= 1;
    let program = Checked::new(program).unwrap().encode();
    note(pieces.clone().with(PartKind::Program, program));
    let mut defaults = pieces.parts[&PartKind::Defaults].clone();
    defaults[36] ^= 1;
    note(pieces.with(PartKind::Defaults, defaults));
}

#[test]
fn a_changed_byte_of_a_part_is_refused() {
    let pieces = pieces();
    let manifest = pieces.package().unwrap().manifest().clone();
    for part in PartKind::ALL {
        let length = pieces.parts[&part].len();
        for at in (0..length).step_by(length.div_ceil(200)).chain([length - 1]) {
            let mut parts = pieces.parts.clone();
            parts.get_mut(&part).unwrap()[at] ^= 1;
            let error = Package::new(manifest.clone(), parts).unwrap_err();
            assert_eq!(part_fault(error), (part, PartFault::Hash), "{at}");
        }
    }
}

#[test]
fn a_part_that_is_longer_shorter_missing_or_too_many_is_named() {
    let pieces = pieces();
    let manifest = pieces.package().unwrap().manifest().clone();
    for part in PartKind::ALL {
        let refused = |change: &dyn Fn(&mut Parts)| {
            let mut parts = pieces.parts.clone();
            change(&mut parts);
            part_fault(Package::new(manifest.clone(), parts).unwrap_err())
        };
        let named = u64::try_from(pieces.parts[&part].len()).unwrap();
        let found = pieces.parts[&part].len() + 1;
        let longer = refused(&|parts| parts.get_mut(&part).unwrap().push(0));
        assert_eq!(longer, (part, PartFault::Length { named, found }));
        let shorter = refused(&|parts| parts.get_mut(&part).unwrap().truncate(found - 2));
        assert_eq!(shorter, (part, PartFault::Length { named, found: found - 2 }));
        let absent = refused(&|parts| drop(parts.remove(&part)));
        assert_eq!(absent, (part, PartFault::Absent));
    }
    let mut fewer = pieces.clone();
    fewer.parts.remove(&PartKind::Card);
    let manifest = fewer.package().unwrap().manifest().clone();
    let error = Package::new(manifest, pieces.parts).unwrap_err();
    assert_eq!(part_fault(error), (PartKind::Card, PartFault::Unnamed));
}

#[test]
fn nothing_is_read_for_a_manifest_that_is_refused() {
    let mut bytes = pieces().package().unwrap().manifest().encode();
    bytes.push(0);
    let opened = Package::open(&bytes, |_, _| -> Result<Vec<u8>, ()> { panic!("no part is read") });
    let refused = matches!(
        opened,
        Err(OpenError::Refused(PackageError::Manifest(ManifestError::Wire(
            WireError::Trailing { .. }
        ))))
    );
    assert!(refused);
}

#[test]
fn what_can_not_be_read_is_named() {
    let manifest = pieces().package().unwrap().manifest().encode();
    let opened = Package::open(&manifest, |part, _: &Part| match part {
        PartKind::Units => Err("gone"),
        other => Ok(pieces().parts[&other].clone()),
    });
    let error = opened.unwrap_err();
    assert!(
        matches!(error, OpenError::Read { part: PartKind::Units, source: "gone" }),
        "{error:?}"
    );
}

#[test]
fn an_empty_part_is_none() {
    let package = pieces().with(PartKind::Card, Vec::new()).package();
    assert_eq!(part_fault(package.unwrap_err()), (PartKind::Card, PartFault::Unnamed));
}

/// A million ops: 4 MiB of them are more than a program may have; a million in a smaller form can't be said.
#[test]
fn a_program_of_a_million_ops_is_refused_by_its_length() {
    let huge = vec![0; (1 << 22) + 1];
    let error = pieces().with(PartKind::Program, huge).package().unwrap_err();
    let limit =
        ManifestError::PartLength { part: PartKind::Program, found: (1 << 22) + 1, max: 1 << 22 };
    assert_eq!(error, PackageError::Manifest(limit));

    // The count of the prologue's ops stands behind tensors and rope tables; a million is a lie or too many.
    let mut program = checked().encode();
    let prologue = program.windows(6).position(|bytes| bytes == [1, 0, 0, 0, 1, 0]).unwrap();
    program[prologue..prologue + 4].copy_from_slice(&1_000_000_u32.to_le_bytes());
    let error = pieces().with(PartKind::Program, program).package().unwrap_err();
    let (part, fault) = part_fault(error);
    let PartFault::Program(DecodeError::Wire(error)) = &fault else { panic!("{fault}") };
    assert!(matches!(error, WireError::Limit { what: "ops of a template", .. }), "{fault}");
    assert_eq!(part, PartKind::Program);
}

#[test]
fn a_program_that_costs_too_much_is_refused() {
    let mut program = shape().program();
    program.context_max = (1 << 16) + 1;
    assert!(Checked::new(program).is_err(), "so it can only come as bytes");
    let mut bytes = checked().encode();
    bytes[8..12].copy_from_slice(&((1_u32 << 16) + 1).to_le_bytes());
    let (part, fault) = part_fault(pieces().with(PartKind::Program, bytes).package().unwrap_err());
    assert!(matches!(fault, PartFault::Program(DecodeError::Check(_))), "{part}: {fault}");
}

#[test]
fn a_tensor_outside_its_file_is_refused() {
    let mut short = pieces();
    let weights = shape().weights();
    short.files = vec![file("model.gguf", &weights[..weights.len() - 1])];
    let last = checked().program().tensors.last().unwrap().name.clone();
    let (end, size) =
        (u64::try_from(weights.len()).unwrap(), u64::try_from(weights.len() - 1).unwrap());
    let fault = TensorFault::Outside { end, size };
    assert_eq!(short.package().unwrap_err(), PackageError::Tensor { name: last, fault });
}

fn placed(change: impl FnOnce(&mut Vec<program::Tensor>)) -> crate::fixture::Pieces {
    let mut program = shape().program();
    change(&mut program.tensors);
    pieces().with(PartKind::Program, Checked::new(program).unwrap().encode())
}

#[test]
fn a_tensor_in_a_file_that_is_not_there_is_refused() {
    let error = placed(|tensors| tensors[3].location.file = 1).package().unwrap_err();
    let fault = TensorFault::NoFile { file: 1, files: 1 };
    assert!(
        matches!(error, PackageError::Tensor { fault: found, .. } if found == fault),
        "{error}"
    );
}

#[test]
fn tensors_that_share_a_byte_are_refused() {
    for by in [1, 17] {
        let error = placed(|tensors| tensors[4].location.offset -= by).package().unwrap_err();
        let overlap = matches!(error, PackageError::Tensor { fault: TensorFault::Overlap, .. });
        assert!(overlap, "{error}");
    }
    let same = placed(|tensors| tensors[4].location = tensors[0].location).package().unwrap_err();
    assert!(matches!(same, PackageError::Tensor { fault: TensorFault::Overlap, .. }), "{same}");
}

#[test]
fn files_are_those_of_the_tensors_in_their_order() {
    let second = |tensors: &mut Vec<program::Tensor>| {
        tensors.iter_mut().skip(2).for_each(|tensor| tensor.location.file = 1);
    };
    let weights = shape().weights();
    let both = || vec![file("a", &weights), file("b", &weights)];
    let with_files = |mut pieces: crate::fixture::Pieces, files| {
        pieces.files = files;
        pieces.package()
    };
    assert!(with_files(placed(second), both()).is_ok());
    let unused = with_files(pieces(), both()).unwrap_err();
    assert_eq!(unused, PackageError::File { index: 1 });
    let swapped = |tensors: &mut Vec<program::Tensor>| tensors[0].location.file = 1;
    let error = with_files(placed(swapped), both()).unwrap_err();
    assert_eq!(error, PackageError::File { index: 0 });
}

#[test]
fn units_are_as_many_as_rows() {
    let mut units = pieces().parts[&PartKind::Units].clone();
    let wanted = units.len() / 2;
    for length in [units.len() - 2, units.len() - 1] {
        units.truncate(length);
        let error = pieces().with(PartKind::Units, units.clone()).package().unwrap_err();
        let fault = PartFault::Units(UnitsError::Length { wanted, found: length });
        assert_eq!(part_fault(error), (PartKind::Units, fault));
        units.resize(2 * wanted, 0);
    }
}

#[test]
fn a_tokenizer_of_another_size_is_refused() {
    let mut fewer = tokenizer();
    fewer.tokens.pop();
    let error = pieces().with(PartKind::Tokenizer, fewer.encode().unwrap()).package().unwrap_err();
    let (part, vocabulary) = (PartKind::Tokenizer, shape().vocabulary);
    assert_eq!(error, PackageError::Vocabulary { part, found: 49, vocabulary });
    let error = pieces().with(PartKind::TokenBytes, token_bytes(&fewer).encode()).package();
    let part = PartKind::TokenBytes;
    assert_eq!(error.unwrap_err(), PackageError::Vocabulary { part, found: 49, vocabulary });
}

#[test]
fn a_token_is_text_in_both_parts_or_in_none() {
    for token in [0, 2, 3, 40] {
        let mut other = tokenizer();
        other.tokens[token].kind = match other.tokens[token].kind.special() {
            true => package::TokenType::Normal,
            false => package::TokenType::Control,
        };
        let pieces = pieces().with(PartKind::Tokenizer, other.encode().unwrap());
        let token = u32::try_from(token).unwrap();
        assert_eq!(pieces.package().unwrap_err(), PackageError::Special { token });
    }
}

#[test]
fn texts_are_utf8() {
    for part in [PartKind::Template, PartKind::Card] {
        let error = pieces().with(part, vec![b'a', 0xff]).package().unwrap_err();
        let (found, fault) = part_fault(error);
        assert!(
            found == part && matches!(fault, PartFault::Wire(WireError::Value { .. })),
            "{fault}"
        );
    }
}

#[test]
fn parts_are_decoded_in_full() {
    for part in [PartKind::Tokenizer, PartKind::TokenBytes, PartKind::Defaults, PartKind::Quality] {
        let mut longer = pieces().parts[&part].clone();
        longer.push(0);
        let (found, fault) = part_fault(pieces().with(part, longer).package().unwrap_err());
        assert_eq!(found, part);
        assert!(matches!(fault, PartFault::Wire(WireError::Trailing { bytes: 1, .. })), "{fault}");
    }
}

#[test]
fn a_manifest_of_a_package_names_its_parts() {
    let package = pieces().package().unwrap();
    let manifest = Manifest::decode(&package.manifest().encode()).unwrap();
    for part in PartKind::ALL {
        let bytes = &package.parts()[&part];
        assert_eq!(manifest.part(part), Part::of(bytes));
        assert_eq!(manifest.part(part).unwrap().hash, *blake3::hash(bytes).as_bytes());
    }
}
