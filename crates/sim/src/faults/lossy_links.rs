//! Links that lose messages and deliver others twice.
//!
//! What holds: what is lost is said again, and what comes twice counts once. Never all of them.

use crate::network::Weather;
use crate::random::Random;

pub(super) fn begin(random: &mut Random, weather: &mut Weather, _: usize) {
    weather.lost = random.between(20, 400);
    weather.doubled = random.between(20, 300);
}
