//! AVX-512 with VNNI.

use crate::kernels::{KernelSet, Kernels};

super::recompile!(KernelSet::Avx512, "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni");

/// The AVX-512 table.
pub(crate) const KERNELS: Kernels = Kernels { ..RECOMPILED };
