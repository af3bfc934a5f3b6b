//! A small server of recording downloads, correct unless told otherwise.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::DateTime;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const DEVICE: &str = "34020000001110000228";
pub(crate) const CHANNEL: &str = "34020000001320000666";
pub(crate) const RECORDED: (&str, &str) = ("2025-04-04T21:00:00", "2025-04-04T22:00:00");
const START: &str = "/api/smsload/playback/v1/download";
const QUERY: &str = "/api/smsload/playback/v1/queryDownloadProgress";
const MEMBERS: [&str; 5] = [
    "device_unicode",
    "source_type",
    "channel",
    "start_time",
    "end_time",
];

/// Where the page leaves a choice.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Choices {
    /// Rejections are HTTP 4xx, some of them without an envelope; else HTTP 200 with another `code`.
    pub(crate) has_statuses: bool,
    /// Answers have more members than the page names.
    pub(crate) has_extras: bool,
    /// Durations have a fraction.
    pub(crate) has_fractions: bool,
    /// Equal requests share an id, and ids are opaque.
    pub(crate) shares_ids: bool,
    /// It has nothing to say about a body that it cannot read.
    pub(crate) is_terse: bool,
    /// It knows its callers by their token, [`TOKEN`].
    pub(crate) authenticates: bool,
    /// Something was recorded at any time.
    pub(crate) simulates: bool,
}

/// The one token that is right.
pub(crate) const TOKEN: &str = "hunter2-hunter2";

/// The one thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    Reversed,
    SourceType(&'static str),
    MissingChannel,
    NullDevice,
    TooLong,
    NumericDuration,
    SizeWithUnit,
    DurationWithUnit,
    OneId,
    EmptyId,
    ServerErrorOnBadJson,
    HangsOnBadJson,
    ReadsTruncated,
    PlainText,
    NoMessage,
    CodeZeroWithStatus,
    IdInRejection,
    TwoValues,
    Duplicate,
    WiderIsShorter,
    UnknownDevice,
    UnknownChannel,
    Month13,
    Words,
    ForgetsIds,
    AnyId,
    NoCharset,
    PlatformId,
    Escapes,
    Windows,
    GivesUp,
    Every(u64),
    NoReason,
    OtherCode,
    Anonymous,
    ForgedId,
    ServerErrorOnNul,
    DropsControls,
    ServerErrorOnDepth,
    IgnoresDepth,
    FlipsDuplicates,
    ServerErrorOnNull,
    ServerErrorOnYears,
    Large,
    Patient,
    Crowded,
    LeapDays,
    StackTrace,
    AnyToken,
    AnyTenant,
    DecimalHost,
    LineBreaks,
}

#[derive(Debug)]
struct Server {
    choices: Choices,
    fault: Fault,
    serial: AtomicU64,
    /// Each with the tenant that it belongs to.
    ids: Mutex<HashMap<String, String>>,
    in_flight: AtomicU64,
    /// When each download began, and how long it takes.
    begun: Mutex<HashMap<String, (Instant, Duration)>>,
}

/// What serves.
pub(crate) fn app(choices: Choices, fault: Fault) -> Router {
    let server = Arc::new(Server {
        choices,
        fault,
        serial: AtomicU64::new(1),
        ids: Mutex::default(),
        in_flight: AtomicU64::new(0),
        begun: Mutex::default(),
    });
    Router::new().fallback(answer).with_state(server)
}

