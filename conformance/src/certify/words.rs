//! What is said of a certification at a terminal: where a product stands, what a check found, how two results differ.
//! Whatever a vendor or a target wrote is shown as text.

use std::fmt::Write as _;

use smsload_spec::Level;

use super::check::{Checked, Misjudged};
use super::compare::{Change, Comparison};
use super::predicate::{Chosen, Predicate, Seeded};
use super::standing::Remark;
use crate::result::Verdict;
use crate::text::shown;

/// A run that begins.
#[must_use]
pub fn seeded_text(number: usize, seeded: &Seeded) -> String {
    let chosen = match (seeded.chosen, &seeded.challenge) {
        (Chosen::Fixed, _) => "follows from contract and catalogue".to_owned(),
        (Chosen::Drawn, _) => "drawn".to_owned(),
        (Chosen::Challenge, word) => {
            let word = shown(word.as_deref().unwrap_or_default());
            format!("follows from the challenge \"{word}\"")
        }
    };
    let downloads = seeded.downloads.map_or_else(
        || "no limit of downloads".to_owned(),
        |n| format!("at most {n} downloads"),
    );
    let Seeded { seed, cases, .. } = seeded;
    format!("run {number} of 3: seed {seed} ({chosen}), {cases} cases of a property, {downloads}")
}

/// Where a product stands.
#[must_use]
pub fn standing_text(predicate: &Predicate) -> String {
    let (vendor, standing) = (&predicate.vendor, &predicate.standing);
    let product = shown(&format!(
        "{}, {} {}",
        vendor.name, vendor.product, vendor.version
    ));
    let mut out = format!("{product}: {}\n", standing.grade.text().en);
    let mut row = |what: &str, text: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {what:<15}{text}");
    };
    row(
        "passed",
        format!("{} requirements, in every run", standing.passed),
    );
    for remark in &standing.against {
        row(
            "against it",
            format!("{} {}", remark.id, remark_text(remark)),
        );
    }
    for remark in &standing.remarks {
        row("remark", format!("{} {}", remark.id, remark_text(remark)));
    }
    for (why, n) in &standing.without {
        let n = if *n == 1 {
            "1 requirement".to_owned()
        } else {
            format!("{n} requirements")
        };
        row("not asked for", format!("{n}, since {}", shown(why)));
    }
    out
}

/// What became of a requirement that does not pass, and why.
pub(super) fn remark_text(remark: &Remark) -> String {
    let verdict = remark.verdict.map_or("ended early", Verdict::as_str);
    let runs = if remark.runs == 1 { "run" } else { "runs" };
    let mut out = format!("{verdict} in {} {runs}", remark.runs);
    if let Some(reason) = &remark.reason {
        let _ = write!(out, ": {}", shown(reason));
    }
    out
}

/// What a check found.
#[must_use]
pub fn checked_text(checked: &Checked) -> String {
    let mut out = String::new();
    if checked.tampering.is_empty() {
        out.push_str(&standing_text(&checked.predicate));
    }
    let mut row = |what: &str, text: &str| {
        let _ = writeln!(out, "  {what:<15}{text}");
    };
    let predicate = &checked.predicate;
    row("signed by", &format!("key {}", checked.key));
    if checked.tampering.is_empty() {
        let time = super::page::whole_seconds;
        let (from, to) = (time(&predicate.started_at), time(&predicate.ended_at));
        row(
            "judged",
            &format!("{from} to {to}, at {}", shown(&predicate.target)),
        );
        let tool = &predicate.tool;
        let tool = shown(&format!("{} {}", tool.name, tool.version));
        row("by", &tool);
        for note in &checked.notes {
            row("note", note);
        }
    }
    for tampering in &checked.tampering {
        row("tampered", &tampering.to_string());
    }
    for fault in &checked.faults {
        row("untrue", fault);
    }
    for misjudged in &checked.misjudged {
        row("misjudged", &misjudged_text(misjudged));
    }
    let conclusion = match (checked.is_sound(), checked.tampering.is_empty()) {
        (true, _) => format!(
            "Sound: it is as it was signed, and the recordings bear out all of its {} verdicts.",
            checked.rejudged
        ),
        (_, false) => {
            "Not sound: it was changed after it was signed. Nothing else was looked at.".to_owned()
        }
        (_, true) => format!(
            "Not sound: it is as it was signed, but {} of what is signed is not so.",
            checked.faults.len() + checked.misjudged.len()
        ),
    };
    out.push_str(&conclusion);
    out.push('\n');
    out
}

fn misjudged_text(misjudged: &Misjudged) -> String {
    let Misjudged {
        run,
        id,
        said,
        found,
        why,
    } = misjudged;
    let id = shown(id);
    let mut out = match (said, found) {
        (Some(said), Some(found)) => format!(
            "run {run}, {id}: signed as {}, by the recording {}",
            said.as_str(),
            found.as_str()
        ),
        (None, _) => format!("run {run}, {id}: has no verdict in the report"),
        (_, None) => format!("run {run}, {id}: is not asked of this target"),
    };
    if let Some(why) = why {
        let _ = write!(out, " ({})", shown(why));
    }
    out
}

/// How two results differ.
#[must_use]
pub fn comparison_text(comparison: &Comparison) -> String {
    let mut out = String::new();
    for note in &comparison.notes {
        let _ = writeln!(out, "{}", shown(note));
    }
    for change in &comparison.changes {
        let Change {
            id,
            level,
            before,
            after,
        } = change;
        let how = match change.is_better() {
            Some(true) => "better",
            Some(false) => "worse",
            None => "other",
        };
        let level = match level {
            Level::Must => "MUST",
            Level::Should => "SHOULD",
            Level::Info => "info",
        };
        let word = |verdict: &Option<Verdict>| verdict.map_or("none", Verdict::as_str);
        let (before, after) = (word(before), word(after));
        let _ = writeln!(
            out,
            "{how:<8}{:<28}{level:<8}{before:<14}{after}",
            shown(id)
        );
    }
    let same = comparison.same;
    let _ = writeln!(out, "{same} requirements have the same verdict in both.");
    out
}
