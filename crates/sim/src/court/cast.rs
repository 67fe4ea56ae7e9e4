//! Who plays in a court, and the network that it plays in.
//!
//! Never two players with one key. Windows are short, so that all of them pass; stakes, slashes and bonds are as the
//! defaults are.

use chain::records::{Address, NodeId, ParameterValues, Roles, Seat, Seats};
use chain::{Amount, Epoch, Genesis, GenesisNode, NetworkKind, Stamp};
use ledger::Parameter;
use receipt::PublicKey;
use std::collections::BTreeMap;

use super::Court;
use super::auditing::Auditor;
use super::bailiff::Bailiff;
use super::custom::Client;
use super::hall::{Hall, Party, PartyId, Standing};
use super::stage::Player;
use super::work::Worker;
use crate::cheats::{BULK_LIAR, CHEATS, Cheat, Role, STAKE};
use crate::keys::{ACTORS, Key, actor, players, validator};
use crate::random::Random;

/// Honest workers, honest auditors, and honest clients.
const WORKERS: usize = 2;
const AUDITORS: usize = 2;
const CLIENTS: usize = 2;
/// Clients that trust in audits, and how many there are where somebody lies in bulk.
const TRUSTING: usize = 1;
const TRUSTING_BULK: usize = 3;
/// Cheats besides the one that a seed is for.
const MORE: usize = 2;
/// What everybody has; a friend has far more, for bonds that double.
const RICH: u128 = 10_000_000_000;
const FRIEND: u128 = 1 << 70;
/// Answers that an honest client wants of each worker.
const WANTS: (u64, u64) = (1, 2);
/// The same of one who lies in whatever it says, by a client that does not look.
const BULK: (u64, u64) = (6, 8);

/// Bits of roles: a worker, and an auditor.
const WORKS: u8 = 1;
const AUDITS: u8 = 4;

/// A player before it plays.
struct Casting {
    party: Party,
    player: Box<dyn Player>,
    /// What each node has at stake.
    stake: u128,
    /// What each node says that it does.
    roles: u8,
    /// Values of the network that it plays in.
    sets: &'static [(Parameter, u64)],
}

/// A network, and who plays in it, by seed.
pub(crate) fn genesis(random: &mut Random, main: usize) -> (Genesis, Court) {
    let mut keys = 1;
    let mut casts = Vec::new();
    for _ in 0..WORKERS {
        casts.push(casting(&mut keys, &HONEST_WORKER, Box::new(Worker)));
    }
    for _ in 0..AUDITORS {
        casts.push(casting(&mut keys, &HONEST_AUDITOR, Box::new(Auditor)));
    }
    for cheat in chosen(random, main) {
        casts.push(casting(&mut keys, cheat, (cheat.cast)(random)));
    }
    let serve: Vec<PartyId> =
        (0..casts.len()).filter(|at| casts[*at].party.serves).map(PartyId).collect();
    let bulk = casts.iter().any(|cast| cast.party.bulk);
    let trusting = if bulk { TRUSTING_BULK } else { TRUSTING };
    for nth in 0..CLIENTS + trusting {
        let looks = nth < CLIENTS;
        let of = |at: &PartyId| {
            let many = casts[at.0].party.bulk && !looks;
            let (least, most) = if many { BULK } else { WANTS };
            (*at, random.between(least, most))
        };
        let wants = serve.iter().map(of).collect();
        let mut cast = casting(&mut keys, &HONEST_CLIENT, Box::new(Client { wants, looks }));
        cast.party.trusts = !looks;
        casts.push(cast);
    }
    let bailiff = &players(0, 1)[0];
    casts.push(casting(&mut keys, &HONEST_CLIENT, Box::new(Bailiff)));
    let genesis = begun(random, &mut casts, bailiff);
    let network = genesis.network();
    let (parties, players) = casts.into_iter().map(|cast| (cast.party, cast.player)).unzip();
    let hall = Hall {
        network,
        bailiff,
        parties,
        asks: Vec::new(),
        answers: Vec::new(),
        channels: Vec::new(),
        trials: Vec::new(),
        shown: Vec::new(),
        asked: Vec::new(),
        parts: Vec::new(),
        until: Epoch(0),
    };
    (genesis, Court { hall, players, moved: false })
}

/// No cheats.
const HONEST_WORKER: Cheat = Cheat {
    name: "honest worker",
    role: Role::Worker,
    standing: Standing::Honest,
    nodes: 1,
    friends: 0,
    unpaid: 0,
    loot: 0,
    stake: STAKE,
    sets: &[],
    needs: None,
    cast: |_| Box::new(Worker),
};
const HONEST_AUDITOR: Cheat =
    Cheat { name: "honest auditor", role: Role::Auditor, ..HONEST_WORKER };
const HONEST_CLIENT: Cheat =
    Cheat { name: "honest client", role: Role::Client, nodes: 0, ..HONEST_WORKER };

