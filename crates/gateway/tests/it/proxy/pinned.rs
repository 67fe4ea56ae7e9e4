//! Whose signature is taken: a key that was named, or the first that ever signed.

use gateway::Requirement;
use receipt::{PublicKey, SecretKey};
use serde_json::json;

use super::middle::honest;
use super::{Chain, send, start};
use crate::answers::chat;
use crate::world::World;

const CHAT: &str = "/v1/chat/completions";

fn named(key: PublicKey) -> Chain {
    Chain::with(World::new(), Requirement::Signature, honest(), |settings| {
        settings.workers = vec![SecretKey::from_seed([8; 32]).public(), key];
    })
}

#[test]
fn only_a_named_key_may_sign() {
    let chain = named(SecretKey::from_seed([6; 32]).public());
    assert_eq!(chain.post(CHAT, &chat(&json!({}))).status, 200);
    let other = SecretKey::from_seed([7; 32]).public();
    let chain = named(other);
    let reply = chain.post(CHAT, &chat(&json!({})));
    assert_eq!(reply.status, 502);
    assert!(reply.body.contains(&format!("not by {}", SecretKey::from_seed([8; 32]).public())));
    assert!(reply.body.contains(&other.to_string()), "{}", reply.body);
}

#[test]
fn the_first_is_told_and_kept_to_over_a_restart() {
    let mut chain = Chain::new(Requirement::Signature, honest());
    let worker = SecretKey::from_seed([6; 32]).public();
    assert_eq!(chain.post(CHAT, &chat(&json!({}))).status, 200);
    let told = chain.lines().concat();
    assert!(told.contains(&format!("the first worker here is {worker}")), "{told}");
    chain.proxy.take().unwrap().stop();
    let kept: Vec<_> = std::fs::read_dir(chain.folder.path()).unwrap().collect();
    let [Ok(kept)] = kept.as_slice() else { panic!("{kept:?}") };
    // Another key came first in another life.
    let other = SecretKey::from_seed([7; 32]).public();
    for (text, status, said) in [
        (format!("{other}\n"), 502, "the first that did"),
        (format!("{worker}\n"), 200, "finish_reason"),
    ] {
        std::fs::write(kept.path(), text).unwrap();
        let upstream = chain.middle.address;
        let (proxy, _) = start(upstream, Requirement::Signature, &chain.folder, |_| {});
        let reply = send(proxy.address(), "POST", CHAT, &[], &chat(&json!({})).to_string());
        assert_eq!(reply.status, status, "{}", reply.body);
        assert!(reply.body.contains(said), "{}", reply.body);
        proxy.stop();
    }
}
