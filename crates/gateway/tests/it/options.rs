//! What each option does.

// floats: JSON numbers as people write them; nothing is computed with them.

use serde_json::{Value as Json, json};

use crate::answers::{chat, content, receipt, replayed, streamed};
use crate::world::World;

const CHAT: &str = "/v1/chat/completions";

fn text(world: &World, more: &Json) -> String {
    content(&world.post(CHAT, &chat(more)))
}

#[test]
fn the_seed_makes_the_answer_and_greedy_needs_none() {
    let world = World::new();
    assert_eq!(text(&world, &json!({})), text(&world, &json!({"seed": 3})));
    assert_ne!(text(&world, &json!({"seed": 4})), text(&world, &json!({"seed": 3})));
    let greedy = json!({"temperature": 0, "seed": null});
    assert_eq!(text(&world, &greedy), text(&world, &greedy));
    assert_eq!(text(&world, &json!({"top_k": 1})), text(&world, &json!({"temperature": 0.0})));
    assert_eq!(text(&world, &json!({"min_p": 1})), text(&world, &json!({"temperature": 0})));
    let drawn = json!({"seed": null});
    assert_ne!(text(&world, &drawn), text(&world, &drawn), "40 tokens drawn twice");
}

#[test]
fn every_drawing_parameter_changes_what_is_drawn_and_stands_in_the_receipt() {
    let world = World::new();
    let plain = text(&world, &json!({}));
    for more in [
        json!({"temperature": 0.5}),
        json!({"top_p": 0.25}),
        json!({"top_k": 3}),
        json!({"min_p": 0.5}),
        json!({"repetition_penalty": 2}),
        json!({"presence_penalty": 2}),
        json!({"frequency_penalty": 1.5}),
        json!({"logit_bias": {"70": 100}}),
    ] {
        let reply = world.post(CHAT, &chat(&more));
        assert_ne!(content(&reply), plain, "{more}");
        let file = receipt(&world, reply.header("x-probity-receipt").unwrap(), false);
        assert_eq!(replayed(&world, &file), verify::Replay::Same, "{more}");
    }
    // A bias of nothing, and what is neutral, ask for nothing.
    for more in [
        json!({"logit_bias": {"70": 0}}),
        json!({"top_p": 1, "temperature": 1.0, "presence_penalty": 0, "n": 1}),
        json!({"user": "u", "metadata": {"a": "b"}, "store": false, "service_tier": "auto"}),
        json!({"response_format": {"type": "text"}, "modalities": ["text"], "tools": []}),
        json!({"stop": null, "logit_bias": null, "logprobs": false, "top_logprobs": null}),
        json!({"cache_scope": "public"}),
    ] {
        // Neutral parameters have the bytes of none, so the seed is the same too.
        assert_eq!(text(&world, &more), plain, "{more}");
    }
}

#[test]
fn an_answer_ends_where_it_is_told_to() {
    let world = World::new();
    let plain = text(&world, &json!({}));
    let short = world.post(CHAT, &chat(&json!({"max_tokens": null, "max_completion_tokens": 7})));
    assert!(plain.starts_with(content(&short).trim_end_matches(char::REPLACEMENT_CHARACTER)));
    assert_eq!(short.json()["usage"]["completion_tokens"], 7);
    assert_eq!(short.json()["choices"][0]["finish_reason"], "length");
    let mut characters = plain.char_indices().filter(|(_, one)| one.is_ascii_graphic());
    let (at, stop) = characters.nth(5).unwrap();
    let first = plain.find(stop).unwrap().min(at);
    for stop in [json!(stop.to_string()), json!(["\u{1F980}", stop.to_string()])] {
        let whole = world.post(CHAT, &chat(&json!({"stop": stop})));
        assert_eq!(content(&whole), plain[..first]);
        assert_eq!(whole.json()["choices"][0]["finish_reason"], "stop");
        assert_eq!(whole.json()["probity"]["stops"][0], "stop_string");
        let stream = world.post(CHAT, &chat(&json!({"stop": stop, "stream": true})));
        assert_eq!(streamed(&stream, 0), plain[..first]);
    }
}

fn with(object: &Json, name: &str, value: Json) -> Json {
    let mut object = object.clone();
    object[name] = value;
    object
}

#[test]
fn logprobs_are_told_where_they_are_asked_for() {
    let world = World::new();
    let more = json!({"logprobs": true, "top_logprobs": 3, "max_tokens": 5});
    let whole = world.post(CHAT, &chat(&more));
    let shares = whole.json()["choices"][0]["logprobs"]["content"].clone();
    let shares = shares.as_array().unwrap();
    assert_eq!(shares.len(), 5);
    for share in shares {
        let top = share["top_logprobs"].as_array().unwrap();
        assert_eq!(top.len(), 3);
        let of = |one: &Json| one["logprob"].as_f64().unwrap();
        assert!(top.windows(2).all(|pair| of(&pair[0]) >= of(&pair[1])), "{share}");
        assert!(of(&top[0]) >= of(share) && of(&top[0]).is_sign_negative(), "{share}");
    }
    let mut streaming = more.clone();
    streaming["stream"] = true.into();
    let stream = world.post(CHAT, &chat(&streaming));
    let (events, _) = stream.events();
    let parts = events.iter().filter_map(|one| one["choices"][0]["logprobs"]["content"].as_array());
    let parts: Vec<&Json> = parts.flatten().collect();
    assert_eq!(parts, shares.iter().collect::<Vec<_>>());
    // To the last digit, as it is written: reading it may round it.
    let digits = |more: Json| {
        let body = world.post(CHAT, &chat(&more)).body;
        let numbers = body.split("\"logprob\":").skip(1);
        numbers.map(|rest| rest.split([',', '}']).next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let many = json!({"logprobs": true, "top_logprobs": 20, "max_tokens": 60});
    let (whole, streamed) = (digits(many.clone()), digits(with(&many, "stream", true.into())));
    assert_eq!((whole.len(), &whole), (60 * 21, &streamed));
    assert!(world.post(CHAT, &chat(&json!({}))).json()["choices"][0]["logprobs"].is_null());
}

#[test]
fn completions_go_on_from_text_or_from_tokens() {
    let world = World::new();
    let ask = |prompt: Json| {
        let body =
            json!({"model": "tiny", "prompt": prompt, "max_tokens": 6, "seed": 1, "logprobs": 1});
        let reply = world.post("/v1/completions", &body);
        assert_eq!(reply.status, 200, "{}", reply.body);
        let choice = reply.json()["choices"][0].clone();
        assert_eq!(choice["logprobs"]["tokens"].as_array().unwrap().len(), 6);
        let file = receipt(&world, reply.header("x-probity-receipt").unwrap(), false);
        assert_eq!(replayed(&world, &file), verify::Replay::Same);
        choice["text"].as_str().unwrap().to_owned()
    };
    let tokens = world.tiny.model.tokenizer.encode_prompt(&[text::Segment::Untrusted("hello")]);
    let by_text = ask(json!("hello"));
    assert_eq!(ask(json!(["hello"])), by_text);
    assert_eq!(ask(json!(tokens.unwrap())), by_text);
    let body =
        json!({"model": "tiny", "prompt": "hello", "max_tokens": 6, "seed": 1, "stream": true});
    let (events, done) = world.post("/v1/completions", &body).events();
    let parts = events.iter().filter_map(|one| one["choices"][0]["text"].as_str());
    assert_eq!((parts.collect::<String>(), done), (by_text, true));
}
