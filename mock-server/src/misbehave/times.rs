//! Texts that are no times, and are taken for one.

use super::How::Request;
use super::lenient::{self, Fields};
use super::{Group, Misbehaviour};

pub(super) const GROUP: Group = Group {
    title: "Lets wrong times in",
    list: &[
        Misbehaviour {
            name: "words-for-times",
            what: "Takes an end of the window that is a word for an hour from the other end.",
            catches: &["TIME-04"],
            touches: &["time-word"],
            how: Request(|asked| {
                let (start, end) = (asked.get("start_time"), asked.get("end_time"));
                asked.text("start_time", |text| {
                    lenient::hour_from(text, end.as_deref(), -1)
                });
                asked.text("end_time", |text| {
                    lenient::hour_from(text, start.as_deref(), 1)
                });
            }),
        },
        Misbehaviour {
            name: "time-with-z",
            what: "Ignores a Z after a time.",
            catches: &["TIME-05"],
            touches: &["time-z"],
            how: Request(|asked| asked.times(|text| lenient::without_suffix(text, |s| s == "Z"))),
        },
        Misbehaviour {
            name: "time-with-offset",
            what: "Ignores an offset from UTC after a time.",
            catches: &["TIME-05"],
            touches: &["time-offset"],
            how: Request(|asked| {
                asked.times(|text| lenient::without_suffix(text, |s| s.starts_with(['+', '-'])));
            }),
        },
        Misbehaviour {
            name: "time-with-fraction",
            what: "Ignores a fraction of a second.",
            catches: &["TIME-05"],
            touches: &["time-fraction"],
            how: Request(|asked| {
                asked.times(|text| lenient::without_suffix(text, |s| s.starts_with('.')));
            }),
        },
        Misbehaviour {
            name: "time-with-space",
            what: "Takes a space for the T of a time.",
            catches: &["TIME-05"],
            touches: &["time-space"],
            how: Request(|asked| {
                asked
                    .times(|text| (text.find(' ') == Some(10)).then(|| text.replacen(' ', "T", 1)));
            }),
        },
        Misbehaviour {
            name: "time-with-small-t",
            what: "Takes a lower-case t for the T of a time.",
            catches: &["TIME-05"],
            touches: &["time-small-t"],
            how: Request(|asked| {
                asked
                    .times(|text| (text.find('t') == Some(10)).then(|| text.replacen('t', "T", 1)));
            }),
        },
        Misbehaviour {
            name: "time-with-slashes",
            what: "Takes slashes for the hyphens of a date.",
            catches: &["TIME-05"],
            touches: &["time-slashes"],
            how: Request(|asked| {
                asked.times(|text| text.contains('/').then(|| text.replace('/', "-")));
            }),
        },
        Misbehaviour {
            name: "time-without-seconds",
            what: "Takes a time without seconds for the full minute.",
            catches: &["TIME-05"],
            touches: &["time-minutes"],
            how: Request(|asked| {
                asked.times(|text| Fields::read(&format!("{text}:00")).map(Fields::text));
            }),
        },
        Misbehaviour {
            name: "date-only",
            what: "Takes a date for its midnight.",
            catches: &["TIME-05"],
            touches: &["time-date"],
            how: Request(|asked| {
                asked.times(|text| Fields::read(&format!("{text}T00:00:00")).map(Fields::text));
            }),
        },
        Misbehaviour {
            name: "time-with-one-digit",
            what: "Accepts fields of a time that have one digit.",
            catches: &["TIME-05"],
            touches: &["time-one-digit"],
            how: Request(|asked| asked.times(lenient::padded)),
        },
        Misbehaviour {
            name: "epoch-seconds",
            what: "Accepts seconds since 1970 for a time.",
            catches: &["TIME-05"],
            touches: &["time-epoch"],
            how: Request(|asked| asked.times(lenient::epoch)),
        },
        Misbehaviour {
            name: "time-in-any-script",
            what: "Accepts the digits of other scripts in a time.",
            catches: &["TIME-05"],
            touches: &["time-fullwidth"],
            how: Request(|asked| {
                asked.times(|text| Some(lenient::ascii_digits(text)).filter(|ascii| ascii != text));
            }),
        },
        Misbehaviour {
            name: "time-trimmed",
            what: "Ignores white space around a time.",
            catches: &["TIME-05"],
            touches: &["time-blanks"],
            how: Request(|asked| {
                asked.times(|text| Fields::read(text.trim()).map(Fields::text));
            }),
        },
        Misbehaviour {
            name: "month-carried",
            what: "Takes month 13 for the next January, and month 0 for the last December.",
            catches: &["TIME-06"],
            touches: &["month-13", "month-0"],
            how: Request(|asked| {
                asked.times(|text| lenient::carry(text, |f| !(1..=12).contains(&f.month)));
            }),
        },
        Misbehaviour {
            name: "day-carried",
            what: "Takes day 32 for the day after the 31st, and day 0 for the day before the first.",
            catches: &["TIME-06"],
            touches: &["day-32", "day-0"],
            how: Request(|asked| {
                asked.times(|text| lenient::carry(text, |f| f.day == 0 || f.day > 31));
            }),
        },
        Misbehaviour {
            name: "hour-carried",
            what: "Takes hour 25 for the first hour of the next day.",
            catches: &["TIME-06"],
            touches: &["hour-25"],
            how: Request(|asked| asked.times(|text| lenient::carry(text, |f| f.hour > 24))),
        },
        Misbehaviour {
            name: "minute-carried",
            what: "Takes minute 60 for the next hour.",
            catches: &["TIME-06"],
            touches: &["minute-60"],
            how: Request(|asked| asked.times(|text| lenient::carry(text, |f| f.minute > 59))),
        },
        Misbehaviour {
            name: "day-clipped",
            what: "Takes a day that its month does not have, up to the 31st, for the last that it has.",
            catches: &["TIME-06/clipped-values"],
            touches: &["february-30", "april-31"],
            how: Request(|asked| {
                asked.times(|text| {
                    let fields = Fields::read(text).filter(|f| (1..=31).contains(&f.day))?;
                    let day = fields.day.min(fields.days_in_month());
                    (day != fields.day).then(|| Fields { day, ..fields }.text())
                });
            }),
        },
        Misbehaviour {
            name: "february-30-carried",
            what: "Takes 30 February for 1 or 2 March.",
            catches: &["TIME-06/clipped-values"],
            touches: &["february-30"],
            how: Request(|asked| {
                asked.times(|text| lenient::carry(text, |f| f.month == 2 && f.day == 30));
            }),
        },
        Misbehaviour {
            name: "hour-24",
            what: "Takes hour 24 for the midnight that ends the day.",
            catches: &["TIME-06/clipped-values"],
            touches: &["hour-24"],
            how: Request(|asked| asked.times(|text| lenient::carry(text, |f| f.hour == 24))),
        },
        Misbehaviour {
            name: "second-60",
            what: "Takes second 60 for the next minute.",
            catches: &["TIME-06/clipped-values"],
            touches: &["second-60"],
            how: Request(|asked| asked.times(|text| lenient::carry(text, |f| f.second == 60))),
        },
    ],
};
