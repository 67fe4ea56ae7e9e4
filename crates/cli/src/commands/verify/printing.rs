//! What is said of a case: a verdict, its reason and the report's lines, as text or as JSON.
//!
//! Never decides anything. What comes from a file can act neither on a terminal nor on whoever reads lines.

use anyhow::Result;
use chain::Stamp;
use commit::Network;
use light::Anchored;
use receipt::{Altered, Malformed, ReceiptFile, Refusal, WorkKind};
use serde::Serialize;
use verify::{
    Hex, Kind, Missing, NotEstablished, Outcome, Replay, Report, ReportJson, Verdict, examine,
};

use super::case::{Case, Reading};
use super::evidence;
use super::judging::{Cost, pullable};
use super::origin::{Origin, ago, date};
use crate::arguments::VerifyOptions;
use crate::clock::Figure;
use crate::output::{counted, escaped, json_line, shown};

/// Characters of a hash that are shown where it is only to be recognised.
const HASH_DIGITS: usize = 16;

/// How everything is to be said.
pub(super) struct Printer<'a> {
    options: &'a VerifyOptions,
    origin: Option<&'a Origin>,
    /// How many cases there are.
    cases: usize,
    /// What could be pulled by name, where a model is missing.
    pullable: Vec<&'static str>,
}

impl<'a> Printer<'a> {
    pub(super) fn new(
        options: &'a VerifyOptions,
        origin: Option<&'a Origin>,
        cases: &[Case],
    ) -> Self {
        let missing =
            |case: &Case| matches!(case.replay, Replay::Impossible(Missing::Model { .. }));
        let pullable = if cases.iter().any(missing) {
            // Where the list can't be had, less is said.
            pullable().unwrap_or_default()
        } else {
            Vec::new()
        };
        Self { options, origin, cases: cases.len(), pullable }
    }

    /// What is to be printed, and the exit status.
    pub(super) fn judged(&self, case: &Case) -> Result<(String, u8)> {
        let required = &self.options.evidence;
        let (report, text, exit) = match &case.file {
            Reading::Taken(file) => {
                let report =
                    examine(file.receipt(), file.opening(), file.network(), required, &case.replay);
                let report = self.report(case, file, report);
                let place = place(file);
                (
                    ReportJson::new(&report, file),
                    self.text(case, &report, file, &place),
                    report.verdict.exit(),
                )
            }
            Reading::Placed(anchored) => {
                let file = anchored.bundle.file();
                let report = self.report(case, file, anchored.examined(required, &case.replay));
                let place = self.place_in_network(anchored);
                (
                    anchored.json(&report),
                    self.text(case, &report, file, &place),
                    report.verdict.exit(),
                )
            }
            Reading::Nowhere(error) => {
                let (word, exit) = match error.why() {
                    None => ("REFUTED", 1),
                    Some(_) => ("CAN'T BE JUDGED", 2),
                };
                let said = escaped(&error.to_string());
                let text = format!("{}: {word}\n  {said}\n", shown(&case.path));
                (error.json(required), text, exit)
            }
            Reading::Misplaced(refusal, way_out) => {
                let text = format!("{}: CAN'T BE JUDGED\n  {way_out}\n", shown(&case.path));
                (ReportJson::refused(refusal, required), text, 2)
            }
            Reading::Refused(refusal, altered) => self.refused(case, refusal, altered.as_ref()),
            Reading::Unreadable(why) => {
                let text = format!("{}: CAN'T BE JUDGED\n  {why}\n", shown(&case.path));
                (ReportJson::unreadable(why.clone(), required), text, 2)
            }
        };
        if self.options.json {
            let unread_members = &case.unread.members;
            return Ok((
                json_line(&Named { file: shown(&case.path), report, unread_members })?,
                exit,
            ));
        }
        Ok((text, exit))
    }

    /// What is said of a file that was not taken.
    fn refused(
        &self,
        case: &Case,
        refusal: &Refusal,
        altered: Option<&Altered>,
    ) -> (ReportJson, String, u8) {
        let (word, exit, what) = match refusal {
            Refusal::Refuted(_) => ("REFUTED", 1, ""),
            // Of a network, and of what did not come whole, nobody can say that it is none.
            Refusal::Malformed(
                Malformed::Network { .. } | Malformed::Empty { .. } | Malformed::Ends { .. },
            ) => ("CAN'T BE JUDGED", 2, ""),
            Refusal::Malformed(_) => ("CAN'T BE JUDGED", 2, "this is no receipt file: "),
        };
        let why = altered.map(|altered| format!("\n  {altered}")).unwrap_or_default();
        let kept = match refusal {
            Refusal::Refuted(_) => None,
            Refusal::Malformed(_) => evidence::of_a_proxy(&case.path),
        };
        let way_out = self.other_network(refusal);
        let said =
            kept.unwrap_or_else(|| format!("{what}{}{way_out}", escaped(&refusal.to_string())));
        let text = format!("{}: {word}\n  {said}{why}\n", shown(&case.path));
        let report = ReportJson::refused(refusal, &self.options.evidence).altered(altered);
        (report, text, exit)
    }

