//! Models whose tokenizers are of SentencePiece's kind: file and package are one model, prompts are the templates', and
//! answers are text.

use import::gguf::tiny::{Family, TinyModel};
use import::gguf::tiny_pieces::{PieceFamily, with_pieces};
use llm::{Model, ModelError, Prompt, render};
use package::TokenizerKind;
use text::{Conversation, Message, Role, Segment, VocabularyError};

use crate::fixture::{Tiny, request, shape};
use crate::packages::{package, refused, with_tokenizer};

const TEXTS: [&str; 7] = [
    "",
    "hello there",
    "  two\n\n spaces  ",
    "[INST] a</s><s> [/INST]",
    "é☃\u{0}日\u{2581}",
    "<0x41><end_of_turn>\n<|user|>\n a",
    "\n\n\n\t<table>   it",
];

/// The architecture that such a vocabulary comes with.
fn file(family: PieceFamily) -> Vec<u8> {
    let model = match family {
        PieceFamily::Llama2 => Family::Llama,
        PieceFamily::Gemma => Family::Gemma3,
        PieceFamily::Phi3 => Family::Phi3,
    };
    let model = TinyModel { vocabulary: 448, context: 256, ..TinyModel::of(model, 5) };
    with_pieces(&model, family).finish()
}

fn conversation(turns: &[(Role, &str)]) -> Conversation {
    Conversation {
        messages: turns.iter().map(|(role, text)| Message::new(*role, *text)).collect(),
        add_generation_prompt: true,
        ..Conversation::default()
    }
}

/// What the tokens are, special ones in angle brackets of their own.
fn told(model: &Model, tokens: &[u32]) -> String {
    let table = model.tokenizer.token_bytes();
    tokens
        .iter()
        .map(|token| {
            let piece = table.get(*token).unwrap();
            let text = String::from_utf8_lossy(piece.bytes);
            if piece.control { format!("⟨{text}⟩") } else { text.into_owned() }
        })
        .collect()
}

#[test]
fn a_file_and_its_package_are_one_model() {
    for family in PieceFamily::ALL {
        let bytes = file(family);
        let file = Tiny::of(bytes.clone()).model;
        let package = Model::from_package(&package(&bytes)).unwrap();
        assert_eq!(package.program.digest(), file.program.digest());
        let (one, other) = (&file.tokenizer, &package.tokenizer);
        assert_eq!(one.token_bytes(), other.token_bytes());
        assert_eq!(one.stop_tokens(), other.stop_tokens());
        for text in TEXTS {
            for segment in [Segment::Trusted(text), Segment::Untrusted(text)] {
                let tokens = one.encode_prompt(&[segment]).unwrap();
                assert_eq!(
                    other.encode_prompt(&[segment]).unwrap(),
                    tokens,
                    "{family:?}: {text:?}"
                );
            }
            let conversation = conversation(&[(Role::User, text)]);
            let rendered = file.template.as_ref().unwrap().render(&conversation);
            assert_eq!(package.template.as_ref().unwrap().render(&conversation), rendered);
            assert!(rendered.is_ok());
        }
    }
}

/// DRAFT, as the package version is: whoever changes one says so in `spec/package.md`.
const IDS: [&str; 3] = [
    "3b76dad732a8d777bd874f599cf1b8018244701a526fe9e55ab0348aefbd35f8",
    "29a74a30959dda984d94c3be38ff0f605cd81fea97b834fe89be5a89bc6ec49c",
    "247f33e4e73c7e06f4e0a05bebf32b3c791f8ed8ea0d1f6807d00c84e2c78f26",
];

#[test]
fn a_file_has_one_model_id_everywhere() {
    let found = PieceFamily::ALL.map(|family| package(&file(family)).id().to_string());
    assert_eq!(found.each_ref().map(String::as_str), IDS);
}

