//! What a court's players know beside the ledger: who they are, jobs and answers, vouchers, workers' logs, disputes as
//! they stand.
//!
//! Never more than honest people would tell each other, but that a story is made for whoever wants to tell it.

use chain::records::{ChannelId, ClaimedStep, MissingSlot, NodeId, WithheldSlot};
use chain::{Amount, Epoch, Time, Voucher};
use commit::{Blind, Digest, Network, Salts};
use dispute::Filing;
use dispute::sides::Story;
use ledger::tx::AuditShow;
use receipt::log::{Log, LogLeaf};
use receipt::{
    Choice, Envelope, Head, Job, Opening, Output, PublicKey, Receipt, Signature, SignedHead, Stop,
    TokenVector, Usage, Which, WorkKind,
};
use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::cases::{Case, Faulted, MANIFEST, Tale, case};
use super::trial::{Trial, filing, finding};
use crate::keys::Key;

/// What an answer costs.
pub const PRICE: u128 = 1_000_000;
/// The output of the one choice that jobs here have.
pub(crate) const WHICH: Which = Which::Output { choice: 0 };
/// Epochs that a receipt has until it has to be in an anchored log.
const ANCHOR_EPOCHS: u64 = 3;

/// What a player is to be judged as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Follows the rules and is always there.
    Honest,
    /// Follows the rules, and is away for a time.
    Offline,
    /// Somebody else has its key.
    Robbed,
    /// Cheats.
    Cheat,
}

/// A place in the table of players.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PartyId(pub(crate) usize);

/// Somebody, with all keys that are his.
pub(crate) struct Party {
    /// What he plays.
    pub(crate) name: &'static str,
    pub(crate) standing: Standing,
    /// The last friend owns the nodes behind the first.
    pub(crate) shares: bool,
    /// Answers whoever asks.
    pub(crate) serves: bool,
    /// The first one owns his nodes, the next ones operate them, the others are friends'.
    pub(crate) keys: &'static [Key],
    pub(crate) nodes: Vec<NodeId>,
    /// Which of them signs for his first node now.
    pub(crate) signs: usize,
    /// The receipts that each of them signed.
    pub(crate) logs: BTreeMap<PublicKey, Log>,
    /// What his answers cost, paid or promised.
    pub(crate) sold: u128,
    /// What answers cost that he got.
    pub(crate) bought: u128,
    /// Answers that he may get for nothing, of each worker.
    pub(crate) unpaid: u128,
    /// Money that is no gain of its: what the rules give whoever does what it does.
    pub(crate) loot: u128,
    /// Lies in whatever it says.
    pub(crate) bulk: bool,
    /// Gives nobody the model's files.
    pub(crate) hides: bool,
    /// Looks at nothing that it gets: it trusts in audits.
    pub(crate) trusts: bool,
}

/// Somebody wants an answer.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) client: PartyId,
    pub(crate) worker: PartyId,
    pub(crate) case: usize,
    /// What dates it: a height, and the epoch that it is of.
    pub(crate) date: (u64, Epoch),
    /// What hides it.
    pub(crate) blind: Blind,
}

