//! `smsload certify`: three locked runs, signed, that somebody who was not there can check.

mod check;
mod compare;
mod keygen;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};
use smsload_conformance::{
    Certification, CertifyError, CertifyProgress as Progress, Declaration, EXIT_INCOMPLETE,
    Reporter as _, SecretKey, Stop, Terminal as Shown, Verdict, seeded_text, standing_text,
};

use crate::cli::ContractArgs;
use crate::exit::{self, Exit};
use crate::terminal::{Terminal, stop_signal};

/// Judge a product three times, and sign what came of it, so that others can check it
///
/// The runs are locked: the full profile, nothing left out, nothing tolerated, 500 cases of each property; those that are
/// accepted start downloads, of which a run starts as many as `limits.downloads` of the target file allows (200 unless it
/// says otherwise). Two seeds follow from contract and catalogue, the third is drawn, or follows from the buyer's word. The
/// target file must name vendor and product, every fixture, and every capability as there or not.
///
/// Exit codes: 0 certified, perhaps with remarks; 1 not certified (a bundle is written all the same); 2 wrong usage or
/// configuration; 3 a run ended early, and no bundle was written.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:
  smsload certify keygen vendor.key                                    once: vendor.key, vendor.key.pub
  smsload certify --target vendor.toml --key vendor.key
  smsload certify --target vendor.toml --key vendor.key --challenge 7f3a-order-4711 --out acme-5.2.zip
  smsload certify check acme-5.2.zip --key vendor.key.pub              anywhere, without the product
  smsload certify compare acme-5.1.zip acme-5.2.zip"
)]
pub(crate) struct CertifyArgs {
    #[command(subcommand)]
    command: Option<CertifyCommand>,
    /// What the product has and can do, TOML: the target file of `smsload verify`, with a table `[vendor]`
    #[arg(long, value_name = "FILE", required = true)]
    target: Option<PathBuf>,
    /// The secret key that signs; `smsload certify keygen` makes one
    #[arg(long, value_name = "FILE", required = true)]
    key: Option<PathBuf>,
    /// Where the bundle is written; nothing is overwritten
    #[arg(long, value_name = "FILE", default_value = "certification.zip")]
    out: PathBuf,
    /// A word of the buyer's that the third seed follows from, instead of being drawn
    #[arg(long, value_name = "NONCE")]
    challenge: Option<String>,
    /// Where callbacks are received; port 0 takes any free one [default: 127.0.0.1:0]
    #[arg(long, value_name = "IP:PORT")]
    callback_listen: Option<SocketAddr>,
    /// The address by which the product reaches that, if it is another one: http://HOST:PORT, perhaps with a path
    #[arg(long, value_name = "URL")]
    callback_url: Option<String>,
    #[command(flatten)]
    contract: ContractArgs,
}

#[derive(Debug, Subcommand)]
enum CertifyCommand {
    Keygen(keygen::KeygenArgs),
    Check(check::CheckArgs),
    Compare(compare::CompareArgs),
}

pub(crate) async fn run(args: CertifyArgs, terminal: Terminal) -> anyhow::Result<Exit> {
    match &args.command {
        Some(CertifyCommand::Keygen(args)) => keygen::run(args),
        Some(CertifyCommand::Check(args)) => check::run(args).await,
        Some(CertifyCommand::Compare(args)) => compare::run(args),
        None => certify(args, terminal).await,
    }
}

async fn certify(args: CertifyArgs, terminal: Terminal) -> anyhow::Result<Exit> {
    let (Some(target), Some(key)) = (&args.target, &args.key) else {
        bail!("name the target file with --target and the key with --key");
    };
    let key = SecretKey::read(key)?;
    let declaration = Declaration::read(target)?;
    let contract = args.contract.load(terminal)?;
    let stop = Stop::new();
    let mut certification = Certification::new(declaration, contract, key)?
        .callbacks(args.callback_listen, args.callback_url)
        .stopped_by(&stop);
    if let Some(word) = &args.challenge {
        certification = certification.challenge(word)?;
    }
    let mut live = None;
    let mut watch = |progress: Progress<'_>| match progress {
        Progress::Begins(number, seeded) => {
            println!("{}", seeded_text(number, seeded));
            // Nothing but the bar: what fails stands in the bundle, and all of it at the end.
            let bar = || Shown::new(std::io::sink(), terminal.err_colour).with_live();
            live = terminal.is_attended.then(bar);
        }
        Progress::Event(event) => live.iter_mut().for_each(|live| live.on(event)),
        Progress::Ends(report) => {
            live = None;
            let count = |verdict| report.count(verdict);
            println!(
                "  {} pass, {} fail, {} inconclusive, {} requests, {} s",
                count(Verdict::Pass),
                count(Verdict::Fail) + count(Verdict::Flaky),
                count(Verdict::Inconclusive),
                report.exchanges,
                report.milliseconds / 1000
            );
        }
    };
    let ended = {
        let mut certifying = std::pin::pin!(certification.run(&args.out, &mut watch));
        tokio::select! {
            ended = &mut certifying => ended,
            Ok(()) = stop_signal() => {
                stop.stop("it was stopped from outside");
                certifying.await
            }
        }
    };
    let certified = match ended {
        Err(error @ CertifyError::Early { .. }) => {
            eprintln!("smsload: {error}");
            return Ok(Exit::of_run(EXIT_INCOMPLETE));
        }
        ended => ended?,
    };
    print!("\n{}", standing_text(&certified.predicate));
    println!(
        "{}, signed by key {}",
        certified.file.display(),
        certified.key
    );
    let is_certified = certified.predicate.standing.grade.is_certified();
    Ok(if is_certified { exit::OK } else { exit::FAILED })
}
