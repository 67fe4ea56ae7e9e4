//! Index pages: forms seen in the wild, hostile ones, and any bytes at all.

use proptest::prelude::*;
use store::index::{JSON_TYPE, MAX_LISTED_FILES, PageError, normal_name, parse_page};
use url::Url;

fn base() -> Url {
    Url::parse("https://index.example/simple/x/").unwrap()
}

fn html(body: &str) -> Result<Vec<store::index::Listed>, PageError> {
    parse_page(Some("text/html; charset=utf-8"), &base(), body.as_bytes())
}

#[test]
fn anchors_in_all_their_forms() {
    let hash = "ab".repeat(32);
    let files = html(&format!(
        "<!-- <a href=no.whl>no</a> --><a href=one.whl>1</a><a href='../../f/two%2B1.whl?t=1&amp;u=2\
         #sha256={hash}' data-yanked=\"\">2</a><a name=x>none</a><a href='mailto:x@y'>m</a>\
         <a href='file:///etc/passwd'>p</a><a href=\"https://cdn.example/three.whl#md5=00\">3</a>\
         <a href='/dir/'>d</a>"
    ))
    .unwrap();
    let names: Vec<_> = files.iter().map(|file| file.file_name.as_str()).collect();
    assert_eq!(names, ["one.whl", "two+1.whl", "three.whl"]);
    assert_eq!(files[1].url.as_str(), "https://index.example/f/two%2B1.whl?t=1&u=2");
    assert_eq!(files[1].sha256.unwrap().to_string(), hash);
    assert_eq!(files[2].sha256, None);
    let based = html("<base href='https://mirror.example/p/'><a href='x.whl'>").unwrap();
    assert_eq!(based[0].url.as_str(), "https://mirror.example/p/x.whl");
}

#[test]
fn a_malformed_hash_is_not_no_hash() {
    for hash in ["", "00", "zz", &"g".repeat(64)] {
        let page = html(&format!("<a href='x.whl#sha256={hash}'>"));
        assert_eq!(page, Err(PageError::Hash { file_name: "x.whl".to_owned() }));
        let json =
            format!(r#"{{"files":[{{"filename":"x","url":"x","hashes":{{"sha256":"{hash}"}}}}]}}"#);
        let page = parse_page(Some(JSON_TYPE), &base(), json.as_bytes());
        assert!(matches!(page, Err(PageError::Hash { .. })));
    }
}

#[test]
fn pages_have_limits() {
    let many = "<a href='x.whl'>".repeat(MAX_LISTED_FILES + 1);
    assert_eq!(html(&many), Err(PageError::TooMany));
    assert!(matches!(parse_page(Some(JSON_TYPE), &base(), b"<html>"), Err(PageError::Json { .. })));
    let large = vec![b' '; store::index::MAX_PAGE_BYTES + 1];
    assert_eq!(parse_page(None, &base(), &large), Err(PageError::TooLarge));
}

#[test]
fn names_are_normal() {
    assert_eq!(normal_name("LLM__Smol.-LM2"), "llm-smol-lm2");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for kind in [JSON_TYPE, "text/html"] {
            let _ = parse_page(Some(kind), &base(), &bytes);
        }
    }

    #[test]
    fn any_tags_are_read_and_only_web_addresses_come_out(text in "[<>a/ href='\"=#&;%:.0-9x!-]{0,120}") {
        for file in html(&text).into_iter().flatten() {
            prop_assert!(matches!(file.url.scheme(), "http" | "https"));
            prop_assert!(!file.file_name.is_empty() && file.url.fragment().is_none());
        }
    }
}
