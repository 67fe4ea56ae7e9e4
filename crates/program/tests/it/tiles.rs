//! Tiles put together equal the op, bit for bit; false data is refused; traces and runs say the same.

use canon::sample::{Micro, Parameters, Settings};
use commit::{Blind, Edge, Network, Salts, path, root_of};
use program::answer_log::{AnswerLog, BoundaryError};
use program::record::{Record, assemble, whole};
use program::reference::{Fault, LoadError, RunError, Weights, run_reference};
use program::tile::{At, Choice, Data, EvalError, Tile};
use program::tiny::Shape;
use program::trace::{Committer, TraceNodes, boundary_hash};
use program::{Checked, Op, Type};

fn tokens(shape: &Shape, count: u32) -> Vec<u32> {
    (0..count).map(|i| (i * 7 + i * i * 3 + 1) % shape.vocabulary).collect()
}

pub(crate) fn committer() -> Committer {
    committer_of(0, 7)
}

/// Of a network and a blind.
fn committer_of(network: u8, blind: u8) -> Committer {
    Committer(Salts { network: Network([network; 32]), blind: Blind([blind; 32]) })
}

/// What a job may say of a choice: every step of sampling does something.
fn choice() -> Choice {
    let micro = Micro::new;
    let settings = Settings {
        temperature: micro(1_500_000),
        top_k: 20,
        top_p: micro(900_000),
        min_p: micro(10_000),
        repetition: micro(1_100_000),
        presence: micro(100_000),
        frequency: micro(200_000),
        bias: vec![(3, micro(500_000))],
        grammar: None,
    };
    let parameters = Parameters::new(settings).unwrap();
    Choice { parameters, seed: [5; 32], choice: 1, prompt: 2 }
}

/// Where a tensor lies in its file.
fn bytes_of(checked: &Checked, name: &str) -> std::ops::Range<usize> {
    let tensor = checked.program().tensors.iter().find(|tensor| tensor.name == name).unwrap();
    let start = usize::try_from(tensor.location.offset).unwrap();
    start..start + usize::try_from(tensor.bytes()).unwrap()
}

#[test]
fn tiles_put_together_equal_the_op() {
    for (name, shape) in Shape::variants() {
        let checked = Checked::new(shape.program()).unwrap();
        let file = shape.weights();
        let weights = Weights::load(&checked, &[&file]).unwrap();
        let positions: &[u32] = if name == "wide" { &[0, 2] } else { &[0, 1, 6, 63, 64, 69] };
        let tokens = tokens(&shape, positions.last().unwrap() + 1);
        let record = Record::of(&weights, &tokens, 0).unwrap_or_else(|e| panic!("{name}: {e}"));
        for site in checked.sites() {
            for position in positions {
                let at = record.at(*position);
                let tiles = record.tiles(&site, at, &committer());
                if matches!(site.op, Op::Sample(_)) {
                    // Whoever doesn't say what the job says of the choice: see `sample`.
                    assert_eq!(tiles, Err(EvalError::NoChoice));
                    continue;
                }
                let made = assemble(site.output(), &tiles.unwrap());
                let wanted = whole(record.cell(*position, site.index).unwrap());
                let op = (name, site.index, site.op.name(), position);
                assert_eq!(made, Some(wanted), "{op:?}");
            }
        }
    }
}

/// The tiny models must exercise the arithmetic: rows that are all zero or all alike would prove nothing.
#[test]
fn tiny_models_are_alive() {
    for (name, shape) in Shape::variants() {
        let checked = Checked::new(shape.program()).unwrap();
        let file = shape.weights();
        let weights = Weights::load(&checked, &[&file]).unwrap();
        let run = run_reference(&weights, &tokens(&shape, 4), true).unwrap();
        assert_eq!(run.logits.len(), 4);
        for position in 1..4 {
            assert_ne!(run.logits[position], run.logits[position - 1], "{name}");
            assert_eq!(run.boundaries[position].len(), 1 + shape.layers as usize);
        }
        let spread = |row: &[i32]| row.iter().collect::<std::collections::BTreeSet<_>>().len();
        // Four in five of them.
        let logits = &run.logits[3];
        assert!(5 * spread(logits) > 4 * logits.len(), "{name}: {logits:?}");
        let last = run.boundaries[3].last().unwrap();
        assert!(spread(&last.residual) > 50, "{name}");
        assert_eq!(last.kv.len(), shape.kv_heads as usize);
    }
}

