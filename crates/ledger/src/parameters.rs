//! The parameters: one table of numbers, with their units, bounds and reasons.
//!
//! Never read from anywhere but the state. A value outside its bounds can't be set.

use chain::records::{ParameterNumber, ParameterValues};
use std::collections::BTreeMap;

/// A parameter's row.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which.
    pub parameter: Parameter,
    /// Its name.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: &'static str,
    /// Its value, unless a genesis or a proposal says otherwise.
    pub default: u128,
    /// The least and the greatest that may be.
    pub bounds: (u128, u128),
    /// Why.
    pub reason: &'static str,
}

macro_rules! parameters {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $text:literal, $unit:literal,
        $default:literal, ($min:literal, $max:literal), $reason:literal;)+) => {
        /// A parameter. A number is never used twice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Parameter {
            $($(#[doc = $doc])+ $name = $number,)+
        }

        /// All of them, by their numbers.
        pub const TABLE: &[Row] = &[$(Row {
            parameter: Parameter::$name,
            name: $text,
            unit: $unit,
            default: $default,
            bounds: ($min, $max),
            reason: $reason,
        }),+];
    };
}

parameters! {
    /// What a byte of a transaction costs.
    FeeByte = 1, "fee_byte", "money a byte", 10, (0, 1_000_000_000),
        "a block has room for so many bytes; who fills it pays for all that keep it";
    /// What a unit of work costs.
    FeeWork = 2, "fee_work", "money a unit", 100, (0, 1_000_000_000_000),
        "a unit is about a microsecond of every validator";
    /// What a byte costs that the state grows by.
    FeeState = 3, "fee_state", "money a byte", 1_000, (0, 1_000_000_000_000),
        "every validator keeps it until it is removed, so it costs more than bytes that pass";
    /// How long an epoch takes.
    EpochMs = 4, "epoch_ms", "milliseconds", 3_600_000, (10_000, 604_800_000),
        "a worker anchors once an epoch; a receipt can be shown in the ledger after one at the latest";
    /// How far block time goes in a block.
    TimeStepMs = 5, "time_step_ms", "milliseconds", 10_000, (1_000, 60_000),
        "a network that stood still gives nobody's deadline away, and who pushes the clock wins this at most";
    /// What is issued in an epoch.
    IssuedEpoch = 6, "issued_epoch", "money", 0, (0, 1_000_000_000_000_000_000),
        "fees pay who has the seats; a network that wants more says so";
    /// What a candidate has at stake.
    StakeValidator = 10, "stake_validator", "money", 1_000_000_000, (1, 1_000_000_000_000_000_000_000_000),
        "who orders blocks has something to lose, and the list of candidates is not filled for nothing";
    /// How long stake takes to leave.
    UnbondMs = 11, "unbond_ms", "milliseconds", 1_209_600_000, (1_320_000, 31_536_000_000),
        "stake answers for what was signed until all that can be shown of it was; nobody votes twice with it";
    /// How many seats there are.
    SeatsMax = 12, "seats_max", "seats", 31, (4, 128),
        "fine enough to follow stakes; a third of them is ten, and a certificate stays small";
    /// How few candidates change the seats.
    CandidatesMin = 13, "candidates_min", "nodes", 4, (1, 128),
        "fewer than four can't do without one of them; until so many stand the seats stay as they are";
    /// How long stake takes to leave at least, whatever is voted.
    UnbondLeast = 14, "unbond_least", "milliseconds", 1_209_600_000, (1_320_000, 31_536_000_000),
        "the genesis says it and no vote: who follows the network from an old header relies on it";
    /// What a term of a name costs.
    NameFee = 20, "name_fee", "money", 10_000_000, (0, 1_000_000_000_000_000_000),
        "who takes a name from everybody else pays for it, or names would be kept for sale";
    /// How long a term of a name takes.
    NameMs = 21, "name_ms", "milliseconds", 31_536_000_000, (60_000, 315_360_000_000),
        "a year: a name that nobody cares for comes back";
    /// How long a name that lapsed can be renewed by its owner alone.
    NameGraceMs = 22, "name_grace_ms", "milliseconds", 2_592_000_000, (0, 31_536_000_000),
        "thirty days: who forgot to pay does not lose at once what others rely on";
    /// How far ahead a name can be paid for.
    NameAheadMs = 23, "name_ahead_ms", "milliseconds", 315_360_000_000,
        (315_360_000_000, 3_153_600_000_000),
        "ten years, as long as a term may be: nobody buys a name for ever at today's price";
    /// How long a channel can still be settled when its payer closes it.
    ChannelCloseMs = 30, "channel_close_ms", "milliseconds", 86_400_000, (60_000, 2_592_000_000),
        "a day: a node that was away still gets what it was promised";
    /// How long a key that is an operator's no more can still anchor its log.
    AnchorLateMs = 31, "anchor_late_ms", "milliseconds", 10_800_000, (22_000, 1_209_720_000),
        "three epochs: what a key signed last is still anchored, and who stole it has no longer";
    /// How many whole epochs a settlement waits.
    CollectEpochs = 32, "collect_epochs", "epochs", 48, (2, 1_997),
        "audits and disputes about an epoch's answers come before its pay";
    /// What is kept of a settlement.
    AuditShare = 33, "audit_share", "millionths", 40_000, (0, 500_000),
        "pays audits, and makes it cost something to pay oneself so that one's other answers are drawn less";
    /// How long a side has for a move.
    MoveMs = 40, "move_ms", "milliseconds", 21_600_000, (60_000, 604_800_000),
        "a person is woken, or a machine restarted, within it; a dispute of 12 rounds ends within a week";
    /// What a challenger puts in.
    Bond = 41, "bond", "money", 4_000_000, (0, 1_000_000_000_000_000_000),
        "half of it pays an accused node for its answers' fees";
    /// Open disputes of a node at the usual bond.
    DisputesMax = 42, "disputes_max", "disputes", 8, (1, 256),
        "beyond so many each further one takes twice the bond, so that nobody fills a node's list to keep others out";
    /// What a refuted node loses.
    Slash = 43, "slash", "money", 60_000_000, (0, 1_000_000_000_000_000_000),
        "more than false answers gain until one is found";
    /// What of it the challenger gets.
    ChallengerShare = 44, "challenger_share", "millionths", 250_000, (0, 500_000),
        "enough to look for, too little to accuse oneself for";
    /// How long a refuted or silent node is out of work.
    JailMs = 45, "jail_ms", "milliseconds", 604_800_000, (0, 31_536_000_000),
        "who was found has to be looked at by its owner before it goes on";
    /// How long a silent node's case can be taken up.
    AppealMs = 46, "appeal_ms", "milliseconds", 86_400_000, (60_000, 2_592_000_000),
        "a machine that was away is back within it";
    /// How long silences count together.
    SilenceWindowMs = 47, "silence_window_ms", "milliseconds", 2_592_000_000, (60_000, 31_536_000_000),
        "each one within it holds twice as much as the one before";
    /// What the challenger of a silent node gets beside its bond.
    SilenceFee = 48, "silence_fee", "money", 400_000, (0, 1_000_000_000_000_000),
        "most of its fees and never all, so that nothing is won by accusing who sleeps";
    /// How many epochs later a job is still judged.
    DisputeEpochs = 49, "dispute_epochs", "epochs", 240, (6, 1_998),
        "ten days: clients and auditors have looked by then, and openings need not be kept for ever";
    /// In how much settled money one unit is audited.
    AuditUnit = 50, "audit_unit", "money", 50_000_000, (1_000, 1_000_000_000_000_000_000_000_000),
        "less than what a false answer costs who gave it, so that all that was gained until one is drawn is less, too";
    /// How many auditors an audit has.
    Auditors = 51, "auditors", "nodes", 2, (1, 8),
        "one that computes and disputes is enough; another one sees who does not";
    /// What an auditor has at stake.
    StakeAuditor = 52, "stake_auditor", "money", 100_000_000, (1, 1_000_000_000_000_000_000_000_000),
        "who says that an answer is true has something to lose, and the list of auditors is not filled for nothing";
    /// How long a worker has to show what a drawn unit paid, or an opening.
    ShowMs = 53, "show_ms", "milliseconds", 7_200_000, (60_000, 604_800_000),
        "two hours: a worker answers draws by itself, and its log's earlier sizes reach back no further than a day more";
    /// How long auditors have to compute an answer and commit.
    CommitMs = 54, "commit_ms", "milliseconds", 21_600_000, (60_000, 604_800_000),
        "fetching a model and one pass over the longest answer fit into it";
    /// How long everybody has to reveal.
    RevealMs = 55, "reveal_ms", "milliseconds", 7_200_000, (60_000, 604_800_000),
        "nothing has to be computed any more";
    /// What an auditor gets whose finding another one shares.
    AuditFee = 56, "audit_fee", "money", 600_000, (0, 1_000_000_000_000_000_000),
        "all fees of an audit are less than the share that is kept of what one is drawn in";
    /// What whoever draws gets.
    DrawFee = 57, "draw_fee", "money", 700_000, (0, 1_000_000_000_000_000_000),
        "its transaction's fee, which is that of a record, and a little more";
    /// What a false alarm costs.
    FalseAlarm = 58, "false_alarm", "money", 4_000_000, (0, 1_000_000_000_000_000_000),
        "as much as a bond: who says that an answer is false disputes it";
    /// What an auditor loses that vouched for a false answer.
    LazySlash = 59, "lazy_slash", "money", 60_000_000, (0, 1_000_000_000_000_000_000),
        "more than fees for audits that were not done gain until a plant is met";
    /// How many plants whoever plants may have of an epoch.
    PlantsEpoch = 60, "plants_epoch", "plants", 4, (1, 256),
        "of one key in an epoch: enough that who looks at nothing is found out; each has a bond of its own";
    /// What whoever plants puts in for a plant.
    PlantBond = 61, "plant_bond", "money", 4_000_000, (0, 1_000_000_000_000_000_000),
        "who plants and never says what it was loses it; more than is paid of it";
    /// What of it goes to who finds the plant.
    PlantPay = 62, "plant_pay", "money", 500_000, (0, 1_000_000_000_000_000),
        "most of its fees to who disputes a plant, and never all, so that a planter's friend wins nothing by coming first";
    /// How long a plant stays.
    PlantEpochs = 63, "plant_epochs", "epochs", 480, (8, 2_000),
        "longer than its job can be disputed: as long again is left to show what it was";
    /// What whoever planted gets where an auditor that was drawn found it.
    PlantReward = 64, "plant_reward", "money", 100_000, (0, 1_000_000_000_000_000_000),
        "what an audit's other fees leave of the share that is kept of what one is drawn in, so that nobody plants for it";
    /// What a proposal puts down.
    ProposalBond = 70, "proposal_bond", "money", 100_000_000, (0, 1_000_000_000_000_000_000_000_000),
        "voters' time costs something, and who wastes it pays";
    /// How long is voted.
    VoteMs = 71, "vote_ms", "milliseconds", 432_000_000, (10_000, 2_592_000_000),
        "five days: owners' keys are cold and have to be fetched";
    /// How long what was decided waits.
    TimelockMs = 72, "timelock_ms", "milliseconds", 604_800_000, (10_001, 3_024_000_000),
        "seven days, longer than a vote: who runs a node sees what comes before it holds, and another proposal can end it";
    /// How long it may be enacted then.
    EnactMs = 73, "enact_ms", "milliseconds", 604_800_000, (60_000, 2_592_000_000),
        "seven days: what nobody wanted to enact does not come upon everybody later";
    /// How much of all stake has to vote.
    QuorumPercent = 74, "quorum_percent", "percent", 40, (1, 100),
        "a few can't decide while the others sleep; more would let a third of all stake stop everything";
    /// How much stake has to vote, however little there is.
    QuorumLeast = 75, "quorum_least", "money", 4_000_000_000, (0, 1_000_000_000_000_000_000_000_000),
        "four times what one candidate needs: where little is at stake yet, dust decides nothing";
}

