//! Acceptances whose values are not what they should be.

use serde_json::{Value, json};

use super::How::{Answer, Contract};
use super::{Group, Misbehaviour, document, edit};

const ID: &str = "stream_id";
const DURATION: &str = "playback_duration";
const SIZE: &str = "playback_file_size";

/// Seconds as hours, minutes and seconds.
fn clock(seconds: u64) -> Value {
    json!(format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    ))
}

pub(super) const GROUP: Group = Group {
    title: "Accepts with wrong values",
    list: &[
        Misbehaviour {
            name: "numeric-duration",
            what: "Tells `playback_duration` as a number.",
            catches: &["RESP-03"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::number(answer, DURATION, |n| json!(n))),
        },
        Misbehaviour {
            name: "numeric-size",
            what: "Tells `playback_file_size` as a number.",
            catches: &["RESP-03"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::number(answer, SIZE, |n| json!(n))),
        },
        Misbehaviour {
            name: "no-size",
            what: "Accepts without `playback_file_size`.",
            catches: &["RESP-03"],
            touches: &["accepted"],
            how: Answer(|_, answer| {
                if edit::is_accepted(answer) {
                    edit::data(answer, |data| drop(data.shift_remove(SIZE)));
                }
            }),
        },
        Misbehaviour {
            name: "duration-with-unit",
            what: "Tells `playback_duration` with its unit, as 10s.",
            catches: &["RESP-05"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::accepted(answer, DURATION, |n| json!(format!("{n}s")))),
        },
        Misbehaviour {
            name: "negative-duration",
            what: "Tells `playback_duration` with a minus sign.",
            catches: &["RESP-05"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::accepted(answer, DURATION, |n| json!(format!("-{n}")))),
        },
        Misbehaviour {
            name: "duration-as-clock",
            what: "Tells `playback_duration` as hours, minutes and seconds.",
            catches: &["RESP-05"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::number(answer, DURATION, clock)),
        },
        Misbehaviour {
            name: "empty-duration",
            what: "Leaves `playback_duration` empty.",
            catches: &["RESP-05"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::accepted(answer, DURATION, |_| json!(""))),
        },
        Misbehaviour {
            name: "size-with-fraction",
            what: "Tells `playback_file_size` with a decimal fraction.",
            catches: &["RESP-06"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::accepted(answer, SIZE, |n| json!(format!("{n}.0")))),
        },
        Misbehaviour {
            name: "size-with-unit",
            what: "Tells `playback_file_size` with its unit, as 1024 bytes.",
            catches: &["RESP-06"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::accepted(answer, SIZE, |n| json!(format!("{n} bytes")))),
        },
        Misbehaviour {
            name: "size-in-hexadecimal",
            what: "Tells `playback_file_size` in hexadecimal.",
            catches: &["RESP-06"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::number(answer, SIZE, |n| json!(format!("{n:#x}")))),
        },
        Misbehaviour {
            name: "duration-beyond-window",
            what: "Tells a `playback_duration` of an hour more than the window has.",
            catches: &["RESP-07"],
            touches: &["accepted"],
            how: Answer(|_, answer| {
                edit::number(answer, DURATION, |n| json!((n + 3600).to_string()));
            }),
        },
        Misbehaviour {
            name: "duration-in-milliseconds",
            what: "Tells `playback_duration` in milliseconds.",
            catches: &["RESP-07"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::accepted(answer, DURATION, |n| json!(format!("{n}000")))),
        },
        Misbehaviour {
            name: "zero-duration",
            what: "Tells a `playback_duration` of 0 for every window.",
            catches: &["RESP-08"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::accepted(answer, DURATION, |_| json!("0"))),
        },
        Misbehaviour {
            name: "wider-is-shorter",
            what: "Tells a `playback_duration` of 1 for every window of more than a minute.",
            catches: &["RESP-09"],
            touches: &["accepted"],
            how: Answer(|_, answer| {
                edit::number(answer, DURATION, |n| {
                    json!(if n > 60 { 1 } else { n }.to_string())
                });
            }),
        },
        Misbehaviour {
            name: "empty-id",
            what: "Leaves `stream_id` empty.",
            catches: &["STRM-01"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::accepted(answer, ID, |_| json!(""))),
        },
        Misbehaviour {
            name: "one-id-for-all",
            what: "Tells the `stream_id` of the first download for every download.",
            catches: &["STRM-04", "CALL-03"],
            touches: &["two-downloads", "two-channels", "duplicate"],
            how: Answer(|seen, answer| edit::accepted(answer, ID, |id| json!(seen.first("", id)))),
        },
        Misbehaviour {
            name: "one-id-for-a-channel",
            what: "Tells the `stream_id` of a channel's first download for every download of the channel.",
            catches: &["STRM-04", "CALL-03"],
            touches: &["two-downloads", "duplicate"],
            how: Answer(|seen, answer| {
                let channel = seen.text("channel").unwrap_or_default();
                edit::accepted(answer, ID, |id| json!(seen.first(&channel, id)));
            }),
        },
        Misbehaviour {
            name: "forged-id",
            what: "Writes `channel` into the `stream_id` as it came, colons and all.",
            catches: &["STRM-06"],
            touches: &["channel-with-colons", "channel-in-words", "nul-channel"],
            how: Contract(|document| {
                let id = "'download:' + gbCode(self.device_unicode, '111') + ':' + self.channel + ':' + job.ssrc";
                document::job(document, "id", id);
            }),
        },
        Misbehaviour {
            name: "id-of-another-download",
            what: "Tells a `stream_id` that the progress query does not know.",
            catches: &["PROG-01", "CALL-03"],
            touches: &["accepted"],
            how: Answer(|_, answer| edit::accepted(answer, ID, |id| json!(format!("{id}-1")))),
        },
    ],
};
