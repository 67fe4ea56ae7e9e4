//! The limits of `spec/receipt.md` section 11. Never anything else.

/// Bytes of a receipt.
pub const RECEIPT_BYTES_MAX: usize = 4096;
/// Bytes of a receipt file.
pub const FILE_BYTES_MAX: usize = 16 << 20;
/// Tokens of a prompt, and of the output of a choice.
pub const TOKENS_MAX: usize = 1 << 16;
/// Bytes of the messages.
pub const MESSAGES_BYTES_MAX: usize = 4 << 20;
/// Auditors named in a job.
pub const AUDITORS_MAX: usize = 16;
/// Tokens between two heads.
pub const CHUNK_TOKENS_MAX: u32 = 16;
/// Milliseconds between two heads.
pub const CHUNK_MS_MAX: u64 = 250;
/// Choices of a job.
pub const CHOICES_MAX: u32 = 128;
/// Choices in a receipt.
pub const RECEIPT_CHOICES_MAX: usize = 16;
/// Segments of a choice.
pub const SEGMENTS_MAX: usize = 16;
/// Stop tokens of a job.
pub const STOP_TOKENS_MAX: usize = 256;
/// Stop strings of a job.
pub const STOP_STRINGS_MAX: usize = 16;
/// Bytes of a stop string.
pub const STOP_STRING_BYTES_MAX: usize = 1024;
/// Bytes of a leaf of a job: the leaf of stop rules can be the longest.
pub const JOB_LEAF_BYTES_MAX: usize =
    4 + 4 + 4 * STOP_TOKENS_MAX + 1 + STOP_STRINGS_MAX * (2 + STOP_STRING_BYTES_MAX);
/// Logit biases of a job.
pub const BIASES_MAX: usize = canon::sample::BIAS_ENTRIES_MAX;
/// Tokens a worker may still deliver after a cancellation.
pub const AFTER_CANCEL_MAX: u32 = 16;
/// Levels of a path in a token vector.
pub const PATH_MAX: usize = 16;
