//! Headers to programs: what each key and tensor means, and every refusal by name.

use std::convert::Infallible;

use import::architectures::{self, ImportError};
use import::dyadic::{Dyadic, F32Bits, F64Bits};
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::tiny_cases;
use import::gguf::write::{GgufWriter, WriteValue};
use import::gguf::{Gguf, TensorInfo, TensorType};
use import::rope::frequencies;
use import::yarn::{self, Yarn};
use program::{Op, Program};

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
    import_into(&tiny(family), keys)
}

fn import_into(model: &TinyModel, keys: &[(&str, WriteValue)]) -> Result<Program, String> {
    let set = |file: GgufWriter, (key, value): &(&str, WriteValue)| {
        let key = format!("{}.{key}", model.family.name());
        file.without(&key).metadata(&key, value.clone())
    };
    let file = keys.iter().fold(model.writer(), set);
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
pub(crate) fn refused(outcome: Result<Program, String>, wanted: &str) {
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
        for kind in ["longrope", "dynamic", "su", "Linear", "\u{1b}"] {
            let wanted = format!("rope.scaling.type = {}", kind.escape_default());
            refused(import_with(family, &[(TYPE, text(kind)), (FACTOR, float(4))]), &wanted);
        }
    }
}

fn attention_of(program: &Program) -> (u16, i32) {
    let ops = &program.groups[0].template.ops;
    let found =
        ops.iter().find_map(|op| if let Op::Attention(found) = op { Some(found) } else { None });
    found.map(|attention| (attention.scale, attention.scale_exponent)).unwrap()
}

/// Scaling that multiplies rotated queries and keys does so to their scores.
#[test]
fn factors_of_scores() {
    const FACTOR: &str = "rope.scaling.attn_factor";
    for family in [Family::Llama, Family::Qwen3] {
        let with = |keys: &[(&str, WriteValue)]| import_into(&TinyModel::of(family, 7), keys);
        let (scale, exponent) = attention_of(&with(&[]).unwrap());
        let found = |factor: u32| attention_of(&with(&[(FACTOR, float(factor))]).unwrap());
        assert_eq!((found(1), found(2)), ((scale, exponent), (scale, exponent + 2)));
        for bad in [0, 16] {
            refused(with(&[(FACTOR, float(bad))]), "attn_factor is not supported");
        }
        let part = [(FACTOR, float(2)), ("rope.dimension_count", 16.into())];
        refused(with(&part), "rope.dimension_count is not supported: scores of heads");
        assert!(with(&[(FACTOR, float(1)), ("rope.dimension_count", 16.into())]).is_ok());
    }
}

#[test]
fn yarn_is_fixed_by_the_header() {
    let key = |name: &str| format!("rope.scaling.{name}");
    let (kind, factor) = (key("type"), key("factor"));
    let (original, fast) = (key("original_context_length"), key("yarn_beta_fast"));
    let yarn = [(kind.as_str(), text("yarn")), (factor.as_str(), float(4))];
    for family in [Family::Llama, Family::Qwen2] {
        let more = |more: &[(&str, WriteValue)]| import_with(family, &[&yarn, more].concat());
        let program = more(&[(original.as_str(), 128.into())]).unwrap();
        let base = Dyadic::from_integer(100_000);
        let [factor, beta_fast, beta_slow] = [4, 32, 1].map(Dyadic::from_integer);
        let mut wanted = Yarn { factor, beta_fast, beta_slow, context: 128 };
        assert_eq!(program.rope_tables, [yarn::frequencies(base, 32, &wanted).unwrap()]);
        assert_eq!(program.context_max, 256);
        // 1 + ln(4) / 10 squared is 1.2965: the scale grows by as much.
        let (plain, exponent) = attention_of(&import_with(family, &[]).unwrap());
        let (scale, grown) = attention_of(&program);
        let one = u64::from(plain) << (1 + exponent - grown);
        assert!((u64::from(scale) * 20_000).abs_diff(one * 12_965) < one, "{plain} {scale}");
        // Without the trained context's length, the whole one's.
        wanted.context = 256;
        let whole = more(&[]).unwrap();
        assert_eq!(whole.rope_tables, [yarn::frequencies(base, 32, &wanted).unwrap()]);
        refused(more(&[(fast.as_str(), float(0))]), "yarn's betas must be");
        refused(more(&[(original.as_str(), 3.into())]), "yarn's trained context must be");
        refused(more(&[(&key("yarn_ext_factor"), float(1))]), "yarn_ext_factor is not supported");
    }
    let factors: Vec<F32Bits> = (1..=16).map(bits).collect();
    let file = with_factors(Family::Llama, &[16], &factors);
    let file = file.metadata("llama.rope.scaling.type", "yarn");
    refused(import(&file.finish()).map_err(|error| error.to_string()), "type = yarn");
}

