//! The vectors of `spec/vectors/`, made by an oracle that shares no code with this crate: the
//! reference and every kernel set this machine can run must give their integers.
//!
//! A file nobody checks fails `every_file_is_checked`; an output of the oracle that the reference
//! does not give fails the case.

mod attention;
mod formats;
mod functions;
mod inputs;
mod matmul;
mod rows;
mod sample;
mod values;

use canon::{KernelSet, Kernels};
use values::{Case, Outcome};

/// What each implementation made of a case; the first is the reference and gives every output.
type Outcomes = Vec<(&'static str, Outcome)>;

/// Refusals of programs, not of ops: the kernels' callers hold a checked program. By op and reason; the tests of
/// `program` hand it every case left to it here.
const REFUSED_BY_PROGRAMS: &str = include_str!("refused_by_programs.txt");

fn is_refused_by_programs(op: &str, reason: &str) -> bool {
    REFUSED_BY_PROGRAMS.lines().any(|line| line.split_once(' ') == Some((op, reason)))
}

fn each() -> impl Iterator<Item = Kernels> {
    KernelSet::ALL.into_iter().filter_map(Kernels::of)
}

fn run(file: &str, check: fn(&Case) -> Outcomes) {
    let cases = values::load(file);
    assert!(!cases.is_empty(), "{file} has no case");
    for case in cases {
        if let Some(reason) = &case.refused
            && is_refused_by_programs(&case.op, reason)
        {
            continue;
        }
        for (i, (implementation, outcome)) in check(&case).into_iter().enumerate() {
            case.compare(&format!("{file} of {implementation}"), &outcome, i == 0);
        }
    }
}

macro_rules! vectors {
    ($($file:ident: $check:path,)*) => {
        /// The files checked here.
        const FILES: &[&str] = &[$(stringify!($file)),*];

        $(#[test]
        fn $file() {
            run(stringify!($file), $check);
        })*
    };
}

vectors! {
    add: rows::add,
    attention: attention::attention,
    bias: formats::bias,
    bias_bf16: formats::bias,
    capped_attention: attention::attention,
    embed: formats::embed,
    embed_formats: formats::embed,
    exp2: functions::exp2,
    expert_matmul: matmul::expert_matmul,
    gain: formats::gain,
    gain_bf16: formats::gain,
    gain_less_one: formats::gain,
    gelu_gate: rows::gelu_gate,
    hadamard: rows::hadamard,
    head_row: rows::head_row,
    isqrt: functions::isqrt,
    matmul: matmul::matmul,
    matmul_formats: matmul::matmul,
    noise: sample::noise,
    norm: rows::norm,
    nr: functions::nr,
    quantise_a16: inputs::quantise_a16,
    quantise_a8: inputs::quantise_a8,
    recip: functions::recip,
    rope: rows::rope,
    route: rows::route,
    row_bf16: formats::row,
    row_f16: formats::row,
    row_f32: formats::row,
    row_iq4_nl: formats::row,
    row_iq4_xs: formats::row,
    row_q2_k: formats::row,
    row_q3_k: formats::row,
    row_q4_0: formats::row,
    row_q4_1: formats::row,
    row_q4_k: formats::row,
    row_q5_0: formats::row,
    row_q5_1: formats::row,
    row_q5_k: formats::row,
    row_q6_k: formats::row,
    row_q8_0: formats::row,
    row_unknown: formats::row,
    rs: functions::rs,
    sample: sample::sample,
    sample_weights: sample::weights,
    scale: rows::scale,
    seed: sample::seed,
    silu_gate: rows::silu_gate,
    sincos: functions::sincos,
    soft_cap: rows::soft_cap,
    tables: functions::tables,
    unit_vector: rows::unit_vector,
    weigh: rows::weigh,
}

/// How the names of other crates' files begin.
const OTHERS: [&str; 7] =
    ["dispute_", "ledger_", "package_", "program_", "receipt_", "text_", "trace_"];

#[test]
fn every_file_is_checked() {
    let mut found: Vec<String> = std::fs::read_dir(values::folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        // The frequencies are made and checked where models are read; what is of other crates, there.
        .filter(|name| {
            !name.starts_with("rope_freqs") && !["rope_llama3", "rope_yarn"].contains(&&**name)
        })
        .filter(|name| !OTHERS.iter().any(|spec| name.starts_with(spec)))
        .collect();
    found.sort();
    assert_eq!(found, FILES);
}

#[test]
fn every_refusal_left_to_programs_has_a_case() {
    for line in REFUSED_BY_PROGRAMS.lines() {
        let (op, reason) = line.split_once(' ').unwrap();
        let left = |case: &Case| case.refused.as_deref() == Some(reason);
        assert!(values::load(op).iter().any(left), "no case of {op} is refused for {reason}");
    }
}
