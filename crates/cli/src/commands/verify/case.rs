//! What is asked, and what is read of it: files, and folders of them.
//!
//! Never judges: a file that can't be read or taken is a case like any other.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use commit::Network;
use package::ModelId;
use receipt::{Opening, Receipt, ReceiptFile, Refusal};
use verify::{Replay, opened};

use crate::commands::receipt::read;
use crate::failure::{Usage, describe};

/// A file, and what can be said of it.
pub(super) struct Case {
    pub(super) path: PathBuf,
    pub(super) file: Reading,
    /// The model it is of, where receipt and opening go together.
    pub(super) model: Option<ModelId>,
    pub(super) replay: Replay,
    /// What the model's template does not read of the messages, where that was found out.
    pub(super) unread: Vec<String>,
    /// What the answer says, where the model was at hand.
    pub(super) answer: Option<String>,
}

/// What came of reading a file.
pub(super) enum Reading {
    Taken(Box<ReceiptFile>),
    Refused(Refusal),
    /// The system gives no bytes.
    Unreadable(String),
}

impl Case {
    fn read(path: PathBuf) -> Self {
        let file = match read(&path) {
            Ok(Ok(file)) => Reading::Taken(Box::new(file)),
            Ok(Err(refusal)) => Reading::Refused(refusal),
            Err(error) => Reading::Unreadable(describe(&error)),
        };
        let mut case = Self {
            path,
            file,
            model: None,
            replay: Replay::NotTried,
            unread: Vec::new(),
            answer: None,
        };
        let open = |(receipt, opening)| opened(receipt, opening, Network::OFFLINE).is_ok();
        if case.both().is_some_and(open) {
            case.model = case.both().map(|(receipt, _)| ModelId(receipt.model));
        }
        case
    }

    pub(super) fn both(&self) -> Option<(&Receipt, &Opening)> {
        match &self.file {
            Reading::Taken(file) => Some((file.receipt(), file.opening()?)),
            Reading::Refused(_) | Reading::Unreadable(_) => None,
        }
    }
}

/// Reads every file that was named.
pub(super) fn read_all(named: &[PathBuf]) -> Result<Vec<Case>> {
    Ok(files(named)?.into_iter().map(Case::read).collect())
}

/// The files that were named, folders as the receipts in them.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let context = || format!("can't list {}", path.display());
        let before = files.len();
        for entry in std::fs::read_dir(path).with_context(context)? {
            let found = entry.with_context(context)?.path();
            // What is no plain file is told as such, not left out.
            if found.extension().is_some_and(|extension| extension == "json") && !found.is_dir() {
                files.push(found);
            }
        }
        files[before..].sort();
        if files.len() == before {
            bail!(Usage(format!("{} holds no receipts (*.json)", path.display())));
        }
    }
    Ok(files)
}
