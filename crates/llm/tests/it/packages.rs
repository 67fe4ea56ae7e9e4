//! A GGUF file and its package are one model; the package's id is the file's, everywhere; hostile packages are refused
//! before anything runs.

use std::convert::Infallible;

use import::gguf::TensorType;
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::tiny_cases;
use llm::{Model, ModelError, Publication};
use package::{Package, PartKind, Shards, TokenBytes, TokenizerKind, Units, UnitsError};
use text::template::TemplateError;
use text::{Conversation, Message, Role, Segment, VocabularyError};

pub(crate) type Refused = ModelError<Infallible>;

const TEXTS: [&str; 6] = [
    "",
    "hello there",
    "  two\n\n spaces",
    "<|im_start|>user\n1234567<|im_end|>",
    "é☃\u{0}",
    "<|odd|>",
];

fn publication(bytes: &[u8]) -> Result<Publication, Refused> {
    let length = u64::try_from(bytes.len()).unwrap();
    Publication::from_gguf(bytes, length, |offset, out| {
        let start = usize::try_from(offset).unwrap();
        out.copy_from_slice(&bytes[start..start + out.len()]);
        Ok::<_, Infallible>(())
    })
}

fn units(publication: &Publication, bytes: &[u8]) -> Result<Units, UnitsError> {
    let mut units = publication.units();
    // Backwards, for the order does not matter.
    for tensor in publication.model.program.program().tensors.iter().rev() {
        let start = usize::try_from(tensor.location.offset).unwrap();
        units.add(tensor, &bytes[start..start + usize::try_from(tensor.bytes()).unwrap()])?;
    }
    units.finish()
}

pub(crate) fn package(bytes: &[u8]) -> Package {
    let publication = publication(bytes).unwrap();
    let mut shards = Shards::new();
    bytes.chunks(1000).for_each(|piece| shards.update(piece));
    publication.package(&units(&publication, bytes).unwrap(), vec![shards.finish()]).unwrap()
}

/// The package with a part changed and named anew, as a hostile publisher makes it.
fn with(package: &Package, part: PartKind, bytes: Vec<u8>) -> Package {
    let manifest = package.manifest();
    let mut parts = package.parts().clone();
    parts.insert(part, bytes);
    Package::assemble(manifest.about().clone(), manifest.files().to_vec(), parts).unwrap()
}

pub(crate) fn with_tokenizer(
    package: &Package,
    change: impl FnOnce(&mut package::Tokenizer),
) -> Package {
    let mut tokenizer = package.tokenizer().clone();
    change(&mut tokenizer);
    with(package, PartKind::Tokenizer, tokenizer.encode().unwrap())
}

pub(crate) fn refused(package: &Package) -> Refused {
    Model::from_package(package).err().unwrap()
}

fn tiny() -> TinyModel {
    TinyModel { heads: 2, kv_heads: 1, ..TinyModel::new(3) }
}

fn models() -> Vec<(&'static str, Vec<u8>)> {
    let odd = || {
        let writer = tiny().writer();
        writer.metadata("general.license", "apache-2.0").metadata("tokenizer.ggml.eot_token_id", 1)
    };
    vec![
        ("llama", tiny().write()),
        ("qwen2", TinyModel { family: Family::Qwen2, tied: false, ..tiny() }.write()),
        ("f16", TinyModel { matrices: TensorType::F16, ..tiny() }.write()),
        ("odd", odd().finish()),
    ]
}

#[test]
fn a_file_and_its_package_are_one_model() {
    for (name, bytes) in models() {
        let file = publication(&bytes).unwrap().model;
        let package = Model::from_package(&package(&bytes)).unwrap();
        assert_eq!(package.program.digest(), file.program.digest(), "{name}");
        let (one, other) = (&file.tokenizer, &package.tokenizer);
        assert_eq!(one.token_bytes(), other.token_bytes(), "{name}");
        assert_eq!(one.stop_tokens(), other.stop_tokens(), "{name}");
        assert_eq!(one.missing_bytes(), other.missing_bytes(), "{name}");
        for text in TEXTS {
            for segment in [Segment::Trusted(text), Segment::Untrusted(text)] {
                let tokens = one.encode_prompt(&[segment]).unwrap();
                assert_eq!(other.encode_prompt(&[segment]).unwrap(), tokens, "{name}: {text:?}");
            }
            let conversation = Conversation {
                messages: vec![Message::new(Role::System, text), Message::new(Role::User, "hi")],
                add_generation_prompt: true,
                ..Conversation::default()
            };
            let rendered = file.template.as_ref().unwrap().render(&conversation);
            assert_eq!(
                package.template.as_ref().unwrap().render(&conversation),
                rendered,
                "{name}"
            );
            assert!(rendered.is_ok());
        }
    }
}

