//! A receipt with its place in a network, as one file (`spec/ledger.md` section 12).
//!
//! Never judges the place: what leads from the leaf to the network's genesis is bytes here, for `light`. Envelope, opening
//! and view are held to the same as in any receipt file.

use commit::{Digest, Network};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::envelope::EnvelopeJson;
use crate::file::{ReceiptFile, signed};
use crate::json::{List, Object, array_from_base64, base64, from_base64, object, present, pretty};
use crate::limits::FILE_BYTES_MAX;
use crate::log::{LOG_PATH_MAX, LogLeaf};
use crate::refusal::{Malformed, Refusal, Refuted};
use crate::view::View;

const NETWORK_BUNDLE: &str = "bundle v2";
/// Links of a bundle.
pub const LINKS_MAX: usize = 1_024;

/// Where a receipt stands in a network: read, and not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its leaf in its worker's log.
    pub leaf: LogLeaf,
    /// The leaf's index.
    pub index: u64,
    /// From the leaf's sibling to the log's root.
    pub proof: Vec<Digest>,
    /// The record of the log's anchor.
    pub anchor: Vec<u8>,
    /// That the record stands in the state.
    pub anchor_proof: Vec<u8>,
    /// From the genesis to the header of that state.
    pub links: Vec<Vec<u8>>,
}

/// A receipt file and a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkBundle {
    file: ReceiptFile,
    place: Place,
}

impl NetworkBundle {
    /// Of these parts.
    ///
    /// # Errors
    /// [`Refusal`] where the leaf is another receipt's.
    pub fn new(file: ReceiptFile, place: Place) -> Result<Self, Refusal> {
        let (found, wanted) = (place.leaf.receipt, file.receipt().id(file.network()));
        if found != wanted {
            return Err(Refuted::Leaf { found, wanted }.into());
        }
        Ok(Self { file, place })
    }

    /// Reads a file, and checks all but the place.
    ///
    /// # Errors
    /// [`Refusal`] says whether it can't be read or is false, and why.
    pub fn parse(bytes: &[u8], network: Network) -> Result<Self, Refusal> {
        let (what, found, max) = ("a bundle", bytes.len(), FILE_BYTES_MAX);
        if found > max {
            return Err(Malformed::Size { what, found, max }.into());
        }
        let json: BundleJson<'_> = object(what, bytes)?;
        if json.probity != NETWORK_BUNDLE {
            return Err(Malformed::BundleKind.into());
        }
        let (envelope, opening) = signed(&json.envelope.0, json.opening.as_deref())?;
        let file = ReceiptFile::new(envelope, opening, None, network)?;
        let bundle = Self::new(file, json.place.0.read()?)?;
        if let Some(view) = json.view {
            bundle.file.view().check(view)?;
        }
        Ok(bundle)
    }

    /// The file's text, view included; the same for the same parts.
    #[must_use]
    pub fn to_json(&self) -> String {
        pretty(&WrittenJson {
            probity: NETWORK_BUNDLE,
            envelope: self.file.envelope().json(),
            opening: self.file.opening().map(|opening| base64(&opening.encode())),
            place: PlaceJson::of(&self.place),
            view: self.file.view(),
        })
    }

    /// The receipt, and what opens it.
    #[must_use]
    pub fn file(&self) -> &ReceiptFile {
        &self.file
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }
}

/// Whether a file says that it is a bundle of a network, whatever else it says.
#[must_use]
pub fn is_network_bundle(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Kind {
        probity: String,
    }
    bytes.len() <= FILE_BYTES_MAX
        && serde_json::from_slice::<Kind>(bytes).is_ok_and(|file| file.probity == NETWORK_BUNDLE)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BundleJson<'a> {
    probity: String,
    envelope: Object<EnvelopeJson>,
    #[serde(default, deserialize_with = "present")]
    opening: Option<String>,
    place: Object<PlaceJson>,
    #[serde(borrow, default, deserialize_with = "present")]
    view: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct WrittenJson {
    probity: &'static str,
    envelope: EnvelopeJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    opening: Option<String>,
    place: PlaceJson,
    view: View,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceJson {
    leaf: String,
    index: u64,
    proof: List<String, LOG_PATH_MAX>,
    anchor: String,
    anchor_proof: String,
    links: List<String, LINKS_MAX>,
}

impl PlaceJson {
    fn of(place: &Place) -> Self {
        Self {
            leaf: base64(&place.leaf.encode()),
            index: place.index,
            proof: List(place.proof.iter().map(|hash| base64(hash)).collect()),
            anchor: base64(&place.anchor),
            anchor_proof: base64(&place.anchor_proof),
            links: List(place.links.iter().map(|link| base64(link)).collect()),
        }
    }

    fn read(&self) -> Result<Place, Malformed> {
        let what = "the leaf";
        let leaf = LogLeaf::decode(&from_base64(what, &self.leaf)?);
        let hashes = self.proof.0.iter();
        let links = self.links.0.iter();
        Ok(Place {
            leaf: leaf.map_err(Malformed::bytes(what))?,
            index: self.index,
            proof: hashes
                .map(|hash| array_from_base64("a hash of the proof", hash))
                .collect::<Result<_, _>>()?,
            anchor: from_base64("the anchor", &self.anchor)?,
            anchor_proof: from_base64("the anchor's proof", &self.anchor_proof)?,
            links: links.map(|link| from_base64("a link", link)).collect::<Result<_, _>>()?,
        })
    }
}
