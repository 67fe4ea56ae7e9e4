//! Validators alone, told by hand what others say: one case a fault that an adversary found.

use chain::records::{NodeId, ParameterValues, Seat, Seats};
use chain::{Amount, Block, Certificate, Genesis, Height, NetworkKind, Stamp, Transaction};
use commit::Digest;
use receipt::PublicKey;
use std::sync::Arc;

use super::said::VIEWS_AHEAD_MAX;
use super::*;
use crate::keys::{actor, validator};

const COUNT: usize = 4;
const CLOCK: u64 = 1_700_000_000_000;
const FIRST: (Height, View) = (Height(1), View(0));
/// Who leads the first view of the first height.
const LEADER: usize = 1;

fn genesis() -> Genesis {
    let seat = |at: usize| Seat { node: NodeId([9; 32]), key: validator(at).public };
    let accounts: BTreeMap<PublicKey, Amount> =
        (0..8).map(|at| (actor(at).public, Amount(1_000_000_000_000))).collect();
    Genesis {
        kind: NetworkKind::Simulation,
        stamp: Stamp(CLOCK - 10_000),
        parameters: ParameterValues::default(),
        seats: Seats((0..COUNT).map(seat).collect()),
        accounts: accounts.into_iter().collect(),
        treasury: Amount(0),
        nodes: Vec::new(),
    }
}

fn begun(at: usize, disk: &Disk) -> Validator {
    let peers = (0..COUNT).map(|at| validator(at).public).collect();
    let mut made = Validator::start(validator(at), peers, &genesis(), disk).unwrap();
    made.handle(CLOCK, Event::Started);
    made
}

fn hear(one: &mut Validator, from: usize, message: Message) -> Vec<Action> {
    one.handle(CLOCK, Event::Heard(Peer(from), message))
}

fn wake(one: &mut Validator, wake: Wake) -> Vec<Action> {
    one.handle(CLOCK + 50, Event::Woken(wake))
}

/// What a validator's disk has after some actions.
fn kept(disk: &mut Disk, actions: &[Action]) {
    for action in actions {
        if let Action::Keep(kept) = action {
            disk.keep(kept.clone());
        }
    }
}

/// The blocks that are proposed in actions.
fn proposals(actions: &[Action]) -> Vec<(View, Arc<Block>)> {
    let proposed = actions.iter().filter_map(|action| match action {
        Action::Broadcast(Message::Proposal { view, block, .. }) => Some((*view, block.clone())),
        Action::Keep(_)
        | Action::Send(..)
        | Action::Broadcast(_)
        | Action::Wake(..)
        | Action::Stop(_) => None,
    });
    proposed.collect()
}

/// The ballots that are kept in actions.
fn cast(actions: &[Action]) -> Vec<Word> {
    let cast = actions.iter().filter_map(|action| match action {
        Action::Keep(Kept::Vote(ballot)) => Some(ballot.word),
        Action::Keep(_)
        | Action::Send(..)
        | Action::Broadcast(_)
        | Action::Wake(..)
        | Action::Stop(_) => None,
    });
    cast.collect()
}

fn stops(actions: &[Action]) -> bool {
    actions.iter().any(|action| matches!(action, Action::Stop(_)))
}

fn words(voters: &[usize], view: View, word: Word) -> Vec<Vote> {
    let ballot = Ballot { height: Height(1), view, word };
    voters.iter().map(|at| Vote::cast(validator(*at), ballot)).collect()
}

/// The block of the first view, and its hash.
fn proposed() -> (Arc<Block>, Digest) {
    let mut leader = begun(LEADER, &Disk::default());
    let (_, block) = proposals(&wake(&mut leader, Wake::Propose(FIRST.0, FIRST.1))).remove(0);
    let hash = block.header.hash(leader.network);
    (block, hash)
}

fn proposal(view: View, block: &Arc<Block>) -> Message {
    Message::Proposal { view, block: block.clone(), because: Vec::new() }
}

fn junk(block: &Block, at: u8) -> Arc<Block> {
    let mut junk = block.clone();
    junk.header.state_root = [at; 32];
    Arc::new(junk)
}

fn certificate(network: Network, hash: &Digest) -> Certificate {
    let sign = |at: usize| chain::vote(network, &validator(at).secret, View(0), hash);
    let signatures = (0..3_u16).map(|at| (at, sign(usize::from(at)))).collect();
    Certificate::Quorum { view: View(0), signatures }
}

#[test]
fn junk_of_a_height_does_not_keep_the_true_block_out() {
    let (block, hash) = proposed();
    let mut one = begun(0, &Disk::default());
    for at in 0..100 {
        hear(&mut one, 3, Message::Body(junk(&block, at)));
        hear(&mut one, 3, proposal(View(0), &junk(&block, at)));
        hear(&mut one, LEADER, proposal(View(4), &junk(&block, at)));
    }
    assert_eq!(one.held().bodies, 0);
    let actions = hear(&mut one, LEADER, proposal(View(0), &block));
    assert_eq!(cast(&actions), [Word::Notarize(hash)]);
    for at in 0..100 {
        hear(&mut one, LEADER, proposal(View(0), &junk(&block, at)));
    }
    assert_eq!(one.held().bodies, 1, "a leader proposes one block a view");
}

