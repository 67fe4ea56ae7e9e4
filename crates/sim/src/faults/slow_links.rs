//! Links on which messages are late by up to several views, so that they overtake each other.
//!
//! What holds: no decision depends on what comes first. Never for ever.

use crate::network::Weather;
use crate::random::Random;

pub(super) fn begin(random: &mut Random, weather: &mut Weather, _: usize) {
    weather.late_ms = random.between(300, 6_000);
}
