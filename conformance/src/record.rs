//! Records: what a run writes down of itself, one JSON object a line (`evidence.jsonl`). They are read again into the
//! types that the oracles judge, so that a recording can be judged without its target.
//!
//! Members may be added within a version; readers pass over those that they do not know. Limits: a line of
//! [`MAX_LINE`] bytes at most is read.

use std::io::{self, BufRead, Read as _};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::exchange::Exchange;
use crate::receipt::Receipt;
use crate::scene::Part;

pub(crate) mod forms;

/// The version of the form of the records.
pub(crate) const VERSION: u32 = 1;

/// Bytes of a line at most: the largest bodies, each byte of them escaped.
const MAX_LINE: u64 = 64 * 1024 * 1024;

/// A line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record {
    /// The first line: what the others are a recording of.
    Run(Head),
    /// A request and what came of it.
    Exchange(Arc<Exchange>),
    /// A callback that came.
    Receipt(Arc<Receipt>),
    /// The moment at which what was watched over time was judged.
    Round(Round),
    /// Something that a newer version writes.
    #[serde(other)]
    Unknown,
}

/// What a recording is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the form of the records.
    pub version: u32,
    /// The seed of the run, a string: not every reader of JSON holds 64 bits.
    pub seed: String,
    /// The address of the target.
    pub target: String,
    /// When the run began (RFC 3339, UTC); times of exchanges count from here.
    pub started: String,
}

/// The moment at which what was watched over time was judged: by the receipts that had come, and by no later ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// What stands before the numbers of its downloads: nothing, or `again` for the repetition.
    pub tag: String,
    /// When it was, since the start of the run.
    #[serde(rename = "at_microseconds", with = "forms::microseconds")]
    pub at: Duration,
    /// What was left out, for want of downloads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<Part>,
}

/// Why a recording cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The reader's own.
    #[error("line {line} cannot be read: {error}")]
    Io {
        /// The line, from 1.
        line: u64,
        /// What is the matter.
        error: io::Error,
    },
    /// It is no record.
    #[error("line {line} is no record: {error}")]
    NoRecord {
        /// The line, from 1.
        line: u64,
        /// What is the matter, with line and column within the line.
        error: serde_json::Error,
    },
    /// It is longer than any record.
    #[error("line {0} is longer than 64 MiB, which no record is")]
    TooLong(u64),
    /// A newer version wrote it.
    #[error(
        "it was written in version {0} of the form, this build reads version {VERSION}; use a newer smsload"
    )]
    Newer(u32),
}

/// The records of a recording, in the order in which they were written.
#[derive(Debug)]
pub struct Records<R> {
    reader: R,
    line: u64,
    is_over: bool,
}

impl<R: BufRead> Records<R> {
    /// Reads records.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            line: 0,
            is_over: false,
        }
    }

    fn read(&mut self) -> Result<Option<Record>, RecordError> {
        self.line += 1;
        let line = self.line;
        let mut text = Vec::new();
        let mut bounded = (&mut self.reader).take(MAX_LINE);
        let read = bounded.read_until(b'\n', &mut text);
        let read = read.map_err(|error| RecordError::Io { line, error })?;
        if read == 0 {
            return Ok(None);
        }
        if text.last() != Some(&b'\n') && text.len() as u64 == MAX_LINE {
            return Err(RecordError::TooLong(line));
        }
        let record = serde_json::from_slice(&text);
        let record = record.map_err(|error| RecordError::NoRecord { line, error })?;
        match record {
            Record::Run(head) if head.version > VERSION => Err(RecordError::Newer(head.version)),
            record => Ok(Some(record)),
        }
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Result<Record, RecordError>;

    /// The next record; after an error there is none.
    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.read().transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}

#[cfg(test)]
mod tests;
