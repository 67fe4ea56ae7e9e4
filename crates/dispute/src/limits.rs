//! Every limit of a dispute (`spec/dispute.md` section 6). Never anything else.

/// Bytes of a move.
pub const MOVE_BYTES_MAX: usize = 64 << 10;
/// Subtrees that one move reveals.
pub const CHILDREN_MAX: usize = 16;
/// Levels of a tree that one move goes down.
pub const LEVELS: u32 = 4;
/// Ops of a block.
pub const OPS_MAX: usize = program::limits::OPS_MAX;
/// Leaves of a value: 2^20 logits in chunks of 1,024, or 1,024 KV heads.
pub const LEAVES_MAX: usize = 1024;
/// Bytes of a leaf and of a tile's output: 4,096 counts.
pub const OUTPUT_BYTES_MAX: usize = 16 << 10;
/// Subtrees at the right edge of a tree of 2^16 rows.
pub const PEAKS_MAX: usize = 16;
/// Operands of a tile.
pub const OPERANDS_MAX: usize = 8;
/// Leaves that one operand opens: 1,024 tokens.
pub const OPENED_MAX: usize = 1024;
/// Hashes of a proof: a path on either side of a range, or a slice's.
pub const PROOF_MAX: usize = 1024;
/// Bytes of a job's leaf of biases.
pub const BIASES_BYTES_MAX: usize = 4 + 8 * 1024;
/// Bytes of a referee's state: what it is about, an op's 1,024 leaves and 16 subtrees, and what the op reads.
pub const STATE_BYTES_MAX: usize = 40 << 10;