#[test]
fn a_window_and_rope_change_later_positions_only() {
    let base = Shape { layers: 3, ..Shape::default() };
    let variants = [
        Shape { window: 5, ..base.clone() },
        Shape { layout: canon::reference::Layout::Half, ..base.clone() },
    ];
    let run = |shape: &Shape| {
        let checked = Checked::new(shape.program()).unwrap();
        let file = shape.weights();
        let weights = Weights::load(&checked, &[&file]).unwrap();
        run_reference(&weights, &tokens(shape, 8), false).unwrap().logits
    };
    let plain = run(&base);
    let [window, half] = variants.each_ref().map(run);
    assert_eq!(window[..5], plain[..5]);
    assert_ne!(window[5], plain[5]);
    assert_eq!(half[0], plain[0]);
    assert_ne!(half[1], plain[1]);
}

#[test]
fn emitting_boundaries_changes_nothing() {
    let shape = Shape::default();
    let checked = Checked::new(shape.program()).unwrap();
    let file = shape.weights();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let tokens = tokens(&shape, 6);
    let with = run_reference(&weights, &tokens, true).unwrap();
    let without = run_reference(&weights, &tokens, false).unwrap();
    assert_eq!(with.logits, without.logits);
    assert!(without.boundaries.is_empty());
    // A longer sequence has the shorter one's results as its prefix.
    let longer = run_reference(&weights, &[&tokens[..], &[3, 4]].concat(), true).unwrap();
    assert_eq!(longer.boundaries[..6], with.boundaries);
}

/// A gain of 2^15 makes a norm's entries leave the limit: the fault names the least (position, op).
#[test]
fn a_fault_is_the_least_pair() {
    let shape = Shape::default();
    let checked = Checked::new(shape.program()).unwrap();
    let mut file = shape.weights();
    let range = bytes_of(&checked, "layer.1.gate_norm");
    for gain in file[range].chunks_mut(4) {
        gain.copy_from_slice(&0x4e80_0000_u32.to_le_bytes());
    }
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let site = checked
        .sites()
        .filter(|site| site.place == program::Place::Layer { group: 0, layer: 1 })
        .filter(|site| matches!(site.op, Op::Norm(_)))
        .nth(1)
        .unwrap();
    let fault = Fault { position: 0, op: site.index };
    assert_eq!(run_reference(&weights, &[5, 6], false), Err(RunError::Fault(fault)));
    assert_eq!(run_reference(&weights, &[50], false), Err(RunError::Token { position: 0 }));
}

#[test]
fn weights_that_cannot_be_used_are_refused() {
    let shape = Shape { bias: true, ..Shape::default() };
    let checked = Checked::new(shape.program()).unwrap();
    let good = shape.weights();
    assert!(matches!(
        Weights::load(&checked, &[&good[..good.len() - 1]]),
        Err(LoadError::Bytes { name }) if name == "output"
    ));
    for name in ["layer.0.q", "layer.1.q_bias", "last_norm"] {
        let mut file = good.clone();
        let start = bytes_of(&checked, name).start;
        // Infinity in binary16 and in binary32.
        file[start..start + 4].copy_from_slice(&0x7f80_7c00_u32.to_le_bytes());
        assert!(
            matches!(Weights::load(&checked, &[&file]), Err(LoadError::Row { name: n, .. }) if n == name)
        );
    }
}