/// What changes with the length beyond the trained context ends there.
#[test]
fn packages_end_where_a_short_answer_would_change_with_its_length() {
    let case = |wanted: &str| {
        let case = tiny_cases::cases().into_iter().find(|case| case.name == wanted).unwrap();
        case.file
    };
    let of = |file: GgufWriter| import(&file.finish()).map_err(|error| error.to_string());
    assert_eq!(of(case("phi3")).unwrap().context_max, 256);
    assert_eq!(of(case("phi3-longrope")).unwrap().context_max, 128);
    assert_eq!(of(case("mistral3")).unwrap().context_max, 128);
    let plain = case("mistral3").without("mistral3.attention.temperature_scale");
    assert_eq!(of(plain).unwrap().context_max, 256);
    let half = case("mistral3").without("mistral3.rope.scaling.yarn_log_multiplier");
    assert!(
        attention_of(&of(half.clone()).unwrap()) != attention_of(&of(case("mistral3")).unwrap())
    );
    let half = half.metadata("mistral3.rope.scaling.yarn_log_multiplier", float(2));
    refused(of(half), "only 0 and 1 are known");
    let short = case("phi3-longrope").without_tensor("rope_factors_short.weight");
    refused(of(short), "there are no short factors beside it");
    let long = case("phi3-longrope").without_tensor("rope_factors_long.weight");
    assert_eq!(of(long).unwrap().context_max, 128);
}

/// The layers with a window, and the tables that rotate them.
#[test]
fn windows_and_their_tables() {
    let attributes = |family, keys: &[(&str, WriteValue)]| {
        let program = import_into(&TinyModel::of(family, 7), keys).unwrap();
        let layers = program.groups[0].layers.iter();
        (layers.map(|l| l.attributes.clone()).collect::<Vec<_>>(), program.rope_tables.len())
    };
    let pattern = |every: u32| [("attention.sliding_window_pattern", WriteValue::U32(every))];
    let (local, global) = (vec![1, 24], vec![0, 0]);
    let of_five = |last: &Vec<u32>| {
        let five = vec![local.clone(); 5];
        [five, vec![global.clone(), last.clone()]].concat()
    };
    assert_eq!(attributes(Family::Gemma3, &[]), (of_five(&local), 2));
    let every_second = [[0, 24], [0, 0], [0, 24], [0, 0]].map(Vec::from).to_vec();
    assert_eq!(attributes(Family::Gemma2, &[]), (every_second, 1));
    assert_eq!(attributes(Family::Gemma3, &pattern(1)), (vec![global.clone(); 7], 1));
    assert_eq!(attributes(Family::Gemma3, &pattern(0)), (vec![vec![0, 24]; 7], 1));
    assert_eq!(attributes(Family::Phi3, &[]).0, vec![vec![0, 24]; 2]);
    let none = [("attention.sliding_window", WriteValue::U32(0))];
    assert_eq!(attributes(Family::Gemma3, &none), (vec![global; 7], 1));
}

