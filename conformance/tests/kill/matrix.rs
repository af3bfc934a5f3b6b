//! What catches what: trials are held against what misbehaviours name, and that is written down. As long as the trials
//! bear it out, the document needs no trial.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use smsload_mock::misbehave::{self, Misbehaviour};
use smsload_spec::Level;

use crate::luck::{BY_LUCK, CATCHES_NOTHING};
use crate::trial::{Trial, describe, lines};

/// Requirements that must be the first to catch some misbehaviour, at least.
const LEAST: usize = 40;

/// What is wrong with what misbehaviours name, a line each.
pub(crate) fn gaps() -> Vec<String> {
    let mut gaps = Vec::new();
    let count = firsts().len();
    if count < LEAST {
        gaps.push(format!(
            "only {count} requirements are the first to catch one"
        ));
    }
    let idle: BTreeSet<_> = idle().into_iter().collect();
    let known: BTreeSet<_> = CATCHES_NOTHING
        .iter()
        .map(|(line, _)| (*line).to_owned())
        .collect();
    for line in idle.difference(&known) {
        gaps.push(format!(
            "{line} is a MUST that catches nothing: add a misbehaviour, or say why there is none"
        ));
    }
    for line in known.difference(&idle) {
        gaps.push(format!(
            "{line} catches something, or is no MUST: it needs no reason"
        ));
    }
    gaps
}

/// What is wrong with the proof, a line each.
pub(crate) fn faults(trials: &[Trial]) -> Vec<String> {
    trials.iter().flat_map(faults_of).collect()
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
fn caught_by(what: &Misbehaviour) -> Vec<String> {
    let named = lines().map(|(line, _)| line);
    named
        .filter(|line| what.catches.contains(&line.as_str()))
        .collect()
}

/// For each line that is the first of a report: the misbehaviours.
fn firsts() -> BTreeMap<String, Vec<&'static str>> {
    let mut firsts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for what in misbehave::all() {
        if let Some(line) = caught_by(what).into_iter().next() {
            firsts.entry(line).or_default().push(what.name);
        }
    }
    firsts
}

/// MUSTs that catch nothing.
fn idle() -> Vec<String> {
    let busy: BTreeSet<_> = misbehave::all().flat_map(|what| what.catches).collect();
    let musts = lines().filter(|(_, level)| *level == Level::Must);
    musts
        .map(|(line, _)| line)
        .filter(|line| !busy.contains(&line.as_str()))
        .collect()
}

/// The document.
pub(crate) fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    let firsts = firsts();
    let _ = writeln!(
        text,
        "{} misbehaviours, all caught. {} requirements are the first of the report to catch one.",
        misbehave::all().count(),
        firsts.len()
    );
    for group in misbehave::GROUPS {
        let _ = write!(
            text,
            "\n## {}\n\n| misbehaviour | first caught by | then by |\n| --- | --- | --- |\n",
            group.title
        );
        for what in group.list {
            let lines = caught_by(what);
            let (first, then) = lines.split_first().unwrap();
            let _ = writeln!(text, "| `{}` | {first} | {} |", what.name, then.join(", "));
        }
    }
    text.push_str("\n## By requirement\n\n| requirement | level | catches | of these the first |\n| --- | --- | --- | --- |\n");
    for (line, level) in lines() {
        let is_named = |what: &&Misbehaviour| what.catches.contains(&line.as_str());
        let catches = misbehave::all().filter(is_named).count();
        let first = firsts.get(&line).map_or(0, Vec::len);
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
of its [misbehaviours](misbehaviours.md). Each one is caught by every requirement that it names, and by no other MUST. The
correct mock and the reference pass with five seeds, and so do mocks that use the page's freedom; servers that answer
the same to everything never conform (`conformance/tests`).

<!-- Written by a test of conformance: UPDATE=1 cargo test -p smsload-conformance --test kill matrix -->

";
