//! Every misbehaviour changes what it says it changes, and nothing else.

mod beyond;
mod corpus;
mod scenario;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;
use smsload_mock::misbehave::{self, Misbehaviour};
use smsload_mock::{Limits, MockServer, RejectStatus, Settings};
use smsload_spec::{Clause, Requirement, Requirements};

use crate::support::{Api, DOWNLOAD, contract, hurried, load, raw_post, valid};
use corpus::corpus;
use scenario::{Came, Scenario};

/// What cannot be seen without a connection.
const SOCKET: &str = "over a socket";

fn settings(reject_status: RejectStatus) -> Settings {
    Settings {
        seed: 1,
        reject_status,
        ..Settings::default()
    }
}

/// An exchange that differs: its words, and what came.
struct Difference {
    tags: [&'static str; 2],
    came: String,
}

fn differences(
    what: &'static Misbehaviour,
    right: &[(Scenario, Vec<Came>)],
    settings: &Settings,
) -> Vec<Difference> {
    let settings = settings.clone().misbehave(what).unwrap();
    let mut found = Vec::new();
    for (scenario, right) in right {
        let wrong = scenario.run(&settings, Some(&Scenario::ids(right)));
        assert_eq!(wrong.len(), right.len());
        let mut is_started = true;
        for (right, wrong) in right.iter().zip(&wrong) {
            is_started &= right.outcome != "accepted" || wrong.outcome == "accepted";
            // A download that was not started has no progress: that is no difference of its own.
            if (is_started || right.outcome != "progress") && !right.is_like(wrong) {
                found.push(Difference {
                    tags: [scenario.name, right.outcome],
                    came: format!("{}\n  instead of {}", wrong.text(), right.text()),
                });
            }
        }
    }
    found.dedup_by_key(|difference| difference.tags);
    found
}

fn right(settings: &Settings) -> Vec<(Scenario, Vec<Came>)> {
    let run = |scenario: Scenario| {
        let came = scenario.run(settings, None);
        (scenario, came)
    };
    corpus().into_iter().map(run).collect()
}

/// What is wrong with what each changes.
fn faults(reject_status: RejectStatus) -> Vec<String> {
    let mut wrong = Vec::new();
    let settings = settings(reject_status);
    let right = right(&settings);
    for what in misbehave::all().filter(|what| what.touches != [SOCKET]) {
        let found = differences(what, &right, &settings);
        let name = what.name;
        let touches: Vec<_> = what
            .touches
            .iter()
            .filter(|tag| !beyond::is_beyond(tag))
            .collect();
        if found.is_empty() && !touches.is_empty() {
            wrong.push(format!("{name} changes nothing"));
        }
        let is_meant = |d: &&Difference| d.tags.iter().any(|tag| what.touches.contains(tag));
        let strays = found.iter().filter(|d| !is_meant(d));
        wrong.extend(strays.map(|d| format!("{name} changes {:?}: {}", d.tags, d.came)));
        let touched: HashSet<_> = found.iter().flat_map(|d| d.tags).collect();
        let idle = touches.iter().filter(|tag| !touched.contains(**tag));
        wrong.extend(idle.map(|tag| format!("{name} does not change {tag}")));
    }
    wrong
}

#[test]
fn each_changes_the_exchanges_that_it_names_and_no_other() {
    let wrong = faults(RejectStatus::Contract);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn so_it_does_where_rejections_have_statuses() {
    let wrong = faults(RejectStatus::Error);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_correct_mock_answers_the_same_each_time() {
    let settings = settings(RejectStatus::Contract);
    for (scenario, came) in right(&settings) {
        assert_eq!(scenario.run(&settings, None), came, "{}", scenario.name);
    }
}

#[test]
fn there_are_enough_and_their_names_are_in_order() {
    let names: Vec<_> = misbehave::all().map(|what| what.name).collect();
    assert!(names.len() >= 60, "{}", names.len());
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    for what in misbehave::all() {
        let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(what.name.chars().all(is_kebab), "{}", what.name);
        assert!(
            what.what.ends_with('.') && !what.what.contains("  "),
            "{}",
            what.name
        );
        assert_eq!(misbehave::find(what.name).unwrap().name, what.name);
    }
}

/// The lines of the catalogue: requirements, and the parts of them that are judged apart.
fn lines() -> BTreeSet<String> {
    let of = |requirement: &Requirement| {
        let clause = |c: &Clause| format!("{}/{}", requirement.id, c.key);
        let clauses: Vec<_> = requirement.clauses.iter().map(clause).collect();
        std::iter::once(requirement.id.clone()).chain(clauses)
    };
    Requirements::bundled().list.iter().flat_map(of).collect()
}

#[test]
fn each_names_requirements_that_there_are() {
    let lines = lines();
    for what in misbehave::all() {
        assert!(!what.catches.is_empty(), "{}", what.name);
        for line in what.catches {
            assert!(lines.contains(*line), "{}: {line}", what.name);
        }
    }
}

#[test]
fn each_requirement_has_one_or_a_reason_to_have_none() {
    let lines = lines();
    let named: BTreeSet<_> = misbehave::all()
        .flat_map(|what| what.catches)
        .copied()
        .collect();
    let excused: BTreeSet<_> = misbehave::WITHOUT.iter().map(|(line, _)| *line).collect();
    let missing = lines
        .iter()
        .filter(|l| !named.contains(l.as_str()) && !excused.contains(l.as_str()));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new());
    for (line, reason) in misbehave::WITHOUT {
        assert!(
            lines.contains(*line) && !named.contains(line),
            "{line}: {reason}"
        );
    }
}

/// The committed table is the one of the code: `UPDATE=1 cargo test -p smsload-mock` writes it anew.
#[test]
fn the_documentation_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/misbehaviours.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, documentation()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, documentation(), "write it anew with UPDATE=1");
}

