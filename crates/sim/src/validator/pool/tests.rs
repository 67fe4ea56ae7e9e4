//! What may wait, and who leaves.

use chain::records::{Name, NodeId, ParameterValues, Seat, Seats};
use chain::{Genesis, Header, KindNumber, NetworkKind, Stamp};
use ledger::tx::{NameClaim, Transfer};
use ledger::{begin, propose};

use super::*;
use crate::keys::{ACTORS, actor, validator};

const RICH: Amount = Amount(1_000_000_000_000);

fn world() -> (State, Header, Opening) {
    let mut accounts: Vec<_> = (0..ACTORS).map(|at| (actor(at).public, RICH)).collect();
    accounts.sort_unstable();
    let genesis = Genesis {
        kind: NetworkKind::Simulation,
        stamp: Stamp(1_000),
        parameters: ParameterValues::default(),
        seats: Seats(vec![Seat { node: NodeId([9; 32]), key: validator(0).public }]),
        accounts,
        treasury: Amount(0),
        nodes: Vec::new(),
    };
    let (state, header) = begin(&genesis).unwrap();
    (state, header, Opening { stamp: Stamp(2_000), beacon: [0; 32] })
}

fn pay(state: &State, who: usize, number: u64, amount: Amount) -> Transaction {
    let action = Action::Transfer(Transfer { to: actor(0).public, amount });
    let what = (action.kind(), number, Amount(u128::MAX));
    Transaction::sign(state.network(), &actor(who).secret, what, action.encode())
}

fn small(state: &State, who: usize, number: u64) -> Transaction {
    pay(state, who, number, Amount(1))
}

/// The payers that wait, and their numbers, in their turns.
fn turns(pool: &Pool) -> Vec<(usize, u64)> {
    let place = |made: &Authentic| {
        let payer = made.get().payer;
        ((0..ACTORS).find(|at| actor(*at).public == payer).unwrap(), made.get().number)
    };
    pool.waiting().iter().map(place).collect()
}

#[test]
fn who_can_not_pay_or_is_behind_does_not_wait() {
    let (state, _, opening) = world();
    let mut pool = Pool::default();
    let penniless = validator(3);
    let action = Action::Transfer(Transfer { to: actor(0).public, amount: Amount(1) });
    for number in 0..9 {
        let what = (action.kind(), number, Amount(u128::MAX));
        let made = Transaction::sign(state.network(), &penniless.secret, what, action.encode());
        pool.put(&state, &opening, made);
    }
    pool.put(&state, &opening, small(&state, 2, 8));
    pool.put(&state, &opening, small(&state, 2, u64::MAX));
    let mut unsigned = small(&state, 2, 0);
    unsigned.signature = receipt::Signature::NONE;
    pool.put(&state, &opening, unsigned);
    let what = (KindNumber(60_000), 0, Amount(u128::MAX));
    pool.put(
        &state,
        &opening,
        Transaction::sign(state.network(), &actor(2).secret, what, Vec::new()),
    );
    assert_eq!(pool.held(), [0, 0]);
}

#[test]
fn what_would_be_rejected_leaves_and_its_payer_is_executed_a_few_times() {
    let (state, _, opening) = world();
    let mut pool = Pool::default();
    for _ in 0..REJECTED_OF_ONE_MAX {
        pool.put(&state, &opening, pay(&state, 2, 0, Amount(u128::MAX)));
        assert_eq!(pool.held(), [0, 0]);
    }
    pool.put(&state, &opening, small(&state, 2, 0));
    assert_eq!(pool.held(), [0, 0], "not before the next block");
    pool.settle(&state, &opening);
    pool.put(&state, &opening, small(&state, 2, 0));
    assert_eq!(turns(&pool), [(2, 0)]);
}

#[test]
fn a_payer_s_wait_in_their_order_and_others_by_when_they_came() {
    let (state, _, opening) = world();
    let mut pool = Pool::default();
    for (who, number) in [(5, 1), (5, 2)] {
        pool.put(&state, &opening, small(&state, who, number));
    }
    assert!(pool.is_idle(), "a leader does not hurry for what can't be taken");
    for (who, number) in [(3, 0), (5, 0), (2, 0), (5, 4)] {
        pool.put(&state, &opening, small(&state, who, number));
    }
    assert!(!pool.is_idle());
    assert_eq!(turns(&pool), [(3, 0), (5, 0), (2, 0), (5, 1), (5, 2), (5, 4)]);
    let ready = pool.waiting.values().filter(|waiting| waiting.ready).count();
    assert_eq!(ready, 5, "all but the one that waits for number 3");
    (0..40).for_each(|number| pool.put(&state, &opening, small(&state, 7, number)));
    assert_eq!(turns(&pool).iter().filter(|(who, _)| *who == 7).count(), POOL_OF_ONE_MAX);
}

