//! Requests of a report as they are sent again.

use std::sync::Arc;

use serde_json::Value;

use crate::case::Answered;
use crate::exchange::{Captured, Exchange, Sent};
use crate::report::Shown;
use crate::request::{Kind, Request};
use crate::session::Session;

/// The exchanges of a failure, in order.
pub(super) struct Sequence<'s> {
    exchanges: Vec<&'s Arc<Exchange>>,
    kinds: Vec<Kind>,
    /// Headers that the target file sets.
    own: &'s [String],
}

impl<'s> Sequence<'s> {
    /// Of a failure. The error says why it cannot be sent.
    pub(super) fn of(shown: &'s Shown, session: &'s Session, base: &str) -> Result<Self, String> {
        let exchanges: Vec<_> = shown.exchanges.iter().map(|e| &e.exchange).collect();
        if exchanges.is_empty() {
            return Err("the report has no exchanges of it".to_owned());
        }
        let kind = |exchange: &Exchange| {
            let path = exchange.sent.url.strip_prefix(base).unwrap_or_default();
            session.api.kind(path).ok_or_else(|| {
                let url = &exchange.sent.url;
                format!("{url} is no address of the contract below {base}")
            })
        };
        let kinds = exchanges
            .iter()
            .map(|e| kind(e))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            exchanges,
            kinds,
            own: &session.api.own_headers,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// The name and the request of an exchange, after those that were answered. `drawn` is the request of the case, which
    /// stands in for a body that the report has not whole.
    pub(super) fn request(
        &self,
        number: usize,
        answers: &[Arc<Answered>],
        drawn: Option<&Option<Request>>,
    ) -> Result<(String, Request), String> {
        let exchange = self.exchanges[number];
        let sent = &exchange.sent;
        let drawn = drawn.and_then(Option::as_ref);
        if sent.digest.is_some() {
            let whole = drawn.ok_or("the report has its body not whole")?;
            return Ok((exchange.id.clone(), whole.clone()));
        }
        let request = Request::of_record(sent, self.kinds[number], self.own)
            .ok_or_else(|| format!("{:?} is no method", sent.method))?;
        let request = Request {
            body: self.body(sent, answers)?,
            ..request
        };
        Ok((exchange.id.clone(), request))
    }

    /// The body, with what it took from earlier answers taken from today's.
    fn body(&self, sent: &Sent, answers: &[Arc<Answered>]) -> Result<bytes::Bytes, String> {
        let of_body = || sent.captured.iter().filter(|c| c.at.starts_with('/'));
        if of_body().next().is_none() {
            return Ok(sent.body.clone());
        }
        let Ok(mut body) = serde_json::from_slice::<Value>(&sent.body) else {
            return Ok(sent.body.clone());
        };
        for captured in of_body() {
            let (old, new) = self.values(captured, answers)?;
            if let Some(place) = body.pointer_mut(&captured.at)
                && *place == old
            {
                *place = new;
            }
        }
        // JSON values can always be written.
        Ok(serde_json::to_vec(&body).unwrap_or_default().into())
    }

    /// The value of then and the value of today.
    fn values(
        &self,
        captured: &Captured,
        answers: &[Arc<Answered>],
    ) -> Result<(Value, Value), String> {
        let Captured { from, pointer, .. } = captured;
        let number = self.exchanges.iter().position(|e| e.id == *from);
        let number = number.ok_or_else(|| format!("the report lacks the exchange {from}"))?;
        let recorded = self.exchanges[number].answer();
        let old = recorded.and_then(|answer| {
            let body: Value = serde_json::from_slice(&answer.body).ok()?;
            body.pointer(pointer).cloned()
        });
        let new = answers
            .get(number)
            .and_then(|a| a.body.as_ref()?.pointer(pointer).cloned());
        match (old, new) {
            (Some(old), Some(new)) => Ok((old, new)),
            (None, _) => Err(format!(
                "the answer {from} of the report has no `{pointer}`"
            )),
            (_, None) => Err(format!(
                "the answer to {from} has no `{pointer}` this time, which the next request needs"
            )),
        }
    }
}
