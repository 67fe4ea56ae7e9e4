//! What a check refuses, and that it names the place.

use canon::Format;
use program::ops::{
    Add, Attention, Embed, KvAppend, Logits, Norm, Quantise, Rope, SiluGate, SoftCap,
};
use program::tiny::Shape;
use program::{
    AttributeSlot, CheckError, Checked, Group, InputKind, Op, Program, TensorId, TensorSlot, Value,
    limits,
};

/// Changes a good program and expects the refusal to say so.
#[track_caller]
fn refused(change: impl FnOnce(&mut Program), wanted: &str) {
    let capped = Shape { soft_cap: true, ..Shape::default() };
    let shape = Shape { bias: true, head_norm: true, hadamard: true, ..capped };
    refused_of(&shape, change, wanted);
}

#[track_caller]
fn refused_of(shape: &Shape, change: impl FnOnce(&mut Program), wanted: &str) {
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
    refused(|p| layers(p).template.output = Value(1), "value 25 is never used");
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
    refused(
        |p| p.tensors[0].format = Format::F32LessOne,
        "the table's format is 17; one that not only gains have",
    );
    refused(|p| p.tensors[1].format = Format::Q8_0, "the vector's format is 5; F32, F16 or BF16");
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
    refused(|p| op!(layers(p), SoftCap).cap = 0, "(soft_cap): the cap is 0; 1..2^30 is needed");
    refused(|p| op!(p.epilogue, SoftCap).cap = limits::CAP_MAX + 1, "the cap is 1073741824");
    let token = |p: &mut Program| {
        let template = &mut p.prologue.template;
        template.ops.push(Op::SoftCap(SoftCap { x: Value(0), cap: 1 }));
        template.ops.push(Op::Add(Add { a: Value(1), b: Value(2) }));
        template.output = Value(3);
    };
    refused(token, "value 0 is token; a fixed row or a row of logits is needed");
}

#[test]
fn types_and_shapes_of_ops_that_joined() {
    let scaled = Shape { scale: true, ..Shape::default() };
    let mantissa = |p: &mut Program| op!(p.prologue, Scale).mantissa = (1 << 14) - 1;
    refused_of(&scaled, mantissa, "op 1 (scale): the scale's mantissa is 16383; 2^14..2^15");
    let exponent = |p: &mut Program| op!(p.epilogue, Scale).exponent = -257;
    refused_of(&scaled, exponent, "op 3 (scale): the magnitude of the scale's exponent is 257");
    let token = |p: &mut Program| {
        op!(p.prologue, Scale).x = Value(0);
        p.prologue.template.ops.push(Op::Add(Add { a: Value(1), b: Value(2) }));
        p.prologue.template.output = Value(3);
    };
    refused_of(&scaled, token, "value 0 is token; a fixed row or a row of logits is needed");
}

#[test]
fn gates_of_gelu() {
    let gelu = Shape { gelu: true, hidden: 128, ..Shape::default() };
    for frac in [1, 13] {
        let gate = |p: &mut Program| {
            let gate = op!(layers(p), GeluGate).gate.index();
            let Op::Matmul(matmul) = &mut layers(p).template.ops[gate - 1] else { panic!() };
            matmul.frac = frac;
        };
        refused_of(&gelu, gate, "(gelu_gate): the gate's number of fractional bits is");
    }
    let up = |p: &mut Program| {
        let ups = p.tensors.iter_mut().filter(|tensor| tensor.name.ends_with("up"));
        ups.for_each(|tensor| tensor.rows = 64);
    };
    refused_of(&gelu, up, "the gate's width is 128, but the other row's is 64");
    let frac = |p: &mut Program| op!(layers(p), GeluGate).frac = 25;
    refused_of(&gelu, frac, "(gelu_gate): the number of fractional bits is 25");
}

#[test]
fn attention_with_a_cap() {
    let capped = Shape { attention_cap: true, ..Shape::default() };
    let none = |p: &mut Program| op!(layers(p), CappedAttention).cap = 0;
    refused_of(&capped, none, "(capped_attention): the cap is 0; 1..2^30 is needed");
    let great = |p: &mut Program| op!(layers(p), CappedAttention).cap = limits::CAP_MAX + 1;
    refused_of(&capped, great, "the cap is 1073741824");
    let scale = |p: &mut Program| op!(layers(p), CappedAttention).attention.scale = 1;
    refused_of(&capped, scale, "(capped_attention): the scale's mantissa is 1");
}

