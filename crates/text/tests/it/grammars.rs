//! Grammars: what a mask allows, that it is always the same, and hostile definitions.

use std::sync::LazyLock;
use std::thread;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use text::grammar::{
    Constraint, GRAMMAR_BYTES_MAX, GRAMMAR_DEPTH_MAX, GRAMMAR_NAMES_MAX, Grammar, GrammarError,
    GrammarText, GrammarTokens, StrictRefused, check_strict,
};
use text::{TokenType, Tokenizer};

use crate::fixture::{id, tokenizer, vocabulary};

fn tokens() -> GrammarTokens {
    static TOKENS: LazyLock<GrammarTokens> =
        LazyLock::new(|| GrammarTokens::new(tokenizer().token_bytes()).unwrap());
    TOKENS.clone()
}

fn end() -> u32 {
    id("</s>")
}

fn constraint(grammar: &Grammar) -> Result<Constraint, GrammarError> {
    Constraint::new(&tokens(), grammar, &[end()])
}

fn allowed(constraint: &mut Constraint) -> Vec<u32> {
    let mask = constraint.mask().unwrap();
    (0..u32::try_from(mask.len()).unwrap() * 64)
        .filter(|token| mask[usize::try_from(token / 64).unwrap()] >> (token % 64) & 1 == 1)
        .collect()
}

/// The text of tokens drawn from the masks by a seed; whether it was ended by the stop token.
fn walk(constraint: &mut Constraint, mut state: u64, most: usize) -> (String, Vec<u32>, bool) {
    let (mut bytes, mut drawn) = (Vec::new(), Vec::new());
    for _ in 0..most {
        let allowed = allowed(constraint);
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The end half of the time, so that texts stay short.
        let token = if allowed.contains(&end()) && state >> 63 == 0 {
            end()
        } else {
            allowed[usize::try_from(state >> 33).unwrap() % allowed.len()]
        };
        constraint.accept(token).unwrap();
        drawn.push(token);
        if token == end() {
            return (String::from_utf8(bytes).unwrap(), drawn, true);
        }
        bytes.extend_from_slice(tokenizer().token_bytes().get(token).unwrap().bytes);
    }
    (String::from_utf8_lossy(&bytes).into_owned(), drawn, false)
}

fn small_schema() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(json!({ "type": "boolean" })),
        Just(json!({ "type": "null" })),
        (0..5_i64, 0..40_i64).prop_map(
            |(least, more)| json!({ "type": "integer", "minimum": least, "maximum": least + more })
        ),
        Just(json!({ "enum": ["red", "gr\u{fc}n", 3, null] })),
        (1..4_u64).prop_map(|most| json!({ "type": "string", "maxLength": most })),
        Just(json!({ "type": "string", "pattern": "^[a-c]{2,3}$" })),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(|members| {
                let names = ["a", "bc", "\u{e9}\""];
                let properties: serde_json::Map<_, _> =
                    names.into_iter().map(String::from).zip(members).collect();
                let required: Vec<&String> = properties.keys().collect();
                json!({
                    "type": "object", "additionalProperties": false, "required": required,
                    "properties": properties,
                })
            }),
            inner
                .clone()
                .prop_map(|items| json!({ "type": "array", "items": items, "maxItems": 2 })),
            (inner.clone(), inner).prop_map(|(one, other)| json!({ "anyOf": [one, other] })),
        ]
    })
}