/// The sizes in the spec's table are bounds of what is really opened.
#[test]
fn operands_are_no_larger_than_their_bound() {
    for (name, shape) in Shape::variants() {
        let checked = Checked::new(shape.program()).unwrap();
        let file = shape.weights();
        let weights = Weights::load(&checked, &[&file]).unwrap();
        let record = Record::of(&weights, &tokens(&shape, 3), 0).unwrap().with_choice(choice());
        let at = record.at(2);
        for site in checked.sites() {
            let outputs = record.tiles(&site, at, &committer()).unwrap();
            for tile in outputs.keys() {
                for operand in site.operands(at, *tile).unwrap() {
                    let data = record.gather(&site, at, &operand, &outputs, &committer()).unwrap();
                    let mut bytes = Vec::new();
                    data.write(&mut bytes);
                    let bound = site.operand_size(at, &operand);
                    let opened = u64::try_from(bytes.len()).unwrap();
                    assert!(opened <= bound.operand, "{name}: {tile:?} {operand:?}: {opened}");
                }
            }
        }
    }
}

/// Every piece of data of another kind, another length or out of range is refused or faults, and never panics.
#[test]
fn false_operands_are_refused() {
    let shape = Shape { bias: true, ..Shape::default() };
    let checked = Checked::new(shape.program()).unwrap();
    let file = shape.weights();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let record = Record::of(&weights, &tokens(&shape, 66), 0).unwrap().with_choice(choice());
    let at = record.at(65);
    let wrong = [
        Data::Fixed(vec![1 << 30; 64]),
        Data::Fixed(Vec::new()),
        Data::Outputs(Vec::new()),
        Data::Units(vec![i16::MIN]),
        Data::Weights(vec![vec![0xff; 3]]),
        Data::Exponent(i32::MIN),
        Data::Page(Vec::new()),
    ];
    for site in checked.sites() {
        let outputs = record.tiles(&site, at, &committer()).unwrap();
        for tile in outputs.keys() {
            let operands = site.operands(at, *tile).unwrap();
            let data: Vec<Data> = operands
                .iter()
                .map(|operand| record.gather(&site, at, operand, &outputs, &committer()).unwrap())
                .collect();
            for (i, true_data) in data.iter().enumerate() {
                if matches!(true_data, Data::Edge(_)) {
                    continue; // The referee checks it against roots, not the tile's evaluation.
                }
                for false_data in &wrong {
                    let mut data = data.clone();
                    data[i] = false_data.clone();
                    let made = site.eval(at, *tile, &data);
                    assert!(made.is_err(), "{} {tile:?} operand {i}: {made:?}", site.op.name());
                }
            }
            assert!(matches!(site.eval(at, *tile, &[]), Err(EvalError::Operand { .. })));
        }
        let beyond = Tile { stage: 99, index: 0 };
        assert_eq!(site.operands(at, beyond), Err(EvalError::NoSuchTile));
        let first = Tile { stage: 0, index: 0 };
        for nowhere in [At { position: u32::MAX, ..at }, At { token: shape.vocabulary, ..at }] {
            assert_eq!(site.operands(nowhere, first), Err(EvalError::NoSuchTile));
            assert_eq!(site.eval(nowhere, first, &[]), Err(EvalError::NoSuchTile));
        }
    }
}