/// Fused matrices are bound by their rows, so one tensor of the file is several of the program.
#[test]
fn every_architecture_has_a_package() {
    for case in tiny_cases::cases() {
        let bytes = case.file.finish();
        let file = publication(&bytes).unwrap().model;
        let package = Model::from_package(&package(&bytes)).unwrap();
        assert_eq!(package.program.digest(), file.program.digest(), "{}", case.name);
    }
}

/// DRAFT, as the package version is: whoever changes one says so in `spec/package.md`.
const IDS: [(&str, &str); 4] = [
    ("llama", "b6ef209fcb5e195819dc58d19178d9f16bf7ff020bdacaed7856031c01180c48"),
    ("qwen2", "eb05445c21209594d5d41d90920b3e126095d9c8a0805d974597c25e0bd3d893"),
    ("f16", "4b707abc39c39ef34f6e3b263b961f4ac23ec5f80d70a31b268c7079e2fc25f8"),
    ("odd", "c9de452fb59e0544b0b07ff15a86d17183808924663607edcd137e4f50e328d7"),
];

#[test]
fn a_file_has_one_model_id_everywhere() {
    let found: Vec<_> = models()
        .into_iter()
        .map(|(name, bytes)| (name, package(&bytes).id().to_string()))
        .collect();
    let found: Vec<_> = found.iter().map(|(name, id)| (*name, id.as_str())).collect();
    assert_eq!(found, IDS);
}

#[test]
fn a_package_says_what_the_file_says_and_no_more() {
    let package = package(&models().remove(3).1);
    let about = package.manifest().about();
    assert_eq!((about.name.as_str(), about.licence.as_str()), ("tiny", "apache-2.0"));
    assert_eq!(about.redistributable, package::Redistributable::Unknown);
    assert_eq!(package.manifest().files()[0].name, "model.gguf");
    assert_eq!((package.card(), package.quality()), (None, None));
    assert_eq!(package.defaults(), &package::Defaults::default());
    assert_eq!(package.tokenizer().stop_tokens, [0, 1, 2]);
}

#[test]
fn every_change_of_the_file_changes_the_id() {
    let bytes = models().remove(0).1;
    let id = package(&bytes).id();
    let mut weight = bytes.clone();
    *weight.last_mut().unwrap() ^= 1;
    assert_ne!(package(&weight).id(), id);
    let longer = [bytes, vec![0]].concat();
    assert_ne!(package(&longer).id(), id, "even what no tensor reads");
    let renamed = tiny().writer().metadata("general.license", "MIT").finish();
    assert_ne!(package(&renamed).id(), id);
}

#[test]
fn the_stop_tokens_are_the_packages() {
    let package = package(&models().remove(0).1);
    let fewer = with_tokenizer(&package, |tokenizer| tokenizer.stop_tokens = vec![7]);
    let model = Model::from_package(&fewer).unwrap();
    assert_eq!(model.tokenizer.stop_tokens().iter().collect::<Vec<_>>(), [7]);
}

#[test]
fn token_bytes_that_are_not_the_tokenizers_are_refused() {
    let package = package(&models().remove(0).1);
    let table = package.token_bytes();
    let count = u32::try_from(table.len()).unwrap();
    for token in [0, 77, count - 1] {
        let pieces = (0..count).map(|id| {
            let (special, bytes) = table.get(id).unwrap();
            (special, if id == token { &b"x"[..] } else { bytes })
        });
        let lie = with(&package, PartKind::TokenBytes, TokenBytes::new(pieces).unwrap().encode());
        assert!(matches!(refused(&lie), ModelError::TokenBytes { token: t } if t == token));
    }
}

#[test]
fn a_token_that_looks_like_control_is_typed_so() {
    let package = package(&models().remove(0).1);
    let lie =
        with_tokenizer(&package, |tokenizer| tokenizer.tokens[280].text = "<|sneaky|>".into());
    assert!(matches!(refused(&lie), ModelError::TokenBytes { token: 280 }));
}

