//! One download as a job: what is known of it, and how far it is.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::TryRng as _;

use crate::clock::Millis;
use crate::source::Recording;
use crate::stream_id::StreamId;
use crate::tenant::Tenant;

/// The number of a job in its store, in order of acceptance. None is given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey(pub i64);

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a job is in its life. The last three are ends: nothing follows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Accepted, and waiting for its turn.
    Queued,
    /// Being transferred.
    Running,
    /// Its file is whole and served.
    Finished,
    /// It will have no file; [`Job::reason`] says why.
    Failed,
    /// Somebody who may has stopped it.
    Cancelled,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Running,
        Self::Finished,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing follows.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Cancelled)
    }
}

/// How much of a download is done: whole percent, 0 to 100, rounded down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Progress(u8);

impl Progress {
    /// The end: there is a file.
    pub const DONE: Self = Self(100);

    /// The share of `whole` that `part` is, at most 99: only a file that is there is
    /// [`Progress::DONE`].
    #[must_use]
    pub fn of(part: u64, whole: u64) -> Self {
        let percent = u128::from(part) * 100 / u128::from(whole.max(1));
        Self(u8::try_from(percent).unwrap_or(99).min(99))
    }

    /// How far a transfer is that has brought `written` bytes, which are `recorded` of recorded time.
    #[must_use]
    pub fn of_transfer(recording: &Recording, written: u64, recorded: Option<Duration>) -> Self {
        match (recording.bytes, recorded) {
            (Some(bytes), _) => Self::of(written, bytes),
            (None, Some(recorded)) => {
                let brought = u64::try_from(recorded.as_millis()).unwrap_or(u64::MAX);
                Self::of(brought, recording.duration_ms)
            }
            (None, None) => Self::default(),
        }
    }

    /// Percent.
    #[must_use]
    pub fn percent(self) -> u8 {
        self.0
    }

    /// A number of percent that was stored; more than 100 is 100.
    #[must_use]
    pub fn from_percent(percent: u8) -> Self {
        Self(percent.min(100))
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a file, and all that is needed to fetch it: 192 random bits as 48 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileKey(String);

/// A text is no [`FileKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no file's name")]
pub struct FileKeyError;

impl FileKey {
    const LEN: usize = 48;

    /// A new one from the system's source of randomness.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn random() -> Result<Self, std::io::Error> {
        let mut bits = [0; Self::LEN / 2];
        let drawn = rand::rngs::SysRng.try_fill_bytes(&mut bits);
        drawn.map_err(std::io::Error::other)?;
        Ok(Self(
            bits.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FileKey {
    type Err = FileKeyError;

    fn from_str(text: &str) -> Result<Self, FileKeyError> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == Self::LEN && text.bytes().all(digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(FileKeyError)
        }
    }
}

impl fmt::Debug for FileKey {
    /// Whoever knows the whole name can fetch the file, so logs get its first digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKey({}…)", &self.0[..6])
    }
}

/// A download that was accepted, as its store has it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number.
    pub key: JobKey,
    /// Its id for callers.
    pub id: StreamId,
    /// Whose it is.
    pub tenant: Tenant,
    /// Where it is in its life.
    pub state: State,
    /// What is transferred.
    pub recording: Recording,
    /// Bytes that are safely in its work file; in its file, once finished.
    pub written: u64,
    /// How far it is, and the most that was ever told.
    pub progress: Progress,
    /// The name that its file has or will have.
    pub file: FileKey,
    /// Why it failed or was cancelled, for callers and operators.
    pub reason: Option<String>,
    /// Where progress is told, as the caller gave it.
    pub callback: Option<String>,
    /// Why nothing further is told there, if so.
    pub callback_closed: Option<String>,
    /// When it was accepted.
    pub accepted: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_end_is_never_told_by_counting() {
        assert_eq!(Progress::of(0, 10).percent(), 0);
        assert_eq!(Progress::of(9, 10).percent(), 90);
        assert_eq!(Progress::of(10, 10).percent(), 99);
        assert_eq!(Progress::of(u64::MAX, 1).percent(), 99);
        assert_eq!(Progress::of(0, 0).percent(), 0);
    }

    #[test]
    fn a_file_key_is_random_and_hides_in_logs() {
        let (one, other) = (FileKey::random().unwrap(), FileKey::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.as_str().parse(), Ok(one.clone()));
        assert!(format!("{one:?}").len() < 20);
        for bad in [
            "",
            "x",
            "../../etc/passwd",
            &one.as_str()[1..],
            &one.as_str().to_uppercase(),
        ] {
            // A key without letters is its own upper case.
            assert!(
                bad == one.as_str() || bad.parse::<FileKey>().is_err(),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn progress_never_falls(whole in 1_u64.., a: u64, b: u64) {
            prop_assert!(Progress::of(a.min(b), whole) <= Progress::of(a.max(b), whole));
        }
    }
}
