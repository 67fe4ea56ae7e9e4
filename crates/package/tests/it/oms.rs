//! OpenSSF model signatures: their form, and that they hold. The tool itself is tried outside these tests (README).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::SecretKey;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::{DecodePublicKey, EncodePrivateKey, LineEnding};
use package::oms::{Key, OmsError, bundle};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The public half of the secret 7, 7, ..., 7, as another library (Python's `cryptography`) writes it.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHhhTL9R1TALzBB2cdc6zO4P/2BrH
zk/ogsyxyYvFiW6kbDEcTi/0DdlqNlPm5FRF0y3+SG7O11x6kMahiIHAow==
-----END PUBLIC KEY-----
";

fn secret() -> SecretKey {
    SecretKey::from_slice(&[7; 32]).unwrap()
}

fn key() -> Key {
    Key::from_pem(&secret().to_sec1_pem(LineEnding::LF).unwrap()).unwrap()
}

fn files() -> Vec<(String, [u8; 32])> {
    vec![("model.gguf".into(), [1; 32]), ("config.json".into(), [2; 32])]
}

fn payload(bundle: &Value) -> Vec<u8> {
    STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap()
}

#[test]
fn the_signature_holds_over_the_statement() {
    let text = bundle("m", &files(), &key()).unwrap();
    let read: Value = serde_json::from_str(&text).unwrap();
    let sig = read["dsseEnvelope"]["signatures"][0]["sig"].as_str().unwrap();
    let signature = Signature::from_der(&STANDARD.decode(sig).unwrap()).unwrap();
    let public = VerifyingKey::from_public_key_pem(PUBLIC).unwrap();
    let signed = receipt::pae("application/vnd.in-toto+json", &payload(&read));
    assert!(public.verify(&signed, &signature).is_ok());
    assert!(public.verify(&signed[1..], &signature).is_err());
}

#[test]
fn the_form_is_the_tools() {
    let read: Value = serde_json::from_str(&bundle("m", &files(), &key()).unwrap()).unwrap();
    assert_eq!(read["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
    let hint = Sha256::digest(PUBLIC).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(read["verificationMaterial"]["publicKey"]["hint"], hint.as_str());
    assert_eq!(read["verificationMaterial"]["tlogEntries"], Value::Array(Vec::new()));
    assert_eq!(read["dsseEnvelope"]["payloadType"], "application/vnd.in-toto+json");

    let statement: Value = serde_json::from_slice(&payload(&read)).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://model_signing/signature/v1.0");
    let all = Sha256::digest([[2; 32], [1; 32]].concat());
    let all = all.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(statement["subject"][0]["name"], "m");
    assert_eq!(statement["subject"][0]["digest"]["sha256"], all.as_str());
    let resources = &statement["predicate"]["resources"];
    assert_eq!(resources[0]["name"], "config.json", "in the order of names");
    assert_eq!(resources[1]["name"], "model.gguf");
    assert_eq!(resources[1]["algorithm"], "sha256");
    assert_eq!(resources[1]["digest"], "01".repeat(32).as_str());
    let serialization = &statement["predicate"]["serialization"];
    assert_eq!(serialization["method"], "files");
    assert_eq!(serialization["hash_type"], "sha256");
    assert_eq!(serialization["allow_symlinks"], false);
}

#[test]
fn the_same_files_give_the_same_bytes_in_any_order() {
    let one = bundle("m", &files(), &key()).unwrap();
    let mut turned = files();
    turned.reverse();
    assert_eq!(bundle("m", &turned, &key()).unwrap(), one);
    turned[0].1[0] ^= 1;
    assert_ne!(bundle("m", &turned, &key()).unwrap(), one);
}

#[test]
fn keys_and_files_that_make_no_sense_are_refused() {
    assert_eq!(key().public_pem(), PUBLIC);
    assert_eq!(format!("{:?}", key()), "Key(secret)");
    let pkcs8 = secret().to_pkcs8_pem(LineEnding::LF).unwrap();
    assert_eq!(Key::from_pem(&pkcs8).unwrap().public_pem(), PUBLIC);
    for text in ["", "key", PUBLIC, &pkcs8[..100]] {
        assert_eq!(Key::from_pem(text).err(), Some(OmsError::Key), "{text}");
    }
    assert_eq!(bundle("m", &[], &key()), Err(OmsError::NoFiles));
    let twice = [files(), files()].concat();
    assert_eq!(bundle("m", &twice, &key()), Err(OmsError::SameName));
}
