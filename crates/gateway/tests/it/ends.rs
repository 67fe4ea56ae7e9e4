//! How answers end that nobody waits for any more: each has its receipt, and its place is free again.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::{Loaded, ModelEntry};
use import::gguf::tiny::TinyModel;
use receipt::{ReceiptFile, Stop};
use serde_json::{Value as Json, json};

use crate::answers::{chat, content, receipt, replayed};
use crate::world::{MODEL_ID, Reply, Tiny, World, lines};

const CHAT: &str = "/v1/chat/completions";
const RUNNING: &str = "probity_answers_running";

/// The job of an answer that was cut off, by its error.
fn cut_off(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{}", reply.body);
    let job = reply.header("x-probity-receipt").unwrap().to_owned();
    let error = &reply.json()["error"];
    assert_eq!(error["code"], "cut_off", "{error}");
    assert!(error["message"].as_str().unwrap().contains(&job), "{error}");
    job
}

/// Begins a long stream and reads its first text.
fn begin(world: &World) -> (Reply, String) {
    let body = chat(&json!({"stream": true, "max_tokens": 3900})).to_string();
    let mut reply = world.open("POST", CHAT, &[], &body);
    assert_eq!(reply.status, 200);
    while !reply.line().unwrap().contains("\"tokens\"") {}
    let job = reply.header("x-probity-receipt").unwrap().to_owned();
    (reply, job)
}

/// A receipt of an answer that was cancelled, which replay bears out.
fn is_cancelled(world: &World, job: &str) {
    let file = receipt(world, job, true);
    let choice = &file.receipt().choices[0];
    assert!(matches!(choice.stop, Stop::Cancelled { .. }), "{:?}", choice.stop);
    assert!(choice.count() < 3900, "{}", choice.count());
    assert_eq!(replayed(world, &file), verify::Replay::Same);
}

#[test]
fn a_client_that_goes_frees_its_place_and_what_it_got_is_receipted() {
    let world = World::long(|_| {});
    let (reply, job) = begin(&world);
    drop(reply);
    world.until(RUNNING, 0);
    assert_eq!(world.figure("probity_answers_cancelled_total"), 1);
    assert_eq!(world.figure("probity_model_answers{model=\"tiny\"}"), 0);
    is_cancelled(&world, &job);
}

#[test]
fn a_reader_that_is_too_slow_is_given_up_without_a_gap() {
    let world = World::long(|settings| settings.limits.waiting_max = 1);
    let body = chat(&json!({"n": 16, "max_tokens": 200}));
    let reply = world.post(CHAT, &body);
    assert_eq!(world.figure("probity_slow_readers_total"), 1);
    let file = receipt(&world, &cut_off(&reply, 503), false);
    assert_eq!(replayed(&world, &file), verify::Replay::Same);
}

/// An answer of more bytes than the system keeps for who sends it.
fn large() -> Json {
    json!({"n": 3, "max_tokens": 2400, "logprobs": true, "top_logprobs": 20})
}

/// A receipt whose choices all came to their ends.
fn is_whole(file: &ReceiptFile) {
    for choice in &file.receipt().choices {
        assert!(matches!(choice.stop, Stop::Length | Stop::Token), "{:?}", choice.stop);
    }
}

#[test]
fn what_is_taken_too_slowly_is_given_up_though_some_of_it_always_is() {
    let world = World::long(|settings| {
        settings.limits.delivery_time = Duration::from_millis(20);
        settings.limits.waiting_max = 1 << 16;
    });
    let mut slow = world.open_narrow(CHAT, &chat(&large()));
    let length: usize = slow.header("content-length").unwrap().parse().unwrap();
    let job = slow.header("x-probity-receipt").unwrap().to_owned();
    let taken = slow.trickle(|| assert_eq!(world.get("/healthz").status, 200));
    assert!(taken < length, "{taken} of {length}");
    is_whole(&receipt(&world, &job, false));
}

