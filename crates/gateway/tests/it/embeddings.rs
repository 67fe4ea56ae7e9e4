//! Vectors over HTTP: the integers of the engine in either form, each with a receipt that replay accepts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use receipt::{ReceiptFile, Stop, WorkKind};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use verify::{Replay, Verdict};

use crate::answers::{chat, content, receipt, replayed};
use crate::world::{Reply, World};

const EMBEDDINGS: &str = "/v1/embeddings";
/// Entries of the row of the tiny model.
const WIDTH: usize = 64;

fn ask(input: &Json, more: &Json) -> Json {
    let mut body = json!({"model": "tiny", "input": input});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn embed(world: &World, input: &Json, more: &Json) -> Reply {
    let reply = world.post(EMBEDDINGS, &ask(input, more));
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply
}

/// What is read of a response without rounding a number.
#[derive(Deserialize)]
struct List<'a> {
    object: String,
    #[serde(borrow)]
    data: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    object: String,
    index: usize,
    #[serde(borrow)]
    embedding: &'a RawValue,
}

/// The vectors as integers of 24 fractional bits; every one of them is exact in either form.
fn vectors(reply: &Reply) -> Vec<Vec<i32>> {
    let list: List<'_> = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(list.object, "list");
    let vector = |(index, item): (usize, &Item<'_>)| {
        assert_eq!((item.object.as_str(), item.index), ("embedding", index));
        let text = item.embedding.get();
        match text.strip_prefix('"') {
            Some(text) => of_binary32(&STANDARD.decode(text.trim_end_matches('"')).unwrap()),
            None => text[1..text.len() - 1].split(',').map(of_decimal).collect(),
        }
    };
    list.data.iter().enumerate().map(vector).collect()
}

fn of_decimal(text: &str) -> i32 {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (whole, part) = text.split_once('.').unwrap();
    let units: u128 = format!("{whole}{part:0<24}").parse().unwrap();
    let five = 5_u128.pow(24);
    assert!(units.is_multiple_of(five));
    sign * i32::try_from(units / five).unwrap()
}

fn of_binary32(bytes: &[u8]) -> Vec<i32> {
    let number = |four: &[u8]| {
        let bits = u32::from_le_bytes(four.try_into().unwrap());
        let (exponent, mantissa) = (bits >> 23 & 0xff, bits & 0x7f_ffff);
        let magnitude = match exponent {
            0 => 0,
            _ => (mantissa | 1 << 23) << 1 >> (127 - exponent),
        };
        let magnitude = i32::try_from(magnitude).unwrap();
        if bits >> 31 == 1 { -magnitude } else { magnitude }
    };
    bytes.chunks(4).map(number).collect()
}

/// The receipts of a response, by their addresses; each is replayed.
fn receipts(world: &World, reply: &Reply) -> Vec<ReceiptFile> {
    let probity = reply.json()["probity"].clone();
    let list = probity["receipts"].as_array().unwrap().clone();
    let file = |(index, one): (usize, &Json)| {
        assert_eq!(one["index"], index);
        let file = receipt(world, one["job"].as_str().unwrap(), true);
        let id = commit::hex(&file.receipt().id(file.network()));
        assert_eq!(one["receipt_id"], id);
        let envelope: Json = serde_json::from_str(&file.envelope().to_json()).unwrap();
        assert_eq!(one["receipt"], envelope);
        assert_eq!(replayed(world, &file), Replay::Same);
        file
    };
    list.iter().enumerate().map(file).collect()
}

#[test]
fn a_text_its_tokens_and_a_list_of_it_have_one_vector_in_either_form() {
    let world = World::new();
    let whole = embed(&world, &json!("hello there"), &json!({}));
    let vector = vectors(&whole).remove(0);
    assert_eq!(vector.len(), WIDTH);
    let file = receipts(&world, &whole).remove(0);
    assert_eq!(whole.header("x-probity-receipt").unwrap(), commit::hex(&file.receipt().job));
    let opening = file.opening().unwrap();
    let tokens: Vec<u32> = vector.iter().map(|number| number.cast_unsigned()).collect();
    assert_eq!(opening.outputs[0].tokens, tokens, "what is sent is what was signed");
    assert_eq!(file.receipt().kind, WorkKind::Embed);
    assert_eq!(file.receipt().choices[0].stop, Stop::Length);
    // One head over all of it.
    assert_eq!(file.receipt().choices[0].segments[0].head.prior, [0; 32]);
    let prompt = &opening.job.fields().prompt;
    let usage = &whole.json()["usage"];
    assert_eq!(*usage, json!({"prompt_tokens": prompt.len(), "total_tokens": prompt.len()}));
    assert_eq!(whole.json()["model"], "tiny");

    for (input, more) in [
        (json!("hello there"), json!({"encoding_format": "base64"})),
        (json!("hello there"), json!({"encoding_format": "float", "user": "somebody"})),
        (json!(["hello there"]), json!({"cache_scope": "public"})),
        (json!(prompt), json!({"dimensions": WIDTH})),
        (json!([prompt]), json!({"encoding_format": null, "dimensions": null})),
    ] {
        assert_eq!(vectors(&embed(&world, &input, &more)), std::slice::from_ref(&vector));
    }
    let report = verify::examine(
        file.receipt(),
        file.opening(),
        file.network(),
        &verify::Kind::ALL,
        &replayed(&world, &file),
    );
    assert_eq!(report.verdict, Verdict::Verified);
}

