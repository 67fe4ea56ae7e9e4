//! The page at `/`: files that were built before, and stand in the program.
//!
//! Never renders anything, reads no file and sets no cookie. The page may load and ask this server alone, runs no inline
//! code, and makes no markup of text: its headers say so, and the browser holds it to them. Built by `cargo xtask page`
//! from `page/`; tidy compares what was built with its sources.

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// What the page may do. WebAssembly is compiled, no text ever is.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

/// Headers of every file.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // Asked again each time: a new release is seen at once, and costs nothing where it is none.
    (CACHE_CONTROL, "no-cache"),
];

/// A file of the page.
struct Asset {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const ASSETS: [Asset; 7] = [
    Asset {
        path: "/",
        kind: "text/html; charset=utf-8",
        bytes: include_bytes!("../assets/index.html"),
    },
    Asset {
        path: "/page/page.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../assets/page.css"),
    },
    Asset {
        path: "/page/page.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/page.js"),
    },
    Asset {
        path: "/page/theme.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/theme.js"),
    },
    Asset {
        path: "/page/light.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/light.js"),
    },
    Asset {
        path: "/page/wasm_bg.wasm",
        kind: "application/wasm",
        bytes: include_bytes!("../assets/wasm_bg.wasm"),
    },
    Asset {
        path: "/page/icon.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../assets/icon.svg"),
    },
];

/// The routes of the page.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    ASSETS.iter().fold(Router::new(), |router, asset| {
        let tag = format!("\"{}\"", blake3::hash(asset.bytes).to_hex());
        router.route(
            asset.path,
            get(move |headers: HeaderMap| async move { served(asset, &tag, &headers) }),
        )
    })
}

/// The file, or that it has not changed.
fn served(asset: &Asset, tag: &str, headers: &HeaderMap) -> Response {
    let known = headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let same = known.is_some_and(|tags| tags.split(',').any(|one| one.trim() == tag));
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(asset.bytes.into());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
        response
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
