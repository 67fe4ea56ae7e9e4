//! Values by seed: of every kind that has bytes, at and around its limits.

use chain::records::{
    Account, Address, Anchor, Asked, Audit, AuditStage, AuditTerms, Auditor, Auditors, Awaited,
    Ballot, Bond, BoundKey, Candidates, Case, Channel, ChannelId, Clock, Closing, Content, Course,
    Decision, Dispute, DisputeSlot, EpochBook, EpochStart, Group, Hold, KeyRole, LabelRecord,
    Matter, Missing, Name, NameRecord, NextGroup, Node, NodeId, Outcome, Owed, Package,
    PackageSlot, Panel, Panelist, ParameterNumber, ParameterValues, Part, Plant, ProgramBytes,
    Promised, Proposal, ProposalId, Purse, Roles, Rules, Seat, Seats, Settlement, Shown, Silences,
    Span, Stage, Stakes, Unbonding, Withheld, Word,
};
use chain::state::{End, Place, Proof};
use chain::{
    Amount, Block, Certificate, Epoch, Genesis, GenesisNode, GroupKey, GroupSignature, GroupWord,
    Header, Height, KindNumber, NetworkKind, Stamp, Time, Transaction, View, Voucher,
    transactions_root,
};
use commit::{Digest, Network};
use receipt::{PublicKey, SecretKey, Signature};

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next().to_le_bytes()[0])
    }

    pub(crate) fn amount(&mut self) -> Amount {
        Amount(match self.below(8) {
            0 => 0,
            1 => u128::MAX,
            _ => u128::from(self.next()) << self.below(64),
        })
    }

    fn list<T>(&mut self, most: u64, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(most + 1);
        (0..count).map(|_| item(self)).collect()
    }
}

pub(crate) const NETWORK: Network = Network([7; 32]);

pub(crate) fn key(random: &mut Random) -> SecretKey {
    SecretKey::from_seed(random.bytes())
}

pub(crate) fn account(random: &mut Random) -> Account {
    Account { balance: random.amount(), made: random.next() }
}

pub(crate) fn clock(random: &mut Random) -> Clock {
    Clock {
        height: Height(random.next()),
        stamp: Stamp(random.next()),
        time: Time(random.next()),
        epoch: Epoch(random.next()),
        epoch_began: Time(random.next()),
        beacon: random.bytes(),
    }
}

pub(crate) fn purse(random: &mut Random) -> Purse {
    Purse {
        fees: random.amount(),
        treasury: random.amount(),
        issued: random.amount(),
        burnt: random.amount(),
    }
}

pub(crate) fn parameters(random: &mut Random) -> ParameterValues {
    let rows = random.list(9, |random| {
        let number = u16::try_from(random.below(300)).unwrap();
        (ParameterNumber(number), random.amount().0)
    });
    ParameterValues(rows.into_iter().collect())
}

pub(crate) fn seats(random: &mut Random) -> Seats {
    Seats(
        random.list(7, |random| Seat {
            node: NodeId(random.bytes()),
            key: PublicKey(random.bytes()),
        }),
    )
}

pub(crate) fn address(random: &mut Random) -> Address {
    let text: String = random.list(256, |_| 'a').into_iter().collect();
    Address::of(&text).unwrap()
}

pub(crate) fn roles(random: &mut Random) -> Roles {
    Roles::of(u8::try_from(random.below(16)).unwrap()).unwrap()
}

pub(crate) fn node(random: &mut Random) -> Node {
    Node {
        owner: PublicKey(random.bytes()),
        operator: PublicKey(random.bytes()),
        transport: PublicKey(random.bytes()),
        validator: PublicKey::NONE,
        roles: roles(random),
        address: address(random),
        stake: random.amount(),
        unbonding: random.list(8, |random| Unbonding {
            amount: Amount(u128::from(random.next()) + 1),
            made: Time(random.next()),
            least: Time(random.next()),
            judged: Epoch(random.next()),
        }),
        owed: Owed { cases: random.amount(), draws: random.amount() },
        debt: random.amount(),
        disputes: u16::try_from(random.below(1 << 16)).unwrap(),
        jailed_until: Time(random.next()),
        silences: Silences {
            count: 2,
            first: Time(random.next()),
            last: Time(random.next()),
            answered: Time(random.next()),
        },
        retired: random.below(2) == 1,
        created: Time(random.next()),
    }
}

