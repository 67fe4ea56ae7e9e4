//! Who may ask a proxy that has no keys of its own: programs that mean it, and no page that a browser happens to show.
//!
//! A page of anywhere can make a browser send a request to this machine, by this machine's name or by one of its own
//! that leads here; the upstream's key of whoever runs the proxy would pay for it. Never looks at a body.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, HeaderMap, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderName, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::server::Proxy;
use crate::core::Refusal;
use crate::openai::respond;

/// What a browser says of where a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) async fn guard(
    State(proxy): State<Arc<Proxy>>,
    request: Request,
    next: Next,
) -> Response {
    match admits(proxy.loopback, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(what) => respond(Err(Refusal::request(None, what))),
    }
}

/// Whether a request is of a program's own will, by its headers.
fn admits(loopback: bool, method: &Method, headers: &HeaderMap) -> Result<(), &'static str> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(HOST).unwrap_or_default();
    if loopback && !authority_is_local(host) {
        return Err("this proxy is asked by this machine's own names only: localhost, 127.0.0.1");
    }
    let foreign = |origin: &str| {
        let of = origin.strip_prefix("http://").or(origin.strip_prefix("https://"));
        of.is_none_or(|of| !of.eq_ignore_ascii_case(host))
    };
    let elsewhere = |site: &str| !matches!(site, "same-origin" | "none");
    if text(ORIGIN).is_some_and(foreign) || text(FETCH_SITE).is_some_and(elsewhere) {
        return Err("this proxy takes no requests of pages of other origins");
    }
    // A page can't send this to another origin without being asked for leave first.
    let kind = text(CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if method == Method::POST && !kind.eq_ignore_ascii_case("application/json") {
        return Err("a question is JSON: send the header `content-type: application/json`");
    }
    Ok(())
}

fn authority_is_local(host: &str) -> bool {
    host.parse::<Authority>().is_ok_and(|authority| is_local(authority.host()))
}

/// Whether a name is this machine's own.
pub(super) fn is_local(host: &str) -> bool {
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    let address = plain.parse::<IpAddr>();
    plain.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn taken(loopback: bool, method: &Method, headers: &[(&str, &str)]) -> bool {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        admits(loopback, method, &all).is_ok()
    }

    #[test]
    fn pages_and_strange_names_are_refused() {
        let json = ("content-type", "application/json; charset=utf-8");
        for (host, local) in [
            ("localhost:8088", true),
            ("LOCALHOST", true),
            ("127.0.0.1:1", true),
            ("127.9.9.9", true),
            ("[::1]:8", true),
            ("evil.example:8088", false),
            ("localhost.evil.example", false),
            ("10.0.0.1", false),
            ("", false),
        ] {
            let headers = [("host", host), json];
            assert_eq!(taken(true, &Method::POST, &headers), local, "{host}");
            assert!(taken(false, &Method::POST, &headers), "{host}");
        }
        let here = ("host", "localhost:8");
        for (header, fits) in [
            (("origin", "http://localhost:8"), true),
            (("origin", "http://localhost:9"), false),
            (("origin", "https://evil.example"), false),
            (("origin", "null"), false),
            (("sec-fetch-site", "cross-site"), false),
            (("sec-fetch-site", "same-site"), false),
            (("sec-fetch-site", "none"), true),
            (("content-type", "text/plain"), false),
            (("content-type", ""), false),
        ] {
            let headers = [here, json, header];
            assert_eq!(taken(true, &Method::POST, &headers), fits, "{header:?}");
        }
        assert!(!taken(true, &Method::POST, &[here]));
        assert!(taken(true, &Method::GET, &[here]));
    }
}
