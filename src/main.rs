//! `smsload`: the command line. Each subcommand is one thin file; the work is done in the crates.

mod breaches;
mod child;
mod cli;
mod completions;
mod embedded;
mod exit;
mod mock;
mod proxy;
mod serve;
mod spec;
mod spec_show;
mod terminal;
mod verify;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("smsload: {error:#}");
            exit::USAGE.into()
        }
    }
}
