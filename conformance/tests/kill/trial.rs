//! A trial: one run of the suite against one server.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use smsload_conformance::{Event, LineResult, Run, RunResult, Target, Verdict};
use smsload_mock::misbehave::{self, Misbehaviour};
use smsload_mock::{Limits, MockServer, MockServerBuilder};
use smsload_spec::{Clause, Contract, Level, Profile, Requirements};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::ticking::{Hand, SPEED, ticking};

/// Random cases beside each table: a property that needs more of them to find a fault is not aimed well enough.
const CASES: u32 = 8;
/// Trials of what was missed, once nothing else is tried.
const AGAIN: usize = 3;
/// Trials at the same time. Most of a trial is work, a part of it is waiting.
const AT_ONCE: usize = 12;
const MONTH: Duration = Duration::from_secs(30 * 86_400);
/// The mock may call any address, so that this line is not for it.
const UNFIT: &str = "SECU-04";
/// Headers that the target file sets, so that they can be left out. A tenant has a world of its own, whose clock nobody can
/// move from here.
const OWN_HEADERS: &str = "[headers]\ntenant-id = \"kill-matrix\"\nToken = \"kill-matrix-token\"\n";

/// A server that is tried, with what came of it.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) what: &'static Misbehaviour,
    pub(crate) result: RunResult,
}

impl Trial {
    /// The lines that caught it, in the order of the catalogue.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &LineResult> {
        self.result.lines.iter().filter(|l| l.verdict.is_failure())
    }
}

/// Somebody who takes every callback; its address.
pub(crate) async fn sink() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/progress", listener.local_addr().unwrap());
    let app = Router::new().fallback(|| async { StatusCode::NO_CONTENT });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

impl Trial {
    /// Lines that it names and that did not catch it.
    pub(crate) fn missed(&self) -> impl Iterator<Item = &'static str> {
        let is_caught = |line: &str| {
            self.result
                .line(line)
                .is_some_and(|l| l.verdict.is_failure())
        };
        let named = self.what.catches.iter().copied();
        named.filter(move |line| !is_caught(line))
    }

    /// For those who look on.
    fn show(&self) {
        let failed: Vec<_> = self.failed().map(describe).collect();
        eprintln!("{} in {:?}: {failed:#?}", self.what.name, self.result.took);
    }
}

/// What a target file would say of a mock at an address.
pub(crate) fn target(address: &str, callback: &str) -> Target {
    target_with(address, callback, "")
}

/// The same, and more.
pub(crate) fn target_with(address: &str, callback: &str, more: &str) -> Target {
    let text = include_str!("mock.toml")
        .replace("http://127.0.0.1:4010", address)
        .replace("http://127.0.0.1:4011/progress", callback);
    let text = format!("{text}\n{more}");
    Target::parse("mock.toml".as_ref(), &text).unwrap()
}

/// A mock that serves, with a clock that is moved by hand where it can be.
#[derive(Debug)]
pub(crate) struct Ticking {
    server: MockServer,
    /// Moves its clock.
    _hand: Option<Hand>,
}

impl Ticking {
    pub(crate) async fn start(builder: MockServerBuilder) -> Self {
        let (clock, hand) = ticking();
        Self {
            server: builder.clock(clock).start().await.unwrap(),
            _hand: Some(hand),
        }
    }

