//! What passed, as an HTTP Archive (HAR 1.2) that browsers and other tools open.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use har::v1_2::{
    Cache, Content as HarContent, Creator, Entries, Headers, Log, PostData, QueryString, Request,
    Response, Timings,
};
use har::{Har, Spec};
use http::StatusCode;

use crate::proxy::exchange::{Content, Ending, Exchange, Exchanges, Message};

/// A recording cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}; give a file in a folder that exists and that you may write to", path.display())]
pub struct HarError {
    path: PathBuf,
    source: io::Error,
}

impl Exchanges {
    /// Writes everything that is kept into a file: beside it first, then under its name, so that whoever opens it finds
    /// the old recording or the whole new one.
    ///
    /// The values of headers that carry secrets are masked; bodies and queries are as they were.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save_har(&self, path: &Path) -> Result<(), HarError> {
        let write = || -> io::Result<()> {
            let mut file = beside(path)?;
            let mut writer = BufWriter::new(file.as_file_mut());
            serde_json::to_writer(&mut writer, &self.har())?;
            writer.flush()?;
            drop(writer);
            file.as_file().sync_all()?;
            file.persist(path).map_err(|failed| failed.error)?;
            Ok(())
        };
        write().map_err(|source| HarError {
            path: path.to_owned(),
            source,
        })
    }

    /// Whether [`Exchanges::save_har`] will find a place to write to: to be asked before hours of recording.
    ///
    /// # Errors
    /// If it will not.
    pub fn can_save_har(path: &Path) -> Result<(), HarError> {
        let error = |source| HarError {
            path: path.to_owned(),
            source,
        };
        if path.is_dir() {
            return Err(error(io::ErrorKind::IsADirectory.into()));
        }
        beside(path).map(drop).map_err(error)
    }

    fn har(&self) -> Har {
        let dropped = self.dropped();
        let entries = self.list().iter().map(|exchange| entry(exchange)).collect();
        Har {
            log: Spec::V1_2(Log {
                creator: Creator {
                    name: env!("CARGO_PKG_NAME").to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    comment: None,
                },
                browser: None,
                pages: None,
                entries,
                comment: (dropped > 0)
                    .then(|| format!("{dropped} earlier exchanges were not kept")),
            }),
        }
    }
}

/// A file of a random name in the same folder.
fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => tempfile::NamedTempFile::new_in(folder),
        _ => tempfile::NamedTempFile::new_in("."),
    }
}

fn entry(exchange: &Exchange) -> Entries {
    let elapsed = exchange.elapsed.as_secs_f64() * 1000.0;
    Entries {
        started_date_time: exchange.started.to_string(),
        time: elapsed,
        request: request(exchange),
        response: response(exchange),
        cache: Cache::default(),
        timings: Timings {
            send: 0.0,
            wait: elapsed,
            receive: 0.0,
            ..Timings::default()
        },
        comment: comment(exchange),
        ..Entries::default()
    }
}

fn comment(exchange: &Exchange) -> Option<String> {
    let ending = match exchange.ending {
        Ending::Forwarded => None,
        Ending::Refused => Some("refused by the proxy, not forwarded".to_owned()),
        Ending::Replaced => Some("the client got 502 instead".to_owned()),
        Ending::Failed => Some("answered by the proxy: nothing came from the upstream".to_owned()),
    };
    let breaches = exchange.breaches.iter().map(ToString::to_string);
    let all: Vec<_> = ending.into_iter().chain(breaches).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

fn request(exchange: &Exchange) -> Request {
    let query = exchange.url.split_once('?').map_or("", |(_, query)| query);
    let message = &exchange.request;
    let length = length(&message.content);
    Request {
        method: exchange.method.to_string(),
        url: exchange.url.clone(),
        http_version: "HTTP/1.1".to_owned(),
        cookies: Vec::new(),
        headers: headers(message),
        query_string: query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(pair)
            .collect(),
        post_data: (length > 0).then(|| PostData {
            mime_type: media_type(message),
            text: text(&message.content).map(|(text, _)| text),
            params: None,
            // HAR 1.2 has no encoding for what is sent.
            comment: text(&message.content)
                .and_then(|(_, encoding)| encoding.map(|e| format!("encoded in {e}"))),
        }),
        headers_size: -1,
        body_size: length,
        comment: None,
    }
}

fn response(exchange: &Exchange) -> Response {
    let message = &exchange.answer;
    let length = length(&message.content);
    let (text, encoding) = text(&message.content).unzip();
    let reason = StatusCode::from_u16(exchange.status).ok();
    let location = message.headers.iter().find(|(name, _)| name == "location");
    Response {
        status: exchange.status.into(),
        status_text: reason
            .and_then(|s| s.canonical_reason())
            .unwrap_or_default()
            .to_owned(),
        http_version: "HTTP/1.1".to_owned(),
        cookies: Vec::new(),
        headers: headers(message),
        content: HarContent {
            size: length,
            mime_type: Some(media_type(message)),
            text,
            encoding: encoding.flatten().map(ToOwned::to_owned),
            comment: matches!(message.content, Content::Passed(_))
                .then(|| "passed through, not kept".to_owned()),
            compression: None,
        },
        redirect_url: Some(location.map(|(_, value)| value.clone()).unwrap_or_default()),
        headers_size: -1,
        body_size: length,
        comment: None,
    }
}

fn headers(message: &Message) -> Vec<Headers> {
    let header = |(name, value): &(String, String)| Headers {
        name: name.clone(),
        value: value.clone(),
        comment: None,
    };
    message.headers.iter().map(header).collect()
}

fn media_type(message: &Message) -> String {
    let found = message.headers.iter().find(|(n, _)| n == "content-type");
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn pair(pair: &str) -> QueryString {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    QueryString {
        name: name.to_owned(),
        value: value.to_owned(),
        comment: None,
    }
}

/// Bytes, -1 if nobody knows.
fn length(content: &Content) -> i64 {
    let length = match content {
        Content::Whole(bytes) => Some(bytes.len() as u64),
        Content::Passed(length) => *length,
    };
    length.and_then(|l| i64::try_from(l).ok()).unwrap_or(-1)
}

/// The body as a text, and how it is encoded if it is none.
fn text(content: &Content) -> Option<(String, Option<&'static str>)> {
    let Content::Whole(bytes) = content else {
        return None;
    };
    Some(match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (STANDARD.encode(bytes), Some("base64")),
    })
}
