//! `smsload replay`: sends the failures of a report again.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use smsload_conformance::{
    Again, BaseUrl, DEFAULT_DOWNLOADS, Fixtures, Replay, Replayed, Report, replay_exit_code,
};

use crate::cli::ContractArgs;
use crate::exit::{self, Exit};
use crate::target;
use crate::terminal::Terminal;

/// Send the failures of a report again, and say whether they are there still
///
/// The same requests go out in the same order; what one took from an earlier answer (the id of a download) is taken from
/// today's. The checks that judged then judge again: give them the contract and the target file of the run. A failure
/// that was watched over time has its requirement judged anew.
///
/// Exit codes: 0 none is there any more; 1 one is; 2 the report, an id or the configuration cannot be used; 3 it could not
/// be told of one, or the target was unreachable.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  smsload replay out/report.json                           every failure
  smsload replay out/report.json TIME-01 --target vendor.toml
  smsload replay out/report.json BODY --url http://127.0.0.1:8080")]
pub(crate) struct ReplayArgs {
    /// The report.json that `smsload verify --report-dir` wrote
    #[arg(value_name = "REPORT")]
    report: PathBuf,
    /// Only failures of these requirements, parts or groups [default: all]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// The target file of the run
    #[arg(long, value_name = "FILE")]
    target: Option<PathBuf>,
    /// Where the server is now [default: the address in the target file, or that of the report]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    contract: ContractArgs,
}

pub(crate) async fn run(args: ReplayArgs, terminal: Terminal) -> anyhow::Result<Exit> {
    let path = args.report.display();
    let text = std::fs::read(&args.report).with_context(|| format!("cannot read {path}"))?;
    let report = Report::read(&text).with_context(|| path.to_string())?;
    let contract = args.contract.load(terminal)?;
    let url = args.url.as_deref().map(BaseUrl::parse).transpose()?;
    let mut target = match (&args.target, url) {
        (Some(file), url) => target::read(file, url)?,
        (None, url) => {
            let url = url.map_or_else(|| BaseUrl::parse(&report.target), Ok)?;
            let fixtures = Fixtures::from_example(&contract).unwrap_or_else(Fixtures::none);
            smsload_conformance::Target::new(url, fixtures)
        }
    };
    target.limits.downloads.get_or_insert(DEFAULT_DOWNLOADS);
    target.fetch_secrets().await?;
    let address = target.base_url.to_string();
    let replay = Replay::new(&report, contract, target, &args.ids)?;
    for difference in replay.differences() {
        eprintln!("smsload: {difference}");
    }
    if replay.is_empty() {
        println!("{path} has no failure to send again");
        return Ok(exit::OK);
    }
    println!(
        "{address}: {} failures of seed {}\n",
        replay.len(),
        report.seed
    );
    let all = replay.run(&mut tell).await?;
    Ok(Exit::of_run(replay_exit_code(&all)))
}

fn tell(again: &Again) {
    let Again { id, case, replayed } = again;
    let case = shown(case);
    match replayed {
        Replayed::Fails { expected, got } => {
            println!("still fails  {id}: {case}");
            println!(
                "  expected   {}\n  got        {}",
                shown(expected),
                shown(got)
            );
        }
        Replayed::Holds => println!("holds now    {id}: {case}"),
        Replayed::Open(why) => println!("not known    {id}: {case}\n  since      {}", shown(why)),
    }
}

/// What a target sent does not act on the terminal.
fn shown(text: &str) -> String {
    smsload_conformance::printable(text)
}