#[test]
fn experts() {
    let shape = Shape { experts: 4, ..Shape::default() };
    let refused = |change: fn(&mut Program), wanted| refused_of(&shape, change, wanted);
    refused(|p| op!(layers(p), Route).slots = 0, "(route): the number of slots is 0");
    refused(|p| op!(layers(p), Route).slots = 5, "(route): the number of slots is 5");
    refused(|p| op!(layers(p), ExpertMatmul).slot = 2, "(expert_matmul): the slot is 2");
    refused(|p| op!(layers(p), Weigh).slot = 2, "(weigh): the slot is 2");
    refused(|p| op!(layers(p), ExpertMatmul).frac = 25, "number of fractional bits is 25");
    // The residual, which is no routing.
    refused(|p| op!(layers(p), Weigh).routing = Value(0), "a routing is needed");
    refused(|p| op!(layers(p), ExpertMatmul).routing = Value(0), "a routing is needed");
    // A routing, which is no row.
    let routing = |p: &mut Program| {
        let routing = op!(layers(p), Weigh).routing;
        op!(layers(p), Weigh).x = routing;
    };
    refused(routing, "is never used");
    let wide = Shape { experts: 257, ..Shape::default() };
    refused_of(&wide, |_| {}, "(route): the number of experts is 257; at most 256");
}

