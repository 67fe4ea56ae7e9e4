//! The cases of `spec/vectors/` that the tests of `canon` leave to programs, for no op is reached with them: a program
//! made of such a case is refused, for the case's reason.

use canon::Format;
use program::ops::{Attention, Hadamard, KvAppend, Rope};
use program::reference::{RunError, Weights, run_reference};
use program::tiny::Shape;
use program::{Checked, Op, Program};
use serde_json::Value as Json;

/// By op and reason, a line each; `canon` skips exactly these.
const LEFT_TO_PROGRAMS: &str =
    include_str!("../../../canon/tests/it/vectors/refused_by_programs.txt");

fn cases(op: &str, reason: &str) -> Vec<Json> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors");
    let text = std::fs::read_to_string(format!("{folder}/{op}.json")).unwrap();
    let vectors: Json = serde_json::from_str(&text).unwrap();
    let all = vectors["cases"].as_array().unwrap().iter();
    all.filter(|case| case["refused"] == *reason).cloned().collect()
}

/// What the refusal of a reason says.
fn says(reason: &str) -> &'static [&'static str] {
    match reason {
        "Columns" => &["the row's width is"],
        "FracOutOfRange" => &["number of fractional bits is"],
        "HadamardWidth" => &["the block's width is", "(hadamard): the row's width is"],
        "Epsilon" => &["eps is 0"],
        "Rotary" => &["the rotary width is"],
        "HeadWidth" => &["the head width is"],
        "Heads" => &["the number of heads is"],
        "Scale" => &["the scale's mantissa is", "the magnitude of the scale's exponent is"],
        "Context" => &["positions; it must be"],
        "Experts" => &["the number of experts is"],
        "Slots" => &["the number of slots is"],
        "ExpertRows" => &["the weight's rows is"],
        "Cap" => &["the cap is"],
        other => panic!("no program refuses for {other}"),
    }
}

fn number(inputs: &Json, key: &str) -> i64 {
    let value = &inputs[key];
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap()
}

fn size(inputs: &Json, key: &str) -> u32 {
    u32::try_from(number(inputs, key)).unwrap()
}

/// A byte of an encoded program, where -1 would be 255.
fn frac(inputs: &Json, key: &str) -> u8 {
    u8::try_from(number(inputs, key).rem_euclid(256)).unwrap()
}

/// Entries of a list, which a generator may make.
fn length(list: &Json) -> u32 {
    let length =
        list.as_array().map_or_else(|| list["count"].as_u64().unwrap(), |l| l.len() as u64);
    u32::try_from(length).unwrap()
}

/// The `nth` op of a kind among a layer's.
macro_rules! op {
    ($program:expr, $kind:ident, $nth:expr) => {{
        let ops = $program.groups[0].template.ops.iter_mut();
        let mut found = ops.filter_map(|op| if let Op::$kind(op) = op { Some(op) } else { None });
        found.nth($nth).unwrap()
    }};
}