/// Serves on a free port until the runtime ends; the address.
pub(crate) async fn serve(choices: Choices, fault: Fault) -> String {
    let app = app(choices, fault);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

async fn answer(
    State(server): State<Arc<Server>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (most, patience) = match server.fault {
        Fault::Large => (64 << 20, 10),
        Fault::Patient => (1 << 20, 600),
        _ => (1 << 20, 1),
    };
    let body = match tokio::time::timeout(Duration::from_secs(patience), to_bytes(body, most)).await
    {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    if server.has(Fault::Crowded) {
        let others = server.in_flight.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
        server.in_flight.fetch_sub(1, Ordering::Relaxed);
        if others > 8 {
            return server.reject((400, "40999", "too many".to_owned()));
        }
    }
    // A handler that dies drops the connection.
    assert!(!server.has(Fault::DropsControls) || !body.contains(&0));
    if server.choices.authenticates && !server.knows(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let tenant = headers.get("tenant-id").map(|v| v.as_bytes().to_vec());
    let tenant = String::from_utf8_lossy(&tenant.unwrap_or_default()).into_owned();
    if ![START, QUERY].contains(&uri.path()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    if method != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
    }
    if server.has(Fault::HangsOnBadJson) && serde_json::from_slice::<Value>(&body).is_err() {
        std::future::pending::<()>().await;
    }
    let judged = server
        .read(&headers, &body)
        .and_then(|body| match uri.path() {
            START => server.start(&body, &tenant),
            _ => server.query(&body, &tenant),
        });
    judged.unwrap_or_else(|rejection| server.reject(rejection))
}

/// Status, code, message.
type Rejection = (u16, &'static str, String);

fn reject<T>(status: u16, code: &'static str, message: impl Into<String>) -> Result<T, Rejection> {
    Err((status, code, message.into()))
}

impl Server {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        headers
            .get("token")
            .is_some_and(|token| token == TOKEN || self.has(Fault::AnyToken))
    }

    fn read(&self, headers: &HeaderMap, body: &Bytes) -> Result<Value, Rejection> {
        let media_type = headers
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok());
        let media_type = media_type.unwrap_or_default();
        let is_json = media_type.split(';').next() == Some("application/json");
        if !is_json || (self.has(Fault::NoCharset) && media_type.contains(';')) {
            return reject(415, "40002", "Content-Type must be application/json");
        }
        let text = String::from_utf8_lossy(body);
        if self.has(Fault::Escapes) && text.contains("\\u") {
            return reject(400, "40001", "escapes are not understood");
        }
        let is_double = text.matches("\"source_type\":").count() > 1;
        if self.has(Fault::FlipsDuplicates) && is_double {
            let mut met = self.ids.lock().unwrap();
            if met.remove(&*text).is_some() {
                return reject(400, "40001", "a member stands twice");
            }
            met.insert(text.to_string(), String::new());
        }
        if self.has(Fault::IgnoresDepth) && text.contains(r#""x_unknown":[[[[["#) {
            return Ok(json!({"device_unicode": DEVICE, "source_type": "3",
                "channel": CHANNEL, "start_time": RECORDED.0, "end_time": RECORDED.1}));
        }
        match serde_json::from_slice(body) {
            Ok(value @ Value::Object(_)) => Ok(value),
            Ok(_) => reject(400, "40001", "the body is no object"),
            Err(_) if self.has(Fault::ServerErrorOnBadJson) => reject(500, "50001", "oh"),
            Err(e)
                if self.has(Fault::ServerErrorOnDepth) && e.to_string().contains("recursion") =>
            {
                reject(500, "50001", "oh")
            }
            Err(_) if self.has(Fault::StackTrace) => reject(
                400,
                "40001",
                "Traceback (most recent call last):\n  File \"/usr/lib/sms.py\", line 3",
            ),
            Err(e) if self.has(Fault::ReadsTruncated) && e.is_eof() && body.len() > 40 => {
                let start = json!({"device_unicode": DEVICE, "source_type": "3",
                    "channel": CHANNEL, "start_time": RECORDED.0, "end_time": RECORDED.1});
                Ok(start)
            }
            Err(_) => reject(400, "40001", "the body is no JSON"),
        }
    }

    fn start(&self, body: &Value, tenant: &str) -> Result<Response, Rejection> {
        let mut members = MEMBERS;
        for name in &mut members {
            *name = match (self.text(body, name), self.fault) {
                (Some(_), _) => name,
                (None, Fault::MissingChannel) if body.get("channel").is_none() => name,
                (None, Fault::NullDevice) if *name == "device_unicode" => name,
                _ => return reject(400, "40003", format!("{name} is missing or no text")),
            };
        }
        self.texts(body)?;
        self.callback(body)?;
        let (start, end) = self.window(body)?;
        let seconds = u32::try_from(start.duration_until(end).as_secs()).unwrap_or(0);
        if self.has(Fault::Windows) && seconds < 10 {
            return reject(400, "40006", "the window is too short");
        }
        let overlaps = start < time(RECORDED.1) && time(RECORDED.0) < end;
        let is_leap = self.has(Fault::LeapDays) && start.date().day() == 29;
        if self.has(Fault::ServerErrorOnYears) && seconds > 50_000_000 {
            return reject(500, "50001", "oh");
        }
        if (!overlaps && !self.has(Fault::Reversed) && !self.choices.simulates) || is_leap {
            return reject(404, "40403", "nothing was recorded");
        }
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        if let Fault::Every(n) = self.fault
            && serial.is_multiple_of(n)
        {
            return reject(400, "40999", "not today");
        }
        if self.has(Fault::GivesUp) && serial > 60 {
            return reject(400, "40999", "no more");
        }
        let forged = self.text(body, "channel");
        let forged = forged.filter(|_| self.has(Fault::ForgedId));
        let channel = forged.unwrap_or(CHANNEL);
        Ok(self.accept(seconds, serial, &format!("{start}{end}"), (channel, tenant)))
    }

    fn text<'b>(&self, body: &'b Value, name: &str) -> Option<&'b str> {
        body.get(name)?
            .as_str()
            .filter(|text| !text.trim().is_empty())
    }

    fn texts(&self, body: &Value) -> Result<(), Rejection> {
        let source_type = self.text(body, "source_type").unwrap_or_default();
        let is_let_in = matches!(self.fault, Fault::SourceType(s) if s == source_type);
        if source_type != "3" && !is_let_in {
            return reject(400, "40005", "source_type is not supported");
        }
        let device = self.text(body, "device_unicode").unwrap_or(DEVICE);
        if self.has(Fault::ServerErrorOnNul) && device.contains('\0') {
            return reject(500, "50001", "oh");
        }
        if self.has(Fault::ServerErrorOnNull) && body.get("platfrom_id") == Some(&Value::Null) {
            return reject(500, "50001", "oh");
        }
        if device != DEVICE && !self.has(Fault::UnknownDevice) {
            return reject(404, "40401", "no such device");
        }
        let channel = self.text(body, "channel").unwrap_or(CHANNEL);
        let is_forged = self.has(Fault::ForgedId) && channel.contains(':');
        if channel != CHANNEL && !self.has(Fault::UnknownChannel) && !is_forged {
            return reject(404, "40402", "no such channel");
        }
        if self.has(Fault::PlatformId) && body.get("platform_id").is_some_and(|id| id != "2") {
            return reject(400, "40004", "no such platform");
        }
        Ok(())
    }

    /// Only one host may be called.
    fn callback(&self, body: &Value) -> Result<(), Rejection> {
        let Some(address) = body.get("callback").and_then(Value::as_str) else {
            return Ok(());
        };
        let has_controls = address.contains(char::is_control) && !self.has(Fault::LineBreaks);
        let is_number = address.starts_with("http://2130706433") && self.has(Fault::DecimalHost);
        let is_known = address.trim().starts_with("http://192.0.2.1") || is_number;
        if has_controls || !is_known {
            return reject(400, "40004", "callback is no address that may be called");
        }
        Ok(())
    }

    fn window(&self, body: &Value) -> Result<(DateTime, DateTime), Rejection> {
        let parse = |name: &str| {
            let text = self.text(body, name).unwrap_or_default();
            let carried = text.replace("-13-", "-12-");
            let text = if self.has(Fault::Month13) {
                &carried
            } else {
                text
            };
            let is_word = text.chars().all(char::is_alphabetic) && self.has(Fault::Words);
            match parse(text) {
                Some(time) => Ok(time),
                None if is_word && name == "start_time" => Ok(time(RECORDED.0)),
                None if is_word => Ok(time(RECORDED.1)),
                None => reject(400, "40004", format!("{name} is no time")),
            }
        };
        let (start, end) = (parse("start_time")?, parse("end_time")?);
        let is_backwards = start > end && !self.has(Fault::Reversed);
        if is_backwards || start == end {
            return reject(400, "40006", "start_time must be before end_time");
        }
        Ok((start, end))
    }

    fn accept(
        &self,
        seconds: u32,
        serial: u64,
        window: &str,
        (channel, tenant): (&str, &str),
    ) -> Response {
        let id = match self.fault {
            Fault::OneId => "download:1".to_owned(),
            Fault::EmptyId => String::new(),
            _ if self.choices.shares_ids => format!("{window}/x"),
            _ => format!("download:{DEVICE}:{channel}:1{serial:09}"),
        };
        let mut ids = self.ids.lock().unwrap();
        ids.insert(id.clone(), tenant.to_owned());
        drop(ids);
        let takes = Duration::from_millis(300 + u64::from(seconds) / 4);
        let mut begun = self.begun.lock().unwrap();
        begun.entry(id.clone()).or_insert((Instant::now(), takes));
        drop(begun);
        let seconds = if self.has(Fault::TooLong) {
            3_600
        } else {
            seconds
        };
        let seconds = if self.has(Fault::WiderIsShorter) {
            3_601 - seconds
        } else {
            seconds
        };
        let seconds = if self.fault == Fault::WiderIsShorter {
            seconds.min(5)
        } else {
            seconds
        };
        let duration = if self.choices.has_fractions {
            format!("{}.960", seconds.saturating_sub(1))
        } else {
            seconds.to_string()
        };
        let mut data = json!({
            "stream_id": id,
            "playback_duration": duration,
            "playback_file_size": if self.choices.has_fractions { "0" } else { "1024" },
        });
        match self.fault {
            Fault::NumericDuration => data["playback_duration"] = json!(seconds),
            Fault::DurationWithUnit => data["playback_duration"] = json!(format!("{seconds}s")),
            Fault::SizeWithUnit => data["playback_file_size"] = json!("1 KiB"),
            _ => {}
        }
        if self.choices.has_extras {
            data["state"] = json!("started");
        }
        let mut body = json!({"code": "0", "message": "成功", "data": data});
        if self.choices.has_extras {
            body["trace"] = json!(serial);
        }
        if self.has(Fault::NoMessage) {
            body.as_object_mut().unwrap().remove("message");
        }
        let text = body.to_string();
        let text = match self.fault {
            Fault::TwoValues => format!("{text}{{}}"),
            Fault::Duplicate => text.replacen('{', "{\"code\":\"0\",", 1),
            _ => text,
        };
        let plain = self.has(Fault::PlainText);
        let media_type = if plain {
            "text/plain"
        } else {
            "application/json; charset=utf-8"
        };
        ([(header::CONTENT_TYPE, media_type)], text).into_response()
    }

    fn query(&self, body: &Value, tenant: &str) -> Result<Response, Rejection> {
        let Some(id) = body
            .get("stream_id")
            .and_then(Value::as_str)
            .filter(|id| !id.is_empty())
        else {
            return reject(400, "40003", "stream_id is missing or no text");
        };
        let is_seen = |owner: &String| owner == tenant || self.has(Fault::AnyTenant);
        let is_known =
            self.ids.lock().unwrap().get(id).is_some_and(is_seen) && !self.has(Fault::ForgetsIds);
        if !is_known && !self.has(Fault::AnyId) {
            return reject(404, "40404", "no such download");
        }
        let body = json!({"code": "0", "message": "", "data": self.progress(id)});
        Ok(axum::Json(body).into_response())
    }

    /// Number or string, percent or fraction, under one name or another.
    fn progress(&self, id: &str) -> Value {
        let begun = self.begun.lock().unwrap().get(id).copied();
        let done = begun.map_or(0.5, |(at, takes)| {
            (at.elapsed().as_secs_f64() / takes.as_secs_f64()).min(1.0)
        });
        let value = match (self.choices.has_fractions, self.choices.has_extras) {
            (true, true) => json!((done * 1_000.0).floor() / 1_000.0),
            (true, false) => json!(format!("{:.2}", (done * 100.0).floor() / 100.0)),
            (false, true) => json!((done * 100.0).floor()),
            (false, false) => json!(format!("{}", (done * 100.0).floor())),
        };
        let name: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
        let url = (done >= 1.0).then(|| format!("http://files.invalid/{name}.mp4"));
        if self.choices.has_statuses {
            json!({"progress": value, "fileUrl": url})
        } else {
            json!({"stream_id": id, "download_progress": value, "file_url": url.unwrap_or_default()})
        }
    }

    fn reject(&self, (status, code, message): Rejection) -> Response {
        let message = match self.fault {
            Fault::NoReason => String::new(),
            Fault::Anonymous => "bad request".to_owned(),
            _ => message,
        };
        let mut body = json!({"code": code, "message": message});
        if self.has(Fault::OtherCode) {
            body["code"] = json!(format!("4{}", self.serial.fetch_add(1, Ordering::Relaxed)));
        }
        if self.choices.has_extras {
            body["data"] = json!({"stream_id": "", "playback_duration": "", "x": null});
        }
        if self.has(Fault::IdInRejection) {
            body["data"] = json!({"stream_id": "download:none"});
        }
        let is_status = self.choices.has_statuses || status >= 500;
        if self.has(Fault::CodeZeroWithStatus) {
            body["code"] = json!("0");
        }
        match status {
            _ if !is_status => axum::Json(body).into_response(),
            // Some servers have nothing to say about a body that they cannot read.
            400 if code == "40001" && self.choices.is_terse => {
                StatusCode::BAD_REQUEST.into_response()
            }
            _ => (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response(),
        }
    }
}

fn time(text: &str) -> DateTime {
    text.parse().unwrap()
}

/// The page's form and nothing else.
fn parse(text: &str) -> Option<DateTime> {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    if shape != "0000-00-00T00:00:00" || text.ends_with("60") || &text[11..13] == "24" {
        return None;
    }
    text.parse().ok()
}
