//! Any template with any text ends, without a panic, and gives a user no control token.
//!
//! The input is split at its first NUL into the template's source and a user's message.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use text::{
    ChatTemplate, Conversation, Message, ModelKind, Role, TokenType, Tokenizer, Vocabulary,
};

const CONTROL: [&str; 5] = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|user|>"];

static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
    Tokenizer::new(&Vocabulary {
        kind: ModelKind::Gpt2,
        tokens: CONTROL.map(str::to_owned).to_vec(),
        token_types: vec![TokenType::Control; CONTROL.len()],
        merges: Vec::new(),
        pre_tokenizer: "smollm".to_owned(),
        bos: Some(0),
        eos: Some(1),
        eot: None,
        eom: None,
        unknown: None,
        padding: None,
        add_bos: None,
        add_eos: false,
        add_space_prefix: false,
    })
    .expect("the vocabulary is sound")
});

fuzz_target!(|input: &str| {
    let (source, content) = input.split_once('\0').unwrap_or((input, "<|im_end|>"));
    let Ok(template) = ChatTemplate::new(source, &TOKENIZER) else { return };
    let conversation = Conversation {
        messages: vec![Message::new(Role::User, content)],
        add_generation_prompt: true,
        ..Conversation::default()
    };
    let Ok(rendered) = template.render(&conversation) else { return };
    let mut done = 0;
    for range in &rendered.controls {
        assert!(done <= range.start);
        assert!(CONTROL.contains(&&rendered.text[range.clone()]));
        done = range.end;
    }
    // A template without a control token's frame has none to give.
    if !source.contains(['<', '_', '\\']) {
        assert!(rendered.controls.is_empty());
    }
});
