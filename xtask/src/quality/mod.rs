//! `cargo xtask quality`: how near our answers' arithmetic is to float, on the real model.
//!
//! Three sides read the same tokens: a plain float forward of the file's de-quantised weights
//! (`reference`), our engine, and llama.cpp through the driver of `bench llama-cpp`. Printed per
//! window and in total: the divergence of ours and of llama.cpp from float, the three perplexities
//! with paired differences, and how often the most likely token is the same.
//!
//! The texts are pinned by package, file, byte range and hash, and the tokens by hash, so a figure
//! means the same everywhere; a whole run writes them down for `probity package build --quality`. Never part of `cargo test` or CI: it takes minutes and, the first
//! time, the Python index and a C++ compiler. What it makes lies under `target/peers/`.
//! Failure: exit status 1 where a goal is missed, or with the first thing that went wrong.
#![allow(clippy::float_arithmetic, reason = "a float reference, and statistics for display")]

mod published;
mod reference;
mod score;
mod sides;
mod source;
mod spans;
mod table;
mod texts;

use std::num::NonZero;
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::bench::peer::{self, Format, Isa, Peer};
use reference::Reference;
use score::Position;
use sides::{Ours, Theirs};
use source::Source;
use texts::Window;

/// Positions whose logits are held at a time, three rows of the vocabulary each.
const POSITIONS: usize = 128;
/// The catalogue's own format first.
const FORMATS: [Format; 3] = [Format::Q4_1, Format::Q8_0, Format::Q4_0];
/// The same model quantised again by llama.cpp. Of its tensors only those 1,536 wide hold super-blocks;
/// those 576 wide have what llama.cpp falls back to: Q5_0, Q5_1, Q8_0 or IQ4_NL.
const REQUANTISED: [&str; 8] = ["Q4_K_M", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS", "BF16"];

/// What the person asked for.
#[derive(Debug, Default)]
struct Options {
    model: Option<PathBuf>,
    /// The first tokens of the long windows only.
    quick: bool,
    /// One file only.
    only: Option<Subject>,
}

/// A model file to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// The catalogue's, and those that `bench llama-cpp` runs.
    Served(Format),
    /// One of [`REQUANTISED`].
    Requantised(&'static str),
}

impl Subject {
    fn all() -> impl Iterator<Item = Self> {
        let requantised = REQUANTISED.into_iter().map(Self::Requantised);
        FORMATS.into_iter().map(Self::Served).chain(requantised)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Served(format) => format.name(),
            Self::Requantised(name) => name,
        }
    }

    fn path(self, peer: &Peer) -> Outcome<PathBuf> {
        match self {
            Self::Served(format) => Ok(peer.model(format)),
            Self::Requantised(name) => peer.requantised(name),
        }
    }

    fn goals(self, positions: &[Vec<Position>]) -> Vec<table::Goal> {
        match self {
            Self::Served(_) => table::goals(positions).into(),
            // What llama.cpp makes of the same file is what people would get instead.
            Self::Requantised(_) => table::goals_of_requantised(positions).into(),
        }
    }
}

/// Fetches what is missing, measures every format, prints the tables.
pub(crate) fn run(root: &Path, words: &[&str]) -> Outcome<()> {
    let options = parse(words)?;
    let folder = crate::bench::target_folder(root)?.join("peers");
    let peer = peer::prepare(root, &folder, options.model.as_deref(), &[Isa::Native])?;
    let texts = texts::fetch(&folder)?;
    let mut missed = 0_usize;
    for subject in Subject::all().filter(|subject| options.only.is_none_or(|o| o == *subject)) {
        let model = subject.path(&peer)?;
        let source = Source::open(&model)?;
        let windows = texts::windows(&texts, &source.model.tokenizer, options.quick)?;
        let positions = measure(&peer, subject.name(), &model, &source, &windows)?;
        println!("\n{}\n\n{}", subject.name(), table::HEADER);
        for (window, positions) in windows.iter().zip(&positions) {
            println!("{}", table::row(window.name, std::slice::from_ref(positions)));
        }
        println!("{}\n", table::row("**all**", &positions));
        for goal in subject.goals(&positions) {
            println!("{}: {}", subject.name(), goal.line());
            missed += usize::from(!goal.met());
        }
        if !options.quick {
            let file = folder.join(format!("quality-{}.json", subject.name()));
            let quality = published::quality(texts.iter().map(|text| &*text.text), &positions);
            std::fs::write(&file, quality.to_string())
                .map_err(|error| format!("{}: {error}", file.display()))?;
            println!("for `probity package build --quality`: {}", file.display());
        }
    }
    if missed > 0 { Err(format!("{missed} goals missed")) } else { Ok(()) }
}

fn parse(words: &[&str]) -> Outcome<Options> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match *word {
            "--model" => options.model = Some(PathBuf::from(value()?)),
            "--quick" => options.quick = true,
            "--only" => {
                let name = *value()?;
                let subject = Subject::all().find(|subject| subject.name() == name);
                options.only = Some(subject.ok_or(format!("--only: no format {name}"))?);
            }
            other => return Err(format!("unknown option {other}\n{}", crate::USAGE)),
        }
    }
    Ok(options)
}