#[test]
fn who_fills_a_block_keeps_nobody_out() {
    let (state, _, opening) = world();
    let mut pool = Pool::default();
    for (who, number) in [(2, 0), (3, 0), (3, 1), (4, 0)] {
        pool.put(&state, &opening, small(&state, who, number));
    }
    let place = |who: usize| (actor(who).public, 0);
    pool.waiting.get_mut(&place(2)).unwrap().work = BLOCK_WORK_MAX - 61;
    pool.waiting.get_mut(&place(3)).unwrap().work = 62;
    assert_eq!(turns(&pool), [(2, 0), (4, 0)], "nor what is behind it");
}

#[test]
fn in_a_full_pool_what_waits_for_another_leaves_first() {
    let (state, _, opening) = world();
    let mut pool = Pool::default();
    for who in 0..POOL_MAX / 7 + 1 {
        (1..8).for_each(|number| pool.put(&state, &opening, small(&state, who, number)));
    }
    assert_eq!(pool.held()[0], POOL_MAX);
    pool.put(&state, &opening, small(&state, 150, 1));
    assert!(!turns(&pool).contains(&(150, 1)), "it is worth no more than the others");
    for who in 100..140 {
        pool.put(&state, &opening, small(&state, who, 0));
        assert!(turns(&pool).contains(&(who, 0)));
    }
    assert_eq!(pool.held()[0], POOL_MAX);
}

#[test]
fn in_a_full_pool_what_pays_the_least_leaves_first() {
    let (state, _, opening) = world();
    let mut pool = Pool::default();
    let claim = |who: usize, number: u64| {
        let name = Name::new(&format!("n{who:03}{number}")).unwrap();
        let action = Action::NameClaim(NameClaim { name });
        let what = (action.kind(), number, Amount(u128::MAX));
        Transaction::sign(state.network(), &actor(who).secret, what, action.encode())
    };
    for who in 1..=POOL_MAX / 2 {
        (0..2).for_each(|number| pool.put(&state, &opening, claim(who, number)));
    }
    assert_eq!(pool.held()[0], POOL_MAX);
    pool.put(&state, &opening, claim(150, 0));
    assert!(!turns(&pool).contains(&(150, 0)), "the first stays before an equal one");
    let dear = small(&state, 150, 0);
    let least = |made: &Transaction| least_fee(&state, made).unwrap().0;
    assert!(least(&dear) > least(&claim(150, 0)), "it has more bytes");
    pool.put(&state, &opening, dear);
    assert!(turns(&pool).contains(&(150, 0)) && pool.held()[0] == POOL_MAX);
    assert!(!turns(&pool).contains(&(POOL_MAX / 2, 1)), "the last of the least");
}

#[test]
fn after_a_block_what_it_took_and_what_can_not_be_paid_any_more_is_gone() {
    let (state, header, opening) = world();
    let mut pool = Pool::default();
    let rest = Amount(RICH.0 / 2);
    for made in [pay(&state, 2, 0, rest), small(&state, 2, 1), pay(&state, 3, 0, rest)] {
        pool.put(&state, &opening, made);
    }
    pool.put(&state, &opening, pay(&state, 3, 1, Amount(RICH.0 / 3)));
    assert_eq!(pool.held()[0], 4);
    // Elsewhere the third spent nearly all.
    let mut spent = Pool::default();
    spent.put(&state, &opening, pay(&state, 3, 0, Amount(RICH.0 - 20_000_000)));
    spent.put(&state, &opening, pay(&state, 2, 0, rest));
    let made = propose(&state, &header, validator(0).public, &opening, &spent.waiting()).unwrap();
    assert_eq!(made.block.transactions.len(), 2, "{:?}", made.left_out);
    let opening = Opening { stamp: Stamp(3_000), ..opening };
    pool.settle(&made.state, &opening);
    assert_eq!(turns(&pool), [(2, 1)]);
}