/// Whether a value is of a schema of this small family: a judge of our own.
fn is_of(value: &Json, schema: &Json) -> bool {
    if let Some(options) = schema.get("anyOf") {
        return options.as_array().unwrap().iter().any(|option| is_of(value, option));
    }
    if let Some(values) = schema.get("enum") {
        return values.as_array().unwrap().contains(value);
    }
    match schema["type"].as_str().unwrap() {
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.as_i64().is_some_and(|number| {
            (schema["minimum"].as_i64().unwrap()..=schema["maximum"].as_i64().unwrap())
                .contains(&number)
        }),
        "string" => value.as_str().is_some_and(|text| match schema.get("maxLength") {
            Some(most) => text.chars().count() <= usize::try_from(most.as_u64().unwrap()).unwrap(),
            None => (2..=3).contains(&text.len()) && text.chars().all(|c| ('a'..='c').contains(&c)),
        }),
        "array" => value.as_array().is_some_and(|list| {
            list.len() <= 2 && list.iter().all(|item| is_of(item, &schema["items"]))
        }),
        "object" => value.as_object().is_some_and(|members| {
            let properties = schema["properties"].as_object().unwrap();
            members.keys().eq(properties.keys())
                && members.iter().all(|(name, value)| is_of(value, &properties[name]))
        }),
        other => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_drawn_is_of_the_schema(schema in small_schema(), seed in any::<u64>()) {
        let mut constraint = constraint(&Grammar::json_schema(schema.to_string())).unwrap();
        let (text, drawn, ended) = walk(&mut constraint, seed, 400);
        if ended {
            let value: Json = serde_json::from_str(&text).unwrap();
            prop_assert!(is_of(&value, &schema), "{text} of {schema}");
        }
        // The same masks again, of another parser on another thread.
        let grammar = Grammar::json_schema(schema.to_string());
        let other = thread::spawn(move || {
            let mut other = self::constraint(&grammar).unwrap();
            drawn.iter().for_each(|token| other.accept(*token).unwrap());
            allowed(&mut other)
        });
        prop_assert_eq!(other.join().unwrap(), allowed(&mut constraint));
    }

    #[test]
    fn no_text_is_too_much(kind in 0..4_usize, text in "\\PC{0,80}", lark in "(start: )?[a-zA\"/(){}|*+?%\\[\\]:\n0-9$ref<>]{0,60}") {
        let kind = ["json_object", "json_schema", "lark", "regex"][kind];
        for text in [&text, &lark] {
            let parts = GrammarText { engine: "llguidance", version: "1.9.1", kind, text };
            if let Ok(grammar) = Grammar::from_parts(parts)
                && let Ok(mut constraint) = constraint(&grammar)
            {
                let _ = constraint.mask();
            }
        }
    }
}

#[test]
fn any_object_is_json() {
    for seed in 0..6 {
        let mut constraint = constraint(&Grammar::json_object()).unwrap();
        let (text, _, ended) = walk(&mut constraint, seed, 150);
        assert!(text.starts_with('{'));
        if ended {
            assert!(serde_json::from_str::<Json>(&text).unwrap().is_object(), "{text}");
        }
    }
}

#[test]
fn a_complete_answer_allows_its_end_alone() {
    let mut constraint = constraint(&Grammar::regex("ab?")).unwrap();
    assert_eq!(allowed(&mut constraint).len(), usize::from(true) + both_letters());
    assert!(!constraint.may_end().unwrap());
    constraint.accept(byte(b'a')).unwrap();
    assert!(constraint.may_end().unwrap() && !constraint.is_complete().unwrap());
    assert_eq!(allowed(&mut constraint), sorted([byte(b'b'), end()]));
    assert_eq!(constraint.accept(byte(b'c')), Err(GrammarError::Token(byte(b'c'))));
    constraint.accept(byte(b'b')).unwrap();
    assert!(constraint.is_complete().unwrap());
    assert_eq!(allowed(&mut constraint), [end()]);
    constraint.accept(end()).unwrap();
    assert_eq!(allowed(&mut constraint), [0_u32; 0], "nothing comes after the end");
}

/// Whether the vocabulary has the two letters as one token.
#[test]
fn a_clone_goes_on_by_itself_with_the_masks_of_one_made_anew() {
    let grammar = Grammar::json_schema(
        r#"{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}"#,
    );
    let kept = constraint(&grammar).unwrap();
    for seed in 0..4 {
        let anew = walk(&mut constraint(&grammar).unwrap(), seed, 60);
        assert_eq!(
            walk(&mut kept.clone(), seed, 60),
            anew,
            "what another clone took is nothing to it"
        );
    }
    let mut half = kept.clone();
    let first = *allowed(&mut half).first().unwrap();
    half.accept(first).unwrap();
    assert_eq!(walk(&mut half.clone(), 1, 60), walk(&mut half, 1, 60));
    assert!(kept.is_of(&tokens(), &grammar.id(), &[end()]));
    let other = GrammarTokens::new(tokenizer().token_bytes()).unwrap();
    assert!(!kept.is_of(&other, &grammar.id(), &[end()]), "of another model's vocabulary");
    assert!(!kept.is_of(&tokens(), &Grammar::json_object().id(), &[end()]));
    assert!(!kept.is_of(&tokens(), &grammar.id(), &[end(), byte(b'a')]));
}

fn both_letters() -> usize {
    let table = tokenizer().token_bytes();
    let count = u32::try_from(table.len()).unwrap();
    (0..count).filter(|token| table.get(*token).unwrap().bytes == b"ab").count()
}

fn sorted<const N: usize>(mut tokens: [u32; N]) -> [u32; N] {
    tokens.sort_unstable();
    tokens
}

/// The lowest token of this one byte.
fn byte(byte: u8) -> u32 {
    let table = tokenizer().token_bytes();
    (0..)
        .find(|token| {
            let piece = table.get(*token).unwrap();
            !piece.control && piece.bytes == [byte]
        })
        .unwrap()
}

#[test]
fn a_stop_token_that_is_text_is_allowed_at_the_end_only() {
    let a = byte(b'a');
    let mut constraint = Constraint::new(&tokens(), &Grammar::regex("[ab]c"), &[a]).unwrap();
    assert_eq!(allowed(&mut constraint), [byte(b'b')]);
    constraint.accept(byte(b'b')).unwrap();
    constraint.accept(byte(b'c')).unwrap();
    assert_eq!(allowed(&mut constraint), [a]);
}

#[test]
fn nothing_that_goes_on_is_no_error() {
    // No rule of it ever ends.
    let mut constraint = constraint(&Grammar::lark("start: a\na: a\n")).unwrap();
    assert_eq!(allowed(&mut constraint), [0_u32; 0]);
    assert!(!constraint.may_end().unwrap());
}

#[test]
fn control_tokens_are_allowed_by_number_alone() {
    let start = id("<s>");
    let mut free = constraint(&Grammar::regex("(.|\n)*")).unwrap();
    let free = allowed(&mut free);
    assert!(!free.contains(&start) && free.contains(&end()));
    let mut named = constraint(&Grammar::lark(format!("start: <[{start}]> \"a\"\n"))).unwrap();
    assert_eq!(allowed(&mut named), [start]);
    named.accept(start).unwrap();
    assert_eq!(allowed(&mut named), [byte(b'a')]);
}

#[test]
fn tokens_of_the_same_bytes_are_allowed_alike_and_bytes_of_no_text_never() {
    let mut vocabulary = vocabulary("smollm");
    let twin = u32::try_from(vocabulary.tokens.len()).unwrap();
    // The text of a user-defined token is kept as it stands, that of others is in the byte-level alphabet.
    let word = "\u{65e5}\u{672c}\u{8a9e}";
    vocabulary.tokens.push(word.into());
    vocabulary.token_types.push(TokenType::UserDefined);
    let tokenizer = Tokenizer::new(&vocabulary).unwrap();
    let table = tokenizer.token_bytes();
    let is_word = |token: &u32| table.get(*token).unwrap().bytes == word.as_bytes();
    let first = (0..twin).find(is_word).unwrap();
    let tokens = GrammarTokens::new(table).unwrap();
    let mut constraint = Constraint::new(&tokens, &Grammar::regex(word), &[end()]).unwrap();
    let beginning = allowed(&mut constraint);
    assert!(beginning.contains(&first) && beginning.contains(&twin));
    constraint.accept(twin).unwrap();
    assert_eq!(allowed(&mut constraint), [end()]);
    let anything = "start: /(?s-u:.)*/\n%llguidance { \"allow_invalid_utf8\": true }\n";
    if let Ok(mut constraint) = self::constraint(&Grammar::lark(anything)) {
        assert!(!allowed(&mut constraint).contains(&byte(0xFF)));
    }
}

#[test]
fn definitions_have_one_form_and_hash() {
    let grammar = Grammar::json_schema(r#"{"type":"string"}"#);
    let bytes = grammar.bytes();
    let mut expected = b"\x12probity grammar v1\x01\x00\x0Allguidance\x051.9.1\x02\x00".to_vec();
    expected.extend(17_u32.to_le_bytes());
    expected.extend_from_slice(br#"{"type":"string"}"#);
    assert_eq!(bytes, expected);
    assert_eq!(grammar.id(), *blake3::hash(&expected).as_bytes());
    assert_eq!(Grammar::from_parts(grammar.parts()), Ok(grammar.clone()));
    for other in [Grammar::json_schema(""), Grammar::lark(grammar.text()), Grammar::json_object()] {
        assert_ne!(other.id(), grammar.id());
    }
}

#[test]
fn what_is_no_definition_is_malformed_and_what_we_do_not_have_is_not() {
    let parts = GrammarText { engine: "llguidance", version: "1.9.1", kind: "regex", text: "a" };
    assert!(Grammar::from_parts(parts).is_ok());
    for wrong in [
        GrammarText { kind: "bnf", ..parts },
        GrammarText { engine: "", ..parts },
        GrammarText { version: "1 9", ..parts },
        GrammarText { kind: "json_object", ..parts },
    ] {
        let error = Grammar::from_parts(wrong).unwrap_err();
        assert!(error.is_malformed(), "{error}");
    }
    for (engine, version) in [("llguidance", "1.9.2"), ("other", "1.9.1")] {
        let grammar = Grammar::from_parts(GrammarText { engine, version, ..parts }).unwrap();
        let Err(error) = constraint(&grammar) else { panic!("followed") };
        assert!(matches!(error, GrammarError::Engine { .. }) && !error.is_malformed(), "{error}");
    }
    let Err(error) = Constraint::new(&tokens(), &Grammar::json_object(), &[]) else { panic!() };
    assert_eq!(error, GrammarError::NoStopToken);
}

#[test]
fn what_a_schema_can_not_mean_is_refused_by_name() {
    for (schema, said) in [
        (json!({ "type": "object", "contains": {} }), "contains"),
        (json!({ "if": {} }), "if"),
        (json!({ "oneOf": [{ "type": "object" }, { "type": "object" }] }), "oneOf"),
        (json!({ "type": "string", "format": "nonsense" }), "nonsense"),
        (json!({ "$ref": "https://example.com/schema" }), "ref"),
        (json!({ "type": "integer", "multipleOf": 99_999_999 }), "99999999"),
        (json!([]), ""),
    ] {
        let Err(error) = constraint(&Grammar::json_schema(schema.to_string())) else {
            panic!("{schema}")
        };
        assert!(error.to_string().contains(said) && !error.is_malformed(), "{error}");
    }
}

/// Each of these overflowed the stack of a thread, or took minutes, before there were limits.
#[test]
fn hostile_definitions_end_in_an_error() {
    let chain = |link: &dyn Fn(usize) -> Json, count: usize| {
        let mut all: serde_json::Map<_, _> =
            (0..count).map(|at| (format!("d{at}"), link(at + 1))).collect();
        all.insert(format!("d{count}"), json!({ "type": "string" }));
        Grammar::json_schema(json!({ "$defs": all, "$ref": "#/$defs/d0" }).to_string())
    };
    let to = |at: usize| format!("#/$defs/d{at}");
    let members =
        |at: usize| json!({ "type": "object", "properties": { "a": { "$ref": to(at) } } });
    let all_of = |at: usize| json!({ "allOf": [{ "$ref": to(at) }, { "type": "string" }] });
    let rules = |link: &dyn Fn(usize) -> String, count: usize| {
        let all: String = (0..count).map(link).collect();
        Grammar::lark(format!("start: a0 A0\n{all}a{count}: \"x\"\nA{count}: \"x\"\n"))
    };
    let lines = |at: usize| format!("a{at}: \"y\" a{}\n", at + 1);
    let lexemes = |at: usize| format!("A{at}: A{}\n", at + 1);
    for count in [1_000, 3_000] {
        for grammar in [
            chain(&members, count),
            chain(&all_of, count),
            rules(&lines, count),
            rules(&lexemes, count),
            Grammar::json_schema("[".repeat(count)),
            Grammar::json_schema(r#"{"allOf":["#.repeat(count)),
            Grammar::lark(format!(
                "start: %json {{ \"$ref\": \"#/a\", \"a\": {} }}",
                "[".repeat(count)
            )),
            Grammar::lark("start: ".to_owned() + &"(".repeat(count)),
            Grammar::regex("(".repeat(count)),
        ] {
            assert!(constraint(&grammar).is_err(), "{:.60}", grammar.text());
        }
    }
    let long = Grammar::lark("#".repeat(GRAMMAR_BYTES_MAX + 1));
    assert!(matches!(constraint(&long), Err(GrammarError::TooLong(_))));
}

/// Expressions that all hold for one string, in every way a schema has to say so. Twenty-four of them took the engine
/// minutes and gigabytes.
#[test]
fn expressions_that_meet_are_bounded() {
    let pattern = |at: usize| json!({ "type": "string", "pattern": format!(".*[a-z].{{{at}}}x") });
    let patterns = |count: usize| (1..=count).map(pattern).collect::<Vec<_>>();
    let inside = |schema: Json| json!({ "type": "object", "properties": { "a": schema } });
    let nested = (1..=24).fold(json!({ "type": "string" }), |inner, at| {
        json!({ "pattern": format!(".*[a-z].{{{at}}}x"), "anyOf": [inner, { "type": "null" }] })
    });
    let chain: serde_json::Map<_, _> = (0..24)
        .map(|at| {
            let mut link = pattern(at);
            link["$ref"] = format!("#/$defs/d{}", at + 1).into();
            (format!("d{at}"), link)
        })
        .collect();
    let circle = json!({ "allOf": [
        inside(json!({ "pattern": ".*a.{1}", "properties": { "a": { "pattern": ".*a.{2}" } } })),
        { "properties": { "a": { "$ref": "#" } } },
        { "$defs": patterns(24) },
    ] });
    let meeting = [
        json!({ "allOf": patterns(24) }),
        inside(json!({ "allOf": patterns(24) })),
        json!({ "allOf": patterns(24).into_iter().map(inside).collect::<Vec<_>>() }),
        json!({ "allOf": [{ "properties": { "a": { "allOf": patterns(12) } } },
                          { "additionalProperties": { "allOf": patterns(12) } }] }),
        json!({ "allOf": [{ "items": { "allOf": patterns(12) } },
                          { "prefixItems": [{ "allOf": patterns(12) }] }] }),
        nested,
        json!({ "$defs": chain, "$ref": "#/$defs/d0" }),
        circle,
    ];
    for schema in meeting {
        let text = schema.to_string();
        for grammar in
            [Grammar::json_schema(&text), Grammar::lark(format!("start: %json {text}\n"))]
        {
            assert_eq!(constraint(&grammar).err(), Some(GrammarError::Meeting), "{text:.200}");
        }
    }
    // What can't be read is the engine's to refuse, where it stands alone.
    let unread = json!({ "type": "string", "pattern": "a(?=b)" });
    let made = constraint(&Grammar::json_schema(unread.to_string()));
    assert!(matches!(made.err(), Some(GrammarError::Refused(_))));
    let two = json!({ "allOf": [unread, { "pattern": "a.*" }] });
    let made = constraint(&Grammar::json_schema(two.to_string()));
    assert_eq!(made.err(), Some(GrammarError::Meeting));
    let lark = Grammar::lark("start: A\nA: /a.*/ & /.*b/\n");
    assert_eq!(constraint(&lark).err(), Some(GrammarError::Meeting));
}

/// The engine's recursion is as deep as an object has members: 7,000 ended the whole process.
#[test]
fn members_of_objects_are_bounded() {
    let objects = |count: usize, each: usize| {
        let object = |first: usize| {
            let members: serde_json::Map<_, _> =
                (first..first + each).map(|at| (format!("p{at}"), json!({}))).collect();
            json!({ "type": "object", "properties": members })
        };
        (0..count).map(|at| object(at * each)).collect::<Vec<_>>()
    };
    let required: Vec<String> = (0..=GRAMMAR_NAMES_MAX).map(|at| format!("p{at}")).collect();
    for schema in [
        objects(1, 9_000).remove(0),
        objects(1, GRAMMAR_NAMES_MAX + 1).remove(0),
        json!({ "allOf": objects(9, 1_000) }),
        json!({ "type": "object", "required": required }),
    ] {
        let made = constraint(&Grammar::json_schema(schema.to_string()));
        assert!(matches!(made.err(), Some(GrammarError::Names(_))), "{schema:.100}");
    }
    // All that are allowed stay within a test's stack of 2 MiB, merged or not.
    let half = GRAMMAR_NAMES_MAX / 2;
    for schema in [objects(1, GRAMMAR_NAMES_MAX).remove(0), json!({ "allOf": objects(2, half) })] {
        constraint(&Grammar::json_schema(schema.to_string())).unwrap().mask().unwrap();
    }
}

/// Any number of them, as long as few hold for one string.
#[test]
fn expressions_that_do_not_meet_are_followed() {
    let pattern = |at: usize| json!({ "type": "string", "pattern": format!("^.*[a-z]{{{at}}}x$") });
    let many: serde_json::Map<_, _> = (1..60).map(|at| (format!("k{at}"), pattern(at))).collect();
    let apart =
        |at: usize| json!({ "pattern": format!("^[a-m]{{{at}}}[n-z]*$"), "type": "string" });
    let followed = [
        json!({ "type": "object", "properties": many }),
        json!({ "anyOf": (1..60).map(pattern).collect::<Vec<_>>() }),
        json!({ "allOf": [{ "pattern": "^[a-z]+" }, { "pattern": "x$" }, { "maxLength": 30 }] }),
        json!({ "allOf": (1..20).map(|_| apart(3)).collect::<Vec<_>>() }),
        json!({ "type": "string", "pattern": "^.+@", "format": "email", "maxLength": 30 }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": {
            "type": "object", "required": ["id"],
            "properties": { "id": pattern(3), "next": { "$ref": "#/$defs/a" } } } } }),
    ];
    for schema in followed {
        let made = constraint(&Grammar::json_schema(schema.to_string()));
        made.unwrap_or_else(|error| panic!("{error}: {schema:.200}")).mask().unwrap();
    }
}

/// What is within the limits stays within a test's stack of 2 MiB.
#[test]
fn the_deepest_that_is_allowed_is_followed() {
    let count = GRAMMAR_DEPTH_MAX / 3 - 3;
    let mut all: serde_json::Map<_, _> = (0..count)
        .map(|at| {
            let next = format!("#/$defs/d{}", at + 1);
            let members = json!({ "a": { "$ref": next } });
            (format!("d{at}"), json!({ "type": "object", "properties": members }))
        })
        .collect();
    all.insert(format!("d{count}"), json!({ "type": "string" }));
    let deep = json!({ "$defs": all, "$ref": "#/$defs/d0" });
    constraint(&Grammar::json_schema(deep.to_string())).unwrap().mask().unwrap();
    let rules: String =
        (0..GRAMMAR_DEPTH_MAX - 5).map(|at| format!("a{at}: \"y\" a{}\n", at + 1)).collect();
    let rules = format!("start: a0\n{rules}a{}: \"x\"\n", GRAMMAR_DEPTH_MAX - 5);
    constraint(&Grammar::lark(rules)).unwrap().mask().unwrap();
    constraint(&Grammar::regex("(".repeat(200) + "a" + &")".repeat(200))).unwrap().mask().unwrap();
    let nested = (0..60).fold(
        json!({ "type": "string" }),
        |inner, _| json!({ "anyOf": [inner, { "type": "null" }] }),
    );
    constraint(&Grammar::json_schema(nested.to_string())).unwrap().mask().unwrap();
}

#[test]
fn strict_schemas_name_all_their_members() {
    let good = json!({
        "type": "object", "additionalProperties": false, "required": ["a"],
        "properties": { "a": { "type": ["string", "null"] } },
    });
    assert_eq!(check_strict(&good.to_string()), Ok(()));
    let long = " ".repeat(GRAMMAR_BYTES_MAX) + &good.to_string();
    let refused = StrictRefused::Grammar(GrammarError::TooLong(long.len()));
    assert_eq!(check_strict(&long), Err(refused));
    let mut open = good.clone();
    open["additionalProperties"] = json!(true);
    assert_eq!(check_strict(&open.to_string()), Err(StrictRefused::Open("#".into())));
    let mut optional = good.clone();
    optional["required"] = json!([]);
    let refused = StrictRefused::Optional { member: "a".into(), at: "#".into() };
    assert_eq!(check_strict(&optional.to_string()), Err(refused));
    let mut inner = good;
    inner["properties"]["a"] = json!({ "type": "array", "items": { "type": "object" } });
    let at = "#/properties/a/items".into();
    assert_eq!(check_strict(&inner.to_string()), Err(StrictRefused::Open(at)));
    assert_eq!(check_strict("{}"), Err(StrictRefused::Root));
}

/// `spec/vectors/text_grammar.json`, which an oracle made that shares no code with this crate.
#[test]
fn definitions_are_those_of_the_oracle() {
    let vectors = include_str!("../../../../spec/vectors/text_grammar.json");
    let vectors: Json = serde_json::from_str(vectors).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 10);
    for case in cases {
        let given = &case["inputs"]["grammar"];
        // Which members there are is for whoever reads messages.
        if given.as_object().unwrap().len() != 4 {
            continue;
        }
        let part = |name: &str| given[name].as_str().unwrap();
        let (engine, version) = (part("engine"), part("version"));
        let parts = GrammarText { engine, version, kind: part("kind"), text: part("text") };
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match (Grammar::from_parts(parts), case.get("expected")) {
            (Ok(grammar), Some(expected)) => {
                assert_eq!(hex(&grammar.bytes()), expected["bytes"], "{}", case["name"]);
                assert_eq!(hex(&grammar.id()), expected["hash"], "{}", case["name"]);
            }
            (Err(_), None) => {}
            (made, expected) => panic!("{}: {made:?}, {expected:?}", case["name"]),
        }
    }
}
