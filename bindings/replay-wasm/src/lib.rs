//! Replay for JavaScript: bytes in, the report's JSON out.
//!
//! Never decides anything: [`replay`] does, which runs natively too. Failure: a caller's mistake is thrown as an `Error`.

mod replay;

use wasm_bindgen::prelude::{JsError, wasm_bindgen};

pub use replay::{published, replay, runner};

/// Replays a receipt file; see index.d.ts.
///
/// # Errors
/// What the model is refused for.
#[wasm_bindgen(js_name = replay)]
#[allow(clippy::needless_pass_by_value, reason = "what is optional comes by value from JavaScript")]
pub fn replay_js(
    receipt: &[u8],
    model: &[u8],
    opening: Option<Vec<u8>>,
) -> Result<String, JsError> {
    replay(receipt, model, opening.as_deref()).map_err(|refused| JsError::new(&refused))
}
