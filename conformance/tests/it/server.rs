//! A small server of recording downloads, correct unless told otherwise.

mod choices;
mod downloads;

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

pub(crate) use self::choices::{Choices, Fault, TOKEN};

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
