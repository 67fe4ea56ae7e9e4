//! A receipt's place in a network, from the genesis or a later start: links, the anchor in the state, the leaf in the log.
//!
//! Never asks anybody and never knows the time: it is given. Never says more than a quorum's word: what that does not
//! establish stands in the report. Failure: a [`BundleError`] names the first step that does not lead on.

use chain::records::{Anchor, AnchorSlot, Record, Slot};
use chain::state::{Proof, ProofError};
use chain::{CertificateError, Genesis, Header, Height, Stamp};
use commit::WireError;
use receipt::log::included;
use receipt::{Altered, NetworkBundle, ReceiptFile, Refusal};
use thiserror::Error;
use verify::{Kind, PlaceJson, Replay, Report, ReportJson, examine};

use crate::follow::{Bounds, Freshness, Known, Link, LinkError, start_ms_most};
use crate::start::{Start, StartError};

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
    /// Height and stamp of what the network was followed from.
    pub start: (Height, Stamp),
    /// How that stamp stands to the time.
    pub start_freshness: Freshness,
    /// What to follow the network from the next time; none where that is not established to be of about now.
    pub kept: Option<Start>,
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
    /// The first link does not go on from what is known.
    #[error(
        "link {at} is not certified by the seats or the group that are known here: {why}; either it was altered, or it begins at a later start than is known here: bring that one, or ask for a bundle that begins earlier"
    )]
    Begins {
        /// Which, from 0.
        at: usize,
        /// Why.
        why: CertificateError,
    },
    /// The bundle ends before the start.
    #[error(
        "the bundle ends at height {height}, and the start that is given is of height {start}: give an earlier start or none, or ask for a newer bundle"
    )]
    Behind {
        /// The last link's.
        height: u64,
        /// The start's.
        start: u64,
    },
    /// Another header of the start's height.
    #[error("the bundle's last header and the start's are two headers of height {height}")]
    Two {
        /// Their height.
        height: u64,
    },
    /// No start of this network.
    #[error("the start: {0}")]
    Start(#[from] StartError),
    /// No link.
    #[error("no link leads from the genesis to a header")]
    NoLinks,
    /// The anchor does not stand in the state.
    #[error("the anchor of the worker's log: {0}")]
    Anchor(#[from] ProofError),
    /// The leaf does not stand in the log.
    #[error(
        "the proof does not lead from the leaf {index} to the anchored root: the leaf's channel or amounts, its index or the proof is not what was anchored"
    )]
    Inclusion {
        /// Its index.
        index: u64,
    },
}

/// Checks a bundle of a network against its genesis, or a later start; what is older than the bounds is told to be old.
///
/// # Errors
/// [`BundleError`] says what can't be read or is false.
pub fn verify_bundle(
    genesis: &Genesis,
    start: Option<&Start>,
    bundle: &[u8],
    (now, bounds): (Stamp, Bounds),
    required: &[Kind],
) -> Result<Anchored, BundleError> {
    let mut known = match start {
        None => Known::of(genesis),
        Some(start) => Known::since(genesis, start)?,
    };
    let bundle = NetworkBundle::parse(bundle, known.network())?;
    let header = follow(&mut known, &bundle)?;
    let anchor = anchor(&known, &header, &bundle)?;
    let (file, place) = (bundle.file(), bundle.place());
    let leaf = place.leaf.hash();
    if !included(&leaf, place.index, &place.proof, anchor.size, &anchor.root) {
        return Err(BundleError::Inclusion { index: place.index });
    }
    let freshness = known.freshness(now, bounds.header_ms);
    let start_freshness = known.start_freshness(now, bounds.start_ms.min(start_ms_most(genesis)));
    let both = [freshness, start_freshness];
    let kept = known.kept().filter(|_| both == [Freshness::Fresh; 2]);
    let report = examined(file, both, required, &Replay::NotTried);
    let start = known.start();
    Ok(Anchored { bundle, anchor, header, freshness, start, start_freshness, kept, report })
}

fn examined(
    file: &ReceiptFile,
    [header, start]: [Freshness; 2],
    required: &[Kind],
    replay: &Replay,
) -> Report {
    let report = examine(file.receipt(), file.opening(), file.network(), required, replay);
    report.anchored(header == Freshness::Fresh, start == Freshness::Fresh)
}

