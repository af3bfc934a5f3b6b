//! A run: the catalogue held against a target, line by line. Lines that watch the whole run are judged last.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use smsload_spec::{Contract, Profile, Requirement, Requirements, Text};

use crate::about::{About, Fingerprint, RunSettings};
use crate::api::{Api, ContractError};
use crate::checks::{self, Check};
use crate::client::Client;
use crate::event::{Event, Events, Reporter};
use crate::generic::{Generic, Ground};
use crate::judge::{self, Settings};
use crate::result::{Ended, Line, LineResult, RunResult, Verdict};
use crate::session::Session;
use crate::so_far::SoFar;
use crate::tally::verdict;
use crate::target::Target;

/// Cases of a property, unless said otherwise.
pub const DEFAULT_CASES: u32 = 100;

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The contract cannot be judged by.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The catalogue has no such requirement.
    #[error(
        "the catalogue has no requirement, part or group \"{0}\"; write an id such as TIME-01, TIME-06/clipped-values or TIME"
    )]
    UnknownId(String),
    /// The client could not be built.
    #[error("the HTTP client could not be set up: {0}; check the limits of the target file")]
    Client(#[from] reqwest::Error),
}

/// Describes a run.
#[derive(Debug, Clone)]
pub struct RunBuilder {
    contract: Arc<Contract>,
    target: Target,
    seed: u64,
    cases: u32,
    profiles: Vec<Profile>,
    only: Vec<String>,
    skip: Vec<String>,
    is_strict: bool,
}

impl RunBuilder {
    /// The seed that all cases are drawn from. 0 unless said otherwise: the caller draws one.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Cases of each property.
    #[must_use]
    pub fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// The profiles; full unless said otherwise.
    #[must_use]
    pub fn profiles(mut self, profiles: &[Profile]) -> Self {
        profiles.clone_into(&mut self.profiles);
        self
    }

    /// Only these requirements, parts or groups, whatever their profile.
    #[must_use]
    pub fn only<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.only = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Not these requirements, parts or groups.
    #[must_use]
    pub fn skip<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.skip = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Whether failures of the level SHOULD count too.
    #[must_use]
    pub fn strict(mut self, is_strict: bool) -> Self {
        self.is_strict = is_strict;
        self
    }

    /// The run that was described.
    ///
    /// # Errors
    /// The contract cannot be judged by, an id is not known, or the client cannot be set up.
    pub fn build(self) -> Result<Run, RunError> {
        let catalogue = Requirements::bundled();
        let generic = Generic::of(&self.contract);
        let api = match Api::new(&self.contract, &self.target) {
            Ok(api) => Some(Arc::new(api)),
            // A document without downloads has no catalogue, but it may have operations all the same.
            Err(ContractError::NoStart) if generic.is_some() => None,
            Err(error) => return Err(error.into()),
        };
        let others = generic.as_ref().map(Generic::lines).unwrap_or_default();
        for id in self.only.iter().chain(&self.skip) {
            let mut known = all_lines(catalogue).map(|(_, line)| line.id);
            let is_known = known.any(|line| names(id, &line));
            if !is_known && !others.iter().any(|line| names(id, &line.id)) {
                return Err(RunError::UnknownId(id.clone()));
            }
        }
        let lines = if api.is_some() {
            self.select(catalogue)
        } else {
            Vec::new()
        };
        let others = others.into_iter().filter(|line| self.selects(line));
        let others = others.collect();
        let client = Client::new(&self.target)?;
        Ok(Run {
            lines,
            others,
            api,
            generic,
            client,
            builder: self,
        })
    }

    fn about(&self, has_catalogue: bool) -> About {
        About {
            contract: Fingerprint::of_contract(&self.contract),
            catalogue: has_catalogue.then(Fingerprint::of_catalogue),
            settings: RunSettings {
                profiles: self.profiles.clone(),
                cases: self.cases,
                only: self.only.clone(),
                skip: self.skip.clone(),
                concurrency: self.target.limits.concurrency,
                downloads: self.target.limits.downloads,
            },
            started: jiff::Timestamp::now(),
        }
    }

    /// Lines of operations without a catalogue belong to the full profile.
    fn selects(&self, line: &Line) -> bool {
        let is_skipped = self.skip.iter().any(|id| names(id, &line.id));
        let is_wanted = if self.only.is_empty() {
            self.profiles
                .iter()
                .any(|profile| *profile != Profile::Security)
        } else {
            self.only.iter().any(|id| names(id, &line.id))
        };
        is_wanted && !is_skipped
    }

