//! Rounds and bytes by shapes alone: both tables stand in the spec.

use canon::Format;
use dispute::limits::MOVE_BYTES_MAX;
use dispute::{operands_bytes_max, rounds};
use program::tile::{At, Tile};
use program::tiny::Shape;
use program::{Checked, InputKind};
use std::fmt::Write;

pub(crate) fn llama_8b() -> Shape {
    Shape {
        width: 4096,
        hidden: 14_336,
        layers: 32,
        heads: 32,
        kv_heads: 8,
        head_width: 128,
        rotary: 128,
        vocabulary: 128_256,
        context_max: 8192,
        format: Format::Q8_0,
        ..Shape::default()
    }
}

/// Name, shape, the most rounds allowed.
pub(crate) fn shapes() -> Vec<(&'static str, Shape, u32)> {
    let smollm2 = Shape {
        width: 576,
        hidden: 1536,
        layers: 30,
        heads: 9,
        kv_heads: 3,
        head_width: 64,
        rotary: 64,
        vocabulary: 49_152,
        context_max: 2048,
        format: Format::Q4_1,
        tied: true,
        ..Shape::default()
    };
    let llama_70b = Shape {
        width: 8192,
        hidden: 28_672,
        layers: 80,
        heads: 64,
        context_max: 32_768,
        ..llama_8b()
    };
    let worst = |shape: &Shape| Shape {
        format: Format::F32,
        inputs: InputKind::A16,
        bias: true,
        head_norm: true,
        hadamard: true,
        soft_cap: true,
        ..shape.clone()
    };
    let limits = Shape {
        width: 1 << 17,
        hidden: 1 << 17,
        layers: 1,
        heads: 512,
        kv_heads: 512,
        head_width: 256,
        rotary: 256,
        vocabulary: 1 << 20,
        context_max: 1 << 16,
        tied: true,
        ..worst(&llama_8b())
    };
    vec![
        ("tiny/256", Shape::default(), 12),
        ("SmolLM2-135M/2k", smollm2, 12),
        ("8B/8k", llama_8b(), 12),
        ("8B/8k F32, A16", worst(&llama_8b()), 12),
        ("70B/32k", llama_70b.clone(), 14),
        ("70B/32k F32, A16", worst(&llama_70b), 14),
        ("at the limits", limits, 16),
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
