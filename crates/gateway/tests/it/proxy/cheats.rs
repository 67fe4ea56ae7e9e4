//! Upstreams that cheat: what each does, and what becomes of it. Nothing false is passed on, no end is made up, and what
//! was done is kept.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use commit::Network;
use gateway::{Loaded, Requirement};
use receipt::{Envelope, ReceiptFile, SecretKey, SignedHead, Stop};
use serde_json::{Value as Json, json};

use super::Chain;
use super::middle::{Heard, Tamper, Tell, honest, places, tell_all};
use crate::answers::{chat, content, replayed, streamed};
use crate::world::{MODEL_ID, Reply, Tiny, World};

const CHAT: &str = "/v1/chat/completions";
pub(super) const BOTH: [Requirement; 2] = [Requirement::Signature, Requirement::Replay];

/// The key of the gateway's worker.
pub(super) fn worker() -> SecretKey {
    SecretKey::from_seed([6; 32])
}

pub(super) fn head_of(event: &Json) -> SignedHead {
    let text = event["probity"]["head"].as_str().unwrap();
    SignedHead::decode(&STANDARD.decode(text).unwrap()).unwrap()
}

pub(super) fn tampering(tamper: impl Fn(&mut Vec<Json>) + Send + Sync + 'static) -> Arc<Tamper> {
    Arc::new(move |mut heard, tell| {
        tamper(&mut heard.events);
        tell_all(&heard.events, tell);
    })
}

/// The stream ends with an error and not with what could be taken for an end; what came before is true.
pub(super) fn is_refused(chain: &Chain, reply: &Reply, said: &str, name: &str) {
    let (events, done) = reply.events();
    assert!(!done, "{name}: {}", reply.body);
    let error = events.last().unwrap();
    assert_eq!(error["error"]["code"], "unverified", "{name}: {}", reply.body);
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains(said), "{name}: {message}");
    let ends = events.iter().filter(|event| !event["choices"][0]["finish_reason"].is_null());
    assert_eq!(ends.count(), 0, "{name}");
    let evidence = chain.evidence(".json");
    assert_eq!(evidence.len(), 1, "{name}");
    let text = std::fs::read_to_string(&evidence[0]).unwrap();
    assert!(text.contains("hello there") && text.contains(said), "{name}: {text}");
    let told = chain.lines().concat();
    assert!(told.contains(evidence[0].to_str().unwrap()), "{name}: {told}");
    assert!(!told.contains("hello"), "{name}: no prompt in the log");
}

/// The text that was let out before the error.
pub(super) fn before(reply: &Reply) -> String {
    let (events, _) = reply.events();
    events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect()
}

