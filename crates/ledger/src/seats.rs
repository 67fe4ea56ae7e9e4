//! How seats are shared: by stake, the greatest averages first, with a cap where four stand that is no gift to dust.
//!
//! Never looks at how the seats were shared before.

use chain::Amount;
use chain::records::{Node, NodeId, Seat, Seats};
use receipt::PublicKey;
use std::cmp::{Ordering, Reverse};

use crate::context::Context;
use crate::parameters::Parameter;
use crate::stop::{Rejection, require};

/// Where so many stand, one of them gets less than a third of all seats that there may be.
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
    obstacles.into_iter().find_map(|(stands, why)| require(!stands, why).err())
}

/// Shares so many seats among candidates that each have something at stake: seat by seat to whose stake is the greatest
/// for each seat that it would have, of equals the one of the least key. Where four stand nobody gets a third of them;
/// what is left so doubles what others have at most, and there are fewer seats then. They stand in the order of the keys.
pub(crate) fn share(mut standing: Vec<Standing>, seats: usize) -> Seats {
    standing.sort_unstable_by_key(|one| one.key);
    let mut shares = count(&standing, seats, &vec![seats; standing.len()]);
    if standing.len() >= CAPPED_FROM {
        let cap = seats.saturating_sub(1) / 3;
        let most: Vec<_> = shares.iter().map(|share| cap.min(share * 2)).collect();
        shares = count(&standing, seats, &most);
    }
    let of = |(one, share): (&Standing, usize)| {
        let seat = Seat { node: one.node, key: one.key };
        std::iter::repeat_n(seat, share)
    };
    Seats(standing.iter().zip(shares).flat_map(of).collect())
}

/// Counts so many seats, of which each gets as many as it may at most.
fn count(standing: &[Standing], seats: usize, most: &[usize]) -> Vec<usize> {
    let mut shares = vec![0_usize; standing.len()];
    for _ in 0..seats {
        let open = (0..standing.len()).filter(|at| shares[*at] < most[*at]);
        let average = |at: usize| Average { stake: standing[at].stake, seats: shares[at] + 1 };
        let Some(next) = open.max_by_key(|at| (average(*at), Reverse(*at))) else { break };
        shares[next] += 1;
    }
    shares
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
    fn nobody_of_four_has_a_third_of_the_seats_there_may_be() {
        assert_eq!(shared(&[1_000, 1, 1], 31), [31, 0, 0]);
        assert_eq!(shared(&[4, 1, 1, 1], 31), [10, 7, 7, 7]);
        assert_eq!(
            shared(&[5, 1, 1, 1], 31),
            [10, 8, 7, 6],
            "of equals the least key is first, twice"
        );
        // Where no more can be given, there are fewer; each still has less than a third.
        assert_eq!(shared(&[9, 9, 9, 9], 6), [1, 1, 1, 1]);
        for seats in 4..=128 {
            for candidates in 4..9 {
                let stakes: Vec<u128> = (0..candidates).map(|at| 1 << (at * 15)).collect();
                assert!(shared(&stakes, seats).iter().all(|share| share * 3 < seats));
            }
        }
    }

    #[test]
    fn what_the_cap_leaves_is_no_gift_to_dust() {
        assert_eq!(shared(&[1_000_000, 1, 1, 1], 31), [10, 0, 0, 0], "one has all");
        assert_eq!(shared(&[500_000, 500_001, 1, 1, 1], 31), [10, 10, 0, 0, 0], "two have all");
        assert_eq!(shared(&[800, 100, 100, 100], 4), [1, 0, 0, 0]);
        // Half of all stake beside twelve: each of those gets up to twice what it would have without the cap.
        let mut stakes = vec![1_200];
        stakes.extend([100; 12]);
        let shares = shared(&stakes, 31);
        assert_eq!((shares[0], shares.iter().sum()), (10, 31));
        assert!(shares[1..].iter().all(|share| (1..=2).contains(share)), "{shares:?}");
    }

    /// The same without the cap.
    fn free(stakes: &[u128], seats: usize) -> Vec<usize> {
        let one = |(name, stake): (u8, &u128)| Standing {
            node: NodeId([name; 32]),
            key: PublicKey([name; 32]),
            stake: Amount(*stake),
        };
        let standing: Vec<_> = (1..).zip(stakes).map(one).collect();
        count(&standing, seats, &vec![seats; stakes.len()])
    }

    /// Whoever they are together: with at most a third of the seats without the cap they have no quorum with it.
    #[test]
    fn the_cap_gives_nobody_a_quorum() {
        let stakes: Vec<u128> = (0..7).map(|at| 90 + 13 * at).collect();
        for (seats, great) in (4..40).flat_map(|seats| [1, 200, 400, 3_000].map(|it| (seats, it))) {
            let stakes = [&[great, great / 2][..], &stakes].concat();
            let (without, with) = (free(&stakes, seats), shared(&stakes, seats));
            for some in 0_u32..1 << stakes.len() {
                let of = |shares: &[usize]| -> usize {
                    (0..stakes.len()).filter(|at| some >> at & 1 == 1).map(|at| shares[at]).sum()
                };
                let few = of(&without) <= (seats - 1) / 3;
                let quorum = of(&with) > 2 * with.iter().sum::<usize>() / 3;
                assert!(!(few && quorum), "{some:b} of {with:?}, {without:?}");
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
