//! One lie each, and the error that names it.

use import::gguf::value::ValueType;
use import::gguf::write::{GgufWriter, WriteValue};
use import::gguf::{FORMATS, Gguf, GgufError, TensorType};

fn refusal(bytes: &[u8]) -> String {
    Gguf::parse(bytes, bytes.len() as u64).map(|_| ()).unwrap_err().to_string()
}

#[track_caller]
fn check(writer: &GgufWriter, expected: &str) {
    assert_eq!(refusal(&writer.finish()), expected);
}

fn with_tensor(sizes: &[u64], type_id: u32, offset: Option<u64>) -> GgufWriter {
    GgufWriter::new().raw_tensor("t", sizes, type_id, vec![0; 128], offset)
}

/// A file of nothing but a header with these counts.
fn counts(tensors: u64, entries: u64) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(tensors.to_le_bytes());
    bytes.extend(entries.to_le_bytes());
    bytes
}

#[test]
fn not_this_format() {
    assert_eq!(
        refusal(b"PK\x03\x04 and so on"),
        "not a GGUF file: it starts with [50, 4b, 03, 04] instead of \"GGUF\""
    );
    assert_eq!(
        refusal(b"GGUF\0\0\0\x03\0\0\0\0"),
        "this GGUF file is big-endian; only little-endian ones are supported"
    );
    for (version, text) in [(1, "1"), (4, "4"), (0, "0")] {
        check(
            &GgufWriter::new().version(version),
            &format!("GGUF version {text} is not supported; versions 2 and 3 are"),
        );
    }
}

#[test]
fn absurd_counts() {
    assert_eq!(
        refusal(&counts(u64::MAX, 0)),
        format!("the tensor count is {}; the limit is 65536", u64::MAX)
    );
    assert_eq!(
        refusal(&counts(0, 1 << 40)),
        format!("the metadata count is {}; the limit is 4096", 1u64 << 40)
    );
    assert_eq!(
        refusal(&counts(0, 4096)),
        "truncated in the key of metadata entry 0: 8 bytes are needed at offset 24, the file has 24"
    );
    assert_eq!(
        refusal(&counts(65_536, 0)),
        "truncated in the name of tensor 0: 8 bytes are needed at offset 24, the file has 24"
    );
}

#[test]
fn absurd_lengths() {
    let mut key = counts(0, 1);
    key.extend(u64::MAX.to_le_bytes());
    assert_eq!(
        refusal(&key),
        format!("the key of metadata entry 0 is {} bytes long; the limit is 1024", u64::MAX)
    );
    for (element, count, needed) in [
        (0u32, u64::MAX, u64::MAX),
        (8, 1 << 61, u64::MAX),
        (6, 1 << 40, 1 << 42),
        (9, 1 << 20, 12 << 20),
    ] {
        let mut array = counts(0, 1);
        array.extend(1u64.to_le_bytes());
        array.push(b'k');
        array.extend(9u32.to_le_bytes());
        array.extend(element.to_le_bytes());
        array.extend(count.to_le_bytes());
        assert_eq!(
            refusal(&array),
            format!(
                "truncated in metadata \"k\": {needed} bytes are needed at offset 49, the file has 49"
            )
        );
    }
}

#[test]
fn a_header_over_the_limit_is_refused_before_it_is_asked_for() {
    let mut bytes = counts(0, 1);
    bytes.extend(1u64.to_le_bytes());
    bytes.push(b'k');
    bytes.extend(8u32.to_le_bytes());
    bytes.extend((1u64 << 30).to_le_bytes());
    let found = Gguf::parse(&bytes, 1 << 40).map(|_| ()).unwrap_err();
    assert_eq!(found.to_string(), "the header is longer than 67108864 bytes (in metadata \"k\")");
}