pub(crate) fn stakes(random: &mut Random) -> Stakes {
    Stakes { total: random.amount(), voting_ends: Time(1 + random.below(1 << 60)) }
}

pub(crate) fn bound_key(random: &mut Random) -> BoundKey {
    let roles = [KeyRole::Operator, KeyRole::Transport, KeyRole::Validator];
    let from = random.below(1 << 60);
    BoundKey {
        node: NodeId(random.bytes()),
        role: roles[usize::try_from(random.below(3)).unwrap()],
        from: Time(from),
        until: Time(random.below(2) * (from + random.below(5))),
    }
}

pub(crate) fn package(random: &mut Random) -> Package {
    let part = |random: &mut Random| Part { hash: random.bytes(), bytes: random.next() };
    Package {
        published: Time(random.next()),
        withdrawn: [None, Some(Time(random.next()))][usize::try_from(random.below(2)).unwrap()],
        program: random.bytes(),
        units: part(random),
        files: random.list(5, part),
    }
}

pub(crate) fn program(random: &mut Random) -> ProgramBytes {
    ProgramBytes(random.list(300, |random| random.bytes::<1>()[0]))
}

pub(crate) fn name(random: &mut Random) -> NameRecord {
    let (owner, until) = match random.below(4) {
        0 => (PublicKey::NONE, Time(0)),
        _ => (PublicKey(random.bytes()), Time(1 + random.below(u64::MAX))),
    };
    NameRecord { owner, tenure: random.next(), until }
}

pub(crate) fn label(random: &mut Random) -> LabelRecord {
    let publisher = PublicKey(random.bytes());
    LabelRecord { model: random.bytes(), publisher, set: Time(random.next()) }
}

pub(crate) fn channel(random: &mut Random) -> Channel {
    let (one, other) = (random.amount(), random.amount());
    let closing = Closing { due: Time(random.next()), epoch: Epoch(1 + random.below(99)) };
    Channel {
        payer: PublicKey(random.bytes()),
        node: NodeId(random.bytes()),
        deposit: one.max(other),
        settled: one.min(other),
        opened: Time(random.next()),
        closing: (random.below(2) == 1).then_some(closing),
    }
}

pub(crate) fn epoch_book(random: &mut Random) -> EpochBook {
    let began = Time(random.next());
    let (settled, settlements) = (random.amount(), random.next());
    EpochBook { began, settled, settlements, terms: audit_terms(random) }
}

fn audit_terms(random: &mut Random) -> AuditTerms {
    AuditTerms {
        audit_unit: Amount(u128::from(random.next()) + 1),
        audit_share: share(random),
        auditors: 3,
        draw_fee: random.amount(),
        audit_fee: random.amount(),
        plant_reward: random.amount(),
        false_alarm: random.amount(),
        bond: random.amount(),
        show_ms: random.next(),
        commit_ms: random.next(),
        reveal_ms: random.next(),
        appeal_ms: random.next(),
        move_ms: random.next(),
    }
}

fn share(random: &mut Random) -> u32 {
    u32::try_from(random.below(1_000_001)).unwrap()
}

pub(crate) fn epoch_start(random: &mut Random) -> EpochStart {
    let (height, time) = (Height(random.next()), Time(random.next()));
    EpochStart { height, time, beacon: random.bytes(), judged: Epoch(random.next()) }
}

/// Spans in order, none touching another.
fn spans(random: &mut Random) -> impl FnMut(&mut Random) -> Span + use<> {
    let mut at = u128::from(random.next());
    move |random| {
        let from = at + 1 + u128::from(random.below(9));
        at = from + 1 + u128::from(random.next());
        Span { from: Amount(from), to: Amount(at) }
    }
}

pub(crate) fn hold(random: &mut Random) -> Hold {
    let mut span = spans(random);
    let first = span(random);
    let rest = random.list(15, &mut span);
    let spans = [first].into_iter().chain(rest).collect();
    Hold { payer: PublicKey(random.bytes()), spans }
}

