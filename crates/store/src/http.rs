//! A blocking HTTP client for downloads, with the limits we insist on.
//!
//! Redirects are followed here, not in the library: at most [`MAX_REDIRECTS`], never from https to
//! http, and a credential goes only to the origin it was given for. Connecting, the answer's first
//! byte and every silence have a timeout, a small answer one for the whole of it, a large body a
//! least rate (`fetch`): nobody can hold us by dripping. Bodies are never decompressed. Certificates: the system's
//! store plus an optional PEM file. Proxies are values, chosen per request and per redirect.
//! Messages never hold a password or the query of an address (signed links are secrets).

use std::io::{self, Read};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use base64::Engine as _;
use ureq::http::{HeaderMap, Method, Request, StatusCode};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use url::{Host, Url};

use crate::config::Network;
use crate::error::{Failure, SourceError, StoreError};

/// Most redirects followed for one request.
pub(crate) const MAX_REDIRECTS: usize = 8;
/// Most bytes of an answer's head.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Longest header value looked at.
const MAX_HEADER_BYTES: usize = 4096;
/// How much of a small answer is read at once.
const SMALL_READ_BYTES: usize = 16 * 1024;
/// Largest PEM file of extra authorities.
const MAX_CA_BYTES: u64 = 16 * 1024 * 1024;

/// A header value that belongs to one origin.
#[derive(Clone)]
pub(crate) struct Credential {
    origin: url::Origin,
    value: String,
}

/// What to ask for.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) credential: Option<&'a Credential>,
    /// False: a redirect to another origin is itself the answer.
    pub(crate) leave_origin: bool,
}

/// An answer, after redirects.
pub(crate) struct Answer {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The heads of the redirects on the way, first to last.
    pub(crate) hops: Vec<HeaderMap>,
    pub(crate) body: ureq::BodyReader<'static>,
}

/// The client. Made once per store; certificates are loaded at the first request.
pub(crate) struct Http {
    network: Network,
    agent: OnceLock<ureq::Agent>,
}

impl Credential {
    pub(crate) fn bearer(url: &Url, token: &str) -> Self {
        Self { origin: url.origin(), value: format!("Bearer {token}") }
    }

    /// Takes the user and password out of an address.
    pub(crate) fn take_basic(url: &mut Url) -> Option<Self> {
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let decode = |text: &str| crate::index::percent_decode(text).unwrap_or_default();
        let pair = format!("{}:{}", decode(url.username()), decode(url.password().unwrap_or("")));
        let value = base64::engine::general_purpose::STANDARD.encode(pair);
        // Both fail only for addresses that can't have a user, and this one has one.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Some(Self { origin: url.origin(), value: format!("Basic {value}") })
    }
}

impl<'a> Ask<'a> {
    pub(crate) fn get(url: &'a Url) -> Self {
        let headers = Vec::new();
        Self { method: Method::GET, url, headers, credential: None, leave_origin: true }
    }
}

