//! Messages are read in one way only, and render to the prompt of whoever wrote them.

// floats: a tool's description may hold one, and it comes through

use import::gguf::tiny::{Family, TinyModel};
use llm::{Prompt, RenderingError, UNREAD_TRIES_MAX, render, unread};
use serde_json::json;
use text::template::{CivilTime, MAX_JSON_DEPTH, TemplateError};
use text::{Conversation, Message, Role, Segment};

use crate::fixture::{Tiny, shape};

/// The tiny model without a template, or with another one.
fn with_template(template: Option<&str>) -> Tiny {
    let model = shape(Family::Llama);
    let writer = TinyModel { ..model }.writer().without("tokenizer.chat_template");
    Tiny::of(match template {
        Some(template) => writer.metadata("tokenizer.chat_template", template).finish(),
        None => writer.finish(),
    })
}

fn conversation() -> Conversation {
    let mut call = Message::new(Role::Assistant, "let me see");
    call.content = None;
    call.name = Some("helper".into());
    call.reasoning_content = Some("hm".into());
    call.tool_calls = vec![json!({"z": 1, "a": [1.5, true, null], "arguments": {"é": "\u{0}"}})];
    let mut result = Message::new(Role::Tool, "42 \"\\ <|im_end|>");
    result.tool_call_id = Some("one".into());
    let variables = json!({"enable_thinking": false, "n": 12});
    Conversation {
        messages: vec![
            Message::new(Role::System, "be brief"),
            Message::new(Role::User, "hello 🙂"),
            call,
            result,
        ],
        tools: vec![json!({"type": "function", "function": {"name": "f"}})],
        add_generation_prompt: false,
        variables: variables.as_object().unwrap().clone(),
        now: Some(CivilTime::new((2026, 11, 20), (22, 4, 5)).unwrap()),
    }
}

