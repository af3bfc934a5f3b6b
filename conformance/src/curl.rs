//! A request as a curl command for a POSIX shell. Secrets appear as shell variables named after their header; bodies
//! that a terminal would not show faithfully are made by `printf`.

use std::fmt::Write as _;

use crate::exchange::{HeaderText, Sent};
use crate::request::Wire;
use crate::text::is_printable;

/// Bytes of a body that a command carries; a larger one stands in a file that the reader has to make.
const SHOWN: usize = 64 * 1024;

/// The command that sends a request again.
#[must_use]
pub fn curl(sent: &Sent) -> String {
    let is_huge = sent.body.len() > SHOWN;
    let text = std::str::from_utf8(&sent.body)
        .ok()
        .filter(|t| t.chars().all(is_printable));
    let mut out = String::new();
    if text.is_none() && !is_huge {
        let _ = write!(out, "printf '{}' | ", printf_format(&sent.body));
    }
    let _ = write!(out, "curl -sS -i -X {} {}", sent.method, quoted(&sent.url));
    for (name, value) in &sent.headers {
        let _ = match value {
            HeaderText::Plain(value) => write!(out, " -H {}", quoted(&format!("{name}: {value}"))),
            HeaderText::Secret => write!(out, " -H \"{name}: ${}\"", variable(name)),
        };
    }
    let has_media_type = sent.headers.iter().any(|(name, _)| name == "content-type");
    let has_body = !sent.body.is_empty() || sent.method == "POST";
    if has_body && !has_media_type {
        // Without this curl makes up a media type.
        out.push_str(" -H 'content-type:'");
    }
    if sent.wire == Wire::Chunked {
        out.push_str(" -H 'transfer-encoding: chunked'");
    }
    match text {
        _ if is_huge => {
            let _ = write!(out, " --data-binary @body-of-{}-bytes", sent.body.len());
        }
        None => out.push_str(" --data-binary @-"),
        Some(text) if has_body => {
            let _ = write!(out, " --data-raw {}", quoted(text));
        }
        Some(_) => {}
    }
    out
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn variable(header: &str) -> String {
    header.to_ascii_uppercase().replace('-', "_")
}

/// A format of `printf` that gives exactly these bytes.
fn printf_format(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            // A dash in front would be read as an option.
            b'-' if at == 0 => out.push_str("\\055"),
            b'%' => out.push_str("%%"),
            b'\\' => out.push_str(r"\\"),
            b'\'' | 0..=0x1f | 0x7f.. => {
                let _ = write!(out, "\\{byte:03o}");
            }
            _ => out.push(char::from(byte)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::{curl, printf_format, quoted};
    use crate::exchange::{HeaderText, Sent};
    use crate::request::{Caller, Wire};

    fn sent(body: &[u8]) -> Sent {
        Sent {
            method: "POST".into(),
            url: "http://127.0.0.1:4010/api/download".into(),
            headers: vec![
                (
                    "content-type".into(),
                    HeaderText::Plain("application/json".into()),
                ),
                ("tenant-id".into(), HeaderText::Secret),
            ],
            caller: Caller::Own,
            wire: Wire::Plain,
            body: bytes::Bytes::copy_from_slice(body),
            digest: None,
            captured: Vec::new(),
        }
    }

    #[test]
    fn shows_what_can_be_typed() {
        insta::assert_snapshot!(curl(&sent(br#"{"channel":"it's"}"#)), @r#"curl -sS -i -X POST 'http://127.0.0.1:4010/api/download' -H 'content-type: application/json' -H "tenant-id: $TENANT_ID" --data-raw '{"channel":"it'\''s"}'"#);
        insta::assert_snapshot!(curl(&sent(b"{\"a\":\"\xff%\x1b\\'\"}")), @r#"printf '{"a":"\377%%\033\\\047"}' | curl -sS -i -X POST 'http://127.0.0.1:4010/api/download' -H 'content-type: application/json' -H "tenant-id: $TENANT_ID" --data-binary @-"#);
        let mut bare = sent(b"");
        bare.headers.clear();
        insta::assert_snapshot!(curl(&bare), @"curl -sS -i -X POST 'http://127.0.0.1:4010/api/download' -H 'content-type:' --data-raw ''");
        bare.method = "GET".into();
        bare.wire = Wire::Chunked;
        insta::assert_snapshot!(curl(&bare), @"curl -sS -i -X GET 'http://127.0.0.1:4010/api/download' -H 'transfer-encoding: chunked'");
    }

    fn shell(script: &str) -> Vec<u8> {
        Command::new("sh")
            .args(["-c", script])
            .output()
            .unwrap()
            .stdout
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_shell_gives_the_bytes_back(bytes in proptest::collection::vec(any::<u8>(), 0..48)) {
            prop_assert_eq!(shell(&format!("printf '{}'", printf_format(&bytes))), bytes);
        }

        #[test]
        fn a_shell_gives_the_text_back(text in "[^\\x00]{0,24}") {
            prop_assert_eq!(shell(&format!("printf %s {}", quoted(&text))), text.into_bytes());
        }
    }
}
