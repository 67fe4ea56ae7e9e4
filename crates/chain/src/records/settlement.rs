//! What was settled in an epoch: each channel once, and all of them laid end to end.
//!
//! Never paid out before its epoch could be audited: until it is collected, a settlement holds the money.

use commit::{Reader, WireError, Writer};

use super::{AuditTerms, ChannelId, NodeId, Record, Slot, Tag, read_share};
use crate::values::{Amount, Epoch, Time};

/// Spans of a settlement that a record lists: where there would be more, all of it counts.
pub const SPANS_MAX: usize = 16;
/// Parts that a share is counted in.
const MILLION: u128 = 1_000_000;

/// Where an epoch's book stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochBookSlot(pub Epoch);

/// An epoch in which something was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochBook {
    /// When the epoch began.
    pub began: Time,
    /// All that was settled in it.
    pub settled: Amount,
    /// How many settlements are still there; none: neither is the book.
    pub settlements: u64,
    /// By what they are audited.
    pub terms: AuditTerms,
}

/// Where a settlement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettlementSlot {
    /// In which epoch.
    pub epoch: Epoch,
    /// On which channel.
    pub channel: ChannelId,
}

/// Money of a channel between two of its amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Where it begins.
    pub from: Amount,
    /// Where it ends: above.
    pub to: Amount,
}

/// What a node settled on a channel in an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Who is paid.
    pub node: NodeId,
    /// From what was settled before to what is now.
    pub span: Span,
    /// What was settled in the epoch before, on all channels: where this one lies among them.
    pub starts: Amount,
    /// Millionths of it that went to the treasury for audits when it was settled: 1,000,000 at most.
    pub share: u32,
    /// Spans that are not paid any more: their money has gone elsewhere. In order, none touching another.
    pub voided: Vec<Span>,
    /// How many proceedings are about it: it is not paid out while there are any.
    pub held: u16,
}

impl Span {
    /// How much lies in it.
    #[must_use]
    pub fn amount(self) -> Amount {
        self.to.minus(self.from).expect("a span ends above its beginning")
    }

    /// What lies in both; none where nothing does.
    #[must_use]
    pub fn within(self, other: Self) -> Option<Self> {
        let (from, to) = (self.from.max(other.from), self.to.min(other.to));
        (from < to).then_some(Self { from, to })
    }

    /// Spans of this one, and one more, as a record lists them: those that touch are one. More than [`SPANS_MAX`] are
    /// all of it.
    #[must_use]
    pub fn joined(self, spans: &[Self], more: Self) -> Vec<Self> {
        let touches = |span: &&Self| span.from <= more.to && more.from <= span.to;
        let (near, far): (Vec<&Self>, Vec<&Self>) = spans.iter().partition(touches);
        let grow = |all: Self, span: &Self| Self {
            from: all.from.min(span.from),
            to: all.to.max(span.to),
        };
        let mut spans: Vec<_> = far.into_iter().copied().collect();
        spans.push(near.into_iter().fold(more, grow));
        spans.sort_unstable();
        if spans.len() > SPANS_MAX { vec![self] } else { spans }
    }

    fn write(self, out: &mut Writer) {
        self.from.write(out);
        self.to.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let from = Amount::read(input, "where a span begins")?;
        let to = Amount::read(input, "where a span ends")?;
        if from >= to {
            let reason = "it does not end above its beginning";
            return Err(WireError::Value { what: "a span of money", reason });
        }
        Ok(Self { from, to })
    }
}

pub(super) fn write_spans(out: &mut Writer, spans: &[Span]) {
    out.length_u8(spans.len());
    spans.iter().for_each(|span| span.write(out));
}

/// In order, none touching another.
pub(super) fn read_spans(
    input: &mut Reader<'_>,
    what: &'static str,
) -> Result<Vec<Span>, WireError> {
    let spans = input.list_u8(what, SPANS_MAX, Span::read)?;
    match spans.is_sorted_by(|one, next| one.to < next.from) {
        true => Ok(spans),
        false => Err(WireError::Order { what }),
    }
}

impl Settlement {
    /// What of it is void.
    #[must_use]
    pub fn void(&self) -> Amount {
        let more = |sum: Amount, void: &Span| sum.plus(void.amount());
        let sum = self.voided.iter().try_fold(Amount::ZERO, more);
        sum.expect("what is void lies in the settlement, each once")
    }

    /// What of so much of it went to the treasury: downwards.
    #[must_use]
    pub fn kept(&self, amount: Amount) -> Amount {
        let share = u128::from(self.share);
        Amount(amount.0 / MILLION * share + amount.0 % MILLION * share / MILLION)
    }

    /// What of so much of it was not kept.
    #[must_use]
    pub fn after_share(&self, amount: Amount) -> Amount {
        amount.minus(self.kept(amount)).expect("a share is no more than the whole")
    }

    /// What is still to be paid: without what is void, and without what was kept when it was settled. The money in it.
    #[must_use]
    pub fn left(&self) -> Amount {
        let whole = self.after_share(self.span.amount());
        whole.minus(self.after_share(self.void())).expect("a part is no more than the whole")
    }
}

impl Slot for EpochBookSlot {
    type Record = EpochBook;

    fn key(&self) -> Vec<u8> {
        Tag::EpochBook.key(&[&self.0.0.to_le_bytes()])
    }
}

impl EpochBookSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.u64("an epoch").map(|epoch| Self(Epoch(epoch)))
    }
}

impl Record for EpochBook {
    fn write(&self, out: &mut Writer) {
        out.u64(self.began.0);
        self.settled.write(out);
        out.u64(self.settlements);
        self.terms.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            began: Time(input.u64("when an epoch began")?),
            settled: Amount::read(input, "what was settled in an epoch")?,
            settlements: input.u64("settlements of an epoch")?,
            terms: AuditTerms::read(input)?,
        })
    }
}

impl Slot for SettlementSlot {
    type Record = Settlement;

    fn key(&self) -> Vec<u8> {
        Tag::Settlement.key(&[&self.epoch.0.to_le_bytes(), &self.channel.0])
    }
}

impl SettlementSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let epoch = Epoch(input.u64("an epoch")?);
        Ok(Self { epoch, channel: ChannelId::read(input)? })
    }
}

impl Record for Settlement {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        self.span.write(out);
        self.starts.write(out);
        out.u32(self.share);
        write_spans(out, &self.voided);
        out.u16(self.held);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let node = NodeId::read(input)?;
        let span = Span::read(input)?;
        let starts = Amount::read(input, "where a settlement lies")?;
        let share = read_share(input, "the audits' share")?;
        let what = "spans that are void";
        let voided = read_spans(input, what)?;
        let inside = |void: &Span| span.from <= void.from && void.to <= span.to;
        if !voided.iter().all(inside) {
            let reason = "they do not lie in the settlement";
            return Err(WireError::Value { what, reason });
        }
        let held = input.u16("proceedings about a settlement")?;
        Ok(Self { node, span, starts, share, voided, held })
    }
}
