//! Who may ask where no key is asked for: programs that mean it, and no page that a browser happens to show.
//!
//! A page of anywhere can make a browser send a request to this machine, by this machine's name or by one of its own
//! that leads here; whoever runs the server would pay for it, and its answers could be read. Never looks at a body.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderName, Method};

/// What a browser says of where a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// And of what it is for.
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// What is asked of requests that have no key.
pub(crate) struct Guard {
    /// What is guarded, in words.
    pub(crate) what: &'static str,
    /// By which names it may be asked.
    pub(crate) hosts: Hosts,
    /// Whether an option adds to them.
    pub(crate) named: bool,
    /// Origins whose pages may ask all the same; `*` is any.
    pub(crate) origins: Vec<String>,
}

/// By which names something may be asked.
pub(crate) enum Hosts {
    /// By any.
    Any,
    /// By this machine's own, and by these.
    Local(Vec<String>),
    /// By every address that is a number, which no page can make lead here, by this machine's own names and by these.
    Numbers(Vec<String>),
}

impl Guard {
    /// Whether a request is of a program's own will, by its headers.
    pub(crate) fn admits(&self, request: &Request) -> Result<(), String> {
        let headers = request.headers();
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        // HTTP/2 says it in the address.
        let named = request.uri().authority().map(Authority::as_str);
        let host = text(HOST).or(named).unwrap_or_default();
        if let Err(way) = self.hosts.admit(host) {
            let more = if self.named { ", and by the names of --hosts" } else { "" };
            return Err(format!("{} is asked by {way}{more}", self.what));
        }
        let origin = text(ORIGIN);
        let known = origin.is_some_and(|origin| is_known(&self.origins, origin));
        let foreign = |origin: &str| {
            let of = origin.strip_prefix("http://").or(origin.strip_prefix("https://"));
            of.is_none_or(|of| !of.eq_ignore_ascii_case(host))
        };
        // A link that somebody follows shows what is there to them, and not to the page it stood on.
        let followed = *request.method() == Method::GET && text(FETCH_MODE) == Some("navigate");
        let elsewhere = |site: &str| !matches!(site, "same-origin" | "none") && !followed;
        if !known && (origin.is_some_and(foreign) || text(FETCH_SITE).is_some_and(elsewhere)) {
            return Err(format!("{} takes no requests of pages of other origins", self.what));
        }
        // A page can't send this to another origin without being asked for leave first.
        let kind = text(CONTENT_TYPE).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if *request.method() == Method::POST && !kind.eq_ignore_ascii_case("application/json") {
            let way = "a question is JSON: send the header `content-type: application/json`";
            return Err(way.into());
        }
        Ok(())
    }
}

impl Hosts {
    /// Whether it may be asked by this name; else the way out.
    fn admit(&self, host: &str) -> Result<(), &'static str> {
        let authority = host.parse::<Authority>().ok();
        let name = authority.as_ref().map_or("", Authority::host);
        let listed =
            |known: &[String]| known.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(name));
        let (known, numbers) = match self {
            Self::Any => return Ok(()),
            Self::Local(known) => (known, false),
            Self::Numbers(known) => (known, true),
        };
        match (is_local(name) || listed(known), numbers) {
            (true, _) => Ok(()),
            (false, true) if number(name).is_some() => Ok(()),
            (false, true) => Err("its address in numbers"),
            (false, false) => Err("this machine's own names: localhost, 127.0.0.1"),
        }
    }
}

/// Whether pages of this origin may ask.
pub(crate) fn is_known(origins: &[String], origin: &str) -> bool {
    origins.iter().any(|known| known == "*" || known == origin)
}

/// Whether a name is this machine's own.
pub(crate) fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || number(host).is_some_and(|one| one.is_loopback())
}

/// An address that is a number.
fn number(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use axum::body::Body;

    use super::*;

    fn taken(guard: &Guard, method: &Method, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method.clone();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        guard.admits(&request).is_ok()
    }

    fn guard(hosts: Hosts, origins: &[&str]) -> Guard {
        let origins = origins.iter().copied().map(String::from).collect();
        Guard { what: "this server", hosts, named: true, origins }
    }

    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

    #[test]
    fn strange_names_are_refused() {
        let listed = || vec!["gpu.example".to_owned()];
        for (host, local, numbers) in [
            ("localhost:8088", true, true),
            ("LOCALHOST", true, true),
            ("127.0.0.1:1", true, true),
            ("127.9.9.9", true, true),
            ("[::1]:8", true, true),
            ("GPU.example:8", true, true),
            ("evil.example:8088", false, false),
            ("localhost.evil.example", false, false),
            ("10.0.0.1", false, true),
            ("[fd00::1]:8000", false, true),
            ("", false, false),
        ] {
            let headers = [("host", host), JSON];
            let taken = |hosts| taken(&guard(hosts, &[]), &Method::POST, &headers);
            assert_eq!(taken(Hosts::Local(listed())), local, "{host}");
            assert_eq!(taken(Hosts::Numbers(listed())), numbers, "{host}");
            assert!(taken(Hosts::Any), "{host}");
            assert!(taken(Hosts::Local(vec!["*".into()])), "{host}");
        }
        // HTTP/2 has no such header.
        let mut request = Request::new(Body::empty());
        let local = guard(Hosts::Local(Vec::new()), &[]);
        for (uri, fits) in [("http://localhost:8/a", true), ("http://evil.example/a", false)] {
            *request.uri_mut() = uri.parse().unwrap();
            assert_eq!(local.admits(&request).is_ok(), fits, "{uri}");
        }
    }

    #[test]
    fn pages_of_other_origins_are_refused_but_those_that_are_named() {
        let here = ("host", "localhost:8");
        let closed = guard(Hosts::Local(Vec::new()), &[]);
        let open = guard(Hosts::Local(Vec::new()), &["https://page.example"]);
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
            let headers = [here, JSON, header];
            assert_eq!(taken(&closed, &Method::POST, &headers), fits, "{header:?}");
            assert_eq!(taken(&open, &Method::POST, &headers), fits, "{header:?}");
        }
        assert!(!taken(&closed, &Method::POST, &[here]));
        assert!(taken(&closed, &Method::GET, &[here]));
        let page =
            [here, JSON, ("origin", "https://page.example"), ("sec-fetch-site", "cross-site")];
        assert!(taken(&open, &Method::POST, &page));
        assert!(!taken(&closed, &Method::POST, &page));
        let link = [here, JSON, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        assert!(taken(&closed, &Method::GET, &link));
        assert!(!taken(&closed, &Method::POST, &link));
    }
}
