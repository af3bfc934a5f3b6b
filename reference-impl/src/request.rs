//! The two request bodies, read strictly into types that cannot hold a wrong one.

use crate::callback::CallbackAddress;
use crate::members::Members;
use crate::rejection::Rejection;
use crate::stream_id::StreamId;
use crate::time::{LocalDateTime, Window};

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
        let callback = callback
            .map(|text| CallbackAddress::parse(&text))
            .transpose();
        let callback = callback.map_err(|_| Rejection::Callback)?;
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
    }
}