/// Outputs of earlier tiles may come from a liar: extreme ones never panic.
#[test]
fn extreme_outputs_do_not_panic() {
    use canon::reference::{NormScale, Peak, Sums};
    let shape = Shape::default();
    let checked = Checked::new(shape.program()).unwrap();
    let file = shape.weights();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let record = Record::of(&weights, &tokens(&shape, 66), 0).unwrap().with_choice(choice());
    let at = record.at(65);
    let extreme = |true_output: &Data, high: bool| match true_output {
        Data::Squares(_) => Data::Squares(if high { u128::MAX } else { 0 }),
        Data::Scale(_) => Data::Scale(match high {
            true => NormScale { inverse: i64::MAX, shift: i32::MIN },
            false => NormScale { inverse: i64::MIN, shift: i32::MAX },
        }),
        Data::Greatest(_) => Data::Greatest(if high { u32::MAX } else { 0 }),
        Data::Exponent(_) => Data::Exponent(if high { i32::MAX } else { i32::MIN }),
        Data::Sums(sums) => Data::Sums(vec![if high { i64::MAX } else { i64::MIN }; sums.len()]),
        Data::Peak(_) => Data::Peak(match high {
            true => Peak { score: i32::MAX, shift: u8::MAX },
            false => Peak { score: i32::MIN, shift: 0 },
        }),
        Data::Attended(sums) => Data::Attended(Sums {
            probability: if high { u64::MAX } else { 0 },
            value: vec![i64::MIN; sums.value.len()],
        }),
        Data::Counts(counts) => Data::Counts(vec![if high { u32::MAX } else { 0 }; counts.len()]),
        Data::Key(_) => Data::Key(if high { u64::MAX } else { (1 << 52) - 1 }),
        Data::Bins(bins) => Data::Bins(vec![if high { u64::MAX } else { 0 }; bins.len()]),
        Data::Digits { .. } => match high {
            true => Data::Digits { prefix: u64::MAX, left: u64::MAX },
            false => Data::Digits { prefix: 0, left: u64::MAX },
        },
        Data::Amount(_) => Data::Amount(if high { u64::MAX } else { 0 }),
        Data::Drawn { .. } => Data::Drawn { total: 0, rest: u64::MAX, chunk: u32::from(high) },
        Data::Fixed(row) => Data::Fixed(vec![if high { i32::MAX } else { i32::MIN }; row.len()]),
        other => other.clone(),
    };
    for site in checked.sites() {
        let outputs = record.tiles(&site, at, &committer()).unwrap();
        for tile in outputs.keys() {
            for high in [false, true] {
                let operands = site.operands(at, *tile).unwrap();
                let data: Vec<Data> = operands
                    .iter()
                    .map(|operand| {
                        record.gather(&site, at, operand, &outputs, &committer()).unwrap()
                    })
                    .map(|data| match data {
                        Data::Outputs(outputs) => {
                            Data::Outputs(outputs.iter().map(|o| extreme(o, high)).collect())
                        }
                        other => other,
                    })
                    .collect();
                let _ = site.eval(at, *tile, &data);
            }
        }
    }
}

/// The log of boundaries by its definition: value roots and KV trees of every position, entry by entry.
#[test]
fn the_answer_log_is_what_its_parts_make() {
    let shape = Shape { width: 1120, hidden: 96, heads: 4, ..Shape::default() };
    let checked = Checked::new(shape.program()).unwrap();
    let file = shape.weights();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let tokens = tokens(&shape, 5);
    let record = Record::of(&weights, &tokens, 0).unwrap();
    let run = run_reference(&weights, &tokens, true).unwrap();
    let committer = committer();
    let mut log = AnswerLog::new(&checked, committer.clone());
    assert_eq!(log.root(), None);
    let mut entries = Vec::new();
    let mut roots = Vec::new();
    for position in 0..5 {
        let of = |kind: fn(&Op) -> bool| checked.sites().filter(move |site| kind(site.op));
        // The embedding's row, then the second add of every layer.
        let outputs = of(|op| matches!(op, Op::Embed(_)))
            .chain(of(|op| matches!(op, Op::Add(_))).skip(1).step_by(2));
        let appends = [None]
            .into_iter()
            .chain(of(|op| matches!(op, Op::KvAppend(_))).map(|site| Some(site.index)));
        for (output, append) in outputs.zip(appends) {
            let cell = record.cell(position, output.index).unwrap();
            let residual = committer.value_root(position, output.index, cell).unwrap();
            let kv = append.map(|op| {
                let edge = |head| record.edge(&committer, op, head, position + 1);
                committer.kv_root(&[edge(0), edge(1)]).unwrap()
            });
            entries.push(boundary_hash(Network::OFFLINE, &residual, &kv.unwrap_or_default()));
        }
        log.push(&run.boundaries[position as usize]).unwrap();
        roots.push(log.root().unwrap());
        assert_eq!(log.root(), Edge::over(&committer, entries.iter().copied()).root(&committer));
    }
    assert_eq!(entries.len(), 15);
    roots.dedup();
    assert_eq!(roots.len(), 5);
    // Any entry of an earlier position is proved against the last root.
    let proof = path(&committer, &entries, 4).unwrap();
    let nodes = TraceNodes(Network::OFFLINE);
    assert_eq!(root_of(&nodes, 15, 4, &entries[4], &proof), Some(roots[4]));
}

