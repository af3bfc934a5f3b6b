//! A recording in place of a target: whoever sends a request gets the answer that it got when the recording was made. What
//! was not sent then has no answer now, and is noted.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::BufRead;
use std::sync::{Arc, Mutex};

use crate::about::sha256;
use crate::exchange::{Digest, Exchange, Lost, Received, Sent};
use crate::receipt::Receipt;
use crate::record::{Head, Record, RecordError, Records, Round};
use crate::session::lock;

/// The exchanges and receipts of a run.
#[derive(Debug, Default)]
pub(crate) struct Playback {
    head: Option<Head>,
    exchanges: Vec<Arc<Exchange>>,
    receipts: Vec<Arc<Receipt>>,
    rounds: Vec<Round>,
    /// Where exchanges stand, by their names. A few names stand for several exchanges.
    named: HashMap<String, Vec<usize>>,
    /// Where the first exchange of each request stands, by what was sent.
    sent: HashMap<u64, usize>,
    /// Names of exchanges that were asked for and are not here.
    missing: Mutex<Vec<String>>,
}

impl Playback {
    /// Reads a recording.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub(crate) fn read(from: impl BufRead) -> Result<Self, RecordError> {
        let mut playback = Self::default();
        for record in Records::new(from) {
            match record? {
                Record::Run(head) => playback.head = Some(head),
                Record::Exchange(exchange) => playback.take(exchange),
                Record::Receipt(receipt) => playback.receipts.push(receipt),
                Record::Round(round) => playback.rounds.push(round),
                Record::Unknown => {}
            }
        }
        Ok(playback)
    }

    fn take(&mut self, exchange: Arc<Exchange>) {
        let at = self.exchanges.len();
        let named = self.named.entry(exchange.id.clone()).or_default();
        named.push(at);
        self.sent.entry(mark(&exchange.sent)).or_insert(at);
        self.exchanges.push(exchange);
    }

    /// What it is a recording of, if it says so.
    pub(crate) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Every exchange, in the order in which they came to an end.
    pub(crate) fn exchanges(&self) -> &[Arc<Exchange>] {
        &self.exchanges
    }

    /// The round with a tag, if there was one, and the receipts that had come by then.
    pub(crate) fn round(&self, tag: &str) -> Option<(&Round, Vec<Arc<Receipt>>)> {
        let round = self.rounds.iter().find(|round| round.tag == tag)?;
        let receipts = self.receipts.iter().filter(|r| r.at <= round.at).cloned();
        Some((round, receipts.collect()))
    }

    /// Names of exchanges that were asked for and are not here.
    pub(crate) fn missing(&self) -> Vec<String> {
        lock(&self.missing).clone()
    }

    /// True if an exchange has this name.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.named.contains_key(id)
    }

    /// The name under which a request was sent that is sent once in a run, whoever asked for it first.
    pub(crate) fn shared(&self, id: &str, sent: &Sent) -> Option<&str> {
        let own = self.find(id, sent).map(|exchange| exchange.id.as_str());
        own.or_else(|| {
            let at = self.sent.get(&mark(sent))?;
            let exchange = self.exchanges.get(*at)?;
            is_same(&exchange.sent, sent).then_some(exchange.id.as_str())
        })
    }

    /// What came of a request.
    pub(crate) fn answer(&self, id: String, sent: Sent) -> Exchange {
        if let Some(exchange) = self.find(&id, &sent) {
            return Exchange::clone(exchange);
        }
        let why = if self.has(&id) {
            format!("the recording has another request as {id}")
        } else {
            format!("the recording lacks {id}")
        };
        lock(&self.missing).push(id.clone());
        Exchange {
            id,
            sent,
            received: Received::Lost(Lost::Local(why)),
            at: std::time::Duration::ZERO,
            took: std::time::Duration::ZERO,
        }
    }

    fn find(&self, id: &str, sent: &Sent) -> Option<&Arc<Exchange>> {
        let all = self.named.get(id)?.iter();
        let mut all = all.filter_map(|at| self.exchanges.get(*at));
        all.find(|exchange| is_same(&exchange.sent, sent))
    }
}

/// Equal for equal requests.
fn mark(sent: &Sent) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&sent.method, &sent.url).hash(&mut hasher);
    // A body that was shortened is known by its digest; a request is looked for rarely enough to compute it.
    match &sent.digest {
        Some(digest) => digest.sha256.hash(&mut hasher),
        None => sha256(&sent.body).hash(&mut hasher),
    }
    hasher.finish()
}

/// True if a recorded request is this one.
fn is_same(recorded: &Sent, sent: &Sent) -> bool {
    let has_body = match &recorded.digest {
        None => recorded.body == sent.body,
        Some(Digest {
            length,
            sha256: hash,
            ..
        }) => *length == sent.body.len() as u64 && *hash == sha256(&sent.body),
    };
    has_body
        && recorded.method == sent.method
        && recorded.url == sent.url
        && recorded.headers == sent.headers
        && (recorded.caller, recorded.wire) == (sent.caller, sent.wire)
}
