//! Answers that follow a grammar: generated through its masks, replayed through them, and refuted without.

use std::sync::Arc;

use canon::sample::Parameters;
use import::gguf::tiny::Family;
use llm::{Claim, Generation, Prompt, Request, RequestError, Stop};
use proptest::prelude::*;
use receipt::{Job, JobFields, Messages, Rendered};
use serde_json::{Value as Json, json};
use text::grammar::{Constraint, Grammar, GrammarText};
use verify::{Ending, Refutation, Replay as Outcome};

use crate::desk::{answer, drawn, fields, job, replayed, work};
use crate::fixture::{Tiny, finish};
use crate::schedule;

/// The tiny model's end of text.
const END: u32 = 2;

/// The token of a byte.
fn byte(byte: u8) -> u32 {
    3 + u32::from(byte)
}

/// Parameters that name a grammar.
fn naming(grammar: [u8; 32]) -> Parameters {
    let mut settings = drawn().settings().clone();
    settings.grammar = Some(grammar);
    Parameters::new(settings).unwrap()
}

/// A job whose answers follow a grammar, as messages with its definition say.
fn asked(tiny: &Tiny, grammar: &Grammar, seed: u8) -> JobFields {
    let prompt = Prompt::Text("hello".into());
    let mut job = fields(prompt.tokens(&tiny.model).unwrap(), 120);
    job.nonce = [seed; 32];
    job.parameters = naming(grammar.id());
    job.stop.tokens = vec![END];
    job.rendered = Rendered::Worker(Messages::Shown(prompt.write_with_grammar(Some(grammar))));
    job
}

/// The text of an answer's tokens, its stop token left out.
fn text(tiny: &Tiny, tokens: &[u32]) -> String {
    let table = tiny.model.tokenizer.token_bytes();
    let pieces = tokens.iter().map(|token| table.get(*token).unwrap());
    let bytes: Vec<u8> =
        pieces.filter(|piece| !piece.control).flat_map(|piece| piece.bytes).copied().collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn schema() -> Grammar {
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["a", "b"],
        "properties": {
            "a": { "type": "integer", "minimum": 0, "maximum": 99 },
            "b": { "enum": ["x", "yz", null] },
        },
    });
    Grammar::json_schema(schema.to_string())
}

#[test]
fn what_was_made_before_changes_no_bit_and_of_another_grammar_is_forgotten() {
    let tiny = Tiny::new(Family::Llama);
    let of = |grammar: &Grammar| {
        Constraint::new(tiny.model.grammar_tokens().unwrap(), grammar, &[END]).unwrap()
    };
    let fields = JobFields { choices: 3, ..asked(&tiny, &schema(), 3) };
    let job = Arc::new(job(&fields));
    for made in [None, Some(of(&schema())), Some(of(&Grammar::regex("no")))] {
        let mut scheduler = schedule::scheduler(&tiny, schedule::wide());
        let ticket = scheduler.submit_following(schedule::asked(&job, 1), made).unwrap();
        let all = schedule::finish(&mut scheduler);
        for choice in 0..3 {
            all[&(ticket, choice)].assert_is(&schedule::alone(&tiny, &job, choice));
        }
    }
}

/// The messages, megabytes of them, are read by whoever makes the constraint, and not once more for each choice.
#[test]
fn what_was_made_before_needs_no_definition() {
    let tiny = Tiny::new(Family::Llama);
    let constraint =
        Constraint::new(tiny.model.grammar_tokens().unwrap(), &schema(), &[END]).unwrap();
    let whole = JobFields { choices: 3, ..asked(&tiny, &schema(), 3) };
    let bare = JobFields { rendered: Rendered::Nobody, ..whole.clone() };
    let (whole, bare) = (Arc::new(job(&whole)), Arc::new(job(&bare)));
    let mut scheduler = schedule::scheduler(&tiny, schedule::wide());
    assert!(scheduler.submit(schedule::asked(&bare, 1)).is_err());
    let ticket = scheduler.submit_following(schedule::asked(&bare, 1), Some(constraint)).unwrap();
    let all = schedule::finish(&mut scheduler);
    for choice in 0..3 {
        all[&(ticket, choice)].assert_is(&schedule::alone(&tiny, &whole, choice));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn answers_are_of_the_schema_and_replay(most in 0..300_i64, length in 1..4_u64, seed in any::<u8>()) {
        let tiny = Tiny::new(Family::Llama);
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["n", "s"],
            "properties": {
                "n": { "type": "integer", "minimum": 0, "maximum": most },
                "s": { "type": "array", "items": { "type": "boolean" }, "maxItems": length },
            },
        });
        let job = job(&asked(&tiny, &Grammar::json_schema(schema.to_string()), seed));
        let claims = work(&tiny, &job);
        prop_assert_eq!(claims[0].stop, receipt::Stop::Token);
        let text = text(&tiny, &claims[0].tokens);
        let value: Json = serde_json::from_str(&text).unwrap();
        prop_assert!((0..=most).contains(&value["n"].as_i64().unwrap()), "{}", text);
        let list = value["s"].as_array().unwrap();
        prop_assert!(list.len() <= usize::try_from(length).unwrap(), "{}", text);
        prop_assert!(list.iter().all(Json::is_boolean) && value.as_object().unwrap().len() == 2);
        prop_assert_eq!(replayed(&tiny, &mut tiny.any(), &job, &claims), Outcome::Same);
    }
}

