//! `light` for JavaScript: bytes and words in, the report's JSON out.
//!
//! Never decides anything: index.js gives it its shape. Failure: a caller's mistake is thrown as an `Error`.

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
