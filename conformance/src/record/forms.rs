//! How the parts of an exchange stand in JSON: bytes as text where they are text, header values likewise, durations in
//! whole microseconds. Nothing is lost: times of a run have no fractions of one ([`Began`](crate::began::Began)).

use serde::{Deserialize, Serialize};

use crate::exchange::HeaderText;

/// Bytes: `{"text": …}` where they are UTF-8, else `{"base64": …}`.
pub(crate) mod body {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Shown<'b> {
        Text(&'b str),
        Base64(String),
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Read {
        Text(String),
        Base64(String),
    }

    pub(crate) fn serialize<S: Serializer>(
        bytes: &Bytes,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Shown::Text(text),
            Err(_) => Shown::Base64(STANDARD.encode(bytes)),
        }
        .serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Bytes, D::Error> {
        match Read::deserialize(deserializer)? {
            Read::Text(text) => Ok(text.into()),
            Read::Base64(text) => STANDARD
                .decode(text)
                .map(Bytes::from)
                .map_err(D::Error::custom),
        }
    }
}

/// Headers: `[["name", "value"], …]`; a value that is no visible text is `{"base64": …}`.
pub(crate) mod headers {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use http::{HeaderMap, HeaderName, HeaderValue};
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Value {
        Text(String),
        Base64 { base64: String },
    }

    pub(crate) fn serialize<S: Serializer>(
        map: &HeaderMap,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let shown = |value: &HeaderValue| match value.to_str() {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Base64 {
                base64: STANDARD.encode(value.as_bytes()),
            },
        };
        serializer.collect_seq(
            map.iter()
                .map(|(name, value)| (name.as_str(), shown(value))),
        )
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<HeaderMap, D::Error> {
        let mut map = HeaderMap::new();
        for (name, value) in Vec::<(String, Value)>::deserialize(d)? {
            let name = HeaderName::try_from(name).map_err(D::Error::custom)?;
            let bytes = match value {
                Value::Text(text) => text.into_bytes(),
                Value::Base64 { base64 } => STANDARD.decode(base64).map_err(D::Error::custom)?,
            };
            let value = HeaderValue::from_bytes(&bytes).map_err(D::Error::custom)?;
            map.try_append(name, value).map_err(D::Error::custom)?;
        }
        Ok(map)
    }
}

/// Whole microseconds.
pub(crate) mod microseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        time: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        u64::deserialize(d).map(Duration::from_micros)
    }
}

/// The value of a header that was sent: a text, or `{"secret": true}`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Text {
    Plain(String),
    Secret { secret: bool },
}

impl From<HeaderText> for Text {
    fn from(value: HeaderText) -> Self {
        match value {
            HeaderText::Plain(text) => Self::Plain(text),
            HeaderText::Secret => Self::Secret { secret: true },
        }
    }
}

impl From<Text> for HeaderText {
    fn from(value: Text) -> Self {
        match value {
            Text::Plain(text) => Self::Plain(text),
            Text::Secret { .. } => Self::Secret,
        }
    }
}
