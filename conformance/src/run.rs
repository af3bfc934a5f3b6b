//! A run: the catalogue held against a target, line by line. Lines that watch the whole run are judged last.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use smsload_spec::{Contract, Profile, Requirement, Requirements};

use crate::about::About;
use crate::api::Api;
use crate::builder::RunBuilder;
use crate::checks::{self, Check};
use crate::client::Client;
use crate::event::{Event, Events, Reporter};
use crate::generic::{Generic, Ground};
use crate::judge::{self, Settings};
use crate::planned::{Awaits, Planned, what_awaits};
use crate::receiver::{Doors, Receiver};
use crate::result::{Ended, Line, LineResult, RunResult, Verdict};
use crate::scene::Scene;
use crate::session::Session;
use crate::stop::Stop;
use crate::tally::verdict;
use crate::target::Target;

/// Cases of a property, unless said otherwise.
pub const DEFAULT_CASES: u32 = 100;

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

/// A run that can be started.
#[derive(Debug)]
pub struct Run {
    pub(crate) lines: Vec<(&'static Requirement, Line)>,
    /// Lines of operations without a catalogue.
    pub(crate) others: Vec<Line>,
    pub(crate) api: Option<Arc<Api>>,
    pub(crate) generic: Option<Generic>,
    pub(crate) client: Client,
    /// Where callbacks will be received, if any line needs that.
    pub(crate) doors: Option<Doors>,
    pub(crate) builder: RunBuilder,
}

/// What a part of a run came to.
pub(crate) struct Outcome {
    pub(crate) lines: Vec<LineResult>,
    ended: Ended,
    notes: Vec<String>,
    exchanges: u64,
}

impl Run {
    /// Describes a run of a contract's catalogue against a target.
    #[must_use]
    pub fn builder(contract: Arc<Contract>, target: Target) -> RunBuilder {
        RunBuilder::new(contract, target)
    }

    /// What it would judge, in order.
    #[must_use]
    pub fn plan(&self) -> Vec<Planned> {
        let target = &self.builder.target;
        let lines = self.lines.iter().map(|(requirement, line)| Planned {
            line: line.clone(),
            profiles: requirement.profiles.clone(),
            tags: requirement.tags.clone(),
            awaits: what_awaits(requirement, &line.id, target),
        });
        let others = self.others.iter().map(|line| Planned {
            line: line.clone(),
            profiles: vec![Profile::Full],
            tags: Vec::new(),
            awaits: Awaits::Judged,
        });
        lines.chain(others).collect()
    }

    /// Runs it. The reporter hears of everything as it happens.
    pub async fn run(self, reporter: &mut dyn Reporter) -> RunResult {
        let (events, mut inbox) = Events::channel();
        let about = Arc::new(self.builder.about(self.api.is_some()));
        reporter.on(&Event::RunStarted {
            seed: self.builder.seed,
            target: self.builder.target.base_url.to_string(),
            about: Arc::clone(&about),
            lines: self.all().cloned().collect(),
        });
        let time_is_over = time_is_over(self.builder.stop.clone(), self.builder.max_time);
        let engine = self.engine(events, about);
        tokio::pin!(engine, time_is_over);
        let result = loop {
            tokio::select! {
                biased;
                Some(event) = inbox.recv() => reporter.on(&event),
                result = &mut engine => break result,
                () = &mut time_is_over => {}
            }
        };
        while let Ok(event) = inbox.try_recv() {
            reporter.on(&event);
        }
        let result = Arc::new(result);
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
            doors,
            builder,
        } = self;
        let client = Arc::new(client);
        let mut outcome = match api {
            Some(api) => {
                let session = Session::new(
                    api,
                    Arc::clone(&client),
                    builder.target.limits.downloads,
                    events.clone(),
                    builder.stop.clone(),
                );
                let serve = |doors| Receiver::serve(doors, client.began(), events.clone()).ok();
                let receiver = doors.and_then(serve);
                catalogue(&session, receiver.as_ref(), &lines, &builder).await
            }
            None => Outcome {
                lines: Vec::new(),
                ended: Ended::Complete,
                notes: Vec::new(),
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
                stop: &builder.stop,
            };
            let (results, unreachable) = generic.run(&others, &ground).await;
            outcome.lines.extend(results);
            outcome.exchanges += ground.sent.into_inner();
            if let (Ended::Complete, Some(why)) = (&outcome.ended, unreachable) {
                outcome.ended = Ended::Unreachable(why);
            }
        }
        if let (Ended::Complete, Some(why)) = (&outcome.ended, builder.stop.why()) {
            outcome.ended = Ended::CutShort(why.to_string());
        }
        RunResult {
            about,
            seed: builder.seed,
            target: builder.target.base_url.to_string(),
            lines: outcome.lines,
            ended: outcome.ended,
            is_strict: builder.is_strict,
            known: builder.known,
            today: jiff::Zoned::now().date(),
            notes: outcome.notes,
            exchanges: outcome.exchanges,
            took: client.elapsed(),
        }
    }
}

/// Ends the run when its time is over; waits for ever if it has all time.
async fn time_is_over(stop: Stop, time: Option<Duration>) {
    let Some(time) = time else {
        return std::future::pending().await;
    };
    tokio::time::sleep(time).await;
    stop.stop(format!("the time for the run, {time:?}, is over"));
    std::future::pending::<()>().await;
}

/// When a line is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// First.
    Usual,
    /// Then, since these go slowly and would hold up the others.
    Careful,
    /// At the end, since they look at all that was seen.
    Late,
}

