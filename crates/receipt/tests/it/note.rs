//! Signed notes and checkpoints against C2SP's text, line by line.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use receipt::log::{LOG_LEAVES_MAX, empty_root};
use receipt::note::{Checkpoint, NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX, Note, NoteError, key_id};
use receipt::{Malformed, PublicKey, Refuted, SecretKey};

/// Of the documentation of Go's `sumdb/note`.
const NEUMANN: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn a_note_of_another_implementation_holds() {
    let encoded = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key = STANDARD.decode(encoded).unwrap();
    let key = PublicKey(key[1..].try_into().unwrap());
    assert_eq!(key_id("PeterNeumann", &key), [0xc7, 0x4f, 0x20, 0xa3]);
    let note = Note::parse(NEUMANN).unwrap();
    assert!(note.is_signed_by("PeterNeumann", &key));
    assert!(!note.is_signed_by("PeterNeuman", &key));
    assert_eq!(note.encode(), NEUMANN);
    assert_eq!(note.text().lines().count(), 2);
    let changed = Note::parse(&NEUMANN.replace("know", "knew")).unwrap();
    assert!(!changed.is_signed_by("PeterNeumann", &key));
}

#[test]
fn a_note_is_a_text_an_empty_line_and_signatures() {
    let line = "\u{2014} a AAAAAAA=\n";
    let parse = |note: &str| Note::parse(note);
    let good = |text: &str| {
        let note = format!("{text}\n{line}");
        let parsed = parse(&note).unwrap_or_else(|error| panic!("{error}: {note:?}"));
        assert_eq!((parsed.text(), parsed.encode()), (text, note));
    };
    good("x\n");
    good("\n");
    good("an empty line\n\nin the text\n\n\n");
    good("\u{2014} a AAAAAAA=\n\n\u{2014} looks like a signature\n");
    for broken in ["", "\n", "\n\n", "x\n\n", "x\n", &format!("x\n{line}"), &format!("x{line}")] {
        let refused = parse(broken);
        assert!(matches!(refused, Err(NoteError::Shape)), "{refused:?}: {broken:?}");
    }
    assert_eq!(parse(&format!("x\n\n{}", line.trim_end())), Err(NoteError::Shape));
    for control in ["\r", "\t", "\0", "\u{1b}"] {
        assert!(matches!(
            parse(&format!("x{control}\n\n{line}")),
            Err(NoteError::Control { at: 1 })
        ));
    }
    let long = format!("{}\n\n{line}", "x".repeat(NOTE_BYTES_MAX));
    assert!(matches!(parse(&long), Err(NoteError::Size { .. })));
}

#[test]
fn a_signature_line_has_one_form() {
    let broken = [
        "- a AAAAAAA=",
        "\u{2014}a AAAAAAA=",
        "\u{2014}  AAAAAAA=",
        "\u{2014} AAAAAAA=",
        "\u{2014} a+b AAAAAAA=",
        "\u{2014} a\u{a0}b AAAAAAA=",
        "\u{2014} a\u{3000}b AAAAAAA=",
        "\u{2014} a  AAAAAAA=",
        "\u{2014} a AAAAAAA= ",
        "\u{2014} a AAAAAAA",
        "\u{2014} a AAAAAAB=",
        // A key's id and no signature.
        "\u{2014} a AAAAAA==",
        "\u{2014} a ",
        "text",
    ];
    for line in broken {
        let refused = Note::parse(&format!("x\n\n\u{2014} a AAAAAAA=\n{line}\n"));
        assert_eq!(refused, Err(NoteError::Line { line: 2 }), "{line:?}");
    }
    let lines = |count: usize| format!("x\n\n{}", "\u{2014} a AAAAAAA=\n".repeat(count));
    assert_eq!(
        Note::parse(&lines(NOTE_SIGNATURES_MAX)).unwrap().signatures().len(),
        NOTE_SIGNATURES_MAX
    );
    assert_eq!(Note::parse(&lines(NOTE_SIGNATURES_MAX + 1)), Err(NoteError::Signatures));
    // C2SP: at least 16 signatures are taken, of up to nearly 5 kB.
    let large = format!("\u{2014} a {}\n", "AAAA".repeat(1666)).repeat(16);
    assert!(Note::parse(&format!("x\n\n{large}")).is_ok());
}

fn worker() -> (SecretKey, PublicKey, String) {
    let secret = SecretKey::from_seed([5; 32]);
    let key = secret.public();
    (secret, key, Checkpoint::origin(&key))
}

/// A note of this text with a true signature under the log's name.
fn signed(text: &str) -> String {
    let (secret, key, origin) = worker();
    let signature = [&key_id(&origin, &key)[..], &secret.sign(text.as_bytes()).0].concat();
    let signature = STANDARD.encode(signature);
    format!("{text}\n\u{2014} {origin} {signature}\n")
}

#[test]
fn a_checkpoint_is_written_as_c2sp_says() {
    let (secret, key, origin) = worker();
    let name = key.hex();
    assert_eq!(origin, format!("probity.dev/log/{name}"));
    let checkpoint = Checkpoint::sign(5, &[7; 32], &secret);
    let root = STANDARD.encode([7; 32]);
    assert_eq!(checkpoint.note().encode(), signed(&format!("{origin}\n5\n{root}\n")));
    let read = Checkpoint::parse(&checkpoint.note().encode(), &key);
    assert_eq!(read, Ok(checkpoint.clone()));
    assert_eq!((checkpoint.size(), checkpoint.root(), checkpoint.log()), (5, &[7; 32], key));
    let empty = Checkpoint::sign(0, &empty_root(), &secret);
    assert_eq!(Checkpoint::parse(&empty.note().encode(), &key), Ok(empty));
}

