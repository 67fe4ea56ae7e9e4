//! How the rows of a pass are dealt out.
//!
//! Who is about to draw gets the one row it takes. What is left goes to those with more to be fed: to the tenant that
//! was served least, a few rows at a time. Of its answers, the first half of what is left goes to the one that is nearest
//! its first token, so that a short prompt does not wait for a long one, and the second to the oldest, so that a long one
//! gets on whatever comes. Where somebody draws, what is left is little, so that the next token is not long in coming;
//! where nobody does, much. Never deals out more than a pass takes.

use super::asked::Tenant;

/// Rows that one tenant gets before another's turn is looked at.
const ROWS_AT_ONCE: usize = 16;

/// An answer that could be fed.
pub(super) struct Hungry {
    pub(super) tenant: Tenant,
    /// What its tenant was served before.
    pub(super) served: u64,
    /// Rows before its next draw.
    pub(super) rows_left: usize,
}

impl Hungry {
    /// Whether its next row draws.
    pub(super) fn draws(&self) -> bool {
        self.rows_left == 1
    }
}

/// How many rows there are.
pub(super) struct Rows {
    /// In a pass in which somebody draws.
    pub(super) beside_answers: usize,
    /// In any pass.
    pub(super) most: usize,
}

/// How many rows each gets; they are given by age.
pub(super) fn deal(hungry: &[Hungry], rows: &Rows) -> Vec<usize> {
    let drawing = hungry.iter().filter(|one| one.draws()).count();
    let most = if drawing == 0 { rows.most } else { rows.beside_answers.min(rows.most) };
    // One row at least is left for a prompt, so that it gets on.
    let mut room = most.saturating_sub(drawing).max(1);
    let half = room / 2;
    let mut dealt: Vec<usize> = hungry.iter().map(|one| usize::from(one.draws())).collect();
    while room > 0 {
        let with_more = (0..hungry.len()).filter(|at| dealt[*at] < hungry[*at].rows_left);
        let nearest = |at: usize| if room > half { hungry[at].rows_left - dealt[at] } else { 0 };
        let turn = |at: &usize| (served(hungry, &dealt, *at), nearest(*at), *at);
        let Some(at) = with_more.min_by_key(turn) else { break };
        let given = ROWS_AT_ONCE.min(room).min(hungry[at].rows_left - dealt[at]);
        dealt[at] += given;
        room -= given;
    }
    dealt
}

/// What the tenant of an answer was served, this pass among it.
fn served(hungry: &[Hungry], dealt: &[usize], at: usize) -> u64 {
    let of_tenant = hungry.iter().zip(dealt).filter(|(one, _)| one.tenant == hungry[at].tenant);
    let rows: usize = of_tenant.map(|(_, rows)| *rows).sum();
    hungry[at].served.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: Rows = Rows { beside_answers: 40, most: 100 };

    fn hungry(of: &[(u8, u64, usize)]) -> Vec<Hungry> {
        let one = |(tenant, served, rows_left): &(u8, u64, usize)| Hungry {
            tenant: Tenant([*tenant; 32]),
            served: *served,
            rows_left: *rows_left,
        };
        of.iter().map(one).collect()
    }

    #[test]
    fn who_draws_comes_first_and_prompts_get_the_rest() {
        let all = hungry(&[(1, 0, 1000), (2, 0, 1), (3, 50, 1)]);
        assert_eq!(deal(&all, &ROWS), [38, 1, 1]);
        // Nobody waits for a token.
        assert_eq!(deal(&hungry(&[(1, 0, 1000)]), &ROWS), [100]);
        // More draw than rows were meant for: a prompt gets on nevertheless.
        let mut many = vec![(2, 0, 1); 60];
        many.push((1, 9, 5));
        let dealt = deal(&hungry(&many), &ROWS);
        assert_eq!((dealt.iter().sum::<usize>(), dealt[60]), (61, 1));
    }

    #[test]
    fn the_least_served_tenant_catches_up_and_its_oldest_goes_first() {
        let all = hungry(&[(1, 0, 500), (1, 0, 500), (2, 32, 500)]);
        // The first gets 32 before both have as much, then they take turns.
        assert_eq!(deal(&all, &ROWS), [68, 0, 32]);
        let all = hungry(&[(1, 0, 10), (1, 0, 500), (2, 0, 20)]);
        assert_eq!(deal(&all, &ROWS), [10, 70, 20]);
    }

    #[test]
    fn a_short_prompt_does_not_wait_for_a_long_one_nor_the_long_one_for_ever() {
        // One draws; of the 39 rows that are left the short one gets what it needs, or half.
        let all = hungry(&[(1, 0, 5000), (1, 0, 1), (1, 0, 12)]);
        assert_eq!(deal(&all, &ROWS), [27, 1, 12]);
        let all = hungry(&[(1, 0, 5000), (1, 0, 1), (1, 0, 300), (1, 0, 400)]);
        assert_eq!(deal(&all, &ROWS), [7, 1, 32, 0]);
        // As long as each other: one after the other, so that the first is not held up.
        assert_eq!(deal(&hungry(&[(1, 0, 80), (1, 0, 80)]), &ROWS), [80, 20]);
        assert!(deal(&[], &ROWS).is_empty());
    }
}