fn documentation() -> String {
    let mut text = INTRODUCTION.to_owned();
    for group in misbehave::GROUPS {
        let _ = write!(
            text,
            "\n## {}\n\n| name | what it does | caught by |\n| --- | --- | --- |\n",
            group.title
        );
        for what in group.list {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} |",
                what.name,
                what.what,
                what.catches.join(", ")
            );
        }
    }
    let mut by_line: BTreeMap<_, Vec<_>> =
        lines().into_iter().map(|line| (line, Vec::new())).collect();
    for (line, what) in
        misbehave::all().flat_map(|what| what.catches.iter().map(move |l| (*l, what)))
    {
        by_line
            .entry(line.to_owned())
            .or_default()
            .push(format!("`{}`", what.name));
    }
    text.push_str("\n## By requirement\n\n| requirement | should fail for |\n| --- | --- |\n");
    for (line, names) in by_line.iter().filter(|(_, names)| !names.is_empty()) {
        let _ = writeln!(text, "| {line} | {} |", names.join(", "));
    }
    text.push_str("\n## Requirements without one\n\n| requirement | why |\n| --- | --- |\n");
    for (line, reason) in misbehave::WITHOUT {
        let _ = writeln!(text, "| {line} | {reason} |");
    }
    text
}

const INTRODUCTION: &str = "\
# Broken on purpose

`smsload mock --misbehave NAME` is a server that differs from the contract in one thing. That is how the conformance
suite is proved: each of these servers must be caught by the requirements that stand beside it. They are also what a
client developer can try a client against.

<!-- Written by a test of mock-server from the tables in mock-server/src/misbehave: UPDATE=1 cargo test -p smsload-mock -->
";

#[test]
fn an_unknown_name_is_told_what_is_near() {
    let error = misbehave::find("numeric-duratoin").unwrap_err().to_string();
    assert!(
        error.contains("`numeric-duratoin`; near it: `numeric-duration`"),
        "{error}"
    );
    let error = misbehave::find("天气").unwrap_err().to_string();
    assert_eq!(
        error,
        "no misbehaviour is called `天气`; `smsload mock --list-misbehaviours` lists all"
    );
}

#[tokio::test]
async fn a_contract_that_it_has_nothing_to_do_with_is_refused() {
    let plain = "openapi: 3.0.3\ninfo: {title: Plain, version: '1'}\npaths:\n  /a:\n    get:\n      responses: {'204': {description: Done}}\n";
    let blank = misbehave::find("blank-device").unwrap();
    let started = MockServer::builder()
        .contract(load(plain))
        .misbehave(blank)
        .start()
        .await;
    let error = started.unwrap_err().to_string();
    assert!(
        error.contains("`blank-device` finds nothing to change"),
        "{error}"
    );
    let renamed = contract(&[
        ("        channel:\n", "        camera:\n"),
        ("channel: '34", "camera: '34"),
        ("source_type, channel, ", "source_type, camera, "),
        ("self.channel", "self.camera"),
    ]);
    let started = MockServer::builder()
        .contract(renamed)
        .misbehave(misbehave::find("forged-id").unwrap())
        .start()
        .await;
    let error = started.unwrap_err().to_string();
    assert!(
        error.contains("with `forged-id` this contract is not sound"),
        "{error}"
    );
}

async fn api(name: Option<&str>, limits: Limits) -> Api {
    let what = name.map(|name| misbehave::find(name).unwrap());
    Api::with(|builder| {
        let builder = builder.limits(limits);
        match what {
            Some(what) => builder.misbehave(what),
            None => builder,
        }
    })
    .await
}

#[tokio::test]
async fn large_bodies_are_taken_over_a_socket() {
    let mut body = valid();
    body["x_padding"] = json!("x".repeat(10 * 1024 * 1024));
    let right = api(None, Limits::default()).await;
    right.download(&body).await.rejected(413, "41301");
    let wrong = api(Some("large-bodies"), Limits::default()).await;
    wrong.download(&body).await.accepted();
}

#[tokio::test]
async fn slow_bodies_are_waited_for_over_a_socket() {
    let body = valid().to_string();
    let length = format!("host: a\r\ncontent-length: {}\r\n", body.len());
    for (name, status) in [(None, "408"), (Some("slow-bodies"), "200")] {
        let api = api(name, hurried()).await;
        let mut raw = api.connect().await;
        raw.send(raw_post(&length, &body[..1])).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        raw.send(&body[1..]).await;
        let answer = raw.until("\r\n\r\n").await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn one_serves() {
    let api = api(Some("numeric-duration"), Limits::default()).await;
    let data = api.post(DOWNLOAD, valid().to_string()).await.accepted();
    assert_eq!(data["playback_duration"], 3600);
}
