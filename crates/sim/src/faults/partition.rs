//! Links that are cut: the network falls into parts that don't hear each other.
//!
//! What holds: a part without a quorum stands still, and no two parts go on differently. Never for ever.

use crate::network::Weather;
use crate::random::Random;

pub(super) fn begin(random: &mut Random, weather: &mut Weather, peers: usize) {
    let parts = random.between(2, 3);
    weather.sides = Some((0..peers).map(|_| random.below(parts)).collect());
}
