//! `probity receipt`: what is in a receipt file, and the log of those this machine signed.
//!
//! Never signs a receipt: whoever answers does. A checkpoint is signed here, over what the log holds.

mod text;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use commit::Network;
use receipt::limits::FILE_BYTES_MAX;
use receipt::log::{Log, LogLeaf, leaf_hash};
use receipt::note::Checkpoint;
use receipt::{Inclusion, PublicKey, ReceiptFile, Refusal, SecretKey, Statement};
use store::Store;
use tempfile::NamedTempFile;

use super::key::known_key;
use crate::arguments::{BundleOptions, ReceiptCommand};
use crate::files::beginning;
use crate::output::{counted, json_escaped, line, tell, write};

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
        ReceiptCommand::Log => log()?,
        ReceiptCommand::Bundle(options) => bundle(options)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a receipt file and checks everything that needs no model; what is false in it is the inner error.
pub(crate) fn read(path: &Path) -> Result<Result<ReceiptFile, Refusal>> {
    let bytes = beginning(path, u64::try_from(FILE_BYTES_MAX)? + 1)?;
    Ok(ReceiptFile::parse(&bytes, Network::OFFLINE))
}

/// A file that will be there whole or not at all. Making it fails where writing it would.
pub(crate) struct Pending {
    file: NamedTempFile,
    path: PathBuf,
}

impl Pending {
    pub(crate) fn new(path: &Path) -> Result<Self> {
        let context = || format!("can't write {}", path.display());
        // What is there may be replaced, if it is a file: not a device, a pipe or a folder.
        if std::fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
            bail!("can't write {}: something that is no plain file is there", path.display());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = tempfile::Builder::new()
            .prefix(".tmp-")
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .with_context(context)?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(mut self, text: &str) -> Result<()> {
        let context = || format!("can't write {}", self.path.display());
        self.file.write_all(text.as_bytes()).with_context(context)?;
        self.file.as_file().sync_all().with_context(context)?;
        let path = self.path.clone();
        self.file.persist(&path).with_context(|| format!("can't write {}", path.display()))?;
        Ok(())
    }
}

/// Puts a receipt's leaf into the log, durably: before the receipt is given to anybody.
pub(crate) fn enter(store: &Store, key: &PublicKey, receipt: commit::Digest) -> Result<u64> {
    let leaf = LogLeaf::offline(receipt).encode();
    let leaf = leaf.try_into().ok().context("a leaf has 96 bytes")?;
    Ok(store.log(key).append(&leaf)?)
}

fn whole(path: &Path) -> Result<ReceiptFile> {
    read(path)?.with_context(|| format!("{} is not to be believed", path.display()))
}

/// The leaves' hashes of a key's log.
fn log_of(store: &Store, key: &PublicKey) -> Result<Log> {
    let leaves = store.log(key).settled()?;
    Ok(Log::over(leaves.iter().map(|leaf| leaf_hash(leaf)).collect()))
}

fn signed(log: &Log, secret: &SecretKey) -> Checkpoint {
    Checkpoint::sign(log.size(), &log.root(), secret)
}

fn log() -> Result<()> {
    let store = crate::environment::store_to_look_at()?;
    let secret = known_key(&store)?;
    let log = log_of(&store, &secret.public())?;
    tell(format_args!("{} in the log", counted(log.size(), "receipt", "receipts")));
    write(&signed(&log, &secret).note().encode())?;
    Ok(())
}

fn bundle(options: &BundleOptions) -> Result<()> {
    let store = crate::environment::store_to_look_at()?;
    let file = whole(&options.file)?;
    let out = Pending::new(&options.out)?;
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
    tell(format_args!("bundle {}, number {index} of {}", options.out.display(), log.size()));
    Ok(())
}
