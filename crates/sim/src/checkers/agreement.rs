//! Who judges a block comes to the proposer's root; and so does somebody whose state was made again from its entries, in
//! any order, by any steps.
//!
//! Would catch: a rule that depends on something besides state and block (the order of a map, what was left out before,
//! which transactions were signed together), a tree whose form depends on its past.
//!
//! One block in so many is judged with its signatures; of the others those that held when they were offered are not
//! checked again, for that is what most of a seed's time would go to. Altered blocks are judged with theirs.

use chain::state::{Changes, State};

use super::{Seen, Step, holds};
use crate::random::Random;

/// Before one block in so many the second validator's state is made again; it judges that one with its signatures.
const REMADE: u64 = 12;

/// A second validator: it sees blocks and nothing else.
#[derive(Debug)]
pub(crate) struct Second {
    state: State,
}

impl Second {
    pub(crate) fn new(state: &State) -> Self {
        Self { state: state.clone() }
    }

    pub(crate) fn check(&mut self, step: &Step<'_>, random: &mut Random) -> Seen {
        let again = random.once_in(REMADE);
        if again {
            let again = remade(&self.state, random);
            holds(again.root() == self.state.root(), || {
                "a state made again from its entries has another root".to_owned()
            })?;
            self.state = again;
        }
        let signed = if again { None } else { step.signed() };
        let judged = match signed {
            Some(signed) => {
                step.subject.apply_authentic(&self.state, step.parent, step.block, &signed)
            }
            None => step.subject.apply(&self.state, step.parent, step.block.clone()),
        };
        let judged = judged.map_err(|error| format!("who judges refuses the block: {error}"))?;
        self.state = judged;
        let (theirs, ours) = (self.state.root(), step.after.root());
        holds(theirs == ours && ours == step.block.header.state_root, || {
            format!(
                "block {}: who proposed has root {}, who judges {}, the header {}",
                step.block.header.height.0,
                commit::hex(&ours),
                commit::hex(&theirs),
                commit::hex(&step.block.header.state_root)
            )
        })
    }
}

/// The same entries, put in some order and in some steps.
fn remade(state: &State, random: &mut Random) -> State {
    let mut entries: Vec<_> = state.entries().cloned().collect();
    random.shuffle(&mut entries);
    let size = entries.len() / (1 + random.index(7)) + 1;
    let mut made = State::empty(state.network());
    for some in entries.chunks(size) {
        let put = some.iter().map(|entry| (state.place(&entry.key), Some(entry.clone())));
        made = made.updated(&put.collect::<Changes>());
    }
    made
}
