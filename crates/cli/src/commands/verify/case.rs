//! What is asked, and what is read of it: files, folders of them, and standard input.
//!
//! Never judges: a file that can't be read or taken is a case like any other.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use commit::Network;
use light::{Anchored, BundleError};
use package::ModelId;
use receipt::limits::FILE_BYTES_MAX;
use receipt::{Altered, Malformed, Opening, Receipt, ReceiptFile, Refusal};
use verify::{Replay, opened};

use super::excerpt;
use super::origin::Origin;
use crate::failure::{Usage, describe};
use crate::files::beginning;
use crate::output::{counted, tell};

/// What stands for standard input.
const STANDARD_INPUT: &str = "-";

const NETWORK_NEEDED: &str =
    "this is a bundle of a network: name the network's genesis file with --network";
const NO_NETWORK_NEEDED: &str =
    "this is no bundle of a network: leave --network out to check it as a receipt file";

/// A file, and what can be said of it.
pub(super) struct Case {
    pub(super) path: PathBuf,
    pub(super) file: Reading,
    /// The model it is of, where receipt and opening go together.
    pub(super) model: Option<ModelId>,
    /// What that model is called here, where it was at hand.
    pub(super) model_name: Option<String>,
    pub(super) replay: Replay,
    /// What the model's template does not read of the messages, where that was found out.
    pub(super) unread: Unread,
    /// What was asked, where messages or the model were at hand.
    pub(super) asked: Option<String>,
    /// What the answer says, where the model was at hand.
    pub(super) answer: Option<String>,
}

/// What a template does not read of the messages.
#[derive(Default)]
pub(super) struct Unread {
    /// Those members that are known.
    pub(super) members: Vec<String>,
    /// Whether that is all of them.
    pub(super) all_known: bool,
}

/// What came of reading a file.
pub(super) enum Reading {
    Taken(Box<ReceiptFile>),
    /// A bundle of the network that was named.
    Placed(Box<Anchored>),
    Refused(Refusal, Option<Altered>),
    /// A bundle whose receipt has no place in the network.
    Nowhere(Box<BundleError>),
    /// A bundle of a network where none was named, or the other way round: what to do.
    Misplaced(Refusal, &'static str),
    /// The system gives no bytes.
    Unreadable(String),
}

impl Case {
    fn read(path: &Path, origin: Option<&Origin>) -> Self {
        let file = bytes(path).map_or_else(
            |error| Reading::Unreadable(describe(&error)),
            |bytes| {
                bytes.map_or_else(|refusal| Reading::Refused(refusal, None), |b| taken(&b, origin))
            },
        );
        let mut case = Self::new(path, file);
        let network = case.receipt_file().map_or(Network::OFFLINE, ReceiptFile::network);
        let open = |(receipt, opening)| opened(receipt, opening, network).is_ok();
        if case.both().is_some_and(open) {
            case.model = case.both().map(|(receipt, _)| ModelId(receipt.model));
            case.asked = case.both().and_then(|(_, opening)| excerpt::asked(opening));
        }
        case
    }

    fn new(path: &Path, file: Reading) -> Self {
        Self {
            path: path.to_owned(),
            file,
            model: None,
            model_name: None,
            replay: Replay::NotTried,
            unread: Unread::default(),
            asked: None,
            answer: None,
        }
    }

    pub(super) fn both(&self) -> Option<(&Receipt, &Opening)> {
        let file = self.receipt_file()?;
        Some((file.receipt(), file.opening()?))
    }

    fn receipt_file(&self) -> Option<&ReceiptFile> {
        match &self.file {
            Reading::Taken(file) => Some(file),
            Reading::Placed(anchored) => Some(anchored.bundle.file()),
            Reading::Refused(..)
            | Reading::Nowhere(_)
            | Reading::Misplaced(..)
            | Reading::Unreadable(_) => None,
        }
    }

