//! `probity package build`: from a model file to a package.
//!
//! Never leaves half a package: everything is made in a temporary folder and renamed when it is whole and was found
//! good, an interrupt deletes that folder. Nothing of this machine or moment enters the package: the same file and
//! options give the same bytes everywhere. The upstream file is linked where the disk allows, else copied, and what is
//! hashed is what then lies in the package.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use commit::from_hex;
use indicatif::{ProgressBar, ProgressStyle};
use llm::publish::FILE_NAME;
use llm::{Model, Publication};
use package::{About, FileHashes, Package, PartKind, Quality, Redistributable, Units, folder};
use serde::Deserialize;
use store::LocalFile;
use tempfile::TempDir;

use super::warning;
use crate::arguments::{BuildOptions, YesNo};
use crate::files::beginning;
use crate::folders;
use crate::ids::keep_place;
use crate::interrupt::{self, Meaning};
use crate::loading::{Opened, find, open_as, open_folder};
use crate::output::{line, shown, size, tell};

/// Bytes that are copied at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// What a publisher measured, as a file: the units are those of the package.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QualityFile {
    kl_micro: u32,
    float_perplexity_milli: u32,
    perplexity_milli: u32,
    same_top_micro: u32,
    tokens: u32,
    text_blake3: String,
    text_name: String,
}

/// What a publisher adds to what the file says of itself.
#[derive(Default)]
pub(super) struct Additions {
    name: Option<String>,
    licence: Option<String>,
    redistributable: Redistributable,
    card: Option<Vec<u8>>,
    quality: Option<Vec<u8>>,
}

/// How far a reading is, and whether somebody ended it.
pub(super) struct Reading {
    bar: ProgressBar,
    stopped: Cell<bool>,
}

pub(super) fn run(options: &BuildOptions) -> Result<ExitCode> {
    let reading = Reading::new()?;
    match build(options, &reading) {
        Ok(package) => {
            line(package.id())?;
            if let Some(warning) = package.quality().and_then(warning) {
                tell(warning);
            }
            let out = shown(&options.out);
            tell(format_args!("the package lies in {out}; `probity package inspect` shows it"));
            Ok(ExitCode::SUCCESS)
        }
        Err(_) if reading.stopped.get() => {
            tell("interrupted: nothing was written");
            Ok(ExitCode::from(130))
        }
        Err(error) => Err(error),
    }
}

fn build(options: &BuildOptions, reading: &Reading) -> Result<Package> {
    let out = &options.out;
    if fs::symlink_metadata(out).is_ok() {
        bail!("{} is there already: name another folder, or delete it", out.display());
    }
    let additions = Additions::read(options)?;
    let store = crate::environment::store()?;
    let known = find(&store, &options.model.reference)?;
    let place = Place::new(out)?;
    let mut opened = brought(&known, &place.folder.join("files"), reading)
        .with_context(|| format!("can't bring {} to {}", known.path.display(), out.display()))?;
    let package = made(&mut opened, &known, additions, reading)?;
    place.keep(&package, out)?;
    // Where it can't be kept, `verify` has to be told where the package lies.
    let _ = keep_place(&store, package.id(), out);
    Ok(package)
}

/// Brings the upstream files to the package's, and opens them there.
fn brought(known: &LocalFile, files: &Path, reading: &Reading) -> Result<Opened> {
    if !folders::is_one(&known.path) {
        let inner = files.join(FILE_NAME);
        bring(&known.path, &inner, reading)?;
        return open_as(&inner, &known.path);
    }
    // Those that the program reads nothing of are no part of a package.
    for name in folders::open(&known.path, &known.path)?.folder.files {
        bring(&known.path.join(&name), &files.join(&name), reading)?;
    }
    open_folder(&known.path, files)
}

/// Makes the package of an open file, and looks at it as a stranger would.
pub(super) fn made(
    opened: &mut Opened,
    known: &LocalFile,
    additions: Additions,
    reading: &Reading,
) -> Result<Package> {
    let file = known.path.display();
    reading.begin(known.size);
    // The weights were packed to prove their bounds.
    let (_, units, hashes) = opened
        .read_through(known, &mut |bytes| reading.seen(bytes))
        .with_context(|| format!("{file} can't be used"))?;
    reading.bar.finish_and_clear();
    let package = additions.package(&opened.publication, &units, hashes)?;
    Model::from_package(&package).with_context(|| format!("the package of {file} is refused"))?;
    Ok(package)
}

impl Additions {
    fn read(options: &BuildOptions) -> Result<Self> {
        Ok(Self {
            name: options.name.clone(),
            licence: options.licence.clone(),
            redistributable: match options.redistributable {
                None => Redistributable::Unknown,
                Some(YesNo::Yes) => Redistributable::Yes,
                Some(YesNo::No) => Redistributable::No,
            },
            card: options.card.as_deref().map(card).transpose()?,
            quality: options.quality.as_deref().map(quality).transpose()?,
        })
    }

    fn package(
        self,
        publication: &Publication,
        units: &Units,
        hashes: Vec<FileHashes>,
    ) -> Result<Package> {
        let said = publication.about().clone();
        let about = About {
            name: self.name.unwrap_or(said.name),
            licence: self.licence.unwrap_or(said.licence),
            redistributable: self.redistributable,
        };
        let mut parts = publication.parts(units)?;
        parts.extend(self.card.map(|card| (PartKind::Card, card)));
        parts.extend(self.quality.map(|quality| (PartKind::Quality, quality)));
        Ok(Package::assemble(about, publication.files(hashes), parts)?)
    }
}

