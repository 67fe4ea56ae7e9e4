//! JSON of strangers, read in one way only: no member twice in one object, and no name that means more than itself.
//!
//! `serde_json`'s own reader of values takes some names for instructions to itself (features that any crate may turn on
//! add them), so a text could read here as another than it is. Never changes a value; depth is bounded by the parser's
//! own limit. Failure: [`Refused`] says what.

use core::cell::RefCell;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no JSON.
    Json(String),
    /// An object has this member twice.
    Repeated(String),
}

/// The value of a text.
///
/// # Errors
/// [`Refused`].
pub fn read(text: &str) -> Result<Json, Refused> {
    let repeated = RefCell::new(None);
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = Reader(&repeated).deserialize(&mut parser);
    let value = value.and_then(|value| parser.end().map(|()| value));
    value.map_err(|error| match repeated.into_inner() {
        Some(name) => Refused::Repeated(name),
        None => Refused::Json(error.to_string()),
    })
}

/// Reads one value; says which member stood twice.
#[derive(Clone, Copy)]
struct Reader<'r>(&'r RefCell<Option<String>>);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Json, D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number out of range"));
        number.map(Json::Number)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                *self.0.borrow_mut() = Some(name);
                return Err(A::Error::custom("a member twice in one object"));
            }
            object.insert(name, members.next_value_seed(self)?);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_the_texts() {
        let text =
            r#"{"a": [null, true, -1, 18446744073709551615, 1.5, "x\u00e9"], "b": {"a": {}}}"#;
        let plain: Json = serde_json::from_str(text).expect("JSON");
        assert_eq!(read(text), Ok(plain));
        for text in ["", "{", "[1,]", "1 2", "{\"a\" 1}", "1e999", "\"\\ud800\""] {
            assert!(matches!(read(text), Err(Refused::Json(_))), "{text}");
        }
    }

    #[test]
    fn no_member_stands_twice_however_it_is_spelled() {
        for (text, wanted) in [
            (r#"{"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]}"#, None),
            (r#"{"a":"a","b":"a:","c\"":"\\","c\\":"\\\""}"#, None),
            (r#"{"a":1 , "a" : 2}"#, Some("a")),
            (r#"{"x":[{"b":{"a":1},"\u0062":2}]}"#, Some("b")),
            (r#"{"a":{"a":1},"a":1}"#, Some("a")),
            (r#"["a","a",{"a\\":"a\\","a\\":0}]"#, Some("a\\")),
            (r#"{"é":1,"\u00e9":1}"#, Some("é")),
            (r#"{"":1,"x":{"":1},"":2}"#, Some("")),
        ] {
            let plain: Json = serde_json::from_str(text).expect("JSON");
            let wanted = wanted.map_or(Ok(plain), |name: &str| Err(Refused::Repeated(name.into())));
            assert_eq!(read(text), wanted, "{text}");
        }
    }

    /// The names by which `serde_json` hands numbers and raw texts to itself.
    #[test]
    fn no_name_means_more_than_itself() {
        for name in ["RawValue", "Number"] {
            let name = format!("$serde_json::private::{name}");
            let text = format!(r#"{{"{name}": "{{\"a\": 1}}"}}"#);
            let wanted = Json::from(Map::from_iter([(name, Json::from(r#"{"a": 1}"#))]));
            assert_eq!(read(&text), Ok(wanted));
        }
    }
}
