//! From a plan to a verdict: cases are drawn, sent many at a time, judged in the order in which they were drawn. The
//! first one that fails is repeated, and made smaller if it failed again.
//!
//! No vacuous pass: an opinion counts only if the case's twin was accepted, unless the target took what it was sent.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, join_all};
use futures_util::stream::{self, StreamExt};

use crate::budget::BUDGET;
use crate::case::{Answered, Case, Opinion, Plan, Step, Twin};
use crate::checks::Check;
use crate::draw::{Drawn, Origin, draw, smaller};
use crate::exchange::{Lost, Received};
use crate::result::{Failure, Line, LineResult, Verdict};
use crate::session::Session;
use crate::tally::{Ran, Tally, verdict};

/// Cases before the first look at whether it is worth going on: where each of them takes all the time that an answer may
/// take, this is what a line costs. Fixed, as the next one, so that results do not depend on the concurrency.
const FIRST: usize = 8;
/// Cases between two further looks.
const CHUNK: usize = 64;
/// Requests that are spent on making a failing case smaller.
const SHRINKING: usize = 64;

/// How a run judges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) cases: u32,
    pub(crate) concurrency: usize,
}

/// Judges one line of the catalogue.
pub(crate) async fn judge(
    session: &Session,
    check: &Check,
    line: Line,
    settings: Settings,
) -> LineResult {
    let plan = (check.plan)(&session.api);
    if plan.table.is_empty() && plan.random.is_none() {
        return verdict(line, Verdict::Skipped, plan.note);
    }
    let label = plan.label.unwrap_or(check.line);
    let downloads = session.downloads();
    downloads.give(plan.downloads());
    let left = downloads.spare();
    let mut drawn = draw(&plan, label, settings.seed, settings.cases, left);
    let mut tally = Tally::default();
    let (mut first, mut size) = (0, FIRST);
    loop {
        let chunk = drawn.by_ref().take(size).enumerate();
        let chunk: Vec<_> = chunk
            .take_while(|(n, drawn)| was_drawn(session, drawn, &name(check.line, first + n)))
            .map(|(_, drawn)| drawn)
            .collect();
        if chunk.is_empty() {
            break;
        }
        let is_last = chunk.len() < size;
        for ran in run_chunk(session, check.line, first, &chunk, settings.concurrency).await {
            tally.add(ran);
        }
        first += chunk.len();
        size = CHUNK;
        session.look().await;
        if is_last || tally.failed.is_some() || session.gone().is_some() {
            break;
        }
    }
    drop(drawn);
    if let Some(failed) = tally.failed.take() {
        return failing(session, check, &plan, line, settings, tally, failed).await;
    }
    if check.watch.is_some() {
        return watched(session, check, line, tally).await;
    }
    tally.close(line, plan.note, session.gone())
}

async fn run_chunk(
    session: &Session,
    line: &'static str,
    first: usize,
    chunk: &[Drawn],
    concurrency: usize,
) -> Vec<Ran> {
    let cases: Vec<BoxFuture<'_, Ran>> = chunk
        .iter()
        .enumerate()
        .map(|(offset, drawn)| {
            // In the order of drawing, so that a budget runs out at the same case every time.
            let id = name(line, first + offset);
            let is_paid = pay(session, &drawn.case, &id);
            let drawn = drawn.clone();
            async move {
                if !is_paid {
                    let opinion = Opinion::Inconclusive(BUDGET.to_owned());
                    return Ran {
                        drawn,
                        opinion,
                        answers: Vec::new(),
                    };
                }
                let (opinion, answers) = run_case(session, &drawn.case, &id, false).await;
                Ran {
                    drawn,
                    opinion,
                    answers,
                }
            }
            .boxed()
        })
        .collect();
    stream::iter(cases).buffered(concurrency).collect().await
}

/// The name of the exchange of a step.
pub(crate) fn step_name(case: &str, step: usize) -> String {
    match step {
        0 => case.to_owned(),
        step => format!("{case}.{step}"),
    }
}

fn name(line: &str, number: usize) -> String {
    format!("{line}#{number}")
}

/// False for a random case of which a recording knows nothing since no download was left for it: drawing ended there.
fn was_drawn(session: &Session, drawn: &Drawn, id: &str) -> bool {
    drawn.is_of_table() || drawn.case.downloads == 0 || session.was_sent(&drawn.case, id)
}

