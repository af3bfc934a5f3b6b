//! What passed: a bounded record of requests and answers, without secrets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;

use crate::proxy::headers;
use crate::violations::Breach;

/// A request and what came of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// When its head had come.
    pub started: Timestamp,
    /// From then until the answer was there: whole, or, if it was passed through, its head.
    pub elapsed: Duration,
    /// The method.
    pub method: Method,
    /// The address that was asked, upstream.
    pub url: String,
    /// The id of the operation; nothing if the contract has none for it.
    pub operation: Option<String>,
    /// The request.
    pub request: Message,
    /// The status of the answer.
    pub status: u16,
    /// The answer: the upstream's where there is one, else the proxy's own.
    pub answer: Message,
    /// How it ended.
    pub ending: Ending,
    /// Everything in which it breaks the contract.
    pub breaches: Vec<Breach>,
}

/// Headers and body. The values of headers that carry secrets are masked.
#[derive(Debug, Clone)]
pub struct Message {
    /// The headers, in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub content: Content,
}

/// A body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The whole of it.
    Whole(Bytes),
    /// It was passed through and not kept; its length if it was announced.
    Passed(Option<u64>),
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The client got the upstream's answer.
    Forwarded,
    /// The request was refused and not forwarded.
    Refused,
    /// The upstream's answer was replaced, because it broke the contract.
    Replaced,
    /// No answer came from the upstream.
    Failed,
}

impl Message {
    pub(super) fn new(headers: &HeaderMap, content: Content) -> Self {
        Self {
            headers: headers::recorded(headers),
            content,
        }
    }

    fn weight(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(n, v)| n.len() + v.len()).sum();
        let content = match &self.content {
            Content::Whole(bytes) => bytes.len(),
            Content::Passed(_) => 0,
        };
        headers + content
    }
}

impl Content {
    /// A copy: a part of a connection's buffer would keep all of it alive.
    pub(super) fn copy(bytes: &[u8]) -> Self {
        Self::Whole(Bytes::copy_from_slice(bytes))
    }
}

impl Exchange {
    fn weight(&self) -> usize {
        let told: usize = self.breaches.iter().map(|b| b.message.len() + 256).sum();
        512 + self.url.len() + self.request.weight() + self.answer.weight() + told
    }
}

#[derive(Debug, Default)]
struct Kept {
    exchanges: VecDeque<Arc<Exchange>>,
    weight: usize,
    dropped: u64,
}

/// The last exchanges, as many as there is room for; the oldest give way.
#[derive(Debug)]
pub struct Exchanges {
    max: usize,
    max_bytes: usize,
    kept: Mutex<Kept>,
}

impl Exchanges {
    pub(super) fn new(max: usize, max_bytes: usize) -> Self {
        Self {
            max,
            max_bytes,
            kept: Mutex::default(),
        }
    }

    pub(super) fn push(&self, exchange: Arc<Exchange>) {
        let weight = exchange.weight();
        let mut kept = self.lock();
        kept.weight += weight;
        kept.exchanges.push_back(exchange);
        while kept.exchanges.len() > self.max || kept.weight > self.max_bytes {
            let Some(oldest) = kept.exchanges.pop_front() else {
                break;
            };
            kept.weight -= oldest.weight();
            kept.dropped += 1;
        }
    }

    /// The exchanges that are kept, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Exchange>> {
        self.lock().exchanges.iter().cloned().collect()
    }

    /// How many there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        let kept = self.lock();
        kept.dropped + kept.exchanges.len() as u64
    }

    /// How many gave way to later ones.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // No code that runs under the lock leaves the list half changed.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Content, Duration, Ending, Exchange, Exchanges, Message, Method, Timestamp};

    fn exchange(bytes: usize) -> Arc<Exchange> {
        let message = Message {
            headers: Vec::new(),
            content: Content::copy(&vec![0; bytes]),
        };
        Arc::new(Exchange {
            started: Timestamp::UNIX_EPOCH,
            elapsed: Duration::ZERO,
            method: Method::GET,
            url: String::new(),
            operation: None,
            request: message.clone(),
            status: 200,
            answer: message,
            ending: Ending::Forwarded,
            breaches: Vec::new(),
        })
    }

    #[test]
    fn the_oldest_give_way_to_number_and_to_size() {
        let exchanges = Exchanges::new(3, 100_000);
        for _ in 0..5 {
            exchanges.push(exchange(0));
        }
        assert_eq!((exchanges.list().len(), exchanges.dropped()), (3, 2));
        exchanges.push(exchange(49_300));
        assert_eq!(exchanges.list().len(), 2);
        exchanges.push(exchange(60_000));
        assert_eq!((exchanges.list().len(), exchanges.total()), (0, 7));
    }
}
