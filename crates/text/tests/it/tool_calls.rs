//! Calls of tools: styles, grammars, the parser's events however the text is cut.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use text::grammar::{Constraint, GrammarTokens};
use text::tool_calls::{CallEvent, ToolCalls, ToolChoice, ToolError, ToolStyle, call_id, generic};
use text::{Conversation, Message, Role};

use crate::fixture::{id, tokenizer};

const STYLES: [ToolStyle; 4] =
    [ToolStyle::Hermes, ToolStyle::Llama, ToolStyle::Mistral, ToolStyle::Generic];

fn tools() -> Vec<Json> {
    let parameters = json!({
        "type": "object", "additionalProperties": false, "required": ["city"],
        "properties": { "city": { "type": "string", "maxLength": 3 } },
    });
    let tool = |name: &str, parameters: &Json| {
        json!({ "type": "function", "function": {
            "name": name, "description": "the weather", "parameters": parameters,
        } })
    };
    vec![
        tool("weather", &parameters),
        tool("now", &json!({ "type": "object", "maxProperties": 0 })),
    ]
}

fn calls(style: ToolStyle, choice: ToolChoice, parallel: bool) -> ToolCalls {
    ToolCalls::new(style, tokenizer().token_bytes(), &tools(), choice, parallel).unwrap()
}

