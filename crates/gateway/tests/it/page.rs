//! The page: what is served, and what its headers hold the browser to. Nothing here runs it: `cargo xtask page --drive` does.

use crate::world::World;

const FILES: [(&str, &str); 7] = [
    ("/", "text/html; charset=utf-8"),
    ("/page/page.css", "text/css; charset=utf-8"),
    ("/page/page.js", "text/javascript; charset=utf-8"),
    ("/page/theme.js", "text/javascript; charset=utf-8"),
    ("/page/light.js", "text/javascript; charset=utf-8"),
    ("/page/wasm_bg.wasm", "application/wasm"),
    ("/page/icon.svg", "image/svg+xml"),
];

#[test]
fn every_file_is_served_as_what_it_is_and_binds_the_browser() {
    let world = World::new();
    for (path, kind) in FILES {
        let reply = world.open("GET", path, &[], "");
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)), "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        let rules = [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "trusted-types 'none'",
        ];
        for rule in rules {
            assert!(policy.contains(rule), "{path}: {rule}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{path}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(reply.header("cross-origin-opener-policy"), Some("same-origin"), "{path}");
    }
}

#[test]
fn the_page_names_files_that_are_served_and_no_other_host() {
    let world = World::new();
    let page = world.get("/").body;
    let mut named = 0;
    for mark in ["src=\"", "href=\""] {
        for rest in page.split(mark).skip(1) {
            let (path, _) = rest.split_once('"').unwrap();
            assert!(FILES.iter().any(|(file, _)| *file == path), "{path}");
            named += 1;
        }
    }
    assert_eq!(named, 4);
    // No style or script stands in the page: the policy would not let it run.
    assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("javascript:"));
    for script in page.split("<script").skip(1) {
        assert!(script.starts_with(" src=\"/page/") && script.contains("></script>"), "{script}");
    }
    for (path, kind) in FILES.iter().filter(|(_, kind)| *kind != "application/wasm") {
        let text = world.get(path).body.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("http://") && !text.contains("https://"), "{path} ({kind})");
    }
}

#[test]
fn a_file_that_has_not_changed_is_not_sent_again() {
    let world = World::new();
    for (path, _) in FILES {
        let first = world.open("GET", path, &[], "");
        let tag = first.header("etag").unwrap();
        assert_eq!(first.header("cache-control"), Some("no-cache"));
        for known in [tag.to_owned(), format!("\"other\", {tag}")] {
            let again = world.send("GET", path, &[&format!("if-none-match: {known}")], "");
            assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
            assert_eq!(again.header("etag"), Some(tag), "{path}");
            assert!(again.header("content-security-policy").is_some(), "{path}");
        }
        let other = world.open("GET", path, &["if-none-match: \"other\""], "");
        assert_eq!(other.status, 200, "{path}");
    }
    assert_eq!(world.send("POST", "/", &[], "").status, 405);
}
