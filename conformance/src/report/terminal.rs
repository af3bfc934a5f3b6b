//! The report for a person at a terminal: a line for each verdict while the run goes on; at its end every failure with
//! its statement, its origin, the smallest request that shows it, what was expected and what came.
//!
//! Whatever a target sent is escaped before it is shown. Errors of the writer are kept and the rest is not written: a
//! closed pipe is no reason to stop a run.

use std::io::{self, Write};

use super::live::Live;
use super::markdown::seconds;
use super::model::{Ending, Evidence, KnownState, Report, Requirement, Shown};
use super::words::counts;
use crate::event::{Event, Reporter};
use crate::result::{LineResult, Verdict};
use crate::text::shown;

/// Characters of a statement in the line of a verdict.
const SHORT: usize = 72;
/// Exchanges of a failure that are shown as commands.
const COMMANDS: usize = 4;

/// Writes the report for a person.
#[derive(Debug)]
pub struct Terminal<W> {
    out: W,
    has_colour: bool,
    live: Option<Live>,
    error: Option<io::Error>,
}

impl<W: Write> Terminal<W> {
    /// A report to a writer, in colour only if the caller says that it is a terminal.
    pub fn new(out: W, has_colour: bool) -> Self {
        Self {
            out,
            has_colour,
            live: None,
            error: None,
        }
    }

    /// The same with a bar on standard error that moves while the run goes on: only where both standard output and
    /// standard error are a person's terminal.
    #[must_use]
    pub fn with_live(mut self) -> Self {
        self.live = Some(Live::new(self.has_colour));
        self
    }

    /// Writes the summary.
    ///
    /// # Errors
    /// The first error of the writer.
    pub fn finish(mut self, report: &Report) -> io::Result<W> {
        if let Some(live) = self.live.take() {
            live.finish();
        }
        if report.ended == Ending::Unreachable {
            let why = shown(report.ended_reason.as_deref().unwrap_or_default());
            self.write(&format!(
                "{} cannot be reached: {why}\nNothing was judged. Is the target running, and is the address right?\n",
                report.target,
            ));
        } else {
            self.summary(report);
        }
        self.out.flush()?;
        self.error.map_or(Ok(self.out), Err)
    }

    fn write(&mut self, text: &str) {
        if self.error.is_some() {
            return;
        }
        let out = &mut self.out;
        let written = match &self.live {
            Some(live) => live.beside(|| out.write_all(text.as_bytes()).and_then(|()| out.flush())),
            None => out.write_all(text.as_bytes()),
        };
        self.error = written.err();
    }

    fn coloured(&self, verdict: Verdict, text: &str) -> String {
        let colour = match verdict {
            Verdict::Pass => "32",
            Verdict::Fail | Verdict::Flaky => "31",
            Verdict::Inconclusive => "33",
            Verdict::Skipped | Verdict::NotTested => "2",
        };
        if self.has_colour {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn line(&mut self, result: &LineResult) {
        let verdict = self.coloured(result.verdict, &format!("{:<12}", result.verdict.as_str()));
        let id = &result.line.id;
        let cases = if result.cases > 0 {
            result.cases.to_string()
        } else {
            String::new()
        };
        let statement = short(&result.line.statement.en);
        let mut text = format!("{verdict} {id:<25} {cases:>5}  {statement}\n");
        if let Some(reason) = &result.reason {
            text.push_str(&format!(
                "{:<12} {:<25} {:>5}  ({})\n",
                "",
                "",
                "",
                shown(reason)
            ));
        }
        self.write(&text);
    }

    fn summary(&mut self, report: &Report) {
        for requirement in &report.requirements {
            if let Some(failure) = &requirement.failure {
                self.failure(requirement, failure);
            }
        }
        self.not_tested(report);
        self.known(report);
        for note in &report.notes {
            self.write(&format!("\nNote: {}\n", shown(note)));
        }
        if let Some(sentence) = report.coverage.sentence() {
            self.write(&format!("\nCoverage of the contract: {sentence}\n"));
        }
        self.write(&format!(
            "\n{}\n{} requests in {:.1} s, seed {}\n{}\n",
            counts(report),
            report.exchanges,
            seconds(report),
            report.seed,
            shown(&report.conclusion()),
        ));
    }

    /// What was known to fail, and what became of it.
    fn known(&mut self, report: &Report) {
        for known in &report.known_failures {
            let (id, expires) = (&known.id, &known.expires);
            let state = match known.state {
                KnownState::Tolerated => format!("tolerated until {expires}"),
                KnownState::Expired => format!("tolerated no longer, since {expires} is over"),
                KnownState::Mended => "passes now: take it off the list".to_owned(),
            };
            let reason = shown(&known.reason);
            self.write(&format!("\nKnown failure {id} ({reason}): {state}\n"));
        }
    }

    fn not_tested(&mut self, report: &Report) {
        let is_untested = |r: &&Requirement| r.verdict == Verdict::NotTested;
        let untested = report.requirements.iter().filter(is_untested);
        let ids: Vec<_> = untested.map(|r| r.id.as_str()).collect();
        if !ids.is_empty() {
            self.write(&format!(
                "\nNot tested, for want of a check: {}\n",
                ids.join(", ")
            ));
        }
    }

    fn failure(&mut self, requirement: &Requirement, failure: &Shown) {
        let verdict = requirement.verdict;
        let title = format!("{} {}", requirement.id, verdict.as_str());
        let mut text = format!(
            "\n{}\n  {}\n  {}, {}; {}\n  case      {}\n  expected  {}\n  got       {}\n",
            self.coloured(verdict, &title),
            requirement.statement.en,
            requirement.level_word(),
            requirement.provenance,
            requirement.source,
            shown(&failure.case),
            shown(&failure.expected),
            shown(&failure.got),
        );
        for evidence in failure.exchanges.iter().take(COMMANDS) {
            text.push_str(&format!("  request   {}\n", shown(&evidence.curl)));
            text.push_str(&format!("  answer    {}\n", answer(evidence)));
        }
        if let Some(more) = failure
            .exchanges
            .len()
            .checked_sub(COMMANDS)
            .filter(|n| *n > 0)
        {
            text.push_str(&format!("  and {more} more\n"));
        }
        self.write(&text);
    }
}

impl<W: Write + Send> Reporter for Terminal<W> {
    fn on(&mut self, event: &Event) {
        if let Some(live) = &mut self.live {
            live.on(event);
        }
        match event {
            Event::RunStarted {
                seed,
                target,
                lines,
                ..
            } => {
                self.write(&format!(
                    "{target}: {} requirements and parts, seed {seed}\n\n",
                    lines.len(),
                ));
            }
            // What has no check is listed at the end, all in one.
            Event::LineFinished(result) if result.verdict != Verdict::NotTested => {
                self.line(result);
            }
            _ => {}
        }
    }
}

fn answer(evidence: &Evidence) -> String {
    let answer = shown(&evidence.answer);
    match evidence.status {
        Some(status) => format!("HTTP {status} {answer}"),
        None => answer,
    }
}

/// The beginning of a statement, whole words only.
fn short(statement: &str) -> String {
    if statement.chars().count() <= SHORT {
        return statement.to_owned();
    }
    let cut: String = statement.chars().take(SHORT).collect();
    let words = cut
        .rsplit_once(' ')
        .map_or(cut.as_str(), |(words, _)| words);
    format!("{}…", words.trim_end_matches([',', ':', ';', '.']))
}