#[test]
fn threads_chunks_and_company_change_no_masked_answer() {
    let tiny = Tiny::new(Family::Llama);
    let mut fields = asked(&tiny, &schema(), 3);
    fields.choices = 3;
    let job = job(&fields);
    let alone = work(&tiny, &job);
    for (threads, chunk) in [(1, 2), (3, 64)] {
        let mut runner = tiny.runner(canon::KernelSet::best(), threads, chunk);
        let requests: Vec<Request> = (0..3).map(|choice| Request::of(&job, choice)).collect();
        let mut generations: Vec<Generation> =
            requests.iter().map(|request| tiny.start(&runner, request)).collect();
        let mut all: Vec<&mut Generation> = generations.iter_mut().collect();
        let together = finish(&mut runner, &mut all);
        for (claim, answer) in alone.iter().zip(together) {
            assert_eq!(claim.tokens, answer.tokens);
        }
        assert_eq!(replayed(&tiny, &mut runner, &job, &alone), Outcome::Same);
    }
}

#[test]
fn a_token_outside_the_mask_is_refuted_and_so_is_a_draw_without_one() {
    let tiny = Tiny::new(Family::Llama);
    let job = job(&asked(&tiny, &schema(), 1));
    let honest = work(&tiny, &job);
    let found = |claims: &[Claim]| replayed(&tiny, &mut tiny.any(), &job, claims);
    let mut outside = honest.clone();
    outside[0].tokens[3] = byte(b'!');
    let Outcome::Differs(Refutation::Token { position: 3, found: token, .. }) = found(&outside)
    else {
        panic!()
    };
    assert_eq!(token, byte(b'!'));
    // The same job's draws with no mask: what the model alone would have said.
    let mut free = Request::of(&job, 0);
    free.grammar = None;
    free.parameters = drawn();
    let free = answer(&tiny, &free);
    assert!(matches!(found(&[free]), Outcome::Differs(Refutation::Token { .. })));
    // One that ends before the grammar may.
    let mut early = honest;
    early[0].tokens.truncate(4);
    *early[0].tokens.last_mut().unwrap() = END;
    assert!(matches!(found(&early), Outcome::Differs(Refutation::Token { position: 3, .. })));
}

#[test]
fn a_definition_that_is_not_the_parameters_is_refuted() {
    let tiny = Tiny::new(Family::Llama);
    let fields = asked(&tiny, &schema(), 1);
    let claims = work(&tiny, &job(&fields));
    let other = |change: &dyn Fn(&mut JobFields)| {
        let mut fields = fields.clone();
        change(&mut fields);
        replayed(&tiny, &mut tiny.any(), &job(&fields), &claims)
    };
    let refuted = |outcome| matches!(outcome, Outcome::Differs(Refutation::Messages(_)));
    assert!(refuted(other(&|job| job.parameters = naming([1; 32]))));
    assert!(refuted(other(&|job| job.parameters = drawn())));
}