impl Parameter {
    /// Its number.
    #[must_use]
    pub const fn number(self) -> ParameterNumber {
        ParameterNumber(self as u16)
    }

    /// Its row.
    #[must_use]
    pub fn row(self) -> &'static Row {
        let mut rows = TABLE.iter();
        rows.find(|row| row.parameter == self).expect("the table is made with the parameters")
    }
}

/// Epochs for which a drawn answer can be shown at most: an anchor has the sizes of 31 before it, and draws take some.
const SHOWN_EPOCHS: u128 = 26;
/// Of the epochs for which a job is judged, the part that is left when it is settled at the latest.
pub(crate) const PART_LEFT: u64 = 2;
/// Epochs that are over when the last audit of one is drawn.
const DRAWN_EPOCHS: u128 = 2;
/// Epochs that the least time of unbonding has room for at least: seats of one may have left while it began.
const LEAST_EPOCHS: u128 = 9;
/// Blocks that an epoch has at least, however seldom they come.
const EPOCH_BLOCKS: u128 = 4;
/// What opening a dispute (50) takes at least: bytes without a filing, work without ops, bytes of the record and its key.
/// One about a vouching (37) takes more.
const OPENS_DISPUTE: [u128; 3] = [269, 1_260, 425];
/// The same, of asking for a receipt (61).
const OPENS_MISSING: [u128; 3] = [226, 2_060, 258];
/// The same, of asking for a part (64).
const OPENS_PART: [u128; 3] = [268, 2_060, 242];
/// A share is counted in millionths.
const MILLION: u128 = 1_000_000;

