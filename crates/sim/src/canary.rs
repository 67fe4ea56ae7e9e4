//! Broken rules, put in from outside: each is there to be caught, so that a checker that sees nothing is seen.
//!
//! Never built into the ledger: what a sound ledger gives is altered behind it, and whoever judges is altered alike.
//! [`Canary::caught_by`] names the checker that must see it; a test runs them all.

/// One broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Canary {
    /// Who judges comes to another entry than who proposed.
    JudgeDiffers,
    /// Every block loses a unit of somebody's money.
    UnitLost,
    /// What is rejected counts as one of its payer's transactions.
    RejectionCounts,
    /// Block time catches up at once with a clock that jumped.
    TimeCatchesUp,
    /// An account's number goes back, so that its transactions may come again.
    NumberGoesBack,
    /// Whatever is proposed may follow.
    AnythingFollows,
    /// A proof leads elsewhere.
    ProofLeadsAway,
    /// A block's bytes lack its last one.
    BytesLacking,
    /// Nobody looks at signatures.
    SignaturesIgnored,
    /// The header's epoch is not the state's.
    HeaderAhead,
    /// A unit goes from somebody who signed nothing to somebody else.
    UnitTaken,
    /// A sum is forgotten.
    SumForgotten,
    /// Every node's stake melts.
    StakeMelts,
    /// Who was away once goes on paying for it.
    AwayPaysOn,
    /// Who is refuted has its stake again.
    RefutedKeeps,
    /// Nobody is taken at its word who shows two receipts of one job.
    TwoReceiptsPass,
    /// What was collected is there again.
    CollectedAgain,
    /// Who settles is paid at once, and again when it is collected.
    SettledTwice,
    /// A vote counts for more than is there.
    VotesGrow,
}

impl Canary {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::JudgeDiffers,
        Self::UnitLost,
        Self::RejectionCounts,
        Self::TimeCatchesUp,
        Self::NumberGoesBack,
        Self::AnythingFollows,
        Self::ProofLeadsAway,
        Self::BytesLacking,
        Self::SignaturesIgnored,
        Self::HeaderAhead,
        Self::UnitTaken,
        Self::SumForgotten,
        Self::StakeMelts,
        Self::AwayPaysOn,
        Self::RefutedKeeps,
        Self::TwoReceiptsPass,
        Self::CollectedAgain,
        Self::SettledTwice,
        Self::VotesGrow,
    ];

    /// Whether it shows in courts alone.
    #[must_use]
    pub fn is_of_courts(self) -> bool {
        crate::checkers::COURT_NAMES.contains(&self.caught_by())
    }

    /// What it breaks, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JudgeDiffers => "who judges comes elsewhere",
            Self::UnitLost => "a block loses a unit",
            Self::RejectionCounts => "a rejected transaction counts",
            Self::TimeCatchesUp => "block time catches up at once",
            Self::NumberGoesBack => "an account's number goes back",
            Self::AnythingFollows => "any block may follow",
            Self::ProofLeadsAway => "a proof leads elsewhere",
            Self::BytesLacking => "a block's bytes lack one",
            Self::SignaturesIgnored => "no signature is looked at",
            Self::HeaderAhead => "a header says another epoch",
            Self::UnitTaken => "a unit is taken from a stranger",
            Self::SumForgotten => "the sum of stakes is forgotten",
            Self::StakeMelts => "every stake melts",
            Self::AwayPaysOn => "who was away goes on paying",
            Self::RefutedKeeps => "who is refuted has its stake again",
            Self::TwoReceiptsPass => "two receipts of one job cost nothing",
            Self::CollectedAgain => "what was collected is there again",
            Self::SettledTwice => "who settles is paid twice",
            Self::VotesGrow => "a vote counts for more than is there",
        }
    }

    /// The checker that sees it.
    #[must_use]
    pub fn caught_by(self) -> &'static str {
        match self {
            Self::JudgeDiffers => "agreement",
            Self::UnitLost => "supply",
            Self::RejectionCounts => "rejected",
            Self::TimeCatchesUp => "time",
            Self::NumberGoesBack => "once",
            Self::AnythingFollows => "altered",
            Self::ProofLeadsAway => "proofs",
            Self::BytesLacking => "encoding",
            Self::SignaturesIgnored => "signatures",
            Self::HeaderAhead => "header",
            Self::UnitTaken => "authority",
            Self::SumForgotten => "sums",
            Self::StakeMelts => "slashed",
            Self::AwayPaysOn => "offline",
            Self::RefutedKeeps => "punished",
            Self::TwoReceiptsPass => "drawn",
            Self::CollectedAgain => "paid",
            Self::SettledTwice => "profit",
            Self::VotesGrow => "ballots",
        }
    }
}

/// Something broken in a network, put in from outside for the checkers that look at networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sabotage {
    /// Some validators have another block at a height.
    TwoChains,
    /// A certificate has too few signatures.
    TooFewSigned,
    /// A certified block comes from the future.
    ClockAhead,
    /// What a validator voted is not durable.
    VotesForgotten,
    /// What a validator voted for is not durable.
    BodiesForgotten,
    /// A validator keeps more than it may.
    Hoards,
    /// A certified block names another proposer.
    AnothersName,
    /// The links are down for ever.
    NeverHeals,
    /// A validator stops.
    Stops,
}

impl Sabotage {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::TwoChains,
        Self::TooFewSigned,
        Self::ClockAhead,
        Self::VotesForgotten,
        Self::BodiesForgotten,
        Self::Hoards,
        Self::AnothersName,
        Self::NeverHeals,
        Self::Stops,
    ];

    /// What it breaks, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TwoChains => "two blocks at one height",
            Self::TooFewSigned => "a certificate of too few",
            Self::ClockAhead => "a certified block of the future",
            Self::VotesForgotten => "votes are not durable",
            Self::BodiesForgotten => "blocks that were voted for are not durable",
            Self::Hoards => "a validator keeps more than it may",
            Self::AnothersName => "a certified block in another's name",
            Self::NeverHeals => "the links are down for ever",
            Self::Stops => "a validator stops",
        }
    }

    /// The checker that sees it.
    #[must_use]
    pub fn caught_by(self) -> &'static str {
        match self {
            Self::TwoChains => "finality",
            Self::TooFewSigned => "certificates",
            Self::ClockAhead => "clocks",
            Self::VotesForgotten => "votes",
            Self::BodiesForgotten => "durable",
            Self::Hoards => "bounds",
            Self::AnothersName => "proposers",
            Self::NeverHeals => "liveness",
            Self::Stops => "stopped",
        }
    }
}
