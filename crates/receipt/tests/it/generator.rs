//! Jobs, heads, receipts, openings and proofs from a seed: every variant, and the sizes at the edges.
//!
//! Never uses a clock or the machine's randomness: a seed gives the same value on every machine, or the frozen digests
//! mean nothing.

use canon::sample::{Micro, Parameters, Settings};
use commit::{Blind, Network, Salts};
use receipt::log::LogLeaf;
use receipt::{
    AuditConsent, Choice, Equivocation, Head, Job, JobFields, JobLeaf, Messages, MissingAnswer,
    NonceChooser, Opening, Output, PartialOpening, PublicKey, Receipt, Rendered, Renderer,
    SecretKey, Signature, SignedHead, Stop, StopRule, Terms, TokenVector, Usage, Which, WorkKind,
};

/// SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).unwrap()
    }

    /// Seldom none or the most, mostly few.
    fn few(&mut self, least: usize, max: usize) -> usize {
        match self.below(12) {
            0 => least,
            1 => max,
            _ => (least + self.below(4) as usize).min(max),
        }
    }

    /// Any 32 bits: the ends more often than by chance.
    fn any(&mut self) -> u32 {
        match self.below(6) {
            0 => 0,
            1 => u32::MAX,
            _ => self.below(u32::MAX),
        }
    }

    fn between(&mut self, least: i64, most: i64) -> i64 {
        match self.below(8) {
            0 => least,
            1 => most,
            _ => {
                least
                    + i64::try_from(self.next() % u64::try_from(most - least + 1).unwrap()).unwrap()
            }
        }
    }

    fn version(&mut self) -> u16 {
        u16::try_from(self.below(1 << 16)).unwrap()
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for piece in bytes.chunks_mut(8) {
            piece.copy_from_slice(&self.next().to_le_bytes()[..piece.len()]);
        }
        bytes
    }

    /// Offline half of the time.
    pub(crate) fn salts(&mut self) -> Salts {
        let network = if self.flip() { Network::OFFLINE } else { Network(self.bytes()) };
        Salts { network, blind: Blind(self.bytes()) }
    }

    pub(crate) fn secret(&mut self) -> SecretKey {
        SecretKey::from_seed(self.bytes())
    }

    pub(crate) fn tokens(&mut self, count: usize) -> Vec<u32> {
        (0..count).map(|_| self.below(1 << 20)).collect()
    }

    fn keys(&mut self, count: usize) -> Vec<PublicKey> {
        let mut keys: Vec<_> = (0..count).map(|_| PublicKey(self.bytes())).collect();
        keys.sort();
        keys
    }

    /// So many different tokens, ascending.
    fn ascending(&mut self, count: usize) -> Vec<u32> {
        let mut last = self.below(100);
        let step = |_| {
            last += 1 + self.below(700);
            last
        };
        (0..count).map(step).collect()
    }
}

fn terms(random: &mut Random) -> Terms {
    let named = 1 + random.few(0, 15);
    Terms {
        kind: if random.flip() { WorkKind::Generate } else { WorkKind::Embed },
        model: random.bytes(),
        arithmetic: random.version(),
        sampling: random.version(),
        nonce_by: if random.flip() { NonceChooser::Client } else { NonceChooser::Gateway },
        beacon_height: if random.flip() { 0 } else { random.next() },
        requester: if random.flip() { PublicKey::NONE } else { PublicKey(random.bytes()) },
        consent: match random.below(3) {
            0 => AuditConsent::Own,
            1 => AuditConsent::Named(random.keys(named)),
            _ => AuditConsent::Open,
        },
    }
}

fn parameters(random: &mut Random) -> Parameters {
    let mut micro = |least, most| Micro::new(random.between(least, most));
    let mut settings = Settings {
        temperature: micro(10_000, 100_000_000),
        top_p: micro(0, 1_000_000),
        min_p: micro(0, 1_000_000),
        repetition: micro(10_000, 100_000_000),
        presence: micro(-2_000_000, 2_000_000),
        frequency: micro(-2_000_000, 2_000_000),
        ..Settings::default()
    };
    if random.flip() {
        settings.temperature = Micro::ZERO;
    }
    settings.top_k = [0, 1, 40, 1 << 20][random.below(4) as usize];
    let biases = random.few(0, 9);
    let value = |random: &mut Random| Micro::new(random.between(1, 100_000_000));
    let signed = |random: &mut Random| {
        let size = value(random);
        if random.flip() { size } else { Micro::new(-size.get()) }
    };
    settings.bias =
        random.ascending(biases).into_iter().map(|token| (token, signed(random))).collect();
    settings.grammar = random.flip().then(|| random.bytes());
    Parameters::new(settings).unwrap()
}

