//! What there is to know of the terminal and the environment, read once and passed on; and the log.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Whether output goes to a person at a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Standard output may be coloured.
    pub(crate) out_colour: bool,
    /// Standard error may be coloured.
    pub(crate) err_colour: bool,
    /// A person is at both ends: what moves may be shown.
    pub(crate) is_attended: bool,
    /// This is a job of GitHub Actions.
    pub(crate) is_github: bool,
}

impl Terminal {
    /// Reads terminal and environment (`NO_COLOR`, see <https://no-color.org>; `GITHUB_ACTIONS`).
    pub(crate) fn detect() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        let (out, err) = (
            std::io::stdout().is_terminal(),
            std::io::stderr().is_terminal(),
        );
        Self {
            out_colour: wanted && out,
            err_colour: wanted && err,
            is_attended: out && err,
            is_github: std::env::var_os("GITHUB_ACTIONS").is_some_and(|v| v == "true"),
        }
    }

    /// Starts the log on standard error. `SMSLOAD_LOG` says what is logged (`info`, `smsload_mock=debug`), otherwise
    /// `usual` does; `SMSLOAD_LOG_FORMAT=json` makes each line a JSON object.
    pub(crate) fn start_log(self, usual: &str) {
        let filter =
            EnvFilter::try_from_env("SMSLOAD_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(self.err_colour);
        if std::env::var_os("SMSLOAD_LOG_FORMAT").is_some_and(|format| format == "json") {
            log.json().init();
        } else {
            log.init();
        }
    }
}

/// Waits for SIGINT or SIGTERM (on other systems Ctrl-C).
pub(crate) async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
