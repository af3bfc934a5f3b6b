//! Progress as it is told: what a value means, where it stands in an answer or a callback, and on which scale it is.
//! Number or string, percent or fraction, whatever the members are called: what the target file says goes, else what
//! the contract says, else what is seen.

use std::time::Duration;

use serde_json::Value;
use smsload_spec::JobRead;

use crate::exchange::Exchange;
use crate::names;
use crate::receipt::Receipt;
use crate::target::{QueryProgress, Scale};

/// Names of members that mean progress, a file address or an id, without `_` and in lower case. The first one found goes.
const VALUES: [&str; 6] = [
    "downloadprogress",
    "progress",
    "percent",
    "percentage",
    "process",
    "rate",
];
const URLS: [&str; 6] = [
    "fileurl",
    "playbackfileurl",
    "downloadurl",
    "fileaddress",
    "filepath",
    "url",
];
const IDS: [&str; 2] = ["streamid", "id"];

/// The names of a callback's values (page: body member callback).
pub(crate) const STREAM_ID: &str = "streamId";
pub(crate) const FILE_URL: &str = "fileUrl";
pub(crate) const DOWNLOAD_PROGRESS: &str = "downloadProgress";

/// A progress value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    /// A number. Plain: no sign but a minus, no unit, no exponent in a text.
    Number { value: f64, is_plain: bool },
    /// Something else that is there.
    Word(String),
    /// There is no value.
    Nothing,
}

impl Told {
    pub(crate) fn of(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Nothing,
            Some(Value::Number(number)) => match number.as_f64() {
                Some(value) => Self::Number {
                    value,
                    is_plain: true,
                },
                None => Self::Word(number.to_string()),
            },
            Some(Value::String(text)) => Self::of_text(text),
            Some(other) => Self::Word(other.to_string()),
        }
    }

    fn of_text(text: &str) -> Self {
        if let Some(value) = decimal(text) {
            return Self::Number {
                value,
                is_plain: true,
            };
        }
        match decimal(text.trim().trim_end_matches('%').trim_end()) {
            Some(value) => Self::Number {
                value,
                is_plain: false,
            },
            None => Self::Word(text.to_owned()),
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number { value, .. } => Some(*value),
            _ => None,
        }
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number { value, .. } => write!(f, "{value}"),
            Self::Word(word) => write!(f, "{word:?}"),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

/// A plain decimal number, with a minus perhaps.
fn decimal(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let has_ends = digits.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && digits.bytes().last().is_some_and(|b| b.is_ascii_digit());
    (is_plain && has_ends).then(|| text.parse().ok()).flatten()
}

/// What was told of a download at a time.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// The name of the exchange or receipt.
    pub(crate) by: String,
    /// Not earlier than this, since the start of the run.
    pub(crate) from: Duration,
    /// Not later than this.
    pub(crate) to: Duration,
    pub(crate) told: Told,
    /// True if the value is a JSON string.
    pub(crate) is_text: bool,
    /// The address of the file, unless it is empty.
    pub(crate) url: Option<String>,
    pub(crate) id: Option<String>,
}

/// Where an answer to the progress query has its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuerySpots {
    id: Place,
    value: Place,
    url: Place,
    pub(crate) scale: Scale,
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// There and nowhere else: the target file says so.
    Declared(String),
    /// There, as the contract says; else under one of the usual names.
    Usual(Option<String>, &'static [&'static str]),
}

impl Place {
    fn new(
        declared: Option<&String>,
        contract: Option<String>,
        usual: &'static [&'static str],
    ) -> Self {
        match declared {
            Some(name) if name.starts_with('/') => Self::Declared(name.clone()),
            Some(name) => Self::Declared(format!("/data/{name}")),
            None => Self::Usual(contract, usual),
        }
    }

    fn find<'v>(&self, body: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Declared(pointer) => body.pointer(pointer),
            Self::Usual(pointer, names) => pointer
                .as_ref()
                .and_then(|pointer| body.pointer(pointer))
                .or_else(|| search(body.get("data")?, names)),
        }
    }
}

/// A member by one of its names, whatever its letter case.
fn search<'v>(data: &'v Value, names: &[&str]) -> Option<&'v Value> {
    let members = data.as_object()?;
    let is = |member: &str, name: &str| member.replace('_', "").to_ascii_lowercase() == name;
    names.iter().find_map(|name| {
        let found = members.iter().find(|(member, _)| is(member, name));
        found.map(|(_, value)| value)
    })
}

impl QuerySpots {
    pub(crate) fn of(read: &JobRead, declared: &QueryProgress) -> Self {
        let contract = |member: &str| names::find(&read.response, member, "");
        Self {
            id: Place::new(declared.id.as_ref(), contract("id"), &IDS),
            value: Place::new(
                declared.progress.as_ref(),
                contract("percent").or_else(|| contract("fraction")),
                &VALUES,
            ),
            url: Place::new(declared.file_url.as_ref(), contract("file_url"), &URLS),
            scale: declared.scale,
        }
    }

    /// Where the file address stands, if it is known without an answer: a JSON Pointer.
    pub(crate) fn url_pointer(&self) -> Option<&str> {
        match &self.url {
            Place::Declared(pointer) => Some(pointer),
            Place::Usual(pointer, _) => pointer.as_deref(),
        }
    }

