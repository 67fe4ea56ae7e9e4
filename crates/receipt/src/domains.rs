//! The domains of `spec/receipt.md` section 1, and the kinds of salted leaves.
//!
//! Never two uses under one name.

use commit::{Digest, Domain, Network, Nodes};

pub(crate) const JOB_LEAF: Domain = Domain::new("probity job leaf v1");
pub(crate) const JOB_NODE: Domain = Domain::new("probity job node v1");
pub(crate) const TOKEN_LEAF: Domain = Domain::new("probity token leaf v1");
pub(crate) const TOKEN_NODE: Domain = Domain::new("probity token node v1");
pub(crate) const MESSAGES: Domain = Domain::new("probity messages v1");
pub(crate) const RENDERING: Domain = Domain::new("probity rendering v1");
pub(crate) const HEAD: Domain = Domain::new("probity head v1");
pub(crate) const CANCEL: Domain = Domain::new("probity cancel v1");
/// Of receipts: what their envelope's payload starts with.
pub const RECEIPT: Domain = Domain::new("probity receipt v1");
/// Of packages: what a signed model id starts with.
pub const PACKAGE: Domain = Domain::new("probity package v1");

/// Salts: leaf of a job.
pub(crate) const SALT_JOB: u8 = 4;
/// Salts: token of the prompt.
pub(crate) const SALT_PROMPT: u8 = 5;
/// Salts: token of the output.
pub(crate) const SALT_OUTPUT: u8 = 6;
/// Salts: messages.
pub(crate) const SALT_MESSAGES: u8 = 7;

/// Inner nodes of a token vector.
#[derive(Clone, Copy, Debug)]
pub struct TokenNodes(pub Network);

impl Nodes for TokenNodes {
    fn node(&self, left: &Digest, right: &Digest) -> Digest {
        TOKEN_NODE.hash(self.0, &[left, right])
    }
}

/// Inner nodes of a job's tree.
#[derive(Clone, Copy, Debug)]
pub struct JobNodes(pub Network);

impl Nodes for JobNodes {
    fn node(&self, left: &Digest, right: &Digest) -> Digest {
        JOB_NODE.hash(self.0, &[left, right])
    }
}
