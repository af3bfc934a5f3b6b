//! Requests as checks write them: an operation of the contract, headers, and a body of raw bytes.

use bytes::Bytes;
use http::Method;

/// The operation that a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// The one that starts a download.
    Start,
    /// The progress query.
    Query,
}

/// How a request is put on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Wire {
    /// With a length, on a connection of the common pool.
    Plain,
    /// Header names in Title-Case rather than in lower case.
    TitleCase,
    /// The body in several chunks, without a length.
    Chunked,
    /// On the one connection that these requests share, in turn.
    Kept,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) method: Method,
    /// Beside those of the target file.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Headers of the target file that are left out, lower case.
    pub(crate) omitted: Vec<String>,
    pub(crate) wire: Wire,
    pub(crate) body: Bytes,
}

pub(crate) const CONTENT_TYPE: &str = "content-type";

impl Request {
    /// A POST of a JSON body.
    pub(crate) fn json(kind: Kind, body: impl Into<Bytes>) -> Self {
        Self {
            kind,
            method: Method::POST,
            headers: vec![(CONTENT_TYPE, "application/json".to_owned())],
            omitted: Vec::new(),
            wire: Wire::Plain,
            body: body.into(),
        }
    }

    /// The same with another media type, or with none.
    pub(crate) fn with_media_type(mut self, media_type: Option<&str>) -> Self {
        self.headers.retain(|(name, _)| *name != CONTENT_TYPE);
        self.headers
            .extend(media_type.map(|m| (CONTENT_TYPE, m.to_owned())));
        self
    }

    /// The same, put on the wire in another way.
    pub(crate) fn on(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }
}
