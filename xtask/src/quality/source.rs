//! A model file: what our loader makes of it, and its tensors as floats.
//!
//! De-quantisation is written here on its own, from the formats' definitions: it shares nothing
//! with the arithmetic it is to judge. Failure: one line naming the file or tensor.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use canon::Format;
use import::gguf::{self, Gguf};
use llm::Model;
use ndarray::Array2;
use program::Tensor;

use super::spans;
use crate::Outcome;

/// Entries of a quantised block.
const BLOCK: usize = 32;

/// An open model file.
pub(crate) struct Source {
    pub(crate) model: Model,
    file: File,
    header: Vec<u8>,
    length: u64,
}

impl Source {
    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        let named = |error: &dyn std::error::Error| format!("{}: {error}", path.display());
        let file = File::open(path).map_err(|error| named(&error))?;
        let length = file.metadata().map_err(|error| named(&error))?.len();
        let read = |offset, bytes: &mut [u8]| file.read_exact_at(bytes, offset);
        let header = gguf::read_header(length, |offset, bytes| read(offset, bytes));
        let header = header.map_err(|error| named(&error))?;
        let model = Model::from_gguf(&header, length, read).map_err(|error| named(&error))?;
        Ok(Self { model, file, header, length })
    }

    pub(crate) fn gguf(&self) -> Gguf<'_> {
        Gguf::parse(&self.header, self.length).expect("it was parsed when the file was opened")
    }

    /// The bytes of a tensor.
    pub(crate) fn bytes(&self, tensor: &Tensor) -> std::io::Result<Vec<u8>> {
        let length = usize::try_from(tensor.bytes()).map_err(std::io::Error::other)?;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, tensor.location.offset)?;
        Ok(bytes)
    }

    /// A tensor of the program's table, if it has one of that name.
    pub(crate) fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.model.program.program().tensors.iter().find(|tensor| tensor.name == name)
    }

    /// A tensor as floats, one row per output.
    pub(crate) fn matrix(&self, name: &str) -> Outcome<Array2<f32>> {
        let tensor = self.tensor(name).ok_or(format!("the model has no tensor {name}"))?;
        let bytes = self.bytes(tensor).map_err(|error| format!("{name}: {error}"))?;
        let size = |count: u32| usize::try_from(count).expect("a tensor fits memory");
        let shape = (size(tensor.rows), size(tensor.columns));
        let entries = floats(tensor.format, &bytes);
        Array2::from_shape_vec(shape, entries).map_err(|error| format!("{name}: {error}"))
    }

    /// A tensor of one row as floats.
    pub(crate) fn vector(&self, name: &str) -> Outcome<Vec<f32>> {
        Ok(self.matrix(name)?.into_raw_vec_and_offset().0)
    }
}

fn floats(format: Format, bytes: &[u8]) -> Vec<f32> {
    let blocks = |size: usize| bytes.chunks_exact(size);
    match format {
        Format::F32 => blocks(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
        Format::F16 => blocks(2).map(half).collect(),
        Format::Q8_0 => blocks(2 + BLOCK)
            .flat_map(|block| {
                let scale = half(block);
                block[2..].iter().map(move |quant| scale * f32::from(quant.cast_signed()))
            })
            .collect(),
        Format::Q4_0 => blocks(2 + BLOCK / 2)
            .flat_map(|block| {
                let scale = half(block);
                nibbles(&block[2..]).map(move |quant| scale * (quant - 8.0))
            })
            .collect(),
        Format::Q4_1 => blocks(4 + BLOCK / 2)
            .flat_map(|block| {
                let (scale, least) = (half(block), half(&block[2..]));
                nibbles(&block[4..]).map(move |quant| scale * quant + least)
            })
            .collect(),
        Format::Bf16 => blocks(2).map(|b| f32::from_le_bytes([0, 0, b[0], b[1]])).collect(),
        Format::F32LessOne | Format::F16LessOne | Format::Bf16LessOne => {
            unreachable!("no matrix has it")
        }
        Format::Q5_0 | Format::Q5_1 | Format::Iq4Nl => blocks(format.span_bytes())
            .flat_map(|block| spans::block_of_32(format, block))
            .collect(),
        Format::Q2K | Format::Q3K | Format::Q4K | Format::Q5K | Format::Q6K | Format::Iq4Xs => {
            blocks(format.span_bytes()).flat_map(|span| spans::super_block(format, span)).collect()
        }
    }
}

/// The low halves of the bytes, then the high ones.
fn nibbles(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    let low = bytes.iter().map(|byte| f32::from(byte & 15));
    low.chain(bytes.iter().map(|byte| f32::from(byte >> 4)))
}

/// The binary16 at the start of the bytes; infinities are refused by our loader before.
pub(super) fn half(bytes: &[u8]) -> f32 {
    let bits = u16::from_le_bytes([bytes[0], bytes[1]]);
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let fraction = f32::from(bits & 0x3ff);
    match i32::from(bits >> 10 & 0x1f) {
        0 => sign * fraction * 2_f32.powi(-24),
        exponent => sign * (1024.0 + fraction) * 2_f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_AND_A_HALF: [u8; 2] = 0x3e00_u16.to_le_bytes();
    const MINUS_TWO: [u8; 2] = 0xc000_u16.to_le_bytes();

    #[test]
    fn halves_are_what_the_standard_says() {
        let half_of = |bits: u16| half(&bits.to_le_bytes());
        assert_eq!(half_of(0x3c00), 1.0);
        assert_eq!(half_of(0x7bff), 65_504.0);
        assert_eq!(half_of(0x0001), 5.960_464_5e-8);
        assert_eq!(half_of(0x0400), 6.103_515_6e-5);
        assert_eq!(half_of(0xb555), -0.333_251_95);
    }

    #[test]
    fn blocks_are_what_the_formats_say() {
        let mut nibbles = [0_u8; 16];
        (nibbles[0], nibbles[15]) = (0x2f, 0x90);
        let block = |parts: &[&[u8]]| parts.concat();

        let q4_0 = floats(Format::Q4_0, &block(&[&ONE_AND_A_HALF, &nibbles]));
        assert_eq!((q4_0[0], q4_0[16], q4_0[15], q4_0[31]), (10.5, -9.0, -12.0, 1.5));
        let q4_1 = floats(Format::Q4_1, &block(&[&ONE_AND_A_HALF, &MINUS_TWO, &nibbles]));
        assert_eq!((q4_1[0], q4_1[16], q4_1[15], q4_1[31]), (20.5, 1.0, -2.0, 11.5));

        let mut quants = [0_u8; 32];
        (quants[1], quants[31]) = (0x80, 3);
        let q8_0 = floats(Format::Q8_0, &block(&[&ONE_AND_A_HALF, &quants]));
        assert_eq!((q8_0[0], q8_0[1], q8_0[31]), (0.0, -192.0, 4.5));
        assert_eq!((q4_0.len(), q4_1.len(), q8_0.len()), (32, 32, 32));
        assert_eq!(floats(Format::F16, &MINUS_TWO), [-2.0]);
        assert_eq!(floats(Format::F32, &0.1_f32.to_le_bytes()), [0.1]);
    }
}
