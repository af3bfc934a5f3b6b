//! `smsload verify`: judges an implementation by the contract.

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use smsload_conformance::{
    BaseUrl, DEFAULT_CASES, Event, Fixtures, REPORT_SCHEMA, Report, Reporter as _, Reports, Run,
    Stop, Target, Terminal as Shown, github_annotations, github_stop,
};
use smsload_spec::{Contract, Job, Profile};

use crate::cli::ContractArgs;
use crate::embedded::Embedded;
use crate::exit::{self, Exit};
use crate::terminal::{Terminal, stop_signal};

/// Judge an implementation by the contract: the embedded reference, or the server at an address
///
/// Exit codes: 0 every MUST holds; 1 one is broken (with --strict a SHOULD, too); 2 wrong usage or configuration; 3 the
/// target was unreachable, a MUST is inconclusive, or the run was cut short.
///
/// At most 200 downloads are started on a server, unless its target file sets `limits.downloads`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  smsload verify                                           the embedded reference implementation
  smsload verify http://127.0.0.1:4010                     a mock: any device exists there
  smsload verify --target vendor.toml --report-dir out     a real server, described by a file
  smsload verify --target vendor.toml --only TIME --seed 42")]
pub(crate) struct VerifyArgs {
    /// The server, http://HOST:PORT; goes before the address in the target file
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// What the server has and can do, TOML: devices, a recorded window, limits
    #[arg(long, value_name = "FILE")]
    target: Option<PathBuf>,
    #[command(flatten)]
    contract: ContractArgs,
    /// The seed that all cases are drawn from [default: drawn and printed]
    #[arg(long, value_name = "U64")]
    seed: Option<u64>,
    /// Cases of each property
    #[arg(long, value_name = "N", default_value_t = DEFAULT_CASES)]
    cases: u32,
    /// Which requirements; may be given several times [default: full]
    #[arg(long, value_enum)]
    profile: Vec<ProfileArg>,
    /// Only this requirement, part or group (TIME-01, TIME-06/clipped-values, TIME); may be given several times
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Not this requirement, part or group; may be given several times
    #[arg(long, value_name = "ID")]
    skip: Vec<String>,
    /// A broken SHOULD fails the run too
    #[arg(long)]
    strict: bool,
    /// Write report.json, .html, .md, .sarif, junit.xml and evidence.jsonl into this folder
    #[arg(long, value_name = "DIR")]
    report_dir: Option<PathBuf>,
    /// Write annotations for GitHub Actions to standard output [default: if GITHUB_ACTIONS is true]
    #[arg(long)]
    github_annotations: bool,
    /// Print the JSON Schema of report.json, and do nothing else
    #[arg(long, exclusive = true)]
    print_report_schema: bool,
}

/// Downloads that a run may start on a server that is not our own, unless its target file says otherwise: each of them
/// may be a real one, on a real device.
const DOWNLOADS: u32 = 200;

const STDOUT: &str = "cannot write to standard output";

/// A selection of requirements.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProfileArg {
    /// The quick gate
    Core,
    /// Everything but security
    Full,
    /// Security
    Security,
}

impl From<ProfileArg> for Profile {
    fn from(profile: ProfileArg) -> Self {
        match profile {
            ProfileArg::Core => Self::Core,
            ProfileArg::Full => Self::Full,
            ProfileArg::Security => Self::Security,
        }
    }
}

pub(crate) async fn run(args: VerifyArgs, terminal: Terminal) -> anyhow::Result<Exit> {
    if args.print_report_schema {
        std::io::stdout().write_all(REPORT_SCHEMA.as_bytes())?;
        return Ok(exit::OK);
    }
    let contract = args.contract.load(terminal)?;
    let (mut target, embedded) = target(&args, &contract).await?;
    if embedded.is_none() {
        target.limits.downloads.get_or_insert(DOWNLOADS);
    }
    let reports = match &args.report_dir {
        Some(folder) => Reports::create(folder, &contract, &target)?,
        None => Reports::new(&contract, &target),
    };
    let stop = Stop::new();
    let profiles: Vec<Profile> = args.profile.iter().map(|p| (*p).into()).collect();
    let profiles = if profiles.is_empty() {
        vec![Profile::Full]
    } else {
        profiles
    };
    let run = Run::builder(contract, target)
        .seed(
            args.seed
                .unwrap_or_else(|| RandomState::new().hash_one("seed")),
        )
        .cases(args.cases)
        .profiles(&profiles)
        .only(args.only)
        .skip(args.skip)
        .strict(args.strict)
        .stopped_by(&stop)
        .build()?;
    let token = (args.github_annotations || terminal.is_github)
        .then(|| format!("{:016x}", RandomState::new().hash_one("token")));
    let report = watched(run, &stop, reports, token.as_deref(), terminal).await?;
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    Ok(Exit::of_run(report.exit_code))
}

/// Runs it before the eyes of a person and of the reports, until it ends or is stopped. With a token, what stands on
/// standard output is made fit for GitHub Actions.
async fn watched(
    run: Run,
    stop: &Stop,
    mut reports: Reports,
    token: Option<&str>,
    terminal: Terminal,
) -> anyhow::Result<Report> {
    let out = |text: String| {
        let written = std::io::stdout().write_all(text.as_bytes());
        written.context(STDOUT)
    };
    token.map_or(Ok(()), |token| out(github_stop(token)))?;
    let mut shown = Shown::new(std::io::stdout(), terminal.out_colour);
    if terminal.is_attended {
        shown = shown.with_live();
    }
    let result = {
        let listen = &mut |event: &Event| {
            shown.on(event);
            reports.on(event);
        };
        let mut run = std::pin::pin!(run.run(listen));
        tokio::select! {
            result = &mut run => result,
            Ok(()) = stop_signal() => {
                stop.stop("it was stopped from outside");
                run.await
            }
        }
    };
    let report = reports.finish(&result)?;
    shown.finish(&report).context(STDOUT)?;
    token.map_or(Ok(()), |token| out(github_annotations(&report, token)))?;
    Ok(report)
}

/// The target that is meant; without any, the embedded reference, which must live as long as the run.
async fn target(
    args: &VerifyArgs,
    contract: &Arc<Contract>,
) -> anyhow::Result<(Target, Option<Embedded>)> {
    let url = args.url.as_deref().map(BaseUrl::parse).transpose()?;
    match (&args.target, url) {
        (Some(file), url) => {
            let mut target = Target::read(file)?;
            if let Some(url) = url {
                target.base_url = url;
            }
            Ok((target, None))
        }
        (None, Some(url)) => {
            if !starts_downloads(contract) {
                return Ok((Target::new(url, Fixtures::none()), None));
            }
            // Without a file, the contract's own example must do: a server that simulates knows any device.
            let Some(fixtures) = Fixtures::from_example(contract) else {
                bail!(
                    "the contract has no example request to start from; name device, channel and window with --target"
                );
            };
            Ok((Target::new(url, fixtures), None))
        }
        (None, None) if !starts_downloads(contract) => bail!(
            "the contract starts no download, so the embedded reference cannot be judged by it; name a server: smsload verify URL"
        ),
        (None, None) => {
            let embedded = Embedded::start().await?;
            Ok((embedded.target()?, Some(embedded)))
        }
    }
}

/// True if the contract has what the catalogue is about; other documents are judged by themselves.
fn starts_downloads(contract: &Contract) -> bool {
    contract
        .operations()
        .iter()
        .any(|operation| matches!(operation.job, Some(Job::Starts(_))))
}