fn stop_rule(random: &mut Random) -> StopRule {
    let texts = ["\n", "User:", "é\u{1f600}", "</s>", "\0", "a stop string of some length"];
    let (tokens, strings) = (random.few(0, 20), random.few(0, 16));
    StopRule {
        tokens_max: [0, 1, 256, 1 << 16][random.below(4) as usize],
        tokens: random.ascending(tokens),
        strings: (0..strings).map(|_| texts[random.below(6) as usize].to_owned()).collect(),
    }
}

fn messages(random: &mut Random) -> Messages {
    if random.flip() {
        return Messages::Hidden(random.bytes());
    }
    let text = r#"{"messages":[{"role":"user","content":"é"}],"variables":{"date":"2026-11-20"}}"#;
    Messages::Shown(text.as_bytes()[..1 + random.few(0, text.len() - 1)].to_vec())
}

/// What is asked, before it is checked; the renderer's signature holds where there is one.
pub(crate) fn fields(random: &mut Random, salts: &Salts) -> JobFields {
    let count = random.few(1, 40);
    let mut fields = JobFields {
        terms: terms(random),
        nonce: random.bytes(),
        prompt: random.tokens(count),
        parameters: parameters(random),
        choices: [1, 2, 4, 128][random.below(4) as usize],
        stop: stop_rule(random),
        rendered: Rendered::Nobody,
    };
    let by = if random.flip() { Renderer::Client } else { Renderer::Gateway };
    fields.rendered = match random.below(3) {
        0 => Rendered::Nobody,
        1 => Rendered::Worker(messages(random)),
        _ => {
            let prompt = Job::new(fields.clone()).unwrap().prompt_leaf(salts);
            Rendered::signed(salts, by, &random.secret(), &prompt, messages(random))
        }
    };
    fields
}

pub(crate) fn job(random: &mut Random, salts: &Salts) -> Job {
    Job::new(fields(random, salts)).unwrap()
}

pub(crate) fn opening(random: &mut Random) -> Opening {
    let salts = random.salts();
    let job = job(random, &salts);
    let count = random.few(0, 16);
    let choices = random.ascending(count).into_iter().zip(0..);
    let lengths: Vec<_> = (0..count).map(|_| random.few(0, 40)).collect();
    let mut output = |(_, choice): (u32, u32)| {
        let tokens = (0..lengths[choice as usize]).map(|_| random.any()).collect();
        // The last of sixteen is the last there can be.
        Output { choice: if choice == 15 { 127 } else { choice * 8 }, tokens }
    };
    let outputs = choices.map(&mut output).collect();
    Opening { blind: salts.blind, job, outputs }
}

/// A head whose signature is any bytes: decoding does not ask.
pub(crate) fn signed_head(random: &mut Random) -> SignedHead {
    let count = random.few(0, 1 << 16);
    let count = u32::try_from(count).unwrap();
    let head = Head {
        job: random.bytes(),
        choice: [0, 1, 127][random.below(3) as usize],
        start: random.below(count + 1),
        prior: if random.flip() { [0; 32] } else { random.bytes() },
        count,
        root: if count == 0 { [0; 32] } else { random.bytes() },
    };
    SignedHead { head, worker: PublicKey(random.bytes()), signature: Signature(random.bytes()) }
}

fn stop(random: &mut Random) -> Stop {
    match random.below(6) {
        0 => Stop::Token,
        1 => Stop::String { index: u8::try_from(random.below(16)).unwrap() },
        2 => Stop::Length,
        3 => Stop::Cancelled { count: random.any(), signature: Signature(random.bytes()) },
        4 => Stop::Unfinished,
        _ => Stop::Fault { position: random.any(), op: random.any() },
    }
}

