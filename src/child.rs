//! A command that runs under ours: its output is its own, signals that end us are passed on to it.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::process::ExitStatus;

use anyhow::Context as _;
use tokio::process::Command;

use crate::exit::{self, Exit};

/// A command to run.
#[derive(Debug)]
pub(crate) struct Child {
    program: OsString,
    command: Command,
}

impl Child {
    pub(crate) fn new(program: &OsStr, args: &[OsString]) -> Self {
        let mut command = Command::new(program);
        command.args(args).kill_on_drop(true);
        Self {
            program: program.to_owned(),
            command,
        }
    }

    pub(crate) fn env(mut self, name: &str, value: String) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it to its end; the code that a shell would tell of it.
    pub(crate) async fn run(mut self) -> anyhow::Result<Exit> {
        // Before it starts, so that no signal finds us unprepared.
        let mut signals = Signals::new()?;
        let mut child = match self.command.spawn() {
            Ok(child) => child,
            Err(error) => return Ok(self.not_run(&error)),
        };
        loop {
            tokio::select! {
                ended = child.wait() => {
                    let ended = ended.with_context(|| format!("lost sight of {}", self.name()))?;
                    return Ok(code(ended));
                }
                signal = signals.next() => signal.pass_on(child.id()),
            }
        }
    }

    fn name(&self) -> String {
        self.program.display().to_string()
    }

    /// What POSIX's shell answers for a command that does not start.
    fn not_run(&self, error: &io::Error) -> Exit {
        let name = self.name();
        if error.kind() == ErrorKind::NotFound {
            eprintln!("smsload: {name} was not found: check its name, and PATH");
            return exit::NOT_FOUND;
        }
        eprintln!("smsload: {name} cannot be run: {error}");
        exit::NOT_EXECUTABLE
    }
}

fn code(status: ExitStatus) -> Exit {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Exit::of_child(128 + signal);
    }
    Exit::of_child(status.code().unwrap_or(1))
}

#[cfg(unix)]
use of_unix::Signals;

#[cfg(unix)]
mod of_unix {
    use std::io::{self, IsTerminal as _};

    use rustix::process::{Pid, Signal, kill_process};
    use tokio::signal::unix::{self, SignalKind, signal};

    /// The signals that ask for an end.
    #[derive(Debug)]
    pub(super) struct Signals {
        interrupt: unix::Signal,
        terminate: unix::Signal,
    }

    /// One that came.
    #[derive(Debug)]
    pub(super) struct Came(Signal);

    impl Signals {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }

        pub(super) async fn next(&mut self) -> Came {
            tokio::select! {
                _ = self.interrupt.recv() => Came(Signal::INT),
                _ = self.terminate.recv() => Came(Signal::TERM),
            }
        }
    }

    impl Came {
        /// Ctrl-C at a terminal reaches the child without us; twice it would mean something else to many programs.
        pub(super) fn pass_on(&self, child: Option<u32>) {
            if self.0 == Signal::INT && io::stdin().is_terminal() {
                return;
            }
            let pid = child.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
            if let Some(Err(error)) = pid.map(|pid| kill_process(pid, self.0)) {
                tracing::warn!(%error, "a signal was not passed on");
            }
        }
    }
}

#[cfg(not(unix))]
#[derive(Debug)]
struct Signals;

#[cfg(not(unix))]
struct Came;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    /// Ctrl-C, which reaches the child without us: we only must not end before it.
    async fn next(&mut self) -> Came {
        // Where it cannot be waited for there is nothing to pass on either.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Came
    }
}

#[cfg(not(unix))]
impl Came {
    fn pass_on(&self, _child: Option<u32>) {}
}