pub(crate) fn settlement(random: &mut Random) -> Settlement {
    let mut span = spans(random);
    let first = span(random);
    let voided = random.list(16, &mut span);
    let to = voided.last().map_or(first.to, |last| last.to);
    Settlement {
        node: NodeId(random.bytes()),
        span: Span { from: first.from, to },
        starts: random.amount(),
        share: u32::try_from(random.below(1_000_001)).unwrap(),
        voided,
        held: u16::try_from(random.below(1 << 16)).unwrap(),
    }
}

pub(crate) fn anchor(random: &mut Random) -> Anchor {
    let (epoch, time) = (Epoch(random.next()), Time(random.next()));
    let mut earlier = random.list(31, |random| (Epoch(random.next()), random.below(1 << 53)));
    earlier.sort_unstable();
    let mut sizes: Vec<_> = earlier.iter().map(|(_, size)| *size).collect();
    sizes.sort_unstable();
    earlier.iter_mut().zip(sizes).for_each(|(one, size)| one.1 = size);
    let size = random.below(1 << 53);
    earlier.retain(|one| one.0 < epoch && one.1 <= size);
    Anchor { size, root: random.bytes(), epoch, time, earlier }
}

pub(crate) fn auditors(random: &mut Random) -> Auditors {
    let mut nodes = random.list(9, |random| NodeId(random.bytes()));
    nodes.push(NodeId(random.bytes()));
    Auditors(nodes.into_iter().collect())
}

pub(crate) fn panel(random: &mut Random) -> Panel {
    let of = |node, random: &mut Random| {
        let weight = Amount(random.amount().0.max(1));
        Panelist { node, owner: PublicKey(random.bytes()), weight }
    };
    let Auditors(nodes) = auditors(random);
    Panel(nodes.into_iter().map(|node| of(node, random)).collect())
}

fn word(random: &mut Random) -> Word {
    match random.below(4) {
        0 => Word::None,
        1 => Word::Committed(random.bytes()),
        2 => Word::Root(random.bytes()),
        _ => Word::Alarm(DisputeSlot(random.bytes())),
    }
}

pub(crate) fn audit(random: &mut Random) -> Audit {
    let stages = [
        AuditStage::Show,
        AuditStage::Commit,
        AuditStage::Reveal,
        AuditStage::Opening,
        AuditStage::Silent(Awaited::Show),
        AuditStage::Silent(Awaited::Reveal),
        AuditStage::Silent(Awaited::Opening),
        AuditStage::Over,
    ];
    Audit {
        node: NodeId(random.bytes()),
        channel: ChannelId(random.bytes()),
        unit: random.amount(),
        drawn: Time(random.next()),
        stage: stages[usize::try_from(random.below(8)).unwrap()],
        deadline: Time(random.next()),
        cost: random.amount(),
        held: random.amount(),
        shown: Shown {
            worker: PublicKey(random.bytes()),
            job: random.bytes(),
            receipt: random.bytes(),
            tokens: u32::try_from(random.below(1 << 32)).unwrap(),
        },
        asker: PublicKey(random.bytes()),
        bond: random.amount(),
        word: word(random),
        planted: random.below(2) == 1,
        auditors: random.list(8, |random| Auditor {
            node: NodeId(random.bytes()),
            word: word(random),
            closed: random.below(2) == 1,
        }),
    }
}

pub(crate) fn voucher(random: &mut Random) -> Voucher {
    let amounts = [random.amount(), random.amount()];
    let from = amounts.into_iter().min().unwrap();
    let cumulative = amounts.into_iter().max().unwrap().max(Amount(from.0.saturating_add(1)));
    Voucher {
        channel: ChannelId(random.bytes()),
        from: from.at_most(Amount(cumulative.0 - 1)),
        cumulative,
        expiry: Time(random.next()),
        job: random.bytes(),
    }
}

