//! Whose signature is taken: a key that was named, or the first that ever signed.

use gateway::{Requirement, UpstreamUrl};
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

#[test]
fn an_upstream_over_tls_is_the_one_whose_certificate_an_authority_signed() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    std::fs::write(&chain, made.cert.pem()).unwrap();
    std::fs::write(&key, made.key_pair.serialize_pem()).unwrap();
    let (cert, secret) = (chain.clone(), key);
    let gateway = World::with(|settings| settings.tls = Some((cert, secret)));
    for (authorities, status, said) in
        [(Some(chain), 200, "finish_reason"), (None, 502, "certificate")]
    {
        let state = tempfile::tempdir().unwrap();
        let url = format!("https://localhost:{}/v1", gateway.address.port());
        let (proxy, _) = start(gateway.address, Requirement::Signature, &state, |settings| {
            settings.upstream = UpstreamUrl::parse(&url).unwrap();
            settings.upstream_ca = authorities;
        });
        let reply = send(proxy.address(), "POST", CHAT, &[], &chat(&json!({})).to_string());
        assert_eq!(reply.status, status, "{}", reply.body);
        assert!(reply.body.contains(said), "{}", reply.body);
        proxy.stop();
    }
}
