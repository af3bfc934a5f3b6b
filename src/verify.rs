//! `smsload verify`: judges an implementation by the contract.

mod init;
mod list;

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use smsload_conformance::{
    DEFAULT_CASES, DEFAULT_DOWNLOADS, Event, KnownFailure, REPORT_SCHEMA, Report, Reporter as _,
    Reports, Run, RunBuilder, Shard, Stop, Terminal as Shown, github_annotations, github_stop,
};
use smsload_spec::Profile;

use crate::cli::ContractArgs;
use crate::exit::{self, Exit};
use crate::target;
use crate::terminal::{Terminal, stop_signal};

/// Judge an implementation by the contract: the embedded reference, or the server at an address
///
/// Exit codes: 0 every MUST holds; 1 one is broken (with --strict a SHOULD, too); 2 wrong usage or configuration; 3 the
/// target was unreachable, a MUST is inconclusive, or the run was cut short.
///
/// At most 200 downloads are started on a server, unless its target file sets `limits.downloads`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  smsload verify                                           the embedded reference implementation
  smsload verify http://127.0.0.1:4010                     a mock: any device exists there
  smsload mock -- smsload verify                           the same; the mock tells its address
  smsload verify init vendor.toml                          write a target file to start from
  smsload verify --target vendor.toml --report-dir out     a real server, described by a file
  smsload verify --target vendor.toml --only TIME --seed 42
  smsload verify --target vendor.toml --expect-failures known.toml --max-time 10m

known.toml lists what is known to fail:
  [[failure]]
  id = \"TIME-06/clipped-values\"
  reason = \"29 February is clipped; ticket 4711\"
  expires = 2027-01-31"
)]
pub(crate) struct VerifyArgs {
    #[command(subcommand)]
    command: Option<VerifyCommand>,
    /// The server, http://HOST:PORT or https://HOST; goes before the address in the target file [default: $SMSLOAD_URL,
    /// where neither is given]
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
    /// Only requirements with this tag; may be given several times
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Only part I of N parts of all this, which together are the whole; the same requirements every time
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// List what would be judged, and what not, for which reason; send nothing
    #[arg(long)]
    list: bool,
    /// A broken SHOULD fails the run too
    #[arg(long)]
    strict: bool,
    /// Where callbacks are received; port 0 takes any free one [default: 127.0.0.1:0]
    #[arg(long, value_name = "IP:PORT")]
    callback_listen: Option<SocketAddr>,
    /// The address by which the server reaches that, if it is another one: http://HOST:PORT, perhaps with a path
    #[arg(long, value_name = "URL")]
    callback_url: Option<String>,
    /// Failures that are known and do not fail the run until they expire, TOML
    #[arg(long, value_name = "FILE")]
    expect_failures: Option<PathBuf>,
    /// End with the first failure that counts
    #[arg(long)]
    fail_fast: bool,
    /// End after this time, such as 90s or 10m; what was not judged by then is inconclusive
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_time: Option<Duration>,
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

const STDOUT: &str = "cannot write to standard output";

#[derive(Debug, Subcommand)]
enum VerifyCommand {
    Init(init::InitArgs),
}

fn duration(text: &str) -> Result<Duration, String> {
    let read = text.parse::<jiff::SignedDuration>();
    let time = read.ok().and_then(|time| Duration::try_from(time).ok());
    time.filter(|time| !time.is_zero())
        .ok_or_else(|| "write a time such as 90s, 10m or 1h30m".to_owned())
}

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
    if let Some(VerifyCommand::Init(args)) = &args.command {
        return init::run(args);
    }
    let known = args.expect_failures.as_deref();
    let known = known.map(KnownFailure::read).transpose()?;
    let contract = args.contract.load(terminal)?;
    let file = args.target.as_deref();
    let (mut target, embedded) = target::choose(file, args.url.as_deref(), &contract).await?;
    if embedded.is_none() {
        target.limits.downloads.get_or_insert(DEFAULT_DOWNLOADS);
    }
    let stop = Stop::new();
    let builder = Run::builder(Arc::clone(&contract), target.clone());
    let run = args
        .describe(builder)
        .expect_failures(known.unwrap_or_default())
        .stopped_by(&stop)
        .build()?;
    if args.list {
        return list::list(&run);
    }
    target.fetch_secrets().await?;
    let reports = match &args.report_dir {
        Some(folder) => Reports::create(folder, &contract, &target)?,
        None => Reports::new(&contract, &target),
    };
    let token = (args.github_annotations || terminal.is_github)
        .then(|| format!("{:016x}", RandomState::new().hash_one("token")));
    let report = watched(run, &stop, reports, token.as_deref(), terminal).await?;
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    Ok(Exit::of_run(report.exit_code))
}

impl VerifyArgs {
    /// What was asked for.
    fn describe(&self, builder: RunBuilder) -> RunBuilder {
        let profiles: Vec<Profile> = if self.profile.is_empty() {
            vec![Profile::Full]
        } else {
            self.profile.iter().map(|p| (*p).into()).collect()
        };
        let drawn = || RandomState::new().hash_one("seed");
        let builder = match self.callback_listen {
            Some(address) => builder.callback_listen(address),
            None => builder,
        };
        let builder = match &self.callback_url {
            Some(url) => builder.callback_url(url),
            None => builder,
        };
        builder
            .seed(self.seed.unwrap_or_else(drawn))
            .cases(self.cases)
            .profiles(&profiles)
            .only(&self.only)
            .skip(&self.skip)
            .tags(&self.tag)
            .shard(self.shard)
            .strict(self.strict)
            .fail_fast(self.fail_fast)
            .max_time(self.max_time)
    }
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
