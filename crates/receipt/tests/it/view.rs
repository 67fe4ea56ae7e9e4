//! The view of a file says what was signed, all of it, once.

use receipt::{Refusal, Refuted};
use serde_json::Value;

use crate::sealed::{edited, member, sealed};

/// Every value that holds no other, and every object, by its pointer.
pub(crate) fn pointers(json: &Value, at: &str, found: &mut Vec<String>) {
    match json {
        Value::Object(members) => {
            found.push(at.to_owned());
            members.iter().for_each(|(name, json)| pointers(json, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            found.push(at.to_owned());
            items
                .iter()
                .enumerate()
                .for_each(|(n, json)| pointers(json, &format!("{at}/{n}"), found));
        }
        _ => found.push(at.to_owned()),
    }
}

#[test]
fn a_view_says_what_was_signed_in_every_member() {
    for seed in [17, 18, 19, 20, 21, 22] {
        let case = sealed(seed);
        let json: Value = serde_json::from_str(&case.file().to_json()).unwrap();
        let mut places = Vec::new();
        pointers(&json["view"], "/view", &mut places);
        assert!(places.len() > 30, "{places:?}");
        for place in places {
            let mut lie = json.clone();
            let value = lie.pointer_mut(&place).unwrap();
            match value {
                Value::Object(members) => drop(members.insert("note".to_owned(), Value::from(1))),
                Value::Array(items) => items.push(Value::from(1)),
                Value::String(text) => text.push('0'),
                Value::Number(number) => *value = Value::from(number.as_u64().unwrap() ^ 1),
                other => panic!("{other} in a view"),
            }
            let refused = case.parse(&lie.to_string());
            let view = matches!(refused, Err(Refusal::Refuted(Refuted::View { .. })));
            assert!(view, "{place}: {refused:?}");
        }
    }
}

#[test]
fn a_view_lacks_nothing_and_says_nothing_twice() {
    let case = sealed(23);
    let json: Value = serde_json::from_str(&case.file().to_json()).unwrap();
    let says = |text: &str, wanted: &str| match case.parse(text) {
        Err(Refusal::Refuted(Refuted::View { reason })) => {
            assert!(reason.contains(wanted), "{reason}, not {wanted}");
        }
        other => panic!("{other:?}"),
    };
    let mut places = Vec::new();
    pointers(&json["view"], "/view", &mut places);
    for place in places.iter().filter(|place| **place != "/view") {
        let (parent, name) = place.rsplit_once('/').unwrap();
        let mut less = json.clone();
        match less.pointer_mut(parent).unwrap() {
            Value::Object(members) => drop(members.remove(name)),
            Value::Array(items) => drop(items.pop()),
            other => panic!("{other} has members"),
        }
        says(&less.to_string(), "view");
    }
    let text = case.file().to_json();
    says(
        &edited(&text, "\"usage\": {", "\"usage\": {\"prompt_tokens\": 1, \"prompt_tokens\": 1,"),
        "",
    );
    let worker = member(&json["view"].to_string(), "worker");
    says(
        &edited(&text, "\"view\": {", &format!("\"view\": {{{worker},")),
        "view.worker stands twice",
    );
    says(&edited(&text, "\"prompt_tokens\": ", "\"prompt_tokens\": -"), "");
    says(&edited(&text, "\"choice\": 0", "\"choice\": 0.0"), "");
    says(&edited(&text, "\"choice\": 0", "\"choice\": \"0\""), "view.choices[0].choice");
    says(&edited(&text, "\"kind\": \"", "\"kind\": \"x"), "view.kind differs");
}