/// The values that hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters([u128; TABLE.len()]);

impl Parameters {
    /// The defaults, and these values instead; `None` for a number that is none, a value outside its bounds, or values
    /// that do not go together.
    #[must_use]
    pub fn of(values: &ParameterValues) -> Option<Self> {
        let mut all = [0; TABLE.len()];
        for (value, row) in all.iter_mut().zip(TABLE) {
            *value = row.default;
        }
        for (number, value) in &values.0 {
            let at = TABLE.iter().position(|row| row.parameter.number() == *number)?;
            let (min, max) = TABLE[at].bounds;
            if !(min..=max).contains(value) {
                return None;
            }
            all[at] = *value;
        }
        Some(Self(all)).filter(Self::go_together)
    }

    /// These, and another value of one of them; `None` as in [`Self::of`], and for what only a genesis says.
    #[must_use]
    pub fn with(&self, number: ParameterNumber, value: u128) -> Option<Self> {
        if number == Parameter::UnbondLeast.number() {
            return None;
        }
        let values = TABLE.iter().zip(self.0).map(|(row, value)| (row.parameter.number(), value));
        let mut values: BTreeMap<_, _> = values.collect();
        values.insert(number, value);
        Self::of(&ParameterValues(values))
    }

    /// Whether stake and plants outlast what they answer for, keys can anchor what they signed last, nobody is paid before
    /// he can be disputed, accusing wins nothing by itself, an epoch has some blocks, and what was decided can be ended before it holds. No sum or product of
    /// values within their bounds leaves a u128.
    fn go_together(&self) -> bool {
        let (epoch, step) = (self.get(Parameter::EpochMs), self.get(Parameter::TimeStepMs));
        let longest = epoch + step;
        let judged = self.get(Parameter::DisputeEpochs);
        let least = self.get(Parameter::UnbondLeast);
        self.get(Parameter::UnbondMs) >= least.max((judged + 3) * longest)
            && least >= LEAST_EPOCHS * longest
            && self.get(Parameter::AnchorLateMs) >= 2 * longest
            && epoch >= EPOCH_BLOCKS * step
            && self.get(Parameter::CollectEpochs) < judged
            && self.get(Parameter::PlantEpochs) >= judged + 2
            && self.get(Parameter::VoteMs) < self.get(Parameter::TimelockMs)
            && self.audits_end_in_time()
            && self.audits_are_paid()
            && self.accusing_wins_nothing()
    }

