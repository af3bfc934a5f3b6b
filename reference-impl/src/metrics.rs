//! Numbers about the service, in the text format of Prometheus.
//!
//! Counters live in the service, not in the process, so that two of them in one process do not mix.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::job::State;
use crate::store::{Census, End};

/// The counters. Each only ever rises.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    accepted: AtomicU64,
    /// By the code of the envelope: a bounded number, since codes are constants.
    rejected: Mutex<BTreeMap<&'static str, u64>>,
    finished: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    bytes: AtomicU64,
    delivered: AtomicU64,
    attempts_failed: AtomicU64,
    given_up: AtomicU64,
}

/// What is counted when the numbers are asked for.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) census: Option<Census>,
    pub(crate) connections: usize,
    pub(crate) ready: bool,
}

impl Metrics {
    pub(crate) fn accepted(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    pub(crate) fn rejected(&self, code: &'static str) {
        let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        *rejected.entry(code).or_default() += 1;
    }

    pub(crate) fn ended(&self, end: &End) {
        let counter = match end {
            End::Finished(_) => &self.finished,
            End::Failed(_) => &self.failed,
            End::Cancelled(_) => &self.cancelled,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn transferred(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn delivered(&self) {
        self.delivered.fetch_add(1, Relaxed);
    }

    pub(crate) fn attempt_failed(&self) {
        self.attempts_failed.fetch_add(1, Relaxed);
    }

    pub(crate) fn gave_up(&self, callbacks: usize) {
        self.given_up.fetch_add(callbacks as u64, Relaxed);
    }

    /// All numbers, as Prometheus reads them (text format 0.0.4).
    pub(crate) fn render(&self, gauges: &Gauges) -> String {
        let mut page = Page::default();
        page.counter(
            "smsload_downloads_accepted_total",
            "Downloads accepted.",
            &self.accepted,
        );
        page.head(
            "smsload_requests_rejected_total",
            "Requests rejected, by code.",
            "counter",
        );
        let rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        for (code, count) in &*rejected {
            page.line(
                "smsload_requests_rejected_total",
                &format!("{{code=\"{code}\"}}"),
                *count,
            );
        }
        drop(rejected);
        let name = "smsload_downloads_ended_total";
        page.head(
            name,
            "Downloads ended by this process, by state.",
            "counter",
        );
        for (state, counter) in [
            (State::Finished, &self.finished),
            (State::Failed, &self.failed),
            (State::Cancelled, &self.cancelled),
        ] {
            page.line(name, &state_label(state), counter.load(Relaxed));
        }
        page.counter(
            "smsload_transferred_bytes_total",
            "Bytes transferred.",
            &self.bytes,
        );
        page.counter(
            "smsload_callbacks_delivered_total",
            "Callbacks delivered.",
            &self.delivered,
        );
        page.counter(
            "smsload_callback_attempts_failed_total",
            "Attempts at callbacks that failed.",
            &self.attempts_failed,
        );
        page.counter(
            "smsload_callbacks_given_up_total",
            "Callbacks given up.",
            &self.given_up,
        );
        if let Some(census) = &gauges.census {
            page.head("smsload_jobs", "Jobs kept, by state.", "gauge");
            for (state, count) in State::ALL.into_iter().zip(census.states) {
                page.line("smsload_jobs", &state_label(state), count);
            }
            page.gauge(
                "smsload_file_bytes",
                "Bytes of the files kept.",
                census.file_bytes,
            );
            page.gauge(
                "smsload_callbacks_waiting",
                "Callbacks that wait.",
                census.letters,
            );
        }
        page.gauge(
            "smsload_connections",
            "Connections open.",
            gauges.connections as u64,
        );
        page.gauge(
            "smsload_ready",
            "Whether requests are accepted.",
            gauges.ready.into(),
        );
        page.0
    }
}

fn state_label(state: State) -> String {
    format!("{{state=\"{}\"}}", state.name())
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, help: &str, kind: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: u64) {
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, counter: &AtomicU64) {
        self.head(name, help, "counter");
        self.line(name, "", counter.load(Relaxed));
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "gauge");
        self.line(name, "", value);
    }
}
