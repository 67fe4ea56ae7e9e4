//! Model architectures: a GGUF header becomes a program.
//!
//! Translation happens once, at import; whoever runs a program never learns the architecture. Adding
//! one is a file here and a line in the table below.
//!
//! Never trusts the header and never guesses: a metadata key of the architecture that is not understood (`keys`
//! has all that are), and a tensor that nothing reads, are refused by name.

pub(crate) mod decoder;
pub(crate) mod description;
pub(crate) mod experts;
pub(crate) mod gemma2;
pub(crate) mod gemma3;
mod keys;
pub(crate) mod llama;
mod mistral3;
pub(crate) mod numbers;
pub(crate) mod phi3;
pub(crate) mod qwen2;
pub(crate) mod qwen3;
mod qwen3moe;
pub(crate) mod rotation;
pub(crate) mod sizes;
pub(crate) mod tensors;

use program::{CheckError, Program};
use thiserror::Error;

use crate::gguf::{Gguf, GgufError, TensorInfo};
use crate::rope::RopeError;
use crate::safetensors::SafetensorsError;

/// Reads the bytes of a tensor: import needs those of a few short vectors.
pub type ReadTensor<'r, E> = dyn FnMut(&TensorInfo<'_>) -> Result<Vec<u8>, E> + 'r;

/// Why a header is no program.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError<E> {
    /// The header itself.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// A tensor of a safetensors file.
    #[error(transparent)]
    Safetensors(#[from] SafetensorsError),
    /// A tensor that no file has.
    #[error("tensor {name} is missing")]
    Missing {
        /// Which one.
        name: String,
    },
    /// A tensor's bytes could not be read.
    #[error("tensor {name} can't be read")]
    Read {
        /// Which tensor.
        name: String,
        /// What the reader said.
        source: E,
    },
    /// Not an architecture of the table.
    #[error("the model's architecture is {found:?}; supported now: {supported}")]
    Architecture {
        /// What the file says.
        found: String,
        /// What there is.
        supported: String,
    },
    /// A variant of a known architecture.
    #[error("{what} is not supported: {why}")]
    Unsupported {
        /// The key or tensor.
        what: String,
        /// What it would mean.
        why: &'static str,
    },
    /// Tensor shapes that disagree with the metadata.
    #[error("tensor {name} has the shape {found}; {wanted} is needed")]
    Shape {
        /// Which tensor.
        name: String,
        /// Its shape.
        found: String,
        /// What the metadata says.
        wanted: String,
    },
    /// The rotation's numbers.
    #[error("the rope frequencies can't be made: {0}")]
    Rope(#[from] RopeError),
    /// The program that came out breaks a limit.
    #[error("the model's program is refused: {0}")]
    Check(#[from] CheckError),
}

/// Architectures by the name that `general.architecture` gives them.
const ARCHITECTURES: &[(&str, decoder::Variant)] = &[
    ("gemma2", gemma2::VARIANT),
    ("gemma3", gemma3::VARIANT),
    ("llama", llama::VARIANT),
    ("mistral3", mistral3::VARIANT),
    ("phi3", phi3::VARIANT),
    ("qwen2", qwen2::VARIANT),
    ("qwen3", qwen3::VARIANT),
    ("qwen3moe", qwen3moe::VARIANT),
];

/// Mixtures of experts of other kinds, and what no op here computes of them.
const EXPERTS: &[(&str, &str)] = &[
    ("phimoe", "its experts are chosen one after the other, by a rule of its own"),
    (
        "qwen2moe",
        "its shared expert, which every row goes to by a gate, comes with a later release",
    ),
];

/// The program of a GGUF file; its tensors are found in the file of index 0.
///
/// # Errors
/// [`ImportError`] names what stands in the way.
pub fn program<E>(
    gguf: &Gguf<'_>,
    read: &mut ReadTensor<'_, E>,
) -> Result<Program, ImportError<E>> {
    let found = gguf.required("general.architecture")?.string(64)?;
    if let Some((name, why)) = EXPERTS.iter().find(|(name, _)| *name == found) {
        let what = format!("the architecture {name}");
        return Err(ImportError::Unsupported { what, why });
    }
    let Some((_, variant)) = ARCHITECTURES.iter().find(|(name, _)| *name == found) else {
        let names: Vec<&str> = ARCHITECTURES.iter().map(|(name, _)| *name).collect();
        let supported = names.join(", ");
        return Err(ImportError::Architecture {
            found: found.escape_default().to_string(),
            supported,
        });
    };
    decoder::build(gguf, found, variant, read)
}
