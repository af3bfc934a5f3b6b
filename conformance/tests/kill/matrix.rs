//! What caught what, judged and written down.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use smsload_mock::misbehave;
use smsload_spec::Level;

use crate::luck::{BY_LUCK, CATCHES_NOTHING};
use crate::trial::{Trial, describe, lines};

/// Requirements that must be the first to catch some misbehaviour, at least.
const LEAST: usize = 40;

/// What is wrong with the proof, a line each.
pub(crate) fn faults(trials: &[Trial]) -> Vec<String> {
    let mut faults: Vec<_> = trials.iter().flat_map(faults_of).collect();
    let first = firsts(trials);
    if first.len() < LEAST {
        faults.push(format!(
            "only {} requirements are the first to catch one",
            first.len()
        ));
    }
    let idle: BTreeSet<_> = idle(trials).into_iter().collect();
    let known: BTreeSet<_> = CATCHES_NOTHING
        .iter()
        .map(|(line, _)| (*line).to_owned())
        .collect();
    for line in idle.difference(&known) {
        faults.push(format!(
            "{line} is a MUST that catches nothing: add a misbehaviour, or say why there is none"
        ));
    }
    for line in known.difference(&idle) {
        faults.push(format!(
            "{line} catches something, or is no MUST: it needs no reason"
        ));
    }
    faults
}

/// Every line that it names catches it, and no other but those that need luck for it.
fn faults_of(trial: &Trial) -> Vec<String> {
    let name = trial.what.name;
    let missed = trial.missed().map(|line| {
        let came = trial.result.line(line);
        let came = came.map_or("not run".to_owned(), describe);
        format!("{name} is not caught by {line}, which it names: {came}")
    });
    let may = |line: &str| {
        let known = BY_LUCK.iter().filter(|(what, ..)| *what == name);
        known
            .flat_map(|(_, lines, _)| *lines)
            .any(|known| *known == "any" || line.starts_with(known))
    };
    let extra = trial.failed().filter(|l| {
        let id = l.line.id.as_str();
        !trial.what.catches.contains(&id) && !may(id)
    });
    let extra = extra.map(|line| format!("{name} does not name {}", describe(line)));
    missed.chain(extra).collect()
}

/// The lines that catch a misbehaviour, in the order of the report.
fn caught_by(trial: &Trial) -> impl Iterator<Item = &str> {
    let failed = trial.failed().map(|l| l.line.id.as_str());
    failed.filter(|line| trial.what.catches.contains(line))
}

/// For each line that is the first of a report: the misbehaviours.
fn firsts(trials: &[Trial]) -> BTreeMap<&str, Vec<&str>> {
    let mut firsts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for trial in trials {
        if let Some(line) = caught_by(trial).next() {
            firsts.entry(line).or_default().push(trial.what.name);
        }
    }
    firsts
}

/// MUSTs that catch nothing.
fn idle(trials: &[Trial]) -> Vec<String> {
    let busy: BTreeSet<_> = trials.iter().flat_map(caught_by).collect();
    let musts = lines().filter(|(_, level)| *level == Level::Must);
    musts
        .map(|(line, _)| line)
        .filter(|line| !busy.contains(line.as_str()))
        .collect()
}

/// The document.
pub(crate) fn document(trials: &[Trial]) -> String {
    let mut text = INTRODUCTION.to_owned();
    let firsts = firsts(trials);
    let _ = writeln!(
        text,
        "{} misbehaviours, all caught. {} requirements are the first of the report to catch one.",
        trials.len(),
        firsts.len()
    );
    let mut rest = trials.iter();
    for group in misbehave::GROUPS {
        let _ = write!(
            text,
            "\n## {}\n\n| misbehaviour | first caught by | then by |\n| --- | --- | --- |\n",
            group.title
        );
        for trial in rest.by_ref().take(group.list.len()) {
            let mut lines = caught_by(trial);
            let first = lines.next().unwrap_or("nothing");
            let then = lines.collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "| `{}` | {first} | {then} |", trial.what.name);
        }
    }
    text.push_str("\n## By requirement\n\n| requirement | level | catches | of these the first |\n| --- | --- | --- | --- |\n");
    for (line, level) in lines() {
        let catches = trials
            .iter()
            .filter(|t| caught_by(t).any(|l| l == line))
            .count();
        let first = firsts.get(line.as_str()).map_or(0, Vec::len);
        if catches > 0 {
            let _ = writeln!(
                text,
                "| {line} | {} | {catches} | {first} |",
                level.as_str()
            );
        }
    }
    text.push_str("\n## MUSTs that catch nothing\n\n");
    if CATCHES_NOTHING.is_empty() {
        text.push_str("None.\n");
    } else {
        text.push_str("| requirement | why |\n| --- | --- |\n");
    }
    for (line, why) in CATCHES_NOTHING {
        let _ = writeln!(text, "| {line} | {why} |");
    }
    text.push_str("\n## Caught by luck too\n\nRequirements that a misbehaviour breaks as well, but whose cases meet with it by chance only.\n\n| misbehaviour | requirements | why |\n| --- | --- | --- |\n");
    for (name, lines, why) in BY_LUCK {
        let _ = writeln!(text, "| `{name}` | {} | {why} |", lines.join(", "));
    }
    text
}

const INTRODUCTION: &str = "\
# The kill matrix

The proof of the conformance suite: the whole catalogue (profiles full and security) is held against the mock with each
of its [misbehaviours](misbehaviours.md). Each one is caught by every requirement that it names, and by no other. The
correct mock and the reference pass with five seeds, and so do mocks that use the page's freedom; servers that answer
the same to everything never conform (`conformance/tests`).

<!-- Written by a test of conformance: UPDATE=1 cargo test -p smsload-conformance --test kill -->

";
