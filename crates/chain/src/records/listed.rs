//! Lists of nodes, as records have them.
//!
//! Never an empty one: where nobody is listed the record does not stand in the state.

use commit::{Reader, WireError, Writer};
use std::collections::BTreeSet;

use super::NodeId;

pub(super) fn write(out: &mut Writer, nodes: &BTreeSet<NodeId>) {
    out.length_u16(nodes.len());
    nodes.iter().for_each(|node| out.bytes(&node.0));
}

pub(super) fn read(
    input: &mut Reader<'_>,
    what: &'static str,
    most: usize,
) -> Result<BTreeSet<NodeId>, WireError> {
    let nodes = input.list_u16(what, most, NodeId::read)?;
    check(what, &nodes)?;
    Ok(nodes.into_iter().collect())
}

/// In order, each once, and not none.
pub(super) fn check(what: &'static str, nodes: &[NodeId]) -> Result<(), WireError> {
    if !nodes.is_sorted_by(|one, next| one < next) {
        return Err(WireError::Order { what });
    }
    if nodes.is_empty() {
        let reason = "where there is nobody it does not stand in the state";
        return Err(WireError::Value { what, reason });
    }
    Ok(())
}
