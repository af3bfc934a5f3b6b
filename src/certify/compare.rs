//! `smsload certify compare`: two results side by side.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use smsload_conformance::{comparison_text, reports_of};
use smsload_spec::Level;

use crate::exit::{self, Exit};

/// Show what changed between two results, or what two vendors have different
///
/// Each of A and B is a bundle, or the report.json of a run; a name that ends in .json is a report. Of the runs of a bundle
/// the worst verdict counts. Signatures are not looked at: `smsload certify check` does that.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  smsload certify compare acme-5.1.zip acme-5.2.zip
  smsload certify compare before/report.json after/report.json --exit-code")]
pub(super) struct CompareArgs {
    /// The first result
    #[arg(value_name = "A")]
    before: PathBuf,
    /// The second result
    #[arg(value_name = "B")]
    after: PathBuf,
    /// Exit with 1 if a MUST that passes in A does not pass in B
    #[arg(long)]
    exit_code: bool,
}

pub(super) fn run(args: &CompareArgs) -> anyhow::Result<Exit> {
    let read = |file: &Path| reports_of(file).with_context(|| file.display().to_string());
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    let comparison = smsload_conformance::compare(&before, &after);
    print!("{}", comparison_text(&comparison));
    let mut changes = comparison.changes.iter();
    let is_worse = changes.any(|c| c.level == Level::Must && c.is_better() == Some(false));
    Ok(if args.exit_code && is_worse {
        exit::FAILED
    } else {
        exit::OK
    })
}
