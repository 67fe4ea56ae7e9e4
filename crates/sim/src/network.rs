//! The simulated network: what happens next, and when.
//!
//! An event queue ordered by (time, sequence): what is equal in time happens in the order in which it was asked for. Links
//! have latency, and may lose, double, slow down and cut off what goes over them; so what was said first may come last.
//! Never a clock: time is what the queue says.

use std::collections::BTreeMap;

use crate::random::Random;
use crate::validator::{Event, Message, Peer};

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// To a validator; what it asked itself to be woken for, only if it has not begun again since.
    Validator(Peer, Option<u64>, Event),
    /// Clients may send something.
    Clients,
    /// A fault begins.
    Begins(usize),
    /// A fault ends.
    Ends(usize),
}

/// What the links do, besides taking their time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weather {
    /// Messages of a thousand that are lost.
    pub(crate) lost: u64,
    /// Messages of a thousand that come twice.
    pub(crate) doubled: u64,
    /// By how much a message may be late, in milliseconds.
    pub(crate) late_ms: u64,
    /// Who hears whom: those with the same number.
    pub(crate) sides: Option<Vec<u64>>,
    /// Nobody hears anybody.
    pub(crate) down: bool,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Network {
    now_ms: u64,
    sequence: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    /// The least and the most that a link takes, from one to another.
    latency: Vec<Vec<(u64, u64)>>,
    pub(crate) weather: Weather,
    pub(crate) random: Random,
}

impl Network {
    /// Links between so many, each with its own latency.
    pub(crate) fn new(mut random: Random, count: usize) -> Self {
        let mut link = || {
            let least = random.between(2, 80);
            (least, least + random.between(1, 60))
        };
        let latency = (0..count).map(|_| (0..count).map(|_| link()).collect()).collect();
        let (queue, weather) = (BTreeMap::new(), Weather::default());
        Self { now_ms: 0, sequence: 0, queue, latency, weather, random }
    }

    /// The time.
    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// How much has happened.
    pub(crate) fn happened(&self) -> u64 {
        self.sequence - u64::try_from(self.queue.len()).expect("a queue in memory")
    }

    /// What happens next; time goes there.
    pub(crate) fn next(&mut self) -> Option<Happening> {
        let ((at, _), happening) = self.queue.pop_first()?;
        self.now_ms = at;
        Some(happening)
    }

    /// Lets something happen after so many milliseconds.
    pub(crate) fn after(&mut self, wait_ms: u64, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((self.now_ms.saturating_add(wait_ms), self.sequence), happening);
    }

    /// Sends a message on its way.
    pub(crate) fn send(&mut self, from: Peer, to: Peer, message: &Message) {
        let Weather { lost, doubled, late_ms, ref sides, down } = self.weather;
        let parted = sides.as_ref().is_some_and(|sides| sides[from.0] != sides[to.0]);
        let copies = match self.random.below(1_000) {
            _ if down || parted => 0,
            drawn if drawn < lost => 0,
            drawn if drawn >= 1_000 - doubled => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let (least, most) = self.latency[from.0][to.0];
            let late = if late_ms > 0 { self.random.below(late_ms) } else { 0 };
            let wait = self.random.between(least, most) + late;
            let heard = Event::Heard(from, message.clone());
            self.after(wait, Happening::Validator(to, None, heard));
        }
    }
}
