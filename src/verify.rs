//! `smsload verify`: judges an implementation by the contract.

use std::hash::{BuildHasher as _, RandomState};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use smsload_conformance::{
    BaseUrl, DEFAULT_CASES, Event, Fixtures, Run, RunResult, Target, Terminal as Report, write_json,
};
use smsload_spec::{Contract, Job, Profile};

use crate::cli::ContractArgs;
use crate::embedded::Embedded;
use crate::exit::Exit;
use crate::terminal::Terminal;

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
    /// Where callbacks are received; port 0 is any free one [default: 127.0.0.1:0]
    #[arg(long, value_name = "IP:PORT")]
    callback_listen: Option<std::net::SocketAddr>,
    /// The address by which the server reaches that, if it is another one: http://HOST:PORT
    #[arg(long, value_name = "URL")]
    callback_url: Option<String>,
    /// Write report.json into this folder
    #[arg(long, value_name = "DIR")]
    report_dir: Option<PathBuf>,
}

/// Downloads that a run may start on a server that is not our own, unless its target file says otherwise: each of them
/// may be a real one, on a real device.
const DOWNLOADS: u32 = 200;

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
    let contract = args.contract.load(terminal)?;
    if let Some(dir) = &args.report_dir {
        std::fs::create_dir_all(dir)
            .with_context(|| format!("cannot write reports to {}", dir.display()))?;
    }
    let (mut target, embedded) = target(&args, &contract).await?;
    if embedded.is_none() {
        target.limits.downloads.get_or_insert(DOWNLOADS);
    }
    let profiles: Vec<Profile> = args.profile.iter().map(|p| (*p).into()).collect();
    let profiles = if profiles.is_empty() {
        vec![Profile::Full]
    } else {
        profiles
    };
    let mut builder = Run::builder(contract, target);
    if let Some(address) = args.callback_listen {
        builder = builder.callback_listen(address);
    }
    if let Some(url) = args.callback_url {
        builder = builder.callback_url(url);
    }
    let run = builder
        .seed(
            args.seed
                .unwrap_or_else(|| RandomState::new().hash_one("seed")),
        )
        .cases(args.cases)
        .profiles(&profiles)
        .only(args.only)
        .skip(args.skip)
        .strict(args.strict)
        .build()?;
    let mut report = Report::new(std::io::stdout(), terminal.out_colour);
    let result = run
        .run(&mut |event: &Event| smsload_conformance::Reporter::on(&mut report, event))
        .await;
    report.finish().context("cannot write to standard output")?;
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    if let Some(dir) = &args.report_dir {
        write_report(&result, dir)?;
    }
    Ok(Exit::of_run(result.exit_code()))
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

fn write_report(result: &RunResult, dir: &Path) -> anyhow::Result<()> {
    let path = dir.join("report.json");
    let file = std::fs::File::create(&path);
    file.and_then(|file| write_json(result, BufWriter::new(file)))
        .with_context(|| format!("cannot write {}", path.display()))
}
