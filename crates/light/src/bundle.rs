//! A receipt's place in a network, from the genesis alone: links, the anchor in the state, the leaf in the log.
//!
//! Never asks anybody and never knows the time: it is given. Never says more than a quorum's word: what that does not
//! establish stands in the report. Failure: a [`BundleError`] names the first step that does not lead on.

use chain::records::{Anchor, AnchorSlot, Record, Slot};
use chain::state::{Proof, ProofError};
use chain::{Genesis, Header, Stamp};
use commit::WireError;
use receipt::log::included;
use receipt::{Altered, NetworkBundle, Refusal};
use thiserror::Error;
use verify::{Kind, PlaceJson, Replay, Report, ReportJson, examine};

use crate::follow::{Freshness, Known, Link, LinkError};

/// A bundle that was taken, and what is to be made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchored {
    /// The receipt and its place.
    pub bundle: NetworkBundle,
    /// The anchor of its worker's log.
    pub anchor: Anchor,
    /// The header whose state has it.
    pub header: Header,
    /// How that header's stamp stands to the time.
    pub freshness: Freshness,
    /// The verdict and its lines.
    pub report: Report,
}

/// Why a bundle is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BundleError {
    /// The receipt, its opening or the JSON.
    #[error(transparent)]
    Receipt(#[from] Refusal),
    /// Bytes of the place that are not canonical.
    #[error("{what}: {source}")]
    Bytes {
        /// Of what.
        what: &'static str,
        /// What is wrong.
        source: WireError,
    },
    /// A link that leads nowhere.
    #[error("link {at}: {why}")]
    Link {
        /// Which, from 0.
        at: usize,
        /// Why.
        why: LinkError,
    },
    /// No link.
    #[error("no link leads from the genesis to a header")]
    NoLinks,
    /// The anchor does not stand in the state.
    #[error("the anchor of the worker's log: {0}")]
    Anchor(#[from] ProofError),
    /// The leaf does not stand in the log.
    #[error("the proof does not lead from the receipt's leaf {index} to the anchored root")]
    Inclusion {
        /// Its index.
        index: u64,
    },
}

/// Checks a bundle of a network against its genesis; headers older than the bound are told to be old.
///
/// # Errors
/// [`BundleError`] says what can't be read or is false.
pub fn verify_bundle(
    genesis: &Genesis,
    bundle: &[u8],
    (now, bound_ms): (Stamp, u64),
    required: &[Kind],
) -> Result<Anchored, BundleError> {
    let mut known = Known::of(genesis);
    let bundle = NetworkBundle::parse(bundle, known.network())?;
    let header = follow(&mut known, &bundle)?;
    let anchor = anchor(&known, &header, &bundle)?;
    let (file, place) = (bundle.file(), bundle.place());
    let leaf = place.leaf.hash();
    if !included(&leaf, place.index, &place.proof, anchor.size, &anchor.root) {
        return Err(BundleError::Inclusion { index: place.index });
    }
    let freshness = known.freshness(now, bound_ms);
    let (network, opening) = (known.network(), file.opening());
    let report = examine(file.receipt(), opening, network, required, &Replay::NotTried);
    let report = report.anchored(freshness == Freshness::Fresh);
    Ok(Anchored { bundle, anchor, header, freshness, report })
}

/// The same as one report, whether the bundle is taken or not.
#[must_use]
pub fn bundle_report(
    genesis: &Genesis,
    bundle: &[u8],
    at: (Stamp, u64),
    required: &[Kind],
) -> ReportJson {
    let network = genesis.network();
    match verify_bundle(genesis, bundle, at, required) {
        Ok(anchored) => anchored.json(),
        Err(BundleError::Receipt(refusal)) => {
            let altered = Altered::of(&refusal, bundle, network);
            ReportJson::refused(&refusal, required).altered(altered.as_ref())
        }
        Err(error) => {
            let malformed = matches!(error, BundleError::Bytes { .. } | BundleError::NoLinks);
            ReportJson::nowhere(error.to_string(), malformed, required)
        }
    }
}

impl Anchored {
    /// As a report for others to read.
    #[must_use]
    pub fn json(&self) -> ReportJson {
        let place = PlaceJson {
            index: self.bundle.place().index,
            size: self.anchor.size,
            root: commit::hex(&self.anchor.root),
            epoch: self.anchor.epoch.0,
            height: self.header.height.0,
            stamp_ms: self.header.stamp.0,
            fresh: self.freshness.name(),
        };
        ReportJson::new(&self.report, self.bundle.file()).placed(place)
    }
}

/// The last header that the links lead to.
fn follow(known: &mut Known, bundle: &NetworkBundle) -> Result<Header, BundleError> {
    for (at, bytes) in bundle.place().links.iter().enumerate() {
        let link = Link::decode(bytes);
        let link = link.map_err(|source| BundleError::Bytes { what: "a link", source })?;
        known.follow(&link).map_err(|why| BundleError::Link { at, why })?;
    }
    known.header().copied().ok_or(BundleError::NoLinks)
}

/// The record of the log's anchor, where it stands in the header's state.
fn anchor(known: &Known, header: &Header, bundle: &NetworkBundle) -> Result<Anchor, BundleError> {
    let bytes = |what| move |source| BundleError::Bytes { what, source };
    let (place, worker) = (bundle.place(), bundle.file().receipt().worker);
    let proof = Proof::decode(&place.anchor_proof).map_err(bytes("the anchor's proof"))?;
    let key = AnchorSlot(worker).key();
    proof.check(known.network(), &header.state_root, &key, Some(&place.anchor))?;
    Anchor::decode(&place.anchor).map_err(bytes("the anchor"))
}