impl Http {
    pub(crate) fn new(network: Network) -> Self {
        Self { network, agent: OnceLock::new() }
    }

    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// Asks, following redirects. Any status is an answer.
    pub(crate) fn ask(&self, ask: &Ask<'_>) -> Result<Answer, Failure> {
        if self.network.offline {
            return Err(SourceError::Offline.into());
        }
        let mut url = ask.url.clone();
        let mut hops = Vec::new();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.once(ask, &url)?;
            let (head, body) = response.into_parts();
            let location =
                header(&head.headers, "location").filter(|_| head.status.is_redirection());
            let next = location
                .map(|text| url.join(text).map_err(|_| bad_address(&url, "it redirects nowhere")))
                .transpose()?
                .filter(|next| ask.leave_origin || next.origin() == url.origin());
            let Some(next) = next else {
                let body = body.into_reader();
                return Ok(Answer { url, status: head.status, headers: head.headers, hops, body });
            };
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(bad_address(&url, "it redirects from https to plain http").into());
            }
            hops.push(head.headers);
            url = next;
        }
        Err(bad_address(ask.url, "it redirects too often").into())
    }

    /// Asks for a small text, refusing more than `limit` bytes, and one that doesn't end in time.
    pub(crate) fn ask_small(
        &self,
        ask: &Ask<'_>,
        limit: usize,
    ) -> Result<(Answer, Vec<u8>), Failure> {
        let mut answer = self.ask(ask)?;
        let small = self.network.timeouts.small;
        let begun = Instant::now();
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; SMALL_READ_BYTES]);
        let protocol =
            |url: &Url, what: String| SourceError::Protocol { address: redact(url), what };
        loop {
            let count = match answer.body.read(&mut buffer) {
                Ok(0) => return Ok((answer, bytes)),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let what = format!("the answer broke off: {error}");
                    return Err(protocol(&answer.url, what).into());
                }
            };
            bytes.extend_from_slice(&buffer[..count]);
            if bytes.len() > limit {
                let what = format!("the answer is over {limit} bytes");
                return Err(protocol(&answer.url, what).into());
            }
            if begun.elapsed() > small {
                let what = format!("the answer did not end within {small:?}");
                return Err(protocol(&answer.url, what).into());
            }
        }
    }

    fn once(&self, ask: &Ask<'_>, url: &Url) -> Result<ureq::http::Response<ureq::Body>, Failure> {
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(bad_address(url, "only http and https are spoken").into());
        }
        let agent = self.agent()?;
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(without_fragment(url).as_str())
            .header("accept-encoding", "identity");
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if let Some(credential) = ask.credential.filter(|given| given.origin == url.origin()) {
            request = request.header("authorization", &credential.value);
        }
        let request =
            request.body(()).map_err(|_| bad_address(url, "it can't be put into a request"))?;
        let proxy = self.proxy_for(url)?;
        let request = agent.configure_request(request).proxy(proxy).build();
        agent.run(request).map_err(|error| explain(error, url).into())
    }

    fn agent(&self) -> Result<&ureq::Agent, StoreError> {
        if let Some(agent) = self.agent.get() {
            return Ok(agent);
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(self.authorities()?)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let timeouts = self.network.timeouts;
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MAX_HEAD_BYTES)
            .user_agent("probity")
            .timeout_resolve(Some(timeouts.resolve))
            .timeout_connect(Some(timeouts.connect))
            .timeout_recv_response(Some(timeouts.response))
            .timeout_per_read(Some(timeouts.idle))
            .timeout_per_write(Some(timeouts.idle))
            .build();
        Ok(self.agent.get_or_init(|| config.new_agent()))
    }

    /// The system's authorities and the extra ones. Plain http needs none, so an empty system
    /// store is not refused here: a TLS connection will then fail and say why.
    fn authorities(&self) -> Result<Vec<Certificate<'static>>, StoreError> {
        let system = rustls_native_certs::load_native_certs();
        let mut all: Vec<Certificate<'static>> =
            system.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        for path in self.network.extra_ca.iter().chain(&self.network.pip.cert) {
            add_authorities(path, &mut all)?;
        }
        Ok(all)
    }

    fn proxy_for(&self, url: &Url) -> Result<Option<ureq::Proxy>, StoreError> {
        let set = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let (setting, chosen) = match url.scheme() {
            "https" => ("HTTPS_PROXY", set(&self.network.https_proxy)),
            _ => ("HTTP_PROXY", set(&self.network.http_proxy)),
        };
        let (setting, chosen) = match chosen {
            Some(chosen) => (setting, Some(chosen)),
            None => ("ALL_PROXY", set(&self.network.all_proxy)),
        };
        let Some(chosen) = chosen else { return Ok(None) };
        if bypasses(self.network.no_proxy.as_deref().unwrap_or(""), url) {
            return Ok(None);
        }
        let bad = |_| StoreError::Setting {
            setting,
            what: format!("`{}` is no proxy address", redact_text(&chosen)),
        };
        ureq::Proxy::new(&chosen).map(Some).map_err(bad)
    }
}

fn add_authorities(path: &Path, all: &mut Vec<Certificate<'static>>) -> Result<(), StoreError> {
    let bad = |what: String| StoreError::Setting {
        setting: "REQUESTS_CA_BUNDLE or pip's cert",
        what: format!("{}: {what}", path.display()),
    };
    let mut pem = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_CA_BYTES).read_to_end(&mut pem))
        .map_err(|error| bad(error.to_string()))?;
    let before = all.len();
    for item in ureq::tls::parse_pem(&pem) {
        // Keys in the same file are not our business.
        if let PemItem::Certificate(certificate) = item.map_err(|error| bad(error.to_string()))? {
            all.push(certificate);
        }
    }
    if all.len() == before {
        return Err(bad("it holds no PEM certificate".to_owned()));
    }
    Ok(())
}

