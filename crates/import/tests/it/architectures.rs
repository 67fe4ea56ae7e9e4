//! Headers to programs: what each key and tensor means, and every refusal by name.

use std::convert::Infallible;

use import::architectures::{self, ImportError};
use import::dyadic::{Dyadic, F32Bits, F64Bits};
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::write::{GgufWriter, WriteValue};
use import::gguf::{Gguf, TensorInfo, TensorType};
use import::rope::frequencies;
use program::Program;

/// Its heads have 32 entries.
fn tiny(family: Family) -> TinyModel {
    TinyModel { family, width: 64, heads: 2, kv_heads: 1, layers: 2, ..TinyModel::new(7) }
}

pub(crate) fn import(bytes: &[u8]) -> Result<Program, ImportError<Infallible>> {
    let gguf = Gguf::parse(bytes, u64::try_from(bytes.len()).unwrap())?;
    architectures::program(&gguf, &mut |tensor: &TensorInfo<'_>| {
        let start = usize::try_from(tensor.offset()).unwrap();
        Ok(bytes[start..start + usize::try_from(tensor.bytes()).unwrap()].to_vec())
    })
}

fn import_with(family: Family, keys: &[(&str, WriteValue)]) -> Result<Program, String> {
    let set = |file: GgufWriter, (key, value): &(&str, WriteValue)| {
        let key = format!("{}.{key}", family.name());
        file.without(&key).metadata(&key, value.clone())
    };
    let file = keys.iter().fold(tiny(family).writer(), set);
    import(&file.finish()).map_err(|error| error.to_string())
}

/// The program without the places of its tensors, which move with every key of the header.
fn unplaced(mut program: Program) -> Program {
    program.tensors.iter_mut().for_each(|tensor| tensor.location.offset = 0);
    program
}

#[track_caller]
fn same(found: Program, wanted: &Program, key: &str) {
    // No `assert_eq`: two programs are pages of text.
    assert!(unplaced(found) == unplaced(wanted.clone()), "{key} changes the program");
}

#[track_caller]
fn refused(outcome: Result<Program, String>, wanted: &str) {
    match outcome {
        Ok(_) => panic!("imported; expected: {wanted}"),
        Err(error) => assert!(error.contains(wanted), "{error}\nexpected: {wanted}"),
    }
}

fn text(text: &str) -> WriteValue {
    WriteValue::from(text)
}

/// A small integer as a binary32.
fn float(value: u32) -> WriteValue {
    WriteValue::F32(bits(value))
}

fn bits(value: u32) -> F32Bits {
    let Some(log2) = value.checked_ilog2() else { return F32Bits(0) };
    F32Bits((127 + log2) << 23 | (value - (1 << log2)) << (23 - log2))
}

fn rope_scaled(scale: u64) -> Vec<u64> {
    let base = Dyadic::from_integer(100_000);
    frequencies(base, 32, Dyadic::from_integer(scale), None).unwrap()
}

/// The table of `architectures/rotation.rs`, a row after the other.
#[test]
fn rope_scaling() {
    const TYPE: &str = "rope.scaling.type";
    const FACTOR: &str = "rope.scaling.factor";
    const OLD: &str = "rope.scale_linear";
    let cases: &[(&[(&str, WriteValue)], u64)] = &[
        (&[], 1),
        (&[(TYPE, text("none"))], 1),
        (&[(TYPE, text("none")), (FACTOR, float(4))], 1),
        (&[(TYPE, text("none")), (OLD, float(4))], 1),
        (&[(TYPE, text("none")), (OLD, float(4)), (FACTOR, float(2))], 1),
        (&[(TYPE, text("linear"))], 1),
        (&[(TYPE, text("linear")), (FACTOR, float(4))], 4),
        (&[(TYPE, text("linear")), (OLD, float(4))], 4),
        (&[(TYPE, text("linear")), (FACTOR, float(4)), (OLD, float(4))], 4),
        (&[(TYPE, text("linear")), (FACTOR, float(0))], 1),
        (&[(FACTOR, float(4))], 4),
        (&[(OLD, float(3))], 3),
        (&[(FACTOR, WriteValue::F64(F64Bits(0x4008_0000_0000_0000)))], 3),
    ];
    for family in [Family::Llama, Family::Qwen2] {
        for (keys, scale) in cases {
            let program = import_with(family, keys).unwrap();
            assert_eq!(program.rope_tables, [rope_scaled(*scale)], "{family:?} {keys:?}");
        }
        let differ = [(FACTOR, float(4)), (OLD, float(2))];
        refused(import_with(family, &differ), "rope.scale_linear is not supported");
        refused(import_with(family, &[(FACTOR, WriteValue::U32(4))]), "rope.scaling.factor");
        for kind in ["yarn", "longrope", "dynamic", "su", "Linear", "\u{1b}"] {
            let wanted = format!("rope.scaling.type = {}", kind.escape_default());
            refused(import_with(family, &[(TYPE, text(kind)), (FACTOR, float(4))]), &wanted);
        }
    }
}

