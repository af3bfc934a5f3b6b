//! A request for a file: whose it is, whether it may be fetched, and the answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, Method};
use axum::response::Response;

use crate::clock::Millis;
use crate::files::{self, FileAnswer};
use crate::job::{FileKey, Job, State};
use crate::rejection::Rejection;
use crate::service::Service;
use crate::store::StoreError;
use crate::tenant::Tenant;

/// How many files are remembered; then all are forgotten.
const MOST: usize = 4096;

/// What has to be known of a file before it is served.
#[derive(Clone, Debug)]
struct Card {
    owner: Tenant,
    ended: Millis,
}

/// Cards of files that were fetched lately, so that a player that asks for range after range does not
/// ask the store each time.
///
/// A card never becomes wrong: a finished job does not change, and a file that was removed is not there.
#[derive(Debug, Default)]
pub(crate) struct Cards(Mutex<HashMap<FileKey, Card>>);

impl Cards {
    fn get(&self, key: &FileKey) -> Option<Card> {
        let cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cards.get(key).cloned()
    }

    fn put(&self, key: FileKey, card: Card) {
        let mut cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cards.len() >= MOST {
            cards.clear();
        }
        cards.insert(key, card);
    }
}

impl Service {
    /// The answer to a request for a file. What is not there, not there any more, and not for this
    /// caller is all the same.
    pub(crate) async fn fetch(
        &self,
        name: &str,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Response, Rejection> {
        let key = name.strip_suffix(".mp4").unwrap_or(name);
        let key: FileKey = key.parse().map_err(|_| Rejection::NoSuchPath)?;
        let card = self.card(&key).await?.ok_or(Rejection::NoSuchPath)?;
        let need_token = self.file_settings.need_token;
        let may_fetch = self.access.may_fetch(headers, &card.owner, need_token);
        if !may_fetch || !self.is_fresh(card.ended) {
            return Err(Rejection::NoSuchPath);
        }
        let file = self.files.open(&key).await.map_err(|error| {
            tracing::debug!(?key, %error, "the file of a finished download is not there");
            Rejection::NoSuchPath
        })?;
        let asked = FileAnswer {
            key: &key,
            file: Arc::from(file),
            modified: card.ended.to_system(),
        };
        Ok(files::answer(method, headers, asked))
    }

    async fn card(&self, key: &FileKey) -> Result<Option<Card>, StoreError> {
        if let Some(card) = self.cards.get(key) {
            return Ok(Some(card));
        }
        let job = self.store.find_file(key).await?;
        let card = job.and_then(|job| {
            let ended = job.ended.filter(|_| job.state == State::Finished)?;
            let owner = job.tenant;
            Some(Card { owner, ended })
        });
        if let Some(card) = &card {
            self.cards.put(key.clone(), card.clone());
        }
        Ok(card)
    }

    /// Where a job's file can be fetched now; empty if it cannot.
    pub(crate) fn file_url(&self, job: &Job) -> String {
        match job.ended {
            Some(ended) if job.state == State::Finished && self.is_fresh(ended) => {
                self.public_url.of_file(&job.file)
            }
            _ => String::new(),
        }
    }

    /// Whether the address of a file that was whole at `ended` still works.
    fn is_fresh(&self, ended: Millis) -> bool {
        let ttl = self.file_settings.address_ttl;
        ttl.is_none_or(|ttl| self.clock.now() < ended.after(ttl))
    }
}