    /// With a clock that runs by itself, in every world.
    async fn running(builder: MockServerBuilder) -> Self {
        Self {
            server: builder.speed(SPEED.into()).start().await.unwrap(),
            _hand: None,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }
}

/// A mock as it is tried.
pub(crate) fn mock() -> MockServerBuilder {
    // Its days are our minutes: what has ended must still be known when a run that takes its time asks.
    let limits = Limits {
        keep_jobs: MONTH,
        ..Limits::default()
    };
    MockServer::builder().seed(1).limits(limits)
}

/// The catalogue, also what must be asked for by name.
fn groups() -> impl Iterator<Item = String> {
    let groups = Requirements::bundled().groups.iter();
    groups.map(|group| group.id.clone())
}

/// Lines that a trial does without: those that are no MUST, and that the misbehaviour does not name.
fn left_out(what: &Misbehaviour) -> impl Iterator<Item = String> {
    let is_needed = |line: &str, level: Level| level == Level::Must || what.catches.contains(&line);
    let needed: Vec<_> = lines()
        .filter(|(line, level)| is_needed(line, *level))
        .collect();
    lines().map(|(line, _)| line).filter(move |line| {
        // A requirement stands for its parts too.
        let part = format!("{line}/");
        !needed
            .iter()
            .any(|(needed, _)| needed == line || needed.starts_with(&part))
    })
}

/// Holds both profiles of the catalogue against a target.
pub(crate) async fn judge(target: Target, seed: u64) -> RunResult {
    let run = Run::builder(Contract::bundled(), target)
        .profiles(&[Profile::Full, Profile::Security])
        .skip([UNFIT])
        .seed(seed)
        .cases(CASES);
    run.build().unwrap().run(&mut |_: &Event| {}).await
}

async fn one(what: &'static Misbehaviour, callback: &str) -> Trial {
    let builder = mock().misbehave(what);
    let (server, more) = if what.catches.contains(&"ACC-03") {
        (Ticking::running(builder).await, OWN_HEADERS)
    } else {
        (Ticking::start(builder).await, "")
    };
    let target = target_with(&server.url(), callback, more);
    let run = Run::builder(Contract::bundled(), target)
        .only(groups())
        .skip(left_out(what))
        .seed(1)
        .cases(CASES);
    let result = run.build().unwrap().run(&mut |_: &Event| {}).await;
    server.stop().await;
    let trial = Trial { what, result };
    if std::env::var_os("SHOW").is_some() {
        trial.show();
    }
    trial
}

/// Tries every misbehaviour that is wanted.
pub(crate) async fn all(is_wanted: impl Fn(&str) -> bool) -> Vec<Trial> {
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let callback: Arc<str> = sink().await.into();
    let mut tasks = JoinSet::new();
    let wanted = misbehave::all().filter(|what| is_wanted(what.name));
    for (number, what) in wanted.enumerate() {
        let (gate, callback) = (Arc::clone(&gate), Arc::clone(&callback));
        tasks.spawn(async move {
            let _permit = gate.acquire_owned().await.unwrap();
            (number, one(what, &callback).await)
        });
    }
    let mut trials = tasks.join_all().await;
    trials.sort_by_key(|(number, _)| *number);
    let mut trials: Vec<_> = trials.into_iter().map(|(_, trial)| trial).collect();
    // What nobody saw among many on a busy machine is looked for again, alone.
    for trial in &mut trials {
        for _ in 0..AGAIN {
            if trial.missed().next().is_some() {
                *trial = one(trial.what, &callback).await;
            }
        }
    }
    trials
}

/// Every line of the catalogue with its level.
pub(crate) fn lines() -> impl Iterator<Item = (String, Level)> {
    Requirements::bundled().list.iter().flat_map(|requirement| {
        let clause = |c: &Clause| (format!("{}/{}", requirement.id, c.key), c.level);
        std::iter::once((requirement.id.clone(), requirement.level))
            .chain(requirement.clauses.iter().map(clause))
    })
}

/// Lines that fail, or of which nothing can be said though they are MUSTs.
pub(crate) fn wrong(result: &RunResult) -> Vec<String> {
    let is_open =
        |l: &LineResult| l.verdict == Verdict::Inconclusive && l.line.level == Level::Must;
    let wrong = result
        .lines
        .iter()
        .filter(|l| l.verdict.is_failure() || is_open(l));
    wrong.map(describe).collect()
}

/// A line with its reasons, for those who read a failing test.
pub(crate) fn describe(line: &LineResult) -> String {
    let mut text = format!(
        "{} {} ({:?})",
        line.line.id,
        line.verdict.as_str(),
        line.line.level
    );
    if let Some(reason) = &line.reason {
        text.push_str(&format!(": {reason}"));
    }
    if let Some(failure) = &line.failure {
        text.push_str(&format!(
            ": {}: expected {}, got {}",
            failure.case, failure.expected, failure.got
        ));
    }
    text
}