#[test]
fn prompts_are_the_templates() {
    let turns = [(Role::User, " hi</s> "), (Role::Assistant, "so"), (Role::User, "\nit  is<eos>")];
    let said = [
        "⟨<s>⟩ [INST] hi</s> [/INST] so ⟨</s>⟩⟨<s>⟩ [INST] it  is<eos> [/INST]",
        "⟨<bos>⟩⟨<start_of_turn>⟩user\nhi</s>⟨<end_of_turn>⟩\n⟨<start_of_turn>⟩model\nso⟨<end_of_turn>⟩\n\
         ⟨<start_of_turn>⟩user\nit  is<eos>⟨<end_of_turn>⟩\n⟨<start_of_turn>⟩model\n",
        "⟨<s>⟩⟨<|user|>⟩ hi</s> ⟨<|end|>⟩⟨<|assistant|>⟩ so⟨<|end|>⟩⟨<|user|>⟩ it  is<eos>⟨<|end|>⟩⟨<|assistant|>⟩",
    ];
    for (family, said) in PieceFamily::ALL.into_iter().zip(said) {
        let tiny = Tiny::of(file(family));
        let prompt = Prompt::Conversation(conversation(&turns)).write();
        assert_eq!(told(&tiny.model, &render(&tiny.model, &prompt).unwrap()), said, "{family:?}");
    }
}

#[test]
fn what_ends_an_answer_is_found_by_its_text_too() {
    let ends = [vec![2], vec![1, 5], vec![2, 444, 446]];
    for (family, ends) in PieceFamily::ALL.into_iter().zip(ends) {
        let tiny = Tiny::of(file(family));
        let found: Vec<u32> = tiny.model.tokenizer.stop_tokens().iter().collect();
        assert_eq!(found, ends, "{family:?}");
    }
}

/// Nothing is taken from the text, whatever the first token begins with.
#[test]
fn the_text_of_an_answer_is_its_tokens_bytes() {
    for family in PieceFamily::ALL {
        let tiny = Tiny::of(file(family));
        let prompt = Prompt::Conversation(conversation(&[(Role::User, "the end is")])).write();
        let prompt = render(&tiny.model, &prompt).unwrap();
        let answer = tiny.answer(&mut tiny.any(), &request(prompt, 24));
        assert!(answer.tokens.len() > 3, "{family:?}");
        let table = tiny.model.tokenizer.token_bytes();
        let pieces = answer.tokens.iter().map(|token| table.get(*token).unwrap());
        let bytes: Vec<u8> =
            pieces.filter(|piece| !piece.control).flat_map(|piece| piece.bytes).copied().collect();
        assert_eq!(answer.text, String::from_utf8_lossy(&bytes), "{family:?}");
    }
}

#[test]
fn a_hostile_package_is_refused() {
    let package = package(&file(PieceFamily::Llama2));
    let vocabulary = |change: fn(&mut package::Tokenizer)| {
        let error = refused(&with_tokenizer(&package, change));
        let ModelError::Vocabulary(error) = error else { panic!("{error}") };
        error
    };
    assert_eq!(
        vocabulary(|t| t.tokens[13].text = "x".into()),
        VocabularyError::ByteText { id: 13 }
    );
    assert_eq!(
        vocabulary(|t| t.tokens[13].kind = package::TokenType::Unused),
        VocabularyError::MissingByte(10)
    );
    let error = vocabulary(|t| t.tokens[300].text = "<s>".into());
    assert!(matches!(error, VocabularyError::DuplicateToken { first: 1, second: 300, .. }));
    // Other scores are another model, whose table of bytes is the same.
    let other = with_tokenizer(&package, |tokenizer| match &mut tokenizer.kind {
        TokenizerKind::SentencePiece { ranks, .. } => ranks.fill(0),
        TokenizerKind::ByteLevel { .. } => panic!("it is of the other kind"),
    });
    assert!(Model::from_package(&other).is_ok());
    assert_ne!(other.id(), package.id());
}

#[test]
fn a_header_that_says_little_is_as_llama_cpp_has_it() {
    let plain =
        with_pieces(&TinyModel { vocabulary: 448, ..shape(Family::Llama) }, PieceFamily::Llama2);
    let model = Tiny::of(plain.clone().finish()).model;
    let ids = |text| model.tokenizer.encode_prompt(&[Segment::Untrusted(text)]).unwrap();
    assert_eq!(
        (told(&model, &ids("it")), told(&model, &ids(""))),
        ("⟨<s>⟩ it".into(), "⟨<s>⟩".into())
    );
    let other = plain
        .metadata("tokenizer.ggml.add_bos_token", false)
        .metadata("tokenizer.ggml.add_eos_token", true)
        .metadata("tokenizer.ggml.add_space_prefix", false);
    let model = Tiny::of(other.finish()).model;
    let ids = model.tokenizer.encode_prompt(&[Segment::Untrusted("it")]).unwrap();
    assert_eq!(told(&model, &ids), "it⟨</s>⟩");
}
