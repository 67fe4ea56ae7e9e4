//! Mixtures of experts: what a header says of them, what becomes of it, and every refusal by name.

use canon::Format;
use canon::reference::Over;
use import::gguf::TensorType;
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::write::{GgufWriter, WriteValue};
use program::ops::Route;
use program::{Checked, InputKind, Op, Program};

use crate::architectures::{import, refused};

fn mixtral() -> TinyModel {
    TinyModel { experts: 4, experts_used: 2, ..TinyModel::of(Family::Llama, 7) }
}

fn models() -> [TinyModel; 2] {
    [TinyModel::of(Family::Qwen3Moe, 7), mixtral()]
}

fn imported(file: GgufWriter) -> Result<Program, String> {
    let program = import(&file.finish()).map_err(|error| error.to_string())?;
    match Checked::new(program.clone()) {
        Ok(_) => Ok(program),
        Err(error) => Err(error.to_string()),
    }
}

fn with(model: &TinyModel, keys: &[(&str, WriteValue)]) -> Result<Program, String> {
    let set = |file: GgufWriter, (key, value): &(&str, WriteValue)| {
        let key = format!("{}.{key}", model.family.name());
        file.without(&key).metadata(&key, value.clone())
    };
    imported(keys.iter().fold(model.writer(), set))
}

fn route(program: &Program) -> &Route {
    let ops = &program.groups[0].template.ops;
    let found =
        ops.iter().find_map(|op| if let Op::Route(route) = op { Some(route) } else { None });
    found.unwrap()
}

/// Every slot has its three matrices of one expert; the sum begins with the residual row.
#[test]
fn each_row_goes_to_as_many_experts_as_the_header_says() {
    for model in models() {
        let program = with(&model, &[]).unwrap();
        let ops = &program.groups[0].template.ops;
        let product = |op: &Op| if let Op::ExpertMatmul(op) = op { Some(op.slot) } else { None };
        let weigh = |op: &Op| if let Op::Weigh(op) = op { Some(op.slot) } else { None };
        let products: Vec<u8> = ops.iter().filter_map(product).collect();
        let weighed: Vec<u8> = ops.iter().filter_map(weigh).collect();
        let used: Vec<u8> = (0..).take(model.experts_used.try_into().unwrap()).collect();
        let twice: Vec<u8> = used.iter().flat_map(|slot| [*slot; 2]).collect();
        assert_eq!(products, [twice, used.clone()].concat());
        assert_eq!(weighed, used);
        assert_eq!(
            (usize::from(route(&program).slots), route(&program).over),
            (used.len(), Over::Chosen)
        );
        let rows = |name: &str| {
            let found = program.tensors.iter().find(|tensor| tensor.name == name);
            found.map(|tensor| (tensor.rows, tensor.columns)).unwrap()
        };
        let (width, inner, experts) = (model.width, model.feed_forward, model.experts);
        assert_eq!(rows("blk.1.ffn_gate_inp.weight"), (experts, width));
        assert_eq!(rows("blk.1.ffn_gate_exps.weight"), (experts * inner, width));
        assert_eq!(rows("blk.1.ffn_down_exps.weight"), (experts * width, inner));
    }
}

/// The router's row has 16 bits, all others 8.
#[test]
fn the_router_reads_a_finer_row() {
    for model in models() {
        let program = with(&model, &[]).unwrap();
        let ops = &program.groups[0].template.ops;
        let finer = |op: &&Op| matches!(op, Op::Quantise(op) if op.kind == InputKind::A16);
        assert_eq!(ops.iter().filter(finer).count(), 1);
        let Op::Matmul(router) = &ops[usize::from(route(&program).x.0) - 1] else {
            panic!("a router is a matmul")
        };
        assert!(finer(&&ops[usize::from(router.x.0) - 1]));
    }
}

#[test]
fn weights_are_shares_of_what_the_header_says() {
    for model in models() {
        for (normed, over) in [(true, Over::Chosen), (false, Over::All)] {
            let program = with(&model, &[("expert_weights_norm", normed.into())]).unwrap();
            assert_eq!(route(&program).over, over);
        }
        refused(with(&model, &[("expert_weights_norm", 1.into())]), "expert_weights_norm");
    }
}

/// llama.cpp gives layers other formats than their neighbours, and tensors of a layer too.
#[test]
fn formats_may_be_mixed() {
    let tiny = mixtral();
    let wide = TinyModel { width: 256, feed_forward: 256, matrices: TensorType::Q4K, ..tiny };
    let other = TinyModel { matrices: TensorType::Q6K, ..wide.clone() };
    let (file, name) = (wide.writer(), "blk.1.ffn_down_exps.weight");
    let bytes = other.write();
    let other = import::gguf::Gguf::parse(&bytes, bytes.len().try_into().unwrap()).unwrap();
    let down = other.tensor(name).unwrap();
    let start = usize::try_from(down.offset()).unwrap();
    let data = bytes[start..start + usize::try_from(down.bytes()).unwrap()].to_vec();
    let file = file.without_tensor(name).tensor(name, &[256, 256, 4], TensorType::Q6K, data);
    let program = imported(file).unwrap();
    let format =
        |name: &str| program.tensors.iter().find(|tensor| tensor.name == name).unwrap().format;
    assert_eq!(format("blk.0.ffn_down_exps.weight"), Format::Q4K);
    assert_eq!(format(name), Format::Q6K);
}

