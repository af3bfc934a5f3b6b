//! The store from outside of its server: a connection of its own, for a question or a change at hand.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::ledger::Ledger;
use super::writer::Desk;
use super::{End, StoreError, rows, sqlite};
use crate::clock::Millis;
use crate::job::{Job, JobKey};
use crate::stream_id::StreamId;

/// A connection to the file of a store.
pub(crate) struct Desktop {
    connection: Connection,
}

impl Desktop {
    /// Connects to a file that is there.
    pub(crate) fn open(file: &Path) -> Result<Self, StoreError> {
        let connection = sqlite::connect(file)?;
        Ok(Self { connection })
    }

    /// All jobs in order of acceptance.
    pub(crate) fn list(&self) -> Result<Vec<Job>, StoreError> {
        Ok(sqlite::list(&self.connection)?)
    }

    /// Cancels a job; false if there is none with this id that has not ended.
    pub(crate) fn cancel(
        &mut self,
        id: &StreamId,
        reason: String,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let select = "SELECT key FROM job WHERE serial = ? AND stream_id = ?";
        let wanted = (id.ssrc().serial().number(), id.to_string());
        let key: Option<i64> = transaction
            .query_row(select, wanted, |row| row.get(0))
            .optional()?;
        let Some(key) = key else {
            return Ok(false);
        };
        let mut ledger = Ledger::read(&transaction)?;
        let mut desk = Desk {
            connection: &transaction,
            ledger: &mut ledger,
            // The server finds both by looking for what others changed.
            due: &mut Vec::new(),
            queued: &mut false,
            has_room: true,
            trouble: &mut None,
        };
        let ended = rows::end(&mut desk, JobKey(key), &End::Cancelled(reason), now)?;
        transaction.commit()?;
        Ok(ended)
    }
}