/// The same as one report, whether the bundle is taken or not.
#[must_use]
pub fn bundle_report(
    genesis: &Genesis,
    start: Option<&Start>,
    bundle: &[u8],
    at: (Stamp, Bounds),
    required: &[Kind],
) -> ReportJson {
    match verify_bundle(genesis, start, bundle, at, required) {
        Ok(anchored) => anchored.json(&anchored.report),
        Err(BundleError::Receipt(refusal)) => {
            let altered = Altered::of(&refusal, bundle, genesis.network());
            ReportJson::refused(&refusal, required).altered(altered.as_ref())
        }
        Err(error) => error.json(required),
    }
}

impl BundleError {
    /// As a report for others to read.
    #[must_use]
    pub fn json(&self, required: &[Kind]) -> ReportJson {
        match self {
            Self::Receipt(refusal) => ReportJson::refused(refusal, required),
            Self::Bytes { .. }
            | Self::Link { .. }
            | Self::Begins { .. }
            | Self::Behind { .. }
            | Self::Two { .. }
            | Self::Start(_)
            | Self::NoLinks
            | Self::Anchor(_)
            | Self::Inclusion { .. } => ReportJson::nowhere(self.to_string(), self.why(), required),
        }
    }

    /// Why it accuses nobody: `malformed`, `unsupported`, or another `start` is needed; none where something is false.
    #[must_use]
    pub const fn why(&self) -> Option<&'static str> {
        match self {
            Self::Receipt(Refusal::Malformed(_)) | Self::Bytes { .. } | Self::NoLinks => {
                Some("malformed")
            }
            Self::Link { why: LinkError::Kind | LinkError::Rules { .. }, .. } => {
                Some("unsupported")
            }
            // Which of the two histories is the network's nobody can tell from here.
            Self::Begins { .. } | Self::Behind { .. } | Self::Two { .. } | Self::Start(_) => {
                Some("start")
            }
            Self::Link {
                why:
                    LinkError::Height { .. }
                    | LinkError::Certificate(_)
                    | LinkError::Seats
                    | LinkError::SameSeats,
                ..
            }
            | Self::Receipt(Refusal::Refuted(_))
            | Self::Anchor(_)
            | Self::Inclusion { .. } => None,
        }
    }
}

impl Anchored {
    /// The report, with what came of replaying.
    #[must_use]
    pub fn examined(&self, required: &[Kind], replay: &Replay) -> Report {
        let both = [self.freshness, self.start_freshness];
        examined(self.bundle.file(), both, required, replay)
    }

    /// A report of it, for others to read.
    #[must_use]
    pub fn json(&self, report: &Report) -> ReportJson {
        let place = PlaceJson {
            index: self.bundle.place().index,
            size: self.anchor.size,
            root: commit::hex(&self.anchor.root),
            epoch: self.anchor.epoch.0,
            height: self.header.height.0,
            stamp_ms: self.header.stamp.0,
            fresh: self.freshness.name(),
            start_height: self.start.0.0,
            start_stamp_ms: self.start.1.0,
            start_fresh: self.start_freshness.name(),
        };
        ReportJson::new(report, self.bundle.file()).placed(place)
    }
}

/// The last header that the links lead to; those that are not above the start are passed over.
fn follow(known: &mut Known, bundle: &NetworkBundle) -> Result<Header, BundleError> {
    let (start, _) = known.start();
    let (mut last, mut first) = (None, true);
    for (at, bytes) in bundle.place().links.iter().enumerate() {
        let link = Link::decode(bytes);
        let link = link.map_err(|source| BundleError::Bytes { what: "a link", source })?;
        last = Some(link.header);
        if link.header.height > start || start == Height(0) || !first {
            known.follow(&link).map_err(|why| leads_nowhere(at, first, why))?;
            first = false;
        }
    }
    let last = last.ok_or(BundleError::NoLinks)?;
    let (height, start) = (last.height.0, start.0);
    match known.header() {
        Some(header) if *header == last => Ok(last),
        Some(_) | None if height == start => Err(BundleError::Two { height }),
        Some(_) | None => Err(BundleError::Behind { height, start }),
    }
}

/// Whoever knows other seats than those who certified the first link can't tell whose history is the network's.
fn leads_nowhere(at: usize, first: bool, why: LinkError) -> BundleError {
    if let (LinkError::Certificate(why), true) = (why, first) {
        return BundleError::Begins { at, why };
    }
    BundleError::Link { at, why }
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
