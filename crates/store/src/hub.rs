//! The Hugging Face hub: asks what a file is, then where to download it.
//!
//! The token goes to the hub's own origin and never to the storage it redirects to. The commit is
//! fixed with the first answer, so every later request is about the same bytes. Refusals (gated,
//! private, no such file) say what to do; a wrong file name is answered with the names there are.

use serde::Deserialize;
use ureq::http::{Method, StatusCode};
use url::Url;

use crate::config::DEFAULT_HUB;
use crate::digest::{Pins, Sha256};
use crate::error::{Failure, SourceError, StoreError};
use crate::http::{Answer, Ask, Credential, Http, header, redact, status_error};
use crate::reference::edits;

/// Largest file list read.
const MAX_TREE_BYTES: usize = 4 * 1024 * 1024;
/// Most file names suggested.
const MAX_SUGGESTIONS: usize = 8;
/// Longest commit or entity tag kept.
const MAX_TAG_BYTES: usize = 128;

/// A file of the hub, pinned to one commit.
pub(crate) struct HubFile {
    pub(crate) url: Url,
    pub(crate) pins: Pins,
    /// None where the hub names none: a mirror may not.
    pub(crate) commit: Option<String>,
    pub(crate) etag: String,
    pub(crate) credential: Option<Credential>,
}

/// Where and what: the parts of a hub reference.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) repo: &'a str,
    pub(crate) revision: &'a str,
    pub(crate) file: &'a str,
}

/// Asks the hub about a file.
pub(crate) fn locate(http: &Http, place: Place<'_>) -> Result<HubFile, Failure> {
    let endpoint = endpoint(http)?;
    let credential = http
        .network()
        .hub_token
        .as_ref()
        .filter(|token| !token.reveal().trim().is_empty())
        .map(|token| Credential::bearer(&endpoint, token.reveal().trim()));
    let url = address(&endpoint, &[place.repo], "resolve", place.revision, place.file);
    // The storage behind the hub is not asked: its signed links may be good for GET only.
    let credential_now = credential.as_ref();
    let (method, leave_origin) = (Method::HEAD, false);
    let ask = Ask { method, leave_origin, credential: credential_now, ..Ask::get(&url) };
    let answer = http.ask(&ask)?;
    if !answer.status.is_success() && !answer.status.is_redirection() {
        return Err(refused(http, &endpoint, place, &answer, credential.as_ref()).into());
    }
    // The hub describes a large file in the head of its redirect, a small one in the answer.
    let told = |name: &str| {
        answer.hops.iter().chain([&answer.headers]).find_map(|head| header(head, name))
    };
    let plain = |text: &str| {
        let text = text.trim_start_matches("W/").trim_matches('"');
        (text.len() <= MAX_TAG_BYTES).then(|| text.to_owned())
    };
    let etag = told("x-linked-etag").or_else(|| told("etag")).and_then(plain).unwrap_or_default();
    let plain_size =
        header(&answer.headers, "content-length").filter(|_| answer.status.is_success());
    let size = told("x-linked-size").or(plain_size);
    let Some(size) = size.and_then(|text| text.parse().ok()) else {
        return Err(SourceError::NoSize { address: redact(&url) }.into());
    };
    let is_commit =
        |text: &String| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let commit = told("x-repo-commit").and_then(plain).filter(is_commit);
    let pins = Pins { size, sha256: Sha256::from_hex(&etag), blake3: None };
    let revision = commit.as_deref().unwrap_or(place.revision);
    let url = address(&endpoint, &[place.repo], "resolve", revision, place.file);
    Ok(HubFile { url, pins, commit, etag, credential })
}

/// The configured hub's host, for messages.
pub(crate) fn host(http: &Http) -> String {
    endpoint(http).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn endpoint(http: &Http) -> Result<Url, StoreError> {
    let text = http.network().hub_endpoint.as_deref().filter(|text| !text.is_empty());
    let text = text.unwrap_or(DEFAULT_HUB);
    let bad = || StoreError::Setting {
        setting: "HF_ENDPOINT",
        what: format!("`{}` is no http or https address", crate::http::redact_text(text)),
    };
    let url = Url::parse(text).map_err(|_| bad())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(bad());
    }
    Ok(url)
}

/// `{endpoint}/{prefix..}/{verb}/{revision}/{file}`; a `/` in the revision is escaped, as the hub wants.
fn address(endpoint: &Url, prefix: &[&str], verb: &str, revision: &str, file: &str) -> Url {
    let mut url = endpoint.clone();
    {
        let mut path = url.path_segments_mut().expect("an http address has a path");
        path.pop_if_empty();
        prefix.iter().for_each(|part| {
            path.extend(part.split('/'));
        });
        path.push(verb).push(revision);
        if !file.is_empty() {
            path.extend(file.split('/'));
        }
    }
    url
}

fn refused(
    http: &Http,
    endpoint: &Url,
    place: Place<'_>,
    answer: &Answer,
    credential: Option<&Credential>,
) -> SourceError {
    let repo = place.repo.to_owned();
    let code = header(&answer.headers, "x-error-code").unwrap_or("");
    let closed = matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    match (code, answer.status) {
        ("EntryNotFound", _) => no_such_file(http, endpoint, place, credential),
        ("RevisionNotFound", _) => {
            let what = format!("revision `{}` of {repo}", place.revision);
            SourceError::NotOnHub { what, hint: "; leave `@revision` out for `main`".to_owned() }
        }
        ("RepoNotFound", _) if credential.is_some() => {
            SourceError::NotOnHub { what: format!("repository {repo}"), hint: String::new() }
        }
        ("GatedRepo", _) if credential.is_some() => SourceError::TokenRefused { repo },
        _ if closed && credential.is_some() => SourceError::TokenRefused { repo },
        _ if closed => SourceError::TokenNeeded { repo },
        (_, StatusCode::NOT_FOUND) => no_such_file(http, endpoint, place, credential),
        _ => status_error(answer, ""),
    }
}

#[derive(Deserialize)]
struct TreeEntry {
    path: String,
}

/// Names the repository's model files, those most like the wanted one first. Any failure to list
/// them only makes the message shorter.
fn no_such_file(
    http: &Http,
    endpoint: &Url,
    place: Place<'_>,
    credential: Option<&Credential>,
) -> SourceError {
    let what = format!("file `{}` in {} at `{}`", place.file, place.repo, place.revision);
    let mut url = address(endpoint, &["api/models", place.repo], "tree", place.revision, "");
    url.set_query(Some("recursive=true"));
    let listed = http
        .ask_small(&Ask { credential, ..Ask::get(&url) }, MAX_TREE_BYTES)
        .ok()
        .filter(|(answer, _)| answer.status.is_success())
        .and_then(|(_, body)| serde_json::from_slice::<Vec<TreeEntry>>(&body).ok())
        .unwrap_or_default();
    let mut names: Vec<String> = listed
        .into_iter()
        .map(|entry| entry.path)
        .filter(|path| path.to_ascii_lowercase().ends_with(".gguf"))
        .filter(|path| path.len() <= MAX_TAG_BYTES && !path.chars().any(char::is_control))
        .collect();
    names.sort_by_cached_key(|name| (edits(name, place.file), name.clone()));
    let more = names.len().saturating_sub(MAX_SUGGESTIONS);
    names.truncate(MAX_SUGGESTIONS);
    let hint = match (names.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!("; it has: {}", names.join(", ")),
        (false, more) => format!("; it has: {} and {more} more", names.join(", ")),
    };
    SourceError::NotOnHub { what, hint }
}