    fn select(&self, catalogue: &'static Requirements) -> Vec<(&'static Requirement, Line)> {
        let is_wanted = |requirement: &Requirement, line: &Line| {
            if self.only.is_empty() {
                let is_opt_in = requirement.tags.iter().any(|tag| tag == "opt-in");
                !is_opt_in
                    && self
                        .profiles
                        .iter()
                        .any(|p| requirement.profiles.contains(p))
            } else {
                self.only.iter().any(|id| names(id, &line.id))
            }
        };
        let is_skipped = |line: &Line| self.skip.iter().any(|id| names(id, &line.id));
        all_lines(catalogue)
            .filter(|(r, line)| is_wanted(r, line) && !is_skipped(line))
            .collect()
    }
}

/// Every line of the catalogue: requirements, each followed by its parts.
pub(crate) fn all_lines(
    catalogue: &'static Requirements,
) -> impl Iterator<Item = (&'static Requirement, Line)> {
    catalogue.list.iter().flat_map(|requirement| {
        let clauses = requirement.clauses.iter();
        std::iter::once((requirement, Line::of(requirement)))
            .chain(clauses.map(move |clause| (requirement, Line::of_clause(requirement, clause))))
    })
}

/// True if an id names a line: the line itself, its requirement, or its group.
fn names(id: &str, line: &str) -> bool {
    line.strip_prefix(id)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '-']))
}

/// A run that can be started.
#[derive(Debug)]
pub struct Run {
    lines: Vec<(&'static Requirement, Line)>,
    /// Lines of operations without a catalogue.
    others: Vec<Line>,
    api: Option<Arc<Api>>,
    generic: Option<Generic>,
    client: Client,
    builder: RunBuilder,
}

/// What a part of a run came to.
struct Outcome {
    lines: Vec<LineResult>,
    ended: Ended,
    exchanges: u64,
}

impl Run {
    /// Describes a run of a contract's catalogue against a target.
    #[must_use]
    pub fn builder(contract: Arc<Contract>, target: Target) -> RunBuilder {
        RunBuilder {
            contract,
            target,
            seed: 0,
            cases: DEFAULT_CASES,
            profiles: vec![Profile::Full],
            only: Vec::new(),
            skip: Vec::new(),
            is_strict: false,
        }
    }

    /// Runs it. The reporter hears of everything as it happens.
    pub async fn run(self, reporter: &mut dyn Reporter) -> RunResult {
        self.run_until(reporter, std::future::pending()).await
    }

    /// Runs it until it ends, or until `stop` says why it has to: then what it found so far is its result, cut short.
    pub async fn run_until(
        self,
        reporter: &mut dyn Reporter,
        stop: impl Future<Output = String>,
    ) -> RunResult {
        let (events, mut inbox) = Events::channel();
        let lines: Arc<[Line]> = self.all().cloned().collect();
        let about = Arc::new(self.builder.about(self.api.is_some()));
        let (seed, target) = (self.builder.seed, self.builder.target.base_url.to_string());
        let mut so_far = SoFar::new(
            Arc::clone(&about),
            seed,
            target.clone(),
            self.builder.is_strict,
            Arc::clone(&lines),
        );
        reporter.on(&Event::RunStarted {
            seed,
            target,
            about: Arc::clone(&about),
            lines,
        });
        let engine = self.engine(events, about);
        tokio::pin!(engine, stop);
        let ended = loop {
            tokio::select! {
                biased;
                Some(event) = inbox.recv() => {
                    so_far.note(&event);
                    reporter.on(&event);
                }
                result = &mut engine => break Ok(result),
                why = &mut stop => break Err(why),
            }
        };
        while let Ok(event) = inbox.try_recv() {
            so_far.note(&event);
            reporter.on(&event);
        }
        let result = Arc::new(ended.unwrap_or_else(|why| so_far.close(why)));
        reporter.on(&Event::RunFinished(Arc::clone(&result)));
        Arc::unwrap_or_clone(result)
    }

    /// What verdicts will be given on.
    fn all(&self) -> impl Iterator<Item = &Line> {
        let lines = self.lines.iter().map(|(_, line)| line);
        lines.chain(&self.others)
    }