#[test]
fn bad_metadata() {
    let one = |key: &str| GgufWriter::new().metadata(key, 1u32);
    check(&one("twice").metadata("twice", true), "metadata \"twice\" occurs twice");
    check(&one(""), "the key of metadata entry 0 is empty");
    check(&one("a\nb"), "the key of metadata entry 0 has control characters");
    check(
        &one(&"k".repeat(1025)),
        "the key of metadata entry 0 is 1025 bytes long; the limit is 1024",
    );

    let mut deep = WriteValue::i32s([1]);
    for _ in 0..4 {
        deep = WriteValue::Array(ValueType::Array, vec![deep]);
    }
    check(&GgufWriter::new().metadata("k", deep), "metadata \"k\" nests arrays deeper than 4");

    let mut boolean = GgufWriter::new().metadata("flag", true).finish();
    *boolean.last_mut().unwrap() = 2;
    assert_eq!(refusal(&boolean), "metadata \"flag\" is a boolean of value 2; 0 and 1 are known");

    let mut text = GgufWriter::new().metadata("k", "abc").finish();
    *text.last_mut().unwrap() = 0xff;
    assert_eq!(refusal(&text), "metadata \"k\" is not UTF-8");

    let mut kind = GgufWriter::new().metadata("k", 1u32).finish();
    kind[33] = 13;
    assert_eq!(refusal(&kind), "metadata \"k\" has the unknown value type 13; 0 to 12 are known");
}

#[test]
fn bad_alignment() {
    for (alignment, text) in [(0, "0"), (48, "48"), (4, "4"), (1 << 17, "131072")] {
        let writer = GgufWriter::new().metadata("general.alignment", alignment);
        check(
            &writer,
            &format!(
                "metadata \"general.alignment\" is {text}; a power of two in 8..=65536 is needed"
            ),
        );
    }
    check(
        &GgufWriter::new().metadata("general.alignment", "32"),
        "metadata \"general.alignment\" is string; an integer is needed",
    );
}

#[test]
fn bad_tensors() {
    check(&with_tensor(&[], 0, None), "tensor \"t\" has 0 dimensions; 1 to 4 are supported");
    check(&with_tensor(&[1; 5], 0, None), "tensor \"t\" has 5 dimensions; 1 to 4 are supported");
    check(&with_tensor(&[4, 0], 0, None), "tensor \"t\": dimension 1 is zero");
    let large = "tensor \"t\": the product of its dimensions, or its size in bytes, is over 2^62";
    check(&with_tensor(&[1 << 32, 1 << 32], 0, None), large);
    check(&with_tensor(&[1 << 61], 0, None), large);
    check(
        &with_tensor(&[48], 3, None),
        "tensor \"t\": its rows of 48 numbers are no multiple of Q4_1's block of 32",
    );
    check(&with_tensor(&[32], 99, None), "tensor \"t\" has the type 99, which is unknown");
    check(
        &with_tensor(&[32], 31, None),
        "tensor \"t\" has the type 31, which is unknown now (the repacked Q4_0 types were withdrawn; convert the file to Q4_0)",
    );
    check(
        &with_tensor(&[32], 0, Some(16)),
        "tensor \"t\" starts at 16, which is not aligned to 32",
    );
    check(
        &with_tensor(&[32], 0, Some(32)),
        "tensor \"t\": its bytes 96..224 go past the end of the file (192): the file is cut short, fetch it again",
    );
    check(
        &with_tensor(&[32], 0, Some(u64::MAX - 31)),
        "tensor \"t\": its bytes 18446744073709551615..18446744073709551615 go past the end of the file (192): the file is cut short, fetch it again",
    );
    let name = "n".repeat(65);
    check(
        &GgufWriter::new().tensor(&name, &[1], TensorType::I8, vec![0]),
        "the name of tensor 0 is 65 bytes long; the limit is 64",
    );
}

#[test]
fn a_file_one_byte_short_is_refused() {
    let bytes = GgufWriter::new().tensor("t", &[64], TensorType::I8, vec![0; 64]).finish();
    assert!(Gguf::parse(&bytes, bytes.len() as u64).is_ok());
    assert_eq!(
        refusal(&bytes[..bytes.len() - 1]),
        "tensor \"t\": its bytes 64..128 go past the end of the file (127): the file is cut short, fetch it again"
    );
}