#[test]
fn a_checkpoint_is_its_logs() {
    let (secret, key, _) = worker();
    let note = Checkpoint::sign(5, &[7; 32], &secret).note().encode();
    let other = SecretKey::from_seed([6; 32]).public();
    assert_eq!(Checkpoint::parse(&note, &other), Err(Refuted::Origin { key: other }.into()));
    // The text of this log, signed by another under its own name, or under this name.
    let stranger = SecretKey::from_seed([6; 32]);
    let theirs = Checkpoint::sign(5, &[7; 32], &stranger).note().encode();
    let renamed = theirs.replacen(&other.hex(), &key.hex(), 1);
    assert_eq!(Checkpoint::parse(&renamed, &key), Err(Refuted::Checkpoint { key }.into()));
    let renamed = theirs.replace(&other.hex(), &key.hex());
    assert_eq!(Checkpoint::parse(&renamed, &key), Err(Refuted::Checkpoint { key }.into()));
}

#[test]
fn signatures_of_others_are_ignored_and_none_of_the_logs_is_false() {
    let (_, key, origin) = worker();
    let root = "E".repeat(42) + "A=";
    let note = signed(&format!("{origin}\n5\n{root}\n"));
    let taken = |note: &str| Checkpoint::parse(note, &key);
    let alone = taken(&note).unwrap();
    // Unknown name, and this name with an unknown id.
    let witness = "\u{2014} witness.example/w AAAAAAA=\n";
    let rotated = format!("\u{2014} {origin} AAAAAAA=\n");
    // Another name with this key's id: both must be known.
    let borrowed = [&key_id(&origin, &key)[..], &[1; 64]].concat();
    let borrowed = format!("\u{2014} witness.example/w {}\n", STANDARD.encode(borrowed));
    for other in [witness, &rotated, &borrowed] {
        let cosigned = taken(&format!("{note}{other}")).unwrap();
        assert_eq!(cosigned.note().signatures().len(), 2);
        assert_eq!(cosigned.alone(), alone);
    }
    let (text, own) = note.rsplit_once("\n\n").unwrap();
    assert_eq!(taken(&format!("{text}\n\n{witness}{own}")).unwrap().alone(), alone);
    assert_eq!(taken(&format!("{note}{own}")).unwrap().alone(), alone);
    assert_eq!(taken(&format!("{text}\n\n{witness}")), Err(Refuted::Checkpoint { key }.into()));
    // A second line of the log's own key that is false, or too short for a signature.
    let base64 = |bytes: &[u8]| STANDARD.encode(bytes);
    let id = key_id(&origin, &key);
    for bytes in [[&id[..], &[1; 64]].concat(), [&id[..], &[1]].concat()] {
        let wrong = format!("{note}\u{2014} {origin} {}\n", base64(&bytes));
        assert_eq!(taken(&wrong), Err(Refuted::Checkpoint { key }.into()));
    }
}

#[test]
fn a_checkpoints_text_has_one_form() {
    let (_, key, origin) = worker();
    let root = "E".repeat(42) + "A=";
    let parse = |text: &str| Checkpoint::parse(&signed(text), &key);
    let refused = |text: String, wanted: NoteError| {
        assert_eq!(parse(&text), Err(Malformed::Note(wanted).into()), "{text}");
    };
    assert_eq!(parse(&format!("{origin}\n5\n{root}\n")).unwrap().size(), 5);
    // Extension lines are signed, kept, and mean nothing.
    let extended = parse(&format!("{origin}\n5\n{root}\nextension\n")).unwrap();
    assert_eq!((extended.size(), extended.note().text().lines().count()), (5, 4));
    let most = format!("{origin}\n{LOG_LEAVES_MAX}\n{root}\n");
    assert_eq!(parse(&most).unwrap().size(), LOG_LEAVES_MAX);

    refused(format!("{origin}\n5\n"), NoteError::Lines);
    refused(format!("{origin}\n\n{root}\n"), NoteError::Lines);
    refused(format!("\n5\n{root}\n"), NoteError::Lines);
    refused(format!("{origin}\n5\n{root}\n\n"), NoteError::Lines);
    refused(format!("{origin}\n5\n{root}\n\nextension\n"), NoteError::Lines);
    for size in
        ["05", "+5", "-5", " 5", "5 ", "0x5", "five", "00", "\u{665}", "18446744073709551616"]
    {
        refused(format!("{origin}\n{size}\n{root}\n"), NoteError::TreeSize);
    }
    refused(format!("{origin}\n{}\n{root}\n", LOG_LEAVES_MAX + 1), NoteError::TreeSize);
    for root in ["", "E", "EEEE", &"E".repeat(43), &("E".repeat(42) + "F="), &"E".repeat(44)] {
        let wanted = if root.is_empty() { NoteError::Lines } else { NoteError::Root };
        refused(format!("{origin}\n5\n{root}\n"), wanted);
    }
    refused(format!("{origin}\n0\n{root}\n"), NoteError::EmptyRoot);
}