fn with_factors(family: Family, sizes: &[u64], factors: &[F32Bits]) -> GgufWriter {
    let data = factors.iter().flat_map(|factor| factor.0.to_le_bytes()).collect();
    tiny(family).writer().tensor("rope_freqs.weight", sizes, TensorType::F32, data)
}

#[test]
fn factors_per_pair_divide_what_scaling_leaves() {
    let factors: Vec<F32Bits> = (1..=16).map(bits).collect();
    let exact: Vec<Dyadic> = (1..=16).map(Dyadic::from_integer).collect();
    for scale in [1, 4] {
        let file = with_factors(Family::Llama, &[16], &factors);
        let file = file.metadata("llama.rope.scaling.factor", float(scale));
        let base = Dyadic::from_integer(100_000);
        let wanted = frequencies(base, 32, Dyadic::from_integer(scale.into()), Some(&exact));
        assert_eq!(import(&file.finish()).unwrap().rope_tables, [wanted.unwrap()]);
    }
}

#[test]
fn factors_per_pair_that_make_no_sense_are_refused() {
    let of = |family, sizes: &[u64], factors: &[F32Bits]| {
        import(&with_factors(family, sizes, factors).finish()).map_err(|error| error.to_string())
    };
    let ones = [bits(1); 16];
    assert!(of(Family::Llama, &[16, 1], &ones).is_ok());
    refused(of(Family::Llama, &[15], &ones[1..]), "[15]; [16] is needed");
    let mut infinite = ones;
    infinite[3] = F32Bits(0x7f80_0000);
    refused(of(Family::Llama, &[16], &infinite), "an infinity or a NaN");
    refused(of(Family::Llama, &[16], &[bits(0); 16]), "frequency factor 0 is outside");
    // Nothing of this architecture divides by them.
    refused(of(Family::Qwen2, &[16], &ones), "tensor rope_freqs.weight is not supported");
    let halves = tiny(Family::Llama).writer();
    let halves = halves.tensor("rope_freqs.weight", &[16], TensorType::F16, vec![0; 32]);
    refused(import(&halves.finish()).map_err(|error| error.to_string()), "rope_freqs.weight");
}

/// What the reader of the factors says is handed on, with the tensor's name.
#[test]
fn factors_that_cannot_be_read_are_named() {
    let bytes = with_factors(Family::Llama, &[16], &[bits(1); 16]).finish();
    let gguf = Gguf::parse(&bytes, u64::try_from(bytes.len()).unwrap()).unwrap();
    let error = architectures::program(&gguf, &mut |_| Err("the disk is gone")).unwrap_err();
    let ImportError::Read { name, source } = error else { panic!("{error}") };
    assert_eq!((name.as_str(), source), ("rope_freqs.weight", "the disk is gone"));
}