#[test]
fn a_block_that_a_quorum_named_is_taken_from_anybody_and_no_other_for_it() {
    let (block, hash) = proposed();
    let mut one = begun(0, &Disk::default());
    hear(&mut one, 3, Message::Body(block.clone()));
    assert_eq!(one.held().bodies, 0, "nobody asked for it");
    hear(&mut one, 3, Message::Votes(words(&[1, 2, 3], View(0), Word::Notarize(hash))));
    let mut swapped = Block::clone(&block);
    swapped.transactions.push(Transaction::sign(
        one.network,
        &actor(0).secret,
        (chain::KindNumber(1), 0, Amount(1)),
        Vec::new(),
    ));
    hear(&mut one, 3, Message::Body(Arc::new(swapped)));
    assert_eq!(one.held().bodies, 0, "the header is true, what is behind it is not");
    let actions = hear(&mut one, 3, Message::Body(block));
    assert_eq!(cast(&actions), [Word::Finalize(hash)]);
}

#[test]
fn a_certified_header_with_other_transactions_stops_nobody() {
    let (block, hash) = proposed();
    let mut one = begun(0, &Disk::default());
    let certificate = certificate(one.network, &hash);
    let mut swapped = Block::clone(&block);
    let what = (chain::KindNumber(1), 0, Amount(1));
    swapped.transactions.push(Transaction::sign(one.network, &actor(0).secret, what, Vec::new()));
    let false_one = Message::Blocks(vec![(Arc::new(swapped), certificate.clone())]);
    assert!(!stops(&hear(&mut one, 3, false_one)));
    assert_eq!(one.header().height, Height(0));
    hear(&mut one, 3, Message::Blocks(vec![(block, certificate)]));
    assert_eq!(one.header().height, Height(1));
}

#[test]
fn a_leader_proposes_in_its_own_name() {
    let (block, _) = proposed();
    let mut one = begun(0, &Disk::default());
    let mut others = Block::clone(&block);
    others.header.proposer = validator(2).public;
    assert!(cast(&hear(&mut one, LEADER, proposal(View(0), &Arc::new(others)))).is_empty());
    let actions = hear(&mut one, LEADER, proposal(View(0), &block));
    assert_eq!(cast(&actions).len(), 1, "its place was not taken");
}

/// A seat says more than may be said, and other things to others.
#[test]
fn one_seat_fills_nothing_and_hides_no_quorum() {
    let (_, hash) = proposed();
    let mut one = begun(0, &Disk::default());
    for at in 0..=255 {
        for view in [0, 1, VIEWS_AHEAD_MAX, VIEWS_AHEAD_MAX + 1, u64::MAX] {
            let made_up = words(&[3], View(view), Word::Notarize([at; 32]));
            hear(&mut one, 3, Message::Votes(made_up));
        }
        let (network, key) = (one.network, validator(3));
        let signed = Signed::cast(network, key, View(0), Height(1), [at; 32]);
        hear(&mut one, 3, Message::Signed(signed));
    }
    assert_eq!((one.held().words, one.held().signatures), (3, 1));
    hear(&mut one, 1, Message::Votes(words(&[1], View(0), Word::Notarize(hash))));
    hear(&mut one, 2, Message::Votes(words(&[2], View(0), Word::Notarize(hash))));
    assert_eq!(one.round.view, View(0), "of who is both, one hears the other word");
    let quorum = words(&[1, 2, 3], View(0), Word::Notarize(hash));
    hear(&mut one, 2, Message::Votes(quorum.clone()));
    assert_eq!(one.round.view, View(1), "the quorum's word is whole in one message");
    let said = one.round.said(View(0), View(0));
    assert!(quorum.iter().all(|vote| said.contains(vote)), "and is passed on whole");
}

#[test]
fn a_body_is_durable_once_whoever_begins_again() {
    let (block, hash) = proposed();
    let mut disk = Disk::default();
    let mut one = begun(0, &disk);
    let actions = hear(&mut one, LEADER, proposal(View(0), &block));
    let body = actions.iter().position(|action| matches!(action, Action::Keep(Kept::Body(..))));
    let vote = actions.iter().position(|action| matches!(action, Action::Keep(Kept::Vote(_))));
    let said = actions.iter().position(|action| matches!(action, Action::Broadcast(_)));
    assert!(body.is_some() && body < vote && vote < said, "{actions:?}");
    kept(&mut disk, &actions);
    let mut again = begun(0, &disk);
    let quorum = words(&[1, 2, 3], View(0), Word::Notarize(hash));
    let actions = hear(&mut again, 2, Message::Votes(quorum));
    assert_eq!(cast(&actions), [Word::Finalize(hash)], "it has the block, and its own vote");
    let more = actions.iter().any(|action| matches!(action, Action::Keep(Kept::Body(..))));
    assert!(!more, "it is on the disk");
}