/// Reads a card: some UTF-8.
fn card(path: &Path) -> Result<Vec<u8>> {
    let bytes = option_file(path, PartKind::Card.bytes_max())?;
    if bytes.is_empty() {
        bail!("{} is empty: leave out --card for none", path.display());
    }
    let text = String::from_utf8(bytes).ok();
    let text = text.with_context(|| format!("{} is no UTF-8 text", path.display()))?;
    Ok(text.into_bytes())
}

/// Reads a measured quality.
fn quality(path: &Path) -> Result<Vec<u8>> {
    let context =
        || format!("{} is no measured quality (`probity package build --help`)", path.display());
    let file: QualityFile =
        serde_json::from_slice(&option_file(path, 1 << 16)?).with_context(context)?;
    let text = from_hex(&file.text_blake3);
    let text = text.context("text_blake3 has 64 hexadecimal digits").with_context(context)?;
    let quality = Quality {
        kl_micro: file.kl_micro,
        float_perplexity_milli: file.float_perplexity_milli,
        perplexity_milli: file.perplexity_milli,
        same_top_micro: file.same_top_micro,
        tokens: file.tokens,
        text,
        text_name: file.text_name,
    };
    quality.encode().with_context(context)
}

fn option_file(path: &Path, most: u64) -> Result<Vec<u8>> {
    let bytes = beginning(path, most + 1)?;
    if u64::try_from(bytes.len())? > most {
        bail!("{} is longer than {}", path.display(), size(most));
    }
    Ok(bytes)
}

/// A folder in the making, beside its final place.
struct Place {
    /// Deleted with all that is left in it.
    temporary: TempDir,
    folder: PathBuf,
}

impl Place {
    fn new(out: &Path) -> Result<Self> {
        let context = || format!("can't write {}", out.display());
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        let temporary = tempfile::Builder::new()
            .prefix(".tmp-")
            .tempdir_in(parent.unwrap_or(Path::new(".")))
            .with_context(context)?;
        // An inner one: a temporary folder is its owner's alone, a package is for others.
        let folder = temporary.path().join("package");
        for made in [&folder, &folder.join("files"), &folder.join("parts")] {
            fs::create_dir(made).with_context(context)?;
        }
        Ok(Self { temporary, folder })
    }

    /// Writes manifest and parts and gives the whole its name.
    fn keep(self, package: &Package, out: &Path) -> Result<()> {
        let context = || format!("can't write {}", out.display());
        for (path, bytes) in folder::entries(package) {
            let mut file = File::create_new(self.folder.join(path)).with_context(context)?;
            file.write_all(&bytes).and_then(|()| file.sync_all()).with_context(context)?;
        }
        for made in ["files", "parts", ""] {
            sync_folder(&self.folder.join(made)).with_context(context)?;
        }
        fs::rename(&self.folder, out).with_context(context)?;
        let parent = self.temporary.path().parent().unwrap_or(Path::new("."));
        sync_folder(parent).with_context(context)
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Links or copies the upstream file.
fn bring(from: &Path, to: &Path, reading: &Reading) -> Result<()> {
    // A link to a symbolic link would be one too.
    let from = fs::canonicalize(from)?;
    if fs::hard_link(&from, to).is_ok() { Ok(()) } else { copy(&from, to, reading) }
}

fn copy(from: &Path, to: &Path, reading: &Reading) -> Result<()> {
    let (mut source, mut copy) = (File::open(from)?, File::create_new(to)?);
    reading.begin(source.metadata()?.len());
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        copy.write_all(read)?;
        reading.seen(u64::try_from(read.len())?)?;
    }
    copy.sync_all()?;
    Ok(())
}

impl Reading {
    /// From here on an interrupt ends what is read, and what was begun is cleaned away.
    pub(super) fn new() -> Result<Self> {
        interrupt::means(Meaning::EndAnswer)?;
        let bar = ProgressBar::no_length();
        let template = "reading {bar:30} {decimal_bytes}, {decimal_bytes_per_sec}";
        bar.set_style(ProgressStyle::with_template(template).context("a constant template")?);
        Ok(Self { bar, stopped: Cell::new(false) })
    }

    /// A file of so many bytes: its tensors are read, then all of it.
    pub(super) fn begin(&self, bytes: u64) {
        self.bar.reset();
        self.bar.set_length(bytes.saturating_mul(2));
    }

    /// Takes what was read.
    pub(super) fn seen(&self, bytes: u64) -> io::Result<()> {
        self.bar.inc(bytes);
        if interrupt::asked() {
            self.bar.finish_and_clear();
            self.stopped.set(true);
            return Err(io::Error::other("interrupted"));
        }
        Ok(())
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    pub(super) fn stopped(&self) -> bool {
        self.stopped.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_same_bytes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let reading = Reading::new().expect("interrupts can be caught");
        for length in [0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 1] {
            let bytes: Vec<u8> = (0..length).map(|at| at.to_le_bytes()[at % 3]).collect();
            fs::write(&from, &bytes).expect("it can be written");
            copy(&from, &to, &reading).expect("it can be copied");
            assert!(fs::read(&to).expect("it can be read") == bytes, "{length}");
            assert!(copy(&from, &to, &reading).is_err(), "what is there is not replaced");
            fs::remove_file(&to).expect("it can be deleted");
        }
    }
}