#[test]
fn boundaries_of_another_program_are_refused() {
    let shape = Shape { context_max: 2, ..Shape::default() };
    let checked = Checked::new(shape.program()).unwrap();
    let file = shape.weights();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let boundaries = run_reference(&weights, &[1], true).unwrap().boundaries.remove(0);
    let mut log = AnswerLog::new(&checked, committer());
    let wrong = |change: fn(&mut Vec<program::reference::Boundary>)| {
        let mut boundaries = boundaries.clone();
        change(&mut boundaries);
        AnswerLog::new(&checked, committer()).push(&boundaries)
    };
    let count = BoundaryError::Count { found: 2, wanted: 3 };
    assert_eq!(wrong(|b| drop(b.pop())), Err(count));
    assert_eq!(wrong(|b| b[1].residual.clear()), Err(BoundaryError::Rows { boundary: 1 }));
    assert_eq!(wrong(|b| drop(b[2].kv.pop())), Err(BoundaryError::Rows { boundary: 2 }));
    assert_eq!(wrong(|b| b[2].kv[0].key.quants.clear()), Err(BoundaryError::Rows { boundary: 2 }));
    assert_eq!(log.push(&boundaries), Ok(()));
    assert_eq!(log.push(&boundaries), Ok(()));
    assert_eq!(log.push(&boundaries), Err(BoundaryError::TooLong));
}

/// A referee that gets a head's edge and its new row finds the tree the next position goes on from.
#[test]
fn a_kv_append_tile_gives_the_next_tree() {
    let shape = Shape::default();
    let checked = Checked::new(shape.program()).unwrap();
    let file = shape.weights();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let record = Record::of(&weights, &tokens(&shape, 8), 0).unwrap();
    let site = checked.sites().find(|site| matches!(site.op, Op::KvAppend(_))).unwrap();
    let committer = committer();
    for position in 0..7 {
        let at = record.at(position);
        let outputs = record.tiles(&site, at, &committer).unwrap();
        for (head, made) in (0..).zip(outputs.values()) {
            let Data::Page(rows) = made else { panic!("a kv_append makes rows") };
            let tile = Tile { stage: 0, index: head };
            let operand = site.operands(at, tile).unwrap().pop().unwrap();
            let edge = record.gather(&site, at, &operand, &outputs, &committer).unwrap();
            let Data::Edge(peaks) = edge else { panic!("its last operand is the edge") };
            let mut edge = Edge::from_peaks(u64::from(position), peaks).unwrap();
            edge.push(&committer, committer.kv_leaf(position, site.index, head, &rows[0]));
            assert_eq!(edge, record.edge(&committer, site.index, head, position + 1));
        }
    }
}

/// A commitment changes with its network, blind, position, op and content, and only then.
#[test]
fn value_roots_commit_to_everything() {
    let shape = Shape::default();
    let checked = Checked::new(shape.program()).unwrap();
    let file = shape.weights();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let record = Record::of(&weights, &[1, 2], 0).unwrap();
    let site = checked.sites().find(|site| matches!(site.output(), Type::Fixed(_))).unwrap();
    let root = |committer: &Committer, position, op| {
        committer.value_root(position, op, record.cell(0, site.index).unwrap()).unwrap()
    };
    let mut roots = vec![
        root(&committer(), 0, site.index),
        root(&committer(), 1, site.index),
        root(&committer(), 0, program::OpIndex(9)),
        root(&committer_of(1, 7), 0, site.index),
        root(&committer_of(0, 8), 0, site.index),
        committer().value_root(0, site.index, record.cell(1, site.index).unwrap()).unwrap(),
    ];
    assert_eq!(roots[0], root(&committer(), 0, site.index));
    roots.sort_unstable();
    roots.dedup();
    assert_eq!(roots.len(), 6);
}
