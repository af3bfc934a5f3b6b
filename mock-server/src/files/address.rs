//! Addresses of files: made for a job, and read again from a path.

use std::borrow::Cow;
use std::hash::Hasher;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use siphasher::sip::SipHasher24;

use super::PublicUrl;

/// What all paths of files begin with.
const PREFIX: &str = "/__files/";
/// What they end with.
const SUFFIX: &str = ".mp4";
/// Everything but the unreserved characters of RFC 3986 §2.3, so that nobody on the way has a reason to change it.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What hashes are for; two purposes never share one.
const FOR_KEY: u64 = 0x6b65_7920_6f66_2061;
const FOR_TAG: u64 = 0x7461_6720_6f66_2061;

/// Makes and checks the addresses of one mock.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    seed: u64,
    base: String,
}

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked<'p> {
    /// The key; not checked yet.
    pub(super) key: u64,
    /// The id of a job, perhaps.
    pub(super) id: Cow<'p, str>,
}

impl Addresses {
    /// Addresses below a root; without one they are paths.
    pub(crate) fn new(seed: u64, root: Option<&PublicUrl>) -> Self {
        let base = root.map_or_else(String::new, |root| root.as_str().to_owned());
        Self { seed, base }
    }

    /// The address of the file of a job. It does not name the world, but only who knows that could have made it.
    pub(crate) fn of(&self, world: &str, kind: &str, id: &str) -> String {
        let key = self.hash(FOR_KEY, world, kind, id);
        let name = utf8_percent_encode(id, ESCAPED);
        format!("{}{PREFIX}{key:016x}/{name}{SUFFIX}", self.base)
    }

    /// Whether a key is that of a job.
    pub(super) fn is_key(&self, key: u64, world: &str, kind: &str, id: &str) -> bool {
        self.hash(FOR_KEY, world, kind, id) == key
    }

    /// The tag of a job's [`Clip`](super::Clip). It says nothing of the key.
    pub(super) fn tag(&self, world: &str, kind: &str, id: &str) -> u64 {
        self.hash(FOR_TAG, world, kind, id)
    }

    /// The same on every machine and in every version: recorded tests of others rest on it.
    fn hash(&self, purpose: u64, world: &str, kind: &str, id: &str) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.seed, purpose);
        if !world.is_empty() {
            hasher.write(world.as_bytes());
            hasher.write(&[0xfe]);
        }
        hasher.write(kind.as_bytes());
        hasher.write(&[0xff]);
        hasher.write(id.as_bytes());
        hasher.finish()
    }
}

/// What a path asks for: nothing if it is not one of files, `Some(None)` if it is, but no address of any.
pub(super) fn read(path: &str) -> Option<Option<Asked<'_>>> {
    let rest = path.strip_prefix(PREFIX)?;
    let asked = rest.split_once('/').and_then(|(key, name)| {
        let name = name.strip_suffix(SUFFIX)?;
        let id = percent_decode_str(name).decode_utf8().ok()?;
        let is_key = key.len() == 16 && key.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let key = u64::from_str_radix(key, 16).ok().filter(|_| is_key)?;
        Some(Asked { key, id })
    });
    Some(asked)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Addresses, read};

    #[test]
    fn an_address_is_the_same_everywhere() {
        let addresses = Addresses::new(7, Some(&"https://sms.example/x".parse().unwrap()));
        let address = addresses.of(
            "",
            "download",
            "download:34020000001110000228:门/..:1200000079",
        );
        // Written down, so that a change of the hash is seen.
        assert_eq!(
            address,
            "https://sms.example/x/__files/b9468fe77e4ee58a/download%3A34020000001110000228%3A%E9%97%A8%2F..%3A1200000079.mp4"
        );
    }

    #[test]
    fn seed_world_kind_and_id_each_decide_the_key_and_a_tag_is_none() {
        let one = Addresses::new(1, None);
        let key =
            |a: &Addresses, world, kind, id| read(&a.of(world, kind, id)).unwrap().unwrap().key;
        let first = key(&one, "", "a", "id");
        assert!(one.is_key(first, "", "a", "id"));
        for other in [
            key(&Addresses::new(2, None), "", "a", "id"),
            key(&one, "w", "a", "id"),
            key(&one, "", "b", "id"),
            key(&one, "", "a", "ie"),
            key(&one, "", "ai", "d"),
            key(&one, "a", "", "id"),
            one.tag("", "a", "id"),
        ] {
            assert_ne!(first, other);
            assert!(!one.is_key(other, "", "a", "id"));
        }
    }

    #[test]
    fn what_is_no_address_is_told_from_what_is_no_file() {
        for path in ["/", "/__file/x/y.mp4", "/__files", "/a/__files/x/y.mp4", ""] {
            assert_eq!(read(path), None, "{path}");
        }
        for path in [
            "/__files/",
            "/__files/x",
            "/__files/x.mp4",
            "/__files/x/y",
            "/__files/x/y.mp4",
            "/__files/0123456789abcdef/%ff.mp4",
            "/__files/0123456789ABCDEF/y.mp4",
            "/__files/+123456789abcdef/y.mp4",
        ] {
            assert_eq!(read(path), Some(None), "{path}");
        }
    }

    proptest! {
        #[test]
        fn every_id_comes_back(seed: u64, world: String, kind: String, id: String) {
            let addresses = Addresses::new(seed, None);
            let path = addresses.of(&world, &kind, &id);
            prop_assert!(path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_.-~%".contains(&b)), "{}", path);
            let asked = read(&path).unwrap().unwrap();
            prop_assert_eq!(&asked.id, &id);
            prop_assert!(addresses.is_key(asked.key, &world, &kind, &id));
        }
    }
}
