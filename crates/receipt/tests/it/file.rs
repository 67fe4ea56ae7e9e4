//! Receipt files and bundles: one spelling, nothing unchecked, every refusal named.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use commit::Network;
use proptest::prelude::*;
use receipt::{Altered, Envelope, Job, Malformed, Opening, ReceiptFile, Refusal, Refuted, limits};
use serde_json::Value;

use crate::sealed::{Sealed, edited, member, sealed};
use crate::view::pointers;

fn refused_json(case: &Sealed, text: &str, reason: &str) {
    match case.parse(text) {
        Err(Refusal::Malformed(Malformed::Json { reason: found, .. })) => {
            assert!(found.contains(reason), "{found}, not {reason}");
        }
        other => panic!("{other:?} for {text}"),
    }
}

#[test]
fn files_and_bundles_are_read_back() {
    for seed in 0..48 {
        let case = sealed(seed);
        let bare = ReceiptFile::new(case.envelope(), None, None, case.network).unwrap();
        let log = Some(case.inclusion());
        let logged = ReceiptFile::new(case.envelope(), None, log, case.network).unwrap();
        for file in [bare, logged, case.file(), case.bundle()] {
            let text = file.to_json();
            let read = case.parse(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            assert_eq!(read, file);
            assert_eq!(read.to_json(), text);
            assert_eq!((read.receipt(), read.network()), (&case.receipt, case.network));
            assert_eq!(read.opening().is_some(), text.contains("\"opened\""));
        }
    }
}

#[test]
fn order_of_members_spaces_and_the_view_are_nobodys_content() {
    let case = sealed(7);
    let file = case.bundle();
    let json: Value = serde_json::from_str(&file.to_json()).unwrap();
    // `Value` sorts its members, which is another order than ours.
    assert_eq!(case.parse(&json.to_string()), Ok(file.clone()));
    let mut without = json;
    without.as_object_mut().unwrap().remove("view");
    assert_eq!(case.parse(&without.to_string()), Ok(file));
}

#[test]
fn a_file_is_of_its_network() {
    let case = sealed(8);
    let text = case.file().to_json();
    let (found, wanted) = (case.network, Network([3; 32]));
    let elsewhere = ReceiptFile::parse(text.as_bytes(), wanted).unwrap_err();
    assert_eq!(elsewhere, Malformed::Network { found, wanted }.into());
    let words = elsewhere.to_string();
    assert!(
        words.contains(&format!("checked here for the network {}", "03".repeat(32))),
        "{words}"
    );
    let offline = Malformed::Network { found: Network::OFFLINE, wanted };
    assert!(offline.to_string().contains("made for no network,"), "{offline}");
}

#[test]
fn an_empty_file_is_empty_and_one_cut_short_ends_early() {
    let case = sealed(9);
    for bytes in ["", " \n"] {
        let refused = case.parse(bytes).unwrap_err();
        assert_eq!(refused, Malformed::Empty { what: "a receipt file" }.into());
    }
    let text = case.bundle().to_json();
    let whole = text.trim_end().len();
    for found in [1, 2, whole / 3, whole / 2, whole - 1] {
        let refused = case.parse(&text[..found]).unwrap_err();
        assert_eq!(refused, Malformed::Ends { what: "a receipt file", found }.into());
    }
    // What its first members are does not matter then.
    let found = "{\"place\": {".len();
    let refused = case.parse("{\"place\": {").unwrap_err();
    assert_eq!(refused, Malformed::Ends { what: "a receipt file", found }.into());
    refused_json(&case, "{\"place\": {}}", "unknown field `place`");
}

#[test]
fn a_member_stands_once_and_is_known() {
    let case = sealed(9);
    let text = case.bundle().to_json();
    for name in ["probity", "envelope", "opening", "log", "view"] {
        let twice = edited(&text, "{", &format!("{{{},", member(&text, name)));
        refused_json(&case, &twice, &format!("duplicate field `{name}`"));
    }
    let nested = [
        "\"payloadType\": \"application/vnd.probity.receipt.v1\"",
        "\"payload\": \"\"",
        "\"keyid\": \"\"",
        "\"sig\": \"\"",
        "\"checkpoint\": \"\"",
        "\"index\": 2",
        "\"proof\": [",
    ];
    for member in nested {
        let name = member.split('"').nth(1).unwrap();
        let list = member.replace('[', "[]");
        let at = format!("\"{name}\":");
        refused_json(&case, &edited(&text, &at, &format!("{list}, {at}")), "duplicate field");
    }
    for parent in ["{", "\"envelope\": {", "\"log\": {", "\"signatures\": [\n      {"] {
        let unknown = edited(&text, parent, &format!("{parent}\"note\": 1,"));
        refused_json(&case, &unknown, "unknown field `note`");
    }
    for name in ["probity", "envelope"] {
        let without = edited(&text, &format!("\"{name}\""), "\"note\"");
        refused_json(&case, &without, "unknown field");
    }
    refused_json(&case, "{}", "missing field `probity`");
    refused_json(&case, "{\"probity\": \"receipt file v1\"}", "missing field `envelope`");
}

#[test]
fn objects_are_objects_and_null_is_nothing() {
    let case = sealed(10);
    let text = case.bundle().to_json();
    let json: Value = serde_json::from_str(&text).unwrap();
    let list = |names: &[&str], from: &Value| {
        let items = names.iter().map(|name| from[*name].to_string());
        format!("[{}]", items.collect::<Vec<_>>().join(","))
    };
    let whole = list(&["probity", "envelope", "opening", "log", "view"], &json);
    refused_json(&case, &whole, "an object");
    let envelope = list(&["payloadType", "payload", "signatures"], &json["envelope"]);
    refused_json(
        &case,
        &json.to_string().replace(&json["envelope"].to_string(), &envelope),
        "an object",
    );
    let signature = &json["envelope"]["signatures"][0];
    let listed = list(&["keyid", "sig"], signature);
    refused_json(&case, &json.to_string().replace(&signature.to_string(), &listed), "an object");
    let log = list(&["checkpoint", "index", "proof"], &json["log"]);
    refused_json(&case, &json.to_string().replace(&json["log"].to_string(), &log), "an object");
    for name in ["opening", "log", "envelope", "probity"] {
        let mut nothing = json.clone();
        nothing[name] = Value::Null;
        refused_json(&case, &nothing.to_string(), "null");
    }
    let mut nothing = json.clone();
    nothing["view"] = Value::Null;
    let refused = case.parse(&nothing.to_string());
    assert!(matches!(refused, Err(Refusal::Refuted(Refuted::View { .. }))), "{refused:?}");
}

#[test]
fn a_file_is_one_json_text_of_utf_8() {
    let case = sealed(11);
    let text = case.file().to_json();
    for broken in ["null", "[]", "\"x\"", &format!("{text}{{}}"), &format!("\u{feff}{text}")] {
        let refused = case.parse(broken);
        assert!(matches!(refused, Err(Refusal::Malformed(Malformed::Json { .. }))), "{refused:?}");
    }
    let mut bytes = text.clone().into_bytes();
    let at = text.find("payload").unwrap();
    bytes[at] = 0xff;
    let refused = ReceiptFile::parse(&bytes, case.network);
    assert!(matches!(refused, Err(Refusal::Malformed(Malformed::Json { .. }))), "{refused:?}");
}

#[test]
fn what_the_parser_complains_about_is_not_repeated_raw() {
    let case = sealed(11);
    let name = format!("\\u001b[2J{}", "x".repeat(1 << 16));
    let text = edited(&case.file().to_json(), "{", &format!("{{\"{name}\": 1,"));
    let Err(error) = case.parse(&text) else { panic!("taken") };
    let said = error.to_string();
    assert!(said.len() < 1000 && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn a_file_has_a_size_at_most() {
    let case = sealed(12);
    let text = case.file().to_json();
    let fill = |length: usize| format!("{text}{}", " ".repeat(length - text.len()));
    assert!(case.parse(&fill(limits::FILE_BYTES_MAX)).is_ok());
    let (what, max) = ("a receipt file", limits::FILE_BYTES_MAX);
    let found = max + 1;
    let wanted = Malformed::Size { what, found, max };
    assert_eq!(case.parse(&fill(found)), Err(wanted.into()));
    // Before anything else is looked at.
    let refused = ReceiptFile::parse(&vec![b'['; found], case.network);
    assert!(matches!(refused, Err(Refusal::Malformed(Malformed::Size { .. }))));
}

#[test]
fn base64_has_one_form() {
    let case = sealed(13);
    let text = case.bundle().to_json();
    let json: Value = serde_json::from_str(&text).unwrap();
    let places = [
        ("/envelope/payload", "the payload"),
        ("/envelope/signatures/0/sig", "the signature"),
        ("/opening", "the opening"),
        ("/log/proof/0", "a hash of the proof"),
    ];
    for (pointer, what) in places {
        let good = json.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let padding = good.chars().rev().take_while(|c| *c == '=').count();
        let mut bad = vec![
            format!("{good}="),
            format!("{good}\n"),
            format!(" {good}"),
            format!("{}-{}", &good[..4], &good[5..]),
            good[..good.len() - 1].to_owned(),
        ];
        if padding > 0 {
            // The last digit holds bits nobody needs: the next one decodes to the same bytes elsewhere.
            let at = good.len() - padding - 1;
            let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let digit = alphabet.find(&good[at..=at]).unwrap();
            let next = &alphabet[digit + 1..digit + 2];
            bad.push(format!("{}{next}{}", &good[..at], &good[at + 1..]));
            bad.push(good.trim_end_matches('=').to_owned());
        }
        for text in bad {
            let mut json = json.clone();
            *json.pointer_mut(pointer).unwrap() = Value::String(text.clone());
            let wanted = Malformed::Base64 { what };
            assert_eq!(case.parse(&json.to_string()), Err(wanted.into()), "{text}");
        }
    }
    // The signature and the hashes are padded: the case above was tried.
    assert!(json.pointer("/log/proof/0").unwrap().as_str().unwrap().ends_with('='));
}

#[test]
fn a_bundle_has_a_log_and_a_receipt_file_has_none() {
    let case = sealed(14);
    let (file, bundle) = (case.file().to_json(), case.bundle().to_json());
    let mixed = edited(&file, "receipt file v1", "bundle v1");
    assert_eq!(case.parse(&mixed), Err(Malformed::LogMember.into()));
    let mixed = edited(&bundle, "bundle v1", "receipt file v1");
    assert_eq!(case.parse(&mixed), Err(Malformed::LogMember.into()));
    let newer = edited(&file, "receipt file v1", "receipt file v2");
    assert_eq!(case.parse(&newer), Err(Malformed::FileKind.into()));
}

#[test]
fn what_of_an_opening_was_altered_is_told() {
    let case = sealed(15);
    let text = case.file().to_json();
    let said = |opening: &Opening, text: &str| {
        let bytes = STANDARD.encode(opening.encode());
        let altered = edited(text, &STANDARD.encode(case.opening.encode()), &bytes);
        let refusal = ReceiptFile::parse(altered.as_bytes(), case.network).unwrap_err();
        Altered::of(&refusal, altered.as_bytes(), case.network)
    };
    let choice = case.opening.outputs[0].choice;
    let mut token = case.opening.clone();
    token.outputs[0].tokens[1] ^= 1;
    assert_eq!(said(&token, &text), Some(Altered::Tokens { choice }));
    let mut fewer = case.opening.clone();
    fewer.outputs[0].tokens.pop();
    let shown = u32::try_from(fewer.outputs[0].tokens.len()).unwrap();
    let count = Altered::Count { choice, signed: shown + 1, shown };
    assert_eq!(said(&fewer, &text), Some(count));
    let mut none = case.opening.clone();
    none.outputs.pop();
    assert_eq!(said(&none, &text), Some(Altered::Choices));

    let mut job = case.opening.clone();
    let mut fields = job.job.fields().clone();
    fields.stop.tokens_max -= 1;
    fields.nonce[0] ^= 1;
    job.job = Job::new(fields).unwrap();
    let hints = ["nonce", "seed", "stop.tokens_max"].map(str::to_owned).to_vec();
    assert_eq!(said(&job, &text), Some(Altered::Job { hints }));
    // Without a view there is nothing to hold it against.
    let (bare, _) = text.split_once(",\n  \"view\"").unwrap();
    assert_eq!(said(&job, &format!("{bare}}}")), Some(Altered::Job { hints: Vec::new() }));
    // What is refused for something else is not explained so.
    let cut = text.replace("receipt file v1", "receipt file v2");
    let refusal = ReceiptFile::parse(cut.as_bytes(), case.network).unwrap_err();
    assert_eq!(Altered::of(&refusal, cut.as_bytes(), case.network), None);
}

#[test]
fn a_file_whose_opening_was_taken_out_says_so() {
    let case = sealed(15);
    let text = case.file().to_json();
    let without = edited(&text, &format!("{},\n", member(&text, "opening")), "");
    let Err(Refusal::Refuted(Refuted::View { reason })) = case.parse(&without) else {
        panic!("the view is another file's")
    };
    assert_eq!(
        reason,
        "it shows what an opening says (view.opened), and the file has no `opening`"
    );
}

#[test]
fn an_opening_is_of_its_receipt() {
    let (case, other) = (sealed(15), sealed(16));
    let with = |opening: &Opening| {
        ReceiptFile::new(case.envelope(), Some(opening.clone()), None, case.network)
    };
    assert_eq!(with(&other.opening), Err(Refuted::Opening { what: "job" }.into()));
    let mut blinded = case.opening.clone();
    blinded.blind.0[0] ^= 1;
    assert_eq!(with(&blinded), Err(Refuted::Opening { what: "job" }.into()));

    let output = Err(Refuted::Opening { what: "output" }.into());
    let mut changed = case.opening.clone();
    changed.outputs[0].tokens[1] ^= 1;
    assert_eq!(with(&changed), output);
    let mut changed = case.opening.clone();
    changed.outputs[0].tokens.pop();
    assert_eq!(with(&changed), output);
    let mut changed = case.opening.clone();
    changed.outputs.pop();
    assert_eq!(with(&changed), output);
    let mut changed = case.opening.clone();
    changed.outputs[0].choice = 100;
    changed.outputs.truncate(1);
    assert_eq!(with(&changed), output);

    let text = case.file().to_json();
    let swapped =
        edited(&text, &member(&text, "opening"), &member(&other.file().to_json(), "opening"));
    let refused = ReceiptFile::parse(swapped.as_bytes(), case.network);
    assert_eq!(refused, Err(Refuted::Opening { what: "job" }.into()));
    let empty = edited(&text, &member(&text, "opening"), "\"opening\": \"\"");
    let refused = case.parse(&empty);
    assert!(matches!(
        refused,
        Err(Refusal::Malformed(Malformed::Bytes { what: "the opening", .. }))
    ));
}

#[test]
fn no_changed_byte_is_taken_for_another_content() {
    let case = sealed(26);
    let file = case.bundle();
    let text = file.to_json();
    let mut taken = 0;
    for at in 0..text.len() {
        for change in [1, 2, 0x20, 0x80] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= change;
            if let Ok(read) = ReceiptFile::parse(&bytes, case.network) {
                assert_eq!(read, file, "byte {at} changed by {change}");
                taken += 1;
            }
        }
        // One byte less, and one twice.
        let bytes = text.as_bytes();
        let less = [&bytes[..at], &bytes[at + 1..]].concat();
        let more = [&bytes[..=at], &bytes[at..]].concat();
        for bytes in [less, more] {
            if let Ok(read) = ReceiptFile::parse(&bytes, case.network) {
                assert_eq!(read, file, "byte {at}");
                taken += 1;
            }
        }
    }
    // White space, once more or less.
    assert!(taken > 10, "{taken} of {}", text.len());
}

/// JSON of the shapes that occur, and of others.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Z0-9+/]{0,12}={0,2}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::from("bundle v1")),
    ];
    let name = prop_oneof![Just("probity"), Just("envelope"), Just("keyid"), Just("x")];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..4).prop_map(|members| members
                .into_iter()
                .map(|(name, v)| (name.to_owned(), v))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(ReceiptFile::parse(&bytes, Network::OFFLINE).is_err());
        prop_assert!(Envelope::from_json(&bytes).is_err());
    }

    #[test]
    fn any_json_is_refused(json in json()) {
        prop_assert!(ReceiptFile::parse(json.to_string().as_bytes(), Network::OFFLINE).is_err());
    }

    #[test]
    fn any_json_in_any_place_is_refused_or_nothing_new(json in json(), place in any::<prop::sample::Index>()) {
        let case = sealed(27);
        let file = case.bundle();
        let mut whole: Value = serde_json::from_str(&file.to_json()).unwrap();
        let mut places = Vec::new();
        pointers(&whole, "", &mut places);
        *whole.pointer_mut(place.get::<String>(&places)).unwrap() = json;
        if let Ok(read) = case.parse(&whole.to_string()) {
            prop_assert_eq!(read, file);
        }
    }
}
