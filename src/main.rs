//! `smsload`: the command line. Each subcommand is one thin file; the work is done in the crates.

mod breaches;
mod certify;
mod child;
mod cli;
mod completions;
mod embedded;
mod exit;
mod mock;
mod proxy;
mod replay;
mod serve;
mod serve_import;
mod serve_jobs;
mod spec;
mod spec_show;
mod target;
mod terminal;
mod verify;
mod watch;

use std::process::ExitCode;

/// Two threads that allocate and free what the other allocated wait for each other in glibc's allocator: with this one
/// the mock spends a third less time on a request (`cargo bench --bench mock -- throughput`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An error and its causes, without those that it names itself.
fn told(error: &anyhow::Error) -> String {
    let mut out = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if out.is_empty() {
            out = cause;
        } else if !out.contains(&cause) {
            out.push_str(": ");
            out.push_str(&cause);
        }
    }
    out
}

fn main() -> ExitCode {
    match cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("smsload: {}", told(&error));
            exit::USAGE.into()
        }
    }
}
