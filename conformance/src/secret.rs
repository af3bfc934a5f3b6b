//! Values that are sent but never shown: tokens, tenants, signatures. Neither `Debug` nor `Display` gives them away, and
//! there is no serialization. A value stands in the target file, or comes from a variable of the environment, a file or
//! the output of a command, and is fetched again before it expires.
//!
//! Limits: a value has at most 8 KiB; a command has 10 s unless told otherwise; the last few values of a secret are
//! masked in answers, older ones are not.

mod source;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

use self::source::{Described, Source};

/// What is shown in place of a secret.
pub(crate) const MASK: &str = "***";

/// Answers that repeat a secret are masked from this length on; shorter texts occur by chance.
const LEAST_MASKED: usize = 6;

/// Values of one secret that are masked: the one in use, and those that late answers may still repeat.
const REMEMBERED: usize = 4;

/// A value is fetched again when this is left of its life, or a fifth of it if that is less.
const MARGIN: Duration = Duration::from_secs(30);

/// A value that is never shown.
#[derive(Clone)]
pub struct Secret(Arc<Inner>);

struct Inner {
    source: Source,
    /// How long a value may be used; without it, for the whole run.
    lifetime: Option<Duration>,
    issued: Mutex<Issued>,
    /// Held while a value is fetched, so that it is fetched once.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Issued {
    until: Option<Instant>,
    /// The one in use last.
    values: VecDeque<Arc<str>>,
}

impl Secret {
    /// Takes a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self::of(Source::Literal(value.into().into()), None)
    }

    fn of(source: Source, lifetime: Option<Duration>) -> Self {
        let mut issued = Issued::default();
        if let Source::Literal(value) = &source {
            issued.values.push_back(Arc::clone(value));
        }
        Self(Arc::new(Inner {
            source,
            lifetime,
            issued: Mutex::new(issued),
            fetching: tokio::sync::Mutex::default(),
        }))
    }

    /// The same with relative names of files and programs taken from a folder.
    pub(crate) fn within(&self, folder: &Path) -> Self {
        Self::of(self.0.source.within(folder), self.0.lifetime)
    }

    /// What can be said against it without running anything.
    pub(crate) fn fault(&self) -> Option<String> {
        self.0.source.read_now()?.err()
    }

    /// The value, for the wire only; fetched if there is none or its time is nearly over.
    pub(crate) async fn value(&self) -> Result<Arc<str>, String> {
        if let Some(value) = self.current() {
            return Ok(value);
        }
        // Held while waiting on purpose: whoever else needs the value waits for this one.
        let _fetching = self.0.fetching.lock().await;
        if let Some(value) = self.current() {
            return Ok(value);
        }
        let from = Instant::now();
        let value: Arc<str> = self.0.source.fetch().await?.into();
        let mut issued = self.issued();
        issued.until = self.0.lifetime.map(|all| from + all - MARGIN.min(all / 5));
        issued.values.push_back(Arc::clone(&value));
        if issued.values.len() > REMEMBERED {
            issued.values.pop_front();
        }
        Ok(value)
    }

    fn current(&self) -> Option<Arc<str>> {
        let issued = self.issued();
        let is_over = issued.until.is_some_and(|until| until <= Instant::now());
        issued.values.back().filter(|_| !is_over).cloned()
    }

    fn issued(&self) -> std::sync::MutexGuard<'_, Issued> {
        // What a panicking thread left is whole: every change is one insertion.
        self.0.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes with every occurrence of the secret masked.
    pub(crate) fn mask(&self, bytes: Vec<u8>) -> Vec<u8> {
        let values: Vec<_> = self.issued().values.iter().cloned().collect();
        values.iter().fold(bytes, |bytes, value| {
            let bytes = mask(bytes, value.as_bytes());
            // As it stands within a JSON string.
            let quoted = serde_json::Value::from(&**value).to_string();
            match quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')) {
                Some(escaped) if *escaped != **value => mask(bytes, escaped.as_bytes()),
                _ => bytes,
            }
        })
    }
}

