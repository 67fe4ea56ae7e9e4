//! What was asked, what came, and who says so (`spec/receipt.md`).
//!
//! A [`Job`] commits to a request, heads to the tokens as they come, a [`Receipt`] joins the two under the worker's
//! signature. All three commit without showing; an [`Opening`] shows everything, a [`PartialOpening`] a single token.
//!
//! Never does I/O, draws no randomness (blinds, nonces and secret keys are given), runs no model, and reads JSON only
//! in receipt files and envelopes. Invariants: `decode(encode(x)) == x`, and no other bytes decode; every hash and every
//! signed payload starts with a domain and a network, but those of logs, which are other people's formats. Failure:
//! typed errors that name the field; bytes of strangers never cause a panic, nor an allocation beyond a small multiple
//! of their length.

mod altered;
mod bundle;
pub mod domains;
mod envelope;
mod file;
mod head;
mod in_toto;
mod job;
mod json;
mod keys;
pub mod limits;
pub mod log;
mod messages;
mod missing;
mod network_bundle;
pub mod note;
mod opening;
mod partial;
mod refusal;
mod statement;
mod stop;
mod transcript;
mod vector;
mod view;

pub use altered::Altered;
pub use bundle::Inclusion;
pub use envelope::{ENVELOPE_BYTES_MAX, Envelope, PayloadKind, pae};
pub use file::ReceiptFile;
pub use head::{Head, HeadError, SignedHead};
pub use in_toto::Statement;
pub use job::{
    AuditConsent, Counts, Job, JobError, JobFields, JobLeaf, NonceChooser, StopRule, Terms,
    WorkKind,
};
pub use keys::{PublicKey, SecretKey, Signature};
pub use messages::{Messages, Rendered, Renderer};
pub use missing::{MissingAnswer, MissingChallenge};
pub use network_bundle::{LINKS_MAX, NetworkBundle, Place, is_network_bundle};
pub use opening::{Opening, Output};
pub use partial::{Equivocation, PartialOpening};
pub use refusal::{Malformed, Refusal, Refuted};
pub use statement::{Choice, Receipt, Segment, Usage};
pub use stop::Stop;
pub use transcript::Transcript;
pub use vector::{TokenVector, Which, token_leaf};
pub use view::View;