#[test]
fn many_inputs_are_each_as_alone_and_have_receipts_of_their_own() {
    let world = World::new();
    // More than are in the making at once, some of them twice, two of them tokens.
    let texts: Vec<Json> = (0..70).map(|n| json!(format!("text {} of many", n % 50))).collect();
    let mut inputs = texts.clone();
    inputs.extend([json!([5, 6, 7]), json!([9])]);
    let reply = embed(&world, &json!(inputs), &json!({"dimensions": 7}));
    assert_eq!(reply.header("x-probity-receipt"), None, "there are many");
    let all = vectors(&reply);
    let files = receipts(&world, &reply);
    assert_eq!((all.len(), files.len()), (72, 72));
    for index in [0, 3, 49, 50, 69, 70, 71] {
        let alone = embed(&world, &inputs[index], &json!({"dimensions": 7}));
        assert_eq!(vectors(&alone), [all[index].clone()]);
    }
    assert_eq!(all[3], all[53]);
    let jobs: std::collections::BTreeSet<_> = files.iter().map(|file| file.receipt().job).collect();
    assert_eq!(jobs.len(), 72);
    let tokens: u32 = files.iter().map(|file| file.receipt().usage.prompt).sum();
    assert_eq!(reply.json()["usage"]["prompt_tokens"], tokens);
}

/// The first numbers alone are brought to length 1 anew.
#[test]
fn fewer_dimensions_are_another_vector() {
    let world = World::new();
    let whole = vectors(&embed(&world, &json!("hello"), &json!({}))).remove(0);
    let part = vectors(&embed(&world, &json!("hello"), &json!({"dimensions": 5}))).remove(0);
    assert_eq!(part.len(), 5);
    assert!(part.iter().zip(&whole).all(|(part, whole)| part.abs() >= whole.abs()));
    assert_ne!(part, whole[..5]);
    let squares: i64 = part.iter().map(|number| i64::from(*number).pow(2)).sum();
    let (one, least) = (1_i64 << 48, (1_i64 << 48) - 5 * (1 << 25));
    assert!((least..=one).contains(&squares), "{squares}");
}

#[test]
fn vectors_and_answers_at_once() {
    let world = World::new();
    let alone = content(&world.post("/v1/chat/completions", &chat(&json!({}))));
    let vector = vectors(&embed(&world, &json!("hello there"), &json!({})));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let inputs = json!(["hello there", "another", "and one more"]);
                let all = vectors(&embed(&world, &inputs, &json!({})));
                assert_eq!(all[0], vector[0]);
            });
            scope.spawn(|| {
                let reply = world.post("/v1/chat/completions", &chat(&json!({})));
                assert_eq!(content(&reply), alone);
            });
        }
    });
}

/// Where the queue has room for two, thirty inputs take turns, and are answered.
#[test]
fn a_short_queue_makes_inputs_wait_and_refuses_none() {
    let world = World::with(|settings| {
        settings.scheduler.queued_max = 2;
        settings.scheduler.running_max = 1;
    });
    let inputs: Vec<String> = (0..30).map(|n| format!("input {n}")).collect();
    assert_eq!(vectors(&embed(&world, &json!(inputs), &json!({}))).len(), 30);
    // What no queue takes is refused as ever.
    let none = World::with(|settings| settings.scheduler.queued_max = 0);
    let refused = none.post(EMBEDDINGS, &ask(&json!(inputs), &json!({})));
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("2")));
}

#[test]
fn what_is_not_honoured_is_refused_by_its_name() {
    let world = World::new();
    let many: Vec<&str> = vec!["a"; 2049];
    let long = "word ".repeat(3000);
    for (input, more, status, param) in [
        (json!(""), json!({}), 400, "input"),
        (json!([]), json!({}), 400, "input"),
        (json!({}), json!({}), 400, "input"),
        (json!(5), json!({}), 400, "input"),
        (json!(null), json!({}), 400, "input"),
        (json!(many), json!({}), 400, "input"),
        (json!(["a", ""]), json!({}), 400, "input[1]"),
        (json!(["a", []]), json!({}), 400, "input[1]"),
        (json!(["a", 5]), json!({}), 400, "input[1]"),
        (json!([[1], [-1]]), json!({}), 400, "input[1]"),
        (json!([1, "a"]), json!({}), 400, "input"),
        (json!([true]), json!({}), 400, "input[0]"),
        (json!([[1], [999_999]]), json!({}), 400, "input[1]"),
        (json!(["a", long]), json!({}), 400, "input[1]"),
        (json!("a"), json!({"dimensions": 0}), 400, "dimensions"),
        (json!("a"), json!({"dimensions": 65}), 400, "dimensions"),
        (json!("a"), json!({"dimensions": 65_537}), 400, "dimensions"),
        (json!("a"), json!({"dimensions": "7"}), 400, "dimensions"),
        (json!("a"), json!({"encoding_format": "int8"}), 400, "encoding_format"),
        (json!("a"), json!({"input_type": "query"}), 400, "input_type"),
        (json!("a"), json!({"model": "other"}), 404, "model"),
    ] {
        let reply = world.post(EMBEDDINGS, &ask(&input, &more));
        let error = &reply.json()["error"];
        assert_eq!((reply.status, error["param"].as_str()), (status, Some(param)), "{error}");
    }
    let twice = r#"{"model": "tiny", "input": "a", "input": "b"}"#;
    let reply = world.send("POST", EMBEDDINGS, &[], twice);
    assert_eq!((reply.status, &reply.json()["error"]["param"]), (400, &json!("input")));
    assert_eq!(world.get(EMBEDDINGS).status, 405);
}