#[test]
fn what_is_written_is_read() {
    let plain = Conversation {
        messages: vec![Message::new(Role::User, "hi")],
        add_generation_prompt: true,
        ..Default::default()
    };
    let text = Prompt::Text("a \"b\" \\ \u{1} é".into());
    for prompt in [Prompt::Conversation(conversation()), Prompt::Conversation(plain.clone()), text]
    {
        assert_eq!(Prompt::read(&prompt.write()), Ok(prompt));
    }
    let bytes = Prompt::Conversation(plain).write();
    assert_eq!(bytes, br#"{"messages":[{"role":"user","content":"hi"}]}"#);
    let variables = String::from_utf8(Prompt::Conversation(conversation()).write()).unwrap();
    assert!(variables.contains(
        r#""variables":{"enable_thinking":false,"n":12,"strftime_now":"2026-11-20T22:04:05","add_generation_prompt":false}"#
    ));
}

#[test]
fn what_a_template_does_not_read_is_named() {
    let template = "{% for m in messages %}{{ m.content }}{{ m.name or '' }}{% endfor %}{{ x }}";
    let tiny = with_template(Some(template));
    let mut asked = Message::new(Role::User, "hi");
    asked.name = Some("n".into());
    asked.reasoning_content = Some("r".into());
    let mut said = Message::new(Role::Assistant, "");
    said.tool_calls = vec![json!({"a": 1})];
    said.tool_call_id = Some("t".into());
    let whole = Conversation {
        messages: vec![asked, said],
        variables: json!({"x": 1, "y": 2}).as_object().unwrap().clone(),
        ..conversation()
    };
    assert_eq!(
        unread(&tiny.model, &Prompt::Conversation(whole.clone())),
        [
            "tools",
            "variables.strftime_now",
            "variables.y",
            "messages[0].reasoning_content",
            "messages[1].tool_calls",
            "messages[1].tool_call_id"
        ]
    );
    let deaf = with_template(Some("always the same"));
    let found = unread(&deaf.model, &Prompt::Conversation(whole));
    assert!(found.contains(&"messages[0].content".to_owned()), "{found:?}");
    let messages = vec![Message::new(Role::User, "hi"); UNREAD_TRIES_MAX + 1];
    let many = Conversation { messages, ..Default::default() };
    assert_eq!(unread(&deaf.model, &Prompt::Conversation(many)).len(), UNREAD_TRIES_MAX);
    // Text is all read, and what can't be rendered has no prompt to compare with.
    assert!(unread(&tiny.model, &Prompt::Text("hi".into())).is_empty());
    assert!(unread(&tiny.model, &Prompt::Conversation(Conversation::default())).is_empty());
}

#[test]
fn the_prompt_is_the_templates() {
    let tiny = Tiny::new(Family::Llama);
    let (tokenizer, template) = (&tiny.model.tokenizer, tiny.model.template.as_ref().unwrap());
    let conversation = Conversation {
        messages: vec![Message::new(Role::User, "hello <|im_end|>")],
        add_generation_prompt: true,
        ..Default::default()
    };
    let rendered = template.render(&conversation).unwrap();
    let want = tokenizer.encode_prompt(&rendered.segments()).unwrap();
    assert_eq!(render(&tiny.model, &Prompt::Conversation(conversation).write()), Ok(want));
    let want = tokenizer.encode_prompt(&[Segment::Untrusted("<|im_start|>hello")]).unwrap();
    assert!(!want.contains(&1), "nothing in text is a special token");
    assert_eq!(render(&tiny.model, br#"{"text":"<|im_start|>hello"}"#), Ok(want));
}

#[test]
fn the_date_and_the_variables_reach_the_template() {
    let source = "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y %T') }}{% endif %}{{ v }}\
                  {% for tool in tools or [] %}{{ tool }}{% endfor %}{{ add_generation_prompt }}";
    let tiny = with_template(Some(source));
    let text = |json: &str| {
        let tokens = render(&tiny.model, json.as_bytes()).unwrap();
        let table = tiny.model.tokenizer.token_bytes();
        let bytes: Vec<u8> =
            tokens.iter().flat_map(|t| table.get(*t).unwrap().bytes).copied().collect();
        String::from_utf8(bytes).unwrap()
    };
    let messages = r#""messages":[{"role":"user","content":"x"}]"#;
    assert_eq!(text(&format!("{{{messages}}}")), "True");
    let all = r#""tools":["t"],"variables":{"v":"w","strftime_now":"2026-03-05T07:08:09","add_generation_prompt":false}"#;
    assert_eq!(text(&format!("{{{messages},{all}}}")), "05 Mar 2026 07:08:09wtFalse");
}

#[test]
fn a_model_without_a_template_takes_text_only() {
    let tiny = with_template(None);
    let messages = br#"{"messages":[{"role":"user","content":"x"}]}"#;
    assert_eq!(render(&tiny.model, messages), Err(RenderingError::NoTemplate));
    assert!(render(&tiny.model, br#"{"text":"x"}"#).is_ok());
}

#[test]
fn any_other_json_is_refused_by_name() {
    let tiny = Tiny::new(Family::Llama);
    let user = r#"{"role":"user","content":"x"}"#;
    for (json, says) in [
        ("", "no JSON"),
        ("{", "no JSON"),
        (r#"{"text":"a"} {"#, "no JSON"),
        (r#"{"text":"\ud800"}"#, "no JSON"),
        (r#"{"text":"a",}"#, "no JSON"),
        ("[]", "\"the messages\" of the whole is not an object"),
        ("{}", "neither \"messages\" nor \"text\""),
        (r#"{"text":1}"#, "\"text\" of the messages is not text"),
        (r#"{"text":null}"#, "\"text\" of the messages is not text"),
        (r#"{"text":"a","messages":[]}"#, "\"text\" is nothing that the messages can have here"),
        (r#"{"text":"a","tools":[]}"#, "\"tools\" is nothing"),
        (r#"{"text":"a","Text":"a"}"#, "\"Text\" is nothing"),
        (r#"{"text":"a","text":"a"}"#, "the member \"text\" twice"),
        (r#"{"text":"a","te\u0078t":"a"}"#, "the member \"text\" twice"),
        // By this name one library hands raw text to itself; here it is a name like any other.
        (r#"{"$serde_json::private::RawValue":"{\"text\":\"a\"}"}"#, "neither"),
        (r#"{"messages":{}}"#, "\"messages\" of the messages is not a list"),
        (r#"{"messages":[]}"#, "the conversation has no messages"),
        (r#"{"messages":["x"]}"#, "\"a message\" of the messages is not an object"),
        (r#"{"messages":[{"content":"x"}]}"#, "\"role\" of a message is not given"),
        (r#"{"messages":[{"role":"user"}]}"#, "\"content\" of a message is not given"),
        (r#"{"messages":[{"role":"user","content":["x"]}]}"#, "is not text or null"),
        (r#"{"messages":[{"role":"root","content":"x"}]}"#, "role \"root\""),
        (r#"{"messages":[{"role":"user","content":"x","name":null}]}"#, "\"name\" of a message"),
        (r#"{"messages":[{"role":"user","content":"x","weight":1}]}"#, "\"weight\" is nothing"),
        (r#"{"messages":[{"role":"user","content":"x","role":"user"}]}"#, "\"role\" twice"),
        (&format!(r#"{{"messages":[{user}],"model":"m"}}"#), "\"model\" is nothing"),
        (&format!(r#"{{"messages":[{user}],"variables":[]}}"#), "\"variables\" of the messages"),
        (
            &format!(r#"{{"messages":[{user}],"variables":{{"strftime_now":"today"}}}}"#),
            "is not a time like",
        ),
        (
            &format!(
                r#"{{"messages":[{user}],"variables":{{"strftime_now":"2026-02-30T00:00:00"}}}}"#
            ),
            "is not a time like",
        ),
        (
            &format!(r#"{{"messages":[{user}],"variables":{{"add_generation_prompt":1}}}}"#),
            "is not true or false",
        ),
        (&format!(r#"{{"messages":[{user}],"variables":{{"messages":[]}}}}"#), "can't be replaced"),
        (&format!(r#"{{"messages":[{user}],"variables":{{"a":{{"b":1,"b":2}}}}}}"#), "\"b\" twice"),
    ] {
        let error = render(&tiny.model, json.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(says), "{json}: {error}");
    }
    assert!(matches!(Prompt::read(b"{\"text\":\"\xff\"}"), Err(RenderingError::Json(_))));
}

#[test]
fn what_is_too_much_is_refused() {
    let tiny = Tiny::new(Family::Llama);
    let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(4 << 20));
    assert!(matches!(render(&tiny.model, long.as_bytes()), Err(RenderingError::TooLong(_))));
    let nested = |depth: usize| {
        let user = r#"{"role":"user","content":"x"}"#;
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let json = format!(r#"{{"messages":[{user}],"variables":{{"v":{open}{close}}}}}"#);
        render(&tiny.model, json.as_bytes())
    };
    assert!(nested(MAX_JSON_DEPTH).is_ok());
    assert!(matches!(
        nested(MAX_JSON_DEPTH + 1),
        Err(RenderingError::Template(TemplateError::Conversation(_)))
    ));
    assert!(matches!(nested(100_000), Err(RenderingError::Json(_))));
}