#[test]
fn a_finished_answer_that_is_not_taken_in_time_ends_with_an_error_and_keeps_its_receipt() {
    let world = World::long(|settings| {
        settings.limits.reader_time = Duration::from_millis(10);
        settings.limits.waiting_max = 1 << 16;
    });
    let mut long = large();
    long["stream"] = true.into();
    let mut reply = world.open_narrow(CHAT, &chat(&long));
    assert_eq!(reply.status, 200);
    world.until(RUNNING, 0);
    let figures = ["not_taken", "cancelled"].map(|which| format!("probity_answers_{which}_total"));
    assert_eq!(figures.map(|name| world.figure(&name)), [1, 0]);
    let job = reply.header("x-probity-receipt").unwrap().to_owned();
    is_whole(&receipt(&world, &job, true));
    // Who reads on gets what was on its way, and no end that looks whole.
    reply.rest();
    let (events, done) = reply.events();
    let [.., before, last] = &events[..] else { panic!("{}", reply.body) };
    assert!(!done && before["choices"][0]["finish_reason"].is_null(), "{before}");
    let error = &last["error"];
    assert_eq!((&error["code"], &error["type"]), (&json!("cut_off"), &json!("server_error")));
    assert!(error["message"].as_str().unwrap().contains("did not take it"), "{error}");
    assert!(error["message"].as_str().unwrap().contains(&job), "{error}");
}

#[test]
fn a_stop_lets_answers_end_and_receipts_outlive_it() {
    let world = World::long(|_| {});
    let body = chat(&json!({"stream": true, "max_tokens": 300})).to_string();
    let mut reply = world.open("POST", CHAT, &[], &body);
    let job = reply.header("x-probity-receipt").unwrap().to_owned();
    let home = world.stop();
    reply.rest();
    let (events, done) = reply.events();
    assert!(done, "the stream came to its end");
    let end = events.iter().find(|one| one["choices"][0]["finish_reason"] == "length").unwrap();
    let id = end["probity"]["receipt_id"].as_str().unwrap().to_owned();
    let again = World::at(home, |_| {});
    assert_eq!(receipt(&again, &job, true), receipt(&again, &id, true));
    // The log goes on where it was.
    let next = again.post(CHAT, &chat(&json!({})));
    let file = receipt(&again, next.header("x-probity-receipt").unwrap(), true);
    assert_eq!(file.log().unwrap().index(), 1);
}

#[test]
fn a_stop_is_heard_while_every_place_is_taken() {
    let world = World::with(|settings| {
        settings.limits.connections_max = 1;
        settings.limits.header_time = Duration::from_hours(1);
    });
    let mut taken = TcpStream::connect(world.address).unwrap();
    taken.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    let mut status = String::new();
    BufReader::new(&taken).read_line(&mut status).unwrap();
    assert!(status.contains("200"), "{status}");
    let (to, ended) = channel();
    let stopping = std::thread::spawn(move || {
        drop(world.stop());
        to.send(()).unwrap();
    });
    assert_eq!(ended.recv_timeout(Duration::from_mins(2)), Ok(()), "it waits for a place");
    stopping.join().unwrap();
}

#[test]
fn bundles_of_a_key_that_was_rotated_away_are_of_its_own_log() {
    let tiny = Arc::new(Tiny::new(11));
    let begin = |seed: u8, home| {
        let made = Arc::clone(&tiny);
        let load = Arc::new(move |_: &str| Ok(made.loaded()));
        World::signing([seed; 32], home, Arc::clone(&tiny), |_| {}, load)
    };
    let ask = |world: &World| {
        let reply = world.post(CHAT, &chat(&json!({})));
        reply.header("x-probity-receipt").unwrap().to_owned()
    };
    let home = tempfile::tempdir().unwrap();
    let store = |home: &tempfile::TempDir| {
        store::Store::open(store::Config::new(home.path().to_path_buf())).unwrap()
    };
    store(&home).keys().get_or_make([6; 32]).unwrap();
    let world = begin(6, home);
    let old = [ask(&world), ask(&world)];
    let home = world.stop();
    store(&home).keys().rotate([8; 32]).unwrap();
    let world = begin(8, home);
    // Of the new log's first leaf, and of none that it has.
    let new = ask(&world);
    for (index, job) in (0..).zip(&old) {
        let file = receipt(&world, job, true);
        assert_eq!(file.log().unwrap().index(), index);
        assert_eq!(file.log().unwrap().checkpoint().size(), 2);
        assert_ne!(file.receipt().worker, receipt(&world, &new, true).receipt().worker);
    }
    // Without the key there is no bundle, and never one that is only a receipt.
    std::fs::remove_dir_all(world.home.path().join("keys/retired")).unwrap();
    let world = begin(8, world.stop());
    assert_eq!(world.get(&format!("/v1/receipts/{}/bundle", old[0])).status, 404);
    assert_eq!(world.get(&format!("/v1/receipts/{}", old[0])).status, 200);
}

