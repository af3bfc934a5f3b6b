//! Bodies that should be rejected, and are not.

use serde_json::Value;

use super::How::{Answer, Contract, Request};
use super::{Group, Misbehaviour, document, edit};

pub(super) const GROUP: Group = Group {
    title: "Lets wrong bodies in",
    list: &[
        Misbehaviour {
            name: "missing-channel",
            what: "Takes a request without `channel` for one of channel 1.",
            catches: &["BODY-01"],
            touches: &["missing-channel"],
            how: Request(|asked| asked.fill("channel", "1")),
        },
        Misbehaviour {
            name: "missing-source-type",
            what: "Takes a request without `source_type` for one of GB28181.",
            catches: &["BODY-01"],
            touches: &["missing-source-type"],
            how: Request(|asked| asked.fill("source_type", "3")),
        },
        Misbehaviour {
            name: "missing-end",
            what: "Takes a request without `end_time` for one of a window that ends at the end of the day.",
            catches: &["BODY-01"],
            touches: &["missing-end"],
            how: Request(|asked| {
                let start = asked.get("start_time").unwrap_or_default();
                if let Some(day) = start.get(..10) {
                    asked.fill("end_time", &format!("{day}T23:59:59"));
                }
            }),
        },
        Misbehaviour {
            name: "null-device",
            what: "Takes a `device_unicode` that is null for the text \"null\".",
            catches: &["BODY-02"],
            touches: &["null-device"],
            how: Request(|asked| {
                asked.member("device_unicode", |v| v.is_null().then(|| "null".to_owned()));
            }),
        },
        Misbehaviour {
            name: "lists-of-one",
            what: "Takes a list that holds one text for that text, in every member.",
            catches: &["BODY-02"],
            touches: &["list-source-type", "list-id"],
            how: Request(|asked| {
                asked.object(|body| {
                    for member in body.values_mut() {
                        if let [Value::String(text)] =
                            member.as_array().map_or(&[][..], Vec::as_slice)
                        {
                            *member = text.clone().into();
                        }
                    }
                });
            }),
        },
        Misbehaviour {
            name: "numbers-for-texts",
            what: "Takes a number for the text of its digits, in every member.",
            catches: &["BODY-03"],
            touches: &["number-source-type", "number-channel", "number-id"],
            how: Request(|asked| {
                asked.object(|body| {
                    for member in body.values_mut().filter(|m| m.is_number()) {
                        *member = member.to_string().into();
                    }
                });
            }),
        },
        Misbehaviour {
            name: "booleans-for-texts",
            what: "Takes true and false for the texts of these words, in every member.",
            catches: &["BODY-03"],
            touches: &["boolean-channel"],
            how: Request(|asked| {
                asked.object(|body| {
                    for member in body.values_mut().filter(|m| m.is_boolean()) {
                        *member = member.to_string().into();
                    }
                });
            }),
        },
        Misbehaviour {
            name: "empty-channel",
            what: "Takes an empty `channel` for channel 1.",
            catches: &["BODY-04"],
            touches: &["empty-channel"],
            how: Request(|asked| {
                asked.text("channel", |text| text.is_empty().then(|| "1".to_owned()));
            }),
        },
        Misbehaviour {
            name: "blank-device",
            what: "Accepts a `device_unicode` of white space only.",
            catches: &["BODY-05"],
            touches: &["blank-device"],
            how: Contract(|document| {
                document::member(document, "device_unicode", |schema| {
                    schema.shift_remove("pattern");
                });
            }),
        },
        Misbehaviour {
            name: "list-of-one-body",
            what: "Takes a list that holds one object for that object.",
            catches: &["BODY-06"],
            touches: &["list-body"],
            how: Request(|asked| {
                if let Ok(Value::Array(list)) = serde_json::from_slice(&asked.body)
                    && let [object] = list.as_slice()
                {
                    asked.body = object.to_string().into_bytes();
                }
            }),
        },
        Misbehaviour {
            name: "text-body",
            what: "Reads the JSON that a JSON text holds.",
            catches: &["BODY-06"],
            touches: &["text-body"],
            how: Request(|asked| {
                if let Ok(Value::String(text)) = serde_json::from_slice(&asked.body) {
                    asked.body = text.into_bytes();
                }
            }),
        },
        Misbehaviour {
            name: "truncated-json",
            what: "Closes an object that breaks off before its last brace.",
            catches: &["BODY-07"],
            touches: &["truncated"],
            how: Request(|asked| asked.wrong_json(|text| format!("{text}}}"))),
        },
        Misbehaviour {
            name: "trailing-comma",
            what: "Accepts a comma after the last member.",
            catches: &["BODY-07/lenient-syntax"],
            touches: &["trailing-comma"],
            how: Request(|asked| asked.wrong_json(|text| text.replace(",}", "}"))),
        },
        Misbehaviour {
            name: "single-quotes",
            what: "Accepts texts in single quotes.",
            catches: &["BODY-07/lenient-syntax"],
            touches: &["single-quotes"],
            how: Request(|asked| asked.wrong_json(|text| text.replace('\'', "\""))),
        },
        Misbehaviour {
            name: "nan",
            what: "Takes NaN for null.",
            catches: &["BODY-07/lenient-syntax"],
            touches: &["nan"],
            how: Request(|asked| asked.wrong_json(|text| text.replace(":NaN", ":null"))),
        },
        Misbehaviour {
            name: "comments",
            what: "Accepts a comment before the last brace.",
            catches: &["BODY-07/lenient-syntax"],
            touches: &["comment"],
            how: Request(|asked| {
                asked.wrong_json(|text| match (text.find("/*"), text.rfind("*/")) {
                    (Some(from), Some(to)) if from < to => {
                        format!("{}{}", &text[..from], &text[to + 2..])
                    }
                    _ => text.to_owned(),
                });
            }),
        },
        Misbehaviour {
            name: "any-content-type",
            what: "Reads a body as JSON whatever its `Content-Type` is.",
            catches: &["BODY-08"],
            touches: &["other-content-type"],
            how: Request(|asked| {
                if !asked.media_type().is_empty() {
                    asked.as_json();
                }
            }),
        },
        Misbehaviour {
            name: "no-content-type",
            what: "Reads a body as JSON if it has no `Content-Type`.",
            catches: &["BODY-08"],
            touches: &["without-content-type"],
            how: Request(|asked| {
                if asked.media_type().is_empty() {
                    asked.as_json();
                }
            }),
        },
        Misbehaviour {
            name: "unknown-device",
            what: "Accepts a device that does not exist.",
            catches: &["BODY-10"],
            touches: &["unknown-device"],
            how: Answer(|seen, answer| {
                if edit::error(answer) == "unknown-device" {
                    edit::accept(seen, answer);
                }
            }),
        },
        Misbehaviour {
            name: "unknown-channel",
            what: "Accepts a channel that does not exist.",
            catches: &["BODY-11"],
            touches: &["unknown-channel"],
            how: Answer(|seen, answer| {
                if edit::error(answer) == "unknown-channel" {
                    edit::accept(seen, answer);
                }
            }),
        },
    ],
};
