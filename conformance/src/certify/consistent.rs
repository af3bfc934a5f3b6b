//! Whether what a bundle says of itself holds together: seeds that follow from the documents, settings that are those of a
//! certification, a standing that follows from the verdicts. Nothing here looks at what the target answered.

use std::sync::Arc;

use smsload_spec::{Contract, Profile};

use super::badge::badge;
use super::declaration::{Declaration, lacks};
use super::page::certificate;
use super::predicate::{Chosen, Predicate, Seeded};
use super::seeds;
use super::standing;
use crate::about::{Fingerprint, RunSettings};
use crate::client::Playback;
use crate::live::is_look;
use crate::report::{Ending, Report, html};
use crate::text::shown;

/// The files of a bundle, read.
pub(super) struct Contents {
    pub(super) declaration: Declaration,
    pub(super) contract: Arc<Contract>,
    pub(super) reports: Vec<Report>,
    /// `report.html` of each run.
    pub(super) pages: Vec<Vec<u8>>,
    pub(super) summary: Vec<u8>,
    pub(super) badge: Vec<u8>,
}

/// Everything that does not hold, in whole sentences.
pub(super) fn faults(
    predicate: &Predicate,
    contents: &Contents,
    challenge: Option<&str>,
    cases: u32,
) -> Vec<String> {
    let mut faults = documents(predicate, contents);
    faults.extend(seeds(predicate, contents, challenge));
    for (number, (report, seeded)) in (1..).zip(contents.reports.iter().zip(&predicate.runs)) {
        let what = run(predicate, contents, report, seeded, cases);
        faults.extend(
            what.into_iter()
                .map(|what| format!("Run {number}: {what}.")),
        );
    }
    if standing::of(&contents.reports) != predicate.standing {
        faults.push("The standing does not follow from the verdicts of the reports.".to_owned());
    }
    faults.extend(pages(predicate, contents));
    faults
}

fn documents(predicate: &Predicate, contents: &Contents) -> Vec<String> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, why: &str| {
        if !holds {
            faults.push(why.to_owned());
        }
    };
    let target = &contents.declaration.target;
    must(
        predicate.contract == Fingerprint::of_contract(&contents.contract),
        "The contract is not the one that is signed for.",
    );
    must(
        predicate.catalogue == Fingerprint::of_catalogue(),
        "The catalogue is not the one that is signed for.",
    );
    must(
        target.vendor.as_ref() == Some(&predicate.vendor),
        "The product is not the one that is declared.",
    );
    must(
        predicate.target == target.base_url.to_string(),
        "The address is not the one that is declared.",
    );
    let lacks = lacks(target);
    faults.extend(lacks.iter().map(|what| format!("The declaration: {what}.")));
    faults
}

fn seeds(predicate: &Predicate, contents: &Contents, challenge: Option<&str>) -> Vec<String> {
    let contract = Fingerprint::of_contract(&contents.contract);
    let [first, second] = seeds::fixed(&contract, &Fingerprint::of_catalogue());
    let [one, two, three] = predicate.runs.as_slice() else {
        let n = predicate.runs.len();
        return vec![format!("It is of {n} runs, and a certification is of 3.")];
    };
    let mut faults = Vec::new();
    let is = |seeded: &Seeded, seed: seeds::Seed| {
        seeded.seed == seed.value.to_string() && seeded.chosen == seed.chosen
    };
    if !is(one, first) || !is(two, second) {
        faults.push("The first two seeds do not follow from contract and catalogue.".to_owned());
    }
    let last = match (three.chosen, &three.challenge) {
        (Chosen::Drawn, None) => true,
        (Chosen::Challenge, Some(word)) => seeds::challenged(word).is_ok_and(|s| is(three, s)),
        _ => false,
    };
    if !last {
        faults.push("The last seed is not what it is said to be.".to_owned());
    }
    if let Some(word) = challenge
        && three.challenge.as_deref() != Some(word)
    {
        let said = match &three.challenge {
            Some(other) => format!("follows from \"{}\"", shown(other)),
            None => "was drawn".to_owned(),
        };
        faults.push(format!(
            "The last seed {said}, and not from the challenge \"{}\".",
            shown(word)
        ));
    }
    faults
}

fn run(
    predicate: &Predicate,
    contents: &Contents,
    report: &Report,
    seeded: &Seeded,
    cases: u32,
) -> Vec<&'static str> {
    let limits = &contents.declaration.target.limits;
    let settings = RunSettings {
        profiles: vec![Profile::Full],
        cases,
        only: Vec::new(),
        skip: Vec::new(),
        tags: Vec::new(),
        shard: None,
        fail_fast: false,
        max_seconds: None,
        concurrency: limits.concurrency,
        downloads: limits.downloads,
    };
    let is_locked = report.settings == settings
        && (seeded.cases, seeded.downloads) == (cases, limits.downloads)
        && report.known_failures.is_empty();
    let checks = [
        (
            report.seed == seeded.seed,
            "the report has another seed than is signed for",
        ),
        (
            is_locked,
            "it was not made with the settings of a certification",
        ),
        (report.ended == Ending::Complete, "it ended early"),
        (
            report.target == predicate.target,
            "it is of another address than is signed for",
        ),
        (
            report.contract == predicate.contract
                && report.catalogue.as_ref() == Some(&predicate.catalogue),
            "it was judged by other documents than are signed for",
        ),
        (
            report.tool.version == predicate.tool.version,
            "another version of smsload made it than is signed for",
        ),
    ];
    let broken = checks.into_iter().filter(|(holds, _)| !holds);
    broken.map(|(_, why)| why).collect()
}

/// Pages are for people, who might read nothing else. Another version may write them in other words.
fn pages(predicate: &Predicate, contents: &Contents) -> Vec<String> {
    if predicate.tool.version != env!("CARGO_PKG_VERSION") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut must = |is_right: bool, name: &str| {
        if !is_right {
            faults.push(format!("{name} is not the page of what is signed."));
        }
    };
    must(
        contents.summary == certificate(predicate).as_bytes(),
        "summary.html",
    );
    let drawn = badge(predicate.standing.grade);
    must(contents.badge == drawn.as_bytes(), "badge.svg");
    for (number, (report, shown)) in (1..).zip(contents.reports.iter().zip(&contents.pages)) {
        let is_right = html(report).is_ok_and(|page| page.as_bytes() == shown);
        must(is_right, &format!("run-{number}/report.html"));
    }
    faults
}

/// Whether a recording can be that of a report.
pub(super) fn recording(number: usize, report: &Report, recording: &Playback) -> Vec<String> {
    let mut faults = Vec::new();
    let head = recording.head();
    let is_of = head.is_some_and(|head| head.seed == report.seed && head.target == report.target);
    if !is_of {
        faults.push(format!("Run {number}: the recording is of another run."));
    }
    let sent = recording.exchanges().iter();
    let sent = sent.filter(|exchange| !is_look(&exchange.id));
    let sent = sent.count() as u64;
    if sent != report.exchanges {
        faults.push(format!(
            "Run {number}: the report is of {} requests, the recording has {sent}.",
            report.exchanges
        ));
    }
    faults
}