/// A program in which a case's numbers stand where an op would meet them.
fn program_of(op: &str, reason: &str, inputs: &Json) -> Program {
    let heads = |heads, kv_heads| Shape { heads, kv_heads, hadamard: true, ..Shape::default() };
    let mut program = Shape { hadamard: true, ..Shape::default() }.program();
    match (op, reason) {
        ("quantise_a8" | "quantise_a16", "Columns") => {
            let hidden = length(&inputs["row"]);
            program = Shape { hidden, format: Format::F32, ..Shape::default() }.program();
        }
        // The input's: of the row that the norm before makes.
        ("quantise_a8" | "quantise_a16" | "norm", "FracOutOfRange") => {
            op!(program, Norm, 0).frac = frac(inputs, "frac");
        }
        ("norm", _) => op!(program, Norm, 0).eps = u64::from(size(inputs, "eps")),
        ("embed", _) => {
            let Op::Embed(embed) = &mut program.prologue.template.ops[0] else { panic!("embed") };
            embed.frac = frac(inputs, "frac");
        }
        ("hadamard", _) => {
            let all = length(&inputs["row"]) / 32;
            program = heads(all, all).program();
            let op: &mut Hadamard = op!(program, Hadamard, 0);
            op.width = size(inputs, "width");
        }
        ("matmul", _) => op!(program, Matmul, 0).frac = frac(inputs, "frac"),
        ("rope", _) => {
            let pairs = usize::try_from(length(&inputs["frequencies"])).unwrap();
            program.rope_tables[0] = vec![1; pairs];
            let op: &mut Rope = op!(program, Rope, 0);
            (op.head_width, op.rotary) = (length(&inputs["row"]), size(inputs, "rotary"));
        }
        ("head_row", _) => {
            let op: &mut KvAppend = op!(program, KvAppend, 0);
            op.head_width = length(&inputs["row"]);
        }
        ("attention", _) => attention(&mut program, inputs),
        ("silu_gate", _) => {
            // The layer's last matmuls are gate, up and down.
            op!(program, Matmul, 4).frac = frac(inputs, "frac_gate");
            op!(program, Matmul, 5).frac = frac(inputs, "frac_up");
            op!(program, SiluGate, 0).frac = frac(inputs, "frac");
        }
        ("gelu_gate", _) => {
            program = Shape { gelu: true, ..Shape::default() }.program();
            op!(program, Matmul, 4).frac = frac(inputs, "frac_gate");
            op!(program, Matmul, 5).frac = frac(inputs, "frac_up");
            op!(program, GeluGate, 0).frac = frac(inputs, "frac");
        }
        ("capped_attention", _) => {
            program = Shape { attention_cap: true, ..Shape::default() }.program();
            let cap = number(inputs, "cap").rem_euclid(1 << 32);
            op!(program, CappedAttention, 0).cap = u32::try_from(cap).unwrap();
        }
        ("route", _) => {
            let experts = length(&inputs["row"]);
            program = Shape { experts, ..Shape::default() }.program();
            op!(program, Matmul, 4).frac = frac(inputs, "frac");
            op!(program, Route, 0).slots = u8::try_from(number(inputs, "k")).unwrap();
        }
        ("expert_matmul", _) => {
            let experts = size(inputs, "experts");
            program = Shape { experts, ..Shape::default() }.program();
            let gates = program.tensors.iter_mut().filter(|tensor| tensor.name.ends_with("gate"));
            gates.for_each(|tensor| tensor.rows = size(inputs, "rows"));
            op!(program, ExpertMatmul, 0).frac = frac(inputs, "frac");
        }
        ("soft_cap", _) => {
            program = Shape { soft_cap: true, ..Shape::default() }.program();
            // Four bytes of an encoded program.
            let cap = number(inputs, "cap").rem_euclid(1 << 32);
            op!(program, SoftCap, 0).cap = u32::try_from(cap).unwrap();
        }
        ("scale", _) => {
            program = Shape { scale: true, ..Shape::default() }.program();
            let Op::Scale(scale) = &mut program.prologue.template.ops[1] else { panic!("scale") };
            scale.mantissa = u16::try_from(number(inputs, "scale_mantissa")).unwrap();
            scale.exponent = i32::try_from(number(inputs, "scale_exponent")).unwrap();
        }
        _ => panic!("no program is made of {op}"),
    }
    program
}

fn attention(program: &mut Program, inputs: &Json) {
    let (heads, kv_heads) = (size(inputs, "heads"), size(inputs, "kv_heads"));
    *program = Shape { heads, kv_heads, ..Shape::default() }.program();
    program.context_max = size(inputs, "context");
    for (nth, key) in ["frac_q", "frac_k", "frac_v"].into_iter().enumerate() {
        op!(program, Matmul, nth).frac = frac(inputs, key);
    }
    let append: &mut KvAppend = op!(program, KvAppend, 0);
    append.head_width = size(inputs, "width");
    let attention: &mut Attention = op!(program, Attention, 0);
    attention.scale = u16::try_from(number(inputs, "scale_mantissa")).unwrap();
    attention.scale_exponent = i32::try_from(number(inputs, "scale_exponent")).unwrap();
    attention.frac = frac(inputs, "frac_out");
}

#[test]
fn every_case_left_to_programs_is_refused() {
    for line in LEFT_TO_PROGRAMS.lines() {
        let (op, reason) = line.split_once(' ').unwrap();
        let cases = cases(op, reason);
        assert!(!cases.is_empty(), "no case of {line}");
        for case in cases {
            let name = format!("{op}: {}", case["name"]);
            let program = program_of(op, reason, &case["inputs"]);
            if case["inputs"]["position"] == case["inputs"]["context"] && reason == "Context" {
                ends_at_its_context(program);
                continue;
            }
            let error = Checked::new(program).map(|_| ()).unwrap_err().to_string();
            let said = says(reason).iter().any(|words| error.contains(words));
            assert!(said, "{name}: {error}");
        }
    }
}

/// Its context is a program's; the position beyond it is a sequence's.
fn ends_at_its_context(program: Program) {
    let (context, checked) = (program.context_max, Checked::new(program).unwrap());
    let file = Shape { heads: 1, kv_heads: 1, ..Shape::default() }.weights();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let tokens = vec![1; usize::try_from(context).unwrap() + 1];
    assert!(run_reference(&weights, &tokens[1..], false).is_ok());
    assert_eq!(run_reference(&weights, &tokens, false), Err(RunError::TooLong));
}
