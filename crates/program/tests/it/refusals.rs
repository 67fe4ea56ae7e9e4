//! What a check refuses, and that it names the place.

use canon::Format;
use program::ops::{Add, Norm, Quantise, Rope, SiluGate};
use program::tiny::Shape;
use program::{
    AttributeSlot, CheckError, Checked, Group, InputKind, Op, Program, TensorId, TensorSlot, Value,
    limits,
};

/// Changes a good program and expects the refusal to say so.
#[track_caller]
fn refused(change: impl FnOnce(&mut Program), wanted: &str) {
    let shape = Shape { bias: true, head_norm: true, hadamard: true, ..Shape::default() };
    let mut program = shape.program();
    change(&mut program);
    match Checked::new(program) {
        Ok(_) => panic!("accepted; expected: {wanted}"),
        Err(error) => assert!(error.to_string().contains(wanted), "{error}\nexpected: {wanted}"),
    }
}

/// The first op of a kind in a group.
macro_rules! op {
    ($group:expr, $kind:ident) => {
        $group
            .template
            .ops
            .iter_mut()
            .find_map(|op| match op {
                Op::$kind(op) => Some(op),
                _ => None,
            })
            .unwrap()
    };
}

fn layers(program: &mut Program) -> &mut Group {
    &mut program.groups[0]
}

#[test]
fn tables() {
    refused(|p| p.context_max = 0, "0 positions; it must be 1..=65536");
    refused(|p| p.context_max = limits::CONTEXT_MAX + 1, "65537 positions");
    refused(|p| p.vocabulary = limits::VOCABULARY_MAX + 1, "token ids");
    refused(|p| p.tensors.clear(), "0 tensors");
    refused(|p| p.tensors[0].name = "a b".into(), "printable ASCII");
    refused(|p| p.tensors[0].name = "x".repeat(129), "1 to 128 bytes");
    refused(|p| p.tensors[0].columns = 65, "multiple of 32");
    refused(|p| p.tensors[0].rows = 0, "rows");
    refused(|p| p.tensors[0].location.offset = u64::MAX, "end beyond 2^40");
    refused(|p| p.tensors[0].location.file = 4096, "below 4096");
    refused(|p| p.rope_tables.push(vec![1]), "rope table 1: it is never used");
    refused(|p| p.rope_tables[0].clear(), "1 to 128 pairs");
    refused(|p| p.groups.clear(), "0 groups");
    refused(|p| p.groups[0].layers.clear(), "0 layers");
    refused(|p| p.prologue.layers.push(p.prologue.layers[0].clone()), "2 prologue layers");
    let unused = |p: &mut Program| p.tensors.push(p.tensors[0].clone());
    refused(unused, "(\"embed\"): it is never used");
}

#[test]
fn values_and_slots() {
    refused(|p| op!(layers(p), Norm).x = Value(1), "op 0 (norm): it reads value 1");
    refused(|p| op!(layers(p), Add).a = Value(1), "one frac is 12");
    refused(|p| op!(layers(p), Quantise).x = Value(0), "value 1 is never used");
    refused(|p| layers(p).template.output = Value(0), "it reads value 0");
    refused(|p| layers(p).template.output = Value(999), "it reads value 999");
    refused(|p| layers(p).template.output = Value(1), "value 24 is never used");
    refused(|p| layers(p).layers[1].attributes.push(0), "layer 1: its layers bind different");
    let extra = |p: &mut Program| {
        layers(p).layers.iter_mut().for_each(|layer| layer.attributes.push(0));
    };
    refused(extra, "attribute slot 2 is never used");
    refused(|p| op!(layers(p), Rope).table = AttributeSlot(9), "attribute slot 9 is not bound");
    refused(|p| layers(p).layers[0].attributes[0] = 7, "rope table 7 is not in");
    refused(|p| layers(p).layers[1].tensors[0] = TensorId(9999), "tensor 9999 is not in");
    refused(|p| layers(p).template.ops.clear(), "0 ops");
    let many = |p: &mut Program| {
        let op = layers(p).template.ops[0].clone();
        layers(p).template.ops = vec![op; limits::OPS_MAX + 1];
    };
    refused(many, "129 ops");
}

#[test]
fn types_and_shapes() {
    let gain = "op 0 (norm): the vector's length is 32, but the width is 64";
    refused(|p| p.tensors[1].columns = 32, gain);
    refused(|p| p.tensors[1].format = Format::Q8_0, "the vector's format is 5; F32 or F16");
    refused(|p| op!(layers(p), Norm).eps = 0, "eps is 0");
    refused(|p| op!(layers(p), Norm).frac = 25, "0..=24");
    refused(|p| op!(layers(p), Norm).width = 48, "the head width is 48");
    refused(|p| op!(layers(p), Matmul).x = Value(1), "value 1 is fixed[64].12; a quantised row");
    refused(|p| op!(layers(p), Rope).rotary = 33, "the rotary width is 33");
    refused(|p| op!(layers(p), Rope).rotary = 30, "the rope table's pairs is 16, but half");
    refused(|p| op!(layers(p), KvAppend).head_width = 48, "the head width is 48");
    refused(|p| op!(layers(p), Attention).scale = 1 << 15, "the scale's mantissa is 32768");
    refused(|p| op!(layers(p), Attention).scale_exponent = 257, "scale's exponent");
    refused(|p| op!(p.epilogue, Logits).frac = 25, "op 2 (logits): the number of fractional");
    refused(|p| p.vocabulary = 49, "the table's rows is 50, but the vocabulary is 49");
    // The second layer's matrix has another width than the first's.
    let other = |p: &mut Program| {
        let q = layers(p).layers[1].tensors[1].index();
        p.tensors[q].columns = 32;
    };
    refused(other, "group 0 layer 1: op 2 (matmul): the weight's columns is 32");
    for frac in [1, 13] {
        let gate = |p: &mut Program| {
            let gate = op!(layers(p), SiluGate).gate.index();
            let Op::Matmul(matmul) = &mut layers(p).template.ops[gate - 1] else { panic!() };
            matmul.frac = frac;
        };
        refused(gate, "the gate's number of fractional bits is");
    }
    let blocks = |p: &mut Program| op!(layers(p), Hadamard).width = 48;
    refused(blocks, "the block's width is 48; a power of two");
}

