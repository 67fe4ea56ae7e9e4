//! 1,000 damaged files: each is read or refused by a typed error, in little memory; never a panic.

use crate::allocation::peak_bytes;
use import::gguf::tiny::{Family, Random, TinyModel};
use import::gguf::{Gguf, GgufError, TensorType};

const FILES: u64 = 1_000;
const EXTREMES: [u64; 10] =
    [0, 1, 0x7f, 0xff, 0xffff, 1 << 31, u32::MAX as u64, 1 << 40, i64::MAX as u64, u64::MAX];

/// Whole small models of every family and type, so that all kinds of entries are there to be damaged.
fn seeds() -> Vec<Vec<u8>> {
    let tiny = |family, matrices, tied| TinyModel {
        family,
        matrices,
        tied,
        layers: 1,
        width: 32,
        heads: 2,
        kv_heads: 1,
        feed_forward: 32,
        ..TinyModel::new(9)
    };
    vec![
        tiny(Family::Llama, TensorType::Q4_1, true).write(),
        tiny(Family::Qwen2, TensorType::Q4_0, false).write(),
        tiny(Family::Llama, TensorType::F16, false).write(),
    ]
}

/// The header's length, or where damage shall fall.
fn header_length(bytes: &[u8]) -> u64 {
    Gguf::parse(bytes, bytes.len() as u64).unwrap().data_start()
}

fn damage(bytes: &mut Vec<u8>, random: &mut Random, seeds: &[Vec<u8>], header: u64) {
    let place = |random: &mut Random, length: usize| {
        let most = header.min(length as u64).max(1);
        // A third of the damage falls into the first entries, a third into the last tensors' entries.
        let at = match random.below(3) {
            0 => random.below(most.min(256)),
            1 => most - 1 - random.below(most.min(600)),
            _ => random.below(most),
        };
        usize::try_from(at).unwrap()
    };
    let at = place(random, bytes.len());
    let rest = bytes.len() - at;
    match random.below(6) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes.truncate(at),
        2 => {
            let extreme = EXTREMES[usize::try_from(random.below(10)).unwrap()].to_le_bytes();
            let width = [1, 4, 8][usize::try_from(random.below(3)).unwrap()].min(rest);
            bytes[at..at + width].copy_from_slice(&extreme[..width]);
        }
        3 => {
            let other = &seeds[usize::try_from(random.below(seeds.len() as u64)).unwrap()];
            let from = place(random, other.len());
            let length = usize::try_from(random.below(200)).unwrap().min(other.len() - from);
            bytes.splice(at..at, other[from..from + length].iter().copied());
        }
        4 => {
            let length = usize::try_from(random.below(64)).unwrap().min(rest);
            bytes.drain(at..at + length);
        }
        _ => {
            // A small change of a field keeps the rest plausible.
            bytes[at] = bytes[at].wrapping_add(u8::try_from(random.below(3)).unwrap());
        }
    }
    if bytes.is_empty() {
        bytes.push(0);
    }
}

/// Everything that reads the file, whatever it says.
fn read_all(bytes: &[u8]) -> Result<(), GgufError> {
    let gguf = Gguf::parse(bytes, bytes.len() as u64)?;
    for tensor in gguf.tensors() {
        assert!(tensor.offset() + tensor.bytes() <= bytes.len() as u64);
        assert!(tensor.shape().row() * tensor.shape().rows() > 0);
    }
    for field in gguf.fields() {
        if let import::gguf::Value::Array(array) = field.value() {
            assert_eq!(array.values().count() as u64, array.len());
        }
    }
    gguf.require_supported_types()?;
    gguf.vocabulary().map(|_| ())
}

#[test]
fn a_thousand_damaged_files() {
    let seeds = seeds();
    let (mut read, mut refused) = (0, std::collections::BTreeMap::new());
    for number in 0..FILES {
        let mut random = Random(number);
        let mut bytes = seeds[usize::try_from(number % seeds.len() as u64).unwrap()].clone();
        let header = header_length(&bytes);
        for _ in 0..=random.below(3) {
            damage(&mut bytes, &mut random, &seeds, header);
        }
        let (peak, result) = peak_bytes(|| read_all(&bytes));
        assert!(peak <= 8 * bytes.len() + (1 << 20), "file {number}: {peak} bytes");
        match result {
            Ok(()) => read += 1,
            // The whole file is given, so nothing may ask for more of it.
            Err(GgufError::NeedMore { .. }) => panic!("file {number} asks for more than there is"),
            Err(error) => {
                let debug = format!("{error:?}");
                let name = debug.split([' ', '{']).next().unwrap().to_owned();
                *refused.entry(name).or_insert(0) += 1;
            }
        }
    }
    // The damage must reach deep, or the test shows nothing.
    assert!(read > 50, "only {read} of {FILES} were read");
    assert!(refused.len() > 15, "only these errors: {refused:?}");
}

#[test]
fn no_truncation_is_read() {
    let bytes = &seeds()[0];
    for length in (0..bytes.len()).step_by(7) {
        let error = read_all(&bytes[..length]).unwrap_err();
        let expected = matches!(error, GgufError::Truncated { .. } | GgufError::OutsideFile { .. });
        assert!(expected, "at {length}: {error}");
    }
}

#[test]
fn the_tables_of_a_file_of_entries_only_are_small() {
    // The least bytes per entry, the most entries: the worst ratio of memory to file.
    let mut writer = import::gguf::write::GgufWriter::new();
    for index in 0..4_096 {
        writer = writer.metadata(&format!("{index:x}"), true);
    }
    let writer = (0..20_000).fold(writer, |writer, index| {
        let data = vec![0; if index == 0 { 20_000 } else { 0 }];
        writer.raw_tensor(&format!("{index:x}"), &[1], TensorType::I8.id(), data, Some(index * 32))
    });
    let mut bytes = writer.finish();
    bytes.resize(bytes.len() + 20_000 * 32, 0);
    let header_only = {
        let gguf = Gguf::parse(&bytes, bytes.len() as u64).unwrap();
        usize::try_from(gguf.data_start()).unwrap()
    };
    let (peak, parsed) = peak_bytes(|| Gguf::parse(&bytes[..header_only], bytes.len() as u64));
    assert_eq!(parsed.unwrap().tensors().len(), 20_000);
    assert!(peak <= 8 * header_only, "{peak} bytes for a header of {header_only}");
}