#[test]
fn keys_that_change_the_arithmetic_are_refused() {
    let zero = ["attention.clamp_kqv", "attention.max_alibi_bias", "attention.scale"];
    let scales = ["embedding_scale", "logit_scale", "residual_scale"];
    let caps = ["attn_logit_softcapping", "final_logit_softcapping"];
    for family in [Family::Llama, Family::Qwen2] {
        let plain = import_with(family, &[]).unwrap();
        let only = |key: &str, neutral: WriteValue, other: WriteValue| {
            same(import_with(family, &[(key, neutral)]).unwrap(), &plain, key);
            let wanted = format!("{}.{key} is not supported: ", family.name());
            refused(import_with(family, &[(key, other)]), &wanted);
        };
        for key in zero.into_iter().chain(scales).chain(caps) {
            only(key, float(0), float(2));
        }
        for key in ["expert_count", "expert_used_count", "pooling_type"] {
            only(key, WriteValue::U32(0), WriteValue::U32(8));
        }
        only("rope.scaling.attn_factor", float(1), float(2));
        only("attention.causal", true.into(), false.into());
        // Of a type that says nothing about the number.
        refused(import_with(family, &[("attention.causal", 1.into())]), "attention.causal");
        refused(import_with(family, &[("logit_scale", text("0"))]), "logit_scale");
        let nan = WriteValue::F32(F32Bits(0x7fc0_0000));
        refused(import_with(family, &[("logit_scale", nan)]), "logit_scale");
    }
}

#[test]
fn a_head_width_said_twice_must_be_the_same() {
    for family in [Family::Llama, Family::Qwen2] {
        let wanted = import(&tiny(family).writer().finish()).unwrap();
        let same_width = import_with(family, &[("attention.head_dim", 32.into())]).unwrap();
        same(same_width, &wanted, "attention.head_dim");
        for other in [0, 16, 64] {
            let said = format!("{}.attention.head_dim is not supported", family.name());
            refused(import_with(family, &[("attention.head_dim", other.into())]), &said);
        }
    }
}

#[test]
fn unknown_keys_are_refused() {
    let unknown = [
        "attention.group_norm_groups",
        "attention.key_length_swa",
        "attention.sliding_window_pattern",
        "attention.temperature_scale",
        "expert_feed_forward_length",
        "full_attention_interval",
        "leading_dense_block_count",
        "nextn_predict_layers",
        "rope.dimension_sections",
        "rope.freq_base_swa",
        "rope.scaling.alpha",
        "rope.scaling.yarn_attn_factor",
        "rope.scaling.yarn_ext_factor",
        "ssm.conv_kernel",
        "use_parallel_residual",
        "something_new",
        "block_count.",
    ];
    for family in [Family::Llama, Family::Qwen2] {
        for key in unknown {
            let wanted = format!("{}.{key} is not supported: what it means", family.name());
            refused(import_with(family, &[(key, 0.into())]), &wanted);
        }
    }
}

#[test]
fn keys_that_change_nothing_are_read_past() {
    for family in [Family::Llama, Family::Qwen2] {
        let harmless = [
            ("attention.layer_norm_epsilon", float(1)),
            ("rope.scaling.finetuned", true.into()),
            ("rope.scaling.original_context_length", 4_096.into()),
            ("tensor_data_layout", text("Meta AI original pth")),
            ("vocab_size", 5.into()),
        ];
        let plain = import_with(family, &[]).unwrap();
        same(import_with(family, &harmless).unwrap(), &plain, "one of these");
        // Not under the architecture's name.
        let other = tiny(family).writer();
        let other = other.metadata("general.x", 1).metadata(&format!("{}x.y", family.name()), 1);
        same(import(&other.finish()).unwrap(), &plain, "another's key");
    }
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    let cases: [(&str, WriteValue, &str); 13] = [
        ("block_count", 0.into(), "block_count"),
        ("block_count", 3.into(), "blk.2.attn_norm.weight"),
        ("block_count", 1.into(), "tensor blk.1.attn_norm.weight is not supported"),
        ("context_length", 0.into(), "context_length"),
        ("embedding_length", 32.into(), "token_embd.weight has the shape [64, 288]; [32, 288]"),
        ("feed_forward_length", 64.into(), "ffn_gate.weight has the shape"),
        ("attention.head_count", 0.into(), "attention.head_count"),
        ("attention.head_count_kv", 2.into(), "attn_k.weight has the shape"),
        ("attention.key_length", 64.into(), "attn_q.weight has the shape"),
        ("attention.value_length", 64.into(), "values are not as wide as keys"),
        ("rope.dimension_count", 31.into(), "the rotated dimension is 31"),
        ("rope.freq_base", float(0), "the frequency base is outside"),
        ("attention.layer_norm_rms_epsilon", float(1 << 20), "negative or too large"),
    ];
    for (key, value, wanted) in cases {
        refused(import_with(Family::Llama, &[(key, value)]), wanted);
    }
    for key in ["block_count", "context_length", "embedding_length", "feed_forward_length"] {
        let key = format!("llama.{key}");
        let file = tiny(Family::Llama).writer().without(&key).finish();
        refused(import(&file).map_err(|error| error.to_string()), &key);
    }
}

