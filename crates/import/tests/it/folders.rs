//! Folders of safetensors: what each member and tensor means, that they give the program of the GGUF file of the same
//! model, and every refusal by name.

use canon::Format;
use canon::quant::gain;
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::{Gguf, TensorType};
use import::huggingface::tiny::{File, folder, written};
use import::huggingface::{Folder, SMALL_FILES, SmallFiles};
use import::safetensors::{Header, read_header};
use program::{Program, Tensor};

/// A model with matrices of plain numbers.
fn model(family: Family) -> TinyModel {
    let (matrices, embedding) = (TensorType::Bf16, TensorType::F16);
    TinyModel { matrices, embedding, ..TinyModel::of(family, 41) }
}

fn header(bytes: &[u8]) -> Result<Header, String> {
    let read = |offset: u64, out: &mut [u8]| {
        let start = usize::try_from(offset).unwrap();
        out.copy_from_slice(&bytes[start..start + out.len()]);
        Ok::<_, String>(())
    };
    let length = u64::try_from(bytes.len()).unwrap();
    read_header(length, read).map(|(header, _)| header).map_err(|error| error.to_string())
}

pub(crate) fn read(files: &[File]) -> Result<Folder, String> {
    let find = |name: &str| files.iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes);
    let small = SmallFiles(SMALL_FILES.map(|(name, ..)| find(name).cloned()));
    let names = small.weight_files().map_err(|error| error.to_string())?;
    let headers: Result<Vec<_>, _> = names
        .iter()
        .map(|name| header(find(name).ok_or_else(|| format!("{name} is not there"))?))
        .collect();
    Folder::read(&small, &headers?).map_err(|error| error.to_string())
}

fn of_gguf(model: &TinyModel) -> (Program, Vec<u8>, import::gguf::VocabularyData) {
    let bytes = model.write();
    let program = super::architectures::import(&bytes).unwrap();
    let vocabulary = {
        let gguf = Gguf::parse(&bytes, u64::try_from(bytes.len()).unwrap()).unwrap();
        gguf.vocabulary().unwrap()
    };
    (program, bytes, vocabulary)
}

/// The program without what says where its tensors lie and what they are called.
fn unplaced(mut program: Program) -> Program {
    for tensor in &mut program.tensors {
        tensor.name = "t".into();
        tensor.location.offset = 0;
        tensor.location.file = 0;
    }
    program
}

fn bytes_of<'b>(tensor: &Tensor, files: &'b [Vec<u8>]) -> &'b [u8] {
    let start = usize::try_from(tensor.location.offset).unwrap();
    let file = &files[usize::from(tensor.location.file)];
    &file[start..start + usize::try_from(tensor.bytes()).unwrap()]
}

fn weights(folder: &Folder, files: &[File]) -> Vec<Vec<u8>> {
    let find = |name: &String| files.iter().find(|(known, _)| known == name).unwrap().1.clone();
    folder.files.iter().map(find).collect()
}

/// Where both kinds of file have heads in halves, nothing differs but where tensors lie.
#[test]
fn a_folder_gives_the_program_and_the_bytes_of_the_gguf_file() {
    for family in [Family::Qwen2, Family::Qwen3, Family::Phi3] {
        let model = model(family);
        let (program, gguf, _) = of_gguf(&model);
        for shards in [1, 3] {
            let files = folder(&model, &[], shards);
            let found = read(&files).unwrap();
            assert_eq!(found.files.len(), shards, "{family:?}");
            let (ours, theirs) = (weights(&found, &files), [gguf.clone()]);
            for (one, other) in found.program.tensors.iter().zip(&program.tensors) {
                assert!(bytes_of(one, &ours) == bytes_of(other, &theirs), "{}", one.name);
            }
            let name = &found.program.tensors[1].name;
            assert!(name.starts_with("model.layers.0."), "{name}");
            assert!(unplaced(found.program) == unplaced(program.clone()), "{family:?}");
        }
    }
}

/// Gemma's gains are stored less one; what they stand for, and everything else, is the same.
#[test]
fn gemmas_folder_gives_the_program_and_the_gains_of_the_gguf_file() {
    for family in [Family::Gemma2, Family::Gemma3] {
        let model = model(family);
        let (program, gguf, _) = of_gguf(&model);
        let files = folder(&model, &[], 2);
        let mut found = read(&files).unwrap();
        let (ours, theirs) = (weights(&found, &files), [gguf]);
        let mut gains = 0;
        for (one, other) in found.program.tensors.iter_mut().zip(&program.tensors) {
            let bytes = (bytes_of(one, &ours), bytes_of(other, &theirs));
            if one.format != Format::F32LessOne {
                assert!(bytes.0 == bytes.1, "{}", one.name);
                continue;
            }
            assert!(bytes.0 != bytes.1, "{}", one.name);
            let read = gain(one.format, bytes.0).unwrap();
            assert_eq!(read, gain(other.format, bytes.1).unwrap(), "{}", one.name);
            (one.format, gains) = (other.format, gains + 1);
        }
        let of_a_layer = if family == Family::Gemma3 { 6 } else { 4 };
        assert_eq!(gains, of_a_layer * model.layers + 1, "{family:?}");
        assert!(unplaced(found.program) == unplaced(program), "{family:?}");
    }
}

