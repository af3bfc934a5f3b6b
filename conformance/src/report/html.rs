//! `report.html`: one file that needs no network, no server and, but for search and filters, no scripts.
//!
//! Whatever is written into the page goes through [`Neutral`], which is set in `askama.toml`: text stays text. The page's
//! own style and script are named by their hashes in its Content-Security-Policy, so that nothing else runs or loads.

use std::fmt::{self, Write};

use askama::Template;
use askama::filters::{Escaper, Html};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use self::chart::{GroupBar, Histogram, Progress};
use self::message::{Message, messages};
use super::coverage::Coverage;
use super::markdown::seconds;
use super::model::{Ending, Known, Report, Requirement};
use super::words::{VERDICTS, Weight};
use crate::result::Verdict;
use crate::text::shown;

mod chart;
mod message;

const STYLE: &str = include_str!("../../assets/report.css");
const SCRIPT: &str = include_str!("../../assets/report.js");

/// The escaper of all templates: what does not print is made visible, then HTML is escaped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neutral;

impl Escaper for Neutral {
    fn write_escaped_str<W: Write>(&self, dest: W, string: &str) -> fmt::Result {
        Html.write_escaped_str(dest, &shown(string))
    }
}

/// The report as a page.
///
/// # Errors
/// None in practice: everything is written into memory.
pub fn html(report: &Report) -> Result<String, fmt::Error> {
    Page::of(report).render().map_err(|_| fmt::Error)
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'r> {
    report: &'r Report,
    style: &'static str,
    script: &'static str,
    style_hash: String,
    script_hash: String,
    conclusion: [String; 2],
    /// The class of the conclusion.
    outcome: &'static str,
    seconds: String,
    began: String,
    counts: Vec<Count>,
    sections: Vec<Section<'r>>,
    groups: Vec<GroupBar<'r>>,
    times: Vec<Histogram<'r>>,
    progress: Vec<Progress<'r>>,
    coverage: &'r Coverage,
}

/// How often a verdict was given.
struct Count {
    verdict: Word,
    count: usize,
}

/// A word in both languages, and the class that goes with it.
#[derive(Clone, Copy)]
struct Word {
    class: &'static str,
    en: &'static str,
    zh: &'static str,
}

/// Requirements that mean the same to a reader.
struct Section<'r> {
    title: Word,
    rows: Vec<Row<'r>>,
}

/// A requirement.
struct Row<'r> {
    requirement: &'r Requirement,
    verdict: Word,
    /// `MUST`.
    level: String,
    provenance: Word,
    known: Option<&'r Known>,
    messages: Vec<Message<'r>>,
    /// What search looks at.
    haystack: String,
}

impl<'r> Page<'r> {
    fn of(report: &'r Report) -> Self {
        Self {
            report,
            style: STYLE,
            script: SCRIPT,
            style_hash: hash(STYLE),
            script_hash: hash(SCRIPT),
            conclusion: [report.conclusion(), conclusion_zh(report)],
            outcome: match (report.conforms, report.exit_code) {
                (true, _) => "good",
                (false, 1) => "bad",
                _ => "open",
            },
            seconds: format!("{:.1}", seconds(report)),
            began: to_seconds(&report.started_at),
            counts: VERDICTS
                .into_iter()
                .map(|verdict| Count {
                    verdict: verdict_word(verdict),
                    count: report.count(verdict),
                })
                .collect(),
            sections: sections(report),
            groups: chart::groups(report),
            times: chart::times(report),
            progress: chart::progress(report),
            coverage: &report.coverage,
        }
    }

    fn is_whole(&self) -> bool {
        self.report.ended == Ending::Complete
    }
}

fn sections(report: &Report) -> Vec<Section<'_>> {
    let titles = [
        (Weight::Broken, "bad", "Broken", "不符合"),
        (Weight::Open, "open", "Could not be judged", "无法判定"),
        (
            Weight::Remark,
            "remark",
            "Worth a look, does not count",
            "值得注意，不计入结论",
        ),
        (Weight::Good, "good", "Kept", "符合"),
        (Weight::Left, "left", "Not judged", "未判定"),
    ];
    let sections = titles.into_iter().map(|(weight, class, en, zh)| {
        let own = report
            .requirements
            .iter()
            .filter(|r| report.weight(r) == weight);
        Section {
            title: Word { class, en, zh },
            rows: own
                .map(|requirement| Row::of(report, requirement))
                .collect(),
        }
    });
    sections
        .filter(|section| !section.rows.is_empty())
        .collect()
}

impl<'r> Row<'r> {
    fn of(report: &'r Report, requirement: &'r Requirement) -> Self {
        use smsload_spec::Provenance;
        let word = |en, zh| Word { class: "", en, zh };
        let haystack = [
            requirement.id.as_str(),
            &requirement.statement.en,
            &requirement.statement.zh,
            &requirement.source,
            requirement.reason.as_deref().unwrap_or_default(),
        ];
        let case = requirement.failure.as_ref().map_or("", |f| f.case.as_str());
        Self {
            requirement,
            verdict: verdict_word(requirement.verdict),
            level: requirement.level_word(),
            provenance: match requirement.provenance {
                Provenance::Documented => word("documented", "文档明确写出"),
                Provenance::Sibling => word("sibling page", "同一 API 的其他页面写出"),
                Provenance::Derived => word("derived", "推导得出"),
                Provenance::Assumed => word("assumed", "本项目的假设"),
            },
            known: report.tolerated(requirement),
            messages: messages(requirement),
            haystack: format!("{} {case}", haystack.join(" ")).to_lowercase(),
        }
    }
}

fn verdict_word(verdict: Verdict) -> Word {
    let (class, en, zh) = match verdict {
        Verdict::Pass => ("pass", "pass", "通过"),
        Verdict::Fail => ("fail", "fail", "失败"),
        Verdict::Flaky => ("flaky", "flaky", "不稳定"),
        Verdict::Inconclusive => ("inconclusive", "inconclusive", "无结论"),
        Verdict::Skipped => ("skipped", "skipped", "跳过"),
        Verdict::NotTested => ("not_tested", "not tested", "未测试"),
    };
    Word { class, en, zh }
}

fn conclusion_zh(report: &Report) -> String {
    use smsload_spec::Level;
    let (failed, warned) = (report.failed(Level::Must), report.failed(Level::Should));
    let why = report.ended_reason.as_deref().unwrap_or_default();
    match (report.ended, report.conforms) {
        (Ending::Unreachable, _) => format!("没有做出任何判定：{why}。"),
        (Ending::CutShort, _) => format!("测试提前结束：{why}。在此之前有 {failed} 项 MUST 失败。"),
        (_, true) if warned > 0 => format!("在已测试的范围内符合；{warned} 项 SHOULD 失败。"),
        (_, true) => "在已测试的范围内符合。".to_owned(),
        (_, false) if failed + warned == 0 => "尚不能判定是否符合。".to_owned(),
        (_, false) => format!("不符合：{failed} 项 MUST、{warned} 项 SHOULD 失败。"),
    }
}

/// An instant for people: without fractions of a second.
fn to_seconds(instant: &str) -> String {
    match instant.parse::<jiff::Timestamp>() {
        Ok(instant) => instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => instant.to_owned(),
    }
}

/// A source of a Content-Security-Policy: exactly this text.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}