#[test]
fn what_is_changed_on_the_way_is_not_passed_on() {
    type Change = fn(&mut Vec<Json>);
    let cases: [(&str, Change, &str); 13] = [
        (
            "a token changed after signing",
            |events| {
                let at = places(events, "head")[1] - 1;
                let token = events[at]["probity"]["tokens"][0].as_u64().unwrap();
                events[at]["probity"]["tokens"][0] = (token ^ 1).into();
            },
            "other tokens than those that came",
        ),
        (
            "a chunk dropped",
            |events| {
                let at = places(events, "head")[1] - 1;
                events.remove(at);
            },
            "came before it",
        ),
        (
            "chunks exchanged",
            |events| {
                let tokens = |at: usize| events[at]["probity"]["tokens"].clone();
                let end = places(events, "head")[1];
                let at = (2..end).rev().find(|at| tokens(*at) != tokens(at - 1)).unwrap() - 1;
                events.swap(at, at + 1);
            },
            "other tokens than those that came",
        ),
        (
            "no receipt",
            |events| {
                let at = places(events, "receipt")[0];
                events[at].as_object_mut().unwrap().remove("probity");
            },
            "without its receipt",
        ),
        (
            "cut before its end",
            |events| {
                let at = places(events, "head")[1];
                events.truncate(at);
            },
            "without its receipt",
        ),
        (
            "heads of another key",
            |events| {
                for at in places(events, "head") {
                    let signed = head_of(&events[at]);
                    let other = SecretKey::from_seed([9; 32]);
                    let forged = SignedHead::sign(signed.head, &other, Network::OFFLINE);
                    events[at]["probity"]["head"] = STANDARD.encode(forged.encode()).into();
                }
            },
            "is signed by",
        ),
        (
            "a head altered",
            |events| {
                let at = places(events, "head")[0];
                let mut signed = head_of(&events[at]);
                signed.signature.0[7] ^= 1;
                events[at]["probity"]["head"] = STANDARD.encode(signed.encode()).into();
            },
            "signature",
        ),
        (
            "a receipt altered",
            |events| {
                let at = places(events, "receipt")[0];
                let text = events[at]["probity"]["receipt"]["signatures"][0]["sig"].take();
                let text = text.as_str().unwrap();
                let other = if text.starts_with('A') { "B" } else { "A" };
                events[at]["probity"]["receipt"]["signatures"][0]["sig"] =
                    format!("{other}{}", &text[1..]).into();
            },
            "receipt is refused",
        ),
        (
            "an end before the end",
            |events| {
                // The worker itself signs a receipt for the first half, as if that were all.
                let heads = places(events, "head");
                let at = heads[heads.len() / 2];
                let head = head_of(&events[at]);
                let mut end = events[places(events, "receipt")[0]].clone();
                let envelope =
                    Envelope::from_json(end["probity"]["receipt"].to_string().as_bytes());
                let mut receipt = envelope.unwrap().open(Network::OFFLINE).unwrap();
                receipt.choices[0].segments[0] = head;
                receipt.choices[0].stop = Stop::Length;
                receipt.usage.output = head.head.count;
                let sealed = Envelope::seal(&receipt, &worker(), Network::OFFLINE).unwrap();
                end["probity"]["receipt"] = serde_json::from_str(&sealed.to_json()).unwrap();
                events.truncate(at + 1);
                events.push(end);
            },
            "do not end so",
        ),
        (
            "an error of its own",
            |events| {
                let at = places(events, "head")[1];
                events.truncate(at);
                events.push(json!({"error": {"message": "out of luck"}}));
            },
            "says that it failed",
        ),
        (
            "a second beginning",
            |events| {
                let at = places(events, "head")[0];
                events.insert(at, events[0].clone());
            },
            "it begins twice",
        ),
        (
            "tokens of a choice nobody asked for",
            |events| {
                let at = places(events, "head")[0] - 1;
                events[at]["choices"][0]["index"] = 1.into();
            },
            "choice",
        ),
        (
            "something else than tokens",
            |events| {
                let at = places(events, "head")[0];
                events[at]["probity"]["tokens"] = "none".into();
            },
            "can't be read",
        ),
    ];
    for (name, change, said) in cases {
        for requirement in BOTH {
            let chain = Chain::new(requirement, tampering(change));
            let body = chat(&json!({"max_tokens": 60, "stream": true}));
            let reply = chain.post(CHAT, &body);
            is_refused(&chain, &reply, said, name);
            let whole = content(&chain.gateway.post(CHAT, &chat(&json!({"max_tokens": 60}))));
            assert!(whole.starts_with(&before(&reply)), "{name}");
            // A whole answer is refused as a whole.
            let reply = chain.post(CHAT, &chat(&json!({"max_tokens": 60})));
            assert_eq!((reply.status, &reply.json()["error"]["code"]), (502, &json!("unverified")));
            // Who asks again until an answer holds chooses among answers.
            assert_eq!(reply.header("x-should-retry"), Some("false"));
        }
    }
}

#[test]
fn nothing_is_passed_on_that_no_head_covers() {
    let chain = Chain::new(
        Requirement::Signature,
        tampering(|events| {
            for event in events {
                if let Some(probity) = event["probity"].as_object_mut() {
                    probity.remove("head");
                    if probity.contains_key("receipt") {
                        event.as_object_mut().unwrap().remove("probity");
                    }
                }
            }
        }),
    );
    let reply = chain.post(CHAT, &chat(&json!({"stream": true})));
    is_refused(&chain, &reply, "without its receipt", "no heads");
    assert_eq!(before(&reply), "");
}

#[test]
fn another_model_is_refused_before_anything_comes() {
    let tiny = Arc::new(Tiny::new(11));
    let made = Arc::clone(&tiny);
    let load = move |_: &str| Ok(Loaded { id: [8; 32], ..made.loaded() });
    let home = tempfile::tempdir().unwrap();
    let gateway = World::loading(home, tiny, |_| {}, Arc::new(load));
    let chain = Chain::with(gateway, Requirement::Signature, honest(), |_| {});
    let reply = chain.post(CHAT, &chat(&json!({"stream": true})));
    assert_eq!(reply.status, 502);
    assert!(reply.body.contains(&format!("with the model {}", "08".repeat(32))), "{}", reply.body);
}

/// A gateway that computes with another model's weights and says it is the one that was asked.
fn liar() -> World {
    let tiny = Arc::new(Tiny::new(12));
    let made = Arc::clone(&tiny);
    let load = move |_: &str| Ok(made.loaded());
    World::loading(tempfile::tempdir().unwrap(), tiny, |_| {}, Arc::new(load))
}

#[test]
fn a_signed_lie_passes_at_signature_which_says_so_and_not_at_replay() {
    let chain = Chain::with(liar(), Requirement::Signature, honest(), |_| {});
    let reply = chain.post(CHAT, &chat(&json!({})));
    assert_eq!(reply.status, 200, "{}", reply.body);
    let told = chain.lines().concat();
    assert!(told.contains("holds: signature; not established:"), "{told}");
    assert!(told.contains("that the model gives these tokens"), "{told}");

    let chain = Chain::with(liar(), Requirement::Replay, honest(), |_| {});
    let stream = chain.post(CHAT, &chat(&json!({"stream": true})));
    is_refused(&chain, &stream, "token", "a lie");
    // What was let out, if anything, is what the true model says.
    let direct = World::new();
    assert!(content(&direct.post(CHAT, &chat(&json!({})))).starts_with(&before(&stream)));
    drop(chain);

    // The lie has a receipt, which replay refutes.
    let chain = Chain::with(liar(), Requirement::Replay, honest(), |_| {});
    let reply = chain.post(CHAT, &chat(&json!({})));
    assert_eq!(reply.status, 502, "{}", reply.body);
    let receipts = loop {
        // It may come after the refusal.
        let receipts = chain.evidence(".receipt.json");
        if !receipts.is_empty() {
            break receipts;
        }
        std::thread::yield_now();
    };
    let bytes = std::fs::read(&receipts[0]).unwrap();
    let file = ReceiptFile::parse(&bytes, Network::OFFLINE).unwrap();
    let found = replayed(&World::new(), &file);
    assert!(matches!(found, verify::Replay::Differs(_)), "{found:?}");
}

