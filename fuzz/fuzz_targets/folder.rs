//! Any bytes as the files of a model's folder: a configuration, a tokenizer, an index and the header of the weights are read
//! or refused by a typed error; what comes of them is a program that a check accepts or refuses.
//!
//! The parts are parted by the byte 255, which no UTF-8 text has; the weights' file is the last.
//!
//! Run: `cargo +nightly fuzz run folder -- -max_total_time=60 -rss_limit_mb=512 -malloc_limit_mb=64`.
#![no_main]

use import::huggingface::{CONFIG, Folder, INDEX, SMALL_FILES, SmallFiles, TOKENIZER};
use import::json::Json;
use import::safetensors::{Header, read_header};
use libfuzzer_sys::fuzz_target;
use program::Checked;

fuzz_target!(|bytes: &[u8]| {
    let parts: Vec<&[u8]> = bytes.splitn(4, |byte| *byte == 0xff).collect();
    let [config, tokenizer, index, weights] = parts[..] else {
        let _ = Json::parse(bytes);
        return;
    };
    let length = weights.len() as u64;
    let header = read_header(length, |offset, out: &mut [u8]| {
        let start = offset as usize;
        out.copy_from_slice(weights.get(start..start + out.len()).ok_or(())?);
        Ok::<_, ()>(())
    });
    let header = match header {
        Ok((header, _)) => header,
        Err(error) => return assert!(error.to_string().len() < 4_096, "a message is short"),
    };
    look_at(&header, length);
    let text = |name: &str| match name {
        CONFIG => Some(config.to_vec()),
        TOKENIZER => Some(tokenizer.to_vec()),
        INDEX => Some(index.to_vec()).filter(|index| !index.is_empty()),
        _ => None,
    };
    let small = SmallFiles(SMALL_FILES.map(|(name, ..)| text(name)));
    let files = small.weight_files().map_or(1, |files| files.len());
    let message = match Folder::read(&small, &vec![header; files]) {
        Ok(folder) => {
            let tokens = folder.vocabulary.tokens.len();
            assert!(folder.stop_tokens.iter().all(|id| (*id as usize) < tokens));
            assert_eq!(folder.vocabulary.kinds.len(), tokens);
            match Checked::new(folder.program) {
                Ok(checked) => {
                    assert_eq!(Checked::decode(&checked.encode()).as_ref(), Ok(&checked));
                    return;
                }
                Err(error) => error.to_string(),
            }
        }
        Err(error) => error.to_string(),
    };
    assert!(message.len() < 4_096, "a message is short");
});

fn look_at(header: &Header, length: u64) {
    let mut end = None;
    for tensor in header.tensors() {
        assert!(end.is_none_or(|end| end == tensor.offset()), "no gap");
        end = Some(tensor.offset() + tensor.bytes());
        let numbers: u64 = tensor.shape().iter().product();
        assert_eq!(numbers * tensor.dtype().bytes(), tensor.bytes());
    }
    assert!(end.is_none_or(|end| end == length), "to the end");
}
