//! `smsload certify keygen`: a pair of keys.

use std::path::PathBuf;

use clap::Args;
use smsload_conformance::SecretKey;

use crate::exit::{self, Exit};

/// Make a pair of keys: the secret one in FILE, the public one in FILE.pub
///
/// Ed25519, as PEM (PKCS#8 and SubjectPublicKeyInfo). The secret key is not encrypted and only its owner can read it: keep it
/// where secrets are kept. Give the public one to whoever checks bundles, by a way that they trust. Nothing is overwritten.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  smsload certify keygen vendor.key")]
pub(super) struct KeygenArgs {
    /// The file of the secret key
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &KeygenArgs) -> anyhow::Result<Exit> {
    let key = SecretKey::generate()?;
    let public = key.write(&args.file)?;
    println!("{}: the secret key; keep it", args.file.display());
    println!("{}: the public key, to give away", public.display());
    println!("key {}", key.public().id());
    Ok(exit::OK)
}