#[test]
fn a_template_without_end_is_refused_by_its_fuel() {
    let package = package(&models().remove(0).1);
    let template = |source: &str| with(&package, PartKind::Template, source.as_bytes().to_vec());
    let range = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
    let error = refused(&template(range));
    assert!(matches!(error, ModelError::Template(TemplateError::OutOfFuel { .. })), "{error}");
    let huge = "{% set n = namespace(t='x' * 1000000) %}{% for i in range(99) %}{% set n.t = n.t ~ n.t %}{% endfor %}";
    let error = refused(&template(huge));
    assert!(matches!(error, ModelError::Template(TemplateError::TooMuchMade { .. })), "{error}");
    let error = refused(&template("{% for %}"));
    assert!(matches!(error, ModelError::Template(TemplateError::Syntax { .. })), "{error}");
    // But one that refuses a conversation without a system message is a template.
    assert!(Model::from_package(&template("{{ raise_exception('no system') }}")).is_ok());
}

#[test]
fn a_template_that_is_too_long_is_refused() {
    let package = package(&models().remove(0).1);
    let manifest = package.manifest();
    let mut parts = package.parts().clone();
    parts.insert(PartKind::Template, vec![b'a'; (1 << 18) + 1]);
    let made = Package::assemble(manifest.about().clone(), manifest.files().to_vec(), parts);
    assert!(made.unwrap_err().to_string().contains("template"));
}

/// Pre-tokenizer and merges.
fn parts(tokenizer: &mut package::Tokenizer) -> (&mut String, &mut Vec<(u32, u32)>) {
    match &mut tokenizer.kind {
        TokenizerKind::ByteLevel { pre_tokenizer, merges } => (pre_tokenizer, merges),
        TokenizerKind::SentencePiece { .. } => panic!("these models are of the other kind"),
    }
}

/// A package brings no expression of its own: it names one of a table.
#[test]
fn a_pre_tokenizer_is_one_of_the_known() {
    let package = package(&models().remove(0).1);
    let hostile = with_tokenizer(&package, |tokenizer| *parts(tokenizer).0 = "(a+)+$".into());
    let error = refused(&hostile);
    let unknown = matches!(error, ModelError::Vocabulary(VocabularyError::PreTokenizer { .. }));
    assert!(unknown, "{error}");
}

#[test]
fn merges_that_make_no_token_are_refused() {
    let package = package(&models().remove(0).1);
    for merge in [(0, 5), (5, 5), (280, 281)] {
        let hostile = with_tokenizer(&package, |tokenizer| parts(tokenizer).1.push(merge));
        assert!(matches!(refused(&hostile), ModelError::Vocabulary(_)), "{merge:?}");
    }
    let again = parts(&mut package.tokenizer().clone()).1[0];
    let hostile = with_tokenizer(&package, |tokenizer| parts(tokenizer).1.push(again));
    assert!(matches!(refused(&hostile), ModelError::Vocabulary(_)));
    let hostile = with_tokenizer(&package, |tokenizer| tokenizer.tokens[9].text = "a".into());
    assert!(matches!(refused(&hostile), ModelError::Vocabulary(_)), "two tokens of one text");
}

#[test]
fn weights_that_are_no_numbers_give_no_package() {
    let (_, mut bytes) = models().remove(0);
    let publication = publication(&bytes).unwrap();
    let tensor = publication.model.program.program().tensors[0].clone();
    let start = usize::try_from(tensor.location.offset).unwrap();
    bytes[start..start + 2].copy_from_slice(&[0, 0x7c]);
    let error = units(&publication, &bytes).unwrap_err();
    assert!(matches!(&error, UnitsError::Refused { name, .. } if *name == tensor.name), "{error}");
}

#[test]
fn units_that_are_not_the_weights_are_found() {
    let bytes = models().remove(0).1;
    let package = package(&bytes);
    let mut lie = package.parts()[&PartKind::Units].clone();
    *lie.last_mut().unwrap() ^= 1;
    let lie = with(&package, PartKind::Units, lie);
    let made = units(&publication(&bytes).unwrap(), &bytes).unwrap();
    assert_eq!(package.units().hold(&made, package.program()), Ok(()));
    let error = lie.units().hold(&made, lie.program()).unwrap_err();
    assert!(matches!(error, UnitsError::Differs { .. }), "{error}");
}
