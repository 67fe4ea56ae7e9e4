//! The models that are run: tiny ones made from a seed, or a file.
//!
//! The tiny ones cover every number format in two families, and every architecture. Failure: a text that names what
//! could not be read.

use std::path::Path;
use std::sync::Arc;

use engine::Weights;
use import::architectures;
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::tiny_cases;
use import::gguf::{FORMATS, Gguf, TensorType};
use program::Checked;

use crate::Attempt;

/// How the names begin of models that stand for an architecture.
const ARCHITECTURE: &str = "architecture ";

/// A model in memory.
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) checked: Checked,
    pub(crate) weights: Arc<Weights>,
}

/// What tiny models there are: family, format of the matrices, of the embedding, shape.
pub(crate) fn tiny() -> Attempt<Vec<Model>> {
    let mut models = Vec::new();
    for family in [Family::Llama, Family::Qwen2] {
        for (matrices, _) in FORMATS {
            // Super-blocks need rows of whole ones.
            let wide = matrices.block_numbers() == 256;
            let tiny = TinyModel {
                family,
                matrices,
                embedding: matrices,
                tied: family == Family::Llama,
                width: if wide { 256 } else { 128 },
                feed_forward: if wide { 512 } else { TinyModel::new(3).feed_forward },
                ..TinyModel::new(3)
            };
            models
                .push(Model::new(format!("{} {}", family.name(), matrices.name()), tiny.write())?);
        }
    }
    // Odd shapes: one KV head for all, rows that are no multiple of a vector, three layers.
    let odd = TinyModel {
        layers: 3,
        width: 96,
        heads: 3,
        kv_heads: 1,
        feed_forward: 160,
        vocabulary: 301,
        embedding: TensorType::F16,
        ..TinyModel::new(5)
    };
    models.push(Model::new("llama odd".to_owned(), odd.write())?);
    for case in tiny_cases::cases() {
        models.push(Model::new(format!("{ARCHITECTURE}{}", case.name), case.file.finish())?);
    }
    Ok(models)
}

impl Model {
    /// A GGUF file's model.
    pub(crate) fn open(path: &Path) -> Attempt<Self> {
        let bytes = std::fs::read(path);
        let bytes = bytes.map_err(|error| format!("{} can't be read: {error}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self::new(name, bytes)
    }

    fn new(name: String, bytes: Vec<u8>) -> Attempt<Self> {
        let said = |error: &dyn std::fmt::Display| format!("{name}: {error}");
        let length = u64::try_from(bytes.len()).map_err(|error| said(&error))?;
        let gguf = Gguf::parse(&bytes, length).map_err(|error| said(&error))?;
        let program = architectures::program(&gguf, &mut |tensor| {
            piece(&bytes, tensor.offset(), tensor.bytes())
        });
        let checked = Checked::new(program.map_err(|error| said(&error))?);
        let checked = checked.map_err(|error| said(&error))?;
        let weights =
            Weights::load(&checked, |tensor| piece(&bytes, tensor.location.offset, tensor.bytes()));
        let weights = Arc::new(weights.map_err(|error| said(&error))?);
        Ok(Self { name, bytes, checked, weights })
    }
}

fn piece(bytes: &[u8], offset: u64, length: u64) -> Attempt<Vec<u8>> {
    let outside = || format!("{length} bytes at {offset} are not in the file");
    let start = usize::try_from(offset).map_err(|_| outside())?;
    let length = usize::try_from(length).map_err(|_| outside())?;
    let end = start.checked_add(length).ok_or_else(outside)?;
    bytes.get(start..end).map(<[u8]>::to_vec).ok_or_else(outside)
}
