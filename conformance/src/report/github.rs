//! Annotations of GitHub Actions: workflow commands on standard output. They are written only on demand, since they mean
//! nothing elsewhere.
//!
//! A target could write workflow commands into its answers, so while the run prints anything else, commands are switched
//! off by [`stop`] until [`annotations`] switches them on again.

use std::fmt::Write as _;

use super::model::{Report, Requirement};
use super::words::Weight;
use crate::text::shown;

/// Annotations of a step that GitHub shows.
const SHOWN: usize = 10;

/// The line after which nothing is a command until the token comes back. The token must not be guessable.
#[must_use]
pub fn stop(token: &str) -> String {
    format!("::stop-commands::{token}\n")
}

/// Switches commands on again, and annotates what is broken or open.
#[must_use]
pub fn annotations(report: &Report, token: &str) -> String {
    let mut out = format!("::{token}::\n");
    for (weight, command) in [
        (Weight::Broken, "error"),
        (Weight::Open, "warning"),
        (Weight::Remark, "notice"),
    ] {
        let own = |r: &&Requirement| report.weight(r) == weight;
        let all: Vec<_> = report.requirements.iter().filter(own).collect();
        for requirement in all.iter().take(SHOWN) {
            let title = format!("{} {}", requirement.id, requirement.verdict.as_str());
            let text = format!("{}\n{}", requirement.statement.en, requirement.remark());
            annotation(command, &title, &text, &mut out);
        }
        if all.len() > SHOWN {
            let text = format!("{} more; the report has them all", all.len() - SHOWN);
            annotation(command, "smsload verify", &text, &mut out);
        }
    }
    if let Some(why) = &report.ended_reason {
        annotation("error", "smsload verify", &shown(why), &mut out);
    }
    out
}

fn annotation(command: &str, title: &str, text: &str, out: &mut String) {
    let title = data(title).replace(':', "%3A").replace(',', "%2C");
    let _ = writeln!(out, "::{command} title={title}::{}", data(text));
}

/// The message of a command: line ends and the sign of the escape itself are escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::annotation;

    #[test]
    fn a_message_stays_one_command() {
        let mut out = String::new();
        annotation("error", "a:b,c%", "50 %\r\n::set-env name=X::y", &mut out);
        assert_eq!(
            out,
            "::error title=a%3Ab%2Cc%25::50 %25%0D%0A::set-env name=X::y\n"
        );
    }
}
