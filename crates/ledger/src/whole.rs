//! Whether an answer is whole: every choice of its job, by one worker alone, ended as the job's own leaves say.
//!
//! Never looks for a stop string in the answer: the bytes of its tokens stand nowhere in the ledger. Whether the tokens
//! are the model's is for disputes.

use commit::{Network, Reader, WireError, Writer};
use program::{Checked, OpIndex, Place};
use receipt::limits::{AFTER_CANCEL_MAX, RECEIPT_CHOICES_MAX};
use receipt::{
    Choice, Counts, JobLeaf, PartialOpening, PublicKey, Receipt, Stop as Ended, StopRule, Which,
};

use crate::disputes::NamedModel;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Bytes of a job's leaf: that of stop rules has the most.
const LEAF_BYTES_MAX: usize = 1 << 15;
/// Bytes of a token that is shown alone.
const END_BYTES_MAX: usize = 1 << 10;

/// What a job says of how its answer ends, and what shows that it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobShown {
    /// Leaf 3: how many choices, how many tokens of prompt.
    pub parameters: JobLeaf,
    /// Leaf 5: stop rules.
    pub stop: JobLeaf,
    /// The last token of each choice that a stop token ended, in order.
    pub ends: Vec<PartialOpening>,
    /// The job's model, exactly where a choice ends as only the model can tell: by its context, or in a fault.
    pub model: Option<NamedModel>,
}

impl JobShown {
    pub(crate) fn write(&self, out: &mut Writer) {
        write_piece(out, &self.parameters.encode());
        write_piece(out, &self.stop.encode());
        out.length_u8(self.ends.len());
        self.ends.iter().for_each(|end| write_piece(out, &end.encode()));
        out.u8(self.model.is_some().into());
        if let Some(model) = &self.model {
            model.write(out);
        }
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut leaf =
            || JobLeaf::decode(input.bytes_u16("bytes of a job's leaf", LEAF_BYTES_MAX)?);
        let (parameters, stop) = (leaf()?, leaf()?);
        let ends = input.list_u8("last tokens", RECEIPT_CHOICES_MAX, |input| {
            PartialOpening::decode(input.bytes_u16("bytes of a token", END_BYTES_MAX)?)
        })?;
        let model = match input.u8("whether a model is named")? {
            0 => None,
            1 => Some(NamedModel::read(input)?),
            found => {
                let what = "whether a model is named";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        };
        Ok(Self { parameters, stop, ends, model })
    }

    pub(crate) fn touches(&self) -> Vec<Vec<u8>> {
        self.model.iter().flat_map(NamedModel::touches).collect()
    }

    pub(crate) fn work(&self) -> u64 {
        self.model.as_ref().map_or(0, NamedModel::work)
    }

    /// Whether the receipt is of a whole answer to this job.
    ///
    /// # Errors
    /// [`Rejection::ShownOther`] for what is not of the job, [`Rejection::AnswerPart`] for an answer that is not whole, and
    /// those of [`NamedModel::judge`].
    pub(crate) fn check(
        &self,
        network: Network,
        view: &View,
        (receipt, requester): (&Receipt, &PublicKey),
    ) -> Result<(), Stop> {
        let (counts, rule) = self.leaves(network, receipt)?;
        require(counts.prompt == receipt.usage.prompt, Rejection::ShownOther)?;
        let modelled = receipt.choices.iter().any(|choice| is_by_model(choice, &rule));
        let named = self.model.as_ref().is_none_or(|model| model.package.model == receipt.model);
        require(modelled == self.model.is_some() && named, Rejection::ShownOther)?;
        let whole = receipt.choices.iter().map(|choice| choice.index).eq(0..counts.choices);
        let mut ends = self.ends.iter();
        let held = receipt.choices.iter().all(|choice| {
            let end = if choice.stop == Ended::Token { ends.next() } else { None };
            let signed = choice.stop.is_signed(requester, network, &receipt.job, choice.index);
            choice.count() <= rule.tokens_max
                && signed
                && ended(choice, &rule, end.filter(|end| is_last(end, choice, network)))
        });
        require(whole && held && ends.next().is_none(), Rejection::AnswerPart)?;
        let Some(model) = &self.model else { return Ok(()) };
        model.judge(view, |model| {
            let checked = model.checked();
            let mut choices = receipt.choices.iter().filter(|choice| is_by_model(choice, &rule));
            let held = choices.all(|choice| ended_by_model(choice, counts.prompt, checked));
            Ok(require(held, Rejection::AnswerPart)?)
        })
    }

    /// What the job's leaves say.
    fn leaves(&self, network: Network, receipt: &Receipt) -> Result<(Counts, StopRule), Rejection> {
        let of_job =
            [&self.parameters, &self.stop].iter().all(|leaf| leaf.is_of(network, &receipt.job));
        let (counts, rule) = (self.parameters.counts().ok(), self.stop.stop_rule().ok());
        counts.zip(rule).filter(|_| of_job).ok_or(Rejection::ShownOther)
    }
}

/// Whether a receipt is of what its worker alone did, and says why each choice ended. Another's tokens nobody would answer
/// for, and what is unfinished can be as little as its worker likes.
pub(crate) fn is_own(receipt: &Receipt) -> bool {
    receipt.choices.iter().all(|choice| {
        choice.segments.len() == 1
            && choice.segments.iter().all(|segment| segment.worker == receipt.worker)
            && choice.stop != Ended::Unfinished
    })
}

/// Whether only the model tells that the choice ended so.
fn is_by_model(choice: &Choice, rule: &StopRule) -> bool {
    match choice.stop {
        Ended::Fault { .. } => true,
        Ended::Length => choice.count() < rule.tokens_max,
        Ended::Token | Ended::String { .. } | Ended::Cancelled { .. } | Ended::Unfinished => false,
    }
}

/// Whether the choice ended so, as far as the stop rules tell.
fn ended(choice: &Choice, rule: &StopRule, last: Option<&PartialOpening>) -> bool {
    let count = choice.count();
    match choice.stop {
        Ended::Token => last.is_some_and(|last| rule.tokens.binary_search(&last.token).is_ok()),
        Ended::String { index } => count > 0 && usize::from(index) < rule.strings.len(),
        Ended::Cancelled { count: wanted, .. } => {
            wanted <= count && count - wanted <= AFTER_CANCEL_MAX
        }
        // By the greatest count, or the model tells.
        Ended::Length | Ended::Fault { .. } => true,
        Ended::Unfinished => false,
    }
}

/// Whether the choice ended so, where the model tells: the context is full, or the fault is one that can be disputed.
fn ended_by_model(choice: &Choice, prompt: u32, checked: &Checked) -> bool {
    let (all, context) = (prompt.saturating_add(choice.count()), checked.program().context_max);
    match choice.stop {
        Ended::Length => all == context,
        Ended::Fault { position, op } => checked.site(OpIndex(op)).is_some_and(|site| {
            let drawn = site.place != Place::Epilogue || position.saturating_add(1) >= prompt;
            drawn && position < all && position < context
        }),
        Ended::Token | Ended::String { .. } | Ended::Cancelled { .. } | Ended::Unfinished => true,
    }
}

/// Whether it is the last token of the choice.
fn is_last(end: &PartialOpening, choice: &Choice, network: Network) -> bool {
    end.which == Which::Output { choice: choice.index }
        && end.count == choice.count()
        && end.position.checked_add(1) == Some(end.count)
        && end.root(network) == Some(choice.root())
}

fn write_piece(out: &mut Writer, bytes: &[u8]) {
    out.length_u16(bytes.len());
    out.bytes(bytes);
}