#[test]
fn a_leader_that_begins_again_proposes_what_it_proposed() {
    let propose = Wake::Propose(FIRST.0, FIRST.1);
    let whole = wake(&mut begun(LEADER, &Disk::default()), propose);
    let (_, first) = proposals(&whole).remove(0);
    for most in 0..=whole.len() {
        let mut disk = Disk::default();
        kept(&mut disk, &whole[..most]);
        let was_said = !proposals(&whole[..most]).is_empty();
        let mut again = begun(LEADER, &disk);
        let mut actions = again.handle(CLOCK + 400, Event::Woken(propose));
        actions.extend(again.handle(CLOCK + 800, Event::Woken(Wake::Again)));
        actions.extend(again.handle(CLOCK + 900, Event::Woken(Wake::Again)));
        let proposals = proposals(&actions);
        assert!(!proposals.is_empty());
        let same = proposals.iter().all(|(_, block)| *block == first);
        assert!(same || !was_said, "after {most} of {}", whole.len());
    }
}

/// Blocks that no quorum named, of views that passed, leave: those that nobody voted for at once, the others at the limit.
#[test]
fn blocks_of_views_that_passed_have_a_limit() {
    let mut one = begun(0, &Disk::default());
    let mut disk = Disk::default();
    for view in (0..200).map(View) {
        let leader = one.round.leader(view).unwrap();
        let leader = (0..COUNT).find(|at| validator(*at).public == leader).unwrap();
        if leader != 0 {
            let mut other = begun(leader, &Disk::default());
            let block = other.block_at(CLOCK - 500 + view.0, &mut Vec::new()).unwrap();
            kept(&mut disk, &hear(&mut one, leader, proposal(view, &block)));
        }
        kept(&mut disk, &wake(&mut one, Wake::Overdue(Height(1), view)));
        hear(&mut one, 3, Message::Votes(words(&[1, 2, 3], view, Word::Nullify)));
        assert_eq!(one.round.view, View(view.0 + 1));
    }
    assert_eq!((one.held().bodies, disk.bodies.len()), (BODIES_MAX, BODIES_MAX));
}

#[test]
fn a_peer_is_answered_a_few_times() {
    let (block, hash) = proposed();
    let mut one = begun(0, &Disk::default());
    hear(&mut one, LEADER, proposal(View(0), &block));
    let wanted = || Message::Wanted { height: Height(1), header: hash };
    let answers = |one: &mut Validator, from: usize| {
        let asked = (0..100).flat_map(|_| hear(one, from, wanted()));
        asked.filter(|action| matches!(action, Action::Send(_, Message::Body(_)))).count()
    };
    assert_eq!((answers(&mut one, 2), answers(&mut one, 3)), (ANSWERS_MAX, ANSWERS_MAX));
    wake(&mut one, Wake::Again);
    assert_eq!(answers(&mut one, 2), ANSWERS_MAX);
}

/// A view's block may be another only where no view before can have finalized one.
#[test]
fn what_was_notarized_is_proposed_again_or_nothing() {
    let (block, hash) = proposed();
    let new = begun(2, &Disk::default()).block_at(CLOCK - 300, &mut Vec::new()).unwrap();
    let new_hash = new.header.hash(begun(0, &Disk::default()).network);
    let mut one = begun(0, &Disk::default());
    hear(&mut one, LEADER, proposal(View(0), &block));
    hear(&mut one, 3, Message::Votes(words(&[1, 2, 3], View(0), Word::Notarize(hash))));
    assert!(cast(&hear(&mut one, 2, proposal(View(1), &new))).is_empty());
    let actions = hear(&mut one, 2, proposal(View(1), &block));
    assert_eq!(cast(&actions), [Word::Notarize(hash)]);
    let mut other = begun(0, &Disk::default());
    let because = words(&[1, 2, 3], View(0), Word::Nullify);
    let justified = Message::Proposal { view: View(1), block: new, because };
    assert_eq!(cast(&hear(&mut other, 2, justified)), [Word::Notarize(new_hash)]);
}

#[test]
fn who_begins_again_keeps_to_its_word() {
    let (block, hash) = proposed();
    let overdue = Wake::Overdue(FIRST.0, FIRST.1);
    let quorum = || Message::Votes(words(&[1, 2, 3], View(0), Word::Notarize(hash)));
    let (mut finalized, mut nullified) = (Disk::default(), Disk::default());
    let mut one = begun(0, &finalized);
    kept(&mut finalized, &hear(&mut one, LEADER, proposal(View(0), &block)));
    kept(&mut finalized, &hear(&mut one, 2, quorum()));
    assert_eq!(finalized.votes.len(), 2);
    let mut again = begun(0, &finalized);
    assert_eq!(again.round.view, View(0), "it has no votes but its own");
    assert!(cast(&wake(&mut again, overdue)).is_empty(), "it finalized the view");
    let actions = wake(&mut begun(0, &nullified), overdue);
    kept(&mut nullified, &actions);
    assert_eq!(nullified.votes.len(), 1);
    let mut again = begun(0, &nullified);
    assert!(cast(&hear(&mut again, LEADER, proposal(View(0), &block))).is_empty());
    assert!(cast(&hear(&mut again, 2, quorum())).is_empty(), "it nullified the view");
    assert_eq!(again.round.view, View(1));
}
