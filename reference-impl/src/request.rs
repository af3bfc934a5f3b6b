//! The two request bodies, read strictly into types that cannot hold a wrong one.

use url::Url;

use crate::members::Members;
use crate::rejection::Rejection;
use crate::stream_id::StreamId;
use crate::time::{LocalDateTime, Window};

/// A callback address longer than this is refused, in bytes.
const MAX_CALLBACK: usize = 2048;

/// What a download request asks for: the page's body, as far as it can be checked without a source.
///
/// `source_type` is not kept, since it can only be 3. `platfrom_id` is checked to be a string and not
/// kept: this implementation is one platform, so there is nothing to choose.
#[derive(Debug)]
pub(crate) struct DownloadRequest {
    /// The page's `device_unicode`, in the caller's words.
    pub(crate) device: String,
    /// The page's `channel`, in the caller's words.
    pub(crate) channel: String,
    /// From `start_time` to `end_time`.
    pub(crate) window: Window,
    /// Where progress should be told, character for character as given.
    pub(crate) callback: Option<CallbackAddress>,
}

impl DownloadRequest {
    const MEMBERS: &'static [&'static str] = &[
        "device_unicode",
        "platfrom_id",
        "source_type",
        "channel",
        "start_time",
        "end_time",
        "callback",
    ];

    /// Reads a body.
    ///
    /// That all members are there is checked first, so that `source_type` is judged in a request that
    /// is complete otherwise.
    pub(crate) fn read(body: &[u8], max_depth: usize) -> Result<Self, Rejection> {
        let mut members = Members::read(body, Self::MEMBERS, max_depth)?;
        let device = members.required("device_unicode")?;
        let source_type = members.required("source_type")?;
        let channel = members.required("channel")?;
        let start = members.required("start_time")?;
        let end = members.required("end_time")?;
        members.optional("platfrom_id")?;
        let callback = members.optional("callback")?;
        if source_type != "3" {
            return Err(Rejection::SourceType);
        }
        let (start, end) = (time("start_time", &start)?, time("end_time", &end)?);
        let window = Window::new(start, end).ok_or(Rejection::TimeOrder)?;
        let callback = callback.map(CallbackAddress::new).transpose()?;
        Ok(Self {
            device,
            channel,
            window,
            callback,
        })
    }
}

fn time(member: &'static str, text: &str) -> Result<LocalDateTime, Rejection> {
    text.parse()
        .map_err(|problem| Rejection::Time { member, problem })
}

/// Reads the body of a progress query: the one member `stream_id`.
pub(crate) fn read_progress_query(body: &[u8], max_depth: usize) -> Result<StreamId, Rejection> {
    let text = Members::read(body, &["stream_id"], max_depth)?.required("stream_id")?;
    text.parse().map_err(|_| Rejection::UnknownStream)
}

/// An absolute http or https URL with a host and without blanks or control characters.
///
/// Where it points to is not judged here: nothing is sent to it yet.
#[derive(Debug)]
pub(crate) struct CallbackAddress(#[expect(dead_code, reason = "callbacks come later")] String);

impl CallbackAddress {
    fn new(text: String) -> Result<Self, Rejection> {
        // The parser drops control characters, adds slashes and takes backslashes for them; what it
        // would mend is refused, so that the address means the same to every reader.
        let mended = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
        let (scheme, rest) = text.split_once("://").ok_or(Rejection::Callback)?;
        let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let hostless = rest.starts_with(['/', '?', '#']);
        if !web || hostless || text.len() > MAX_CALLBACK || text.contains(mended) {
            return Err(Rejection::Callback);
        }
        let url = Url::parse(&text).map_err(|_| Rejection::Callback)?;
        if url.has_host() {
            Ok(Self(text))
        } else {
            Err(Rejection::Callback)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(source_type: &str, start: &str, end: &str) -> String {
        serde_json::json!({
            "device_unicode": "34020000001110000228", "source_type": source_type,
            "channel": "34020000001320000666", "start_time": start, "end_time": end,
        })
        .to_string()
    }

    fn read(body: &str) -> Result<DownloadRequest, Rejection> {
        DownloadRequest::read(body.as_bytes(), 64)
    }

    const START: &str = "2025-04-04T08:00:00";
    const END: &str = "2025-04-04T09:00:00";

    #[test]
    fn a_valid_request_is_read() {
        assert_eq!(read(&body("3", START, END)).unwrap().window.seconds(), 3600);
    }

    #[test]
    fn lenient_spellings_of_three_are_another_source_type() {
        for text in [
            " 3", "3 ", "03", "3.0", "+3", "３", "٣", "3\0", "1", "2", "4", "5", "6",
        ] {
            let error = read(&body(text, START, END)).unwrap_err();
            assert_eq!(error, Rejection::SourceType, "{text:?}");
        }
    }

    #[test]
    fn start_must_be_before_end() {
        assert_eq!(
            read(&body("3", START, START)).unwrap_err(),
            Rejection::TimeOrder
        );
        assert_eq!(
            read(&body("3", END, START)).unwrap_err(),
            Rejection::TimeOrder
        );
    }

    #[test]
    fn callbacks_are_absolute_web_addresses_with_a_host() {
        for good in [
            "http://xxxxxx",
            "HTTPS://a.example:8443/p%2Fq?x=1+2&y=",
            "http://[::1]:9/",
            "http://u:p@h/",
            "http://127.0.0.1:1234/cb#f",
            "http://例え.example/",
            "http://h/a/../b//c",
        ] {
            assert!(CallbackAddress::new(good.to_owned()).is_ok(), "{good:?}");
        }
        for bad in [
            "xxxxxx",
            "/cb",
            "//h/cb",
            "http:",
            "http:h",
            "http:/h",
            "http://",
            "http:///cb",
            "http://?x",
            "http://#f",
            "http://:80/",
            "http://u@/",
            "ftp://h/",
            "file:///etc/passwd",
            "javascript:1",
            " http://h/",
            "http://h/ ",
            "http://h/a b",
            "http://h/\r\nX: y",
            "http://h\t/",
            "http://h/\0",
            "http:\\\\h\\",
            "http://h:99999/",
            "http://[::1",
            "http://h/\u{85}",
        ] {
            assert!(CallbackAddress::new(bad.to_owned()).is_err(), "{bad:?}");
        }
        assert!(CallbackAddress::new(format!("http://h/{}", "a".repeat(3000))).is_err());
    }

    #[test]
    fn a_stream_id_that_is_none_is_an_unknown_one() {
        let error = |body: &str| read_progress_query(body.as_bytes(), 64).unwrap_err();
        assert_eq!(error(r#"{"stream_id":"x"}"#), Rejection::UnknownStream);
        assert_eq!(error(r#"{"stream_id":""}"#), Rejection::Blank("stream_id"));
        assert_eq!(error("{}"), Rejection::Missing("stream_id"));
    }

    proptest! {
        #[test]
        fn only_three_is_three(text in ".*[^ \\t\\n].*") {
            prop_assume!(text != "3" && !text.trim().is_empty());
            prop_assert_eq!(read(&body(&text, START, END)).unwrap_err(), Rejection::SourceType);
        }

        #[test]
        fn no_bytes_make_the_reader_fail(bytes in any::<Vec<u8>>()) {
            prop_assert!(DownloadRequest::read(&bytes, 64).is_err());
        }

        #[test]
        fn no_callback_makes_the_reader_fail(text in "(https?:)?[/\\\\]{0,3}\\PC{0,40}") {
            let _ = CallbackAddress::new(text);
        }
    }
}
