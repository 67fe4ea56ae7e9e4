//! The limits of `spec/package.md` are those of the code.

use package::PartKind;
use package::limits as l;

#[test]
fn the_numbers_are_those_of_the_text() {
    let text = include_str!("../../../../spec/package.md");
    for row in [
        "| bytes of a manifest | 2^20 | files; bytes of a file | 4,096; 2^40 |",
        "| bytes of a part: program | 2^22 | units | 2^30 |",
        "| tokenizer; token bytes | 2^27 each | template | 2^18 |",
        "| card | 2^20 | defaults; quality | 256 each |",
        "| tokens; merges | 2^20; 2^21 | bytes of a token's text, of what it adds | 1 to 4,096; 4,096 |",
    ] {
        assert!(text.contains(row), "{row}");
    }
    for sentence in
        ["a *string* is a length u8, at most 128", "A file is cut into shards of 2^27 bytes"]
    {
        assert!(text.contains(sentence), "{sentence}");
    }
    assert_eq!((l::MANIFEST_BYTES_MAX, l::FILES_MAX, l::FILE_BYTES_MAX), (1 << 20, 4096, 1 << 40));
    assert_eq!((l::TOKENS_MAX, l::MERGES_MAX, l::TOKEN_BYTES_MAX), (1 << 20, 1 << 21, 4096));
    assert_eq!((l::NAME_BYTES_MAX, l::SHARD_BYTES), (128, 1 << 27));
    let parts = PartKind::ALL.map(PartKind::bytes_max);
    let wanted = [22, 30, 27, 27, 18, 8, 20, 8].map(|bits| 1 << bits);
    assert_eq!(parts, wanted, "in the order of the manifest");
}
