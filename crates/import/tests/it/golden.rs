//! Tiny models whose programs must never change: their digests are part of every model's id.
//!
//! A digest that changes on purpose is a new arithmetic or a new rule of import, with a decision that says so.

use canon::reference::Layout;
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::tiny_cases;
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

/// By case: the program's digest.
const CASES: &[(&str, &str)] = &[
    ("llama", "a58a6fc6b05e8164d2b385f83f5d871a05db1408e99d0aed10c9e8ca686aa70c"),
    ("llama-3.1", "d988c7a95c2e68a2934848958b9c8f363a6d4bf48d7bc9352b93354696ff1a16"),
    ("llama-linear", "7f8d64631b30cd5e45b37a469690467b51b9d914e41d617e2396a8c32dfd8f92"),
    ("llama-window", "65eb010d9e85953ad23e40f887b6f7803b8669ca3184233d6157ba4e11f5c52c"),
    ("qwen2", "a19b5aa74fc608f62292b4318c1bb9eacf46b25b2925e26afec566faa4ab5869"),
    ("qwen2-yarn", "e54431395b19279b814873883bdb25fc6149271c344276b48823ead63f486c8f"),
    ("qwen3", "f3a59a613271a952ccec732e53083bb35f10b2936507c83af9f6fc7f95bc6daa"),
    ("phi3", "b0cfb9675de29c77028eab2e932bc97506520c578fbb59b6d6bb7bbcc78bc6b3"),
    ("phi3-longrope", "1f25e66b93444a7ec17bae7081d827d031c7235daf8e0e32df42831db842b30a"),
    ("mistral3", "d2360b9e5d7542c75b8f644e69c450f8339c8984f172a20af0dad2f3b22a5076"),
    ("gemma2", "77f86a169fbea54ff73e1d9af65745bb4d586392e8a719c3159ae310c69bc27f"),
    ("gemma3", "9df54b482a2d0290b0bedd6f35ba9db68c0deb88c599780d5cb19595251b3a08"),
    ("gemma3-linear", "874ba87ef742fbd9774581a888f46812de0099c2da7b23674f4418e11f7b5859"),
    ("qwen3moe", "949e147e0b2771a2ac3edafc445c8bade2bbfdb6a95432995d3bb07afa63a0ef"),
    ("qwen3moe-all", "38d37037f8c99645d1e0796369f58491ff3b8f794c98e2773f6b6a8b8a53f922"),
    ("mixtral", "bba23a1d426f4c5263c23d7bb3d5f276252198a5942f7903ecad655cabe0779e"),
    ("mixtral-q4_k", "28de97a97943befd3e568567c67fb5d0235d9e3261edf82b55410f6b5dfe338b"),
];

#[test]
fn every_case_has_its_program() {
    let found = tiny_cases::cases().into_iter().map(|case| {
        let program = import(&case.file.finish()).unwrap();
        (case.name, Checked::new(program).unwrap().digest().to_string())
    });
    let found: Vec<(&str, String)> = found.collect();
    let golden: Vec<(&str, String)> = CASES.iter().map(|(n, d)| (*n, (*d).to_owned())).collect();
    assert_eq!(found, golden);
}
