//! The query of a control request. What it says was judged already; here it is looked up.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use smsload_spec::{Operation, ParameterIn};

/// A query, decoded.
pub(super) struct Query<'r>(Vec<(Cow<'r, str>, Cow<'r, str>)>);

impl<'r> Query<'r> {
    pub(super) fn new(text: &'r str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(n, v)| (decode(n), decode(v))).collect())
    }

    /// The names that an operation does not have.
    pub(super) fn unknown(&self, operation: &Operation) -> Vec<String> {
        let is_known = |name: &str| {
            let mut all = operation.parameters.iter();
            all.any(|p| p.place == ParameterIn::Query && p.name == name)
        };
        let unknown = self.0.iter().filter(|(name, _)| !is_known(name));
        unknown.map(|(name, _)| name.to_string()).collect()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| &**value)
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// How many at most; 1,000 if nothing is said.
    pub(super) fn limit(&self) -> usize {
        let limit = self.number("limit").and_then(|n| usize::try_from(n).ok());
        limit.unwrap_or(1000)
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name)?.parse().ok()
    }
}

/// As forms write it: a plus sign is a blank.
fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let text = text.replace('+', " ");
        return Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned());
    }
    percent_decode_str(text).decode_utf8_lossy()
}
