//! The number formats of tensors: every one that ggml still writes, and which of them can be computed with.
//!
//! It never reads a file; what an unknown number means is for whoever asked to say.

use canon::Format;
use std::fmt;

/// The tensor types whose numbers can be computed with, and how they are read.
pub const FORMATS: [(TensorType, Format); 15] = [
    (TensorType::F32, Format::F32),
    (TensorType::F16, Format::F16),
    (TensorType::Q4_0, Format::Q4_0),
    (TensorType::Q4_1, Format::Q4_1),
    (TensorType::Q8_0, Format::Q8_0),
    (TensorType::Bf16, Format::Bf16),
    (TensorType::Q5_0, Format::Q5_0),
    (TensorType::Q5_1, Format::Q5_1),
    (TensorType::Q2K, Format::Q2K),
    (TensorType::Q3K, Format::Q3K),
    (TensorType::Q4K, Format::Q4K),
    (TensorType::Q5K, Format::Q5K),
    (TensorType::Q6K, Format::Q6K),
    (TensorType::Iq4Nl, Format::Iq4Nl),
    (TensorType::Iq4Xs, Format::Iq4Xs),
];

macro_rules! tensor_types {
    ($($variant:ident = $id:literal, $name:literal, $block:literal, $bytes:literal;)*) => {
        /// A tensor's number format: every one that ggml still writes, supported here or not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TensorType { $($variant,)* }

        impl TensorType {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number that stands for it in a file.
            pub fn id(self) -> u32 {
                match self { $(Self::$variant => $id,)* }
            }

            /// The name users know it by.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How many numbers one block has.
            pub fn block_numbers(self) -> u64 {
                match self { $(Self::$variant => $block,)* }
            }

            /// How many bytes one block takes.
            pub fn block_bytes(self) -> u64 {
                match self { $(Self::$variant => $bytes,)* }
            }

            pub(super) fn from_id(id: u32) -> Option<Self> {
                match id { $($id => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

tensor_types! {
    // variant = id, name, numbers per block, bytes per block
    F32 = 0, "F32", 1, 4;
    F16 = 1, "F16", 1, 2;
    Q4_0 = 2, "Q4_0", 32, 18;
    Q4_1 = 3, "Q4_1", 32, 20;
    Q5_0 = 6, "Q5_0", 32, 22;
    Q5_1 = 7, "Q5_1", 32, 24;
    Q8_0 = 8, "Q8_0", 32, 34;
    Q8_1 = 9, "Q8_1", 32, 36;
    Q2K = 10, "Q2_K", 256, 84;
    Q3K = 11, "Q3_K", 256, 110;
    Q4K = 12, "Q4_K", 256, 144;
    Q5K = 13, "Q5_K", 256, 176;
    Q6K = 14, "Q6_K", 256, 210;
    Q8K = 15, "Q8_K", 256, 292;
    Iq2Xxs = 16, "IQ2_XXS", 256, 66;
    Iq2Xs = 17, "IQ2_XS", 256, 74;
    Iq3Xxs = 18, "IQ3_XXS", 256, 98;
    Iq1S = 19, "IQ1_S", 256, 50;
    Iq4Nl = 20, "IQ4_NL", 32, 18;
    Iq3S = 21, "IQ3_S", 256, 110;
    Iq2S = 22, "IQ2_S", 256, 82;
    Iq4Xs = 23, "IQ4_XS", 256, 136;
    I8 = 24, "I8", 1, 1;
    I16 = 25, "I16", 1, 2;
    I32 = 26, "I32", 1, 4;
    I64 = 27, "I64", 1, 8;
    F64 = 28, "F64", 1, 8;
    Iq1M = 29, "IQ1_M", 256, 56;
    Bf16 = 30, "BF16", 1, 2;
    Tq1_0 = 34, "TQ1_0", 256, 54;
    Tq2_0 = 35, "TQ2_0", 256, 66;
    Mxfp4 = 39, "MXFP4", 32, 17;
    Nvfp4 = 40, "NVFP4", 64, 36;
}

impl fmt::Display for TensorType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl TensorType {
    /// What a message says of a number that no type has.
    pub(super) fn unknown_note(id: u32) -> &'static str {
        match id {
            4 | 5 => " now (Q4_2 and Q4_3 were withdrawn)",
            31..=33 => " now (the repacked Q4_0 types were withdrawn; convert the file to Q4_0)",
            36..=38 => {
                " now (the repacked IQ4_NL types were withdrawn; convert the file to IQ4_NL)"
            }
            _ => "",
        }
    }
}
