//! The server behind a proxy: where it is, and one request to it.
//!
//! One connection a request, so that nothing of one caller's can mix with another's. Never follows a redirect, never
//! decompresses, and sends nothing of the caller's but what it asks, made a stream, and its key, or the proxy's own key
//! in its place. Every wait and size has its limit. Failure: a refusal, never in the upstream's words.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Method, Request, Response, Uri};
use futures_util::StreamExt;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::settings::ProxyLimits;
use super::wire;
use crate::core::Refusal;
use crate::http::is_local;
use crate::log::Log;

/// Bytes of an answer that is an error.
const ERROR_BYTES_MAX: usize = 64 << 10;
/// Bytes of a file of authorities.
const AUTHORITIES_BYTES_MAX: u64 = 16 << 20;
/// Headers of an answer.
const HEADERS_MAX: usize = 100;
/// Least that hyper reads headers into.
const HEADER_BYTES_LEAST: usize = 8 << 10;
/// Longest wait that the upstream can ask for.
const RETRY_AFTER_MAX_S: u64 = 3600;

/// Where the upstream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl {
    tls: bool,
    host: String,
    port: u16,
    /// Before the paths of the API, without a slash at its end.
    prefix: String,
}

impl UpstreamUrl {
    /// Reads an address such as `https://host:8000`; a `/v1` at its end is the API's and may stand there.
    ///
    /// # Errors
    /// Words for what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| format!("{text:?} is no address: {error}"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) | None => return Err("it must begin with http:// or https://".into()),
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err(
                "a password in it would be seen: give the key as an environment variable".into()
            );
        }
        if uri.query().is_some() {
            return Err("nothing may stand behind a `?`".into());
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or("it names no host")?;
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let path = uri.path().trim_end_matches('/');
        let prefix = path.strip_suffix("/v1").unwrap_or(path).to_owned();
        Ok(Self { tls, host: host.to_owned(), port, prefix })
    }

    /// As it is told.
    pub(super) fn shown(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}:{}{}", self.host, self.port, self.prefix)
    }
}

/// How the upstream is reached.
pub(super) struct Upstream {
    url: UpstreamUrl,
    tls: Option<TlsConnector>,
    /// Sent in place of the caller's.
    key: Option<HeaderValue>,
    limits: ProxyLimits,
    log: Log,
}

impl Upstream {
    pub(super) fn new(
        url: UpstreamUrl,
        key: Option<String>,
        authorities: Option<&Path>,
        limits: ProxyLimits,
        log: Log,
    ) -> Result<Self, String> {
        let tls = if url.tls { Some(connector(authorities)?) } else { None };
        let secret = |key: String| {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
                .map_err(|_| "the upstream's key has characters that no header can have")?;
            value.set_sensitive(true);
            Ok::<_, String>(value)
        };
        let key = key.map(secret).transpose()?;
        Ok(Self { url, tls, key, limits, log })
    }

    pub(super) fn shown(&self) -> String {
        self.url.shown()
    }

    /// Whether others may read on the way what is asked of it.
    pub(super) fn is_open(&self) -> bool {
        !self.url.tls && !is_local(&self.url.host)
    }

    pub(super) const fn limits(&self) -> &ProxyLimits {
        &self.limits
    }

