//! How long the referee takes for a tile of an 8B model: random data of the right shapes, and as many bytes to hash.

use crate::shapes::llama_8b;
use canon::reference::{HeadRow, NormScale, Peak, Sums};
use canon::sample::{Micro, Parameters, Settings};
use commit::Network;
use program::site::Source;
use program::tile::{At, Choice, Data, EvalError, KvRow, Operand, Tile};
use program::tiny::Shape;
use program::types::InputKind;
use program::{Checked, Op, Site, Type};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

fn noise(count: usize) -> impl Iterator<Item = i32> {
    let mut state = 1_u32;
    (0..count).map(move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i32::from_le_bytes(state.to_le_bytes()) >> 12
    })
}

fn bytes(count: usize) -> Vec<i8> {
    noise(count).map(|value| i8::try_from(value % 100).unwrap()).collect()
}

fn choice() -> Choice {
    let settings = Settings {
        temperature: Micro::new(700_000),
        top_k: 40,
        top_p: Micro::new(950_000),
        repetition: Micro::new(1_100_000),
        ..Settings::default()
    };
    let parameters = Parameters::new(settings).unwrap();
    Choice { parameters, seed: [5; 32], choice: 0, prompt: 100 }
}

fn row(kind: Type, entries: usize) -> Data {
    match kind {
        Type::Quantised { kind: InputKind::A8, .. } => {
            Data::A8 { scales: vec![100; entries / 32], quants: bytes(entries) }
        }
        Type::Quantised { kind: InputKind::A16, .. } => {
            Data::A16(noise(entries).map(|value| i16::try_from(value >> 5).unwrap()).collect())
        }
        Type::Fixed(_) | Type::Logits(_) | Type::Token | Type::Kv(_) | Type::Routing(_) => {
            Data::Fixed(noise(entries).collect())
        }
    }
}

fn output(site: &Site<'_>, stage: u8) -> Data {
    let name = site.stages(At { position: 8191, token: 0 })[usize::from(stage)].name;
    match (site.op, name) {
        (Op::Norm(_), "squares") => Data::Squares(1 << 50),
        (Op::Norm(_), _) => Data::Scale(NormScale { inverse: 1 << 30, shift: 60 }),
        (Op::Quantise(_), "greatest") => Data::Greatest(1 << 20),
        (Op::Quantise(_), _) => Data::Exponent(0),
        (Op::Matmul(_) | Op::Logits(_) | Op::ExpertMatmul(_), "sum") => {
            Data::Sums(vec![1 << 40; 8])
        }
        (Op::Matmul(_) | Op::Logits(_) | Op::ExpertMatmul(_), _) => Data::Fixed(vec![1000; 8]),
        (Op::Attention(_) | Op::CappedAttention(_), "peak") => {
            Data::Peak(Peak { score: i32::MAX >> 2, shift: 30 })
        }
        (Op::Attention(_) | Op::CappedAttention(_), _) => {
            Data::Attended(Sums { probability: 1 << 20, value: vec![1; 128] })
        }
        (_, "count") => Data::Counts(vec![1; 4096]),
        (_, "adjust") => Data::Fixed(noise(4096).collect()),
        (_, "peak" | "greatest") => Data::Key(((1 << 31) + (1 << 19)) << 20),
        (_, "bins" | "add bins") => Data::Bins(vec![1; 64]),
        (_, "digit") => Data::Digits { prefix: 0, left: 1 },
        (_, "draw") => Data::Drawn { total: 1, rest: 0, chunk: 0 },
        (_, "walk") => Data::Found(Some(1)),
        _ => Data::Amount(1 << 30),
    }
}

fn data(site: &Site<'_>, operand: &Operand) -> Data {
    let tensors = &site.checked.program().tensors;
    let row_of =
        |tensor: &program::Tensor| vec![0x11; usize::try_from(tensor.row_bytes()).unwrap()];
    match operand {
        Operand::Token => Data::Token(0),
        Operand::Weights { tensor, rows, inputs } => {
            let tensor = &tensors[tensor.index()];
            let all = row_of(tensor).len();
            let piece = all * inputs.len() / usize::try_from(tensor.columns).unwrap();
            Data::Weights(rows.clone().map(|_| vec![0x11; piece]).collect())
        }
        Operand::Units { tensor, rows } => {
            let tensor = &tensors[tensor.index()];
            let unit = tensor.format.unit(&row_of(tensor)).unwrap();
            Data::Units(vec![i16::try_from(unit).unwrap(); rows.len()])
        }
        Operand::Entries { from, entries } => {
            let Source::Op { op, .. } = from else { unreachable!("a token is none") };
            row(site.checked.site(*op).unwrap().output(), entries.len())
        }
        Operand::Exponent { .. } => Data::Exponent(0),
        Operand::Page { positions, .. } => {
            let row = || HeadRow { quants: bytes(128), mantissa: 200, shift: 4 };
            Data::Page(positions.clone().map(|_| KvRow { key: row(), value: row() }).collect())
        }
        Operand::Edge { .. } => Data::Edge(vec![[1; 32]; 13]),
        Operand::Tokens { positions } => Data::Tokens(vec![7; positions.len()]),
        Operand::Sampling => Data::Sampling(Box::new(choice())),
        Operand::Biases => Data::Biases((0..1024).map(|id| (id, Micro::new(5))).collect()),
        Operand::Outputs { stage, tiles } => {
            Data::Outputs(tiles.clone().map(|_| output(site, *stage)).collect())
        }
    }
}

/// The least of a few runs.
fn time<T>(mut run: impl FnMut() -> T) -> (Duration, T) {
    let mut least = (Duration::MAX, run());
    for _ in 0..3 {
        let start = Instant::now();
        let made = run();
        let took = start.elapsed();
        if took < least.0 {
            least = (took, made);
        }
    }
    least
}

#[test]
fn tiles_of_an_8b_model() {
    let great = Shape {
        format: canon::Format::F32,
        inputs: InputKind::A16,
        bias: true,
        head_norm: true,
        hadamard: true,
        soft_cap: true,
        ..llama_8b()
    };
    let mut times: BTreeMap<(Duration, String), ()> = BTreeMap::new();
    for (name, shape) in [("Q8_0", llama_8b()), ("F32, A16", great)] {
        let checked = Checked::new(Shape { layers: 1, ..shape }.program()).unwrap();
        let at = At { position: 8191, token: 0 };
        for site in checked.sites() {
            for (number, stage) in (0..).zip(site.stages(at)) {
                let tile = Tile { stage: number, index: stage.tiles / 2 };
                let operands = site.operands(at, tile).unwrap();
                let data: Vec<Data> = operands.iter().map(|operand| data(&site, operand)).collect();
                let (took, made) = time(|| site.eval(at, tile, &data));
                let what = format!("{name} {}: {}", site.op.name(), stage.name);
                match made {
                    Ok(_) | Err(EvalError::Fault(_)) => {}
                    Err(error) => println!("{what}: not evaluated to the end: {error}"),
                }
                times.insert((took, what), ());
            }
        }
    }
    for (took, what) in times.keys().rev().take(8) {
        println!("{took:?} {what}");
    }
    let move_bytes = vec![7_u8; dispute::limits::MOVE_BYTES_MAX];
    let (took, _) = time(|| {
        let hash = |leaf: &[u8]| program::trace::leaf_hash(Network::OFFLINE, &[1; 32], leaf)[0];
        move_bytes.chunks(36).map(hash).fold(0, |all, byte| all ^ byte)
    });
    println!("{took:?} to hash a greatest move as 1,820 leaves of a token each");
}