    async fn engine(self, events: Events, about: Arc<About>) -> RunResult {
        let Self {
            lines,
            others,
            api,
            generic,
            client,
            builder,
        } = self;
        let client = Arc::new(client);
        let mut outcome = match api {
            Some(api) => {
                let downloads = builder.target.limits.downloads;
                let session = Session::new(api, Arc::clone(&client), downloads, events.clone());
                catalogue(&session, &lines, &builder).await
            }
            None => Outcome {
                lines: Vec::new(),
                ended: Ended::Complete,
                exchanges: 0,
            },
        };
        client.take_care(false);
        if let Some(generic) = generic.filter(|_| !others.is_empty()) {
            let ground = Ground {
                client: &client,
                events: &events,
                busy: &builder.target.busy,
                concurrency: usize::from(builder.target.limits.concurrency.max(1)),
                cases: builder.cases,
                seed: builder.seed,
                sent: AtomicU64::new(0),
            };
            let (results, unreachable) = generic.run(&others, &ground).await;
            outcome.lines.extend(results);
            outcome.exchanges += ground.sent.into_inner();
            if let (Ended::Complete, Some(why)) = (&outcome.ended, unreachable) {
                outcome.ended = Ended::Unreachable(why);
            }
        }
        RunResult {
            about,
            seed: builder.seed,
            target: builder.target.base_url.to_string(),
            lines: outcome.lines,
            ended: outcome.ended,
            is_strict: builder.is_strict,
            exchanges: outcome.exchanges,
            took: client.elapsed(),
        }
    }
}

/// Judges the lines of the catalogue; those that watch the whole run come last.
async fn catalogue(
    session: &Session,
    lines: &[(&'static Requirement, Line)],
    builder: &RunBuilder,
) -> Outcome {
    let unreachable = session.is_silent().await;
    let mut results = HashMap::new();
    for is_late in [false, true] {
        for (requirement, line) in lines {
            let check = checks::find(&line.id);
            if check.is_some_and(|c| c.is_late) != is_late {
                continue;
            }
            let result = match &unreachable {
                Some(why) if check.is_some() => {
                    verdict(line.clone(), Verdict::Inconclusive, Some(why.clone()))
                }
                _ => judge_line(session, requirement, line, check, builder).await,
            };
            results.insert(line.id.clone(), result);
        }
    }
    let ended = match (unreachable, session.gone()) {
        (Some(why), _) => Ended::Unreachable(why),
        (None, Some(why)) => Ended::CutShort(why.to_owned()),
        (None, None) => Ended::Complete,
    };
    Outcome {
        lines: lines
            .iter()
            .filter_map(|(_, line)| results.remove(&line.id))
            .collect(),
        ended,
        exchanges: session.sent(),
    }
}

async fn judge_line(
    session: &Session,
    requirement: &Requirement,
    line: &Line,
    check: Option<&'static Check>,
    builder: &RunBuilder,
) -> LineResult {
    session.tell(Event::LineStarted(line.clone())).await;
    session.take_care(requirement.profiles.contains(&Profile::Security));
    let not_applicable = not_applicable(requirement, &builder.target);
    let result = match (check, not_applicable, session.gone()) {
        (None, _, _) => {
            let why = untested(requirement, &line.id).map(|why| why.en.clone());
            verdict(line.clone(), Verdict::NotTested, why)
        }
        (_, Some(why), _) => verdict(line.clone(), Verdict::Skipped, Some(why)),
        (_, _, Some(gone)) => verdict(line.clone(), Verdict::Inconclusive, Some(gone.to_owned())),
        (Some(check), None, None) => {
            let settings = Settings {
                seed: builder.seed,
                cases: builder.cases,
                concurrency: usize::from(builder.target.limits.concurrency.max(1)),
            };
            judge::judge(session, check, line.clone(), settings).await
        }
    };
    let finished = Event::LineFinished(Arc::new(result.clone()));
    session.tell(finished).await;
    result
}

/// Why the catalogue says that nothing checks a line.
pub(crate) fn untested<'r>(requirement: &'r Requirement, line: &str) -> Option<&'r Text> {
    match line.split_once('/') {
        None => requirement.not_tested.as_ref(),
        Some((_, key)) => {
            let clause = requirement.clauses.iter().find(|c| c.key == key)?;
            clause.not_tested.as_ref()
        }
    }
}

/// Why a requirement does not apply to a target.
fn not_applicable(requirement: &Requirement, target: &Target) -> Option<String> {
    let undeclared = requirement
        .needs
        .iter()
        .find(|need| !target.declared.has(need));
    if let Some(need) = undeclared {
        return Some(format!("the target file does not declare `{need}`"));
    }
    if requirement.id == "ACC-03" && target.declared.authentication {
        return Some("the target file declares that the target authenticates".to_owned());
    }
    let missing = requirement
        .fixture
        .iter()
        .find(|name| !target.names(name))?;
    Some(format!("the target file names no `{missing}`"))
}