#[test]
fn places_and_roles() {
    let token = |p: &mut Program| p.epilogue.template.ops.truncate(3);
    refused(token, "it reads value 5");
    let early = |p: &mut Program| {
        let quantise = Op::Quantise(Quantise { x: Value(1), kind: InputKind::A8 });
        p.prologue.template.ops.push(quantise);
        p.prologue.template.output = Value(2);
    };
    refused(early, "prologue: it hands on A8[64]; a fixed row is needed");
    let narrow = |p: &mut Program| op!(p.prologue, Embed).frac = 15;
    refused(narrow, "one frac is 15, but the other is 16");
    let early = |p: &mut Program| {
        let at = layers(p).template.ops.iter().position(|op| matches!(op, Op::KvAppend(_)));
        let append = layers(p).template.ops[at.unwrap()].clone();
        layers(p).template.ops.insert(0, append);
    };
    refused(early, "op 0 (kv_append): it reads value");
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

/// Puts ops behind a template's own; the last one makes the output.
fn after_the_last(group: &mut Group, ops: impl IntoIterator<Item = Op>) {
    group.template.ops.extend(ops);
    group.template.output = Value(u16::try_from(group.template.ops.len()).unwrap());
}

/// Rows of the tensors of every layer with this part.
fn set_rows(program: &mut Program, part: &str, rows: u32) {
    for tensor in &mut program.tensors {
        if tensor.name.ends_with(&format!(".{part}")) {
            tensor.rows = rows;
        } else if tensor.name.ends_with(&format!(".{part}_bias")) {
            tensor.columns = rows;
        }
    }
}

#[test]
fn ops_outside_their_place() {
    let append = |p: &mut Program| {
        let op = KvAppend { k: Value(1), v: Value(1), head_width: 32 };
        after_the_last(&mut p.prologue, [Op::KvAppend(op)]);
    };
    refused(append, "prologue: op 1 (kv_append): it belongs in a layer");
    let append = |p: &mut Program| {
        let op = KvAppend { k: Value(0), v: Value(0), head_width: 32 };
        after_the_last(&mut p.epilogue, [Op::KvAppend(op)]);
    };
    // The token that the epilogue handed on is not used any more, so a value comes first.
    refused(append, "epilogue: value 5 is never used");
    let embed = |p: &mut Program| {
        let op = Embed { token: Value(5), table: TensorSlot(1), frac: 16 };
        after_the_last(&mut p.epilogue, [Op::Embed(op)]);
    };
    refused(embed, "epilogue: op 5 (embed): it belongs in the prologue");
    let logits = |p: &mut Program| {
        p.prologue.layers[0].tensors.push(p.epilogue.layers[0].tensors[1]);
        let quantise = Quantise { x: Value(1), kind: InputKind::A8 };
        let logits = Logits { x: Value(2), weight: TensorSlot(1), frac: 16 };
        after_the_last(&mut p.prologue, [Op::Quantise(quantise), Op::Logits(logits)]);
    };
    refused(logits, "prologue: op 2 (logits): it belongs in the epilogue");
}

#[test]
fn a_template_appends_once() {
    let twice = |p: &mut Program| {
        let group = layers(p);
        let (append, attention) = (op!(group, KvAppend).clone(), op!(group, Attention).clone());
        let (old, made) = (group.template.output, group.template.ops.len());
        let value = |ops: usize| Value(u16::try_from(made + ops).unwrap());
        let again = Attention { kv: value(1), ..attention };
        let sum = Add { a: old, b: value(2) };
        after_the_last(group, [Op::KvAppend(append), Op::Attention(again), Op::Add(sum)]);
    };
    refused(twice, "group 0 layer 0: it has more than one kv_append");
}

#[test]
fn shapes_of_two_rows() {
    refused(|p| set_rows(p, "v", 32), "(kv_append): the key's width is 64, but the value's is 32");
    refused(|p| set_rows(p, "up", 64), "the gate's width is 96, but the other row's is 64");
    let heads = |p: &mut Program| {
        set_rows(p, "k", 96);
        set_rows(p, "v", 96);
    };
    refused(heads, "(attention): the number of heads is 4; a multiple of the KV heads");
    let output = |p: &mut Program| p.tensors.last_mut().unwrap().rows = 49;
    refused(output, "(logits): the number of logits is 49, but the vocabulary is 50");
    refused(|p| p.tensors[0].rows = 51, "(embed): the table's rows is 51, but the vocabulary");
    refused(|p| op!(layers(p), Hadamard).width = 512, "(hadamard): the row's width is 128; whole");
}

#[test]
fn limits_of_ops() {
    refused(|p| op!(layers(p), Attention).scale = (1 << 14) - 1, "the scale's mantissa is 16383");
    refused(|p| op!(layers(p), Attention).scale_exponent = -257, "scale's exponent is 257");
    refused(|p| op!(layers(p), Attention).frac = 25, "(attention): the number of fractional bits");
    refused(|p| op!(layers(p), Matmul).frac = 25, "(matmul): the number of fractional bits");
    refused(|p| op!(layers(p), SiluGate).frac = 25, "(silu_gate): the number of fractional bits");
    refused(|p| op!(p.prologue, Embed).frac = 25, "(embed): the number of fractional bits");
    refused(|p| op!(layers(p), Rope).head_width = 288, "(rope): the head width is 288");
    refused(|p| set_rows(p, "q", 1025 * 32), "(norm): the row's width is 32800; 1 to 1024 whole");
    let outputs = "(matmul): the number of outputs is 131104; at most 2^17";
    refused(|p| set_rows(p, "gate", (1 << 17) + 32), outputs);
}

#[test]
fn limits_of_tables() {
    refused(|p| p.arithmetic_version = 2, "arithmetic version 2 is unknown");
    refused(|p| p.vocabulary = 0, "0 token ids");
    let tensors = |p: &mut Program| p.tensors = vec![p.tensors[0].clone(); limits::TENSORS_MAX + 1];
    refused(tensors, "32769 tensors");
    refused(|p| p.tensors[0].name = String::new(), "1 to 128 bytes");
    refused(|p| p.tensors[0].rows = (1 << 20) + 1, "1 to 2^20 rows");
    refused(|p| p.tensors[0].columns = (1 << 17) + 32, "1 to 2^17 columns");
    refused(|p| p.tensors[0].location.offset = 1 << 40, "end beyond 2^40");
    refused(|p| p.rope_tables = vec![vec![1; 16]; 17], "17 rope tables");
    refused(|p| p.rope_tables[0] = vec![1; 129], "1 to 128 pairs");
    refused(|p| p.groups = vec![p.groups[0].clone(); 17], "17 groups");
    let layers_in_all = |p: &mut Program| {
        let layer = layers(p).layers[0].clone();
        layers(p).layers = vec![layer; 513];
        p.groups.push(p.groups[0].clone());
    };
    refused(layers_in_all, "1026 layers in all groups; it must be 1..=1024");
    let in_one = |p: &mut Program| {
        let layer = layers(p).layers[0].clone();
        layers(p).layers = vec![layer; 1025];
    };
    refused(in_one, "1025 layers of a group");
    refused(|p| p.epilogue.layers.push(p.epilogue.layers[0].clone()), "2 epilogue layers");
    refused(|p| layers(p).layers[1].tensors = vec![TensorId(0); 129], "129 tensor slots");
    refused(|p| layers(p).layers[1].attributes = vec![0; 33], "33 attribute slots");
    refused(|p| layers(p).layers[1].tensors.push(TensorId(0)), "bind different numbers of slots");
    let slot = |p: &mut Program| {
        layers(p).layers.iter_mut().for_each(|layer| layer.tensors.push(TensorId(0)));
    };
    refused(slot, "is never used");
    refused(|p| op!(layers(p), Matmul).weight = TensorSlot(99), "tensor slot");
}

/// Layers that share one set of tensors: small on disk.
fn sharing(shape: Shape) -> Program {
    let mut program = Shape { layers: 1, ..shape }.program();
    let layer = program.groups[0].layers[0].clone();
    program.groups[0].layers = vec![layer; limits::LAYERS_MAX];
    program
}

/// The bytes of a block's values can't reach their limit: 128 ops of 2^17 entries are 2^26 bytes.
#[test]
fn costs_of_a_position() {
    let wide = Shape { heads: 256, kv_heads: 256, head_width: 256, ..Shape::default() };
    let floats = Shape { width: 1 << 15, hidden: 1 << 15, format: Format::F32, ..Shape::default() };
    let long = Shape { width: 1 << 16, hidden: 1 << 17, ..Shape::default() };
    for (shape, wanted) in [
        (wide, "costs more than 67108864 key and value bytes"),
        (floats, "costs more than 4398046511104 weight bytes"),
        (long, "costs more than 17592186044416 multiply-adds"),
    ] {
        let error = Checked::new(sharing(shape)).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}\nexpected: {wanted}");
    }
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
