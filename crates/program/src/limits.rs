//! Every limit of a program, in one place. A program beyond one of them is refused before anything is allocated for it.
//!
//! They are wide enough for every open model known in 2026 and tight enough that a hostile program costs its reader
//! little. `spec/program.md` section 2 lists them.

/// Bytes of an encoded program.
pub const ENCODED_BYTES_MAX: usize = 4 << 20;
/// Tensors of the table.
pub const TENSORS_MAX: usize = 1 << 15;
/// Bytes of a tensor's name.
pub const NAME_BYTES_MAX: usize = 128;
/// Upstream files of a package.
pub const FILES_MAX: u16 = 4096;
/// Bytes of an upstream file.
pub const FILE_BYTES_MAX: u64 = 1 << 40;
/// Tables of rotation frequencies.
pub const ROPE_TABLES_MAX: usize = 16;
/// Groups between prologue and epilogue.
pub const GROUPS_MAX: usize = 16;
/// Layers of a group.
pub const LAYERS_MAX: usize = 1024;
/// Ops of a template.
pub const OPS_MAX: usize = 128;
/// Tensors bound by a layer.
pub const TENSOR_SLOTS_MAX: usize = 128;
/// Attributes bound by a layer.
pub const ATTRIBUTE_SLOTS_MAX: usize = 32;
/// Entries of a row that is not logits, and inputs of a matmul.
pub const WIDTH_MAX: u32 = 1 << 17;
/// Token ids.
pub const VOCABULARY_MAX: u32 = 1 << 20;
/// Positions of a sequence: as many as the sums of attention hold.
pub const CONTEXT_MAX: u32 = 1 << 16;
const _: () = assert!(canon::CONTEXT_MAX == 1 << 16, "the same as the limit above");
/// Entries of a head: a page of 64 key and value rows has to fit a tile of 64 KiB.
pub const HEAD_WIDTH_MAX: u32 = 256;
/// Heads of a row.
pub const HEADS_MAX: u32 = 1024;
/// Fractional bits of a fixed row.
pub const FRAC_MAX: u8 = 24;
/// Greatest magnitude of the attention scale's exponent.
pub const SCALE_EXPONENT_MAX: i32 = 256;
/// Experts of a routing: a tile reads one output of each.
pub const EXPERTS_MAX: u32 = 256;
/// Greatest cap, in units of its row: an entry of a fixed row.
pub const CAP_MAX: u32 = (1 << 30) - 1;
/// Multiply-adds of a position at the greatest context length.
pub const MULTIPLY_ADDS_MAX: u64 = 1 << 44;
/// Weight bytes read for a position.
pub const WEIGHT_BYTES_MAX: u64 = 1 << 42;
/// Bytes of key and value rows kept for a position.
pub const KV_BYTES_MAX: u64 = 1 << 26;
/// Bytes of all values of a block at a position.
pub const WORKSPACE_BYTES_MAX: u64 = 1 << 28;