#[test]
fn a_stop_without_patience_cancels_and_receipts_all_the_same() {
    let world = World::long(|settings| settings.drain = Duration::ZERO);
    let (mut reply, job) = begin(&world);
    let home = world.stop();
    let lines: Vec<String> = std::iter::from_fn(|| reply.line()).collect();
    // It does not look as if it were whole.
    let last = lines.iter().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap();
    let error: Json = serde_json::from_str(last).unwrap();
    assert_eq!(error["error"]["code"], "cut_off", "{error}");
    assert!(!lines.iter().any(|line| line.contains("\"finish_reason\":\"length\"")));
    let again = World::at(home, |_| {});
    let file = receipt(&again, &job, false);
    assert!(matches!(file.receipt().choices[0].stop, Stop::Cancelled { .. }));
}

#[test]
fn a_stop_without_patience_gives_no_whole_answer_that_was_cut_off() {
    let world = World::long(|settings| settings.drain = Duration::ZERO);
    let body = chat(&json!({"max_tokens": 3900})).to_string();
    let ask = |path: &str| {
        let length = body.len();
        world.raw(&format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    };
    let (openai, anthropic) = (ask(CHAT), ask("/v1/messages"));
    world.until("probity_model_answers{model=\"tiny\"}", 2);
    let home = world.stop();
    let [openai, anthropic] = [openai, anthropic].map(|socket| {
        let mut reply = Reply::read(socket);
        reply.rest();
        reply
    });
    let job = cut_off(&openai, 503);
    assert_eq!(openai.header("retry-after"), Some("1"));
    assert_eq!((anthropic.status, &anthropic.json()["error"]["type"]), (503, &json!("api_error")));
    let again = World::at(home, |_| {});
    for job in [job.as_str(), anthropic.header("x-probity-receipt").unwrap()] {
        let file = receipt(&again, job, false);
        assert!(matches!(file.receipt().choices[0].stop, Stop::Cancelled { .. }));
    }
}

#[test]
fn an_answer_that_nobody_computes_is_unfinished_and_the_server_ends() {
    // A model and an engine that don't go together: a bug, which ends the thread in its middle.
    let wide = TinyModel { vocabulary: 400, heads: 2, kv_heads: 1, ..TinyModel::new(11) };
    let (tiny, narrow) = (Arc::new(Tiny::of(&wide.write())), Tiny::new(11));
    let model = Arc::clone(&tiny.model);
    let load = move |_: &str| {
        Ok(Loaded { model: Arc::clone(&model), runner: narrow.runner(), id: MODEL_ID })
    };
    let home = tempfile::tempdir().unwrap();
    let mut world = World::loading(home, tiny, |_| {}, Arc::new(load));
    let reply = world.post(CHAT, &chat(&json!({"logit_bias": {"399": 1}})));
    let file = receipt(&world, &cut_off(&reply, 500), false);
    assert_eq!(file.receipt().choices[0].stop, Stop::Unfinished);
    let ended = world.server.take().unwrap().run(|| {}).unwrap_err();
    assert!(ended.to_string().contains("has ended"), "{ended}");
}

#[test]
fn a_model_whose_loading_panics_is_told_as_one_that_cannot_be_loaded() {
    let tiny = Arc::new(Tiny::new(11));
    let home = tempfile::tempdir().unwrap();
    let world = World::loading(home, tiny, |_| {}, Arc::new(|_| panic!("a bug of a test")));
    let reply = world.post(CHAT, &chat(&json!({})));
    assert_eq!(reply.status, 503);
    assert!(reply.body.contains("its loading panicked"), "{}", reply.body);
}

#[test]
fn a_silent_stream_is_kept_alive() {
    let world = World::long(|settings| settings.limits.keep_alive = Duration::from_millis(1));
    let more =
        json!({"stream": true, "messages": [{"role": "user", "content": "a ".repeat(1500)}]});
    let reply = world.post(CHAT, &chat(&more));
    assert!(reply.body.contains(": keep-alive\n\n"), "{}", reply.body);
    assert!(reply.events().1);
}

#[test]
fn models_make_room_for_each_other_and_one_that_is_too_large_is_refused() {
    let loaded: Arc<Mutex<Vec<String>>> = Arc::default();
    let (seen, tiny) = (Arc::clone(&loaded), Arc::new(Tiny::new(11)));
    let made = Arc::clone(&tiny);
    let load = move |name: &str| {
        seen.lock().unwrap().push(name.to_owned());
        if name == "broken" { Err("it is damaged".into()) } else { Ok(made.loaded()) }
    };
    let entry = |name: &str, bytes| ModelEntry { name: name.into(), bytes };
    let set = |settings: &mut gateway::Settings| {
        settings.models = vec![
            entry("a", 600),
            entry("b", 600),
            entry("c", 300),
            entry("huge", 1001),
            entry("broken", 1),
        ];
        settings.memory_max = 1000;
    };
    let (log, lines) = lines();
    let set = |settings: &mut gateway::Settings| {
        set(settings);
        settings.log = log;
    };
    let world = World::loading(tempfile::tempdir().unwrap(), tiny, set, Arc::new(load));
    let ask = |name: &str| world.post(CHAT, &chat(&json!({"model": name})));
    let first = content(&ask("a"));
    for name in ["c", "a", "b", "c", "a"] {
        assert_eq!(content(&ask(name)), first, "{name}");
    }
    // `b` puts both out, and stays beside `c` until `a` needs its room.
    assert_eq!(*loaded.lock().unwrap(), ["a", "c", "b", "c", "a"]);
    assert_eq!(world.figure("probity_model_evictions_total"), 3);
    for (name, what) in [("huge", "--memory"), ("broken", "the server's log says why")] {
        let reply = ask(name);
        assert_eq!(reply.status, 503);
        assert!(reply.body.contains(what), "{}", reply.body);
        assert!(reply.header("retry-after").is_some());
    }
    let lines = lines.lock().unwrap();
    let broken =
        lines.iter().any(|line| line.ends_with("the model broken can't be loaded: it is damaged"));
    assert!(broken, "{lines:?}");
}

#[test]
fn beyond_the_limit_of_answers_is_told_to_come_again() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let tiny = Arc::new(Tiny::new(11));
    let made = Arc::clone(&tiny);
    // The first answer waits for its model until the second was refused.
    let load = move |_: &str| {
        wait.lock().unwrap().recv().map_err(|error| error.to_string())?;
        Ok(made.loaded())
    };
    let set = |settings: &mut gateway::Settings| settings.limits.answers_max = 1;
    let world = World::loading(tempfile::tempdir().unwrap(), tiny, set, Arc::new(load));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| world.post(CHAT, &chat(&json!({}))));
        world.until(RUNNING, 1);
        let second = world.post(CHAT, &chat(&json!({})));
        assert_eq!((second.status, second.header("retry-after")), (429, Some("1")));
        assert_eq!(second.json()["error"]["code"], "rate_limit_exceeded");
        go.send(()).unwrap();
        assert_eq!(first.join().unwrap().status, 200);
    });
    assert_eq!(world.post(CHAT, &chat(&json!({}))).status, 200);
}