/// A receipt whose heads hold together, with signatures of any bytes.
pub(crate) fn receipt(random: &mut Random) -> Receipt {
    let (job, worker) = (random.bytes(), PublicKey(random.bytes()));
    // Together not more than a receipt may have.
    let (choices, most) = [(1, 16), (2, 8), (16, 1), (3, 3)][random.below(4) as usize];
    let mut made = Vec::new();
    for index in 0..choices {
        let segments = 1 + random.below(most);
        let index = if index == 15 { 127 } else { index };
        let mut segment = |at: u32, start: &mut u32| {
            let mut segment = signed_head(random);
            let mine = (segments - at) % 2 == 1;
            segment.worker = if mine { worker } else { PublicKey([u8::try_from(at).unwrap(); 32]) };
            let count = *start + random.below(20);
            let root = if count == 0 { [0; 32] } else { random.bytes() };
            segment.head = Head { job, choice: index, start: *start, count, root, ..segment.head };
            *start = count;
            segment
        };
        let mut start = 0;
        let segments = (0..segments).map(|at| segment(at, &mut start)).collect();
        made.push(Choice { index, segments, stop: stop(random) });
    }
    Receipt {
        kind: if random.flip() { WorkKind::Generate } else { WorkKind::Embed },
        job,
        model: random.bytes(),
        arithmetic: random.version(),
        sampling: random.version(),
        consent: u8::try_from(random.below(3)).unwrap(),
        anchor_by: if random.flip() { 0 } else { random.next() },
        usage: Usage {
            prompt: [1, 2, 300, 1 << 16][random.below(4) as usize],
            output: made.iter().map(Choice::count).sum(),
        },
        choices: made,
        worker,
    }
}

pub(crate) fn partial(random: &mut Random) -> PartialOpening {
    let (salts, count) = (random.salts(), 1 + random.below(40));
    let tokens = random.tokens(count as usize);
    let which = if random.flip() {
        Which::Prompt
    } else {
        Which::Output { choice: [0, 3, 127][random.below(3) as usize] }
    };
    PartialOpening::new(&salts, which, &tokens, random.below(count)).unwrap()
}

/// One worker, one position, two tokens: a real one.
pub(crate) fn equivocation(random: &mut Random) -> (Network, Equivocation) {
    let (salts, secret, job) = (random.salts(), random.secret(), random.bytes());
    let (choice, at) = (random.below(128), random.below(10));
    let mut side = |last: u32| {
        let (before, after) = (at as usize, random.below(4) as usize);
        let tokens = [random.tokens(before), vec![last], random.tokens(after)].concat();
        let signed = whole(&salts, &secret, job, choice, &tokens);
        let which = Which::Output { choice };
        (signed, PartialOpening::new(&salts, which, &tokens, at).unwrap())
    };
    let (one, other) = (side(7), side(8));
    (salts.network, Equivocation { one, other })
}

/// One head over all tokens, from the first on.
pub(crate) fn whole(
    salts: &Salts,
    secret: &SecretKey,
    job: [u8; 32],
    choice: u32,
    tokens: &[u32],
) -> SignedHead {
    let vector = TokenVector::over(*salts, Which::Output { choice }, tokens);
    let (count, root) = (vector.count(), vector.root());
    let head = Head { job, choice, start: 0, prior: [0; 32], count, root };
    SignedHead::sign(head, secret, salts.network)
}

pub(crate) fn job_leaf(random: &mut Random) -> JobLeaf {
    let salts = random.salts();
    let leaf = u8::try_from(random.below(8)).unwrap();
    job(random, &salts).show(&salts, leaf).unwrap()
}

pub(crate) fn log_leaf(random: &mut Random) -> LogLeaf {
    if random.flip() {
        return LogLeaf::offline(random.bytes());
    }
    let mut amount = || u128::from_le_bytes(random.bytes());
    let (from, to) = (amount(), amount());
    LogLeaf { receipt: random.bytes(), channel: random.bytes(), from, to }
}

pub(crate) fn missing_answer(random: &mut Random) -> MissingAnswer {
    let (leaf, index, levels) = (log_leaf(random), random.next(), random.few(0, 53));
    MissingAnswer { leaf, index, proof: (0..levels).map(|_| random.bytes()).collect() }
}
