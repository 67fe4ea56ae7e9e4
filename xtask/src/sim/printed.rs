//! What a campaign prints: what was tried, what came of it, and what every cheat won.
//!
//! Never leaves a finding out without saying how many there are.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "seconds and gains, for display only"
)]

use ::sim::campaign::Campaign;
use ::sim::report::{
    ANSWERS, ASIDE, Cheated, DRAWN, DRAWN_PUNISHED, DRAWN_UNSEEN, OF_GROUPS, PAYING_BYTES, UNSIGNED,
};
use ::sim::{Finding, PRICE, Report, World, cheat_names, fault_names, is_of_cheats};
use ledger::Rejection;
use std::time::Duration;

use super::ACTED_LEAST;

/// Where the kinds have their names.
const PAGE: &str = include_str!("../../../spec/ledger.md");
/// Findings that are printed.
const SHOWN: usize = 20;

/// All of it but what was found.
pub(super) fn report(report: &Report, campaign: &Campaign, took: Duration) {
    let of = |checker: &str| report.findings.iter().filter(|one| one.checker == checker).count();
    let count = |what| report.counts.get(what).copied().unwrap_or_default();
    // What a paid answer costs the ledger; all else in courts is counted beside it.
    let per_answer = count(PAYING_BYTES) / count(ANSWERS).max(1);
    let cheats = || report.cheats.iter().filter(|(name, _)| is_of_cheats(name));
    let rows = [
        ("first seed", campaign.from),
        ("seeds of the ledger alone", report.ledger_seeds),
        ("seeds of validators over a network", report.network_seeds),
        ("blocks", report.blocks),
        ("transactions offered", report.offered),
        ("  taken", report.taken()),
        ("  dropped, as their payers had not signed them", count(UNSIGNED)),
        ("rejections", report.rejections.values().sum()),
        ("  of those in blocks that might have been", count(ASIDE)),
        ("blocks altered, and refused", report.refused.values().sum()),
        ("faults injected, once each in a seed", report.faults.values().sum()),
        ("courts a cheat played in", cheats().map(|(_, cheat)| cheat.run).sum()),
        ("  and lost stake or a bond", cheats().map(|(_, cheat)| cheat.punished).sum()),
        ("audits that drew money paid for a lie", count(DRAWN)),
        ("  lies punished in their window", count(DRAWN_PUNISHED)),
        ("  audits for which nobody honest was drawn", count(DRAWN_UNSEEN)),
        ("honest nodes slashed", of("slashed") as u64),
        ("supply drift", of("supply") as u64),
        ("bytes of channels and logs per answer", per_answer),
    ];
    for (what, count) in rows {
        println!("{what:<52}{count:>12}");
    }
    println!("\nbesides");
    let named = [DRAWN, DRAWN_PUNISHED, DRAWN_UNSEEN, UNSIGNED, ASIDE];
    for (what, count) in report.counts.iter().filter(|(what, _)| !named.contains(what)) {
        println!("       {what:<45}{count:>12}");
    }
    kinds(report);
    gains(report);
    println!("\n{:.1} s on {} threads", took.as_secs_f64(), campaign.threads);
}

fn kinds(report: &Report) {
    println!("\ntransactions taken, by kind");
    for (kind, count) in &report.kinds {
        println!("{kind:>6} {:<45}{count:>12}", name(*kind));
    }
    println!("\nrejections (spec/ledger.md, section 6)");
    let mut all = Rejection::ALL.to_vec();
    all.sort_unstable_by_key(|rejection| rejection.number());
    for rejection in all {
        let count = report.rejections.get(&rejection).copied().unwrap_or_default();
        println!("{:>6} {:<75}{count:>10}", rejection.number(), rejection.to_string());
    }
    println!("\nblocks that were refused, by what was altered or done");
    for (what, count) in &report.refused {
        println!("       {what:<45}{count:>12}");
    }
    if !report.faults.is_empty() {
        println!("\nseeds of networks in which a fault acted");
        for (what, count) in &report.faults {
            println!("       {what:<45}{count:>12}");
        }
    }
}