/// What the model says when it calls the weather, and the time.
fn spoken(style: ToolStyle, both: bool) -> String {
    let (one, other) = match style {
        ToolStyle::Llama => (r#"{"name": "weather", "parameters": {"city": "Rom"}}"#, ""),
        ToolStyle::Hermes | ToolStyle::Generic | ToolStyle::Mistral => (
            r#"{"name": "weather", "arguments": {"city": "Rom"}}"#,
            r#"{"name": "now", "arguments": {}}"#,
        ),
    };
    let tagged = |call: &str| format!("<tool_call>\n{call}\n</tool_call>");
    match style {
        ToolStyle::Llama => one.into(),
        ToolStyle::Mistral if both => format!("[TOOL_CALLS][{one}, {other}]"),
        ToolStyle::Mistral => format!("[TOOL_CALLS][{one}]"),
        ToolStyle::Hermes | ToolStyle::Generic if both => tagged(one) + "\n" + &tagged(other),
        ToolStyle::Hermes | ToolStyle::Generic => tagged(one),
    }
}

/// Text and calls of an answer whose text comes in these pieces.
fn parsed(calls: &ToolCalls, pieces: &[&str]) -> (String, Vec<(String, String)>) {
    let mut parser = calls.parser();
    let mut events: Vec<CallEvent> =
        pieces.iter().flat_map(|piece| parser.push(None, piece)).collect();
    events.extend(parser.end());
    let (mut text, mut found, mut open) = (String::new(), Vec::new(), None);
    for event in events {
        match event {
            CallEvent::Text(more) => text.push_str(&more),
            CallEvent::Begin { index, name } => {
                assert_eq!((index, open), (found.len(), None));
                found.push((name, String::new()));
                open = Some(index);
            }
            CallEvent::Arguments { index, text } => {
                assert_eq!(open, Some(index));
                found[index].1.push_str(&text);
            }
            CallEvent::End { index } => assert_eq!(open.take(), Some(index)),
        }
    }
    assert_eq!(open, None);
    (text, found)
}

fn weather() -> (String, String) {
    ("weather".into(), r#"{"city": "Rom"}"#.into())
}

#[test]
fn calls_are_found_however_the_text_is_cut() {
    for style in STYLES {
        let both = style != ToolStyle::Llama;
        let calls = calls(style, ToolChoice::Auto, true);
        let text = spoken(style, both);
        let mut expected = vec![weather()];
        if both {
            expected.push(("now".into(), "{}".into()));
        }
        for cut in 0..=text.len() {
            let got = parsed(&calls, &[&text[..cut], &text[cut..]]);
            assert_eq!(got, (String::new(), expected.clone()), "{style:?} {cut}");
        }
        let letters: Vec<&str> = text.split_inclusive(|_: char| true).collect();
        assert_eq!(parsed(&calls, &letters), (String::new(), expected));
    }
}

#[test]
fn an_answer_cut_off_in_the_mark_that_closes_a_call_shows_nothing_of_it() {
    for style in [ToolStyle::Hermes, ToolStyle::Generic] {
        let calls = calls(style, ToolChoice::Auto, true);
        let text = spoken(style, false);
        for cut in text.len() - "\n</tool_call>".len()..=text.len() {
            assert_eq!(parsed(&calls, &[&text[..cut]]), (String::new(), vec![weather()]), "{cut}");
        }
        // What only looked like it is text, but for the white space behind the call.
        let other = text.replace("</tool_call>", "</tool_cat>");
        assert_eq!(parsed(&calls, &[&other]).0, "</tool_cat>");
    }
}

#[test]
fn text_stays_text() {
    let hermes = calls(ToolStyle::Hermes, ToolChoice::Auto, true);
    let call = spoken(ToolStyle::Hermes, false);
    let mixed = format!("Let me see. {call}\n");
    assert_eq!(parsed(&hermes, &[&mixed]), ("Let me see. ".into(), vec![weather()]));
    for text in [
        "no call at all",
        "<tool_call",
        "a < b <tool",
        "<tool_call>\nnothing of the kind",
        "<tool_call>\n{\"name\": \"format_disk\", \"arguments\": {}}\n</tool_call>",
        "<tool_call>{\"arguments\": {}}</tool_call>",
        "<tool_call>{\"name\": 3}",
        "{\"name\": \"weather\", \"parameters\": {}}",
    ] {
        assert_eq!(parsed(&hermes, &[text]), (text.into(), vec![]));
    }
    let llama = calls(ToolStyle::Llama, ToolChoice::Auto, true);
    for text in
        ["", "{\"a\": 1}", "{}", "well: {\"name\": \"weather\", \"parameters\": {}}", "  hm"]
    {
        assert_eq!(parsed(&llama, &[text]), (text.into(), vec![]));
    }
    let mistral = calls(ToolStyle::Mistral, ToolChoice::Auto, true);
    for text in ["hello [1]", "[TOOL_CALLS] none", "[TOOL_CALLS][{\"a\": 1}]"] {
        assert_eq!(parsed(&mistral, &[text]), (text.into(), vec![]));
    }
}

#[test]
fn a_call_that_is_cut_off_ends_where_the_answer_does() {
    let hermes = calls(ToolStyle::Hermes, ToolChoice::Auto, true);
    let (text, found) =
        parsed(&hermes, &["<tool_call>{\"name\": \"weather\", \"arguments\": {\"ci"]);
    assert_eq!((text.as_str(), found), ("", vec![("weather".into(), "{\"ci".into())]));
    // Once its name is known it is a call, whatever comes of it.
    let (text, found) = parsed(&hermes, &["<tool_call>{\"name\": \"weather\" so it is"]);
    assert_eq!((text.as_str(), found), ("so it is", vec![("weather".into(), "{}".into())]));
    // Arguments may come first, and what else is in a call is passed over.
    let other =
        r#"<tool_call>{"arguments": {"city": "Rom"}, "id": 3, "name": "weather"}</tool_call>"#;
    assert_eq!(parsed(&hermes, &[other]), (String::new(), vec![weather()]));
}

#[test]
fn a_call_that_is_cut_off_before_its_tool_is_known_is_nothing() {
    for style in STYLES {
        let text = spoken(style, false);
        let known = text.find("weather\"").unwrap() + "weather\"".len();
        for choice in [ToolChoice::Auto, ToolChoice::Required, ToolChoice::Named("weather".into())]
        {
            let forced = choice != ToolChoice::Auto;
            let calls = calls(style, choice, false);
            for cut in 0..known {
                // What may be text is, where text is allowed: half a mark, or JSON without one.
                let begun = style != ToolStyle::Llama && text[..cut].contains(['>', ']']);
                let shown = if forced || begun { "" } else { &text[..cut] };
                assert_eq!(
                    parsed(&calls, &[&text[..cut]]),
                    (shown.into(), vec![]),
                    "{style:?} {cut}"
                );
            }
            let (text, found) = parsed(&calls, &[&text[..known]]);
            assert_eq!((text.as_str(), found.len()), ("", 1), "{style:?}");
        }
    }
}

#[test]
fn one_call_is_one_call() {
    for style in [ToolStyle::Hermes, ToolStyle::Mistral] {
        let single = calls(style, ToolChoice::Auto, false);
        let (_, found) = parsed(&single, &[&spoken(style, true)]);
        assert_eq!(found, [weather()]);
    }
}

/// Whether the grammar takes this text byte by byte, and may end behind it.
fn follows(calls: &ToolCalls, text: &str) -> bool {
    let tokens = GrammarTokens::new(tokenizer().token_bytes()).unwrap();
    let mut constraint = Constraint::new(&tokens, &calls.grammar(), &[id("</s>")]).unwrap();
    let table = tokenizer().token_bytes();
    let byte = |byte: u8| {
        let one = |token: &u32| {
            let piece = table.get(*token).unwrap();
            !piece.control && piece.bytes == [byte]
        };
        (0..).find(one).unwrap()
    };
    text.bytes().all(|next| constraint.accept(byte(next)).is_ok()) && constraint.may_end().unwrap()
}

#[test]
fn grammars_take_calls_and_where_the_model_decides_text() {
    for style in STYLES {
        let one = spoken(style, false);
        let named = |name: &str| ToolChoice::Named(name.into());
        for choice in [ToolChoice::Auto, ToolChoice::Required, named("weather")] {
            assert!(follows(&calls(style, choice, false), &one), "{style:?}");
        }
        assert!(!follows(&calls(style, named("now"), false), &one));
        let wrong = one.replace("Rom", "Roma");
        assert!(!follows(&calls(style, ToolChoice::Auto, false), &wrong), "{style:?}");
        assert!(follows(&calls(style, ToolChoice::Auto, false), "Hello!"));
        assert!(!follows(&calls(style, ToolChoice::Required, false), "Hello!"));
        if style != ToolStyle::Llama {
            let both = spoken(style, true);
            assert!(follows(&calls(style, ToolChoice::Required, true), &both), "{style:?}");
            assert!(!follows(&calls(style, ToolChoice::Required, false), &both), "{style:?}");
        }
    }
}

#[test]
fn the_template_tells_the_style() {
    let style = |source| ToolStyle::of_template(Some(source));
    assert_eq!(style("{% if tools %}<tool_call>{{ arguments }}"), ToolStyle::Hermes);
    assert_eq!(style("{{ tools }}[TOOL_CALLS]"), ToolStyle::Mistral);
    assert_eq!(style("{{ tools }}\"parameters\" <|python_tag|>"), ToolStyle::Llama);
    assert_eq!(style("{{ messages }}"), ToolStyle::Generic);
    assert_eq!(style("{{ tools }} in another way"), ToolStyle::Generic);
    assert_eq!(ToolStyle::of_template(None), ToolStyle::Generic);
}

#[test]
fn a_template_without_tools_is_told_of_them_in_words() {
    let mut called = Message::new(Role::Assistant, "");
    called.tool_calls = vec![json!({ "id": "x", "type": "function", "function": {
        "name": "weather", "arguments": "{\"city\": \"Rom\"}",
    } })];
    let messages = vec![Message::new(Role::User, "hi"), called, Message::new(Role::Tool, "rain")];
    let before = Conversation { messages, tools: tools(), ..Conversation::default() };
    let after = generic::conversation(before, &calls(ToolStyle::Generic, ToolChoice::Auto, true));
    assert!(after.tools.is_empty() && after.messages.iter().all(|one| one.tool_calls.is_empty()));
    let texts: Vec<&str> = after.messages.iter().filter_map(|one| one.content.as_deref()).collect();
    assert!(texts[0].contains("\"weather\"") && after.messages[0].role == Role::System);
    assert_eq!(texts[2], spoken(ToolStyle::Generic, false));
    assert_eq!(texts[3], "<tool_response>\nrain\n</tool_response>");
    assert_eq!(after.messages[3].role, Role::User);
}

#[test]
fn tools_that_are_none_are_refused() {
    let of = |tools: &[Json], choice| {
        let table = tokenizer().token_bytes();
        ToolCalls::new(ToolStyle::Hermes, table, tools, choice, true).unwrap_err()
    };
    let named = |name: &str| json!({ "type": "function", "function": { "name": name } });
    assert_eq!(of(&[], ToolChoice::Auto), ToolError::None);
    assert_eq!(of(&[json!(1)], ToolChoice::Auto), ToolError::NoFunction { index: 0 });
    assert_eq!(of(&[named("a\"")], ToolChoice::Auto), ToolError::Name("a\"".into()));
    assert_eq!(of(&[named("a"), named("a")], ToolChoice::Auto), ToolError::Twice("a".into()));
    let unknown = ToolChoice::Named("b".into());
    assert_eq!(of(&[named("a")], unknown), ToolError::Unknown("b".into()));
    assert_eq!(of(&vec![named("a"); 129], ToolChoice::Auto), ToolError::TooMany(129));
}

#[test]
fn ids_are_the_same_whenever_the_answer_is() {
    assert_eq!(call_id(b"answer", 0), call_id(b"answer", 0));
    assert_ne!(call_id(b"answer", 0), call_id(b"answer", 1));
    assert_eq!(call_id(b"", 0).len(), 9);
}

#[test]
fn white_space_behind_a_call_is_none_however_it_is_cut() {
    let calls = calls(ToolStyle::Hermes, ToolChoice::Auto, true);
    let call = spoken(ToolStyle::Hermes, false);
    for pieces in [vec![" \n", "so ", "it is"], vec![" \nso it is"], vec![" ", "\nso", " it is"]] {
        let pieces: Vec<&str> = [&call[..]].into_iter().chain(pieces).collect();
        assert_eq!(parsed(&calls, &pieces), ("so it is".into(), vec![weather()]), "{pieces:?}");
    }
}

proptest! {
    #[test]
    fn nothing_a_model_says_is_too_much(
        style in 0..4_usize,
        pieces in prop::collection::vec(
            "(<tool_call>|</tool_call>|\\[TOOL_CALLS\\]|\\{\"name\": \"weather\", |\"arguments\": |\"parameters\": |[\\[\\]{}\",:a \n\\\\é]){0,5}",
            0..6,
        ),
    ) {
        let calls = calls(STYLES[style], ToolChoice::Auto, true);
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let whole = pieces.concat();
        prop_assert_eq!(parsed(&calls, &pieces), parsed(&calls, &[&whole]));
    }
}