/// Every scored position of every window.
fn measure(
    peer: &Peer,
    name: &str,
    model: &Path,
    source: &Source,
    windows: &[Window],
) -> Outcome<Vec<Vec<Position>>> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let inputs: Vec<&[u32]> = windows.iter().map(Window::inputs).collect();
    let vocabulary = source.model.program.program().vocabulary;
    let vocabulary = usize::try_from(vocabulary).expect("a vocabulary fits memory");
    let driver = peer.driver(Isa::Native);
    // It runs beside the reference, and its threads wait for each other without sleeping.
    let share = (threads / 2).max(1);
    let mut theirs = Theirs::start(&driver, model, &inputs, vocabulary, share)?;
    eprintln!("{name}: the float reference ...");
    let reference = Reference::run(source, &inputs, threads)?;
    let mut ours = Ours::load(source, threads)?;
    let mut scored = Vec::new();
    for (index, window) in windows.iter().enumerate() {
        eprintln!("{name}: {} ...", window.name);
        ours.restart();
        let mut positions = Vec::new();
        while positions.len() < window.inputs().len() {
            let from = positions.len();
            let range = from..window.inputs().len().min(from + POSITIONS);
            let float = reference.logits(index, range.clone());
            let rows = score::Rows {
                float: &float,
                ours: &ours.logits(&window.inputs()[range.clone()])?,
                ours_frac: ours.frac(),
                theirs: &theirs.logits(range.len())?,
            };
            positions.extend(score::positions(&rows, &window.targets()[range], threads));
        }
        scored.push(positions);
    }
    theirs.finish()?;
    Ok(scored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use import::gguf::TensorType;
    use import::gguf::tiny::TinyModel;

    /// The mean divergence of ours from float on a tiny model.
    fn divergence(tiny: &TinyModel) -> f64 {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), tiny.write()).unwrap();
        let source = Source::open(file.path()).unwrap();
        let tokens: Vec<u32> = (0..200).map(|i| i * i * 31 % tiny.vocabulary).collect();
        let float = Reference::run(&source, &[&tokens], 3).unwrap().logits(0, 0..200);
        let mut ours = Ours::load(&source, 2).unwrap();
        let mut logits = ours.logits(&tokens[..70]).unwrap();
        logits.extend(ours.logits(&tokens[70..]).unwrap());
        let theirs: Vec<Vec<f32>> = float.rows().into_iter().map(|row| row.to_vec()).collect();
        let ours_frac = ours.frac();
        let rows = score::Rows { float: &float, ours: &logits, ours_frac, theirs: &theirs };
        let scored = score::positions(&rows, &tokens, 2);
        scored.iter().map(|position| position.ours.divergence).sum::<f64>() / 200.0
    }

    /// Two forwards that share nothing agree: a wrong rotation, order or scale of either shows.
    #[test]
    fn ours_is_near_to_float_on_tiny_models_of_every_format() {
        let tiny = TinyModel { width: 128, ..TinyModel::new(5) };
        let of = |matrices| TinyModel { matrices, ..tiny.clone() };
        let found = [
            divergence(&of(TensorType::F32)),
            divergence(&TinyModel { tied: false, ..of(TensorType::F16) }),
            divergence(&of(TensorType::Q8_0)),
            divergence(&of(TensorType::Q4_0)),
            divergence(&of(TensorType::Q4_1)),
            divergence(&of(TensorType::Bf16)),
            divergence(&of(TensorType::Q5_0)),
            divergence(&of(TensorType::Q5_1)),
            divergence(&of(TensorType::Iq4Nl)),
        ];
        assert!(found.iter().all(|mean| *mean > 0.0 && *mean < 0.01), "{found:?}");
    }

    #[test]
    fn ours_is_near_to_float_with_super_blocks() {
        let tiny = TinyModel { width: 256, feed_forward: 512, layers: 1, ..TinyModel::new(5) };
        let kinds = [
            TensorType::Q2K,
            TensorType::Q3K,
            TensorType::Q4K,
            TensorType::Q5K,
            TensorType::Q6K,
            TensorType::Iq4Xs,
        ];
        let found = kinds.map(|kind| divergence(&TinyModel { matrices: kind, ..tiny.clone() }));
        // Of two bits and random scales nearly everything cancels against the minima: what is left is coarse.
        let most = |at| if at == 0 { 0.02 } else { 0.01 };
        let near = |(at, mean): (usize, &f64)| *mean > 0.0 && *mean < most(at);
        assert!(found.iter().enumerate().all(near), "{found:?}");
    }

    #[test]
    fn options_are_read_and_unknown_ones_refused() {
        let options = parse(&["--quick", "--only", "Q8_0", "--model", "file"]).unwrap();
        assert_eq!((options.quick, options.only), (true, Some(Subject::Served(Format::Q8_0))));
        assert_eq!(options.model.as_deref(), Some(Path::new("file")));
        let options = parse(&["--only", "Q3_K"]).unwrap();
        assert_eq!(options.only, Some(Subject::Requantised("Q3_K")));
        assert!(parse(&["--only", "Q9_K"]).is_err());
        assert!(parse(&["--model"]).is_err());
        assert!(parse(&["--slow"]).is_err());
    }
}
