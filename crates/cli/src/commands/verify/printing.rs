//! What is said of a case: a verdict, its reason and the report's lines, as text or as JSON.
//!
//! Never decides anything. What comes from a file can act neither on a terminal nor on whoever reads lines.

use std::path::Path;

use anyhow::Result;
use commit::Network;
use receipt::{ReceiptFile, Refusal};
use serde::Serialize;
use verify::{Hex, Kind, Missing, NotEstablished, Outcome, Report, ReportJson, Verdict, examine};

use super::case::{Case, Reading};
use super::judging::Cost;
use crate::arguments::VerifyOptions;
use crate::clock::Figure;
use crate::output::{counted, escaped, json_line};

/// What is to be printed, and the exit status.
pub(super) fn judged(case: &Case, options: &VerifyOptions) -> Result<(String, u8)> {
    let required = &options.evidence;
    let (report, text, exit) = match &case.file {
        Reading::Taken(file) => {
            let (receipt, opening) = (file.receipt(), file.opening());
            let report = examine(receipt, opening, file.network(), required, &case.replay);
            let text = self::text(case, &report, file);
            (ReportJson::new(&report, file), text, report.verdict.exit())
        }
        Reading::Refused(refusal) => {
            let (word, exit, what) = match refusal {
                Refusal::Refuted(_) => ("REFUTED", 1, ""),
                Refusal::Malformed(_) => ("CAN'T BE JUDGED", 2, "this is no receipt file: "),
            };
            let reason = escaped(&refusal.to_string());
            let text = format!("{}: {word}\n  {what}{reason}\n", shown(&case.path));
            (ReportJson::refused(refusal, required), text, exit)
        }
        Reading::Unreadable(why) => {
            let text = format!("{}: CAN'T BE JUDGED\n  {why}\n", shown(&case.path));
            (ReportJson::unreadable(why.clone(), required), text, 2)
        }
    };
    if options.json {
        return Ok((
            json_line(&Named { file: shown(&case.path), report, unread_members: &case.unread })?,
            exit,
        ));
    }
    Ok((text, exit))
}

fn text(case: &Case, report: &Report, file: &ReceiptFile) -> String {
    let replayed = report
        .evidence
        .iter()
        .any(|evidence| evidence.kind == Kind::Replay && evidence.outcome == Outcome::Holds);
    let (word, reason) = match &report.verdict {
        Verdict::Verified if replayed => ("VERIFIED", String::new()),
        Verdict::Verified => ("VERIFIED (signature only, not replayed)", String::new()),
        Verdict::Refuted(refutation) => {
            ("REFUTED", format!("  {}\n", escaped(&refutation.to_string())))
        }
        Verdict::CannotJudge(missing) => {
            ("CAN'T BE JUDGED", format!("  {}\n", escaped(&way_out(missing))))
        }
    };
    let answer = case.answer.as_ref().map(|text| format!("  answer  {text}\n"));
    format!(
        "{}: {word}\n{reason}{}{}{}",
        shown(&case.path),
        said(file),
        answer.unwrap_or_default(),
        lines(report, &case.unread)
    )
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

/// A path that can act neither on a terminal nor on whoever reads lines.
fn shown(path: &Path) -> String {
    escaped(&path.display().to_string())
}

/// What is missing and how to get it.
fn way_out(missing: &Missing) -> String {
    match missing {
        Missing::Opening => {
            format!("{missing}: whoever asked has it; --evidence signature does without")
        }
        Missing::Model { .. } => format!(
            "{missing}, and none of those here is it (`probity list`): name its file or its package's folder with \
             --model, or pull it; --evidence signature does without"
        ),
        Missing::Unsupported(_) => missing.to_string(),
    }
}

/// What the receipt says.
fn said(file: &ReceiptFile) -> String {
    let (receipt, usage) = (file.receipt(), file.receipt().usage);
    let stops: Vec<&str> = receipt.choices.iter().map(|choice| choice.stop.name()).collect();
    let log = file.log().map(|log| {
        let (index, size) = (log.index(), log.checkpoint().size());
        format!("  log     number {index} of {size}, under the worker's checkpoint\n")
    });
    format!(
        "  receipt {}\n  worker  {}\n  model   {}\n{}  tokens  {} in, {} out; ended by {}\n",
        Hex(receipt.id(Network::OFFLINE)),
        receipt.worker,
        Hex(receipt.model),
        log.unwrap_or_default(),
        usage.prompt,
        usage.output,
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
        let (claim, trusts) = (evidence.claim, kind.trusts());
        text += &format!("    {kind} {word} {claim}\n      (trusts {trusts})\n");
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
