//! So much a minute: an allowance that fills up steadily, and is spent from. Sync, no clock: it is told the time.
//!
//! It starts full. What is spent is never refused, so it may sink below nothing: then nothing begins until it has
//! filled up again. Integers only; never fuller than one minute's worth.

/// Parts that one unit is counted in: each millisecond brings as many as there are units a minute.
const PARTS: i64 = 60_000;

/// An allowance.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    per_minute: u32,
    /// In parts.
    left: i64,
    /// When it was last looked at.
    at_ms: u64,
}

impl Rate {
    /// A full one.
    pub(crate) fn new(per_minute: u32, now_ms: u64) -> Self {
        Self { per_minute, left: i64::from(per_minute) * PARTS, at_ms: now_ms }
    }

    /// Whether something may begin; else the seconds until it may.
    pub(crate) fn check(&mut self, now_ms: u64) -> Result<(), u64> {
        self.fill(now_ms);
        let missing = PARTS.saturating_sub(self.left);
        match u64::try_from(missing) {
            Err(_) | Ok(0) => Ok(()),
            Ok(missing) => {
                let ms = missing.div_ceil(u64::from(self.per_minute.max(1)));
                Err(ms.div_ceil(1000).max(1))
            }
        }
    }

    /// Spends.
    pub(crate) fn spend(&mut self, units: u64, now_ms: u64) {
        self.fill(now_ms);
        let parts = i64::try_from(units).unwrap_or(i64::MAX).saturating_mul(PARTS);
        self.left = self.left.saturating_sub(parts);
    }

    fn fill(&mut self, now_ms: u64) {
        let passed = i64::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or(i64::MAX);
        let more = passed.saturating_mul(self.per_minute.into());
        let most = i64::from(self.per_minute) * PARTS;
        self.left = self.left.saturating_add(more).min(most);
        self.at_ms = self.at_ms.max(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_brings_what_a_minute_may_take() {
        let mut rate = Rate::new(3, 1_000);
        for _ in 0..3 {
            assert_eq!(rate.check(1_000), Ok(()));
            rate.spend(1, 1_000);
        }
        assert_eq!(rate.check(1_000), Err(20));
        assert_eq!(rate.check(1_001), Err(20), "a part of a second is a second to wait");
        assert_eq!(rate.check(20_999), Err(1));
        assert_eq!(rate.check(21_000), Ok(()));
        // However long it rests, it holds one minute's worth.
        for _ in 0..3 {
            assert_eq!(rate.check(9_000_000), Ok(()));
            rate.spend(1, 9_000_000);
        }
        assert_eq!(rate.check(9_000_000), Err(20));
    }

    #[test]
    fn what_was_spent_beyond_it_is_waited_for() {
        let mut rate = Rate::new(60, 0);
        rate.spend(90, 0);
        assert_eq!(rate.check(0), Err(31));
        assert_eq!(rate.check(30_999), Err(1));
        assert_eq!(rate.check(31_000), Ok(()));
        // A clock that goes back brings nothing, and takes nothing.
        assert_eq!(rate.check(0), Ok(()));
        rate.spend(u64::MAX, 31_000);
        rate.spend(u64::MAX, 31_000);
        assert!(rate.check(u64::MAX).is_err());
        assert_eq!(Rate::new(0, 0).check(u64::MAX), Err(60), "none a minute is none");
        assert!(Rate::new(u32::MAX, 0).check(u64::MAX).is_ok());
    }
}
