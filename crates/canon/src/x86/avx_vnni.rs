//! AVX2 with the VEX form of VNNI.

use crate::kernels::{KernelSet, Kernels};

super::recompile!(KernelSet::AvxVnni, "avx2,avxvnni");

/// The AVX-VNNI table.
pub(crate) const KERNELS: Kernels = Kernels { ..RECOMPILED };