    /// What the answer of an accepted query tells.
    pub(crate) fn read(&self, exchange: &Exchange, body: &Value) -> Reading {
        let value = self.value.find(body);
        Reading {
            by: exchange.id.clone(),
            from: exchange.at,
            to: exchange.at + exchange.took,
            told: Told::of(value),
            is_text: value.is_some_and(Value::is_string),
            url: text(self.url.find(body)),
            id: text(self.id.find(body)),
        }
    }
}

/// What a callback tells. JSON is an assumption: a form is read too.
pub(crate) fn callback(receipt: &Receipt) -> Reading {
    let body = callback_body(receipt).unwrap_or_default();
    let value = body.get(DOWNLOAD_PROGRESS);
    Reading {
        by: receipt.id.clone(),
        from: receipt.at,
        to: receipt.at,
        told: Told::of(value),
        is_text: value.is_some_and(Value::is_string),
        url: text(body.get(FILE_URL)),
        id: text(body.get(STREAM_ID)),
    }
}

/// The body of a callback: JSON, or a form as an object of strings. Nothing if it is neither.
pub(crate) fn callback_body(receipt: &Receipt) -> Option<Value> {
    if let Ok(body) = serde_json::from_slice(&receipt.body) {
        return Some(body);
    }
    let text = std::str::from_utf8(&receipt.body).ok()?;
    if !text.contains('=') {
        return None;
    }
    let url = url::Url::parse(&format!("http://form/?{text}")).ok()?;
    let pairs = url.query_pairs().map(|(name, value)| {
        let value = Value::String(value.into_owned());
        (name.into_owned(), value)
    });
    Some(Value::Object(pairs.collect()))
}

fn text(value: Option<&Value>) -> Option<String> {
    value
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// What is known of a scale from the values that were told on it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ScaleSeen {
    largest: f64,
    has_fraction: bool,
    /// A 1 was told together with a file address.
    has_one_with_url: bool,
}

impl ScaleSeen {
    pub(crate) fn add(&mut self, reading: &Reading) {
        if let Some(value) = reading.told.number() {
            self.largest = self.largest.max(value);
            self.has_fraction |= value > 0.0 && value < 1.0;
            #[expect(
                clippy::float_cmp,
                reason = "the end of the scale is told exactly, or not at all"
            )]
            let is_one = value == 1.0;
            self.has_one_with_url |= is_one && reading.url.is_some();
        }
    }

    /// What the end is called; nothing if that cannot be told yet.
    pub(crate) fn end(&self, declared: Scale) -> Option<f64> {
        match declared {
            Scale::Percent => Some(100.0),
            Scale::Fraction => Some(1.0),
            Scale::Auto if self.largest > 1.0 => Some(100.0),
            Scale::Auto if self.has_fraction || self.has_one_with_url => Some(1.0),
            Scale::Auto => None,
        }
    }
}

/// True if a reading tells the end: its value, or a word together with a file address.
pub(crate) fn is_end(reading: &Reading, end: Option<f64>) -> bool {
    match (&reading.told, end) {
        (Told::Number { value, .. }, Some(end)) => *value >= end,
        (Told::Word(_), _) => reading.url.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{Reading, ScaleSeen, Told, is_end};
    use crate::target::Scale;

    fn reading(value: &Value, url: Option<&str>) -> Reading {
        Reading {
            by: String::new(),
            from: Duration::ZERO,
            to: Duration::ZERO,
            told: Told::of(Some(value)),
            is_text: value.is_string(),
            url: url.map(str::to_owned),
            id: None,
        }
    }

    #[test]
    fn values_are_read_in_every_dress() {
        let number = |value, is_plain| Told::Number { value, is_plain };
        for (value, expected) in [
            (json!(42), number(42.0, true)),
            (json!(0.5), number(0.5, true)),
            (json!("42"), number(42.0, true)),
            (json!("99.5"), number(99.5, true)),
            (json!("-1"), number(-1.0, true)),
            (json!("42%"), number(42.0, false)),
            (json!(" 42 "), number(42.0, false)),
            (json!("done"), Told::Word("done".into())),
            (json!("1e2"), Told::Word("1e2".into())),
            (json!("NaN"), Told::Word("NaN".into())),
            (json!(""), Told::Word(String::new())),
            (json!(null), Told::Nothing),
        ] {
            assert_eq!(Told::of(Some(&value)), expected, "{value}");
        }
    }

    fn end(values: &[Value], url: Option<&str>) -> Option<f64> {
        let mut seen = ScaleSeen::default();
        for value in values {
            seen.add(&reading(value, url));
        }
        seen.end(Scale::Auto)
    }

    #[test]
    fn the_scale_shows_in_what_is_told() {
        assert_eq!(end(&[json!(0), json!("37")], None), Some(100.0));
        assert_eq!(end(&[json!("0.5"), json!("12.5")], None), Some(100.0));
        assert_eq!(end(&[json!(0.25), json!(1)], None), Some(1.0));
        assert_eq!(end(&[json!(0), json!(1)], None), None);
        assert_eq!(end(&[json!(1)], Some("http://x")), Some(1.0));
    }

    #[test]
    fn the_end_is_a_value_or_a_word_with_an_address() {
        assert!(is_end(&reading(&json!("100"), None), Some(100.0)));
        assert!(!is_end(
            &reading(&json!("99"), Some("http://x")),
            Some(100.0)
        ));
        assert!(is_end(
            &reading(&json!("done"), Some("http://x")),
            Some(100.0)
        ));
        assert!(!is_end(&reading(&json!("busy"), None), Some(100.0)));
    }
}