#[test]
fn what_nobody_here_can_follow_is_not_judged_and_all_else_is() {
    let tiny = Tiny::new(Family::Llama);
    let fields = asked(&tiny, &schema(), 1);
    let claims = work(&tiny, &job(&fields));
    let judged = |change: &dyn Fn(&mut JobFields), claims: &[Claim]| {
        let mut fields = fields.clone();
        change(&mut fields);
        replayed(&tiny, &mut tiny.any(), &job(&fields), claims)
    };
    let later = |job: &mut JobFields| {
        let ours = schema();
        let parts = GrammarText { version: "9.9.9", ..ours.parts() };
        let grammar = Grammar::from_parts(parts).unwrap();
        *job = asked(&tiny, &grammar, 1);
    };
    let hidden = |job: &mut JobFields| {
        job.rendered = Rendered::Worker(Messages::Hidden([3; 32]));
    };
    let unsupported = |job: &mut JobFields| {
        *job = asked(&tiny, &Grammar::json_schema(r#"{"contains":{}}"#), 1);
    };
    let mut on = claims.clone();
    on[0].tokens.push(byte(b'a'));
    for change in [&later as &dyn Fn(&mut JobFields), &hidden, &unsupported] {
        assert!(matches!(judged(change, &claims), Outcome::Impossible(_)));
        // It goes on after a stop token, whatever the grammar is.
        let outcome = judged(change, &on);
        let Outcome::Differs(Refutation::Stop { found: Ending::Token, .. }) = outcome else {
            panic!("{outcome:?}")
        };
    }
}

#[test]
fn what_can_not_be_followed_is_refused_before_it_begins() {
    let tiny = Tiny::new(Family::Llama);
    let refused = |change: &dyn Fn(&mut Request)| {
        let mut request = Request::of(&job(&asked(&tiny, &schema(), 1)), 0);
        change(&mut request);
        let runner = tiny.any();
        Generation::new(&tiny.model, runner.engine(), request, None).err().unwrap()
    };
    assert!(matches!(refused(&|one| one.grammar = None), RequestError::NoDefinition));
    assert!(matches!(refused(&|one| one.parameters = drawn()), RequestError::OtherGrammar));
    let no_end = refused(&|one| one.stop_tokens.clear());
    assert!(no_end.to_string().contains("stop token"), "{no_end}");
}

#[test]
fn where_nothing_is_allowed_the_answer_ends_in_the_specified_fault() {
    let tiny = Tiny::new(Family::Llama);
    let job = job(&asked(&tiny, &Grammar::lark("start: a\na: a\n"), 1));
    let claims = work(&tiny, &job);
    assert!(claims[0].tokens.is_empty());
    let receipt::Stop::Fault { position, .. } = claims[0].stop else { panic!() };
    assert_eq!(usize::try_from(position).unwrap(), job.fields().prompt.len() - 1);
    assert_eq!(replayed(&tiny, &mut tiny.any(), &job, &claims), Outcome::Same);
}

#[test]
fn a_grammar_too_costly_to_follow_ends_the_answer_unfinished_and_refutes_nothing() {
    let tiny = Tiny::new(Family::Llama);
    // More branches behind the first letter than the engine follows.
    let branches: Vec<String> = (0..2_100).map(|at| format!("\"q\" \"a{at}\"")).collect();
    let grammar = Grammar::lark(format!("start: \"x\" ({})\n", branches.join(" | ")));
    let job = job(&asked(&tiny, &grammar, 1));
    let mut claims = work(&tiny, &job);
    assert_eq!(claims[0].stop, receipt::Stop::Unfinished);
    assert_eq!(claims[0].tokens, [byte(b'x')]);
    let replay = |claims: &[Claim]| replayed(&tiny, &mut tiny.any(), &job, claims);
    assert_eq!(replay(&claims), Outcome::Same);
    claims[0].tokens.push(byte(b'q'));
    assert!(matches!(replay(&claims), Outcome::Impossible(_)));
    claims[0].tokens[0] = byte(b'y');
    assert!(matches!(replay(&claims), Outcome::Differs(Refutation::Token { position: 0, .. })));
}

#[test]
fn definitions_are_read_as_they_are_written() {
    let prompt = Prompt::Text("hi".into());
    let bytes = prompt.write_with_grammar(Some(&schema()));
    assert_eq!(Prompt::read_with_grammar(&bytes), Ok((prompt.clone(), Some(schema()))));
    assert_eq!(Prompt::read(&bytes), Ok(prompt));
    let of = |grammar: Json| {
        let messages = json!({ "text": "hi", "grammar": grammar }).to_string();
        Prompt::read_with_grammar(messages.as_bytes()).unwrap_err().to_string()
    };
    let parts = json!({ "engine": "e", "version": "1", "kind": "regex", "text": "a" });
    let mut more = parts.clone();
    more["strict"] = json!(true);
    assert!(of(more).contains("strict"));
    let mut less = parts.clone();
    less.as_object_mut().unwrap().remove("kind");
    assert!(of(less).contains("kind"));
    let mut other = parts;
    other["kind"] = json!("bnf");
    assert!(of(other).contains("bnf"));
    assert!(of(json!("regex")).contains("object"));
}

/// A job that names no grammar is read as before.
#[test]
fn nothing_changes_where_there_is_no_grammar() {
    let request = Request::of(&Job::new(fields(vec![5, 6], 3)).unwrap(), 0);
    assert!(request.grammar.is_none());
    let tiny = Tiny::new(Family::Llama);
    assert_eq!(tiny.answer(&mut tiny.any(), &request).stop, Some(Stop::Length));
}
