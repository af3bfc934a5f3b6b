//! `smsload verify --list`: what a run would judge, and what not, for which reason. Nothing is sent.

use std::io::Write as _;

use anyhow::Context as _;
use smsload_conformance::{Awaits, Planned, Run};
use smsload_spec::Profile;

use crate::exit::{self, Exit};

pub(super) fn list(run: &Run) -> anyhow::Result<Exit> {
    let mut text = String::new();
    for planned in run.plan() {
        text.push_str(&row(&planned));
    }
    let written = std::io::stdout().write_all(text.as_bytes());
    written.context("cannot write to standard output")?;
    Ok(exit::OK)
}

/// Id, level, what awaits it, profiles, tags: apart by blanks, so that other programs can read it; then the reason.
fn row(planned: &Planned) -> String {
    let line = &planned.line;
    let (word, why) = match &planned.awaits {
        Awaits::Judged => ("judged", None),
        Awaits::Skipped(why) => ("skipped", Some(why.clone())),
        Awaits::NotTested(why) => ("not-tested", why.clone()),
    };
    let profiles: Vec<_> = planned.profiles.iter().map(|p| name(*p)).collect();
    let tags = if planned.tags.is_empty() {
        "-".to_owned()
    } else {
        planned.tags.join(",")
    };
    let row = format!(
        "{:<27} {:<6} {word:<10} {:<13} {tags:<30} {}",
        line.id,
        line.level.as_str(),
        profiles.join(","),
        why.map(|why| format!("({why})")).unwrap_or_default(),
    );
    format!("{}\n", row.trim_end())
}

fn name(profile: Profile) -> &'static str {
    match profile {
        Profile::Core => "core",
        Profile::Full => "full",
        Profile::Security => "security",
    }
}
