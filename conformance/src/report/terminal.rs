//! The report for a person at a terminal: a line for each verdict while the run goes on; at its end every failure with
//! its statement, its origin, the smallest request that shows it, what was expected and what came.
//!
//! Whatever a target sent is escaped before it is shown. Errors of the writer are kept and the rest is not written: a
//! closed pipe is no reason to stop a run.

use std::io::{self, Write};

use smsload_spec::Level;

use crate::curl::curl;
use crate::event::{Event, Reporter};
use crate::exchange::{Exchange, Received};
use crate::result::{Ended, Failure, LineResult, RunResult, Verdict};
use crate::text::{excerpt, shown};

/// Characters of a statement in the line of a verdict.
const SHORT: usize = 72;
/// Exchanges of a failure that are shown as commands.
const COMMANDS: usize = 4;

/// Writes the report for a person.
#[derive(Debug)]
pub struct Terminal<W> {
    out: W,
    has_colour: bool,
    error: Option<io::Error>,
}

impl<W: Write> Terminal<W> {
    /// A report to a writer, in colour only if the caller says that it is a terminal.
    pub fn new(out: W, has_colour: bool) -> Self {
        Self {
            out,
            has_colour,
            error: None,
        }
    }

    /// The writer, once all was written.
    ///
    /// # Errors
    /// The first error of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        self.error.map_or(Ok(self.out), Err)
    }

    fn write(&mut self, text: &str) {
        if self.error.is_none() {
            self.error = self.out.write_all(text.as_bytes()).err();
        }
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

    fn summary(&mut self, result: &RunResult) {
        for line in &result.lines {
            if let Some(failure) = &line.failure {
                self.failure(line, failure);
            }
        }
        self.not_tested(result);
        let kinds = [
            Verdict::Pass,
            Verdict::Fail,
            Verdict::Flaky,
            Verdict::Inconclusive,
            Verdict::Skipped,
            Verdict::NotTested,
        ];
        let counts: Vec<_> = kinds
            .iter()
            .map(|v| format!("{} {}", result.count(*v), v.as_str()))
            .collect();
        self.write(&format!(
            "\n{}\n{} requests in {:.1} s, seed {}\n{}\n",
            counts.join(", "),
            result.exchanges,
            result.took.as_secs_f64(),
            result.seed,
            conclusion(result),
        ));
    }

    fn not_tested(&mut self, result: &RunResult) {
        let is_untested = |l: &&LineResult| l.verdict == Verdict::NotTested;
        let ids: Vec<_> = result
            .lines
            .iter()
            .filter(is_untested)
            .map(|l| l.line.id.as_str())
            .collect();
        if !ids.is_empty() {
            self.write(&format!(
                "\nNot tested, for want of a check: {}\n",
                ids.join(", ")
            ));
        }
    }

    fn failure(&mut self, result: &LineResult, failure: &Failure) {
        let line = &result.line;
        let title = self.coloured(
            result.verdict,
            &format!("{} {}", line.id, result.verdict.as_str()),
        );
        let mut text = format!(
            "\n{title}\n  {}\n  {}, {}; {}\n  case      {}\n  expected  {}\n  got       {}\n",
            line.statement.en,
            line.level.as_str().to_uppercase(),
            line.provenance,
            line.source,
            shown(&failure.case),
            shown(&failure.expected),
            shown(&failure.got),
        );
        for exchange in failure.exchanges.iter().take(COMMANDS) {
            text.push_str(&format!("  request   {}\n", curl(&exchange.sent)));
            text.push_str(&format!("  answer    {}\n", answer(exchange)));
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
            Event::RunFinished(result) => match &result.ended {
                Ended::Unreachable(why) => {
                    let text = format!(
                        "{} cannot be reached: {}\nNothing was judged. Is the target running, and is the address right?\n",
                        result.target,
                        shown(why)
                    );
                    self.write(&text);
                }
                Ended::Complete | Ended::CutShort(_) => self.summary(result),
            },
            _ => {}
        }
    }
}

fn conclusion(result: &RunResult) -> String {
    let count = |level: Level, is: fn(Verdict) -> bool| {
        result
            .lines
            .iter()
            .filter(|l| l.line.level == level && is(l.verdict))
            .count()
    };
    let failed = count(Level::Must, Verdict::is_failure);
    let warned = count(Level::Should, Verdict::is_failure);
    let open = count(Level::Must, |v| v == Verdict::Inconclusive);
    if let Ended::CutShort(why) = &result.ended {
        return format!("Cut short: {}. {failed} MUST failed before.", shown(why));
    }
    match (result.conforms(), failed) {
        (true, _) if warned > 0 => {
            format!("Conforms, as far as it was tested; {warned} SHOULD failed.")
        }
        (true, _) => "Conforms, as far as it was tested.".to_owned(),
        (false, 0) if open > 0 => {
            format!("Not known whether it conforms: {open} MUST could not be judged.")
        }
        (false, _) => {
            format!("Does not conform: {failed} MUST and {warned} SHOULD failed.")
        }
    }
}

fn answer(exchange: &Exchange) -> String {
    match &exchange.received {
        Received::Answer(answer) => format!("HTTP {} {}", answer.status, excerpt(&answer.body)),
        Received::Lost(lost) => shown(&lost.to_string()),
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