/// What gives a false answer away when it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Betrayer {
    /// Who computes it again.
    Auditors,
    /// It can't be shown.
    Showing,
    /// Something else is shown in its place: whoever got it compares.
    Reader,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) client: PartyId,
    pub(crate) worker: PartyId,
    pub(crate) case: &'static Case,
    /// In which epoch the job is dated.
    pub(crate) epoch: Epoch,
    pub(crate) job: Job,
    pub(crate) salts: Salts,
    /// Whose story its worker tells.
    pub(crate) tale: Tale,
    pub(crate) output: Vec<u32>,
    pub(crate) head: SignedHead,
    pub(crate) receipt: Receipt,
    /// Its envelope's.
    pub(crate) signature: Signature,
    /// Another output that the worker signed a head for.
    pub(crate) twin: Option<Vec<u32>>,
    /// What the client promised for it.
    pub(crate) paid: Option<Promise>,
    /// Where it stands in the log of its key, and how it was paid there.
    pub(crate) leaf: Option<(LogLeaf, u64)>,
    /// Its worker shall not log it.
    pub(crate) kept_out: bool,
    /// Its worker gives nobody the opening.
    pub(crate) withheld: bool,
    /// The opening stands in a block.
    pub(crate) opened: bool,
    /// For whom its client asked, where that is a gateway: who has receipt and leaf of it.
    pub(crate) reader: Option<PartyId>,
    /// What gives it away when it is drawn, where it is false.
    pub(crate) betrayer: Betrayer,
    tales: [OnceCell<Story<'static>>; 2],
    /// Its receipt's id, what shows the disputed step, and what the tales' findings are: everybody asks for them before
    /// every block.
    id: OnceCell<Digest>,
    filing: OnceCell<Filing>,
    findings: [OnceCell<Option<Digest>>; 2],
}

/// A voucher.
#[derive(Clone, Copy)]
pub(crate) struct Promise {
    pub(crate) voucher: Voucher,
    pub(crate) signature: Signature,
    /// What earlier ones gave.
    pub(crate) from: u128,
}

/// A client's channel to a worker.
pub(crate) struct Paying {
    pub(crate) client: PartyId,
    pub(crate) worker: PartyId,
    pub(crate) id: ChannelId,
    /// The number of the transaction that opened it.
    pub(crate) number: u64,
    pub(crate) deposit: u128,
    pub(crate) promised: u128,
}

/// All of it.
pub(crate) struct Hall {
    pub(crate) network: Network,
    /// Who publishes, and sees to what anybody may.
    pub(crate) bailiff: &'static Key,
    pub(crate) parties: Vec<Party>,
    pub(crate) asks: Vec<Ask>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) channels: Vec<Paying>,
    pub(crate) trials: Vec<Trial>,
    /// What was shown in audits.
    pub(crate) shown: Vec<AuditShow>,
    /// Receipts that somebody asked the ledger for.
    pub(crate) asked: Vec<MissingSlot>,
    /// Chunks that somebody asked it for.
    pub(crate) parts: Vec<WithheldSlot>,
    /// Nobody goes home before this epoch.
    pub(crate) until: Epoch,
}

impl Party {
    /// Who owns his nodes and pays for most of what he does.
    pub(crate) fn owner(&self) -> &'static Key {
        &self.keys[0]
    }

    /// Who signs for his first node.
    pub(crate) fn operator(&self) -> &'static Key {
        &self.keys[self.signs]
    }

    /// One of his keys.
    pub(crate) fn key(&self, public: PublicKey) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.public == public)
    }

    /// What one of his keys signed.
    pub(crate) fn log(&self, key: PublicKey) -> Option<&Log> {
        self.logs.get(&key)
    }

    /// Whether they are one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.owner().public == other.owner().public
    }

    /// His first node.
    pub(crate) fn node(&self) -> Option<NodeId> {
        self.nodes.first().copied()
    }
}

impl Answer {
    /// Whether the model says the same.
    pub(crate) fn is_true(&self) -> bool {
        self.output == self.case.truth
    }

    /// The step of it that is true or false: its last token, or the fault that it is said to end in.
    pub(crate) fn step(&self) -> ClaimedStep {
        let (worker, job) = (self.receipt.worker, self.receipt.job);
        let (position, kind, what) = match self.tale {
            Tale::True | Tale::False => {
                let last = self.output.last().expect("an output has tokens");
                (self.case.place(), 1, *last)
            }
            Tale::Fault => {
                let Faulted { position, op } = self.case.faulted();
                (position, 2, op.0)
            }
        };
        ClaimedStep { worker, job, choice: 0, position, kind, what }
    }

