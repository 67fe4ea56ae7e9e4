//! One tiny model per family, whose program must never change: its digest is part of every model's id.
//!
//! A digest that changes on purpose is a new arithmetic or a new rule of import, with a decision that says so.

use canon::reference::Layout;
use import::gguf::tiny::{Family, TinyModel};
use program::{Checked, Op};

use crate::architectures::import;

/// By family, with what only it has.
const GOLDEN: [(Family, Layout, bool, &str); 2] = [
    (
        Family::Llama,
        Layout::Interleaved,
        false,
        "06eb968fa8e42222a898f3ae5e85d0dfeeeba5a68470e4da4b02e6cc262d0f7c",
    ),
    (
        Family::Qwen2,
        Layout::Half,
        true,
        "da6f433627cd7fc733e80db559cf4338d095ef9c54e679224784adf2465927df",
    ),
];

#[test]
fn every_family_has_its_program() {
    let mut digests = Vec::new();
    for (family, layout, biases, _) in GOLDEN {
        let model = TinyModel { family, heads: 2, kv_heads: 1, ..TinyModel::new(21) };
        let program = import(&model.write()).unwrap();
        for op in &program.groups[0].template.ops {
            if let Op::Rope(rope) = op {
                assert_eq!(rope.layout, layout, "{}", family.name());
            }
        }
        let has_bias = |op: &Op| matches!(op, Op::Matmul(matmul) if matmul.bias.is_some());
        let found = program.groups[0].template.ops.iter().any(has_bias);
        assert_eq!(found, biases, "{}", family.name());
        digests.push(Checked::new(program).unwrap().digest().to_string());
    }
    assert_eq!(digests, GOLDEN.map(|(.., digest)| digest));
}
