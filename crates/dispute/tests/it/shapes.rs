//! Rounds and bytes by shapes alone: both tables stand in the spec.

use dispute::limits::MOVE_BYTES_MAX;
use dispute::{operands_bytes_max, rounds};
use program::Checked;
use program::tile::{At, Tile};
use program::tiny::Shape;
use program::tiny::sizes::{limits, llama_8b, llama_70b, smollm2, worst};
use std::fmt::Write;

/// Name, shape, the most rounds allowed.
pub(crate) fn shapes() -> Vec<(&'static str, Shape, u32)> {
    vec![
        ("tiny/256", Shape::default(), 12),
        ("SmolLM2-135M/2k", smollm2(2048), 12),
        ("8B/8k", llama_8b(), 12),
        ("8B/8k F32, A16", worst(&llama_8b()), 12),
        ("70B/32k", llama_70b(), 14),
        ("70B/32k F32, A16", worst(&llama_70b()), 14),
        ("at the limits", limits(), 16),
    ]
}

/// The greatest bound of a move with operands, and what it is of.
fn greatest(checked: &Checked, shape: &Shape) -> (u64, String) {
    let last = shape.context_max - 1;
    let mut greatest = (0, String::new());
    for site in checked.sites() {
        for position in [last, last - 1, last / 2, 0] {
            let at = At { position, token: shape.vocabulary - 1 };
            for (number, stage) in (0..).zip(site.stages(at)) {
                let ends = [0, 1, stage.tiles / 2, stage.tiles.saturating_sub(2), stage.tiles - 1];
                for index in ends.into_iter().filter(|index| *index < stage.tiles) {
                    let tile = Tile { stage: number, index };
                    let bytes = operands_bytes_max(&site, at, tile).unwrap();
                    if bytes > greatest.0 {
                        greatest = (bytes, format!("{}: {}", site.op.name(), stage.name));
                    }
                }
            }
        }
    }
    greatest
}

#[test]
fn rounds_and_bytes_by_shape() {
    let mut table = "| shape | rounds down the log | down tiles, layer; epilogue | rounds in all | bytes of the greatest move |\n|---|---|---|---|---|".to_owned();
    for (name, shape, most) in shapes() {
        let checked = Checked::new(shape.program()).unwrap();
        let found = rounds(&checked, shape.context_max);
        let (bytes, tile) = greatest(&checked, &shape);
        let (log, layer, epilogue) = (found.log, found.layer, found.epilogue);
        write!(
            table,
            "\n| {name} | {log} | {layer}; {epilogue} | {} | {bytes} ({tile}) |",
            found.most()
        )
        .unwrap();
        assert!(found.most() <= most, "{name}: {found:?}");
        assert!(bytes <= u64::try_from(MOVE_BYTES_MAX).unwrap(), "{name}: {tile} takes {bytes}");
    }
    println!("{table}");
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/dispute.md");
    let spec = std::fs::read_to_string(spec).unwrap();
    assert!(spec.contains(&table), "spec/dispute.md has another table; this one is printed above");
}
