//! Reading files: of a file only its length, its hash and a few parts are kept, however long it is.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use url::Url;

use super::{Client, fault};
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
    /// Where the address was told.
    pub(crate) captured: Vec<Captured>,
}

impl Client {
    /// Sends a request for a file and records what comes of it. The headers of the target file go along only where they
    /// are at home: to the host and port of the target.
    pub(crate) async fn fetch(&self, fetch: Fetch) -> Exchange {
        let _turn = self.pace.turn().await;
        let _permit = self.gate.acquire().await.ok();
        let at = self.elapsed();
        let request = Request {
            method: fetch.method.clone(),
            ..Request::json(Kind::Other, Bytes::new()).with_media_type(None)
        };
        let is_home = self.base.join("/").origin() == fetch.url.origin();
        let mut sent = self.sent(&fetch.url, &request);
        sent.captured.clone_from(&fetch.captured);
        if !is_home {
            sent.headers.clear();
        }
        if let Some(range) = fetch.range {
            let range = HeaderText::Plain(range.to_string());
            sent.headers.push(("range".to_owned(), range));
        }
        let received = match fetch.url.scheme() {
            "http" | "https" => self.read(&fetch, is_home.then_some(&request)).await,
            scheme => Received::Lost(Lost::NotReached(format!("no way to read {scheme}:"))),
        };
        let took = self.elapsed().saturating_sub(at);
        Exchange {
            id: fetch.id,
            sent,
            received,
            at,
            took,
        }
    }

    async fn read(&self, fetch: &Fetch, own: Option<&Request>) -> Received {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(request) = own
            && let Err(why) = self.insert_own(request, &mut headers).await
        {
            return Received::Lost(Lost::Local(why));
        }
        if let Some(range) = fetch.range
            && let Ok(range) = HeaderValue::from_str(&range.to_string())
        {
            headers.insert(header::RANGE, range);
        }
        let asked = async {
            let opened = self
                .transport
                .open(fetch.method.clone(), &fetch.url, headers)
                .await;
            self.collect(fetch, opened?).await
        };
        match tokio::time::timeout(fetch.time, asked).await {
            Err(_) => Received::Lost(Lost::TimedOut(fetch.time)),
            Ok(Err(lost)) => Received::Lost(lost),
            Ok(Ok(answer)) => Received::Answer(self.masked(answer)),
        }
    }

    async fn collect(
        &self,
        fetch: &Fetch,
        response: http::Response<Incoming>,
    ) -> Result<Answer, Lost> {
        let (head, mut body) = response.into_parts();
        let status = head.status.as_u16();
        let length = body.size_hint().exact();
        let is_file = fetch.method == Method::GET && matches!(status, 200 | 206);
        let mut collector = Collector::new(length.filter(|_| fetch.range.is_none()), fetch.seed);
        let most = fetch.most.min(MOST);
        let time = self.transport.answer_time();
        let is_whole = loop {
            let Ok(piece) = tokio::time::timeout(time, body.frame()).await else {
                return Err(Lost::TimedOut(time));
            };
            let Some(frame) = piece else { break true };
            let Ok(chunk) = frame.map_err(|e| fault::lost(&e))?.into_data() else {
                continue;
            };
            let room = usize::try_from(most - collector.length()).unwrap_or(usize::MAX);
            collector.add(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                break false;
            }
        };
        let kept = &collector.head()[..collector.head().len().min(EDGE)];
        let kept = Bytes::copy_from_slice(if is_file { &[] } else { kept });
        Ok(Answer {
            status,
            headers: head.headers,
            is_cut: is_file && collector.length() > 0 || collector.length() > kept.len() as u64,
            body: kept,
            digest: is_file.then(|| collector.finish(is_whole)),
        })
    }

    /// Sends a GET whose request target goes out byte by byte as it is written here: what parses addresses would
    /// resolve the dots in it.
    pub(crate) async fn fetch_raw(&self, id: String, url: &Url, target: &str) -> Exchange {
        let _turn = self.pace.turn().await;
        let _permit = self.gate.acquire().await.ok();
        let at = self.elapsed();
        let host = super::raw::host(url);
        let asked =
            tokio::time::timeout(self.transport.answer_time(), super::raw::get(url, target)).await;
        let received = match asked {
            Ok(Ok(answer)) => Received::Answer(answer),
            Ok(Err(lost)) => Received::Lost(lost),
            Err(_) => Received::Lost(Lost::TimedOut(self.transport.answer_time())),
        };
        let shown = if target.starts_with('/') {
            format!("http://{host}{target}")
        } else {
            target.to_owned()
        };
        Exchange {
            id,
            sent: Sent {
                method: "GET".to_owned(),
                url: shown,
                headers: Vec::new(),
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
}
