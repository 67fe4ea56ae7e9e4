//! The types of numbers that safetensors files have, and which of them can be computed with.

use core::fmt;

use canon::Format;

macro_rules! dtypes {
    ($($variant:ident = $name:literal, $bytes:literal, $format:expr;)*) => {
        /// The type of a tensor's numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Dtype {
            $(#[doc = $name] $variant,)*
        }

        impl Dtype {
            /// All that are known.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// What a header calls it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Bytes of a number.
            #[must_use]
            pub fn bytes(self) -> u64 {
                match self { $(Self::$variant => $bytes,)* }
            }

            /// How its numbers are read, where they can be computed with.
            #[must_use]
            pub fn format(self) -> Option<Format> {
                match self { $(Self::$variant => $format,)* }
            }

            /// The type of a name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == name)
            }
        }
    };
}

dtypes! {
    // variant = name, bytes of a number, format
    Bool = "BOOL", 1, None;
    U8 = "U8", 1, None;
    I8 = "I8", 1, None;
    F8E4M3 = "F8_E4M3", 1, None;
    F8E5M2 = "F8_E5M2", 1, None;
    F8E8M0 = "F8_E8M0", 1, None;
    I16 = "I16", 2, None;
    U16 = "U16", 2, None;
    F16 = "F16", 2, Some(Format::F16);
    Bf16 = "BF16", 2, Some(Format::Bf16);
    I32 = "I32", 4, None;
    U32 = "U32", 4, None;
    F32 = "F32", 4, Some(Format::F32);
    C64 = "C64", 8, None;
    F64 = "F64", 8, None;
    I64 = "I64", 8, None;
    U64 = "U64", 8, None;
}

impl fmt::Display for Dtype {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
