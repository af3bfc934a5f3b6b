//! Source types that should be rejected, and are not; and one that is not told apart.

use http::StatusCode;

use super::How::{Answer, Contract, Request};
use super::{Group, Misbehaviour, document, edit, lenient};
use crate::request::Answer as Answered;

const RULE: &str = "source_type";

/// Takes a spelling for the supported type.
fn three(text: &str, is_three: bool) -> Option<String> {
    (is_three && text != "3").then(|| "3".to_owned())
}

fn is_malformed(answer: &mut Answered<'_>) {
    if edit::error(answer) == "unsupported-source-type" {
        let status = if answer.status == StatusCode::OK {
            StatusCode::OK
        } else {
            StatusCode::BAD_REQUEST
        };
        edit::refuse(answer, status, "40001", "The request is not valid");
    }
}

pub(super) const GROUP: Group = Group {
    title: "Lets wrong source types in",
    list: &[
        Misbehaviour {
            name: "every-named-source-type",
            what: "Accepts the source types 1, 2, 4, 5 and 6 too.",
            catches: &["SRC-01"],
            touches: &["source-type-1", "source-type-6", "own-example"],
            how: Contract(|document| document::rule(document, RULE, "self.source_type != ''")),
        },
        Misbehaviour {
            name: "source-type-1",
            what: "Accepts source type 1 too.",
            catches: &["SRC-01"],
            touches: &["source-type-1", "own-example"],
            how: Contract(|document| {
                document::rule(document, RULE, "self.source_type in ['1', '3']");
            }),
        },
        Misbehaviour {
            name: "source-type-6",
            what: "Accepts source type 6 too.",
            catches: &["SRC-01"],
            touches: &["source-type-6"],
            how: Contract(|document| {
                document::rule(document, RULE, "self.source_type in ['3', '6']");
            }),
        },
        Misbehaviour {
            name: "source-type-7",
            what: "Accepts a source type 7, which the contract does not name.",
            catches: &["SRC-02"],
            touches: &["source-type-7"],
            how: Request(|asked| asked.text("source_type", |text| three(text, text == "7"))),
        },
        Misbehaviour {
            name: "source-type-by-name",
            what: "Takes the word GB28181 for source type 3.",
            catches: &["SRC-02"],
            touches: &["source-type-word"],
            how: Request(|asked| asked.text("source_type", |text| three(text, text == "GB28181"))),
        },
        Misbehaviour {
            name: "source-type-trimmed",
            what: "Ignores white space around the source type.",
            catches: &["SRC-02/lenient-spellings"],
            touches: &["source-type-blanks"],
            how: Request(|asked| {
                asked.text("source_type", |text| {
                    three(text, text.trim_matches(' ') == "3")
                });
            }),
        },
        Misbehaviour {
            name: "source-type-as-integer",
            what: "Reads the source type as an integer, so that 03 and +3 are 3.",
            catches: &["SRC-02/lenient-spellings"],
            touches: &["source-type-03", "source-type-plus"],
            how: Request(|asked| {
                asked.text("source_type", |text| three(text, text.parse() == Ok(3_i32)));
            }),
        },
        Misbehaviour {
            name: "source-type-with-fraction",
            what: "Takes 3.0 for source type 3.",
            catches: &["SRC-02/lenient-spellings"],
            touches: &["source-type-fraction"],
            how: Request(|asked| asked.text("source_type", |text| three(text, text == "3.0"))),
        },
        Misbehaviour {
            name: "source-type-in-any-script",
            what: "Takes the digit three of other scripts for 3.",
            catches: &["SRC-02/lenient-spellings"],
            touches: &["source-type-fullwidth"],
            how: Request(|asked| {
                asked.text("source_type", |text| {
                    three(text, lenient::ascii_digits(text) == "3")
                });
            }),
        },
        Misbehaviour {
            name: "source-type-cut-at-nul",
            what: "Reads the source type up to the first NUL.",
            catches: &["SRC-02/lenient-spellings"],
            touches: &["source-type-nul"],
            how: Request(|asked| {
                asked.text("source_type", |text| three(text, text.starts_with("3\0")));
            }),
        },
        Misbehaviour {
            name: "source-type-not-told-apart",
            what: "Refuses an unsupported source type in the words and with the code of a malformed body.",
            catches: &["RESP-12", "SRC-03"],
            touches: &["source-type-1", "source-type-6", "own-example"],
            how: Answer(|_, answer| is_malformed(answer)),
        },
    ],
};