    /// What to do about a receipt of another network than the one that is named.
    fn other_network(&self, refusal: &Refusal) -> &'static str {
        match (refusal, self.origin) {
            (Refusal::Malformed(Malformed::Network { found, .. }), Some(_))
                if *found != Network::OFFLINE =>
            {
                ": name that network's genesis file with --network, whose hash is its id"
            }
            (Refusal::Malformed(_) | Refusal::Refuted(_), _) => "",
        }
    }

    /// How many came to what, where there is more than one.
    pub(super) fn totals(&self, exits: &[u8]) -> Option<String> {
        if self.options.json || exits.len() < 2 {
            return None;
        }
        let of = |exit: u8, what: &str| {
            let count = exits.iter().filter(|found| **found == exit).count();
            (count > 0).then(|| format!("{count} {what}"))
        };
        let parts = [of(0, "verified"), of(1, "refuted"), of(2, "can't be judged")];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        Some(format!("{}: {}\n", counted(exits.len(), "receipt", "receipts"), parts.join(", ")))
    }

    /// With what is known of the template and of the key that was asked for.
    fn report(&self, case: &Case, file: &ReceiptFile, mut report: Report) -> Report {
        if case.unread.all_known && case.unread.members.is_empty() {
            report = report.all_read();
        }
        let report = match self.options.signed_by {
            Some(wanted) => report.signed_by(file.receipt(), wanted),
            None => report,
        };
        if self.options.network.require_fresh { report.now_required() } else { report }
    }

    /// Where a bundle of a network has the receipt, and whether that is so now.
    fn place_in_network(&self, anchored: &Anchored) -> String {
        let now = self.origin.map_or(Stamp(0), |origin| origin.now);
        // People count from 1, as of a log.
        let number = anchored.bundle.place().index.saturating_add(1);
        let (size, epoch) = (anchored.anchor.size, anchored.anchor.epoch.0);
        let (height, begun) = (anchored.header.height.0, anchored.start.0.0);
        let stamped = ago(anchored.header.stamp.0, now);
        let from = match begun {
            0 => "its genesis".to_owned(),
            _ => format!("block {begun}"),
        };
        let since = ago(anchored.start.1.0, now);
        let mut text = format!(
            "  log     number {number} of {size}, anchored in epoch {epoch}\n  network block {height}, stamped {stamped}; \
             followed from {from}, stamped {since}\n"
        );
        let open = anchored.report.not_now();
        if open.is_empty() {
            text += "  now     established, on the word of the network's quorum\n";
        }
        for line in open {
            text += &format!("  now     NOT established {}\n", line.text());
        }
        text
    }

    fn text(&self, case: &Case, report: &Report, file: &ReceiptFile, place: &str) -> String {
        let (word, reason) = match &report.verdict {
            Verdict::Verified => ("VERIFIED", String::new()),
            Verdict::Refuted(refutation) => {
                ("REFUTED", format!("  {}\n", escaped(&refutation.to_string())))
            }
            Verdict::CannotJudge(missing) => {
                let way_out = way_out(missing, &self.pullable);
                ("CAN'T BE JUDGED", format!("  {}\n", escaped(&way_out)))
            }
        };
        let replayed = match &report.verdict {
            Verdict::Verified if !report.holds(Kind::Replay) => " (signature only, not replayed)",
            Verdict::Verified | Verdict::Refuted(_) | Verdict::CannotJudge(_) => "",
        };
        let of_then = match (&case.file, &report.verdict) {
            (Reading::Placed(anchored), Verdict::Verified) => of_then(anchored, report),
            _ => String::new(),
        };
        let verdict = format!("{}: {word}{of_then}{replayed}\n", shown(&case.path));
        let words = |name: &str, text: Option<&String>| {
            text.map(|text| format!("  {name:<7} {}\n", escaped(text))).unwrap_or_default()
        };
        let begins = words("asked", case.asked.as_ref()) + &words("answer", case.answer.as_ref());
        if self.options.verbose {
            return verdict
                + &reason
                + &said(file, place)
                + &begins
                + &lines(report, &case.unread.members);
        }
        if self.cases > 1 && report.verdict == Verdict::Verified {
            return verdict;
        }
        verdict
            + &reason
            + &begins
            + &who(case, file, place)
            + &short_lines(report, &case.unread.members)
    }
}

/// Of when a bundle is verified, where that is not now.
fn of_then(anchored: &Anchored, report: &Report) -> String {
    let open = report.not_now();
    if open.is_empty() {
        return String::new();
    }
    let own = match open.contains(&NotEstablished::History) {
        true => ", if this history is the network's own",
        false => "",
    };
    format!(" as of {}{own}", date(anchored.header.stamp.0))
}

/// Model and worker, as people recognise them.
fn who(case: &Case, file: &ReceiptFile, place: &str) -> String {
    let id = Hex(file.receipt().model).to_string();
    let model = match &case.model_name {
        Some(name) => format!("{} ({id:.HASH_DIGITS$})", escaped(name)),
        None => format!("{id:.HASH_DIGITS$}"),
    };
    let worker = file.receipt().worker.to_string();
    format!("  model   {model}\n  worker  {worker:.HASH_DIGITS$}\n{place}")
}

