//! AVX2.

use crate::kernels::{KernelSet, Kernels};

super::recompile!(KernelSet::Avx2, "avx2");

/// The AVX2 table.
pub(crate) const KERNELS: Kernels = Kernels { ..RECOMPILED };
