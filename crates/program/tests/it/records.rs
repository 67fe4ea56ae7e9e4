//! A record that keeps only what is committed at boundaries is the whole record: every op of every block, made again.

use canon::Format;
use program::record::{ForeignRun, Record};
use program::reference::{Boundary, Cell, Weights};
use program::tiny::Shape;
use program::{Checked, Op, OpIndex, Type};

const PROMPT: u32 = 3;

/// What an engine would give of a record.
fn boundaries(checked: &Checked, record: &Record<'_>, positions: u32) -> Vec<Vec<Boundary>> {
    let blocks = u32::try_from(checked.program().layers().count()).unwrap() - 1;
    let at = |position, block| {
        let Some(Cell::Fixed(residual)) = record.handed_on(position, block) else {
            panic!("block {block} at {position} hands nothing on");
        };
        let place = checked.program().layers().nth(usize::try_from(block).unwrap()).unwrap().0;
        let mut appends = checked.sites().filter(|site| site.place == place);
        let append = appends.find(|site| matches!(site.op, Op::KvAppend(_)));
        let rows = append.map_or(Vec::new(), |site| {
            let Type::Kv(kv) = site.output() else { panic!("a kv_append makes rows") };
            let row = |head| record.kv_rows(site.index, head)[position as usize].clone();
            (0..kv.heads).map(row).collect()
        });
        Boundary { residual: residual.clone(), kv: rows }
    };
    let step = |position| (0..blocks).map(|block| at(position, block)).collect();
    (0..positions).map(step).collect()
}

fn same(checked: &Checked, tokens: usize, name: &str, one: &Record<'_>, other: &Record<'_>) {
    let mut standing = 0;
    for position in 0..=u32::try_from(tokens).unwrap() {
        for op in (0..=u32::try_from(checked.sites().count()).unwrap()).map(OpIndex) {
            let (one, other) = (one.cell(position, op), other.cell(position, op));
            assert!(one == other, "{name}: op {} at {position}: {one:?} is not {other:?}", op.0);
            standing += u32::from(one.is_some());
        }
    }
    assert!(standing > 0);
    assert_eq!(one.fault(), other.fault());
}

#[test]
fn blocks_are_made_again_of_what_is_committed() {
    for (name, shape) in Shape::variants() {
        let checked = Checked::new(shape.program()).unwrap();
        let file = shape.weights();
        let weights = Weights::load(&checked, &[&file]).unwrap();
        let tokens: Vec<u32> = (0..6).map(|at| (at * 7 + 1) % shape.vocabulary).collect();
        let whole = Record::of(&weights, &tokens, PROMPT).unwrap();
        let given = boundaries(&checked, &whole, 6);
        let kept = Record::of_boundaries(&weights, &tokens, PROMPT, given, None).unwrap();
        same(&checked, tokens.len(), name, &kept, &whole);
        let mut forgotten = Record::of(&weights, &tokens, PROMPT).unwrap();
        forgotten.forget();
        same(&checked, tokens.len(), name, &forgotten, &whole);
    }
}

#[test]
fn a_fault_is_found_again_or_the_run_is_foreign() {
    let shape = Shape { format: Format::F32, ..Shape::default() };
    let checked = Checked::new(shape.program()).unwrap();
    let mut file = shape.weights();
    let embed = checked.program().tensors.iter().find(|tensor| tensor.name == "embed").unwrap();
    let start = usize::try_from(embed.location.offset + 5 * embed.row_bytes()).unwrap();
    let row = &mut file[start..start + usize::try_from(embed.row_bytes()).unwrap()];
    row.chunks_exact_mut(4).for_each(|entry| entry.copy_from_slice(&0x4700_0000_u32.to_le_bytes()));
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let tokens = [1, 2, 5, 3];
    let whole = Record::until(&weights, &tokens, 1, &mut |_, _, made| made).unwrap();
    let fault = whole.fault().expect("token 5 overflows");
    assert_eq!(fault.position, 2);
    let given = boundaries(&checked, &whole, 2);
    let told = |given: &[Vec<Boundary>], fault| {
        Record::of_boundaries(&weights, &tokens, 1, given.to_vec(), fault)
    };
    same(&checked, tokens.len(), "fault", &told(&given, Some(fault)).unwrap(), &whole);
    for foreign in [
        told(&given, None),
        told(&given[..1], Some(fault)),
        told(&[given[0].clone(), given[1][..1].to_vec()], Some(fault)),
        told(&given, Some(program::reference::Fault { op: OpIndex(fault.op.0 + 1), ..fault })),
        told(&given[..1], Some(program::reference::Fault { position: 1, ..fault })),
    ] {
        assert_eq!(foreign.err(), Some(ForeignRun));
    }
}

/// Found by a liar's own answer, which goes on from what it made up.
#[test]
fn a_routing_of_an_expert_that_is_not_there_sends_a_row_nowhere() {
    let shape = Shape { experts: 4, layers: 1, ..Shape::default() };
    let checked = Checked::new(shape.program()).unwrap();
    let file = shape.weights();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let all_zero = |cell: &Cell| matches!(cell, Cell::Fixed(row) if row.iter().all(|y| *y == 0));
    for id in [0, 4, (1 << 30) - 1, -1, 1 - (1 << 30)] {
        let record = Record::until(&weights, &[7], PROMPT, &mut |_, site, made| {
            let Ok(Cell::Fixed(mut row)) = made else { return made };
            if matches!(site.op, Op::Route(_)) {
                row[0] = id;
            }
            Ok(Cell::Fixed(row))
        });
        let record = record.unwrap();
        let first = checked.sites().find(|site| matches!(site.op, Op::ExpertMatmul(_))).unwrap();
        let made = record.cell(0, first.index).unwrap();
        assert_eq!(all_zero(made), id != 0, "{id}");
        let tiles = record.tiles(&first, record.at(0), &crate::tiles::committer()).unwrap();
        let last = tiles.values().next_back().unwrap();
        assert_eq!(program::trace::cell_leaves(made).unwrap(), std::slice::from_ref(last), "{id}");
    }
}
