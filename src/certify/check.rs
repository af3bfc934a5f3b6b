//! `smsload certify check`: is a bundle what it says?

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use smsload_conformance::{BundleError, CheckError, EXIT_INCOMPLETE, PublicKey, checked_text};

use crate::exit::{self, Exit};

/// Check a bundle, without the product and without a network
///
/// The signature first; then whether anything was changed after it; then whether what is signed is so: seeds, settings and
/// standing, and every verdict, which is given again from the recorded exchanges.
///
/// Exit codes: 0 it is sound, whatever the standing is; 1 it is not: tampered with, not signed by the key, or misjudged;
/// 2 wrong usage, or a file that cannot be read; 3 another version of smsload must check it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  smsload certify check acme-5.2.zip --key vendor.key.pub
  smsload certify check acme-5.2.zip --key vendor.key.pub --challenge 7f3a-order-4711")]
pub(super) struct CheckArgs {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// The public key of who signed it
    #[arg(long, value_name = "PUB")]
    key: PathBuf,
    /// The word that the third seed must follow from
    #[arg(long, value_name = "NONCE")]
    challenge: Option<String>,
}

pub(super) async fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let key = PublicKey::read(&args.key)?;
    let bundle = args.bundle.display();
    let checked = smsload_conformance::check(&args.bundle, &key, args.challenge.as_deref()).await;
    match checked {
        Ok(checked) => {
            print!("{}", checked_text(&checked));
            Ok(if checked.is_sound() {
                exit::OK
            } else {
                exit::FAILED
            })
        }
        Err(CheckError::Bundle(error @ BundleError::Io { .. })) => bail!(error),
        Err(error @ CheckError::Catalogue { .. }) => {
            eprintln!("smsload: {bundle}: {error}");
            Ok(Exit::of_run(EXIT_INCOMPLETE))
        }
        Err(error) => {
            eprintln!("smsload: {bundle}: refused: {error}");
            Ok(exit::FAILED)
        }
    }
}