    /// The start that it leads to, where that is of now.
    pub(super) fn kept(&self) -> Option<&light::Start> {
        match &self.file {
            Reading::Placed(anchored) => anchored.kept.as_ref(),
            Reading::Taken(_)
            | Reading::Refused(..)
            | Reading::Nowhere(_)
            | Reading::Misplaced(..)
            | Reading::Unreadable(_) => None,
        }
    }
}

/// The bytes of a receipt, as many as there may be.
fn bytes(path: &Path) -> Result<Result<Vec<u8>, Refusal>> {
    let most = u64::try_from(FILE_BYTES_MAX)?;
    if path == Path::new(STANDARD_INPUT) {
        let mut bytes = Vec::new();
        let input = std::io::stdin().lock().take(most + 1).read_to_end(&mut bytes);
        input.context("can't read standard input")?;
        if bytes.len() > FILE_BYTES_MAX {
            bail!("standard input holds more than {FILE_BYTES_MAX} bytes: no receipt file does");
        }
        return Ok(Ok(bytes));
    }
    let bytes = beginning(path, most + 1)?;
    if bytes.len() <= FILE_BYTES_MAX {
        return Ok(Ok(bytes));
    }
    let found = usize::try_from(std::fs::metadata(path)?.len())?;
    Ok(Err(Malformed::Size { what: "a receipt file", found, max: FILE_BYTES_MAX }.into()))
}

fn taken(bytes: &[u8], origin: Option<&Origin>) -> Reading {
    if let Some(origin) = origin {
        return placed(bytes, origin);
    }
    match ReceiptFile::parse(bytes, Network::OFFLINE) {
        Ok(file) => Reading::Taken(Box::new(file)),
        Err(refusal @ Refusal::Malformed(_)) if receipt::is_network_bundle(bytes) => {
            Reading::Misplaced(refusal, NETWORK_NEEDED)
        }
        Err(refusal) => {
            let altered = Altered::of(&refusal, bytes, Network::OFFLINE);
            Reading::Refused(refusal, altered)
        }
    }
}

fn placed(bytes: &[u8], origin: &Origin) -> Reading {
    let Origin { genesis, start, now, bounds, .. } = origin;
    match light::verify_bundle(genesis, start.as_ref(), bytes, (*now, *bounds), &[]) {
        Ok(anchored) => Reading::Placed(Box::new(anchored)),
        // Of what kind a file was that did not come whole nobody can tell.
        Err(BundleError::Receipt(
            refusal @ Refusal::Malformed(Malformed::Empty { .. } | Malformed::Ends { .. }),
        )) => Reading::Refused(refusal, None),
        Err(BundleError::Receipt(refusal @ Refusal::Malformed(_)))
            if !receipt::is_network_bundle(bytes) =>
        {
            Reading::Misplaced(refusal, NO_NETWORK_NEEDED)
        }
        Err(BundleError::Receipt(refusal)) => {
            let altered = Altered::of(&refusal, bytes, genesis.network());
            Reading::Refused(refusal, altered)
        }
        Err(error) => Reading::Nowhere(Box::new(error)),
    }
}

/// Reads every file that was named.
pub(super) fn read_all(named: &[PathBuf], origin: Option<&Origin>) -> Result<Vec<Case>> {
    let inputs = named.iter().filter(|path| **path == Path::new(STANDARD_INPUT)).count();
    if inputs > 1 {
        bail!(Usage("standard input holds one receipt: name `-` once".into()));
    }
    Ok(named.iter().flat_map(|path| cases(path, origin)).collect())
}

/// What was named, a folder as the receipts in it.
fn cases(path: &Path, origin: Option<&Origin>) -> Vec<Case> {
    if !path.is_dir() {
        return vec![Case::read(path, origin)];
    }
    let unreadable = |why| vec![Case::new(path, Reading::Unreadable(why))];
    match receipts_in(path) {
        Ok(files) if files.is_empty() => unreadable("it holds no receipts (*.json)".into()),
        Ok(files) => files.iter().map(|file| Case::read(file, origin)).collect(),
        Err(error) => unreadable(describe(&error)),
    }
}

/// The receipts of a folder.
fn receipts_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let context = || format!("can't list {}", folder.display());
    let (mut files, mut folders) = (Vec::new(), 0_usize);
    for entry in std::fs::read_dir(folder).with_context(context)? {
        let found = entry.with_context(context)?.path();
        if found.is_dir() {
            folders += 1;
        } else if found.extension().is_some_and(|extension| extension == "json") {
            // What is no plain file is told as such, not left out.
            files.push(found);
        }
    }
    if folders > 0 {
        let skipped = counted(folders, "folder", "folders");
        tell(format_args!(
            "{}: {skipped} in it skipped: only what is named is looked into",
            folder.display()
        ));
    }
    files.sort();
    Ok(files)
}
