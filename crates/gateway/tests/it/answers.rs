//! What is answered: the same as by the engine alone, streamed or not, with a receipt that replay accepts.

use std::sync::Arc;

use commit::Network;
use import::gguf::tiny::TinyModel;
use import::gguf::tiny_pieces::{PieceFamily, with_pieces};
use llm::{Claim, Replay};
use receipt::ReceiptFile;
use serde_json::{Value as Json, json};

use crate::world::{Reply, Tiny, World};

/// Passes that are more than any replay here takes.
const PASSES_MAX: usize = 4_000;

pub(crate) fn chat(more: &Json) -> Json {
    let mut body = json!({
        "model": "tiny",
        "messages": [{"role": "user", "content": "hello there"}],
        "max_tokens": 40,
        "seed": 3,
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

pub(crate) fn content(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

/// The text of a stream's choice.
pub(crate) fn streamed(reply: &Reply, choice: u64) -> String {
    let (events, done) = reply.events();
    assert!(done, "{}", reply.body);
    let choices = events.iter().flat_map(|event| event["choices"].as_array().unwrap());
    let mine = choices.filter(|found| found["index"] == choice);
    mine.filter_map(|found| found["delta"]["content"].as_str()).collect()
}

/// Replays a receipt with the model.
pub(crate) fn replayed(world: &World, file: &ReceiptFile) -> verify::Replay {
    let opening = file.opening().unwrap();
    let claims: Vec<Claim> = file
        .receipt()
        .choices
        .iter()
        .zip(&opening.outputs)
        .map(|(choice, output)| Claim {
            choice: choice.index,
            tokens: output.tokens.clone(),
            stop: choice.stop,
        })
        .collect();
    let mut runner = world.tiny.runner();
    let mut replay = Replay::new(&world.tiny.model, runner.engine(), &opening.job, &claims);
    for _ in 0..PASSES_MAX {
        if let Some(outcome) = replay.outcome() {
            return outcome.clone();
        }
        runner.replay(&mut [&mut replay]);
    }
    panic!("a replay has an end");
}

pub(crate) fn receipt(world: &World, id: &str, bundle: bool) -> ReceiptFile {
    let path = if bundle { "/bundle" } else { "" };
    let reply = world.get(&format!("/v1/receipts/{id}{path}"));
    assert_eq!(reply.status, 200, "{}", reply.body);
    ReceiptFile::parse(reply.body.as_bytes(), Network::OFFLINE).unwrap()
}

#[test]
fn a_stream_says_what_the_whole_says_and_its_receipt_is_replayed() {
    let world = World::new();
    let whole = world.post("/v1/chat/completions", &chat(&json!({})));
    let text = content(&whole);
    assert!(!text.is_empty());
    let body = chat(&json!({"stream": true, "stream_options": {"include_usage": true}}));
    let stream = world.post("/v1/chat/completions", &body);
    assert_eq!(streamed(&stream, 0), text);
    let (events, _) = stream.events();
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    for count in ["prompt_tokens", "completion_tokens", "total_tokens"] {
        assert_eq!(events.last().unwrap()["usage"][count], whole.json()["usage"][count]);
    }
    let finish: Vec<&Json> =
        events.iter().filter(|event| !event["choices"][0]["finish_reason"].is_null()).collect();
    assert_eq!(finish.len(), 1);
    for (reply, receipt_id) in [
        (&whole, &whole.json()["probity"]["receipt_id"]),
        (&stream, &finish[0]["probity"]["receipt_id"]),
    ] {
        let job = reply.header("x-probity-receipt").unwrap();
        let file = receipt(&world, job, false);
        assert_eq!(receipt(&world, receipt_id.as_str().unwrap(), false), file);
        assert_eq!(
            receipt(&world, job, true).log().unwrap().index(),
            u64::from(reply.header("content-type") != Some("application/json"))
        );
        assert_eq!(replayed(&world, &file), verify::Replay::Same);
    }
}

/// Models of Llama 2's, Gemma's and Phi 3's kind of tokenizer, also where a grammar says what they may answer.
#[test]
fn models_with_pieces_answer_in_text() {
    for family in PieceFamily::ALL {
        let shape = TinyModel { vocabulary: 448, heads: 2, kv_heads: 1, ..TinyModel::new(11) };
        let tiny = Arc::new(Tiny::of(&with_pieces(&shape, family).finish()));
        let (home, made) = (tempfile::tempdir().unwrap(), Arc::clone(&tiny));
        let load: Arc<gateway::LoadModel> = Arc::new(move |_| Ok(made.loaded()));
        let world = World::loading(home, tiny, |_| {}, load);
        for more in [json!({}), json!({"response_format": {"type": "json_object"}})] {
            let whole = world.post("/v1/chat/completions", &chat(&more));
            let text = content(&whole);
            assert!(!text.is_empty(), "{family:?}");
            assert!(more == json!({}) || text.starts_with('{'), "{family:?}: {text}");
            let mut body = chat(&more);
            body["stream"] = true.into();
            assert_eq!(streamed(&world.post("/v1/chat/completions", &body), 0), text);
            let file = receipt(&world, whole.header("x-probity-receipt").unwrap(), false);
            assert_eq!(replayed(&world, &file), verify::Replay::Same, "{family:?}");
        }
    }
}

#[test]
fn choices_share_one_receipt_and_are_those_of_the_job() {
    let world = World::new();
    let three = world.post("/v1/chat/completions", &chat(&json!({"n": 3})));
    assert_eq!(three.status, 200, "{}", three.body);
    let stream = world.post("/v1/chat/completions", &chat(&json!({"n": 3, "stream": true})));
    let mut texts = Vec::new();
    for (index, choice) in (0..).zip(three.json()["choices"].as_array().unwrap()) {
        assert_eq!(choice["index"], index);
        let text = choice["message"]["content"].as_str().unwrap().to_owned();
        assert_eq!(streamed(&stream, index), text);
        texts.push(text);
    }
    let alone = content(&world.post("/v1/chat/completions", &chat(&json!({}))));
    assert_eq!(texts[0], alone, "the first of three is the only one");
    assert!(texts[0] != texts[1] && texts[1] != texts[2], "{texts:?}");
    let file = receipt(&world, three.header("x-probity-receipt").unwrap(), true);
    assert_eq!(file.receipt().choices.len(), 3);
    assert_eq!(replayed(&world, &file), verify::Replay::Same);
    let usage = &three.json()["usage"];
    assert_eq!(usage["completion_tokens"], u64::from(file.receipt().usage.output));
    assert_eq!(usage["prompt_tokens"], u64::from(file.receipt().usage.prompt));
}

#[test]
fn heads_of_a_stream_bear_out_every_token_as_it_comes() {
    let world = World::new();
    let stream = world.post("/v1/chat/completions", &chat(&json!({"stream": true})));
    let (events, _) = stream.events();
    let begun = &events[0]["probity"];
    let digits = |name: &str| commit::from_hex::<32>(begun[name].as_str().unwrap()).unwrap();
    let (job, blind) = (digits("job"), digits("blind"));
    let salts = commit::Salts { network: Network::OFFLINE, blind: commit::Blind(blind) };
    let mut vector = receipt::TokenVector::new(salts, receipt::Which::Output { choice: 0 });
    let mut before = None;
    for event in &events[1..] {
        for token in event["probity"]["tokens"].as_array().into_iter().flatten() {
            vector.push(u32::try_from(token.as_u64().unwrap()).unwrap());
        }
        let Some(head) = event["probity"]["head"].as_str() else { continue };
        let head = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, head);
        let head = receipt::SignedHead::decode(&head.unwrap()).unwrap();
        assert_eq!(head.follows(before.as_ref(), Network::OFFLINE), Ok(()));
        assert_eq!((head.head.job, head.head.count), (job, vector.count()));
        assert_eq!(head.head.root, vector.root());
        before = Some(head);
    }
    assert_eq!(before.unwrap().head.count, 40, "every token has a head before the end");
}
