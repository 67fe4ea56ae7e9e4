//! The domains of `spec/ledger.md` section 1.
//!
//! Never two uses under one name.

use commit::{Digest, Domain, Network, Nodes};

pub(crate) const STATE_KEY: Domain = Domain::new("probity state key v1");
pub(crate) const STATE_VALUE: Domain = Domain::new("probity state value v1");
pub(crate) const STATE_LEAF: Domain = Domain::new("probity state leaf v1");
pub(crate) const STATE_NODE: Domain = Domain::new("probity state node v1");
pub(crate) const GENESIS: Domain = Domain::new("probity genesis v1");
pub(crate) const GENESIS_NODE: Domain = Domain::new("probity genesis node v1");
pub(crate) const NODE: Domain = Domain::new("probity node v1");
/// What a node's key signs of the node that it is bound to.
pub(crate) const NODE_KEY: Domain = Domain::new("probity node key v1");
pub(crate) const DISPUTE: Domain = Domain::new("probity dispute v1");
pub(crate) const DISPUTE_STATE: Domain = Domain::new("probity dispute state v1");
pub(crate) const MISSING: Domain = Domain::new("probity missing v1");
/// What an auditor said was true.
pub(crate) const VOUCHING: Domain = Domain::new("probity vouching v1");
/// Ids of disputes about it.
pub(crate) const VOUCHING_DISPUTE: Domain = Domain::new("probity vouching dispute v1");
/// Ids of chunks that are asked for.
pub(crate) const PART: Domain = Domain::new("probity part v1");
/// What a plant hides.
pub(crate) const PLANT: Domain = Domain::new("probity plant v1");
/// Ids of proposals.
pub(crate) const PROPOSAL: Domain = Domain::new("probity proposal v1");
pub(crate) const HEADER: Domain = Domain::new("probity header v1");
pub(crate) const SEATS: Domain = Domain::new("probity seats v1");
/// What a header names of a group.
pub(crate) const GROUP: Domain = Domain::new("probity group v1");
/// What proves that somebody has a group's key.
pub(crate) const GROUP_KEY: Domain = Domain::new("probity group key v1");
/// What a seat signs for a group's next key.
pub(crate) const GROUP_NEXT: Domain = Domain::new("probity group next v1");
pub(crate) const TRANSACTION: Domain = Domain::new("probity transaction v1");
pub(crate) const TRANSACTION_LEAF: Domain = Domain::new("probity transaction leaf v1");
pub(crate) const TRANSACTION_NODE: Domain = Domain::new("probity transaction node v1");
/// Ids of channels.
pub(crate) const CHANNEL: Domain = Domain::new("probity channel v1");
/// What a payer signs for a node.
pub(crate) const VOUCHER: Domain = Domain::new("probity voucher v1");
/// Which unit of settled money is audited.
pub(crate) const DRAW: Domain = Domain::new("probity draw v1");
/// Which auditor audits it.
pub(crate) const AUDITOR: Domain = Domain::new("probity auditor v1");
pub(crate) const AUDIT_COMMITMENT: Domain = Domain::new("probity audit commitment v1");
pub(crate) const FINDING: Domain = Domain::new("probity finding v1");
/// What a validator signs of a header's hash.
pub(crate) const CERTIFICATE: Domain = Domain::new("probity certificate v1");
/// What a group signs of it, as the library that orders blocks does.
pub(crate) const GROUP_CERTIFICATE: Domain = Domain::new("probity certificate v2");

/// Inner nodes of the tree over a block's transactions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TransactionNodes(pub(crate) Network);

impl Nodes for TransactionNodes {
    fn node(&self, left: &Digest, right: &Digest) -> Digest {
        TRANSACTION_NODE.hash(self.0, &[left, right])
    }
}
