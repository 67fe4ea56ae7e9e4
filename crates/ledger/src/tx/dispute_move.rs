//! Kind 51, dispute_move: one side's move, taken by the referee.

use chain::records::{DisputeSlot, NodeId, NodeSlot, Slot, Stage, dispute_state_hash};
use commit::{Reader, WireError, Writer};
use dispute::limits::{MOVE_BYTES_MAX, STATE_BYTES_MAX};
use dispute::{Dispute, Move, Party};

use crate::context::{Author, Context};
use crate::disputes::{NO_TIME, NamedModel, Open, kept};
use crate::liability::answer;
use crate::nodes::find;
use crate::parameters::Parameter;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Work of a move that the referee only compares.
const WORK: u64 = 500;
/// Work of the greatest tile, executed, with its proofs: three times what `cargo xtask bench referee` prints.
const TILE_WORK: u64 = 2_000;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeMove {
    /// In which dispute.
    pub dispute: DisputeSlot,
    /// Who is accused.
    pub node: NodeId,
    /// The model that it is about.
    pub model: NamedModel,
    /// The referee's state before the move.
    pub state: Vec<u8>,
    /// The move.
    pub made: Move,
}

impl DisputeMove {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.dispute.0);
        out.bytes(&self.node.0);
        self.model.write(out);
        out.length_u16(self.state.len());
        out.bytes(&self.state);
        let made = self.made.encode();
        out.length_u32(made.len());
        out.bytes(&made);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            dispute: DisputeSlot::read(input)?,
            node: NodeId::read(input)?,
            model: NamedModel::read(input)?,
            state: input.bytes_u16("bytes of a state", STATE_BYTES_MAX)?.to_vec(),
            made: Move::decode(input.bytes_u32("bytes of a move", MOVE_BYTES_MAX)?)?,
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        let [package, program] = self.model.touches();
        vec![self.dispute.key(), NodeSlot(self.node).key(), package, program]
    }

    pub(super) fn work(&self) -> u64 {
        let work = match &self.made {
            Move::Operands(_) => TILE_WORK,
            Move::Root(_)
            | Move::OwnRoot { .. }
            | Move::Children(_)
            | Move::Name(_)
            | Move::Ops { .. }
            | Move::Parts(_)
            | Move::Open(_)
            | Move::Blind(_) => WORK,
        };
        work + self.model.work()
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let mut open = Open::find(view, self.dispute, self.node)?;
        open.check_model(&self.model)?;
        let side = self.side(author, view, &open)?;
        require(context.clock.time <= open.case.deadline, Rejection::MoveLate)?;
        let network = context.network;
        require(
            dispute_state_hash(network, &self.state) == open.case.state,
            Rejection::DisputeState,
        )?;
        let after = self.model.judge(view, |model| {
            let referee = Dispute::decode(model, network, &self.state);
            let mut referee = referee.map_err(|_| Rejection::DisputeState)?;
            let taken = referee.take(side, &self.made, NO_TIME);
            taken.map_err(|_| Rejection::MoveRefused)?;
            Ok(kept(network, &referee))
        })?;
        (open.case.stage, open.case.state) = after;
        open.case.begun = true;
        let window = context.parameters.get_u64(Parameter::MoveMs);
        open.case.deadline = context.clock.time.after(window);
        self.answered(context, author, view)?;
        open.put(view)
    }

    /// A node that moves is there.
    fn answered(&self, context: &Context, author: &Author, view: &mut View) -> Result<(), Stop> {
        let before = find(view, self.node)?;
        let mut node = before.clone();
        answer(context, author, &mut node);
        match node == before {
            true => Ok(()),
            false => view.put(&NodeSlot(self.node), &node),
        }
    }

    /// Whose move it is, where the payer may make it: what hashes determine anybody may bring for a node.
    fn side(&self, author: &Author, view: &View, open: &Open) -> Result<Party, Stop> {
        let (side, may) = match open.case.stage {
            Stage::Claimant => {
                let node = find(view, self.node)?;
                let own = [node.owner, node.operator].contains(&author.payer);
                (Party::Claimant, own || matches!(self.made, Move::Children(_)))
            }
            Stage::Challenger => (Party::Challenger, author.payer == open.challenger),
            Stage::Silent | Stage::Decided(_) => return Err(Rejection::NotAsked.into()),
        };
        require(may, Rejection::NotAsked)?;
        Ok(side)
    }
}
