//! The tiny model that everybody in a simulation publishes and runs.
//!
//! Never a large one: what a program costs is measured elsewhere.

use package::{File, Shards, UnitsBuilder};
use program::Checked;
use program::tiny::Shape;
use std::sync::LazyLock;

/// A tiny model's parts.
pub(crate) struct Tiny {
    /// Its program, checked.
    pub(crate) checked: Checked,
    /// Its bytes.
    pub(crate) program: Vec<u8>,
    /// The bytes of its file.
    pub(crate) weights: Vec<u8>,
    pub(crate) units: Vec<u8>,
    pub(crate) file: File,
}

/// Made once: every seed publishes the same.
pub(crate) static TINY: LazyLock<Tiny> = LazyLock::new(tiny);

fn tiny() -> Tiny {
    let (shape, weights) = (Shape::default(), Shape::default().weights());
    let checked = Checked::new(shape.program()).expect("the tiny model's program is sound");
    let mut units = UnitsBuilder::new(&checked);
    for tensor in &checked.program().tensors {
        let start = usize::try_from(tensor.location.offset).expect("it is tiny");
        let length = usize::try_from(tensor.bytes()).expect("it is tiny");
        units.add(tensor, &weights[start..start + length]).expect("the tensor is whole");
    }
    let units = units.finish().expect("every tensor was added").encode();
    let mut shards = Shards::new();
    shards.update(&weights);
    let file = File { name: "model.gguf".into(), hashes: shards.finish() };
    Tiny { program: checked.encode(), checked, weights, units, file }
}
