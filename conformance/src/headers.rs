//! Headers of a target file: names with values that are never shown.

use std::collections::BTreeMap;

use http::{HeaderName, header};
use serde::{Deserialize as _, Deserializer, Serializer};

use crate::secret::{MASK, Secret};

/// Headers with their values, as they are sent.
pub type Headers = Vec<(HeaderName, Secret)>;

/// Headers that say how a request is framed, or that belong to the body of each request.
const OWN: [HeaderName; 7] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Headers, D::Error> {
    let map = BTreeMap::<String, Secret>::deserialize(deserializer)?;
    let mut headers = Headers::new();
    for (text, value) in map {
        let name = name(&text).map_err(serde::de::Error::custom)?;
        if headers.iter().any(|(other, _)| *other == name) {
            let twice = format!("`{text}` stands here twice; letter case makes no other header");
            return Err(serde::de::Error::custom(twice));
        }
        headers.push((name, value));
    }
    Ok(headers)
}

/// Names only: what stands for a value is the same for all.
pub(crate) fn serialize<S: Serializer>(headers: &Headers, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(headers.iter().map(|(name, _)| (name.as_str(), MASK)))
}

fn name(text: &str) -> Result<HeaderName, String> {
    let name = HeaderName::try_from(text)
        .map_err(|_| format!("`{text}` is no header name; write letters, digits and hyphens"))?;
    if OWN.contains(&name) {
        return Err(format!(
            "`{text}` belongs to each request and cannot be set here"
        ));
    }
    Ok(name)
}
