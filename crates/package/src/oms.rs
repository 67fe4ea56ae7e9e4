//! A signature over files in OpenSSF's model-signing form, which its own tool (`model_signing` 1.1) verifies.
//!
//! A Sigstore bundle (JSON) with one DSSE envelope over an in-toto statement that lists every file with its SHA-256.
//! ECDSA over P-256, made as RFC 6979 says: the same key and files give the same bytes. Never reads a file, never makes
//! a key, and is no part of a package: it says nothing of program, tokenizer or model id. Failure: [`OmsError`].

use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use commit::{Digest, hex};
use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey, EncodePublicKey, LineEnding};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";
const ALGORITHM: &str = "sha256";
/// What the tool leaves out of a folder unless told otherwise.
const IGNORED: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// A P-256 key that signs.
#[derive(Clone)]
pub struct Key(SigningKey);

/// Why nothing is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OmsError {
    /// Bytes that are no such key.
    #[error(
        "the key is no unencrypted P-256 key in PEM (make one with `openssl ecparam -name \
         prime256v1 -genkey -noout -out key.pem`)"
    )]
    Key,
    /// Nothing to sign.
    #[error("there are no files to sign")]
    NoFiles,
    /// Two files of one name.
    #[error("two of the files to sign have one name")]
    SameName,
}

impl Key {
    /// Reads a key as `openssl` writes it: `BEGIN EC PRIVATE KEY` or `BEGIN PRIVATE KEY`.
    ///
    /// # Errors
    /// [`OmsError::Key`] for anything else.
    pub fn from_pem(text: &str) -> Result<Self, OmsError> {
        let key = SecretKey::from_pkcs8_pem(text).ok();
        let key = key.or_else(|| SecretKey::from_sec1_pem(text).ok());
        Ok(Self(key.ok_or(OmsError::Key)?.into()))
    }

    /// The key that checks its signatures, as `openssl ec -pubout` writes it.
    #[must_use]
    pub fn public_pem(&self) -> String {
        self.0.verifying_key().to_public_key_pem(LineEnding::LF).expect("a P-256 key has this form")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(secret)")
    }
}

/// A signature over files, by the names they have below the folder that is verified, with their SHA-256.
///
/// # Errors
/// [`OmsError`] for no files, or two of one name.
pub fn bundle(model: &str, files: &[(String, Digest)], key: &Key) -> Result<String, OmsError> {
    let mut files: Vec<&(String, Digest)> = files.iter().collect();
    files.sort_unstable();
    if files.is_empty() {
        return Err(OmsError::NoFiles);
    }
    if files.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(OmsError::SameName);
    }
    let payload = json(&statement(model, &files));
    let pae = receipt::pae(PAYLOAD_TYPE, payload.as_bytes());
    let signature: Signature = key.0.sign(&pae);
    let bundle = Bundle {
        media_type: BUNDLE_TYPE,
        verification_material: Material {
            public_key: KeyHint { hint: hex(&Sha256::digest(key.public_pem())) },
            tlog_entries: [],
        },
        dsse_envelope: Envelope {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE,
            signatures: [Signed { sig: STANDARD.encode(signature.to_der()), keyid: "" }],
        },
    };
    Ok(json(&bundle))
}

fn statement(model: &str, files: &[&(String, Digest)]) -> Statement {
    let mut all = Sha256::new();
    let mut resources = Vec::with_capacity(files.len());
    for (name, digest) in files {
        all.update(digest);
        resources.push(Resource { algorithm: ALGORITHM, digest: hex(digest), name: name.clone() });
    }
    let sha256 = hex(&all.finalize());
    Statement {
        kind: STATEMENT_TYPE,
        subject: [Subject { name: model.to_owned(), digest: SubjectDigest { sha256 } }],
        predicate_type: PREDICATE_TYPE,
        predicate: Predicate {
            resources,
            serialization: Serialization {
                method: "files",
                hash_type: ALGORITHM,
                allow_symlinks: false,
                ignore_paths: IGNORED,
            },
        },
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("our structs have string keys")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: &'static str,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: KeyHint,
    tlog_entries: [(); 0],
}

#[derive(Serialize)]
struct KeyHint {
    hint: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: &'static str,
    signatures: [Signed; 1],
}

#[derive(Serialize)]
struct Signed {
    sig: String,
    keyid: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: [Subject; 1],
    predicate_type: &'static str,
    predicate: Predicate,
}

#[derive(Serialize)]
struct Subject {
    name: String,
    digest: SubjectDigest,
}

#[derive(Serialize)]
struct SubjectDigest {
    sha256: String,
}

#[derive(Serialize)]
struct Predicate {
    resources: Vec<Resource>,
    serialization: Serialization,
}

#[derive(Serialize)]
struct Resource {
    algorithm: &'static str,
    digest: String,
    name: String,
}

#[derive(Serialize)]
struct Serialization {
    method: &'static str,
    hash_type: &'static str,
    allow_symlinks: bool,
    ignore_paths: [&'static str; 4],
}