#[test]
fn a_receipt_of_another_question_is_no_end() {
    let first: Mutex<Option<Json>> = Mutex::new(None);
    let chain = Chain::new(
        Requirement::Signature,
        tampering(move |events| {
            let at = places(events, "receipt")[0];
            let mut first = first.lock().unwrap();
            match &*first {
                None => *first = Some(events[at]["probity"].clone()),
                Some(other) => events[at]["probity"] = other.clone(),
            }
        }),
    );
    let body = chat(&json!({"stream": true}));
    assert!(chain.post(CHAT, &body).events().1);
    is_refused(&chain, &chain.post(CHAT, &body), "receipt", "another's receipt");
}

/// Answers every question with its first answer.
fn repeating() -> Arc<Tamper> {
    let first: Mutex<Option<Vec<Json>>> = Mutex::new(None);
    Arc::new(move |heard: Heard, tell: &mut Tell<'_>| {
        let events = first.lock().unwrap().get_or_insert(heard.events).clone();
        tell_all(&events, tell);
    })
}

#[test]
fn an_old_answer_answers_no_new_question() {
    for requirement in BOTH {
        let chain = Chain::new(requirement, repeating());
        let mut body = chat(&json!({"stream": true}));
        body.as_object_mut().unwrap().remove("seed");
        // The same question, with a nonce of the proxy's each time.
        assert!(chain.post(CHAT, &body).events().1);
        let reply = chain.post(CHAT, &body);
        assert_eq!(reply.status, 502, "{}", reply.body);
        assert!(reply.body.contains("an old answer"), "{}", reply.body);
        assert_eq!(chain.evidence(".json").len(), 1);
    }
    // Who chooses the seed asks for the same answer again, and may get it.
    let chain = Chain::new(Requirement::Replay, repeating());
    let body = chat(&json!({"stream": true}));
    let texts: Vec<String> = (0..2).map(|_| streamed(&chain.post(CHAT, &body), 0)).collect();
    assert_eq!(texts[0], texts[1]);
    let other = chat(&json!({"stream": true, "seed": 4}));
    assert_eq!(chain.post(CHAT, &other).status, 502);
}

#[test]
fn a_prompt_that_is_not_the_callers_is_refused() {
    // Somebody between the two asks something else.
    let chain = Chain::new(Requirement::Signature, honest());
    let direct = chain.gateway.post(CHAT, &chat(&json!({"stream": true, "temperature": 0})));
    let (events, _) = direct.events();
    let chain = Chain::new(
        Requirement::Signature,
        Arc::new(move |_, tell: &mut Tell<'_>| {
            tell_all(&events, tell);
        }),
    );
    for more in [
        json!({"stream": true}),
        json!({"stream": true, "temperature": 0, "stop": ["x"]}),
        json!({"stream": true, "temperature": 0, "max_tokens": 41}),
        json!({"stream": true, "temperature": 0, "messages": [{"role": "user", "content": "hello"}]}),
    ] {
        let reply = chain.post(CHAT, &chat(&more));
        assert_eq!(reply.status, 502, "{more}: {}", reply.body);
    }
    let same = chain.post(CHAT, &chat(&json!({"stream": true, "temperature": 0})));
    assert!(same.events().1, "{}", same.body);
    assert_eq!(MODEL_ID, [7; 32]);
}

#[test]
fn an_altered_receipt_file_is_not_passed_on() {
    let chain = Chain::new(Requirement::Signature, honest());
    let reply = chain.post(CHAT, &chat(&json!({})));
    let job = reply.header("x-probity-receipt").unwrap();
    let other = chain.post(CHAT, &chat(&json!({"seed": 9})));
    let file = chain.get(&format!("/v1/receipts/{job}")).body;
    let foreign =
        chain.get(&format!("/v1/receipts/{}", other.header("x-probity-receipt").unwrap()));
    for body in
        [file.replacen("\"nonce_by\": \"client\"", "\"nonce_by\": \"gateway\"", 1), foreign.body]
    {
        assert_ne!(body, file);
        let (proxy, folder) = super::limits::fixed(200, "application/json", &body);
        let reply = super::send(proxy.address(), "GET", &format!("/v1/receipts/{job}"), &[], "");
        assert_eq!(reply.status, 502, "{}", reply.body);
        proxy.stop();
        drop(folder);
    }
}