    /// Asks; an answer that is no 200 is a refusal.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        callers_key: Option<&HeaderValue>,
        body: String,
    ) -> Result<Response<Body>, Refusal> {
        let request = self.request(method, path, callers_key, body)?;
        let mut sender = timeout(self.limits.connect_time, self.connect())
            .await
            .map_err(|_| self.unreachable("it takes too long"))?
            .map_err(|what| self.unreachable(&what))?;
        let response = timeout(self.limits.head_time, sender.send_request(request))
            .await
            .map_err(|_| self.unreachable("its answer does not begin in time"))?
            .map_err(|error| self.unreachable(&error.to_string()))?;
        let response = response.map(Body::new);
        if response.status().as_u16() == 200 {
            return Ok(response);
        }
        Err(self.refused(response).await)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        callers_key: Option<&HeaderValue>,
        body: String,
    ) -> Result<Request<Body>, Refusal> {
        let url = &self.url;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", url.prefix))
            .header(HOST, format!("{}:{}", url.host, url.port))
            .header(ACCEPT, "text/event-stream, application/json")
            .header(ACCEPT_ENCODING, "identity")
            .header(CONTENT_TYPE, "application/json");
        if let Some(key) = self.key.as_ref().or(callers_key) {
            request = request.header(AUTHORIZATION, key);
        }
        let request = request.body(Body::from(body));
        request.map_err(|error| Refusal::Fault(format!("no request can be made: {error}")))
    }

    async fn connect(&self) -> Result<SendRequest<Body>, String> {
        let UpstreamUrl { host, port, .. } = &self.url;
        let plain = host.trim_start_matches('[').trim_end_matches(']');
        let socket = TcpStream::connect((plain, *port)).await.map_err(|error| error.to_string())?;
        // Small events come at once.
        let _ = socket.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return self.shake(socket).await;
        };
        let name = ServerName::try_from(plain.to_owned()).map_err(|error| error.to_string())?;
        let socket = tls.connect(name, socket).await.map_err(|error| error.to_string())?;
        self.shake(socket).await
    }

    async fn shake(
        &self,
        socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Result<SendRequest<Body>, String> {
        let shaken = Builder::new()
            .max_headers(HEADERS_MAX)
            .max_buf_size(self.limits.header_bytes_max.max(HEADER_BYTES_LEAST))
            .handshake(TokioIo::new(socket))
            .await;
        let (sender, connection) = shaken.map_err(|error| error.to_string())?;
        tokio::spawn(async move {
            // However it ends: whoever reads its answer is told.
            let _ = connection.await;
        });
        Ok(sender)
    }

    /// What the upstream refuses: its status for the caller, its words for the log.
    async fn refused(&self, response: Response<Body>) -> Refusal {
        let status = response.status().as_u16();
        let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let after = after.and_then(|seconds| seconds.parse::<u64>().ok());
        let read = small(response.into_body(), ERROR_BYTES_MAX);
        let body = timeout(self.limits.silence, read).await.ok().and_then(Result::ok);
        let error = body.and_then(|body| serde_json::from_slice::<serde_json::Value>(&body).ok());
        let said = error
            .map_or_else(|| "no reason is given".into(), |error| wire::message(&error["error"]));
        let what = format!("the server behind this proxy refuses it ({status})");
        self.log.notice(&format!("{what}: {said}"));
        match status {
            429 => Refusal::Busy { what, retry_after_s: after.unwrap_or(1).min(RETRY_AFTER_MAX_S) },
            400 | 401 | 403 | 404 | 408 | 409 | 413 | 422 | 500..=504 => {
                Refusal::Upstream { status, what }
            }
            _ => Refusal::Upstream { status: 502, what },
        }
    }

    fn unreachable(&self, what: &str) -> Refusal {
        let url = self.shown();
        let what = format!("the server {url} can't be asked: {what}");
        self.log.notice(&what);
        Refusal::Upstream { status: 502, what }
    }
}

/// A whole body, of at most so many bytes.
pub(super) async fn small(body: Body, max: usize) -> Result<Vec<u8>, String> {
    let mut frames = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(frame) = frames.next().await {
        let frame: Bytes = frame.map_err(|error| error.to_string())?;
        if bytes.len() + frame.len() > max {
            return Err(format!("more than {max} bytes"));
        }
        bytes.extend_from_slice(&frame);
    }
    Ok(bytes)
}

/// The body of an answer, for whoever reads frames.
pub(super) type Frames = axum::body::BodyDataStream;

fn connector(authorities: Option<&Path>) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    // Whatever of the system's can't be read is not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = authorities {
        let wrong = |error: &dyn core::fmt::Display| {
            format!("the authorities in {} can't be used: {error}", path.display())
        };
        let mut pem = Vec::new();
        let file = std::fs::File::open(path).map_err(|error| wrong(&error))?;
        file.take(AUTHORITIES_BYTES_MAX).read_to_end(&mut pem).map_err(|error| wrong(&error))?;
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| wrong(&error))?;
            roots.add(certificate).map_err(|error| wrong(&error))?;
            found += 1;
        }
        if found == 0 {
            return Err(wrong(&"no certificate stands in it"));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn addresses_are_read_with_and_without_the_version() {
        for (text, shown) in [
            ("http://localhost:8000/v1", "http://localhost:8000"),
            ("http://localhost", "http://localhost:80"),
            ("https://a.example/models/v1/", "https://a.example:443/models"),
            ("https://[::1]:9/", "https://[::1]:9"),
        ] {
            assert_eq!(UpstreamUrl::parse(text).unwrap().shown(), shown);
        }
        for wrong in
            ["localhost:8000", "ftp://a", "http://me:secret@a", "http://a/?b", "http://", ""]
        {
            assert!(UpstreamUrl::parse(wrong).is_err(), "{wrong}");
        }
    }
}