fn mask(bytes: Vec<u8>, secret: &[u8]) -> Vec<u8> {
    if secret.len() < LEAST_MASKED || !bytes.windows(secret.len()).any(|w| w == secret) {
        return bytes;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(secret) {
            out.extend_from_slice(MASK.as_bytes());
            rest = after;
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (source, lifetime) = Described::read(deserializer)?;
        Ok(Self::of(source, lifetime))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Secret;

    fn read(toml: &str) -> Result<Secret, String> {
        let table: std::collections::BTreeMap<String, Secret> =
            toml::from_str(toml).map_err(|e| e.message().to_owned())?;
        Ok(table["a"].clone())
    }

    #[test]
    fn is_never_shown() {
        let secret = Secret::new("hunter2-hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        let echoed = b"you sent hunter2-hunter2, twice: hunter2-hunter2".to_vec();
        assert_eq!(secret.mask(echoed), b"you sent ***, twice: ***");
        assert_eq!(secret.mask(b"nothing".to_vec()), b"nothing");
        let odd = Secret::new("hunter\"2\"");
        assert_eq!(
            odd.mask(br#"{"m":"hunter\"2\""}"#.to_vec()),
            br#"{"m":"***"}"#
        );
    }

    #[tokio::test]
    async fn comes_from_where_it_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "from a file\n").unwrap();
        let value = async |toml: &str| {
            let secret = read(toml).unwrap().within(folder.path());
            secret.value().await.map(|v| v.to_string())
        };
        assert_eq!(value("a = 'plain'").await.unwrap(), "plain");
        assert_eq!(value("a = {file = 'token'}").await.unwrap(), "from a file");
        let path = std::env::var("PATH").unwrap();
        assert_eq!(value("a = {env = 'PATH'}").await.unwrap(), path);
        let said = value("a = {command = ['echo', '$HOME']}").await;
        assert_eq!(said.unwrap(), "$HOME");
        let said = value("a = {shell = 'cat token | tr a-z A-Z'}").await;
        assert_eq!(said.unwrap(), "FROM A FILE");
    }

    #[tokio::test]
    async fn errors_name_what_is_at_fault() {
        let cases = [
            (
                "a = {env = 'SMSLOAD_NO_SUCH'}",
                "the environment variable `SMSLOAD_NO_SUCH` is not set",
            ),
            ("a = {file = 'no-such'}", "no-such cannot be read"),
            (
                "a = {command = ['no-such-program']}",
                "`no-such-program` cannot be run",
            ),
            (
                "a = {shell = 'exit 7'}",
                "`/bin/sh -c …` failed (exit status: 7)",
            ),
            (
                "a = {shell = 'sleep 60', timeout_seconds = 1}",
                "`/bin/sh -c …` did not end within 1 s",
            ),
            ("a = {shell = 'true'}", "is empty"),
            (
                "a = {shell = 'printf \"a\\nb\"'}",
                "characters that a header cannot carry",
            ),
            (
                "a = {shell = 'yes'}",
                "`/bin/sh -c …` wrote more than 8192 bytes",
            ),
        ];
        for (toml, expected) in cases {
            let error = read(toml).unwrap().value().await.unwrap_err();
            assert!(error.contains(expected), "{error}\n  lacks\n{expected}");
        }
        for (toml, expected) in [
            ("a = {}", "name one of `env`, `file`, `command`, `shell`"),
            ("a = {env = 'A', file = 'b'}", "name one of"),
            ("a = {command = []}", "`command` is empty"),
            ("a = {enw = 'A'}", "unknown field `enw`"),
            ("a = 5", "expected a text, or a table"),
            ("a = {env = 'A', lifetime_seconds = 0}", "at least 1"),
            (
                "a = {env = 'A', timeout_seconds = 3}",
                "`timeout_seconds` is for commands",
            ),
        ] {
            let error = read(toml).unwrap_err();
            assert!(error.contains(expected), "{error}\n  lacks\n{expected}");
        }
    }

    #[tokio::test]
    async fn is_fetched_once_and_again_before_it_expires() {
        let folder = tempfile::tempdir().unwrap();
        let count = |toml: &str| read(toml).unwrap().within(folder.path());
        let script = "echo x >> log; wc -l < log | tr -d ' '";
        let once = count(&format!("a = {{shell = \"{script}\"}}"));
        let (one, two) = tokio::join!(once.value(), once.value());
        assert_eq!((&*one.unwrap(), &*two.unwrap()), ("1", "1"));
        let short = count(&format!(
            "a = {{shell = \"{script}\", lifetime_seconds = 1}}"
        ));
        assert_eq!(&*short.value().await.unwrap(), "2");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while &*short.value().await.unwrap() == "2" {
            assert!(std::time::Instant::now() < deadline);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(&*short.value().await.unwrap(), "3");
        assert!(Path::new(&folder.path().join("log")).exists());
    }
}
