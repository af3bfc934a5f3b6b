//! The page of a certification: one file for people, without scripts and without anything from elsewhere.

use askama::Template;
use smsload_spec::Text;

use super::predicate::{Chosen, Predicate};
use super::standing::Remark;
use super::words::remark_text;
use crate::text::shown;

#[derive(Template)]
#[template(path = "certificate.html")]
struct Page {
    product: String,
    grade: Text,
    grade_class: &'static str,
    facts: Vec<(&'static str, &'static str, String)>,
    against: Vec<Row>,
    remarks: Vec<Row>,
    without: Vec<(String, u32)>,
    runs: Vec<Run>,
}

struct Row {
    id: String,
    what: String,
}

struct Run {
    seed: String,
    chosen: String,
    cases: u32,
    downloads: String,
}

/// The page of what is signed, `summary.html` of a bundle: HTML, one file, without scripts.
#[must_use]
pub fn certificate(predicate: &Predicate) -> String {
    let vendor = &predicate.vendor;
    let standing = &predicate.standing;
    let print = |f: &crate::about::Fingerprint| {
        format!(
            "{} {} · SHA-256 {}",
            shown(&f.title),
            shown(&f.version),
            f.sha256
        )
    };
    let mut facts = vec![
        ("Vendor", "厂商", shown(&vendor.name)),
        (
            "Product",
            "产品",
            shown(&format!("{} {}", vendor.product, vendor.version)),
        ),
        ("Address", "地址", shown(&predicate.target)),
        (
            "Passed",
            "通过",
            format!("{} requirements in every run", standing.passed),
        ),
        ("Contract", "契约", print(&predicate.contract)),
        ("Catalogue", "要求目录", print(&predicate.catalogue)),
        (
            "Judged",
            "时间",
            format!(
                "{} – {}",
                whole_seconds(&predicate.started_at),
                whole_seconds(&predicate.ended_at)
            ),
        ),
        (
            "With",
            "工具",
            format!("{} {}", predicate.tool.name, predicate.tool.version),
        ),
    ];
    if let Some(contact) = &vendor.contact {
        facts.insert(2, ("Contact", "联系方式", shown(contact)));
    }
    let page = Page {
        product: shown(&format!("{} {}", vendor.product, vendor.version)),
        grade: standing.grade.text(),
        grade_class: standing.grade.class(),
        facts,
        against: standing.against.iter().map(row).collect(),
        remarks: standing.remarks.iter().map(row).collect(),
        without: standing
            .without
            .iter()
            .map(|(why, n)| (shown(why), *n))
            .collect(),
        runs: predicate.runs.iter().map(run).collect(),
    };
    // Every value of it is a text; there is nothing that could fail to be written.
    page.render().unwrap_or_default()
}

/// A time (RFC 3339, UTC) without the parts of a second; any other text as it is.
pub(super) fn whole_seconds(time: &str) -> String {
    let read = time.parse::<jiff::Timestamp>();
    read.map_or_else(|_| shown(time), |time| time.strftime("%FT%TZ").to_string())
}

fn row(remark: &Remark) -> Row {
    Row {
        id: remark.id.clone(),
        what: remark_text(remark),
    }
}

fn run(run: &super::predicate::Seeded) -> Run {
    let chosen = match (run.chosen, &run.challenge) {
        (Chosen::Fixed, _) => "fixed by contract and catalogue".to_owned(),
        (Chosen::Drawn, _) => "drawn at the start".to_owned(),
        (Chosen::Challenge, word) => {
            format!(
                "by the challenge “{}”",
                shown(word.as_deref().unwrap_or_default())
            )
        }
    };
    Run {
        seed: run.seed.clone(),
        chosen,
        cases: run.cases,
        downloads: run
            .downloads
            .map_or("no limit".to_owned(), |n| n.to_string()),
    }
}
