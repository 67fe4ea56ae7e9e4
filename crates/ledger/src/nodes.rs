//! Nodes as transactions find them.
//!
//! Never lets anybody but a node's owner change it.

use chain::records::{Node, NodeId, NodeSlot};

use crate::context::Author;
use crate::stop::{Rejection, Stop};
use crate::view::View;

/// A node that is there.
///
/// # Errors
/// [`Rejection::NoNode`].
pub(crate) fn find(view: &View, id: NodeId) -> Result<Node, Stop> {
    Ok(view.get(&NodeSlot(id))?.ok_or(Rejection::NoNode)?)
}

/// A node of the author's.
///
/// # Errors
/// [`Rejection::NoNode`], [`Rejection::NotOwner`].
pub(crate) fn owned(view: &View, id: NodeId, author: &Author) -> Result<Node, Stop> {
    let node = find(view, id)?;
    match node.owner == author.payer {
        true => Ok(node),
        false => Err(Rejection::NotOwner.into()),
    }
}

/// A node of the author's that has not ended.
///
/// # Errors
/// [`Rejection::NoNode`], [`Rejection::NotOwner`], [`Rejection::Retired`].
pub(crate) fn active(view: &View, id: NodeId, author: &Author) -> Result<Node, Stop> {
    let node = owned(view, id, author)?;
    match node.retired {
        false => Ok(node),
        true => Err(Rejection::Retired.into()),
    }
}
