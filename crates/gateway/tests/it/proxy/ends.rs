//! Receipts whose signatures hold, and that are no end of the answer that was asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use commit::{Blind, Network, Salts};
use gateway::Requirement;
use receipt::{Envelope, Receipt, SecretKey, SignedHead, Stop, Transcript};
use serde_json::{Value as Json, json};

use super::Chain;
use super::cheats::{BOTH, before, head_of, is_refused, tampering, worker};
use super::middle::{honest, places};
use crate::answers::chat;
use crate::world::World;

const CHAT: &str = "/v1/chat/completions";
const NETWORK: Network = Network::OFFLINE;

/// The receipt in the last event that has one, changed and signed anew by the gateway's own worker.
pub(super) fn reseal(events: &mut [Json], change: impl FnOnce(&mut Receipt)) {
    let at = places(events, "receipt")[0];
    let envelope = Envelope::from_json(events[at]["probity"]["receipt"].to_string().as_bytes());
    let mut receipt = envelope.unwrap().open(NETWORK).unwrap();
    change(&mut receipt);
    let sealed = Envelope::seal(&receipt, &worker(), NETWORK).unwrap();
    events[at]["probity"]["receipt"] = serde_json::from_str(&sealed.to_json()).unwrap();
}

/// Takes every head out of the stream, and every token, in order, with another in its place.
fn exchanged(events: &mut [Json], token: impl Fn(u64) -> u64) -> Vec<u32> {
    let mut tokens = Vec::new();
    for event in events {
        let Some(probity) = event["probity"].as_object_mut() else {
            continue;
        };
        probity.remove("head");
        for found in probity.get_mut("tokens").and_then(Json::as_array_mut).into_iter().flatten() {
            *found = token(found.as_u64().unwrap()).into();
            tokens.push(u32::try_from(found.as_u64().unwrap()).unwrap());
        }
    }
    tokens
}

/// What the heads of this stream are about.
fn transcript(events: &[Json], secret: SecretKey) -> (Salts, Transcript) {
    let begun = &events[places(events, "blind")[0]]["probity"];
    let digits = |name: &str| commit::from_hex(begun[name].as_str().unwrap()).unwrap();
    let salts = Salts { network: NETWORK, blind: Blind(digits("blind")) };
    (salts, Transcript::new(salts, digits("job"), 0, secret))
}

/// Puts another token in the place of every one, and signs that as the worker: the last head.
pub(super) fn resigned(events: &mut [Json], token: impl Fn(u64) -> u64) -> SignedHead {
    let heads = places(events, "head");
    exchanged(events, token);
    let (_, mut own) = transcript(events, worker());
    for (at, event) in events.iter_mut().enumerate() {
        for token in event["probity"]["tokens"].as_array().into_iter().flatten() {
            own.push(u32::try_from(token.as_u64().unwrap()).unwrap());
        }
        if heads.contains(&at) {
            event["probity"]["head"] = STANDARD.encode(own.sign().encode()).into();
        }
    }
    own.sign()
}

/// Signs the tokens up to here with a key that nobody knows, and nothing or the rest with the worker's.
fn two_segments(events: &mut [Json], from: fn(usize) -> usize) {
    let tokens = exchanged(events, |_| 9);
    let (salts, mut thrown) = transcript(events, SecretKey::from_seed([77; 32]));
    let (before, after) = tokens.split_at(from(tokens.len()));
    before.iter().for_each(|token| thrown.push(*token));
    let first = thrown.sign();
    let mut own = Transcript::resumed(salts, worker(), before, first).unwrap();
    after.iter().for_each(|token| own.push(*token));
    let segments: Vec<SignedHead> = vec![first, own.sign()];
    reseal(events, |receipt| receipt.choices[0].segments = segments);
}

#[test]
fn a_worker_that_answers_for_no_token_or_for_some_gets_none_passed_on() {
    for from in [|count| count, |count| count / 2] {
        for requirement in BOTH {
            let chain =
                Chain::new(requirement, tampering(move |events| two_segments(events, from)));
            let reply = chain.post(CHAT, &chat(&json!({"stream": true})));
            is_refused(&chain, &reply, "answer for every token", "two segments");
            assert_eq!(before(&reply), "");
        }
    }
}

#[test]
fn a_receipt_that_does_not_go_on_from_the_heads_that_came_is_no_end() {
    let chain = Chain::new(
        Requirement::Signature,
        tampering(|events| {
            let last = *places(events, "head").last().unwrap();
            let mut head = head_of(&events[last]).head;
            reseal(events, |receipt| {
                let segment = &mut receipt.choices[0].segments[0];
                head.prior = [5; 32];
                (head.count, head.root) = (segment.head.count, segment.head.root);
                *segment = SignedHead::sign(head, &worker(), NETWORK);
            });
        }),
    );
    let reply = chain.post(CHAT, &chat(&json!({"stream": true})));
    is_refused(&chain, &reply, "does not go on from the one before it", "another chain");
}

/// Cuts the answer after its second head, with this as why.
fn cut(events: &mut Vec<Json>, stop: impl FnOnce(&SignedHead) -> Stop) {
    let at = places(events, "head")[1];
    let head = head_of(&events[at]);
    reseal(events, |receipt| {
        receipt.choices[0].segments[0] = head;
        receipt.choices[0].stop = stop(&head);
        receipt.usage.output = head.head.count;
    });
    let end = places(events, "receipt")[0];
    events.drain(at + 1..end);
}

#[test]
fn an_answer_that_its_worker_cuts_off_is_an_error_and_no_end() {
    type Why = fn(&SignedHead) -> Stop;
    let cancelled: Why =
        |head| Stop::cancelled(&worker(), NETWORK, &head.head.job, 0, head.head.count);
    let cases: [(&str, Why); 3] = [
        ("unfinished", |_| Stop::Unfinished),
        ("cancelled", cancelled),
        ("fault", |head| Stop::Fault { position: head.head.count, op: 1 }),
    ];
    for (name, why) in cases {
        for requirement in BOTH {
            let chain = Chain::new(requirement, tampering(move |events| cut(events, why)));
            let reply = chain.post(CHAT, &chat(&json!({"stream": true, "max_tokens": 60})));
            is_refused(&chain, &reply, "did not come to its end", name);
            assert!(reply.body.contains(&format!("`{name}`")), "{}", reply.body);
            let whole = chain.post(CHAT, &chat(&json!({"max_tokens": 60})));
            assert_eq!(whole.status, 502, "{name}: {}", whole.body);
        }
    }
}

#[test]
fn an_honest_server_that_gives_up_in_the_middle_gives_no_end_either() {
    let gateway = World::long(|settings| settings.limits.waiting_max = 1);
    let chain = Chain::with(gateway, Requirement::Signature, honest(), |_| {});
    let body = chat(&json!({"stream": true, "n": 16, "max_tokens": 200}));
    let reply = chain.post(CHAT, &body);
    is_refused(&chain, &reply, "says that it failed", "a server that gave up");
}