impl Turn {
    fn of(requirement: &Requirement, line: &Line) -> Self {
        match checks::find(&line.id) {
            Some(check) if check.is_late => Self::Late,
            _ if requirement.profiles.contains(&Profile::Security) => Self::Careful,
            _ => Self::Usual,
        }
    }
}

/// Judges the lines of the catalogue. What is watched over time is watched while the other lines are judged.
pub(crate) async fn catalogue(
    session: &Session,
    receiver: Option<&Receiver>,
    lines: &[(&'static Requirement, Line)],
    builder: &RunBuilder,
) -> Outcome {
    let unreachable = tokio::select! {
        biased;
        _ = session.stop().stopped() => None,
        why = session.is_silent() => why,
    };
    let scene = Scene {
        session,
        receiver,
        target: &builder.target,
        seed: builder.seed,
    };
    if session.downloads().left().is_some() {
        let judged = lines
            .iter()
            .filter(|(r, line)| what_awaits(r, &line.id, &builder.target) == Awaits::Judged);
        let plans =
            judged.filter_map(|(_, line)| Some((checks::find(&line.id)?.plan)(&session.api)));
        session
            .downloads()
            .keep(plans.map(|plan| plan.downloads()).sum());
    }
    let mut results = HashMap::new();
    for turn in [Turn::Usual, Turn::Careful, Turn::Late] {
        session.take_care(turn == Turn::Careful);
        let of_turn = lines.iter().filter(|(r, line)| Turn::of(r, line) == turn);
        // Nothing is watched where nobody is.
        let is_watched = |line: &Line| unreachable.is_none() && checks::watched(&line.id).is_some();
        let (watched, others): (Vec<_>, Vec<_>) = of_turn.partition(|(_, line)| is_watched(line));
        // What is watched begins first: much of it takes its time whatever else is done.
        let (watched, others) = tokio::join!(
            biased;
            judge_watched(&scene, &watched, builder),
            judge_others(session, &others, unreachable.as_deref(), builder),
        );
        let all = watched.into_iter().chain(others);
        results.extend(all.map(|result| (result.line.id.clone(), result)));
    }
    let notes = session.notes(&builder.target).await;
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
        notes,
        exchanges: session.sent(),
    }
}

/// Judges lines one after the other.
async fn judge_others(
    session: &Session,
    lines: &[&(&'static Requirement, Line)],
    unreachable: Option<&str>,
    builder: &RunBuilder,
) -> Vec<LineResult> {
    let mut results = Vec::new();
    for (requirement, line) in lines {
        let check = checks::find(&line.id);
        let result = match unreachable {
            Some(why) if check.is_some() || checks::watched(&line.id).is_some() => {
                verdict(line.clone(), Verdict::Inconclusive, Some(why.to_owned()))
            }
            _ => judge_line(session, requirement, line, check, builder).await,
        };
        end_if_failed(session, &result, builder);
        results.push(result);
    }
    results
}

/// Judges the lines that a scene serves, all of them at once.
async fn judge_watched(
    scene: &Scene<'_>,
    lines: &[&(&'static Requirement, Line)],
    builder: &RunBuilder,
) -> Vec<LineResult> {
    let session = scene.session;
    let (mut judged, mut results) = (Vec::new(), Vec::new());
    let open =
        |line: &Line, why: &str| verdict(line.clone(), Verdict::Inconclusive, Some(why.to_owned()));
    for (requirement, line) in lines {
        match what_awaits(requirement, &line.id, scene.target) {
            Awaits::Skipped(why) => {
                results.push(verdict(line.clone(), Verdict::Skipped, Some(why)));
            }
            _ => judged.push(line.clone()),
        }
    }
    // What was under way when the run was stopped is dropped with its sockets.
    let played = tokio::select! {
        biased;
        why = session.stop().stopped() => judged.iter().map(|line| open(line, &why)).collect(),
        played = scene.play(&judged) => played,
    };
    results.extend(played);
    for result in &results {
        session.tell(Event::LineStarted(result.line.clone())).await;
        let finished = Event::LineFinished(Arc::new(result.clone()));
        session.tell(finished).await;
        end_if_failed(session, result, builder);
    }
    results
}

fn end_if_failed(session: &Session, result: &LineResult, builder: &RunBuilder) {
    if builder.fails_fast && builder.counts(result) {
        let why = format!("{} failed, and the run ends with a failure", result.line.id);
        session.stop().stop(why);
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
    let open = |why: &str| verdict(line.clone(), Verdict::Inconclusive, Some(why.to_owned()));
    let result = match (check, what_awaits(requirement, &line.id, &builder.target)) {
        (_, Awaits::NotTested(why)) => verdict(line.clone(), Verdict::NotTested, why),
        (_, Awaits::Skipped(why)) => verdict(line.clone(), Verdict::Skipped, Some(why)),
        (Some(check), Awaits::Judged) if session.gone().is_none() => {
            let settings = Settings {
                seed: builder.seed,
                cases: builder.cases,
                concurrency: usize::from(builder.target.limits.concurrency.max(1)),
            };
            // What was under way when the run was stopped is dropped with its sockets.
            tokio::select! {
                biased;
                why = session.stop().stopped() => open(&why),
                result = judge::judge(session, check, line.clone(), settings) => result,
            }
        }
        (_, Awaits::Judged) => open(session.gone().unwrap_or_default()),
    };
    let finished = Event::LineFinished(Arc::new(result.clone()));
    session.tell(finished).await;
    result
}
