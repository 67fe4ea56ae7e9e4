//! What `"strict": true` demands of a schema: every object names all its members, requires each, and takes no others.
//!
//! Without it a schema is followed as it stands. Never changes a schema. Failure: a [`StrictRefused`] says where.

use serde_json::Value as Json;
use thiserror::Error;

use super::definition::GrammarError;
use super::limits;

/// Why a schema is not strict.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StrictRefused {
    /// It can't be a schema.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    /// The whole is no object.
    #[error("a strict schema is an object: \"type\" must be \"object\" and no \"anyOf\" beside it")]
    Root,
    /// Other members would be allowed.
    #[error("strict: \"additionalProperties\" must be false at {0}")]
    Open(String),
    /// A member could be left out.
    #[error(
        "strict: {member:?} must be in \"required\" at {at}: where it may be absent, let it be null"
    )]
    Optional {
        /// Which.
        member: String,
        /// Where.
        at: String,
    },
}

/// Whether a schema is strict.
///
/// # Errors
/// [`StrictRefused`] names the first place that is not.
pub fn check_strict(schema: &str) -> Result<(), StrictRefused> {
    let schema = limits::json(schema)?;
    let root = schema.get("type").and_then(Json::as_str) == Some("object");
    if !root || schema.get("anyOf").is_some() {
        return Err(StrictRefused::Root);
    }
    look(&schema, "#")
}

/// Looks at a schema and those in it. The parser's own limit of 128 bounds the recursion.
fn look(schema: &Json, at: &str) -> Result<(), StrictRefused> {
    let Json::Object(members) = schema else { return Ok(()) };
    let properties = members.get("properties").and_then(Json::as_object);
    if properties.is_some() || members.get("type").and_then(Json::as_str) == Some("object") {
        if members.get("additionalProperties") != Some(&Json::Bool(false)) {
            return Err(StrictRefused::Open(at.into()));
        }
        let required = members.get("required").and_then(Json::as_array);
        let is_required = |name: &str| {
            required.is_some_and(|list| list.iter().any(|item| item.as_str() == Some(name)))
        };
        let optional = properties.and_then(|all| all.keys().find(|name| !is_required(name)));
        if let Some(member) = optional {
            return Err(StrictRefused::Optional { member: member.clone(), at: at.into() });
        }
    }
    for name in ["properties", "$defs", "definitions"] {
        for (member, schema) in members.get(name).and_then(Json::as_object).into_iter().flatten() {
            look(schema, &format!("{at}/{name}/{member}"))?;
        }
    }
    for (index, schema) in
        members.get("anyOf").and_then(Json::as_array).into_iter().flatten().enumerate()
    {
        look(schema, &format!("{at}/anyOf/{index}"))?;
    }
    members.get("items").map_or(Ok(()), |schema| look(schema, &format!("{at}/items")))
}
