//! `probity receipt`: what is in a receipt file, and the log of those this machine signed.
//!
//! Never signs a receipt: whoever answers does. A checkpoint is signed here, over what the log holds.

mod text;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Error, Result, bail};
use commit::{Network, hex};
use receipt::limits::FILE_BYTES_MAX;
use receipt::log::{Log, LogLeaf, leaf_hash};
use receipt::note::Checkpoint;
use receipt::{Inclusion, PublicKey, ReceiptFile, Refusal, SecretKey, Statement};
use store::Store;

use super::key::known_key;
use crate::arguments::{BundleOptions, LogOptions, ReceiptCommand};
use crate::files::{Force, Pending, Readers, beginning};
use crate::output::{counted, json_escaped, line, shown, tell, write};

pub(crate) fn run(command: &ReceiptCommand) -> Result<ExitCode> {
    match command {
        ReceiptCommand::Show(options) if options.text => {
            text::show(&whole(&options.file)?, options.model.as_ref())?;
        }
        ReceiptCommand::Show(options) => {
            let view = serde_json::to_string_pretty(&whole(&options.file)?.view())?;
            line(json_escaped(&view))?;
        }
        ReceiptCommand::InToto(options) => {
            write(&json_escaped(&Statement::new(&whole(&options.file)?).to_json()))?;
        }
        ReceiptCommand::Log(options) => log(options)?,
        ReceiptCommand::Bundle(options) => bundle(options)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a receipt file and checks everything that needs no model; what is false in it is the inner error.
pub(crate) fn read(path: &Path) -> Result<Result<ReceiptFile, Refusal>> {
    let bytes = beginning(path, u64::try_from(FILE_BYTES_MAX)? + 1)?;
    Ok(ReceiptFile::parse(&bytes, Network::OFFLINE))
}

/// Puts a receipt's leaf into the log, durably: before the receipt is given to anybody.
pub(crate) fn enter(store: &Store, key: &PublicKey, receipt: commit::Digest) -> Result<u64> {
    let leaf = LogLeaf::offline(receipt).encode();
    let leaf = leaf.try_into().ok().context("a leaf has 96 bytes")?;
    Ok(store.log(key).append(&leaf)?)
}

fn whole(path: &Path) -> Result<ReceiptFile> {
    read(path)?.map_err(|refusal| {
        let what = match refusal {
            Refusal::Malformed(_) => "is no whole receipt file",
            Refusal::Refuted(_) => "is not to be believed",
        };
        Error::new(refusal).context(format!("{} {what}", path.display()))
    })
}

/// The leaves' hashes of a key's log.
fn log_of(store: &Store, key: &PublicKey) -> Result<Log> {
    let leaves = store.log(key).settled()?;
    Ok(Log::over(leaves.iter().map(|leaf| leaf_hash(leaf)).collect()))
}

fn signed(log: &Log, secret: &SecretKey) -> Checkpoint {
    Checkpoint::sign(log.size(), &log.root(), secret)
}

fn log(options: &LogOptions) -> Result<()> {
    let store = crate::environment::store_to_look_at()?;
    let secret = known_key(&store)?;
    if options.checkpoint {
        let log = log_of(&store, &secret.public())?;
        write(&signed(&log, &secret).note().encode())?;
        return Ok(());
    }
    list(&store, &secret.public(), "signs now")?;
    for key in store.logs()?.iter().filter(|key| **key != secret.public()) {
        list(&store, key, "signs no more")?;
    }
    Ok(())
}

/// The receipts of a key's log, counted from 1.
fn list(store: &Store, key: &PublicKey, state: &str) -> Result<()> {
    let leaves = store.log(key).all()?;
    line(format_args!("key {key} ({state}), {}", counted(leaves.len(), "receipt", "receipts")))?;
    for (number, leaf) in (1_u64..).zip(&leaves) {
        line(format_args!("{number:>8}  receipt {}", hex(&LogLeaf::decode(leaf)?.receipt)))?;
    }
    Ok(())
}

fn bundle(options: &BundleOptions) -> Result<()> {
    let store = crate::environment::store_to_look_at()?;
    let file = whole(&options.file)?;
    let out = Pending::new(&options.out, Readers::Owner, Force(options.force))?;
    let worker = file.receipt().worker;
    // A key that was rotated away signs for its own log still, and for nothing else.
    let Some(secret) = store.keys().of(&worker)? else {
        bail!(
            "the receipt was signed by {worker}, and this machine has no such key to sign its log with: its bundle is \
             made where it was signed"
        );
    };
    let leaf = LogLeaf::offline(file.receipt().id(file.network())).encode();
    let leaves = store.log(&worker).settled()?;
    let Some(index) = leaves.iter().position(|known| known[..] == leaf[..]) else {
        bail!("the receipt is not in the log of {worker} on this machine");
    };
    let log = Log::over(leaves.iter().map(|leaf| leaf_hash(leaf)).collect());
    let inclusion = Inclusion::of(&log, u64::try_from(index)?, signed(&log, &secret))
        .context("every leaf has a proof")?;
    let (envelope, opening) = (file.envelope().clone(), file.opening().cloned());
    let bundle = ReceiptFile::new(envelope, opening, Some(inclusion), file.network())?;
    out.write(&bundle.to_json())?;
    tell(format_args!(
        "bundle {}, number {} of the {} in the log of its key",
        shown(&options.out),
        index + 1,
        counted(log.size(), "receipt", "receipts")
    ));
    Ok(())
}
