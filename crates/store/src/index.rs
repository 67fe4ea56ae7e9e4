//! Reads a project's page of a Python package index: PEP 691 (JSON) and PEP 503 (HTML).
//!
//! Pure: bytes in, [`Listed`] files out. The page is a stranger's text: sizes are bounded, names
//! are compared and never used as paths, and an address that is not http(s) is left out. A hash
//! that is present but malformed is an error, not "no hash".

use serde::Deserialize;
use url::Url;

use crate::digest::Sha256;

/// Largest page read.
pub const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;
/// Most files taken from a page.
pub const MAX_LISTED_FILES: usize = 20_000;
/// The PEP 691 media type.
pub const JSON_TYPE: &str = "application/vnd.pypi.simple.v1+json";
/// What we ask an index for, best first.
pub const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// A file as an index lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub file_name: String,
    pub url: Url,
    pub sha256: Option<Sha256>,
    pub size: Option<u64>,
}

/// Why a page could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    #[error("the page is over {MAX_PAGE_BYTES} bytes")]
    TooLarge,
    #[error("the page lists over {MAX_LISTED_FILES} files")]
    TooMany,
    #[error("the page is no JSON of the simple API: {what}")]
    Json { what: String },
    #[error("the page gives `{file_name}` a malformed SHA-256")]
    Hash { file_name: String },
}

/// Reads a page fetched from `base`; `content_type` decides between the two forms.
pub fn parse_page(
    content_type: Option<&str>,
    base: &Url,
    body: &[u8],
) -> Result<Vec<Listed>, PageError> {
    if body.len() > MAX_PAGE_BYTES {
        return Err(PageError::TooLarge);
    }
    let media = content_type.and_then(|text| text.split(';').next()).unwrap_or("").trim();
    if media.eq_ignore_ascii_case(JSON_TYPE) || media.eq_ignore_ascii_case("application/json") {
        parse_json(base, body)
    } else {
        parse_html(base, body)
    }
}

/// PEP 503's normal form of a project's name.
pub fn normal_name(project: &str) -> String {
    let mut name = String::with_capacity(project.len());
    for letter in project.chars() {
        if !matches!(letter, '-' | '_' | '.') {
            name.push(letter.to_ascii_lowercase());
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    name
}

#[derive(Deserialize)]
struct Page {
    files: Vec<PageFile>,
}

#[derive(Deserialize)]
struct PageFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    size: Option<u64>,
}

fn parse_json(base: &Url, body: &[u8]) -> Result<Vec<Listed>, PageError> {
    let page: Page = serde_json::from_slice(body)
        .map_err(|error| PageError::Json { what: error.to_string() })?;
    if page.files.len() > MAX_LISTED_FILES {
        return Err(PageError::TooMany);
    }
    let mut listed = Vec::new();
    for file in page.files {
        let Some(url) = web_address(base, &file.url) else { continue };
        let sha256 = match file.hashes.get("sha256") {
            Some(text) => Some(hash(text, &file.filename)?),
            None => None,
        };
        listed.push(Listed { file_name: file.filename, url, sha256, size: file.size });
    }
    Ok(listed)
}

fn parse_html(base: &Url, body: &[u8]) -> Result<Vec<Listed>, PageError> {
    let mut base = base.clone();
    let mut listed = Vec::new();
    for token in html5gum::Tokenizer::new(body) {
        let Ok(html5gum::Token::StartTag(tag)) = token else { continue };
        let Some(href) = tag.attributes.get(b"href".as_slice()) else { continue };
        let href = String::from_utf8_lossy(href);
        match &**tag.name {
            b"base" => base = web_address(&base, &href).unwrap_or(base),
            b"a" => listed.extend(anchor(&base, &href)?),
            _ => {}
        }
        if listed.len() > MAX_LISTED_FILES {
            return Err(PageError::TooMany);
        }
    }
    Ok(listed)
}

fn anchor(base: &Url, href: &str) -> Result<Option<Listed>, PageError> {
    let Some(mut url) = web_address(base, href) else { return Ok(None) };
    let last = url.path_segments().and_then(Iterator::last).unwrap_or("");
    let Some(file_name) = percent_decode(last).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let sha256 = match url.fragment().and_then(|fragment| fragment.strip_prefix("sha256=")) {
        Some(text) => Some(hash(text, &file_name)?),
        None => None,
    };
    url.set_fragment(None);
    Ok(Some(Listed { file_name, url, sha256, size: None }))
}

fn hash(text: &str, file_name: &str) -> Result<Sha256, PageError> {
    Sha256::from_hex(&text.to_ascii_lowercase())
        .ok_or_else(|| PageError::Hash { file_name: file_name.to_owned() })
}

fn web_address(base: &Url, text: &str) -> Option<Url> {
    let url = base.join(text.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// `None` when the bytes are no text.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}