/// A configuration whose text part stands inside it, as of Gemma 3's models that see; without what sees it is a model.
#[test]
fn a_gemma_that_sees_is_refused_by_name() {
    let files = folder(&model(Family::Gemma3), &[], 1);
    let text =
        String::from_utf8(files.iter().find(|(name, _)| name == "config.json").unwrap().1.clone());
    let text = text.unwrap().replace(r#""architectures": ["Gemma3ForCausalLM"], "#, "");
    let nested = |more: &str| {
        let class = "Gemma3ForConditionalGeneration";
        let config = format!(
            r#"{{"model_type": "gemma3", "architectures": ["{class}"], "text_config": {text}{more}}}"#
        );
        read(&with(files.clone(), "config.json", Some(&config)))
    };
    let plain = read(&files).unwrap().program;
    assert!(nested("").unwrap().program == plain);
    assert!(nested(r#", "vision_config": null"#).unwrap().program == plain);
    let error = nested(r#", "vision_config": {"hidden_size": 8}"#).unwrap_err();
    assert!(error.contains("`vision_config`"), "{error}");
    let error = nested(r#", "audio_config": {"hidden_size": 8}"#).unwrap_err();
    assert!(error.contains("`audio_config`"), "{error}");
}

#[test]
fn the_tokenizer_is_that_of_the_gguf_file() {
    let model = model(Family::Qwen2);
    let (_, _, wanted) = of_gguf(&model);
    let Folder { vocabulary, stop_tokens, .. } = read(&folder(&model, &[], 1)).unwrap();
    assert_eq!(stop_tokens, [0, 2]);
    // All of a tokenizer's tokens are ordinary, but those that were added.
    let unused = |kind| kind == import::gguf::TokenKind::Unused;
    let normal = import::gguf::TokenKind::Normal;
    let kinds = wanted.kinds.iter().map(|kind| if unused(*kind) { normal } else { *kind });
    let wanted = import::gguf::VocabularyData {
        kinds: kinds.collect(),
        add_space_prefix: Some(false),
        add_end: Some(false),
        ..wanted.clone()
    };
    assert_eq!(vocabulary, wanted);
}

fn refused(members: &[(&str, &str)], wanted: &str) {
    match read(&folder(&model(Family::Llama), members, 1)) {
        Ok(_) => panic!("{members:?}: imported; expected: {wanted}"),
        Err(error) => assert!(error.contains(wanted), "{error}\nexpected: {wanted}"),
    }
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    for (member, value, wanted) in [
        ("model_type", "\"mamba\"", "mamba"),
        ("model_type", "\"mixtral\"", "`model_type` = \"mixtral\" is not supported"),
        ("model_type", "\"qwen3_moe\"", "a tensor for every expert"),
        ("model_type", "null", "`model_type` is missing"),
        ("architectures", "[\"LlamaForSequenceClassification\"]", "LlamaForSequenceClassification"),
        ("hidden_act", "\"relu\"", "`hidden_act`"),
        ("attention_sinks", "4", "`attention_sinks`"),
        ("sliding_window", "24", "`sliding_window`"),
        ("quantization_config", "{\"bits\": 4}", "`quantization_config`"),
        ("hidden_size", "\"64\"", "`hidden_size`: an integer"),
        ("hidden_size", "0", "`hidden_size`: an integer"),
        ("hidden_size", "null", "`hidden_size` is missing"),
        ("rms_norm_eps", "1e99", "`rms_norm_eps`"),
        ("attention_bias", "true", "self_attn.q_proj.bias is missing"),
        ("tie_word_embeddings", "false", "lm_head.weight is missing"),
        ("intermediate_size", "64", "mlp.gate_proj.weight has the shape"),
        (
            "rope_scaling",
            "{\"rope_type\": \"dynamic\", \"factor\": 2.0}",
            "`rope_scaling.rope_type` = \"dynamic\"",
        ),
        ("rope_scaling", "{\"rope_type\": \"linear\"}", "`rope_scaling.factor` is missing"),
        (
            "rope_scaling",
            "{\"rope_type\": \"linear\", \"factor\": 2, \"x\": 1}",
            "`rope_scaling.x`",
        ),
        ("rope_scaling", "{\"type\": \"longrope\", \"factor\": 2.0}", "longrope"),
        ("rope_scaling", "3", "`rope_scaling`: an object"),
    ] {
        refused(&[(member, value)], wanted);
    }
}

#[test]
fn what_says_nothing_is_passed_over() {
    let plain = read(&folder(&model(Family::Llama), &[], 1)).unwrap();
    for (member, value) in [
        ("transformers_version", "\"4.57.6\""),
        ("_name_or_path", "\"/somewhere\""),
        ("rope_scaling", "null"),
        ("rope_scaling", "{\"rope_type\": \"default\"}"),
        ("attention_bias", "false"),
        ("unheard_of", "false"),
        ("hidden_size", "64.0"),
    ] {
        let found = read(&folder(&model(Family::Llama), &[(member, value)], 1)).unwrap();
        assert!(found.program == plain.program, "{member}");
    }
}

/// The 8 bytes of the length, the header, the data.
fn weights_file(header: &str, data: usize) -> Result<Header, String> {
    self::header(&written(header, &vec![0; data]))
}

#[test]
fn a_header_that_lies_is_refused() {
    let one = |begin: u64, end: u64| {
        format!(r#"{{"a":{{"dtype":"F16","shape":[2,3],"data_offsets":[{begin},{end}]}}}}"#)
    };
    assert_eq!(weights_file(&one(0, 12), 12).unwrap().tensors().len(), 1);
    let two = |first: &str, second: &str| {
        format!(
            r#"{{"a":{{"dtype":"F16","shape":[2],"data_offsets":{first}}},"b":{{"dtype":"U8","shape":[4],"data_offsets":{second}}}}}"#
        )
    };
    assert_eq!(weights_file(&two("[4,8]", "[0,4]"), 8).unwrap().tensors()[0].name(), "b");
    let cases = [
        (one(0, 12), 11, "the tensors end"),
        (one(0, 12), 13, "the tensors end"),
        (one(0, 11), 11, "is not the 12 bytes"),
        (one(12, 0), 12, "is not the 12 bytes"),
        (one(1, 13), 13, "begins at 1"),
        (one(u64::MAX - 11, u64::MAX), 12, "is not the 12 bytes"),
        (two("[0,4]", "[0,4]"), 8, "begins at 0"),
        (two("[0,4]", "[5,9]"), 9, "begins at 5"),
        (two("[0,4]", "[2,6]"), 6, "begins at 2"),
        (r#"{"a":{"dtype":"F5","shape":[],"data_offsets":[0,0]}}"#.into(), 0, "\"F5\" is unknown"),
        (r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}"#.into(), 0, "`shape`"),
        (
            r#"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#.into(),
            4,
            "`shape`",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,4]}}"#.into(),
            4,
            "is not the",
        ),
        (r#"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#.into(), 4, "`shape`"),
        (r#"{"a":{"shape":[1],"data_offsets":[0,4]}}"#.into(), 4, "`dtype`"),
        (r#"{"a":{"dtype":"F32","shape":[1]}}"#.into(), 4, "`data_offsets`"),
        (r#"{"a":[],"a":[]}"#.into(), 0, "occurs twice"),
        (r#"{"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.into(), 4, "the tensor's name"),
        (
            r#"{"a b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.into(),
            4,
            "the tensor's name",
        ),
        ("[]".into(), 0, "an object"),
        ("{".into(), 0, "no JSON"),
    ];
    for (text, data, wanted) in cases {
        let error = weights_file(&text, data).unwrap_err();
        assert!(error.contains(wanted), "{text}\n{error}\nexpected: {wanted}");
    }
    for length in [u64::MAX, 3, 1 << 40] {
        let bytes = [&length.to_le_bytes()[..], b"{}"].concat();
        assert!(header(&bytes).unwrap_err().contains("the header's length"), "{length}");
    }
    assert!(header(b"1234567").unwrap_err().contains("too few"));
}

/// Another file's bytes, or none, for one of a folder's.
pub(crate) fn with(mut files: Vec<File>, name: &str, bytes: Option<&str>) -> Vec<File> {
    files.retain(|(known, _)| known != name);
    files.extend(bytes.map(|bytes| (name.to_owned(), bytes.as_bytes().to_vec())));
    files
}

#[test]
fn files_that_are_missing_or_disagree_are_named() {
    let whole = || folder(&model(Family::Llama), &[], 2);
    let index = |map: &str| format!("{{\"weight_map\":{{{map}}}}}");
    let one = "\"model.norm.weight\":\"model-00001-of-00002.safetensors\"";
    let cases = [
        (with(whole(), "config.json", None), "config.json is missing"),
        (with(whole(), "tokenizer.json", None), "tokenizer.json is missing"),
        (with(whole(), "config.json", Some("{")), "config.json is no JSON"),
        (with(whole(), "model.safetensors.index.json", None), "model.safetensors is not there"),
        (with(whole(), "model.safetensors.index.json", Some("{}")), "`weight_map`"),
        (
            with(whole(), "model.safetensors.index.json", Some(&index(one))),
            "an index that says it stands there",
        ),
        (
            with(
                whole(),
                "model.safetensors.index.json",
                Some(&index("\"a\":\"../b.safetensors\"")),
            ),
            "../b",
        ),
        (with(whole(), "model.safetensors.index.json", Some(&index("\"a\":\"b.bin\""))), "b.bin"),
        (
            with(
                whole(),
                "model.safetensors.index.json",
                Some(&index("\"a\":\"nul.safetensors\"")),
            ),
            "nul.safetensors",
        ),
        (with(whole(), "tokenizer.json", Some(r#"{"model":{"type":"Unigram"}}"#)), "only BPE"),
        (
            with(
                whole(),
                "tokenizer.json",
                Some(r#"{"model":{"type":"BPE"},"normalizer":{"type":"NFKC"}}"#),
            ),
            "`normalizer`",
        ),
        (
            with(
                whole(),
                "tokenizer.json",
                Some(r#"{"model":{"type":"BPE"},"pre_tokenizer":{"type":"Whitespace"}}"#),
            ),
            "`pre_tokenizer`",
        ),
        (
            with(whole(), "generation_config.json", Some(r#"{"eos_token_id":[9999]}"#)),
            "`eos_token_id`",
        ),
        (with(whole(), "tokenizer_config.json", Some(r#"{"eos_token":"<nope>"}"#)), "`eos_token`"),
    ];
    for (files, wanted) in cases {
        let error = read(&files).unwrap_err();
        assert!(error.contains(wanted), "{error}\nexpected: {wanted}");
    }
}

/// Three letters, two pieces, a byte, and what begins and ends a prompt.
const PIECES: &str = r#"{"added_tokens":[{"id":0,"content":"<unk>","special":true},{"id":1,"content":"<s>","special":true},{"id":2,"content":"</s>","special":true}],"normalizer":NORMALIZER,"pre_tokenizer":null,"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}]},"model":{"type":"BPE","byte_fallback":true,"fuse_unk":true,"vocab":{"<unk>":0,"<s>":1,"</s>":2,"<0x0A>":3,"\u2581":4,"a":5,"b":6,"ab":7,"\u2581ab":8},"merges":["a b","\u2581 ab"]}}"#;
const SPACES: &str = r#"{"type":"Replace","pattern":{"String":" "},"content":"\u2581"}"#;

#[test]
fn sentencepieces_tokenizers_are_read() {
    let prepended = format!(
        r#"{{"type":"Sequence","normalizers":[{{"type":"Prepend","prepend":"\u2581"}},{SPACES}]}}"#
    );
    let said = r#"{"bos_token":"<s>","eos_token":"</s>","unk_token":"<unk>"}"#;
    for (normaliser, space_first) in [(&*prepended, true), (SPACES, false)] {
        let text = PIECES.replace("NORMALIZER", normaliser);
        let files = with(folder(&model(Family::Llama), &[], 1), "tokenizer.json", Some(&text));
        let files = with(files, "tokenizer_config.json", Some(said));
        let Folder { vocabulary, .. } = read(&files).unwrap();
        assert_eq!(vocabulary.model, "llama");
        assert_eq!(vocabulary.add_space_prefix, Some(space_first));
        assert_eq!(vocabulary.ranks[..9], [2, 2, 2, 2, 2, 2, 2, 0, 1]);
        use import::gguf::TokenKind::{Byte, Control, Normal, Unknown};
        let kinds = [Unknown, Control, Control, Byte, Normal, Normal, Normal, Normal, Normal];
        assert_eq!(vocabulary.kinds[..9], kinds);
        assert_eq!(vocabulary.add_beginning, Some(true));
    }
    let other = PIECES.replace("NORMALIZER", r#"{"type":"Prepend","prepend":"_"}"#);
    let files = with(folder(&model(Family::Llama), &[], 1), "tokenizer.json", Some(&other));
    assert!(read(&files).unwrap_err().contains("`normalizer`"));
}
