//! Any bytes as a receipt file, an envelope, a note and the messages about missing receipts: no panic, and
//! what is taken has one content, written back as it was read.

#![no_main]

use commit::Network;
use libfuzzer_sys::fuzz_target;
use receipt::note::{Checkpoint, Note};
use receipt::{Envelope, MissingAnswer, MissingChallenge, ReceiptFile, SecretKey};

fuzz_target!(|input: &[u8]| {
    let network = Network::OFFLINE;
    if let Ok(file) = ReceiptFile::parse(input, network) {
        let text = file.to_json();
        let again = ReceiptFile::parse(text.as_bytes(), network).expect("it was written by us");
        assert_eq!((&again, again.to_json()), (&file, text));
    }
    if let Ok(envelope) = Envelope::from_json(input) {
        let _ = (envelope.open(network), envelope.open_package(network));
        assert_eq!(Envelope::from_json(envelope.to_json().as_bytes()), Ok(envelope));
    }
    if let Ok(text) = core::str::from_utf8(input)
        && let Ok(note) = Note::parse(text)
    {
        assert_eq!(note.encode(), text);
        if let Ok(checkpoint) = Checkpoint::parse(text, &SecretKey::from_seed([1; 32]).public()) {
            assert_eq!(checkpoint.note(), &note);
            assert_eq!(checkpoint.alone().note().signatures().len(), 1);
        }
    }
    if let Ok(challenge) = MissingChallenge::decode(input, network) {
        assert_eq!(challenge.encode(), input);
    }
    if let Ok(answer) = MissingAnswer::decode(input) {
        assert_eq!(answer.encode(), input);
    }
});