/// Where a bundle's receipt stands in its worker's log.
fn place(file: &ReceiptFile) -> String {
    let Some(log) = file.log() else { return String::new() };
    // People count from 1, as `probity receipt log` does.
    let (number, size) = (log.index().saturating_add(1), log.checkpoint().size());
    format!("  log     number {number} of {size}, under the worker's checkpoint\n")
}

/// One line for each kind of evidence, and one for all that none of it establishes.
fn short_lines(report: &Report, unread: &[String]) -> String {
    let mut text = String::new();
    for line in &report.evidence {
        let what = match (&line.unchecked, line.outcome) {
            (Some(why), _) => format!("not checked: {}", escaped(&why.to_string())),
            (None, Outcome::Holds) => format!("holds: {}", line.claim),
            (None, Outcome::Fails) => format!("FAILS: {}", line.claim),
            (None, Outcome::NotChecked) => "not checked".to_owned(),
        };
        text += &format!("  {} {what}\n", line.kind);
    }
    let words = report.not_established.iter().map(|what| {
        if *what == NotEstablished::UnreadMembers && !unread.is_empty() {
            return format!("{} (not read: {})", what.short(), escaped(&unread.join(", ")));
        }
        what.short().to_owned()
    });
    text + &format!("  not established: {}\n", words.collect::<Vec<_>>().join(", "))
}

/// A report and the file it is about.
#[derive(Serialize)]
struct Named<'a> {
    file: String,
    #[serde(flatten)]
    report: ReportJson,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unread_members: &'a [String],
}

/// What is missing and how to get it.
fn way_out(missing: &Missing, pullable: &[&str]) -> String {
    match missing {
        Missing::Opening => {
            format!("{missing}: whoever asked has it; --evidence signature does without")
        }
        Missing::Model { .. } => {
            let pull: Vec<String> =
                pullable.iter().map(|name| format!("`probity pull {name}`")).collect();
            let pull = if pull.is_empty() {
                String::new()
            } else {
                format!(" ({}, if it is that one)", pull.join(", "))
            };
            format!(
                "{missing}, and none of those here is it (`probity list`): name its file or its package's folder \
                 with --model, or pull it{pull}; --evidence signature does without"
            )
        }
        Missing::AnotherModel { .. } => format!(
            "{missing}: give the receipt's own with --model, or leave --model out and it is looked for; \
             --evidence signature does without"
        ),
        Missing::Now(_) => {
            format!("{missing}; leave --require-fresh out to see what it shows of then")
        }
        Missing::Unsupported(_) => missing.to_string(),
    }
}

/// What the receipt says.
fn said(file: &ReceiptFile, place: &str) -> String {
    let (receipt, usage) = (file.receipt(), file.receipt().usage);
    let came = match receipt.kind {
        WorkKind::Generate => format!("{} out", usage.output),
        WorkKind::Embed => format!(
            "a vector of {} out",
            counted(usize::try_from(usage.output).unwrap_or(usize::MAX), "number", "numbers")
        ),
    };
    let stops: Vec<&str> = receipt.choices.iter().map(|choice| choice.stop.name()).collect();
    format!(
        "  receipt {}\n  worker  {}\n  model   {}\n{}  tokens  {} in, {}; ended by {}\n",
        Hex(receipt.id(file.network())),
        receipt.worker,
        Hex(receipt.model),
        place,
        usage.prompt,
        came,
        stops.join(", "),
    )
}

/// The report's lines.
fn lines(report: &Report, unread: &[String]) -> String {
    let mut text = String::from("  evidence\n");
    for evidence in &report.evidence {
        let word = match evidence.outcome {
            Outcome::Holds => "holds:",
            Outcome::Fails => "FAILS:",
            Outcome::NotChecked => "not checked:",
        };
        let kind = evidence.kind;
        let (claim, trusts) = (evidence.claim, evidence.trusts());
        text += &format!("    {kind} {word} {claim}\n      (trusts {trusts})\n");
        if let Some(why) = &evidence.unchecked {
            text += &format!("      ({})\n", escaped(&why.to_string()));
        }
    }
    text += "  not established\n";
    for what in &report.not_established {
        text += &format!("    {}\n", what.text());
        if *what == NotEstablished::UnreadMembers && !unread.is_empty() {
            text += &format!("      (here: {})\n", escaped(&unread.join(", ")));
        }
    }
    if !report.auditable {
        text += "  not auditable: only who asked can open it\n";
    }
    text
}

/// What a replay took, in words.
pub(super) fn cost(cost: &Cost) -> String {
    let receipts = counted(cost.receipts, "receipt", "receipts");
    let positions = counted(cost.positions, "position", "positions");
    let spent = Figure::rough_seconds(cost.spent.processor);
    let replayed = format!("replayed {receipts} of {positions} in {spent} s of processor time");
    match cost.generating {
        Some(generating) => format!(
            "{replayed}; generating takes {} s, so checking costs {} of it",
            Figure::rough_seconds(generating),
            Figure::ratio(cost.spent.processor, generating)
        ),
        None => replayed,
    }
}
