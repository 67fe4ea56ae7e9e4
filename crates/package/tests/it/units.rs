//! Units are made of the weights in any order, and compared.

use package::{Units, UnitsBuilder, UnitsError};
use program::tiny::Shape;
use program::{Checked, TensorId};

use crate::fixture::{checked, pieces, shape};

fn bytes<'a>(tensor: &program::Tensor, weights: &'a [u8]) -> &'a [u8] {
    let start = usize::try_from(tensor.location.offset).unwrap();
    &weights[start..start + usize::try_from(tensor.bytes()).unwrap()]
}

fn made(checked: &Checked, weights: &[u8], backwards: bool) -> Units {
    let mut tensors: Vec<_> = checked.program().tensors.iter().collect();
    if backwards {
        tensors.reverse();
    }
    let mut builder = UnitsBuilder::new(checked);
    tensors.into_iter().for_each(|tensor| builder.add(tensor, bytes(tensor, weights)).unwrap());
    builder.finish().unwrap()
}

#[test]
fn units_are_those_of_the_interpreter_in_any_order() {
    for (name, shape) in Shape::variants() {
        let checked = Checked::new(shape.program()).unwrap();
        let weights = shape.weights();
        let units = made(&checked, &weights, false);
        assert_eq!(made(&checked, &weights, true), units, "{name}");
        assert_eq!(Units::decode(&units.encode(), &checked), Ok(units.clone()), "{name}");
        let plain = program::reference::Weights::load(&checked, &[&weights]).unwrap();
        for (id, tensor) in (0..).map(TensorId).zip(&checked.program().tensors) {
            let wanted = match checked.role(id) {
                program::Role::Matrix => plain.units(id, &(0..tensor.rows)),
                program::Role::Gain => plain.units(id, &(0..1)),
                program::Role::Bias => &[],
            };
            assert_eq!(units.of(id), wanted, "{name} {}", tensor.name);
        }
    }
}

#[test]
fn other_units_are_refused_by_tensor_and_row() {
    let (checked, weights) = (checked(), shape().weights());
    let made = made(&checked, &weights, false);
    let mut published = made.encode();
    assert_eq!(pieces().package().unwrap().units().hold(&made, &checked), Ok(()));
    published[2 * 3] ^= 1;
    let published = Units::decode(&published, &checked).unwrap();
    let error = published.hold(&made, &checked).unwrap_err();
    let name = checked.program().tensors[0].name.clone();
    assert!(matches!(&error, UnitsError::Differs { name: n, row: 3, .. } if *n == name), "{error}");
}

#[test]
fn every_tensor_is_needed_and_no_other() {
    let (checked, weights) = (checked(), shape().weights());
    let mut builder = UnitsBuilder::new(&checked);
    let tensors = &checked.program().tensors;
    for tensor in &tensors[1..] {
        builder.add(tensor, bytes(tensor, &weights)).unwrap();
    }
    let mut foreign = tensors[0].clone();
    foreign.rows -= 1;
    let name = foreign.name.clone();
    let error = builder.add(&foreign, bytes(&foreign, &weights));
    assert_eq!(error, Err(UnitsError::Foreign { name: name.clone() }));
    assert_eq!(builder.finish(), Err(UnitsError::Absent { name }));
}

/// A scale that is no number, and one that no unit holds.
#[test]
fn non_finite_and_overflowing_weights_are_refused_by_name() {
    for (format, at, put) in [
        (canon::Format::Q8_0, 0, &[0x00, 0x7c][..]),
        (canon::Format::Q4_0, 0, &[0x01, 0xfe]),
        (canon::Format::Q4_1, 2, &[0x00, 0xfc]),
        (canon::Format::F16, 0, &[0x00, 0x7c]),
        (canon::Format::F32, 0, &[0x00, 0x00, 0x80, 0x7f]),
        (canon::Format::F32, 0, &[0xff, 0xff, 0x7f, 0x7f]),
    ] {
        let shape = Shape { format, ..Shape::default() };
        let checked = Checked::new(shape.program()).unwrap();
        let tensor = &checked.program().tensors[0];
        let mut weights = shape.weights();
        let row = usize::try_from(tensor.row_bytes()).unwrap();
        weights[2 * row + at..2 * row + at + put.len()].copy_from_slice(put);
        let error = UnitsBuilder::new(&checked).add(tensor, bytes(tensor, &weights)).unwrap_err();
        assert!(matches!(error, UnitsError::Refused { row: 2, .. }), "{format:?}: {error}");
        assert!(error.to_string().contains(&tensor.name), "{error}");
    }
}

#[test]
fn a_tensor_of_too_few_bytes_is_refused() {
    let (checked, weights) = (checked(), shape().weights());
    let tensor = &checked.program().tensors[0];
    let short = &bytes(tensor, &weights)[1..];
    let error = UnitsBuilder::new(&checked).add(tensor, short).unwrap_err();
    assert!(matches!(error, UnitsError::Refused { .. }), "{error}");
}