/// A fused matrix is several tensors of the table, side by side.
#[test]
fn fused_matrices_are_bound_by_rows() {
    let program = import_into(&TinyModel::of(Family::Phi3, 7), &[]).unwrap();
    let parts = |name: &str| {
        let parts = program.tensors.iter().filter(|tensor| tensor.name.starts_with(name));
        let parts: Vec<_> = parts.collect();
        for pair in parts.windows(2) {
            let end = pair[0].location.offset + pair[0].bytes();
            assert_eq!(end, pair[1].location.offset);
        }
        let named = |tensor: &&program::Tensor| (tensor.name.clone(), tensor.rows);
        parts.iter().map(named).collect::<Vec<_>>()
    };
    let named = |name: &str, rows| (name.to_owned(), rows);
    let qkv = [
        named("blk.1.attn_qkv.weight[0..64]", 64),
        named("blk.1.attn_qkv.weight[64..96]", 32),
        named("blk.1.attn_qkv.weight[96..128]", 32),
    ];
    assert_eq!(parts("blk.1.attn_qkv"), qkv);
    let up = [named("blk.0.ffn_up.weight[0..96]", 96), named("blk.0.ffn_up.weight[96..192]", 96)];
    assert_eq!(parts("blk.0.ffn_up"), up);
}

#[test]
fn caps_that_are_no_caps_are_refused() {
    let with = |keys: &[(&str, WriteValue)]| import_into(&TinyModel::of(Family::Gemma2, 7), keys);
    let [minus_one, two_to_30] = [0xbf80_0000, 0x4e80_0000].map(|x| WriteValue::F32(F32Bits(x)));
    for key in ["attn_logit_softcapping", "final_logit_softcapping"] {
        for bad in [minus_one.clone(), two_to_30.clone()] {
            refused(with(&[(key, bad)]), &format!("gemma2.{key} is not supported"));
        }
    }
    // Without the keys, Gemma 2 has the caps it always had; with 0 it has none.
    let file = TinyModel::of(Family::Gemma2, 7).writer();
    let file = file.without("gemma2.attn_logit_softcapping");
    let file = file.without("gemma2.final_logit_softcapping").finish();
    let fifty_and_thirty =
        with(&[("attn_logit_softcapping", float(50)), ("final_logit_softcapping", float(30))]);
    same(import(&file).unwrap(), &fifty_and_thirty.unwrap(), "the caps");
    let none = with(&[("attn_logit_softcapping", float(0)), ("final_logit_softcapping", float(0))]);
    let capped = |op: &Op| matches!(op, Op::CappedAttention(_) | Op::SoftCap(_));
    let none = none.unwrap();
    assert!(!none.groups[0].template.ops.iter().chain(&none.epilogue.template.ops).any(capped));
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
        for key in ["expert_used_count", "leading_dense_block_count", "pooling_type"] {
            only(key, WriteValue::U32(0), WriteValue::U32(8));
        }
        // Embeddings are of the last token, or nothing is said of them.
        for other in [1, 2, 4] {
            only("pooling_type", WriteValue::U32(3), WriteValue::U32(other));
        }
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
        "full_attention_interval",
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
    // Gemma's largest models divide scores by the width's part of a head: here there is none.
    let largest = [("block_count", 46.into()), ("attention.head_count", 1000.into())];
    refused(import_with(Family::Gemma2, &largest), "which is no whole number");
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
    for found in ["gemma", "LLAMA", "", "\u{7}"] {
        let file = tiny(Family::Llama).writer().without("general.architecture");
        let error = import(&file.metadata("general.architecture", found).finish()).unwrap_err();
        let ImportError::Architecture { supported, .. } = &error else { panic!("{error}") };
        assert_eq!(supported, "gemma2, gemma3, llama, mistral3, phi3, qwen2, qwen3, qwen3moe");
        assert!(!error.to_string().contains('\u{7}'));
    }
    let file = tiny(Family::Llama).writer().without("general.architecture").finish();
    assert!(matches!(import(&file), Err(ImportError::Gguf(_))));
}