pub(crate) fn genesis(random: &mut Random) -> Genesis {
    let mut accounts =
        random.list(9, |random| (PublicKey(random.bytes()), Amount(random.next().into())));
    accounts.sort_unstable_by_key(|(key, _)| *key);
    Genesis {
        kind: match random.below(3) {
            0 => NetworkKind::Simulation,
            1 => NetworkKind::Test(GroupKey(random.bytes())),
            _ => NetworkKind::Main(GroupKey(random.bytes())),
        },
        stamp: Stamp(random.next()),
        parameters: parameters(random),
        seats: seats(random),
        accounts,
        treasury: random.amount(),
        nodes: random.list(3, genesis_node),
    }
}

fn genesis_node(random: &mut Random) -> GenesisNode {
    GenesisNode {
        owner: PublicKey(random.bytes()),
        operator: PublicKey(random.bytes()),
        transport: PublicKey::NONE,
        validator: PublicKey(random.bytes()),
        roles: roles(random),
        address: address(random),
        stake: random.amount(),
    }
}

pub(crate) fn candidates(random: &mut Random) -> Candidates {
    let mut nodes = random.list(9, |random| NodeId(random.bytes()));
    nodes.push(NodeId([0; 32]));
    Candidates(nodes.into_iter().collect())
}

pub(crate) fn transaction(random: &mut Random) -> Transaction {
    let kind = KindNumber(u16::try_from(random.below(100)).unwrap());
    let body = random.list(200, |random| random.bytes::<1>()[0]);
    let number = random.next();
    Transaction::sign(NETWORK, &key(random), (kind, number, random.amount()), body)
}

pub(crate) fn header(random: &mut Random) -> Header {
    Header {
        protocol: u16::try_from(random.below(9)).unwrap(),
        height: Height(random.next()),
        parent: random.bytes(),
        stamp: Stamp(random.next()),
        time: Time(random.next()),
        epoch: Epoch(random.next()),
        proposer: PublicKey(random.bytes()),
        beacon: random.bytes(),
        transactions: u32::try_from(random.below(1 << 32)).unwrap(),
        transactions_root: random.bytes(),
        state_root: random.bytes(),
        seats: random.bytes(),
    }
}

pub(crate) fn block(random: &mut Random) -> Block {
    let transactions = random.list(5, transaction);
    let header = Header {
        transactions: u32::try_from(transactions.len()).unwrap(),
        transactions_root: transactions_root(NETWORK, &transactions),
        ..header(random)
    };
    Block { header, transactions }
}

pub(crate) fn certificate(random: &mut Random) -> Certificate {
    if random.below(2) == 1 {
        let [epoch, view, parent] = [(); 3].map(|()| random.next());
        let signature = GroupSignature(random.bytes());
        return Certificate::Group(GroupWord { epoch, view, parent, signature });
    }
    let (mut at, view) = (0, View(random.next()));
    let signatures = random.list(6, |random| {
        at += u16::try_from(1 + random.below(9)).unwrap();
        (at, Signature(random.bytes()))
    });
    Certificate::Quorum { view, signatures }
}

pub(crate) fn group(random: &mut Random) -> Group {
    let next = NextGroup { key: GroupKey(random.bytes()), at: Height(random.next()) };
    Group {
        key: GroupKey(random.bytes()),
        from: Height(random.next()),
        since: Time(random.next()),
        held: Time(random.below(3)),
        next: Some(next).filter(|_| random.below(2) == 1),
    }
}

pub(crate) fn proof(random: &mut Random) -> Proof {
    let sibling = |random: &mut Random| -> Digest {
        if random.below(3) == 0 { [0; 32] } else { random.bytes() }
    };
    let siblings = random.list(40, sibling);
    let end = match random.below(3) {
        0 => End::Here,
        1 => End::Nothing,
        _ => End::Other { place: Place(random.bytes()), value: random.bytes() },
    };
    Proof { siblings, end }
}

