//! A small server that downloads, calls back and serves files: correct unless told otherwise, and in every way that the
//! page leaves open.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How it uses its freedom.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ways {
    /// Progress is a fraction rather than percent.
    pub(crate) is_fraction: bool,
    /// Progress is a JSON number rather than a string.
    pub(crate) is_number: bool,
    /// It tells nothing but the end to callback addresses.
    pub(crate) calls_at_end: bool,
    /// Callbacks come late, each of them twice, and have more members.
    pub(crate) calls_twice: bool,
    /// It knows no ranges, and does not tell the length of a file.
    pub(crate) has_no_ranges: bool,
    /// It does not know the size beforehand.
    pub(crate) has_no_size: bool,
    /// It has no progress query.
    pub(crate) has_no_query: bool,
    /// Rejections are HTTP 4xx.
    pub(crate) has_statuses: bool,
    /// Addresses of its files have neither scheme nor host.
    pub(crate) is_relative: bool,
}

/// The one thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// Callbacks of a download go to the address of the one before.
    OtherAddress,
    /// A callback with 0 follows the one with the end.
    ZeroAtLast,
    /// A download is forgotten when its end was told.
    Forgets,
    /// The file is moved: HTTP 302.
    Moved,
    /// The file is whole only some time after the end.
    LateFile,
    /// A callback is sent once, whatever comes of it.
    NoRetry,
}

struct Job {
    begun: Instant,
    takes: Duration,
    callback: Option<String>,
}

struct Vendor {
    ways: Ways,
    flaw: Flaw,
    address: String,
    serial: AtomicU64,
    jobs: Mutex<HashMap<String, Job>>,
}

/// Seconds that every file plays.
const SECONDS: u32 = 10;

/// A film of ten seconds, as far as its duration goes.
fn film() -> Vec<u8> {
    let boxed = |kind: &[u8; 4], content: &[u8]| {
        let size = u32::try_from(content.len() + 8).unwrap();
        [&size.to_be_bytes()[..], kind, content].concat()
    };
    let header = [
        &[0; 12][..],
        &1_000_u32.to_be_bytes(),
        &(SECONDS * 1_000).to_be_bytes(),
        &[0; 80],
    ]
    .concat();
    let frames: Vec<u8> = (0..200_000_u32)
        .map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])
        .collect();
    [
        boxed(b"ftyp", b"isom\0\0\0\0"),
        boxed(b"mdat", &frames),
        boxed(b"moov", &boxed(b"mvhd", &header)),
    ]
    .concat()
}

