//! Any bytes as the messages of a job: read in one way, so that what is written of them is read as the same; or refused
//! by a typed error.
//!
//! Run: `cargo +nightly fuzz run llm_messages -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llm::Prompt;

fuzz_target!(|input: &[u8]| {
    match Prompt::read(input) {
        Ok(prompt) => {
            let written = prompt.write();
            let again = Prompt::read(&written).expect("it was written by us");
            assert_eq!((&again, again.write()), (&prompt, written));
        }
        Err(error) => assert!(error.to_string().len() < 4_096 + input.len(), "a message is short"),
    }
});