/// The cheat that a seed is for, some more, and those that they need.
fn chosen(random: &mut Random, main: usize) -> Vec<&'static Cheat> {
    let mut chosen = vec![main % CHEATS.len()];
    for _ in 0..MORE {
        let more = random.index(CHEATS.len());
        if !chosen.contains(&more) {
            chosen.push(more);
        }
    }
    for at in chosen.clone() {
        let needed = CHEATS.iter().position(|cheat| Some(cheat.name) == CHEATS[at].needs);
        chosen.extend(needed.filter(|needed| !chosen.contains(needed)));
    }
    chosen.into_iter().map(|at| &CHEATS[at]).collect()
}

fn casting(keys: &mut usize, cheat: &'static Cheat, player: Box<dyn Player>) -> Casting {
    let own = 1 + cheat.nodes.max(1) + cheat.friends;
    let party = Party {
        name: cheat.name,
        standing: cheat.standing,
        shares: cheat.role == Role::Worker && cheat.nodes > 1,
        serves: cheat.role == Role::Worker && cheat.nodes > 0,
        unpaid: cheat.unpaid,
        loot: cheat.loot,
        bulk: cheat.name == BULK_LIAR,
        hides: false,
        trusts: false,
        keys: players(*keys, own),
        nodes: vec![NodeId([0; 32]); cheat.nodes],
        signs: 1,
        logs: BTreeMap::new(),
        sold: 0,
        bought: 0,
    };
    *keys += own;
    let roles = match cheat.role {
        Role::Worker | Role::Auditor | Role::Client => WORKS | AUDITS,
        Role::Owner => WORKS,
    };
    Casting { party, player, stake: cheat.stake, sets: cheat.sets, roles }
}

fn begun(random: &mut Random, casts: &mut [Casting], bailiff: &'static Key) -> Genesis {
    let sets: Vec<_> = casts.iter().flat_map(|cast| cast.sets).copied().collect();
    let mut accounts = BTreeMap::from([(bailiff.public, Amount(RICH))]);
    let mut nodes: Vec<GenesisNode> = Vec::new();
    let plays = |name| casts.iter().any(|cast| cast.party.name == name);
    let fills = plays("bond filler") && !plays("log omitter");
    for cast in casts {
        let party = &mut cast.party;
        let own = 1 + party.nodes.len().max(1);
        for (at, key) in party.keys.iter().enumerate() {
            let rich = at < own;
            accounts.insert(key.public, Amount(if rich { RICH } else { FRIEND }));
        }
        for (at, id) in party.nodes.iter_mut().enumerate() {
            let second = at > 0 && party.shares;
            let owner = if second { party.keys.last() } else { party.keys.first() };
            let node = GenesisNode {
                owner: owner.expect("a player has keys").public,
                operator: party.keys[1 + at].public,
                transport: PublicKey::NONE,
                validator: PublicKey::NONE,
                roles: Roles::of(cast.roles).expect("bits that have a meaning"),
                address: Address::of("node.example:4433").expect("it is plain"),
                stake: Amount(cast.stake),
            };
            let place = u16::try_from(nodes.len()).expect("a few nodes");
            *id = node.id(place);
            nodes.push(node);
        }
    }
    accounts.extend((0..ACTORS).map(|at| (actor(at).public, Amount(RICH))));
    let seat = |at| Seat { node: NodeId([7; 32]), key: validator(at).public };
    Genesis {
        kind: NetworkKind::Simulation,
        stamp: Stamp(1_700_000_000_000 + random.below(1 << 40)),
        parameters: parameters(random, fills, &sets),
        seats: Seats((0..4).map(seat).collect()),
        accounts: accounts.into_iter().collect(),
        treasury: Amount(RICH),
        nodes,
    }
}

/// Windows that pass; what goes with what is the rules' to say.
fn parameters(random: &mut Random, fills: bool, sets: &[(Parameter, u64)]) -> ParameterValues {
    let mut values: Vec<(Parameter, u64)> = vec![
        (Parameter::EpochMs, 60_000),
        (Parameter::ShowMs, 60_000),
        (Parameter::TimeStepMs, 15_000),
        (Parameter::ChannelCloseMs, 60_000),
        (Parameter::CollectEpochs, random.between(2, 5)),
        (Parameter::MoveMs, random.between(60_000, 90_000)),
        (Parameter::AppealMs, random.between(60_000, 120_000)),
        (Parameter::JailMs, random.between(1_000, 60_000)),
        (Parameter::DisputesMax, random.between(1, 8)),
        (Parameter::VoteMs, random.between(30_000, 90_000)),
        (Parameter::TimelockMs, random.between(90_001, 120_000)),
        (Parameter::EnactMs, 60_000),
        (Parameter::ShowMs, 60_000),
        (Parameter::CommitMs, 60_000),
        (Parameter::RevealMs, 60_000),
        // Units as small as answers, so that much is drawn: a great share of them pays small fees.
        (Parameter::AuditUnit, random.between(1_000_000, 3_000_000)),
        (Parameter::AuditShare, 200_000),
        (Parameter::AuditFee, 50_000),
        (Parameter::DrawFee, 20_000),
        (Parameter::PlantReward, 10_000),
    ];
    // What is free is silence, too: only where somebody fills a list with bonds of nothing.
    if fills && random.once_in(3) {
        values.push((Parameter::Bond, 0));
    }
    values.extend(sets);
    let values = values.into_iter();
    let values = values.map(|(parameter, value)| (parameter.number(), u128::from(value)));
    ParameterValues(values.collect())
}
