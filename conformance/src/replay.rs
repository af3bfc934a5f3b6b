//! The failures of a report, sent again: the same requests, with what they took from earlier answers taken from the
//! answers of today; judged by the same checks. A failure that is about more than its exchanges (what is watched over
//! time, operations without a catalogue) has its whole line judged anew, from the same seed.
//!
//! Limits: the check's own words need the target file of the run; without it a case that depends on it is left open.

mod request;

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::join_all;
use smsload_spec::{Contract, Profile, Requirements};

use self::request::Sequence;
use crate::about::Fingerprint;
use crate::api::Api;
use crate::builder::RunError;
use crate::case::{Answered, Case, Opinion};
use crate::checks::{self, Check};
use crate::client::Client;
use crate::draw::{Origin, again};
use crate::event::{Event, Events};
use crate::judge::settle;
use crate::report::{Report, Requirement, Shown};
use crate::result::{EXIT_CONFORMS, EXIT_FAILED, EXIT_INCOMPLETE, Verdict};
use crate::run::{Run, all_lines};
use crate::selection::names;
use crate::session::Session;
use crate::stop::Stop;
use crate::target::Target;

/// Why a report cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Its seed is none.
    #[error("the report's seed, \"{0}\", is no whole number")]
    Seed(String),
    /// It has no failure of that name.
    #[error("the report has no failure of \"{id}\"; it has {}", if failures.is_empty() { "none at all" } else { failures })]
    NoFailure {
        /// What was asked for.
        id: String,
        /// Those that it has.
        failures: String,
    },
    /// The contract or the target file cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// What became of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// It is there still.
    Fails {
        /// What was expected.
        expected: String,
        /// What came this time.
        got: String,
    },
    /// It is there no more.
    Holds,
    /// Nothing can be concluded, for this reason.
    Open(String),
}

/// A failure of a report, and what became of it.
#[derive(Debug, Clone)]
pub struct Again {
    /// The requirement, or the part of one.
    pub id: String,
    /// What is particular about the case.
    pub case: String,
    /// What became of it.
    pub replayed: Replayed,
}

/// The exit code of a replay: a failure that is there still, else something that could not be told.
#[must_use]
pub fn replay_exit_code(all: &[Again]) -> u8 {
    let any = |is: fn(&Replayed) -> bool| all.iter().any(|again| is(&again.replayed));
    if any(|r| matches!(r, Replayed::Fails { .. })) {
        EXIT_FAILED
    } else if any(|r| matches!(r, Replayed::Open(_))) {
        EXIT_INCOMPLETE
    } else {
        EXIT_CONFORMS
    }
}

/// A report's failures that are to be sent again.
#[derive(Debug)]
pub struct Replay<'r> {
    report: &'r Report,
    contract: Arc<Contract>,
    target: Target,
    seed: u64,
    failures: Vec<(&'r Requirement, &'r Shown)>,
}

impl<'r> Replay<'r> {
    /// The failures of these requirements, parts or groups; all, if none is named.
    ///
    /// # Errors
    /// The report has no such failure, or its seed is none.
    pub fn new(
        report: &'r Report,
        contract: Arc<Contract>,
        target: Target,
        ids: &[String],
    ) -> Result<Self, ReplayError> {
        let seed = report
            .seed
            .parse()
            .map_err(|_| ReplayError::Seed(report.seed.clone()))?;
        let all = || {
            let requirements = report.requirements.iter();
            requirements.filter_map(|r| Some((r, r.failure.as_ref()?)))
        };
        let is_of = |id: &str, failure: &(&Requirement, &Shown)| names(id, &failure.0.id);
        if let Some(id) = ids.iter().find(|id| !all().any(|f| is_of(id, &f))) {
            let failures: Vec<_> = all().map(|(r, _)| r.id.as_str()).collect();
            return Err(ReplayError::NoFailure {
                id: id.clone(),
                failures: failures.join(", "),
            });
        }
        let is_wanted =
            |f: &(&Requirement, &Shown)| ids.is_empty() || ids.iter().any(|id| is_of(id, f));
        let failures = all().filter(is_wanted).collect();
        Ok(Self {
            report,
            contract,
            target,
            seed,
            failures,
        })
    }

    /// How many failures are sent again.
    #[must_use]
    pub fn len(&self) -> usize {
        self.failures.len()
    }

