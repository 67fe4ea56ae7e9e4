//! Validators certify one block a height, each is what follows from the one before, and its certificate holds for the
//! seats of the state before it.
//!
//! Would catch: two chains, a block that no view's leader made, a certificate of too few or of others, a block that was certified though it may not follow, a
//! stamp that ran ahead of every sound clock. Every checker of ledger seeds looks at these blocks too.

use chain::state::State;
use chain::{Authentic, Block, Certificate, Header, Transaction};
use ledger::Opening;
use std::sync::Arc;

use super::{Checkers, Refused, Step, holds};
use crate::random::Random;
use crate::scene::seats;
use crate::subject::Subject;

/// The chain as whoever reads everything sees it.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) state: State,
    pub(crate) header: Header,
    /// Blocks from the first on.
    pub(crate) chain: Vec<Arc<Block>>,
    pub(crate) refused: Refused,
    checkers: Checkers,
}

/// What is known about the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latest {
    /// What no sound clock's stamp is above.
    pub(crate) stamp: u64,
}

impl Observer {
    pub(crate) fn new(state: State, header: Header) -> Self {
        let checkers = Checkers::new(&state);
        Self { state, header, chain: Vec::new(), refused: Refused::new(), checkers }
    }

    /// A sound validator has a block for certified.
    pub(crate) fn look(
        &mut self,
        block: &Arc<Block>,
        certificate: &Certificate,
        latest: Latest,
        random: &mut Random,
    ) -> Vec<(&'static str, String)> {
        let height = block.header.height;
        let network = self.state.network();
        let at = usize::try_from(height.0).unwrap_or(usize::MAX);
        if at <= self.chain.len() && at > 0 {
            let same = *self.chain[at - 1] == **block;
            let two = || format!("two blocks are certified at height {}", height.0);
            return seen("finality", holds(same, two));
        }
        if height != self.header.height.next() {
            return seen("finality", Err(format!("height {} comes out of order", height.0)));
        }
        let hash = block.header.hash(network);
        let before = seats(&self.state).unwrap_or_default();
        if let Err(error) = certificate.check(network, &before, &hash) {
            return seen("certificates", Err(format!("height {}: {error}", height.0)));
        }
        let Certificate::Quorum { view, .. } = certificate else {
            return seen("certificates", Err(format!("height {}: not of seats", height.0)));
        };
        let count = u64::try_from(before.0.len()).unwrap_or(u64::MAX).max(1);
        let led = |view: u64| usize::try_from((height.0 + view) % count).ok();
        let mut leaders = (0..count).take_while(|at| *at <= view.0).filter_map(led);
        if !leaders.any(|at| before.0.get(at).is_some_and(|seat| seat.key == block.header.proposer))
        {
            return seen("proposers", Err(format!("height {} has no leader's block", height.0)));
        }
        let bytes = certificate.encode();
        if Certificate::decode(&bytes).as_ref() != Ok(certificate) {
            return seen("certificates", Err("a certificate is read as another".into()));
        }
        if block.header.stamp.0 > latest.stamp {
            let (stamp, most) = (block.header.stamp.0, latest.stamp);
            return seen("clocks", Err(format!("a stamp of {stamp} is certified at {most}")));
        }
        self.follow(block, random)
    }

    /// Applies the next block and lets every other checker look.
    fn follow(&mut self, block: &Arc<Block>, random: &mut Random) -> Vec<(&'static str, String)> {
        let after = match ledger::apply(&self.state, &self.header, Block::clone(block)) {
            Ok(after) => after,
            Err(error) => {
                let height = block.header.height.0;
                return seen("finality", Err(format!("height {height} is certified: {error}")));
            }
        };
        let network = self.state.network();
        let signed = |made: &Transaction| made.clone().authenticate(network);
        let authentic: Vec<Authentic> = block.transactions.iter().filter_map(signed).collect();
        let step = Step {
            subject: Subject::new(None),
            before: &self.state,
            parent: &self.header,
            opening: Opening { stamp: block.header.stamp, beacon: block.header.beacon },
            offers: &[],
            authentic: &authentic,
            block,
            after: &after,
            left_out: &[],
        };
        let found = self.checkers.look(&step, random, &mut self.refused);
        (self.state, self.header) = (after, block.header);
        self.chain.push(block.clone());
        found
    }
}

fn seen(name: &'static str, seen: super::Seen) -> Vec<(&'static str, String)> {
    seen.err().map(|what| (name, what)).into_iter().collect()
}