/// An unhappy answer as an error.
pub(crate) fn status_error(answer: &Answer, hint: &str) -> SourceError {
    let wait = header(&answer.headers, "retry-after").and_then(|text| text.trim().parse().ok());
    SourceError::Status {
        address: redact(&answer.url),
        status: answer.status.as_u16(),
        hint: hint.to_owned(),
        retry_after_s: wait,
    }
}

/// A header as text; absent when too long or not text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|value| value.len() <= MAX_HEADER_BYTES)
}

/// An address without user, password, query and fragment.
pub(crate) fn redact(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The same for a text that should be an address.
pub(crate) fn redact_text(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) if url.has_host() => redact(&url),
        _ if text.contains('@') => "***".to_owned(),
        _ => text.to_owned(),
    }
}

/// Does `NO_PROXY` name this host? Entries: `*`, a host (and its subdomains, with or without a
/// leading dot), `host:port`, an address, or a network like `10.0.0.0/8`.
fn bypasses(no_proxy: &str, url: &Url) -> bool {
    let Some(host) = url.host() else { return false };
    let port = url.port_or_known_default().map(|port| port.to_string());
    no_proxy.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let (name, wanted) = match entry.rsplit_once(':') {
            Some((name, digits))
                if !name.contains(':') && digits.bytes().all(|b| b.is_ascii_digit()) =>
            {
                (name, Some(digits.to_owned()))
            }
            _ => (entry, None),
        };
        (wanted.is_none() || wanted == port) && (name == "*" || host_matches(&host, name))
    })
}

fn host_matches(host: &Host<&str>, entry: &str) -> bool {
    let ip: IpAddr = match host {
        Host::Domain(domain) => {
            let entry = entry.trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
            let domain = domain.trim_end_matches('.').to_ascii_lowercase();
            return !entry.is_empty()
                && (domain == entry || domain.ends_with(&format!(".{entry}")));
        }
        Host::Ipv4(ip) => IpAddr::V4(*ip),
        Host::Ipv6(ip) => IpAddr::V6(*ip),
    };
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (entry, Some(128)),
    };
    let network = network.trim_matches(['[', ']']).parse::<IpAddr>();
    match (network, bits) {
        (Ok(network), Some(bits)) => same_network(ip, network, bits),
        _ => false,
    }
}

fn same_network(one: IpAddr, other: IpAddr, bits: u32) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let shift = 32_u32.saturating_sub(bits);
            let cut = |ip: std::net::Ipv4Addr| u32::from(ip).checked_shr(shift).unwrap_or(0);
            cut(one) == cut(other)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let shift = 128_u32.saturating_sub(bits);
            let cut = |ip: std::net::Ipv6Addr| u128::from(ip).checked_shr(shift).unwrap_or(0);
            cut(one) == cut(other)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

fn bad_address(url: &Url, what: &'static str) -> SourceError {
    SourceError::Address { address: redact(url), what }
}

/// The library's error in our words. Addresses in its text are dropped: they may be signed.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library's enum is not ours to exhaust")]
fn explain(error: ureq::Error, url: &Url) -> SourceError {
    let host = url.host_str().unwrap_or("?").to_owned();
    let unreachable = |what: String| SourceError::Unreachable { host: host.clone(), what };
    match error {
        ureq::Error::HostNotFound => unreachable("its name does not resolve".to_owned()),
        ureq::Error::Timeout(which) => unreachable(format!("timed out ({which})")),
        ureq::Error::Io(error) => from_io(&error, host),
        ureq::Error::ConnectionFailed => unreachable("connection failed".to_owned()),
        ureq::Error::ConnectProxyFailed(why) => unreachable(format!("the proxy refused: {why}")),
        ureq::Error::Tls(what) => SourceError::Tls { host, what: what.to_owned() },
        ureq::Error::Rustls(error) => SourceError::Tls { host, what: error.to_string() },
        ureq::Error::BadUri(_) => bad_address(url, "it can't be read"),
        other => SourceError::Protocol { address: redact(url), what: other.to_string() },
    }
}

fn from_io(error: &io::Error, host: String) -> SourceError {
    let what = error.to_string();
    let tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
    if tls { SourceError::Tls { host, what } } else { SourceError::Unreachable { host, what } }
}
