//! A request of one's own, to be read otherwise than it should be.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use crate::request::{JSON, Request};

/// A request that may be changed.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Asked {
    pub(super) fn of(request: &Request<'_>) -> Self {
        Self {
            method: request.method.clone(),
            path: request.path.to_owned(),
            query: request.query.to_owned(),
            headers: request.headers.clone(),
            body: request.body.to_vec(),
        }
    }

    pub(super) fn request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// Changes the object that the body is; any other body stays as it is, to the byte.
    pub(super) fn object(&mut self, change: impl FnOnce(&mut Map<String, Value>)) {
        let Ok(Value::Object(old)) = serde_json::from_slice(&self.body) else {
            return;
        };
        let mut new = old.clone();
        change(&mut new);
        if new != old {
            self.body = Value::Object(new).to_string().into_bytes();
        }
    }

    /// Puts a text in the place of a member for which the function gives one.
    pub(super) fn member(&mut self, name: &str, read: impl FnOnce(&Value) -> Option<String>) {
        self.object(|body| {
            if let Some(member) = body.get_mut(name)
                && let Some(text) = read(member)
            {
                *member = text.into();
            }
        });
    }

    /// The same, for a member that is a text.
    pub(super) fn text(&mut self, name: &str, read: impl FnOnce(&str) -> Option<String>) {
        self.member(name, |member| read(member.as_str()?));
    }

    /// The same, for both ends of the window.
    pub(super) fn times(&mut self, read: fn(&str) -> Option<String>) {
        self.text("start_time", read);
        self.text("end_time", read);
    }

    /// Adds a member that is missing.
    pub(super) fn fill(&mut self, name: &str, value: &str) {
        self.object(|body| {
            if !body.contains_key(name) {
                body.insert(name.to_owned(), value.into());
            }
        });
    }

    /// A member that is a text.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        body.get(name)?.as_str().map(str::to_owned)
    }

    /// Reads a body that is no JSON as another text, if that is JSON.
    pub(super) fn wrong_json(&mut self, read: impl FnOnce(&str) -> String) {
        let is_wrong = serde_json::from_slice::<Value>(&self.body).is_err();
        let text = std::str::from_utf8(&self.body).ok().filter(|_| is_wrong);
        if let Some(text) = text.map(read)
            && serde_json::from_str::<Value>(&text).is_ok()
        {
            self.body = text.into_bytes();
        }
    }

    /// The media type as it was sent; empty if there is none.
    pub(super) fn media_type(&self) -> &str {
        let value = self.headers.get(CONTENT_TYPE);
        value.and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// Takes it for a body of JSON.
    pub(super) fn as_json(&mut self) {
        self.headers.insert(CONTENT_TYPE, JSON);
    }

    /// Takes it for a body of another kind.
    pub(super) fn as_no_json(&mut self) {
        let other = HeaderValue::from_static("application/octet-stream");
        self.headers.insert(CONTENT_TYPE, other);
    }

    /// Makes it a request that is refused, whatever it was: its body breaks off.
    pub(super) fn spoil(&mut self) {
        self.body = b"{".to_vec();
    }

    /// Spoils it if both ends of its window are valid times, and the function says so of them.
    pub(super) fn spoil_window(
        &mut self,
        is_bad: fn(jiff::civil::DateTime, jiff::civil::DateTime) -> bool,
    ) {
        let time = |name| smsload_spec::local_date_time(&self.get(name)?);
        if let (Some(start), Some(end)) = (time("start_time"), time("end_time"))
            && is_bad(start, end)
        {
            self.spoil();
        }
    }
}
