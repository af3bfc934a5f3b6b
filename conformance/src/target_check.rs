//! What the form of a target file cannot say: members that contradict each other, values that nothing can be asked with,
//! secrets that are not there.

use std::path::Path;

use crate::headers::Headers;
use crate::oracle::ACCEPTED;
use crate::target::{Fixtures, Limits, Target, Tenants};

/// A header without a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("header `{header}` has no value: {why}")]
pub struct SecretError {
    /// The header.
    pub header: String,
    /// Why its value cannot be had.
    pub why: String,
}

/// A member, and what is wrong with it.
type Fault = (String, String);

impl Target {
    /// The same with relative names taken from a folder.
    pub(crate) fn within(mut self, folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref();
        self.tls = self.tls.within(folder);
        let move_all = |headers: &mut Headers| {
            for (_, secret) in headers {
                *secret = secret.within(folder);
            }
        };
        move_all(&mut self.headers);
        if let Some(Tenants { a, b }) = &mut self.tenants {
            move_all(a);
            move_all(b);
        }
        self
    }

    /// Fetches the value of each header, so that a command that does not work is told before anything is sent. Values are
    /// kept for the run.
    ///
    /// # Errors
    /// A value cannot be had.
    pub async fn fetch_secrets(&self) -> Result<(), SecretError> {
        let tenants = self.tenants.iter().flat_map(|t| t.a.iter().chain(&t.b));
        for (name, secret) in self.headers.iter().chain(tenants) {
            secret.value().await.map_err(|why| SecretError {
                header: name.to_string(),
                why,
            })?;
        }
        Ok(())
    }

    /// Everything that is wrong with it as a whole.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let mut faults = secrets("headers", &self.headers);
        if let Some(tenants) = &self.tenants {
            faults.extend(secrets("tenants.a", &tenants.a));
            faults.extend(secrets("tenants.b", &tenants.b));
        }
        faults.extend(self.tls());
        faults.extend(self.busy());
        if self.fixtures != Fixtures::none() {
            faults.extend(fixtures(&self.fixtures));
        }
        faults.extend(limits(&self.limits));
        faults
    }

    fn tls(&self) -> Option<Fault> {
        let tls = &self.tls;
        if tls.insecure && tls.ca_file.is_some() {
            let why = "no certificate is verified with it, so `tls.ca_file` is of no use; remove one of them";
            return Some(fault("tls.insecure", why));
        }
        if *tls != Default::default() && !self.base_url.is_https() {
            return Some(fault("tls", "is of no use, since `base_url` is http"));
        }
        let error = tls.config(false).err()?;
        let text = error.to_string();
        let why = text.strip_prefix("`tls.ca_file`: ").unwrap_or(&text);
        Some(fault("tls.ca_file", why))
    }

    fn busy(&self) -> Option<Fault> {
        if let Some(status) = self.busy.statuses.iter().find(|s| !(400..600).contains(*s)) {
            let why = format!("{status} is no status of an answer that refuses; write 400 to 599");
            return Some(("busy.statuses".to_owned(), why));
        }
        let is_accepted = self.busy.codes.iter().any(|code| code == ACCEPTED);
        is_accepted.then(|| fault("busy.codes", "\"0\" is the code of an acceptance"))
    }
}

fn fault(member: &str, why: &str) -> Fault {
    (member.to_owned(), why.to_owned())
}

fn secrets<'h>(table: &'h str, headers: &'h Headers) -> Vec<Fault> {
    headers
        .iter()
        .filter_map(|(name, secret)| Some((format!("{table}.{name}"), secret.fault()?)))
        .collect()
}

fn fixtures(fixtures: &Fixtures) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (member, value) in [
        ("fixtures.device", &fixtures.device),
        ("fixtures.channel", &fixtures.channel),
    ] {
        if value.is_empty() {
            faults.push(fault(member, "is empty"));
        }
    }
    for (member, unknown, known) in [
        (
            "fixtures.unknown_device",
            &fixtures.unknown_device,
            &fixtures.device,
        ),
        (
            "fixtures.unknown_channel",
            &fixtures.unknown_channel,
            &fixtures.channel,
        ),
    ] {
        if unknown.as_ref() == Some(known) {
            faults.push(fault(member, "is the known one"));
        }
    }
    let recorded = fixtures.recorded;
    let meets = |empty: &crate::window::Window| {
        empty.start() < recorded.end() && recorded.start() < empty.end()
    };
    if fixtures.empty_window.as_ref().is_some_and(meets) {
        faults.push(fault(
            "fixtures.empty_window",
            "overlaps `fixtures.recorded`; nothing may be recorded in it",
        ));
    }
    let is_address = |text: &String| {
        url::Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    };
    if fixtures.callback.as_ref().is_some_and(|c| !is_address(c)) {
        faults.push(fault(
            "fixtures.callback",
            "is no absolute address; write http://HOST:PORT/PATH",
        ));
    }
    faults
}

fn limits(limits: &Limits) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (member, value) in [
        ("limits.answer_milliseconds", limits.answer_milliseconds),
        ("limits.concurrency", limits.concurrency.into()),
        ("limits.downloads", limits.downloads.unwrap_or(1)),
        (
            "limits.downloads_at_once",
            limits.downloads_at_once.unwrap_or(1).into(),
        ),
        ("limits.slow_body_seconds", limits.slow_body_seconds),
        ("limits.watched_seconds", limits.watched_seconds),
        ("limits.completion_seconds", limits.completion_seconds),
    ] {
        if value == 0 {
            faults.push(fault(member, "must be at least 1"));
        }
    }
    let is_rate = |rate: f64| rate.is_finite() && rate >= 0.001;
    if limits.requests_per_second.is_some_and(|r| !is_rate(r)) {
        faults.push(fault(
            "limits.requests_per_second",
            "must be a number from 0.001",
        ));
    }
    faults
}
