//! Receipt files and bundles: JSON with an envelope, and what opens and places it (`spec/receipt.md` section 8).
//!
//! Never holds anything unchecked. A [`ReceiptFile`] in hand has an envelope whose signatures hold, an opening whose
//! every byte the receipt commits to, and a place in its worker's log. Whether the opening says what the receipt says,
//! and whether the answer is the model's, is for `verify` and replay. Failure: a [`Refusal`].

use commit::{Network, Salts};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::bundle::{Inclusion, InclusionJson};
use crate::envelope::{Envelope, EnvelopeJson};
use crate::json::{Object, base64, from_base64, object, present, pretty};
use crate::limits::FILE_BYTES_MAX;
use crate::opening::{Opening, Output};
use crate::refusal::{Malformed, Refusal, Refuted};
use crate::statement::{Choice, Receipt};
use crate::vector::{TokenVector, Which};
use crate::view::View;

const RECEIPT_FILE: &str = "receipt file v1";
const BUNDLE: &str = "bundle v1";

/// A receipt, and what came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptFile {
    network: Network,
    envelope: Envelope,
    receipt: Receipt,
    opening: Option<Opening>,
    log: Option<Inclusion>,
}

impl ReceiptFile {
    /// Of these parts; with a place in the log it is a bundle.
    ///
    /// # Errors
    /// [`Refusal`], as a reader would.
    pub fn new(
        envelope: Envelope,
        opening: Option<Opening>,
        log: Option<Inclusion>,
        network: Network,
    ) -> Result<Self, Refusal> {
        let receipt = envelope.open(network)?;
        if let Some(opening) = &opening {
            check_opening(opening, &receipt, network)?;
        }
        if let Some(log) = &log {
            log.holds(&receipt, network)?;
        }
        Ok(Self { network, envelope, receipt, opening, log })
    }

    /// Reads a file and checks it.
    ///
    /// # Errors
    /// [`Refusal`] says whether it can't be read or is false, and why.
    pub fn parse(bytes: &[u8], network: Network) -> Result<Self, Refusal> {
        let (what, found, max) = ("a receipt file", bytes.len(), FILE_BYTES_MAX);
        if found > max {
            return Err(Malformed::Size { what, found, max }.into());
        }
        let json: FileJson<'_> = object(what, bytes)?;
        match (json.probity.as_str(), &json.log) {
            (RECEIPT_FILE, None) | (BUNDLE, Some(_)) => {}
            (RECEIPT_FILE | BUNDLE, _) => return Err(Malformed::LogMember.into()),
            (_, _) => return Err(Malformed::FileKind.into()),
        }
        let (envelope, opening) = json.signed()?;
        let mut file = Self::new(envelope, opening, None, network)?;
        if let Some(log) = json.log {
            file.log = Some(Inclusion::from_object(&log.0, &file.receipt, network)?);
        }
        if let Some(view) = json.view {
            file.view().check(view)?;
        }
        Ok(file)
    }

    /// The file's text, view included; the same for the same parts.
    #[must_use]
    pub fn to_json(&self) -> String {
        pretty(&WrittenJson {
            probity: if self.log.is_some() { BUNDLE } else { RECEIPT_FILE },
            envelope: self.envelope.json(),
            opening: self.opening.as_ref().map(|opening| base64(&opening.encode())),
            log: self.log.as_ref().map(Inclusion::json),
            view: self.view(),
        })
    }

    /// The network it was checked for.
    #[must_use]
    pub fn network(&self) -> Network {
        self.network
    }

    /// The signed envelope.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// What is in it.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// What it commits to, where that is shown.
    #[must_use]
    pub fn opening(&self) -> Option<&Opening> {
        self.opening.as_ref()
    }

    /// Its place in the log, in a bundle.
    #[must_use]
    pub fn log(&self) -> Option<&Inclusion> {
        self.log.as_ref()
    }

    /// The same for people.
    #[must_use]
    pub fn view(&self) -> View {
        View::new(&self.receipt, self.opening.as_ref(), self.network)
    }
}

fn read_opening(text: &str) -> Result<Opening, Malformed> {
    let bytes = from_base64("the opening", text)?;
    Opening::decode(&bytes).map_err(Malformed::bytes("the opening"))
}

/// Holds every byte of an opening against the receipt's commitments.
pub(crate) fn check_opening(
    opening: &Opening,
    receipt: &Receipt,
    network: Network,
) -> Result<(), Refuted> {
    let salts = Salts { network, blind: opening.blind };
    if opening.job.commitment(&salts) != receipt.job {
        return Err(Refuted::Opening { what: "job" });
    }
    let pairs = || receipt.choices.iter().zip(&opening.outputs);
    let all = receipt.choices.len() == opening.outputs.len();
    if all && pairs().all(|(choice, output)| covers(choice, output, salts)) {
        return Ok(());
    }
    Err(Refuted::Opening { what: "output" })
}

/// Whether every head of a choice, those of the workers before the last among them, is of the first of these tokens, and
/// the last head of all.
fn covers(choice: &Choice, output: &Output, salts: Salts) -> bool {
    let mut vector = TokenVector::new(salts, Which::Output { choice: output.choice });
    let mut tokens = output.tokens.iter();
    let heads = choice.segments.iter().all(|segment| {
        while vector.count() < segment.head.count {
            let Some(token) = tokens.next() else { return false };
            vector.push(*token);
        }
        (segment.head.count, segment.head.root) == (vector.count(), vector.root())
    });
    choice.index == output.choice && heads && tokens.next().is_none()
}

/// A file as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileJson<'a> {
    probity: String,
    envelope: Object<EnvelopeJson>,
    #[serde(default, deserialize_with = "present")]
    opening: Option<String>,
    #[serde(default, deserialize_with = "present")]
    log: Option<Object<InclusionJson>>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(crate) view: Option<&'a RawValue>,
}

impl FileJson<'_> {
    /// What is signed, and what it is said to commit to: read, and not yet checked.
    pub(crate) fn signed(&self) -> Result<(Envelope, Option<Opening>), Malformed> {
        signed(&self.envelope.0, self.opening.as_deref())
    }
}

/// The same of these members.
pub(crate) fn signed(
    envelope: &EnvelopeJson,
    opening: Option<&str>,
) -> Result<(Envelope, Option<Opening>), Malformed> {
    let envelope = Envelope::from_object(envelope)?;
    Ok((envelope, opening.map(read_opening).transpose()?))
}

/// A file as it is written.
#[derive(Serialize)]
struct WrittenJson {
    probity: &'static str,
    envelope: EnvelopeJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    opening: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<InclusionJson>,
    view: View,
}