    /// Whether a log's earlier sizes reach back from the last moment in which an answer is shown, and an alarm about an
    /// answer that was settled as late as it may be can still be disputed when all windows of its audit have passed.
    fn audits_end_in_time(&self) -> bool {
        let epoch = self.get(Parameter::EpochMs);
        let shown = self.get(Parameter::ShowMs) + self.get(Parameter::AppealMs);
        let answered = 2 * (shown + self.get(Parameter::CommitMs));
        let revealed = self.get(Parameter::RevealMs) + self.get(Parameter::AppealMs);
        let all = answered + revealed + self.get(Parameter::MoveMs);
        let left = self.get(Parameter::DisputeEpochs) / u128::from(PART_LEFT);
        shown <= SHOWN_EPOCHS * epoch && all <= left.saturating_sub(DRAWN_EPOCHS) * epoch
    }

    /// Whether audits are paid of what is kept for them.
    fn audits_are_paid(&self) -> bool {
        let kept = self.get(Parameter::AuditUnit) * self.get(Parameter::AuditShare) / MILLION;
        let fees = self.get(Parameter::Auditors) * self.get(Parameter::AuditFee);
        self.get(Parameter::DrawFee) + fees + self.get(Parameter::PlantReward) <= kept
    }

    /// Whether who accuses a node that sleeps, or its own plant, gets no more for it than opening the case took in fees.
    fn accusing_wins_nothing(&self) -> bool {
        let prices = [Parameter::FeeByte, Parameter::FeeWork, Parameter::FeeState];
        let prices = prices.map(|price| self.get(price));
        let fee = |counts: [u128; 3]| -> u128 {
            counts.into_iter().zip(prices).map(|(count, price)| count * price).sum()
        };
        let pays = self.get(Parameter::SilenceFee);
        let asked = [fee(OPENS_MISSING), fee(OPENS_PART)].iter().all(|fee| pays <= *fee);
        asked && pays.max(self.get(Parameter::PlantPay)) <= fee(OPENS_DISPUTE)
    }

    /// A parameter's value.
    #[must_use]
    pub fn get(&self, parameter: Parameter) -> u128 {
        let at = TABLE.iter().position(|row| row.parameter == parameter);
        self.0[at.expect("the table is made with the parameters")]
    }

    /// One of those that fit 64 bits, as their bounds say.
    #[must_use]
    pub fn get_u64(&self, parameter: Parameter) -> u64 {
        u64::try_from(self.get(parameter)).unwrap_or(u64::MAX)
    }
}
