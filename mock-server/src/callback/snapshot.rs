//! Callbacks under way as data: what is needed to go on telling where a snapshot was taken.
//!
//! An address is kept without user and password, which are never sent. What was tried in vain and what a fault keeps is
//! told anew.

use serde::{Deserialize, Serialize};

use super::entry::without_user;
use super::teller::{Progress, Spot, Subject};
use crate::courier::Address;

/// A job that is told of.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptCallback {
    /// The job's id.
    pub(crate) job: String,
    /// Its kind, as jobs have it.
    pub(crate) kind: u16,
    pub(crate) address: String,
    /// Where the contract says what is told.
    told_by: KeptSpot,
    /// Stands for the progress that was told last.
    #[serde(default)]
    mark: Option<u64>,
    /// Messages that are over with.
    #[serde(default)]
    deliveries: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptSpot {
    operation: Box<str>,
    method: String,
    path: Box<str>,
    kind: Box<str>,
    callback: Box<str>,
    sent_with: String,
}

/// Callbacks that can be gone on with.
#[derive(Debug)]
pub(crate) struct Resumed {
    pub(super) job: String,
    pub(super) kind: u16,
    pub(super) address: Address,
    pub(super) spot: Spot,
    pub(super) progress: Progress,
}

impl KeptCallback {
    pub(super) fn of(subject: &Subject) -> Self {
        let Spot {
            operation,
            route: (method, path),
            kind,
            callback,
            method: sent_with,
        } = &*subject.spot;
        let Progress { mark, deliveries } = subject.progress();
        Self {
            job: subject.id.to_string(),
            kind: subject.kind,
            address: without_user(subject.address.as_str()).into_owned(),
            told_by: KeptSpot {
                operation: operation.clone(),
                method: method.to_string(),
                path: path.clone(),
                kind: kind.clone(),
                callback: callback.clone(),
                sent_with: sent_with.to_string(),
            },
            mark,
            deliveries,
        }
    }

    /// Reads it again.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(self) -> Result<Resumed, String> {
        let method = |text: &str| {
            text.parse::<http::Method>()
                .map_err(|_| format!("`{text}` is no method"))
        };
        let spot = self.told_by;
        Ok(Resumed {
            address: Address::parse(&self.address).map_err(|error| error.to_string())?,
            spot: Spot {
                route: (method(&spot.method)?, spot.path),
                method: method(&spot.sent_with)?,
                operation: spot.operation,
                kind: spot.kind,
                callback: spot.callback,
            },
            progress: Progress {
                mark: self.mark,
                deliveries: self.deliveries,
            },
            job: self.job,
            kind: self.kind,
        })
    }
}