#[test]
fn places_and_roles() {
    let token = |p: &mut Program| p.epilogue.template.ops.truncate(3);
    refused(token, "it reads value 4");
    let early = |p: &mut Program| {
        let quantise = Op::Quantise(Quantise { x: Value(1), kind: InputKind::A8 });
        p.prologue.template.ops.push(quantise);
        p.prologue.template.output = Value(2);
    };
    refused(early, "prologue: it hands on A8[64]; a fixed row is needed");
    let narrow = |p: &mut Program| op!(p.prologue, Embed).frac = 15;
    refused(narrow, "one frac is 15, but the other is 16");
    let twice = |p: &mut Program| {
        let at = layers(p).template.ops.iter().position(|op| matches!(op, Op::KvAppend(_)));
        let append = layers(p).template.ops[at.unwrap()].clone();
        layers(p).template.ops.insert(0, append);
    };
    refused(twice, "reads value");
    // A gain that is also a bias: same shape, two roles.
    let roles = |p: &mut Program| {
        let layer = &mut layers(p).layers[0];
        layer.tensors[2] = layer.tensors[0];
    };
    assert!(matches!(
        Checked::new({
            let mut program = Shape { bias: true, heads: 2, ..Shape::default() }.program();
            roles(&mut program);
            program
        }),
        Err(CheckError::Place { reason, .. }) if reason.to_string().contains("two roles")
    ));
}

#[test]
fn a_program_that_costs_too_much_is_refused() {
    let shape = Shape {
        width: 1 << 16,
        hidden: 1 << 17,
        layers: 1024,
        heads: 256,
        kv_heads: 256,
        head_width: 256,
        rotary: 32,
        context_max: limits::CONTEXT_MAX,
        vocabulary: 32,
        ..Shape::default()
    };
    let error = Checked::new(shape.program()).unwrap_err().to_string();
    assert!(error.contains("end beyond 2^40") || error.contains("costs more"), "{error}");
    // All layers share one set of tensors: small on disk, endless to run.
    let mut program = Shape { layers: 1, ..shape }.program();
    let layer = program.groups[0].layers[0].clone();
    program.groups[0].layers = vec![layer; 1024];
    let error = Checked::new(program).unwrap_err().to_string();
    assert!(error.contains("a position costs more than"), "{error}");
}

#[test]
fn costs_are_those_of_the_parts() {
    let shape = Shape { layers: 1, ..Shape::default() };
    let checked = Checked::new(shape.program()).unwrap();
    let cost = checked.cost();
    let matmuls = 64 * (128 + 64 + 64) + 128 * 64 + 2 * 64 * 96 + 96 * 64 + 50 * 64;
    let attention = 2 * 128 * 256;
    assert_eq!(cost.multiply_adds, matmuls + attention);
    assert_eq!(cost.kv_bytes, 2 * 2 * (32 + 2));
    assert_eq!(cost.weight_bytes, matmuls / 32 * 34 + 3 * 64 * 4 + 64 / 32 * 34);
    let windowed = Shape { window: 10, layers: 2, ..Shape::default() };
    let plain = Shape { window: 0, ..windowed.clone() };
    let adds = |shape: &Shape| Checked::new(shape.program()).unwrap().cost().multiply_adds;
    assert_eq!(adds(&plain) - adds(&windowed), 2 * 128 * (256 - 10));
}

#[test]
fn a_listing_names_what_there_is() {
    let shape = Shape { window: 5, bias: true, ..Shape::default() };
    let listing = Checked::new(shape.program()).unwrap().to_string();
    for wanted in [
        "prologue: v0 is token",
        "group 0, 2 layers: v0 is fixed[64].16",
        "matmul    v2 weight layer.0.q:Q8_0[128x64] bias layer.0.q_bias:F32[1x128]",
        "a1 by layer: 0 5",
        "window a1",
        "sample    v3 -> token",
    ] {
        assert!(listing.contains(wanted), "{wanted}\n{listing}");
    }
}

#[test]
fn single_ops_are_reachable_for_builders() {
    // Public fields: importers in other crates write ops as literals.
    let ops = [
        Op::Add(Add { a: Value(0), b: Value(0) }),
        Op::SiluGate(SiluGate { gate: Value(0), up: Value(0), frac: 12 }),
        Op::Norm(Norm { x: Value(0), gain: TensorSlot(0), eps: 1, width: 64, frac: 12 }),
        Op::Rope(Rope {
            x: Value(0),
            table: AttributeSlot(0),
            head_width: 32,
            rotary: 32,
            layout: canon::reference::Layout::Half,
        }),
    ];
    let numbers: Vec<u16> = ops.iter().map(Op::number).collect();
    assert_eq!(numbers, [9, 8, 2, 5]);
}
