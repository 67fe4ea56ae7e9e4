//! The Hugging Face hub: asks what a file is, then where to download it.
//!
//! The token goes to the hub's own origin and never to the storage it redirects to. The commit is
//! fixed with the first answer, so every later request is about the same bytes. Refusals (gated,
//! private, no such file) say what to do; a wrong file name is answered with the names there are.

use serde::Deserialize;
use ureq::http::{Method, StatusCode};
use url::Url;

use crate::config::DEFAULT_HUB;
use crate::digest::{GitBlob, Pins, Sha256};
use crate::error::{Failure, SourceError, StoreError};
use crate::http::{Answer, Ask, Credential, Http, header, redact, status_error};
use crate::reference::edits;

/// Largest file list read.
const MAX_TREE_BYTES: usize = 4 * 1024 * 1024;
/// Most pages of a list of files, and most files of all of them.
const MAX_TREE_PAGES: usize = 16;
const MAX_TREE_FILES: usize = 16_384;
/// Most file names suggested.
const MAX_SUGGESTIONS: usize = 8;
/// Longest commit or entity tag kept.
const MAX_TAG_BYTES: usize = 128;

/// A file of the hub, pinned to one commit.
pub(crate) struct HubFile {
    pub(crate) url: Url,
    pub(crate) pins: Pins,
    pub(crate) git_blob: Option<GitBlob>,
    /// None where the hub names none: a mirror may not.
    pub(crate) commit: Option<String>,
    pub(crate) etag: String,
    pub(crate) credential: Option<Credential>,
}

/// A repository at one commit, and the files of its root.
pub(crate) struct Tree {
    pub(crate) commit: String,
    pub(crate) files: Vec<TreeFile>,
    pub(crate) credential: Option<Credential>,
}

/// A file of it.
pub(crate) struct TreeFile {
    pub(crate) name: String,
    pub(crate) url: Url,
    pub(crate) pins: Pins,
    /// Of small files, which have no SHA-256 there.
    pub(crate) git_blob: Option<GitBlob>,
    /// What the hub names its bytes by.
    pub(crate) oid: String,
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
    let credential = credential(http, &endpoint);
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
    // What the hub keeps in git itself has git's name for a tag.
    let git_blob = GitBlob::from_hex(&etag).filter(|_| told("x-linked-etag").is_none());
    let revision = commit.as_deref().unwrap_or(place.revision);
    let url = address(&endpoint, &[place.repo], "resolve", revision, place.file);
    Ok(HubFile { url, pins, git_blob, commit, etag, credential })
}

/// The token, for the hub's own origin.
fn credential(http: &Http, endpoint: &Url) -> Option<Credential> {
    let token = http.network().hub_token.as_ref()?.reveal().trim();
    (!token.is_empty()).then(|| Credential::bearer(endpoint, token))
}

/// Asks the hub which files a repository's root has, at which commit.
pub(crate) fn list(http: &Http, repo: &str, revision: &str) -> Result<Tree, Failure> {
    let endpoint = endpoint(http)?;
    let credential = credential(http, &endpoint);
    let place = Place { repo, revision, file: "" };
    let ask = |url: &Url| -> Result<(Answer, Vec<u8>), Failure> {
        let ask = Ask { credential: credential.as_ref(), leave_origin: false, ..Ask::get(url) };
        let (answer, body) = http.ask_small(&ask, MAX_TREE_BYTES)?;
        if !answer.status.is_success() {
            return Err(refused(http, &endpoint, place, &answer, credential.as_ref()).into());
        }
        Ok((answer, body))
    };
    let api = ["api/models", repo];
    let url = address(&endpoint, &api, "revision", revision, "");
    let (_, body) = ask(&url)?;
    let is_commit =
        |text: &String| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let told = serde_json::from_slice::<RevisionTold>(&body).ok();
    let commit = told.map(|told| told.sha).filter(is_commit);
    let protocol = |url: &Url, what: &str| SourceError::Protocol {
        address: redact(url),
        what: what.to_owned(),
    };
    let commit = commit.ok_or_else(|| protocol(&url, "it names no commit"))?;
    let mut next = Some(address(&endpoint, &api, "tree", &commit, ""));
    let mut files = Vec::new();
    for _ in 0..MAX_TREE_PAGES {
        let Some(url) = next.take() else { break };
        let (answer, body) = ask(&url)?;
        let page: Vec<TreeTold> = serde_json::from_slice(&body)
            .map_err(|_| protocol(&url, "it lists no files that can be read"))?;
        for told in page.into_iter().filter(|told| told.kind == "file") {
            let url = address(&endpoint, &[repo], "resolve", &commit, &told.path);
            files.extend(told.file(url));
        }
        next = header(&answer.headers, "link").and_then(|link| next_page(link, &url));
    }
    if next.is_some() || files.len() > MAX_TREE_FILES {
        return Err(protocol(&url, "it lists too many files").into());
    }
    Ok(Tree { commit, files, credential })
}

/// The address of the page that follows, of the same origin.
fn next_page(link: &str, url: &Url) -> Option<Url> {
    let (address, relation) = link.split_once(';')?;
    let address = address.trim().strip_prefix('<')?.strip_suffix('>')?;
    let next = url.join(address).ok()?;
    (relation.contains("rel=\"next\"") && next.origin() == url.origin()).then_some(next)
}

#[derive(Deserialize)]
struct RevisionTold {
    sha: String,
}

#[derive(Deserialize)]
struct TreeTold {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    oid: String,
    size: u64,
    lfs: Option<LfsTold>,
}

#[derive(Deserialize)]
struct LfsTold {
    oid: String,
    size: u64,
}

impl TreeTold {
    /// What is promised of it; nothing of a file that is no use without a promise.
    fn file(self, url: Url) -> Option<TreeFile> {
        let (size, oid) = match &self.lfs {
            Some(lfs) => (lfs.size, lfs.oid.clone()),
            None => (self.size, self.oid),
        };
        let sha256 = self.lfs.as_ref().and_then(|lfs| Sha256::from_hex(&lfs.oid));
        let git_blob = GitBlob::from_hex(&oid).filter(|_| self.lfs.is_none());
        if sha256.is_none() && git_blob.is_none() {
            return None;
        }
        let pins = Pins { size, sha256, blake3: None };
        Some(TreeFile { name: self.path, url, pins, git_blob, oid })
    }
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
        (_, StatusCode::NOT_FOUND) if place.file.is_empty() => {
            let what = format!("{repo} at `{}`", place.revision);
            SourceError::NotOnHub { what, hint: String::new() }
        }
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