#[test]
fn sizes_that_are_not_given_follow_from_others() {
    let of = |remove: &[&str]| {
        let remove = remove.iter().map(|key| format!("llama.{key}"));
        let model = TinyModel { kv_heads: 2, ..tiny(Family::Llama) };
        let file = remove.fold(model.writer(), |file, key| file.without(&key));
        import(&file.finish()).unwrap()
    };
    let given = ["attention.head_count_kv", "rope.dimension_count"];
    same(of(&given), &of(&[]), "a size that follows");
    let base = Dyadic::from_integer(10_000);
    let table = frequencies(base, 32, Dyadic::ONE, None).unwrap();
    assert_eq!(of(&["rope.freq_base"]).rope_tables, [table]);
    let long = import_with(Family::Llama, &[("context_length", (1 << 20).into())]).unwrap();
    assert_eq!(long.context_max, 1 << 16);
    let windowed = import_with(Family::Llama, &[("attention.sliding_window", 48.into())]).unwrap();
    assert!(windowed.groups[0].layers.iter().all(|layer| layer.attributes == [0, 48]));
    // Which of its layers have one, a file of the other family can't say; one that hides nothing says nothing.
    let window =
        |window: u32| import_with(Family::Qwen2, &[("attention.sliding_window", window.into())]);
    refused(window(255), "qwen2.attention.sliding_window is not supported");
    assert!(window(0).is_ok() && window(256).is_ok());
}

#[test]
fn tensors_that_do_not_fit_are_refused() {
    let change = |change: fn(GgufWriter) -> GgufWriter| {
        let file = change(tiny(Family::Llama).writer());
        import(&file.finish()).map_err(|error| error.to_string())
    };
    refused(change(|file| file.without_tensor("output_norm.weight")), "output_norm.weight");
    refused(change(|file| file.without_tensor("blk.1.ffn_up.weight")), "blk.1.ffn_up.weight");
    refused(change(|file| bias_of(file, "output.bias", 288)), "tensor output.bias is not");
    refused(change(|file| bias_of(file, "blk.0.attn_q.bias", 63)), "[63]; [64] is needed");
    refused(change(|file| bias_of(file, "blk.1.attn_q.bias", 64)), "other tensors than blk.0");
    let wide = |file: GgufWriter| {
        let file = file.without_tensor("output_norm.weight");
        file.tensor("output_norm.weight", &[64, 2], TensorType::F32, vec![0; 512])
    };
    refused(change(wide), "output_norm.weight has the shape [64, 2]; [64] is needed");
    let other = |file: GgufWriter| {
        let file = file.without_tensor("output_norm.weight");
        file.tensor("output_norm.weight", &[64], TensorType::I16, vec![0; 128])
    };
    refused(change(other), "I16");
}

fn bias_of(file: GgufWriter, name: &str, length: u32) -> GgufWriter {
    let bytes = usize::try_from(4 * length).unwrap();
    file.tensor(name, &[length.into()], TensorType::F32, vec![0; bytes])
}

#[test]
fn architectures_that_are_not_known_are_refused() {
    for found in ["gemma2", "LLAMA", "", "\u{7}"] {
        let file = tiny(Family::Llama).writer().without("general.architecture");
        let error = import(&file.metadata("general.architecture", found).finish()).unwrap_err();
        let ImportError::Architecture { supported, .. } = &error else { panic!("{error}") };
        assert_eq!(supported, "llama, qwen2");
        assert!(!error.to_string().contains('\u{7}'));
    }
    let file = tiny(Family::Llama).writer().without("general.architecture").finish();
    assert!(matches!(import(&file), Err(ImportError::Gguf(_))));
}
