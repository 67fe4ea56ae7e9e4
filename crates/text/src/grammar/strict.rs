//! What `"strict": true` demands of a schema: every object names all its members, requires each, and takes no others.
//!
//! Without it a schema is followed as it stands. Never changes a schema. Failure: a [`StrictRefused`] says where.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use thiserror::Error;

use super::definition::{GrammarError, GrammarKind};
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
    limits::check(GrammarKind::JsonSchema, schema)?;
    let schema = limits::json(schema)?;
    let root = schema.get("type").and_then(Json::as_str) == Some("object");
    if !root || schema.get("anyOf").is_some() {
        return Err(StrictRefused::Root);
    }
    look(&schema).map_err(|refused| refused.below("#"))
}

impl StrictRefused {
    /// With what leads to the place that it names.
    fn below(self, path: &str) -> Self {
        match self {
            Self::Open(at) => Self::Open(format!("{path}{at}")),
            Self::Optional { member, at } => Self::Optional { member, at: format!("{path}{at}") },
            other @ (Self::Grammar(_) | Self::Root) => other,
        }
    }
}

/// Looks at a schema and those in it. The parser's own limit of 128 bounds the recursion.
fn look(schema: &Json) -> Result<(), StrictRefused> {
    let Json::Object(members) = schema else { return Ok(()) };
    let properties = members.get("properties").and_then(Json::as_object);
    if properties.is_some() || members.get("type").and_then(Json::as_str) == Some("object") {
        if members.get("additionalProperties") != Some(&Json::Bool(false)) {
            return Err(StrictRefused::Open(String::new()));
        }
        let required = members.get("required").and_then(Json::as_array).into_iter().flatten();
        let required: BTreeSet<&str> = required.filter_map(Json::as_str).collect();
        let mut names = properties.into_iter().flat_map(|all| all.keys());
        if let Some(member) = names.find(|name| !required.contains(name.as_str())) {
            return Err(StrictRefused::Optional { member: member.clone(), at: String::new() });
        }
    }
    for name in ["properties", "$defs", "definitions"] {
        for (member, schema) in members.get(name).and_then(Json::as_object).into_iter().flatten() {
            look(schema).map_err(|refused| refused.below(&format!("/{name}/{member}")))?;
        }
    }
    for (index, schema) in
        members.get("anyOf").and_then(Json::as_array).into_iter().flatten().enumerate()
    {
        look(schema).map_err(|refused| refused.below(&format!("/anyOf/{index}")))?;
    }
    members
        .get("items")
        .map_or(Ok(()), |schema| look(schema).map_err(|refused| refused.below("/items")))
}
