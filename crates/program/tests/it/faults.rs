//! Faults of the epilogue stand only where a token is drawn (`spec/program.md` section 1); engines are held to the same.

use canon::Format;
use program::record::Record;
use program::reference::{Fault, Interpreter, RunError, Weights, run_reference};
use program::tile::EvalError;
use program::tiny::Shape;
use program::{Checked, Op};

use crate::tiles::committer;

/// A model whose first logit is so great that many rows make it overflow, but not all.
fn with_a_great_logit() -> (Checked, Vec<u8>) {
    let shape = Shape { format: Format::F32, ..Shape::default() };
    let checked = Checked::new(shape.program()).unwrap();
    let mut file = shape.weights();
    let output = checked.program().tensors.iter().find(|tensor| tensor.name == "output").unwrap();
    let start = usize::try_from(output.location.offset).unwrap();
    let row = usize::try_from(output.row_bytes()).unwrap();
    // 2^12 as a binary32, with both signs in turn.
    for (i, entry) in file[start..start + row].chunks_exact_mut(4).enumerate() {
        let sign = u32::try_from(i % 2).unwrap() << 31;
        entry.copy_from_slice(&(0x4580_0000 | sign).to_le_bytes());
    }
    (checked, file)
}

#[test]
fn an_epilogue_faults_only_where_a_token_is_drawn() {
    let (checked, file) = with_a_great_logit();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let logits = checked.sites().find(|site| matches!(site.op, Op::Logits(_))).unwrap().index;
    let fault = |position| RunError::Fault(Fault { position, op: logits });
    let bad = (0..50).find(|token| run_reference(&weights, &[*token], false).is_err()).unwrap();
    // A prompt that ends well, though its first position has no logits.
    let last_is_well = |token: &u32| Record::of(&weights, &[bad, *token], 2).is_ok();
    let good = (0..50).find(last_is_well).unwrap();

    let drawn = |drawn: &[bool]| {
        let mut interpreter = Interpreter::new(&weights);
        let step = |(token, drawn): (&u32, &bool)| interpreter.step(*token, *drawn).map(|_| ());
        [bad, good].iter().zip(drawn).try_for_each(step)
    };
    assert_eq!(drawn(&[true, true]), Err(fault(0)));
    assert_eq!(drawn(&[false, true]), Ok(()));
    assert_eq!(run_reference(&weights, &[bad, good], false), Err(fault(0)));
    for (tokens, prompt, wanted) in [
        ([bad, good], 0, Some(fault(0))),
        ([bad, good], 1, Some(fault(0))),
        ([bad, good], 2, None),
        ([bad, bad], 3, None),
    ] {
        assert_eq!(Record::of(&weights, &tokens, prompt).err(), wanted, "{tokens:?} {prompt}");
    }
}

#[test]
fn a_record_has_no_tiles_where_no_token_is_drawn() {
    let shape = Shape::default();
    let checked = Checked::new(shape.program()).unwrap();
    let file = shape.weights();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let all = Record::of(&weights, &[1, 2, 3], 0).unwrap();
    let record = Record::of(&weights, &[1, 2, 3], 2).unwrap();
    for site in checked.sites() {
        let epilogue = site.place == program::Place::Epilogue;
        for position in 0..3 {
            let stands = !epilogue || position >= 1;
            let wanted = all.cell(position, site.index).filter(|_| stands);
            assert_eq!(record.cell(position, site.index), wanted, "{:?} {position}", site.index);
            let tiles = record.tiles(&site, record.at(position), &committer());
            assert_eq!(tiles == Err(EvalError::NotDrawn), !stands, "{:?} {position}", site.index);
        }
    }
}