/// A kind's name, as the page has it.
fn name(kind: u16) -> &'static str {
    let row = |line: &'static str| line.strip_prefix(&format!("| {kind} "))?.split(' ').next();
    PAGE.lines().skip_while(|line| !line.starts_with("## 7.")).find_map(row).unwrap_or("")
}

/// What cheats came to, and those who are played beside them.
fn gains(report: &Report) {
    let price = |amount: i128| amount as f64 / PRICE as f64;
    let head = |what: &str| {
        println!("\n{what}");
        let columns = ["courts", "punished", "mean gain", "best gain", "bound"];
        let [courts, punished, mean, best, bound] = columns;
        println!("{:<24}{courts:>8}{punished:>10}{mean:>12}{best:>12}{bound:>12}", "");
    };
    let row = |name: &str, cheat: &Cheated| {
        let mean = price(cheat.gain) / cheat.run.max(1) as f64;
        let (best, bound) = (price(cheat.best), cheat.bound.map(price));
        let bound = bound.map_or_else(|| "-".to_owned(), |bound| format!("{bound:.2}"));
        println!(
            "{name:<24}{:>8}{:>10}{mean:>12.2}{best:>12.2}{bound:>12}",
            cheat.run, cheat.punished
        );
    };
    head(
        "cheats: what they have more than the honest in their place, in prices of an answer; above its bound is a finding",
    );
    let (cheats, others): (Vec<_>, Vec<_>) =
        report.cheats.iter().partition(|(name, _)| is_of_cheats(name));
    for (name, cheat) in cheats {
        row(name, cheat);
    }
    println!(
        "A bound above 0 is meant: one unpaid answer of each worker for who does not pay, and what the rules give whoever \
         shows a contradiction, be it with a stolen key."
    );
    head("played beside them: who is honest but away, robbed, or plants");
    for (name, other) in others {
        row(name, other);
    }
}

/// What a whole campaign has to reach, and this one did not: every fault and cheat so many times, every rejection.
pub(super) fn lacking(report: &Report) -> Vec<String> {
    let acted =
        fault_names().map(|name| (name, report.faults.get(name).copied().unwrap_or_default()));
    let played =
        cheat_names().map(|name| (name, report.cheats.get(name).map_or(0, |cheat| cheat.run)));
    let seldom = acted.chain(played).filter(|(_, count)| *count < ACTED_LEAST);
    let mut lacking: Vec<String> =
        seldom.map(|(name, count)| format!("{name} ({count})")).collect();
    let reached = |rejection: &Rejection| {
        OF_GROUPS.contains(rejection) || report.rejections.contains_key(rejection)
    };
    let missing = Rejection::ALL.iter().filter(|rejection| !reached(rejection));
    lacking.extend(missing.map(|missing| format!("rejection {} ({missing})", missing.number())));
    lacking
}

/// The same in a line.
pub(super) fn listed(lacking: &[String]) -> String {
    if lacking.is_empty() { "nothing".to_owned() } else { lacking.join(", ") }
}

/// What was found, each with how to see it again.
pub(super) fn findings(report: &Report) {
    for finding in report.findings.iter().take(SHOWN) {
        shown(finding);
    }
    match report.findings.len() {
        0 => println!("no findings: no checker saw anything that must not be"),
        count if count > SHOWN => println!("{count} FINDINGS, of which {SHOWN} are shown"),
        count => println!("{count} FINDINGS"),
    }
}

fn shown(finding: &Finding) {
    let seeds = match finding.world {
        World::Ledger => "--seeds 1 --network 0",
        World::Network => "--seeds 0 --network 1",
    };
    println!("FOUND by {}: {}", finding.checker, finding.what);
    println!("      again: cargo xtask sim {seeds} --from {}", finding.seed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_names_of_the_page() {
        assert_eq!(name(1), "transfer");
        assert_eq!(name(50), "dispute_open");
        assert_eq!(name(83), "enact");
    }
}