/// The sizes as sums of each block's parts (scales, minimums, high bits, quants), as the formats describe them.
#[test]
fn blocks_are_as_large_as_their_parts() {
    let parts: [(&str, &[u64]); 25] = [
        ("Q4_0", &[2, 16]),
        ("Q4_1", &[2, 2, 16]),
        ("Q5_0", &[2, 4, 16]),
        ("Q5_1", &[2, 2, 4, 16]),
        ("Q8_0", &[2, 32]),
        ("Q8_1", &[2, 2, 32]),
        ("Q2_K", &[16, 64, 2, 2]),
        ("Q3_K", &[32, 64, 12, 2]),
        ("Q4_K", &[2, 2, 12, 128]),
        ("Q5_K", &[2, 2, 12, 32, 128]),
        ("Q6_K", &[128, 64, 16, 2]),
        ("Q8_K", &[4, 256, 32]),
        ("IQ2_XXS", &[2, 64]),
        ("IQ2_XS", &[2, 64, 8]),
        ("IQ2_S", &[2, 64, 8, 8]),
        ("IQ3_XXS", &[2, 96]),
        ("IQ3_S", &[2, 64, 8, 32, 4]),
        ("IQ1_S", &[2, 32, 16]),
        ("IQ1_M", &[32, 16, 8]),
        ("IQ4_NL", &[2, 16]),
        ("IQ4_XS", &[2, 2, 4, 128]),
        ("TQ1_0", &[48, 4, 2]),
        ("TQ2_0", &[64, 2]),
        ("MXFP4", &[1, 16]),
        ("NVFP4", &[4, 32]),
    ];
    for (name, parts) in parts {
        let kind = TensorType::ALL.iter().find(|kind| kind.name() == name).unwrap();
        assert_eq!(kind.block_bytes(), parts.iter().sum::<u64>(), "{name}");
    }
    let single = TensorType::ALL.iter().filter(|kind| kind.block_numbers() == 1);
    let sizes: Vec<_> = single.map(|kind| (kind.name(), kind.block_bytes())).collect();
    let expected = [
        ("F32", 4),
        ("F16", 2),
        ("I8", 1),
        ("I16", 2),
        ("I32", 4),
        ("I64", 8),
        ("F64", 8),
        ("BF16", 2),
    ];
    assert_eq!(sizes, expected);
}

#[test]
fn tensors_against_each_other() {
    let pair = |name: &str, offset| {
        GgufWriter::new().tensor("first", &[64], TensorType::I8, vec![0; 64]).raw_tensor(
            name,
            &[64],
            TensorType::I8.id(),
            vec![0; 64],
            offset,
        )
    };
    check(&pair("first", None), "tensor \"first\" occurs twice");
    check(&pair("second", Some(32)), "tensor \"first\" and tensor \"second\" overlap in the file");
    check(&pair("second", Some(0)), "tensor \"first\" and tensor \"second\" overlap in the file");
    let bytes = pair("second", Some(64)).finish();
    assert!(Gguf::parse(&bytes, bytes.len() as u64).is_ok());
}

#[test]
fn unsupported_types_are_named() {
    let mut refused = 0;
    for kind in TensorType::ALL {
        let numbers = kind.block_numbers();
        let data = vec![0; usize::try_from(kind.block_bytes()).unwrap()];
        let bytes =
            GgufWriter::new().tensor("blk.0.attn_q.weight", &[numbers], *kind, data).finish();
        let gguf = Gguf::parse(&bytes, bytes.len() as u64).unwrap();
        if FORMATS.iter().any(|(known, _)| known == kind) {
            assert_eq!(gguf.require_supported_types(), Ok(()));
            continue;
        }
        refused += 1;
        assert_eq!(
            gguf.require_supported_types().unwrap_err().to_string(),
            format!(
                "tensor \"blk.0.attn_q.weight\" is {kind}; supported now: F32, F16, Q4_0, Q4_1, Q8_0, \
                 BF16, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS"
            )
        );
    }
    assert_eq!(refused, TensorType::ALL.len() - FORMATS.len());
}

#[test]
fn foreign_names_are_quoted_escaped_and_cut() {
    let name = format!("{}\u{202e}", "k".repeat(79));
    let long = format!("{name}{}", "x".repeat(500));
    let bytes = GgufWriter::new().metadata(&long, 1u32).metadata(&long, 2u32).finish();
    let found = Gguf::parse(&bytes, bytes.len() as u64).map(|_| ()).unwrap_err();
    let expected = format!("metadata \"{}\\u{{202e}}\"... occurs twice", "k".repeat(79));
    assert_eq!(
        found,
        GgufError::Duplicate { place: expected.trim_end_matches(" occurs twice").into() }
    );
    assert_eq!(found.to_string(), expected);
}
