//! `smsload verify init`: a target file to start from.

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use smsload_conformance::TARGET_EXAMPLE;

use crate::exit::{self, Exit};

/// Write a target file to start from, with every member explained
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Where to; `-` is standard output. A file that is there is left alone
    #[arg(value_name = "FILE", default_value = "target.toml")]
    file: PathBuf,
}

pub(super) fn run(args: &InitArgs) -> anyhow::Result<Exit> {
    let path = args.file.display();
    if args.file.as_os_str() == "-" {
        let written = std::io::stdout().write_all(TARGET_EXAMPLE.as_bytes());
        written.context("cannot write to standard output")?;
        return Ok(exit::OK);
    }
    // Only the system can tell for sure that there is none.
    let file = std::fs::File::create_new(&args.file);
    let mut file = match file {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{path} is there already; name another file")
        }
        file => file.with_context(|| format!("cannot write {path}"))?,
    };
    file.write_all(TARGET_EXAMPLE.as_bytes())
        .with_context(|| format!("cannot write {path}"))?;
    println!("{path} written; change it, then: smsload verify --target {path}");
    Ok(exit::OK)
}
