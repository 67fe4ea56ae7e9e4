//! `light` for JavaScript: bytes and words in, the report's JSON out.
//!
//! A stream's tokens and heads go in one by one, and its report's JSON out.
//!
//! Never decides anything: index.js gives it its shape. Failure: a caller's mistake is thrown as an `Error`.

use commit::Network;
use light::{Bounds, StreamJson};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// Checks a receipt file; see index.d.ts.
///
/// # Errors
/// The caller's mistake.
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "what is optional comes by value from JavaScript")]
pub fn verify(
    receipt: &[u8],
    opening: Option<Vec<u8>>,
    network: Option<String>,
    required: Vec<String>,
) -> Result<String, JsError> {
    let required = required.iter().map(String::as_str);
    light::verify_words(receipt, opening.as_deref(), network.as_deref(), required)
        .map_err(|mistake| JsError::new(&mistake.to_string()))
}

/// Checks a bundle of a network; see index.d.ts.
///
/// # Errors
/// The caller's mistake.
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "what is optional comes by value from JavaScript")]
pub fn verify_bundle(
    genesis: &[u8],
    start: Option<Vec<u8>>,
    bundle: &[u8],
    now_ms: u64,
    header_ms: u64,
    start_ms: u64,
    required: Vec<String>,
) -> Result<String, JsError> {
    let required = required.iter().map(String::as_str);
    let at = (now_ms, Bounds { header_ms, start_ms });
    light::verify_bundle_words((genesis, start.as_deref()), bundle, at, required)
        .map_err(|mistake| JsError::new(&mistake.to_string()))
}

/// The start that a bundle of a network leads to; see index.d.ts.
///
/// # Errors
/// The caller's mistake.
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "what is optional comes by value from JavaScript")]
pub fn next_start(
    genesis: &[u8],
    start: Option<Vec<u8>>,
    bundle: &[u8],
    now_ms: u64,
    header_ms: u64,
    start_ms: u64,
) -> Result<Option<Vec<u8>>, JsError> {
    let at = (now_ms, Bounds { header_ms, start_ms });
    light::next_start_words((genesis, start.as_deref()), bundle, at)
        .map_err(|mistake| JsError::new(&mistake.to_string()))
}

/// The messages a receipt file opens; see index.d.ts.
#[wasm_bindgen]
#[must_use]
pub fn messages(receipt: &[u8]) -> Option<String> {
    let checked = light::check(receipt, None, Network::OFFLINE, &[]).ok()?;
    light::messages(&checked.file).map(str::to_owned)
}

/// One choice as it comes; see index.d.ts.
#[wasm_bindgen]
pub struct Stream {
    stream: light::Stream,
    network: Network,
}

#[wasm_bindgen]
impl Stream {
    /// Of no tokens yet.
    ///
    /// # Errors
    /// The caller's mistake.
    #[wasm_bindgen(constructor)]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "what is optional comes by value from JavaScript"
    )]
    pub fn new(
        network: Option<String>,
        blind: &str,
        job: &str,
        choice: u32,
        worker: &str,
    ) -> Result<Self, JsError> {
        let begun = light::begun_words(network.as_deref(), blind, job, choice, worker)
            .map_err(|mistake| JsError::new(&mistake.to_string()))?;
        Ok(Self { stream: light::Stream::new(begun), network: begun.network })
    }

    /// The next token.
    pub fn token(&mut self, token: u32) {
        self.stream.token(token);
    }

    /// The next signed head.
    pub fn head(&mut self, bytes: &[u8]) {
        self.stream.head(bytes);
    }

    /// The receipt file at the end; whether it is one that can be taken.
    pub fn ended(&mut self, receipt: &[u8]) -> bool {
        let checked = light::check(receipt, None, self.network, &[]);
        checked.map(|checked| self.stream.ended(&checked.file)).is_ok()
    }

    /// What is established so far.
    #[must_use]
    pub fn report(&self) -> String {
        StreamJson::new(&self.stream).text()
    }
}