#[test]
fn numbers_of_experts_that_make_no_sense_are_refused() {
    let u32 = |found: u32| WriteValue::U32(found);
    for model in models() {
        let name = model.family.name();
        let count = |found, wanted: &str| {
            refused(with(&model, &[("expert_count", u32(found))]), wanted);
        };
        count(257, "expert_count");
        count(u32::MAX, "expert_count");
        count(2, if name == "llama" { "ffn_gate_inp.weight has the shape" } else { "used_count" });
        count(1, "is not supported: rows can't be sent");
        for used in [0, model.experts + 1, 256, u32::MAX] {
            refused(with(&model, &[("expert_used_count", u32(used))]), "expert_used_count");
        }
        let file = model.writer().without(&format!("{name}.expert_used_count"));
        refused(imported(file), "expert_used_count");
        let wide = [("expert_feed_forward_length", u32(64)), ("feed_forward_length", u32(5))];
        let found = with(&TinyModel { feed_forward: 64, ..model.clone() }, &wide);
        assert!(found.is_ok(), "{found:?}");
        refused(
            with(&model, &[("expert_feed_forward_length", u32(32))]),
            "exps.weight has the shape",
        );
    }
    let dense = TinyModel::of(Family::Llama, 7);
    refused(with(&dense, &[("expert_used_count", u32(2))]), "rows can't be sent to so many");
    let one = with(&dense, &[("expert_count", u32(1)), ("expert_used_count", u32(1))]).unwrap();
    assert!(!one.groups[0].template.ops.iter().any(|op| matches!(op, Op::Route(_))));
    let none = TinyModel::of(Family::Qwen3Moe, 7).writer().without("qwen3moe.expert_count");
    refused(imported(none), "qwen3moe.expert_count");
}

/// A template has 128 ops, so 15 experts.
#[test]
fn a_row_goes_to_at_most_15_experts() {
    let of = |experts_used| {
        let experts = TinyModel { experts: 16, experts_used, ..TinyModel::of(Family::Qwen3Moe, 7) };
        imported(experts.writer())
    };
    assert!(of(14).is_ok());
    refused(of(16), "ops");
}

#[test]
fn keys_of_other_mixtures_are_refused() {
    let zero =
        ["expert_shared_count", "expert_shared_feed_forward_length", "leading_dense_block_count"];
    let one = ["expert_gating_func", "expert_group_count", "expert_group_used_count"];
    for model in models() {
        let u32 = |found: u32| WriteValue::U32(found);
        for key in zero.iter().chain(&one).chain(&["moe_every_n_layers"]) {
            let most = if zero.contains(key) { 0 } else { 1 };
            assert!(
                with(&model, &[(key, u32(0))]).is_ok() && with(&model, &[(key, u32(most))]).is_ok()
            );
            let said = format!("{}.{key} is not supported: ", model.family.name());
            refused(with(&model, &[(key, u32(most + 1))]), &said);
        }
        let key = "expert_weights_scale";
        let scale = |bits| with(&model, &[(key, WriteValue::F32(import::dyadic::F32Bits(bits)))]);
        assert!(scale(0).is_ok() && scale(0x3f80_0000).is_ok());
        refused(scale(0x4020_0000), key);
    }
}

#[test]
fn tensors_of_other_mixtures_are_refused() {
    for model in models() {
        let vector = |name: &str, length: u64| {
            let bytes = vec![0; usize::try_from(4 * length).unwrap()];
            imported(model.writer().tensor(name, &[length], TensorType::F32, bytes))
        };
        for name in [
            "ffn_gate_exps.scale",
            "ffn_gate_inp.bias",
            "exp_probs_b.bias",
            "ffn_gate_inp_shexp.weight",
        ] {
            let name = format!("blk.0.{name}");
            let said = format!("tensor {name} is not supported");
            refused(vector(&name, u64::from(model.experts)), &said);
        }
        refused(
            vector("blk.1.ffn_gate.0.weight", 64),
            "blk.1.ffn_gate.0.weight is not supported: files",
        );
        let flat = model.writer().without_tensor("blk.0.ffn_gate_inp.weight");
        refused(imported(flat), "blk.0.ffn_gate_inp.weight");
        // As many numbers in another shape.
        let name = "blk.0.ffn_up_exps.weight";
        let (width, inner) = (u64::from(model.width), u64::from(model.feed_forward));
        let rows = inner * u64::from(model.experts);
        let flat = |sizes: &[u64]| {
            let data = vec![0; usize::try_from(rows * width / 32 * 34).unwrap()];
            imported(model.writer().without_tensor(name).tensor(
                name,
                sizes,
                TensorType::Q8_0,
                data,
            ))
        };
        refused(flat(&[width, rows]), "ffn_up_exps.weight has the shape");
        refused(
            flat(&[width, u64::from(model.experts), inner]),
            "ffn_up_exps.weight has the shape",
        );
        assert!(flat(&[width, inner, u64::from(model.experts)]).is_ok());
    }
}

#[test]
fn mixtures_of_other_kinds_are_named() {
    for (name, why) in [("qwen2moe", "its shared expert"), ("phimoe", "a rule of its own")] {
        let file = mixtral().writer().without("general.architecture");
        refused(imported(file.metadata("general.architecture", name)), why);
    }
    let qwen3 = TinyModel::of(Family::Qwen3, 7);
    refused(with(&qwen3, &[("expert_count", 8.into())]), "qwen3.expert_count is not supported");
}
