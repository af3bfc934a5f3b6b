//! Processes that are measured or that measure; killed when they are dropped.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

/// A process that said its first line.
pub(crate) struct Process {
    child: Child,
    /// The root of its addresses, if it serves.
    pub(crate) url: String,
    /// What it printed first.
    pub(crate) first_line: String,
}

impl Process {
    /// `smsload mock` on a free port.
    pub(crate) fn mock(args: &[&str]) -> anyhow::Result<Self> {
        let program = env!("CARGO_BIN_EXE_smsload");
        let mut all = vec![program, "mock", "--listen", "127.0.0.1:0"];
        all.extend(args);
        Self::start(&all)
    }

    /// The bare handler on a free port.
    pub(crate) fn bare() -> anyhow::Result<Self> {
        Self::start(&[&own()?, "serve-bare"])
    }

    /// A client that opens connections, asks once on each, and holds them.
    pub(crate) fn open_connections(address: &str, count: usize) -> anyhow::Result<Self> {
        Self::start(&[&own()?, "open-connections", address, &count.to_string()])
    }

    fn start(command: &[&str]) -> anyhow::Result<Self> {
        // Both ends of ten thousand connections need as many descriptors.
        let mut child = Command::new("sh")
            .args(["-c", "ulimit -n 20000; exec \"$@\"", "sh"])
            .args(command)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {command:?}"))?;
        let out = child.stdout.take().context("its output is piped")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let first_line = line.trim_end().to_owned();
        let url = first_line
            .strip_prefix("listening on ")
            .unwrap_or_default()
            .to_owned();
        Ok(Self {
            child,
            url,
            first_line,
        })
    }

    /// `IP:PORT`.
    pub(crate) fn address(&self) -> String {
        self.url.trim_start_matches("http://").to_owned()
    }

    /// Memory of its own that is in use, in bytes (`RssAnon` of proc(5)).
    pub(crate) fn anonymous_memory(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let kibi = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse::<u64>().ok());
        Ok(kibi.with_context(|| format!("no RssAnon in {path}"))? * 1024)
    }
}

impl Process {
    /// Processor time that it has taken so far, in seconds (`utime` and `stime` of proc(5)).
    pub(crate) fn processor_time(&self) -> anyhow::Result<f64> {
        /// Ticks a second, on every Linux.
        const TICKS: f64 = 100.0;
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        // The name, in brackets, may hold blanks.
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks: Vec<f64> = after
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse().ok())
            .collect();
        Ok(ticks.iter().sum::<f64>() / TICKS)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn own() -> anyhow::Result<String> {
    let path = std::env::current_exe()?;
    Ok(path
        .to_str()
        .context("the path of this bench is UTF-8")?
        .to_owned())
}
