//! Kinds 6 to 9: money into nodes by anybody, out of them by their owners, at once and when it is due; nodes that stand for
//! seats.
//!
//! Never only what is there: a little more is asked for, too.

use chain::Amount;
use chain::records::{NodeId, Owed, Unbonding};
use ledger::Parameter;
use ledger::tx::{Action, Stake, Stand, Unstake, Wish as Standing, Withdraw};

use super::Wish;
use super::nodes::{owned, there};
use crate::keys::{ACTORS, actor, key_of};
use crate::random::Random;
use crate::scene::Scene;

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    if let Some(wish) = due(random, scene) {
        return Some(wish);
    }
    if random.once_in(2) {
        let payer = actor(random.index(ACTORS));
        let nodes = there(scene);
        let node = match random.once_in(16) {
            true => NodeId(random.bytes()),
            false => random.choose(&nodes)?.0,
        };
        let amount = random.amount(scene.account(payer.public).balance);
        return Some(Wish { payer, action: Action::Stake(Stake { node, amount }) });
    }
    let leaves = there(scene).iter().any(|(_, node)| node.unbonding.len() > 1);
    if random.once_in(if leaves { 2 } else { 8 }) {
        return leaving(random, scene);
    }
    let (id, node, payer) = owned(random, scene)?;
    let action = match random.below(6) {
        0 => Action::Withdraw(Withdraw { node: id }),
        1 => Action::Stand(Stand { node: id, wish: Standing::Leave }),
        2 | 3 => {
            let nodes = there(scene);
            let other = random.choose(&nodes).map_or(NodeId([0; 32]), |(other, _)| *other);
            let instead = if random.once_in(2) { NodeId([0; 32]) } else { other };
            Action::Stand(Stand { node: id, wish: Standing::Join { instead } })
        }
        _ => Action::Unstake(Unstake { node: id, amount: random.amount(node.stake) }),
    };
    Some(Wish { payer, action })
}

/// Stake that leaves in many pieces, of whoever has the most on the way out: or all of it, of whoever owes something.
fn leaving(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let nodes = there(scene);
    let owes =
        nodes.iter().find(|(_, node)| node.owed != Owed::default() && node.stake != Amount::ZERO);
    let (id, node, amount) = match owes {
        Some((id, node)) if random.once_in(2) => (id, node, node.stake),
        Some(_) | None => {
            let mut most = nodes.iter().filter(|(_, node)| node.stake > Amount(1 << 10));
            let first = most.next()?;
            let (id, node) = most.fold(first, |most, one| {
                if one.1.unbonding.len() > most.1.unbonding.len() { one } else { most }
            });
            (id, node, Amount(1 + u128::from(random.below(100))))
        }
    };
    let payer = key_of(&node.owner)?;
    Some(Wish { payer, action: Action::Unstake(Unstake { node: *id, amount }) })
}

/// Money that is due, now and then.
fn due(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let mut nodes = there(scene);
    let now = scene.header.time;
    let takes = u64::try_from(scene.parameter(Parameter::UnbondMs)).unwrap_or(u64::MAX);
    let epoch = scene.header.epoch.0;
    let due = |part: &Unbonding| {
        part.made.after(takes).max(part.least) <= now && epoch > part.judged.0.saturating_add(2)
    };
    nodes.retain(|(_, node)| node.unbonding.iter().any(due));
    let (node, record) = random.choose(&nodes)?;
    let payer = key_of(&record.owner)?;
    random.once_in(2).then_some(Wish { payer, action: Action::Withdraw(Withdraw { node: *node }) })
}