/// Sets the downloads of a case aside; those of shared requests that were sent already cost nothing. Of a recording: true
/// if they were.
fn pay(session: &Session, case: &Case, id: &str) -> bool {
    if session.playback().is_some() {
        return case.downloads == 0 || session.was_sent(case, id);
    }
    let is_there =
        |step: &Step| matches!(step, Step::Shared(request) if session.has_shared(request));
    let is_free = case.downloads == 0 || case.steps.iter().all(is_there);
    is_free || session.downloads().take(case.downloads)
}

/// Runs a case. `is_again`: nothing that was sent before is taken for an answer.
async fn run_case(
    session: &Session,
    case: &Case,
    id: &str,
    is_again: bool,
) -> (Opinion, Vec<Arc<Answered>>) {
    let is_paid = case.downloads > 0;
    let name = |step: usize| step_name(id, step);
    let mut answers: Vec<Arc<Answered>> = Vec::with_capacity(case.steps.len());
    if case.is_at_once {
        let requests = case.fingerprint().into_iter().flatten().enumerate();
        answers = join_all(requests.map(|(n, r)| session.send(name(n), r, is_paid))).await;
    } else {
        for (number, step) in case.steps.iter().enumerate() {
            let answered = match step {
                Step::Shared(request) if !is_again => {
                    session.share(name(number), request.clone()).await
                }
                Step::Send(request) | Step::Shared(request) => {
                    session.send(name(number), request.clone(), is_paid).await
                }
                Step::Follow(follow) => match follow(&session.api, &answers) {
                    Ok(request) => session.send(name(number), request, is_paid).await,
                    Err(why) => return (Opinion::Inconclusive(why), answers),
                },
            };
            answers.push(answered);
        }
    }
    let opinion = (case.judge)(&session.api, &answers);
    (
        settle(session, &case.twin, opinion, &answers).await,
        answers,
    )
}

/// An opinion counts only if the twin was accepted, or if the target took what it should not have taken.
pub(crate) async fn settle(
    session: &Session,
    twin: &Twin,
    opinion: Opinion,
    answers: &[Arc<Answered>],
) -> Opinion {
    // A target that is gone is accused of nothing.
    if let Some(gone) = answers.iter().find(|a| is_lost(a, true)) {
        return Opinion::Inconclusive(gone.outcome.to_string());
    }
    let is_taken = answers.iter().any(|a| a.outcome.is_taken());
    let needs_none = matches!(twin, Twin::Like(_)) && !opinion.is_fail();
    if matches!(opinion, Opinion::Inconclusive(_)) || (opinion.is_fail() && is_taken) || needs_none
    {
        return opinion;
    }
    match session.twin_problem(twin).await {
        None => opinion,
        Some(problem) => Opinion::Inconclusive(problem),
    }
}

/// A case failed: it is repeated, and made smaller if it fails again.
async fn failing(
    session: &Session,
    check: &Check,
    plan: &Plan,
    line: Line,
    settings: Settings,
    tally: Tally,
    mut failed: Ran,
) -> LineResult {
    let again = format!("{}#again", check.line);
    let (opinion, answers) = run_case(session, &failed.drawn.case, &again, true).await;
    session.look().await;
    let (kind, reason) = repeated(&opinion, session.gone(), &failed);
    if kind == Verdict::Inconclusive {
        return LineResult {
            cases: tally.cases,
            ..verdict(line, kind, reason)
        };
    }
    if kind == Verdict::Fail && opinion.is_fail() {
        failed = Ran {
            opinion,
            answers,
            ..failed
        };
        failed = shrink(session, check, plan, settings.seed, failed).await;
    }
    let mut evidence: Vec<_> = failed
        .answers
        .iter()
        .map(|a| a.exchange.id.clone())
        .collect();
    evidence.extend(tally.evidence);
    let Drawn { case, origin } = &failed.drawn;
    let failure = failure(&case.about, origin, &failed.opinion, &failed.answers);
    LineResult {
        cases: tally.cases,
        evidence,
        failure,
        ..verdict(line, kind, reason)
    }
}

