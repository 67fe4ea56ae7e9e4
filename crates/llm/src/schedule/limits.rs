//! How much a scheduler takes on at once. None of it changes a bit of an answer.

/// Limits of a scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulerLimits {
    /// Most answers that wait to begin.
    pub queued_max: usize,
    /// Of them, most of one tenant.
    pub tenant_queued_max: usize,
    /// Most tokens of the prompts of all that wait.
    pub queued_tokens_max: usize,
    /// Most answers that one pass feeds.
    pub running_max: usize,
    /// Most rows of a pass in which an answer gets its next token: how long the others' prompts hold it up.
    pub rows_beside_answers: usize,
    /// Most bytes of keys and values, those of the cache among them.
    pub kv_bytes_max: usize,
    /// Of them, most that the cache of prefixes holds.
    pub cache_bytes_max: usize,
}

/// As many as most machines have to spare; where an address has 32 bits, half of what it can name.
const KV_BYTES_MAX: usize = if usize::BITS > 32 { 1 << 31 << 1 } else { usize::MAX / 2 };

impl Default for SchedulerLimits {
    fn default() -> Self {
        Self {
            queued_max: 1024,
            tenant_queued_max: 1024,
            queued_tokens_max: 8 << 20,
            running_max: 32,
            rows_beside_answers: 64,
            kv_bytes_max: KV_BYTES_MAX,
            cache_bytes_max: 1 << 30,
        }
    }
}