/// Serves on a free port until the runtime ends; the address.
pub(crate) async fn serve(ways: Ways, flaw: Flaw) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let vendor = Arc::new(Vendor {
        ways,
        flaw,
        address: address.clone(),
        serial: AtomicU64::new(1),
        jobs: Mutex::default(),
    });
    let app = Router::new().fallback(answer).with_state(vendor);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn answer(
    State(vendor): State<Arc<Vendor>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path();
    if let Some(name) = path.strip_prefix("/files/") {
        return vendor.file(name, &method, &headers);
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if path.ends_with("/download") {
        vendor.start(&body)
    } else if path.ends_with("/queryDownloadProgress") && !vendor.ways.has_no_query {
        vendor.query(&body)
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

impl Vendor {
    fn reject(&self, message: &str) -> Response {
        let body = axum::Json(json!({"code": "40001", "message": message}));
        if self.ways.has_statuses {
            return (StatusCode::BAD_REQUEST, body).into_response();
        }
        body.into_response()
    }

    fn start(self: &Arc<Self>, body: &Value) -> Response {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(start), Some(end)) = (text("start_time"), text("end_time")) else {
            return self.reject("a time is missing");
        };
        if text("source_type").as_deref() != Some("3") || start >= end {
            return self.reject("source_type or times are wrong");
        }
        let time = |text: &str| text.parse::<jiff::civil::DateTime>().unwrap();
        let seconds = time(&start).duration_until(time(&end)).as_secs();
        let takes = Duration::from_millis(150 + u64::try_from(seconds).unwrap() * 2);
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        // As hard to guess as a hash of the serial: enough for a test.
        let id = format!(
            "{:016x}{serial}",
            serial.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        );
        let callback = text("callback").filter(|a| a.starts_with("http"));
        let mut jobs = self.jobs.lock().unwrap();
        let before = jobs.values().filter_map(|j| j.callback.clone()).next();
        let to = match self.flaw {
            Flaw::OtherAddress => before.or_else(|| callback.clone()),
            _ => callback.clone(),
        };
        let begun = Instant::now();
        jobs.insert(
            id.clone(),
            Job {
                begun,
                takes,
                callback,
            },
        );
        drop(jobs);
        if let Some(to) = to {
            tokio::spawn(Arc::clone(self).call(id.clone(), takes, to));
        }
        let size = if self.ways.has_no_size {
            "0".to_owned()
        } else {
            film().len().to_string()
        };
        axum::Json(json!({"code": "0", "message": "", "data": {
            "stream_id": id, "playback_duration": seconds.min(10).to_string(), "playback_file_size": size,
        }}))
        .into_response()
    }

    fn value(&self, done: f64) -> Value {
        let shown = if self.ways.is_fraction {
            (done * 100.0).floor() / 100.0
        } else {
            (done * 100.0).floor()
        };
        match (self.ways.is_number, self.ways.is_fraction) {
            (true, true) => json!(shown),
            (true, false) => json!(u8::try_from(shown as u64).unwrap()),
            (false, _) => json!(shown.to_string()),
        }
    }

    fn url(&self, id: &str) -> String {
        let root = if self.ways.is_relative {
            ""
        } else {
            &self.address
        };
        format!("{root}/files/{id}.mp4")
    }

    fn query(&self, body: &Value) -> Response {
        let id = body
            .get("stream_id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let mut jobs = self.jobs.lock().unwrap();
        let Some(job) = jobs.get(id) else {
            return self.reject("no such download");
        };
        let done = (job.begun.elapsed().as_secs_f64() / job.takes.as_secs_f64()).min(1.0);
        if done >= 1.0 && self.flaw == Flaw::Forgets {
            jobs.remove(id);
        }
        let url = (done >= 1.0).then(|| self.url(id));
        let data = json!({"state": "?", "progress": self.value(done), "url": url});
        axum::Json(json!({"code": "0", "message": "", "data": data})).into_response()
    }

    async fn call(self: Arc<Self>, id: String, takes: Duration, to: String) {
        let steps: &[f64] = if self.ways.calls_at_end {
            &[1.0]
        } else {
            &[0.0, 0.3, 0.6, 1.0]
        };
        let begun = Instant::now();
        for step in steps {
            tokio::time::sleep(takes.mul_f64(*step).saturating_sub(begun.elapsed())).await;
            if self.ways.calls_twice {
                tokio::time::sleep(Duration::from_millis(120)).await;
            }
            let url = (*step >= 1.0).then(|| self.url(&id));
            let mut body =
                json!({"streamId": id, "downloadProgress": self.value(*step), "fileUrl": url});
            if self.ways.calls_twice {
                body["sentBy"] = json!("sms-1");
            }
            for _ in 0..if self.ways.calls_twice { 2 } else { 1 } {
                let attempts = if self.flaw == Flaw::NoRetry { 1 } else { 4 };
                for attempt in 0..attempts {
                    tokio::time::sleep(Duration::from_millis(100 * attempt)).await;
                    if post(&to, &body.to_string()).await == Some(200) {
                        break;
                    }
                }
            }
        }
        if self.flaw == Flaw::ZeroAtLast {
            let body = json!({"streamId": id, "downloadProgress": self.value(0.0), "fileUrl": "x"});
            post(&to, &body.to_string()).await;
        }
    }

    fn file(&self, name: &str, method: &Method, headers: &HeaderMap) -> Response {
        let jobs = self.jobs.lock().unwrap();
        let job = name.strip_suffix(".mp4").and_then(|id| jobs.get(id));
        let patience = if self.flaw == Flaw::LateFile { 400 } else { 0 };
        let Some(job) = job.filter(|job| job.begun.elapsed() >= job.takes) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        if self.flaw == Flaw::Moved {
            return (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response();
        }
        let film = film();
        let is_late = job.begun.elapsed() < job.takes + Duration::from_millis(patience);
        let film = if is_late {
            film[..film.len() / 2].to_vec()
        } else {
            film
        };
        let range = headers.get(header::RANGE).and_then(|r| r.to_str().ok());
        let range = range.filter(|_| !self.ways.has_no_ranges && *method == Method::GET);
        if self.ways.has_no_ranges {
            let chunks: Vec<_> = film
                .chunks(50_000)
                .map(|c| Ok::<_, std::io::Error>(c.to_vec()))
                .collect();
            let body = axum::body::Body::from_stream(futures_util::stream::iter(chunks));
            return ([(header::CONTENT_TYPE, "video/mp4")], body).into_response();
        }
        match range.map(|range| part(range, film.len())) {
            None => ([(header::CONTENT_TYPE, "video/mp4")], film).into_response(),
            Some(None) => StatusCode::RANGE_NOT_SATISFIABLE.into_response(),
            Some(Some((first, last))) => {
                let named = format!("bytes {first}-{last}/{}", film.len());
                let bytes = film[first..=last].to_vec();
                (
                    StatusCode::PARTIAL_CONTENT,
                    [(header::CONTENT_RANGE, named)],
                    bytes,
                )
                    .into_response()
            }
        }
    }
}

fn part(range: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (first, last) {
        ("", n) => (length.saturating_sub(n.parse().ok()?), length - 1),
        (first, "") => (first.parse().ok()?, length - 1),
        (first, last) => (
            first.parse().ok()?,
            last.parse::<usize>().ok()?.min(length - 1),
        ),
    };
    (first <= last).then_some((first, last))
}

/// A POST by hand, so that nobody makes the address tidy; the status of the answer.
async fn post(address: &str, body: &str) -> Option<u16> {
    let rest = address.strip_prefix("http://")?;
    let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = host.rsplit('@').next()?;
    let target = target.split('#').next()?;
    let sent = async {
        let mut stream = TcpStream::connect(host).await.ok()?;
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.ok()?;
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.ok()?;
        String::from_utf8(answer).ok()?.get(9..12)?.parse().ok()
    };
    tokio::time::timeout(Duration::from_secs(1), sent)
        .await
        .ok()?
}