/// What a failed case comes to, given what its repetition came to.
fn repeated(opinion: &Opinion, gone: Option<&str>, failed: &Ran) -> (Verdict, Option<String>) {
    match (opinion, gone) {
        (Opinion::Fail { .. }, None) => (Verdict::Fail, None),
        // Without an answer nobody knows whether the case brought the target down or something else did.
        (_, Some(gone)) if failed.answers.iter().any(|a| is_lost(a, false)) => (
            Verdict::Inconclusive,
            Some(format!("{}: {gone}", failed.drawn.case.about)),
        ),
        (_, Some(gone)) => (Verdict::Fail, Some(format!("not repeated: {gone}"))),
        (Opinion::Pass | Opinion::Seen(_), None) => (
            Verdict::Flaky,
            Some("the same case did not fail when it was repeated".to_owned()),
        ),
        (Opinion::Inconclusive(why), None) => (
            Verdict::Flaky,
            Some(format!(
                "when repeated, the same case was inconclusive: {why}"
            )),
        ),
    }
}

/// True if there was no answer; `is_unreached`: since there was no connection.
fn is_lost(answered: &Answered, is_unreached: bool) -> bool {
    match &answered.exchange.received {
        Received::Lost(Lost::NotReached(_) | Lost::Local(_)) => true,
        Received::Lost(_) => !is_unreached,
        Received::Answer(_) => false,
    }
}

async fn shrink(
    session: &Session,
    check: &Check,
    plan: &Plan,
    seed: u64,
    mut smallest: Ran,
) -> Ran {
    let (Origin::Random { index, .. }, Some(random)) = (&smallest.drawn.origin, &plan.random)
    else {
        return smallest;
    };
    let index = *index;
    let is_slow =
        |a: &Arc<Answered>| matches!(a.exchange.received, Received::Lost(Lost::TimedOut(_)));
    if smallest.answers.iter().any(is_slow) {
        // Each step would take as long as the target may.
        return smallest;
    }
    let label = plan.label.unwrap_or(check.line);
    let mut results = vec![true];
    while results.len() <= SHRINKING && session.gone().is_none() {
        let Some(case) = smaller(random, seed, label, index, &results) else {
            break;
        };
        if !session.downloads().take(case.downloads) {
            break;
        }
        let id = format!("{}#smaller{}", check.line, results.len());
        let (opinion, answers) = run_case(session, &case, &id, true).await;
        let before = results.clone();
        results.push(opinion.is_fail());
        if opinion.is_fail() {
            let drawn = Drawn {
                case,
                origin: Origin::Random {
                    index,
                    smaller: before,
                },
            };
            smallest = Ran {
                drawn,
                opinion,
                answers,
            };
        }
    }
    smallest
}

/// The verdict of a check that watches every answer of the run.
async fn watched(session: &Session, check: &Check, line: Line, tally: Tally) -> LineResult {
    let seen = session.watched(check.line);
    let Some((answered, opinion)) = seen.fault else {
        let cases = tally.cases.max(seen.judged);
        let is_open = seen.judged == 0;
        let result = tally.close(line, None, session.gone());
        if is_open && result.verdict == Verdict::Pass {
            let reason = "no answer of the run is one that this is about".to_owned();
            return verdict(result.line, Verdict::Inconclusive, Some(reason));
        }
        return LineResult { cases, ..result };
    };
    let request = answered.request.clone();
    let again = session
        .send(format!("{}#again", check.line), request, false)
        .await;
    let repeated = check
        .watch
        .and_then(|watch| watch(&session.api, &again, &Default::default()));
    let fails = repeated.is_some_and(|o| o.is_fail()) || session.gone().is_some();
    let (kind, reason) = if fails {
        (Verdict::Fail, None)
    } else {
        (
            Verdict::Flaky,
            Some("the same request did not fail when it was repeated".to_owned()),
        )
    };
    let about = format!("seen in the answer to {}", answered.exchange.id);
    let answers = std::slice::from_ref(&answered);
    let failure = failure(&about, &Origin::Seen, &opinion, answers);
    let evidence = vec![answered.exchange.id.clone()];
    LineResult {
        cases: seen.judged,
        evidence,
        failure,
        ..verdict(line, kind, reason)
    }
}

fn failure(
    case: &str,
    origin: &Origin,
    opinion: &Opinion,
    answers: &[Arc<Answered>],
) -> Option<Failure> {
    let Opinion::Fail { expected, got } = opinion else {
        return None;
    };
    let exchanges = answers.iter().map(|a| Arc::clone(&a.exchange)).collect();
    Some(Failure {
        case: case.to_owned(),
        origin: Some(origin.clone()),
        expected: expected.clone(),
        got: got.clone(),
        exchanges,
        receipts: Vec::new(),
    })
}
