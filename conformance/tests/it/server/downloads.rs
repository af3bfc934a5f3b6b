//! Downloads: their ids, and how far they are.

use std::time::{Duration, Instant};

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{DEVICE, Fault, Rejection, Server, reject};

impl Server {
    pub(super) fn accept(
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

    pub(super) fn query(&self, body: &Value, tenant: &str) -> Result<Response, Rejection> {
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
}