    /// Where a tale's story is kept, and whose it is: the truth, or its worker's lie, or another one.
    fn told(&self, tale: Tale) -> (usize, Tale) {
        match tale {
            Tale::True => (0, Tale::True),
            Tale::False | Tale::Fault if self.tale == Tale::Fault => (1, Tale::Fault),
            Tale::False | Tale::Fault => (1, Tale::False),
        }
    }

    /// What happened, as somebody tells it.
    pub(crate) fn story(&self, tale: Tale) -> &Story<'static> {
        let (at, tale) = self.told(tale);
        let made = || self.case.story(&self.job, self.salts, &self.output, tale);
        self.tales[at].get_or_init(made)
    }

    /// Whether its worker answers for its tokens: a stranger's key may have signed them.
    pub(crate) fn is_its_own(&self) -> bool {
        self.head.worker == self.receipt.worker
    }

    /// All that its receipt hides.
    pub(crate) fn opening(&self) -> Opening {
        let outputs = vec![Output { choice: 0, tokens: self.output.clone() }];
        Opening { blind: self.salts.blind, job: self.job.clone(), outputs }
    }

    /// Whether that opens its receipt, which says the same as its job.
    pub(crate) fn opens(&self) -> bool {
        let (opening, network) = (self.opening(), self.salts.network);
        opening.opens(&self.receipt, network) && opening.repeats(&self.receipt, network)
    }

    /// Its receipt's id.
    pub(crate) fn id(&self) -> Digest {
        *self.id.get_or_init(|| self.receipt.id(self.salts.network))
    }

    /// What shows the disputed step.
    pub(crate) fn filing(&self) -> &Filing {
        self.filing.get_or_init(|| filing(self))
    }

    /// What who computes it finds, as a tale goes.
    pub(crate) fn finding(&self, tale: Tale) -> Option<Digest> {
        let (at, tale) = self.told(tale);
        *self.findings[at].get_or_init(|| finding(self.salts.network, self, tale))
    }

    /// Its receipt becomes another one, before anybody has it.
    pub(crate) fn sign_anew(&mut self, operator: &Key, change: impl FnOnce(&mut Receipt)) {
        change(&mut self.receipt);
        self.id = OnceCell::new();
        self.signature = sealed(&self.receipt, operator, self.salts.network);
    }

    /// A head for another output of the same job.
    pub(crate) fn other_head(&self, operator: &Key, output: &[u32]) -> SignedHead {
        signed_head(&self.salts, self.head.head.job, output, operator)
    }
}

/// Why an answer ends, as somebody says.
fn stop(case: &Case, tale: Tale) -> Stop {
    match tale {
        Tale::True | Tale::False => Stop::Length,
        Tale::Fault => {
            let Faulted { position, op } = case.faulted();
            Stop::Fault { position, op: op.0 }
        }
    }
}

fn sealed(receipt: &Receipt, operator: &Key, network: Network) -> Signature {
    let sealed = Envelope::seal(receipt, &operator.secret, network);
    sealed.expect("a small receipt").signature()
}

fn signed_head(salts: &Salts, job: Digest, output: &[u32], operator: &Key) -> SignedHead {
    let count = u32::try_from(output.len()).expect("a few tokens");
    let root = TokenVector::over(*salts, WHICH, output).root();
    let head = Head { job, choice: 0, start: 0, prior: [0; 32], count, root };
    SignedHead::sign(head, &operator.secret, salts.network)
}

impl Hall {
    /// A player.
    pub(crate) fn party(&self, id: PartyId) -> &Party {
        &self.parties[id.0]
    }

    /// Whose node it is.
    pub(crate) fn of_node(&self, node: NodeId) -> Option<&Party> {
        self.parties.iter().find(|party| party.nodes.contains(&node))
    }

