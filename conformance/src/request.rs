//! Requests as checks write them: an operation of the contract, headers, and a body of raw bytes.

use std::borrow::Cow;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use crate::exchange::{Captured, HeaderText, Sent};

/// The operation that a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// The one that starts a download.
    Start,
    /// The progress query.
    Query,
    /// Any operation of a document that is judged without the catalogue.
    Other,
}

/// Who sends a request: whose headers of the target file it carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// The one of `headers`.
    #[default]
    Own,
    /// The same with the headers of the first tenant.
    TenantA,
    /// The same with the headers of the second tenant.
    TenantB,
}

/// How a request is put on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// With a length, on a connection of the common pool.
    Plain,
    /// Header names in Title-Case rather than in lower case.
    TitleCase,
    /// The body in several chunks, without a length.
    Chunked,
    /// On the one connection that these requests share, in turn.
    Kept,
    /// The body a byte a second, with its length announced.
    Slow,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) method: Method,
    /// Beside those of the target file.
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    /// Headers of the target file that are left out, lower case.
    pub(crate) omitted: Vec<String>,
    pub(crate) caller: Caller,
    pub(crate) wire: Wire,
    pub(crate) body: Bytes,
    /// What was taken from earlier answers.
    pub(crate) captured: Vec<Captured>,
}

pub(crate) const CONTENT_TYPE: &str = "content-type";

impl Request {
    /// A POST of a JSON body.
    pub(crate) fn json(kind: Kind, body: impl Into<Bytes>) -> Self {
        Self {
            kind,
            method: Method::POST,
            headers: vec![(CONTENT_TYPE.into(), "application/json".to_owned())],
            omitted: Vec::new(),
            caller: Caller::Own,
            wire: Wire::Plain,
            body: body.into(),
            captured: Vec::new(),
        }
    }

    /// A request as it was recorded; nothing if its method is none. `own` are the headers that the target file sets, lower
    /// case.
    pub(crate) fn of_record(sent: &Sent, kind: Kind, own: &[String]) -> Option<Self> {
        let is_sent = |own: &String| {
            let mut all = sent.headers.iter();
            all.any(|(name, v)| *v == HeaderText::Secret && name.eq_ignore_ascii_case(own))
        };
        let plain = sent.headers.iter().filter_map(|(name, value)| match value {
            HeaderText::Plain(value) => Some((name.clone().into(), value.clone())),
            HeaderText::Secret => None,
        });
        Some(Self {
            kind,
            method: Method::from_bytes(sent.method.as_bytes()).ok()?,
            headers: plain.collect(),
            omitted: own.iter().filter(|own| !is_sent(own)).cloned().collect(),
            caller: sent.caller,
            wire: sent.wire,
            body: sent.body.clone(),
            captured: sent.captured.clone(),
        })
    }

    /// The same with another media type, or with none.
    pub(crate) fn with_media_type(mut self, media_type: Option<&str>) -> Self {
        self.headers.retain(|(name, _)| *name != CONTENT_TYPE);
        self.headers
            .extend(media_type.map(|m| (CONTENT_TYPE.into(), m.to_owned())));
        self
    }

    /// The same from another caller.
    pub(crate) fn by(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// The same with a header in place of the one that the target file may set.
    pub(crate) fn with_header(mut self, name: impl Into<Cow<'static, str>>, value: &str) -> Self {
        let name = name.into();
        self.omitted.push(name.to_ascii_lowercase());
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same, with a value in its body that an earlier answer gave.
    pub(crate) fn with_captured(mut self, from: &str, pointer: &str, at: String) -> Self {
        self.captured.push(Captured {
            from: from.to_owned(),
            pointer: pointer.to_owned(),
            at,
        });
        self
    }

    /// The same, put on the wire in another way.
    pub(crate) fn on(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }
}
