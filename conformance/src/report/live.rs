//! The bar that moves on a person's terminal while a run goes on: how many verdicts were given, what is judged now, how
//! many requests went out.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::Event;

/// Between two moves of the sign that the run is alive.
const TICK: Duration = Duration::from_millis(250);

/// The bar.
#[derive(Debug)]
pub(crate) struct Live {
    bar: ProgressBar,
    requests: u64,
    line: String,
}

impl Live {
    /// A bar on standard error; it is not drawn where that is no terminal.
    pub(crate) fn new(has_colour: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let form = if has_colour {
            "{spinner:.cyan} {bar:24.cyan} {pos}/{len}  {elapsed}  {msg}"
        } else {
            "{spinner} {bar:24} {pos}/{len}  {elapsed}  {msg}"
        };
        // The forms above are right; were they not, the library's own would do.
        let style =
            ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Self {
            bar,
            requests: 0,
            line: String::new(),
        }
    }

    pub(crate) fn on(&mut self, event: &Event) {
        match event {
            Event::RunStarted { lines, .. } => {
                self.bar.set_length(lines.len() as u64);
                self.bar.enable_steady_tick(TICK);
            }
            Event::LineStarted(line) => line.id.clone_into(&mut self.line),
            Event::LineFinished(_) => self.bar.inc(1),
            Event::Exchanged(_) => self.requests += 1,
            _ => return,
        }
        let (line, requests) = (&self.line, self.requests);
        self.bar.set_message(format!("{line}, {requests} requests"));
    }

    /// Does something to the same terminal while the bar is away.
    pub(crate) fn beside<T>(&self, act: impl FnOnce() -> T) -> T {
        self.bar.suspend(act)
    }

    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
