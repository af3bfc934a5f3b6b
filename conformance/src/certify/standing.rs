//! Where a product stands after its runs: a pure function of the reports and of what was declared.
//!
//! - certified: every MUST that was asked for passes in every run, nothing is open;
//! - certified with remarks: the same, with SHOULDs that do not pass;
//! - not certified: anything else.
//!
//! What is declared absent narrows what was certified, and is told with the standing. A requirement that the catalogue
//! says nothing can test is told, too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smsload_spec::{Level, Requirements, Text};

use super::compare::badness;
use crate::report::{Ending, Report};
use crate::result::Verdict;

/// Groups that nothing can take out of a certification.
const FIXED: [&str; 6] = ["ACC", "RESP", "BODY", "SRC", "TIME", "STRM"];

/// Where a product stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// In a word.
    pub grade: Grade,
    /// What stands against it: why it is not certified.
    pub against: Vec<Remark>,
    /// SHOULDs that do not pass.
    pub remarks: Vec<Remark>,
    /// What was not asked for, since it is declared absent, and how many requirements that is.
    pub without: BTreeMap<String, u32>,
    /// Requirements that passed in every run.
    pub passed: u32,
}

/// A standing in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Every MUST passes, and every SHOULD.
    Certified,
    /// Every MUST passes.
    CertifiedWithRemarks,
    /// A MUST does not pass, or a run is not whole.
    NotCertified,
}

impl Grade {
    /// For people.
    #[must_use]
    pub fn text(self) -> Text {
        let (en, zh) = match self {
            Self::Certified => ("certified", "通过认证"),
            Self::CertifiedWithRemarks => ("certified with remarks", "通过认证（附说明）"),
            Self::NotCertified => ("not certified", "未通过认证"),
        };
        Text {
            en: en.to_owned(),
            zh: zh.to_owned(),
        }
    }

    /// The word that reports and pages use.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Certified => "certified",
            Self::CertifiedWithRemarks => "certified_with_remarks",
            Self::NotCertified => "not_certified",
        }
    }

    /// True unless it is not certified.
    #[must_use]
    pub fn is_certified(self) -> bool {
        self != Self::NotCertified
    }
}

/// A requirement that does not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// Its id; of a run that is not whole `run-N`.
    pub id: String,
    /// The worst verdict of all runs; nothing where a run is not whole.
    pub verdict: Option<Verdict>,
    /// Runs in which it was so.
    pub runs: u32,
    /// Why, as the first of these runs says it.
    pub reason: Option<String>,
}

/// The standing that the reports of all runs come to.
pub(super) fn of(reports: &[Report]) -> Standing {
    let mut against: BTreeMap<String, Remark> = BTreeMap::new();
    let mut remarks: BTreeMap<String, Remark> = BTreeMap::new();
    let mut without: BTreeMap<String, u32> = BTreeMap::new();
    let mut passed: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, report) in reports.iter().enumerate() {
        if report.ended != Ending::Complete {
            let id = format!("run-{}", number + 1);
            let remark = Remark {
                id: id.clone(),
                verdict: None,
                runs: 1,
                reason: report.ended_reason.clone(),
            };
            against.insert(id, remark);
        }
        for requirement in &report.requirements {
            let is_fixed = FIXED.contains(&requirement.group.as_str());
            let list = match (requirement.level, requirement.verdict) {
                (_, Verdict::Pass) => {
                    *passed.entry(&requirement.id).or_default() += 1;
                    continue;
                }
                // An `info` demands nothing.
                (Level::Info, _) | (_, Verdict::NotTested) => continue,
                (Level::Must, Verdict::Skipped) if is_fixed && !is_declared(requirement) => {
                    &mut against
                }
                (_, Verdict::Skipped) => {
                    if number == 0 {
                        let why = requirement.reason.clone().unwrap_or_default();
                        *without.entry(why).or_default() += 1;
                    }
                    continue;
                }
                (Level::Must, _) => &mut against,
                (Level::Should, _) => &mut remarks,
            };
            let reason = requirement.reason.clone().or_else(|| {
                let shown = requirement.failure.as_ref()?;
                Some(format!(
                    "{}: expected {}, got {}",
                    shown.case, shown.expected, shown.got
                ))
            });
            let remark = list.entry(requirement.id.clone()).or_insert(Remark {
                id: requirement.id.clone(),
                verdict: Some(requirement.verdict),
                runs: 0,
                reason,
            });
            remark.runs += 1;
            let is_worse = |worst| badness(requirement.verdict) > badness(worst);
            if remark.verdict.is_none_or(is_worse) {
                remark.verdict = Some(requirement.verdict);
            }
        }
    }
    let grade = if reports.is_empty() || !against.is_empty() {
        Grade::NotCertified
    } else if !remarks.is_empty() {
        Grade::CertifiedWithRemarks
    } else {
        Grade::Certified
    };
    let in_all = passed.values().filter(|n| **n == reports.len()).count();
    Standing {
        grade,
        against: against.into_values().collect(),
        remarks: remarks.into_values().collect(),
        without,
        passed: u32::try_from(in_all).unwrap_or(u32::MAX),
    }
}

/// True for a requirement of a fixed group that does not apply to every SMS: it needs what the page leaves open, or its
/// contrary (ACC-03 is about servers that do not authenticate).
fn is_declared(requirement: &crate::report::Requirement) -> bool {
    let id = requirement.id.split('/').next().unwrap_or_default();
    let known = Requirements::bundled().get(id);
    id == "ACC-03" || known.is_some_and(|r| !r.needs.is_empty())
}
