//! The blocks and super-blocks that came later, as floats: from the formats' definitions, entry by entry.

use canon::Format;

use super::source::half;

/// What the indexes of IQ4_NL and IQ4_XS stand for.
const TABLE: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// A block of 32 with a scale, and a minimum where there is one, in front.
pub(super) fn block_of_32(format: Format, block: &[u8]) -> Vec<f32> {
    let scale = half(block);
    let entry = |i: usize| match format {
        Format::Q5_0 => scale * (five_bits(&block[2..], i) - 16.0),
        Format::Q5_1 => scale * five_bits(&block[4..], i) + half(&block[2..]),
        Format::Iq4Nl => scale * f32::from(TABLE[usize::from(nibble(&block[2..], i))]),
        Format::F32 | Format::F16 | Format::Bf16 | Format::Q8_0 => unreachable!("read elsewhere"),
        Format::F32LessOne | Format::F16LessOne | Format::Bf16LessOne => {
            unreachable!("no matrix has it")
        }
        Format::Q4_0 | Format::Q4_1 | Format::Q2K | Format::Q3K => unreachable!("read elsewhere"),
        Format::Q4K | Format::Q5K | Format::Q6K | Format::Iq4Xs => unreachable!("read elsewhere"),
    };
    (0..32).map(entry).collect()
}

fn nibble(bytes: &[u8], i: usize) -> u8 {
    if i < 16 { bytes[i] % 16 } else { bytes[i - 16] / 16 }
}

fn five_bits(bytes: &[u8], i: usize) -> f32 {
    let high = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) >> i & 1;
    f32::from(nibble(&bytes[4..], i)) + if high == 1 { 16.0 } else { 0.0 }
}

/// A super-block of 256.
pub(super) fn super_block(format: Format, span: &[u8]) -> Vec<f32> {
    let entry = |i: usize| match format {
        Format::Q2K => {
            let byte = span[i / 16];
            let quant = f32::from(bits(&span[16..80], i, 2));
            half(&span[80..]) * f32::from(byte % 16) * quant
                - half(&span[82..]) * f32::from(byte / 16)
        }
        Format::Q3K => {
            let high = span[i % 32] >> (i / 32) & 1;
            let quant = f32::from(bits(&span[32..96], i, 2)) - if high == 1 { 0.0 } else { 4.0 };
            half(&span[108..]) * (q3_scale(&span[96..108], i / 16) - 32.0) * quant
        }
        Format::Q4K => with_min(span, i, f32::from(bits(&span[16..], i, 4))),
        Format::Q5K => {
            let high = span[16 + i % 32] >> (i / 32) & 1;
            with_min(span, i, f32::from(bits(&span[48..], i, 4) + 16 * high))
        }
        Format::Q6K => {
            let low = span[i / 128 * 64 + i % 64] >> (i % 128 / 64 * 4) & 15;
            let quant = f32::from(low + 16 * bits(&span[128..192], i, 2)) - 32.0;
            half(&span[208..]) * f32::from(span[192 + i / 16].cast_signed()) * quant
        }
        Format::F32 | Format::F16 | Format::Bf16 | Format::Q8_0 => unreachable!("read elsewhere"),
        Format::F32LessOne | Format::F16LessOne | Format::Bf16LessOne => {
            unreachable!("no matrix has it")
        }
        Format::Q4_0 | Format::Q4_1 | Format::Q5_0 => unreachable!("read elsewhere"),
        Format::Q5_1 | Format::Iq4Nl => unreachable!("read elsewhere"),
        Format::Iq4Xs => {
            let block = i / 32;
            let low = span[4 + block / 2] >> (block % 2 * 4) & 15;
            let high = u16::from_le_bytes([span[2], span[3]]) >> (2 * block) & 3;
            let scale = f32::from(low) + 16.0 * f32::from(high) - 32.0;
            let value = TABLE[usize::from(nibble(&span[8 + 16 * block..], i % 32))];
            half(span) * scale * f32::from(value)
        }
    };
    (0..256).map(entry).collect()
}

/// Entry i of bits that are packed in runs of 32 bytes, of which each has an entry of every block of the run.
fn bits(bytes: &[u8], i: usize, width: usize) -> u8 {
    let run = 32 * 8 / width;
    let byte = bytes[i / run * 32 + i % 32];
    byte >> (i % run / 32 * width) & ((1 << width) - 1)
}

fn q3_scale(packed: &[u8], i: usize) -> f32 {
    let low = packed[i % 8] >> (i / 8 * 4) & 15;
    let high = packed[8 + i % 4] >> (i / 4 * 2) & 3;
    f32::from(low + 16 * high)
}

/// `d * scale * quant - m * min`, of Q4_K and Q5_K.
fn with_min(span: &[u8], i: usize, quant: f32) -> f32 {
    let (packed, j) = (&span[4..16], i / 32);
    let (scale, min) = if j < 4 {
        (packed[j] % 64, packed[j + 4] % 64)
    } else {
        let both = packed[j + 4];
        (both % 16 + packed[j - 4] / 64 * 16, both / 16 + packed[j] / 64 * 16)
    };
    half(span) * f32::from(scale) * quant - half(&span[2..]) * f32::from(min)
}
