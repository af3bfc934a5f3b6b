//! Reading files: of a file only its length, its hash and a few parts are kept, however long it is.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

use super::Client;
use crate::exchange::{Answer, Captured, Exchange, HeaderText, Lost, Received, Sent};
use crate::file::collect::Collector;
use crate::file::range::Asked;
use crate::file::{EDGE, MOST};
use crate::request::{Caller, Kind, Request, Wire};

/// A request for a file.
#[derive(Debug, Clone)]
pub(crate) struct Fetch {
    pub(crate) id: String,
    pub(crate) url: Url,
    pub(crate) method: Method,
    pub(crate) range: Option<Asked>,
    /// Bytes that are read at most; the rest is left there.
    pub(crate) most: u64,
    /// How long the whole may take; between two pieces of it no more than an answer may.
    pub(crate) time: Duration,
    /// Decides which parts are kept.
    pub(crate) seed: u64,
    /// Which answer told the address.
    pub(crate) captured: Option<Captured>,
}

impl Client {
    /// Sends a request for a file and records what comes of it. The headers of the target file go along only where they
    /// are at home: to the host and port of the target.
    pub(crate) async fn fetch(&self, fetch: Fetch) -> Exchange {
        let _turn = self.pace.turn().await;
        let _permit = self.gate.acquire().await.ok();
        let at = self.elapsed();
        let mut request = Request {
            method: fetch.method.clone(),
            ..Request::json(Kind::Other, Bytes::new()).with_media_type(None)
        };
        let is_home = self.base.join("/").origin() == fetch.url.origin();
        if !is_home {
            let own = self.headers.iter().map(|(name, _)| name.to_string());
            request.omitted = own.collect();
        }
        if let Some(range) = fetch.range {
            let range = (header::RANGE.as_str().into(), range.to_string());
            request.headers.push(range);
        }
        let mut sent = self.sent(&fetch.url, &request);
        sent.captured = fetch.captured.iter().cloned().collect();
        let received = match self.message(&fetch.url, &request).await {
            Ok(message) => self.read(&fetch, message).await,
            Err(why) => Err(Lost::Local(why)),
        };
        Exchange {
            id: fetch.id,
            sent,
            received: match received {
                Ok(answer) => Received::Answer(self.masked(answer)),
                Err(lost) => Received::Lost(lost),
            },
            at,
            took: self.elapsed().saturating_sub(at),
        }
    }

    async fn read(
        &self,
        fetch: &Fetch,
        message: (http::Uri, HeaderMap<HeaderValue>),
    ) -> Result<Answer, Lost> {
        if !matches!(fetch.url.scheme(), "http" | "https") {
            let why = format!("there is no way to read {}:", fetch.url.scheme());
            return Err(Lost::NotReached(why));
        }
        let reading = async {
            let response = self.transport()?.open(&fetch.method, message).await?;
            self.collect(fetch, response).await
        };
        tokio::time::timeout(fetch.time, reading)
            .await
            .unwrap_or(Err(Lost::TimedOut(fetch.time)))
    }

    async fn collect(
        &self,
        fetch: &Fetch,
        response: http::Response<hyper::body::Incoming>,
    ) -> Result<Answer, Lost> {
        let (head, mut body) = response.into_parts();
        let status = head.status.as_u16();
        let is_file = fetch.method == Method::GET && matches!(status, 200 | 206);
        let length = head.headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|n| n.to_str().ok()?.trim().parse().ok());
        let mut collector = Collector::new(length.filter(|_| fetch.range.is_none()), fetch.seed);
        let most = fetch.most.min(MOST);
        let is_whole = loop {
            let Some(chunk) = self.transport()?.next(&mut body).await? else {
                break true;
            };
            let room = usize::try_from(most - collector.length()).unwrap_or(usize::MAX);
            collector.add(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                break false;
            }
        };
        let kept = &collector.head()[..collector.head().len().min(EDGE)];
        let body = Bytes::copy_from_slice(if is_file { &[] } else { kept });
        Ok(Answer {
            status,
            headers: head.headers,
            is_cut: collector.length() > body.len() as u64,
            body,
            digest: is_file.then(|| collector.finish(is_whole)),
        })
    }

    /// Sends a GET whose request target goes out byte by byte as it is written here: what parses addresses would
    /// resolve the dots in it.
    pub(crate) async fn fetch_raw(&self, id: String, url: &Url, target: &str) -> Exchange {
        let _turn = self.pace.turn().await;
        let _permit = self.gate.acquire().await.ok();
        let at = self.elapsed();
        let received = match self.get_raw(url, target).await {
            Ok(answer) => Received::Answer(answer),
            Err(lost) => Received::Lost(lost),
        };
        let shown = if target.starts_with('/') {
            format!("http://{}{target}", super::raw::host(url))
        } else {
            target.to_owned()
        };
        Exchange {
            id,
            sent: Sent {
                method: "GET".to_owned(),
                url: shown,
                headers: Vec::<(String, HeaderText)>::new(),
                caller: Caller::Own,
                wire: Wire::Plain,
                body: Bytes::new(),
                digest: None,
                captured: Vec::new(),
            },
            received,
            at,
            took: self.elapsed().saturating_sub(at),
        }
    }

    async fn get_raw(&self, url: &Url, target: &str) -> Result<Answer, Lost> {
        let time = self.transport()?.answer_time();
        tokio::time::timeout(time, super::raw::get(url, target))
            .await
            .unwrap_or(Err(Lost::TimedOut(time)))
    }
}