pub(crate) fn dispute(random: &mut Random) -> Dispute {
    let outcomes = [
        Outcome::ClaimantRefuted,
        Outcome::ChallengerRefuted,
        Outcome::ClaimantSilent,
        Outcome::ChallengerSilent,
        Outcome::Planted,
    ];
    let outcome = outcomes[usize::try_from(random.below(5)).unwrap()];
    let stages = [Stage::Claimant, Stage::Challenger, Stage::Silent, Stage::Decided(outcome)];
    let course = match stages.get(usize::try_from(random.below(5)).unwrap()) {
        None => Course::Ended(outcome),
        Some(stage) => Course::Open(Box::new(Case {
            stage: *stage,
            deadline: Time(random.next()),
            claim: random.bytes(),
            package: PackageSlot { model: random.bytes(), publisher: PublicKey(random.bytes()) },
            program: random.bytes(),
            begun: random.below(2) == 1,
            matter: if random.below(2) == 1 { Matter::Claim } else { Matter::Vouching },
            bond: bond(random),
            cost: random.amount(),
            promised: Promised {
                share: share(random),
                silence_fee: random.amount(),
                plant_pay: random.amount(),
            },
            held: random.amount(),
            appellant: PublicKey(random.bytes()),
            appeal_bond: random.amount(),
            rewarded: random.below(2) == 1,
            state: random.bytes(),
        })),
    };
    Dispute {
        node: NodeId(random.bytes()),
        challenger: PublicKey(random.bytes()),
        opened: Time(random.next()),
        course,
    }
}

fn bond(random: &mut Random) -> Bond {
    Bond { usual: random.amount(), beyond: random.amount() }
}

fn asked(random: &mut Random) -> Asked {
    Asked {
        node: NodeId(random.bytes()),
        challenger: PublicKey(random.bytes()),
        opened: Time(random.next()),
        deadline: Time(random.next()),
        bond: bond(random),
        cost: random.amount(),
        silence_fee: random.amount(),
        silent: random.below(2) == 1,
        held: random.amount(),
    }
}

pub(crate) fn missing(random: &mut Random) -> Missing {
    let (worker, receipt) = (PublicKey(random.bytes()), random.bytes());
    Missing { worker, receipt, asked: asked(random) }
}

pub(crate) fn withheld(random: &mut Random) -> Withheld {
    let file = Part { hash: random.bytes(), bytes: random.next() };
    Withheld { file, chunk: random.next(), asked: asked(random) }
}

pub(crate) fn plant(random: &mut Random) -> Plant {
    let (commitment, bond) = (random.bytes(), random.amount());
    Plant { commitment, bond, met: random.below(2) == 1, epochs: random.next() }
}

pub(crate) fn ballot(random: &mut Random) -> Ballot {
    Ballot { yes: random.below(2) == 1, weight: random.amount() }
}

pub(crate) fn rules(random: &mut Random) -> Rules {
    let version = 2 + u16::try_from(random.below(9)).unwrap();
    match random.below(2) {
        0 => Rules { version, next: 0, at: Time(0) },
        _ => Rules { version, next: version + 1, at: Time(random.next()) },
    }
}

pub(crate) fn proposal(random: &mut Random) -> Proposal {
    let content = match random.below(6) {
        0 => Content::Parameter { number: ParameterNumber(7), value: random.amount().0 },
        1 => Content::Spend { to: PublicKey(random.bytes()), amount: random.amount() },
        2 => Content::Rules { version: 2, at: Time(random.next()) },
        3 => Content::Group {
            next: NextGroup { key: GroupKey(random.bytes()), at: Height(random.next()) },
            proof: GroupSignature(random.bytes()),
        },
        4 => {
            let text = format!("name-{}", random.next());
            Content::Name { name: Name::new(&text).unwrap(), owner: PublicKey(random.bytes()) }
        }
        _ => Content::Cancel {
            proposal: ProposalId(random.bytes()),
            proposer: PublicKey(random.bytes()),
        },
    };
    let decisions = [Decision::Enacted, Decision::Refused, Decision::Cancelled, Decision::Lapsed];
    let (bond, decision) = match random.below(2) {
        0 => (random.amount(), Decision::Open),
        _ => (Amount::ZERO, decisions[usize::try_from(random.below(4)).unwrap()]),
    };
    Proposal {
        proposer: PublicKey(random.bytes()),
        bond,
        content,
        ends: Time(random.next()),
        opens: Time(random.next()),
        lapses: Time(random.next()),
        staked: random.amount(),
        yes: random.amount(),
        no: random.amount(),
        decision,
    }
}
