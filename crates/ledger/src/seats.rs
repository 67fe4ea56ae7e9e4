//! How seats are shared: by stake, the greatest averages first, nobody above a third where four stand.
//!
//! Never looks at how the seats were shared before.

use chain::Amount;
use chain::records::{Node, NodeId, Seat, Seats};
use receipt::PublicKey;
use std::cmp::{Ordering, Reverse};

use crate::context::Context;
use crate::parameters::Parameter;
use crate::stop::Rejection;

/// So many candidates make a third the most that one of them may have.
const CAPPED_FROM: usize = 4;

/// A candidate that may have seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) node: NodeId,
    pub(crate) key: PublicKey,
    pub(crate) stake: Amount,
}

/// Why a node may not stand for seats; none: it may.
pub(crate) fn obstacle(node: &Node, context: &Context) -> Option<Rejection> {
    let enough = Amount(context.parameters.get(Parameter::StakeValidator));
    let obstacles = [
        (node.retired, Rejection::Retired),
        (node.jailed_until > context.clock.time, Rejection::Jailed),
        (node.validator == PublicKey::NONE, Rejection::NoValidatorKey),
        (node.stake < enough, Rejection::StakeShort),
    ];
    obstacles.into_iter().find_map(|(stands, why)| stands.then_some(why))
}

/// Shares so many seats among candidates that each have something at stake: seat by seat to whose stake is the greatest
/// for each seat that it would have, of equals the one of the least key. The seats stand in the order of the keys.
pub(crate) fn share(mut standing: Vec<Standing>, seats: usize) -> Seats {
    standing.sort_unstable_by_key(|one| one.key);
    let most = match standing.len() >= CAPPED_FROM {
        true => seats.saturating_sub(1) / 3,
        false => seats,
    };
    let mut shares = vec![0_usize; standing.len()];
    for _ in 0..seats {
        let open = (0..standing.len()).filter(|at| shares[*at] < most);
        let average = |at: usize| Average { stake: standing[at].stake, seats: shares[at] + 1 };
        let Some(next) = open.max_by_key(|at| (average(*at), Reverse(*at))) else { break };
        shares[next] += 1;
    }
    let of = |(one, share): (&Standing, usize)| {
        let seat = Seat { node: one.node, key: one.key };
        std::iter::repeat_n(seat, share)
    };
    Seats(standing.iter().zip(shares).flat_map(of).collect())
}

/// A stake divided by a number of seats, exactly.
#[derive(Clone, Copy, Debug)]
struct Average {
    stake: Amount,
    seats: usize,
}

impl Average {
    /// Whole and rest. The rest is below the seats, of which there are few.
    fn parts(self) -> (u128, u128) {
        let seats = self.seats as u128;
        (self.stake.0 / seats, self.stake.0 % seats)
    }
}

impl Ord for Average {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((whole, rest), (others_whole, others_rest)) = (self.parts(), other.parts());
        let rests = || (rest * other.seats as u128).cmp(&(others_rest * self.seats as u128));
        whole.cmp(&others_whole).then_with(rests)
    }
}

impl PartialOrd for Average {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Average {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Average {}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many seats candidates of these stakes get, by their keys.
    fn shared(stakes: &[u128], seats: usize) -> Vec<usize> {
        let one = |(name, stake): (u8, &u128)| Standing {
            node: NodeId([255 - name; 32]),
            key: PublicKey([name; 32]),
            stake: Amount(*stake),
        };
        let standing: Vec<_> = (1..).zip(stakes).map(one).collect();
        let shared = share(standing.iter().rev().copied().collect(), seats).0;
        assert!(shared.is_sorted_by_key(|seat| seat.key), "in the order of the keys");
        let count = |one: &Standing| shared.iter().filter(|seat| seat.node == one.node).count();
        standing.iter().map(count).collect()
    }

    #[test]
    fn seats_go_by_the_greatest_averages() {
        // The textbook's example of d'Hondt.
        assert_eq!(shared(&[100_000, 80_000, 30_000], 8), [4, 3, 1]);
        assert_eq!(shared(&[53, 24, 23], 7), [4, 2, 1]);
        assert_eq!(shared(&[1], 4), [4]);
        assert!(shared(&[], 4).is_empty());
    }

    #[test]
    fn of_equals_the_least_key_is_first() {
        assert_eq!(shared(&[5, 5, 5], 4), [2, 1, 1]);
        assert_eq!(shared(&[5, 5, 5, 5], 31), [8, 8, 8, 7]);
    }

    #[test]
    fn nobody_has_more_than_a_third_of_four() {
        assert_eq!(shared(&[1_000, 1, 1], 31), [31, 0, 0]);
        assert_eq!(shared(&[1_000, 1, 1, 1], 31), [10, 7, 7, 7]);
        // Where no more can be given, there are fewer; each still has less than a third.
        assert_eq!(shared(&[9, 9, 9, 9], 6), [1, 1, 1, 1]);
        for seats in 4..=128 {
            for candidates in 4..9 {
                let stakes: Vec<u128> = (0..candidates).map(|at| 1 << (at * 15)).collect();
                let shares = shared(&stakes, seats);
                let all: usize = shares.iter().sum();
                assert!(shares.iter().all(|share| share * 3 < all), "{shares:?}");
            }
        }
    }

    #[test]
    fn averages_are_compared_exactly() {
        let average = |stake, seats| Average { stake: Amount(stake), seats };
        assert!(average(u128::MAX, 2) > average(u128::MAX - 1, 2));
        assert!(average(u128::MAX, 3) > average(u128::MAX - 1, 3));
        assert!(average(7, 2) > average(10, 3));
        assert_eq!(average(6, 2), average(9, 3));
    }
}