    /// The key that owns a node.
    pub(crate) fn owner_of(&self, node: NodeId) -> Option<&'static Key> {
        let party = self.of_node(node)?;
        let second = party.shares && party.nodes.first() != Some(&node);
        if second { party.keys.last() } else { party.keys.first() }
    }

    /// Everybody's channels are told apart by client and worker.
    pub(crate) fn channel(&self, client: PartyId, worker: PartyId) -> Option<usize> {
        let here = |paying: &Paying| (paying.client, paying.worker) == (client, worker);
        self.channels.iter().position(here)
    }

    /// A worker answers.
    pub(crate) fn answer(&mut self, ask: &Ask, tale: Tale, epoch: u64) {
        let made = self.made((ask, self.party(ask.worker).operator()), tale, epoch);
        if ask.worker != ask.client {
            self.parties[ask.worker.0].sold += PRICE;
            self.parties[ask.client.0].bought += PRICE;
        }
        self.answers.push(made);
    }

    /// An answer, as its worker signs it with a key.
    pub(crate) fn made(&self, (ask, operator): (&Ask, &Key), tale: Tale, epoch: u64) -> Answer {
        let network = self.network;
        let salts = Salts { network, blind: ask.blind };
        let case = case(ask.case);
        let (height, dated) = ask.date;
        let job = case.job(height);
        let output = case.output(tale);
        let head = signed_head(&salts, job.commitment(&salts), &output, operator);
        let receipt = Receipt {
            kind: WorkKind::Generate,
            job: head.head.job,
            model: MANIFEST.id().0,
            arithmetic: 1,
            sampling: 1,
            consent: 2,
            anchor_by: epoch + ANCHOR_EPOCHS,
            usage: Usage { prompt: 3, output: head.head.count },
            choices: vec![Choice { index: 0, segments: vec![head], stop: stop(case, tale) }],
            worker: operator.public,
        };
        let signature = sealed(&receipt, operator, network);
        Answer {
            client: ask.client,
            worker: ask.worker,
            case,
            epoch: dated,
            job,
            salts,
            tale,
            output,
            head,
            receipt,
            signature,
            twin: None,
            paid: None,
            leaf: None,
            kept_out: false,
            withheld: false,
            opened: false,
            reader: None,
            betrayer: Betrayer::Auditors,
            tales: Default::default(),
            id: OnceCell::new(),
            filing: OnceCell::new(),
            findings: Default::default(),
        }
    }

    /// A client promises so much more for an answer.
    pub(crate) fn promise(&mut self, answer: usize, more: u128, expiry: Time) {
        let (client, worker) = (self.answers[answer].client, self.answers[answer].worker);
        let Some(at) = self.channel(client, worker) else { return };
        let key = self.party(client).owner();
        let paying = &mut self.channels[at];
        let from = paying.promised;
        paying.promised += more;
        let (channel, cumulative) = (paying.id, Amount(paying.promised));
        if paying.promised <= paying.deposit {
            // Who promises more than the price gives it.
            self.parties[worker.0].sold += more.saturating_sub(PRICE);
        }
        let job = self.answers[answer].receipt.job;
        let voucher = Voucher { channel, from: Amount(from), cumulative, expiry, job };
        let signature = voucher.sign(self.network, &key.secret);
        self.answers[answer].paid = Some(Promise { voucher, signature, from });
    }

    /// A worker logs an answer, as it was paid.
    pub(crate) fn enter(&mut self, answer: usize) {
        self.enter_as(answer, self.answers[answer].paid);
    }

    /// The same, as its worker says that it was paid.
    pub(crate) fn enter_as(&mut self, answer: usize, paid: Option<Promise>) {
        let made = &mut self.answers[answer];
        let receipt = made.id();
        let leaf = match paid {
            Some(Promise { voucher, from, .. }) => {
                LogLeaf { receipt, channel: voucher.channel.0, from, to: voucher.cumulative.0 }
            }
            None => LogLeaf::offline(receipt),
        };
        let logs = &mut self.parties[made.worker.0].logs;
        let index = logs.entry(made.receipt.worker).or_default().append(&leaf);
        made.leaf = Some((leaf, index));
    }
}