    /// True if there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.failures.is_empty()
    }

    /// What is not as it was when the report was written, in words.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let (report, mut all) = (self.report, Vec::new());
        let version = env!("CARGO_PKG_VERSION");
        if report.tool.version != version {
            let old = &report.tool.version;
            all.push(format!("smsload {old} wrote the report, this is {version}"));
        }
        if report.contract.sha256 != Fingerprint::of_contract(&self.contract).sha256 {
            let title = &report.contract.title;
            all.push(format!(
                "the contract is another one than the report's ({title} {}); name that with --spec and --overlay",
                report.contract.version
            ));
        }
        let catalogue = report.catalogue.as_ref();
        if catalogue.is_some_and(|c| *c != Fingerprint::of_catalogue()) {
            all.push("the catalogue of requirements is another one than the report's".to_owned());
        }
        all
    }

    /// Sends them, one after the other; each is told as soon as it was judged.
    ///
    /// # Errors
    /// The contract or the target file cannot be used.
    pub async fn run(
        self,
        told: &mut (dyn FnMut(&Again) + Send),
    ) -> Result<Vec<Again>, ReplayError> {
        let session = self.session()?;
        let mut all = Vec::new();
        for (requirement, shown) in &self.failures {
            let origin = shown.origin.as_ref();
            let check = checks::find(&requirement.id);
            let replayed = match (&session, check, origin) {
                (Some(session), Some(check), Some(origin)) => {
                    self.replay(session, check, shown, origin).await
                }
                _ => self.line(&requirement.id).await?,
            };
            let again = Again {
                id: requirement.id.clone(),
                case: shown.case.clone(),
                replayed,
            };
            told(&again);
            all.push(again);
        }
        Ok(all)
    }

    /// What the exchanges are sent with; nothing for a document without a catalogue.
    fn session(&self) -> Result<Option<Session>, RunError> {
        let is_of_catalogue =
            |(r, s): &(&Requirement, &Shown)| s.origin.is_some() && checks::find(&r.id).is_some();
        if !self.failures.iter().any(is_of_catalogue) {
            return Ok(None);
        }
        let api = Arc::new(Api::new(&self.contract, &self.target)?);
        let client = Arc::new(Client::new(&self.target)?);
        let downloads = self.target.limits.downloads;
        // Nobody listens to what happens on the way.
        let (events, _) = Events::channel();
        let session = Session::new(api, client, downloads, events, Stop::new());
        Ok(Some(session))
    }

    async fn replay(
        &self,
        session: &Session,
        check: &Check,
        shown: &Shown,
        origin: &Origin,
    ) -> Replayed {
        let plan = (check.plan)(&session.api);
        let label = plan.label.unwrap_or(check.line);
        let case = again(&plan, label, self.seed, origin);
        let sequence = Sequence::of(shown, session, &self.report.target);
        let opinion = match (case, origin) {
            (_, Origin::Seen) => seen(session, check, &sequence).await,
            (Some(case), _) if case.about == shown.case => {
                session.take_care(is_careful(check));
                judged(session, &case, sequence).await
            }
            _ => Err(format!(
                "the check has another case here than the report ({}); use the same contract, and the target file of the run (--target)",
                shown.case
            )),
        };
        match (opinion, session.stop().why()) {
            (_, Some(why)) => Replayed::Open(why.to_string()),
            (Err(why) | Ok(Opinion::Inconclusive(why)), _) => Replayed::Open(why),
            (Ok(Opinion::Fail { expected, got }), _) => Replayed::Fails { expected, got },
            (Ok(Opinion::Pass | Opinion::Seen(_)), _) => Replayed::Holds,
        }
    }

    /// A whole line, judged anew.
    async fn line(&self, id: &str) -> Result<Replayed, RunError> {
        let run = Run::builder(Arc::clone(&self.contract), self.target.clone())
            .seed(self.seed)
            .cases(self.report.settings.cases)
            .only([id])
            .build()?;
        let result = run.run(&mut |_: &Event| {}).await;
        let Some(line) = result.line(id) else {
            return Ok(Replayed::Open(format!("there is no {id} to be judged")));
        };
        let why = || line.reason.clone().unwrap_or_default();
        Ok(match (&line.verdict, &line.failure) {
            (Verdict::Fail | Verdict::Flaky, Some(failure)) => Replayed::Fails {
                expected: failure.expected.clone(),
                got: failure.got.clone(),
            },
            (Verdict::Pass, _) => Replayed::Holds,
            (verdict, _) => Replayed::Open(format!("{}: {}", verdict.as_str(), why())),
        })
    }
}

/// Requests of the security profile are sent with care here too.
fn is_careful(check: &Check) -> bool {
    let mut all = all_lines(Requirements::bundled());
    all.any(|(requirement, line)| {
        line.id == check.line && requirement.profiles.contains(&Profile::Security)
    })
}

/// The case's opinion of today's answers.
async fn judged(
    session: &Session,
    case: &Case,
    sequence: Result<Sequence<'_>, String>,
) -> Result<Opinion, String> {
    let sequence = sequence?;
    let requests = case.fingerprint();
    let is_paid = case.downloads > 0;
    let mut answers: Vec<Arc<Answered>> = Vec::new();
    if case.is_at_once {
        let mut all = Vec::new();
        for number in 0..sequence.len() {
            all.push(sequence.request(number, &[], requests.get(number))?);
        }
        let sent = all
            .into_iter()
            .enumerate()
            .map(|(n, (id, request))| session.send(format!("{id}#replay{n}"), request, is_paid));
        answers = join_all(sent).await;
    } else {
        for number in 0..sequence.len() {
            let (id, request) = sequence.request(number, &answers, requests.get(number))?;
            answers.push(session.send(format!("{id}#replay"), request, is_paid).await);
        }
    }
    if answers.len() != case.steps.len() {
        return Err("the report has not all exchanges of the case".to_owned());
    }
    let opinion = (case.judge)(&session.api, &answers);
    Ok(settle(session, &case.twin, opinion, &answers).await)
}

/// What the watch thinks of an answer to the same request.
async fn seen(
    session: &Session,
    check: &Check,
    sequence: &Result<Sequence<'_>, String>,
) -> Result<Opinion, String> {
    let sequence = sequence.as_ref().map_err(Clone::clone)?;
    let watch = check.watch.ok_or("the check watches nothing")?;
    let (id, request) = sequence.request(0, &[], None)?;
    let answered = session.send(format!("{id}#replay"), request, false).await;
    if let crate::exchange::Received::Lost(lost) = &answered.exchange.received {
        return Err(lost.to_string());
    }
    let opinion = watch(&session.api, &answered, &HashSet::new());
    Ok(opinion.unwrap_or(Opinion::Pass))
}
