//! x86-64 kernel sets, one file per instruction set.
//!
//! A table of this module is reachable only through `Kernels::of`, which has asked the processor,
//! so the functions behind it may use the instructions their file is named for.

pub(crate) fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

pub(crate) fn has_avx_vnni() -> bool {
    // The same instructions have two spellings, and the kernels are compiled with both.
    has_avx2()
        && (std::arch::is_x86_feature_detected!("avxvnni")
            || std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512vnni"))
}

pub(crate) fn has_avx512() -> bool {
    std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512dq")
        && std::arch::is_x86_feature_detected!("avx512vl")
        && std::arch::is_x86_feature_detected!("avx512vnni")
        && has_avx2()
}

/// One function of the portable set, compiled again with other features.
macro_rules! wrap {
    ($features:literal, $name:ident, $body:path, ($arg:ident: $type:ty $(, $args:ident: $types:ty)*) $(-> $result:ty)?) => {
        pub(super) fn $name($arg: $type $(, $args: $types)*) $(-> $result)? {
            #[target_feature(enable = $features)]
            fn with_features($arg: $type $(, $args: $types)*) $(-> $result)? {
                $body($arg $(, $args)*)
            }
            // SAFETY: this table is only handed out on a machine with these features.
            unsafe { with_features($arg $(, $args)*) }
        }
    };
}

/// Compiles the portable bodies again with the features of one instruction set; but matmuls, of which
/// every set has its own.
macro_rules! recompile {
    ($set:expr, $features:literal) => {
        const RECOMPILED: crate::kernels::Kernels = crate::kernels::Kernels {
            set: $set,
            quantise: recompiled::quantise,
            norm: recompiled::norm,
            silu_gate: recompiled::silu_gate,
            gelu_gate: recompiled::gelu_gate,
            rotate: recompiled::rotate,
            hadamard: recompiled::hadamard,
            head_row: recompiled::head_row,
            add: recompiled::add,
            any_attention: recompiled::attention,
            attention: recompiled::attention,
            sample: recompiled::sample,
            ..crate::portable::KERNELS
        };

        mod recompiled {
            use crate::inputs::{InputKind, InputRow};
            use crate::kernels::{AttentionScratch, AttentionTask, GateOp, NormOp};
            use crate::portable::{attention as attend, rows};
            use crate::reference::{HeadRow, Layout};
            use crate::sample::{NothingAllowed, SampleScratch, Sampling};

            wrap!($features, quantise, rows::quantise, (row: &[i32], frac: u8, kind: InputKind, out: &mut InputRow));
            wrap!($features, norm, rows::norm, (row: &[i32], op: NormOp<'_>, out: &mut [i32]) -> bool);
            wrap!($features, silu_gate, rows::silu_gate, (gate: &[i32], up: &[i32], op: GateOp, out: &mut [i32]) -> bool);
            wrap!($features, gelu_gate, rows::gelu_gate, (gate: &[i32], up: &[i32], op: GateOp, out: &mut [i32]) -> bool);
            wrap!($features, rotate, rows::rotate, (head: &mut [i32], sin: &[i32], cos: &[i32], layout: Layout) -> bool);
            wrap!($features, hadamard, rows::hadamard, (row: &mut [i32], width: usize) -> bool);
            wrap!($features, head_row, rows::head_row, (row: &[i32], out: &mut HeadRow));
            wrap!($features, add, rows::add, (row: &mut [i32], other: &[i32]) -> bool);
            wrap!($features, sample, crate::sample::fast, (task: &Sampling<'_>, scratch: &mut SampleScratch) -> Result<u32, NothingAllowed>);
            wrap!($features, attention, attend::attention, (task: &AttentionTask<'_>, scratch: &mut AttentionScratch, out: &mut [i32]) -> bool);
        }
    };
}
pub(crate) use recompile;

mod avx2;
mod avx512;
mod avx_vnni;

pub(crate) use avx_vnni::KERNELS as AVX_VNNI;
pub(crate) use avx2::KERNELS as AVX2;
pub(crate) use avx512::KERNELS as AVX512;
