//! Names of files: what every file system takes, and what none of ours becomes.

use commit::file_name;

#[test]
fn plain_names_are_files_and_nothing_else_is() {
    let longest = "a".repeat(128);
    for name in ["a", "0", "model-00001-of-00002.safetensors", "A_b+c.gguf", &longest] {
        assert!(file_name(name), "{name}");
    }
    let longer = "a".repeat(129);
    let (front, back) = ([".a", "-a", "_a", "+a"], ["a.", "a ", "a-", "a\n", "a\0"]);
    let inside = ["", ".", "..", "a/b", "a\\b", "../a", "a b", "a:b", "ä", "a\u{202e}b", &longer];
    for name in front.into_iter().chain(back).chain(inside) {
        assert!(!file_name(name), "{name:?}");
    }
}

#[test]
fn windows_devices_are_no_files_whatever_they_end_with() {
    for name in ["con", "PRN", "Aux", "nul", "com1", "COM9", "lpt1", "Lpt9"] {
        for ending in ["", ".safetensors", ".tar.gz", ".1"] {
            let name = [name, ending].concat();
            assert!(!file_name(&name), "{name}");
        }
    }
    for name in ["conn", "icon", "com", "com0", "com10", "comx", "lpt", "a.con", "con-1", "nul_"] {
        let wanted = name.ends_with(|end: char| end.is_ascii_alphanumeric());
        assert_eq!(file_name(name), wanted, "{name}");
    }
}
