//! Limits by their names, for a command line.

use std::time::Duration;

use super::Limits;

/// A limit, as it can be shown and set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedLimit {
    /// What it is called.
    pub name: &'static str,
    /// Its value; times in seconds.
    pub value: String,
    /// What it bounds.
    pub what: &'static str,
}

/// A text sets no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetLimitError {
    /// There is no equals sign.
    #[error("`{0}` sets no limit: write NAME=VALUE, such as max_jobs=1000")]
    Form(String),
    /// There is no limit of this name.
    #[error("there is no limit `{name}`{}", .nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    Name {
        /// The name.
        name: String,
        /// One that looks like it.
        nearest: Option<&'static str>,
    },
    /// The value is none for it.
    #[error("`{name}` cannot be `{value}`: write {rule}")]
    Value {
        /// The name.
        name: &'static str,
        /// What was given.
        value: String,
        /// What could be.
        rule: &'static str,
    },
}

/// Where a limit is.
enum Field {
    Number(fn(&mut Limits) -> &mut usize),
    Time(fn(&mut Limits) -> &mut Duration),
}

struct Row {
    name: &'static str,
    field: Field,
    what: &'static str,
}

macro_rules! rows {
    ($($kind:ident $name:ident: $what:literal,)*) => {
        &[$(Row { name: stringify!($name), field: Field::$kind(|limits| &mut limits.$name), what: $what },)*]
    };
}

const ROWS: &[Row] = rows![
    Time header_timeout: "seconds for the head of a request; of silence after an answer, up to twice as many",
    Time body_timeout: "seconds for a whole body; then 408",
    Time write_timeout: "seconds that a client may take nothing of an answer",
    Time stop_grace: "seconds for requests in hand when the mock is stopped",
    Number max_head: "bytes of a request line with its headers; beyond it 431",
    Number max_headers: "headers of a request; beyond it 431",
    Number max_body: "bytes of a body; beyond it 413",
    Number max_discard: "bytes of a body beyond that which are read and thrown away",
    Number max_connections: "connections at once; further ones wait",
    Number max_jobs: "jobs of a tenant; further ones are refused",
    Number max_total_jobs: "jobs of all tenants together; further ones are refused",
    Time keep_jobs: "seconds of mock time that a job is kept after its end",
    Number max_worlds: "tenants at once; the least recently used idle one makes room",
    Number journal_entries: "entries of a tenant's journal; the oldest makes room",
    Number journal_bytes: "bytes of a tenant's journal; the oldest entries make room",
    Number total_journal_bytes: "bytes of all journals together; the least recently used tenants' oldest entries make room",
    Number journal_body: "bytes of one body in a journal; the rest is cut off",
    Number max_callbacks: "jobs with callbacks under way; further ones are not told of",
    Number callback_places: "callbacks sent at once, besides four of each tenant's; further ones wait",
    Number max_faults: "faults of a tenant; further ones are refused",
    Time max_fault_wait: "seconds that a fault may delay an answer or leave a request without one",
    Number max_listeners: "listeners to events; further ones are refused",
    Number event_backlog: "events that wait for a slow listener; of further ones it is told how many it missed",
    Number max_snapshot: "bytes of a snapshot, given or taken",
];

impl Limits {
    /// All limits, with their values and what they bound.
    #[must_use]
    pub fn list(&self) -> Vec<NamedLimit> {
        let mut limits = self.clone();
        let mut value = |field: &Field| match field {
            Field::Number(number) => number(&mut limits).to_string(),
            Field::Time(time) => time(&mut limits).as_secs_f64().to_string(),
        };
        let row = |row: &Row| NamedLimit {
            name: row.name,
            value: value(&row.field),
            what: row.what,
        };
        ROWS.iter().map(row).collect()
    }

    /// Sets the limit that a text `NAME=VALUE` names; times in seconds.
    ///
    /// # Errors
    /// If there is no such limit, or the value is none. Whether it can be kept is said when the mock is made.
    pub fn set(&mut self, text: &str) -> Result<(), SetLimitError> {
        let form = || SetLimitError::Form(text.to_owned());
        let (name, value) = text.split_once('=').ok_or_else(form)?;
        let (name, value) = (name.trim(), value.trim());
        let Some(row) = ROWS.iter().find(|row| row.name == name) else {
            let near = |row: &&Row| strsim::damerau_levenshtein(row.name, name);
            let nearest = ROWS.iter().min_by_key(near).filter(|row| near(row) <= 4);
            return Err(SetLimitError::Name {
                name: name.to_owned(),
                nearest: nearest.map(|row| row.name),
            });
        };
        let wrong = |rule| SetLimitError::Value {
            name: row.name,
            value: value.to_owned(),
            rule,
        };
        match row.field {
            Field::Number(number) => {
                *number(self) = value.parse().map_err(|_| wrong("a whole number from 0"))?;
            }
            Field::Time(time) => {
                let seconds = value.parse::<f64>().ok();
                let parsed = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
                *time(self) = parsed.ok_or_else(|| wrong("seconds, such as 2.5"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Limits;

    #[test]
    fn every_limit_can_be_named() {
        let mut limits = Limits::default();
        for one in Limits::default().list() {
            limits.set(&format!("{}={}", one.name, one.value)).unwrap();
        }
        assert_eq!(limits, Limits::default());
        // A member that has no name here shows itself: its value would not follow.
        let shown = format!("{limits:?}").matches(": ").count();
        let times = limits.list().len();
        assert_eq!(shown, times, "{limits:?}");
        limits.set("keep_jobs = 0.5").unwrap();
        limits.set("max_jobs=7").unwrap();
        assert_eq!(
            (limits.keep_jobs, limits.max_jobs),
            (Duration::from_millis(500), 7)
        );
    }

    #[test]
    fn what_sets_no_limit_is_told_why() {
        let why = |text: &str| Limits::default().set(text).unwrap_err().to_string();
        assert_eq!(
            why("max_jobs"),
            "`max_jobs` sets no limit: write NAME=VALUE, such as max_jobs=1000"
        );
        assert_eq!(
            why("max_job=1"),
            "there is no limit `max_job`; did you mean `max_jobs`?"
        );
        assert_eq!(why("quite-another=1"), "there is no limit `quite-another`");
        assert_eq!(
            why("max_jobs=-1"),
            "`max_jobs` cannot be `-1`: write a whole number from 0"
        );
        assert_eq!(
            why("keep_jobs=NaN"),
            "`keep_jobs` cannot be `NaN`: write seconds, such as 2.5"
        );
        assert_eq!(
            why("keep_jobs=-1"),
            "`keep_jobs` cannot be `-1`: write seconds, such as 2.5"
        );
    }
}
