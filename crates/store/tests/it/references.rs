//! References: what is read as what, and what is taught.

use proptest::prelude::*;
use store::{HubRef, ModelRef};

fn message(text: &str) -> String {
    ModelRef::parse(text).unwrap_err().to_string()
}

#[test]
fn the_four_forms() {
    for (text, revision) in [("hf:org/re.po", "main"), ("hf:org/re.po@refs/pr/1", "refs/pr/1")] {
        let found = ModelRef::parse(text);
        let Ok(ModelRef::HubFolder(folder)) = &found else { panic!("a folder of the hub") };
        assert_eq!((folder.repo(), folder.revision()), ("org/re.po", revision));
        assert_eq!(found.unwrap().to_string(), text);
    }
    for path in ["./a", "/m/x.gguf", "x.GGUF", "a/b", "..", "~/m", "c:\\m\\x"] {
        assert!(matches!(ModelRef::parse(path), Ok(ModelRef::Path(_))), "{path}");
    }
    let Ok(ModelRef::Hub(hub)) = ModelRef::parse("hf:org/re.po@refs/pr/1:sub/x.gguf") else {
        panic!("a hub reference")
    };
    assert_eq!((hub.repo(), hub.revision(), hub.file()), ("org/re.po", "refs/pr/1", "sub/x.gguf"));
    let Ok(ModelRef::Hub(hub)) = ModelRef::parse("hf:o/r:x.gguf") else {
        panic!("a hub reference")
    };
    assert_eq!(hub.revision(), "main");
    let name = ModelRef::Catalogue("smollm2-135m".to_owned());
    assert_eq!(ModelRef::parse("smollm2-135m"), Ok(name));
}

#[test]
fn refusals_say_what_to_write() {
    assert!(message("").contains("smollm2-135m"));
    assert!(message("smolm2-135M").contains("did you mean `smollm2-135m`?"));
    let far = message("something-else-entirely");
    assert!(!far.contains("did you mean") && far.contains("hf:org/repo[@rev]:file"), "{far}");
    let url = "https://huggingface.co/org/repo/blob/main/sub/x.gguf?download=true";
    assert!(message(url).contains("write hf:org/repo@main:sub/x.gguf"));
    assert!(message("http://example.org/").contains("hf:org/repo[@rev]:file"));
    assert!(message("hf:org/repo:").contains("no file is named"));
    assert!(message("hf:repo:x").contains("org/repo"));
    assert!(message("hf:o/r@:x").contains("branch, tag or commit"));
    assert!(message("hf:o/r:a\nb").contains("control character"));
    assert!(message(&"x".repeat(2_000)).contains("2000"));
}

#[test]
fn a_hub_reference_never_climbs() {
    for text in [
        "hf:o/..",
        "hf:o/r@../x",
        "hf:o/r/s",
        "hf:o/..:x",
        "hf:../r:x",
        "hf:o/r:../x",
        "hf:o/r:/x",
        "hf:o/r:a/./b",
        "hf:o/r:a//b",
        "hf:o/r:a\\b",
        "hf:o/r@../x:f",
        "hf:o/r@a/..:f",
        "hf:o/r/s:f",
        "hf:o/r?x:f",
        "hf:o/r#x:f",
        "hf:o/r@a b:f",
        "hf:/r:f",
        "hf:o/:f",
        "hf:o/r:",
    ] {
        assert!(ModelRef::parse(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_reads_back_the_same(text in "(hf:)?[a-z@:/.%\\\\ -]{0,24}|.{0,40}") {
        if let Ok(reference) = ModelRef::parse(&text) {
            prop_assert_eq!(ModelRef::parse(&reference.to_string()), Ok(reference));
        }
    }

    #[test]
    fn a_hub_reference_made_of_parts_reads_back(
        repo in "[a-z0-9]{1,8}/[A-Za-z0-9._-]{1,8}",
        revision in proptest::option::of("[a-z0-9]{1,6}(/[a-z0-9]{1,6})?"),
        file in "[^/\\\\\\x00-\\x1f\\x7f-\\u{9f}]{1,8}(/[a-z: @]{1,8})?",
    ) {
        if let Ok(hub) = HubRef::new(&repo, revision.as_deref(), &file) {
            let text = hub.to_string();
            prop_assert_eq!(ModelRef::parse(&text), Ok(ModelRef::Hub(hub)));
        }
    }
}
