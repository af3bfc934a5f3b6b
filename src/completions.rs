//! `smsload completions` and `smsload man`: made from the command line's own description.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::{self, Exit};

/// Write a completion script for a shell to standard output
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  smsload completions bash > /etc/bash_completion.d/smsload")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Write the manual page to standard output, or one page for each subcommand to a folder
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  smsload man | man -l -\n  smsload man --dir /usr/local/share/man/man1"
)]
pub(crate) struct ManArgs {
    /// A folder that exists
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn completions(args: &CompletionsArgs) -> Exit {
    clap_complete::generate(
        args.shell,
        &mut Cli::command(),
        "smsload",
        &mut std::io::stdout(),
    );
    exit::OK
}

pub(crate) fn man(args: &ManArgs) -> anyhow::Result<Exit> {
    let command = Cli::command();
    match &args.dir {
        Some(dir) => clap_mangen::generate_to(command, dir)
            .with_context(|| format!("cannot write manual pages to {}", dir.display()))?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            std::io::stdout().write_all(&page)?;
        }
    }
    Ok(exit::OK)
}
