//! `smsload mock`: a server that behaves like the SMS, alone or around a command.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use smsload_mock::misbehave::{self, Misbehaviour, UnknownMisbehaviour};
use smsload_mock::{
    Clock, ClockStart, Course, Limits, MockServer, MockServerBuilder, NamedLimit, RejectStatus,
    Speed, Unfinished, Violations, WorldFile,
};

use crate::child::Child;
use crate::cli::ContractArgs;
use crate::exit::{self, Exit};
use crate::spec_show::table;
use crate::terminal::{Terminal, stop_signal};
use crate::{breaches, watch};

/// Run a server that behaves like the SMS, for client developers who work without one
///
/// Without a world file every device and channel exists, but for some reserved names: a device that ends with 404 is unknown, one that ends
/// with 503 is offline; a channel that ends with 404 is unknown, one that ends with 204 has no recordings.
///
/// With a COMMAND the mock serves while that runs, on a free port that the command finds in the variable SMSLOAD_URL. It
/// fails if the command fails, or if what it sent breaks the contract: every distinct breach is listed, with the place
/// of the rule. An unknown device and the like are no breach.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  smsload mock
  smsload mock --listen 127.0.0.1:0 --speed 60 --seed 7
  smsload mock --world examples/world.yaml
  smsload mock --course fails-at=40
  smsload mock --callback-step 1 --unfinished-files partial
  smsload mock --listen 0.0.0.0:4010 --public-url http://mock.example:4010
  smsload mock --spec my-openapi.yaml --overlay vendor.yaml --watch
  smsload mock --misbehave progress-goes-back
  smsload mock --limit max_jobs=1000 --limit keep_jobs=60
  smsload mock --paused                   a test moves time: POST /__mock/clock/advance
  smsload mock -- pytest                  run a client's tests, fail if the client breaks the contract
  smsload mock --speed 60 -- sh -c 'my-client --server \"$SMSLOAD_URL\"'

Exit codes with a COMMAND:
  N    the command's own code, if it is not 0; 128+N if signal N killed it
  0    the command ended with 0 and kept the contract
  1    it ended with 0 and broke the contract
  126  it cannot be run
  127  it was not found")]
pub(crate) struct MockArgs {
    /// Where to listen; port 0 takes any free one [default: 127.0.0.1:4010, with a COMMAND 127.0.0.1:0]
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    contract: ContractArgs,
    /// Follow the contract's files: when one of them changes, it is read again, and the downloads go on
    #[arg(long)]
    watch: bool,
    /// How many times faster than real time downloads go
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = speed, allow_negative_numbers = true)]
    speed: Speed,
    /// Time stands still, for every tenant, until the control interface moves it or lets it go: what a test sees then
    /// never depends on how fast it runs
    #[arg(long, conflicts_with = "no_control")]
    paused: bool,
    /// Decides bit rates and transfer speeds; the same seed gives the same
    #[arg(long, value_name = "U64", default_value_t = 0)]
    seed: u64,
    /// The devices that there are and what they recorded, YAML or JSON (docs/world-file.md)
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// How every download goes: linear, bursty, slow-start, never-starts, stalls-at=PERCENT, fails-at=PERCENT
    #[arg(long, value_name = "NAME[=PERCENT]")]
    course: Option<Course>,
    /// How a rejection is told
    #[arg(long, value_enum, default_value_t)]
    rejections: Rejections,
    /// How far a download goes between two callbacks; 100 tells the end only
    #[arg(long, value_name = "PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=100))]
    callback_step: u8,
    /// Seconds of mock time between two looks at a download that does not go evenly, for its callbacks
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = interval)]
    callback_interval: f64,
    /// What the address of a file answers before the end of its download
    #[arg(long, value_enum, default_value_t)]
    unfinished_files: UnfinishedFiles,
    /// The root under which clients reach the mock, where it is not the address listened on: in a container, behind a
    /// proxy; the addresses of files begin with it
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Do one thing wrong, to see whether a client or the conformance suite notices
    #[arg(long, value_name = "NAME", value_parser = misbehaviour, conflicts_with = "watch")]
    misbehave: Option<&'static Misbehaviour>,
    /// List what can be done wrong, and the requirements that should catch it
    #[arg(long)]
    list_misbehaviours: bool,
    /// Serve without the control interface, /__mock/ (docs/control-interface.md)
    #[arg(long)]
    no_control: bool,
    /// How many requests and answers are kept for the control interface, for each tenant; 0 keeps none
    #[arg(long, value_name = "N", default_value_t = Limits::default().journal_entries)]
    journal: usize,
    /// How many values of `tenant-id` have jobs, clock, faults and journal of their own at once
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_worlds)]
    max_tenants: usize,
    /// Another name under which the control interface answers, besides addresses, names without a dot and names below
    /// domains such as .local, .internal and .test; may be given several times
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Change a limit on what clients may cost the mock; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    limit: Vec<String>,
    /// List the limits, with their values and what they bound
    #[arg(long)]
    list_limits: bool,
    /// Breaches of the contract are listed, and do not make the command fail
    #[arg(long, requires = "command")]
    allow_violations: bool,
    /// A command that runs while the mock serves, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

fn misbehaviour(name: &str) -> Result<&'static Misbehaviour, UnknownMisbehaviour> {
    misbehave::find(name)
}

fn speed(text: &str) -> Result<Speed, String> {
    let factor = text.parse().map_err(|_| "write a number, such as 60")?;
    Speed::new(factor).map_err(|e| e.to_string())
}

fn interval(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok();
    seconds
        .filter(|seconds| (0.001..=86_400.0).contains(seconds))
        .ok_or_else(|| "write seconds from 0.001 to 86400".to_owned())
}

/// What the address of a file answers before the end of its download.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum UnfinishedFiles {
    /// 404: there is no file yet
    #[default]
    #[value(name = "404")]
    NotFound,
    /// 200 with what is there by now, as some platforms do: a client that does not wait takes a part for the whole
    Partial,
}

/// How a rejection is told.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Rejections {
    /// As the contract says: HTTP 200 and a `code` that is not "0"
    #[default]
    Contract,
    /// With the error's own 4xx status
    Http4xx,
}

pub(crate) async fn run(args: MockArgs, terminal: Terminal) -> anyhow::Result<Exit> {
    if args.list_misbehaviours {
        println!("{}", misbehaviours());
        return Ok(exit::OK);
    }
    if args.list_limits {
        println!("{}", limits(&args.limits()?));
        return Ok(exit::OK);
    }
    let contract = args.contract.load(terminal)?;
    let watch = args
        .watch
        .then(|| watch::start(&args.contract, &contract))
        .transpose()?;
    let builder = args.builder(terminal)?.contract(contract);
    match args.command.split_first() {
        None => {
            let server = builder.start().await?;
            println!("listening on {}", server.url());
            tokio::select! {
                signal = stop_signal() => signal?,
                never = watch::follow(watch, terminal, |c| server.follow(c)) => match never {},
            }
            server.stop().await;
            Ok(exit::OK)
        }
        Some((program, rest)) => {
            let violations = Arc::new(Violations::default());
            let server = builder
                .observer(Arc::clone(&violations) as _)
                .start()
                .await?;
            eprintln!("listening on {}", server.url());
            let child = Child::new(program, rest).env("SMSLOAD_URL", server.url());
            let ended = tokio::select! {
                ended = child.run() => ended?,
                never = watch::follow(watch, terminal, |c| server.follow(c)) => match never {},
            };
            server.stop().await;
            let kept = breaches::list(&violations, "the command broke the contract");
            Ok(match ended.is_success() {
                true if !kept && !args.allow_violations => exit::FAILED,
                _ => ended,
            })
        }
    }
}

impl MockArgs {
    fn limits(&self) -> anyhow::Result<Limits> {
        let mut limits = Limits {
            journal_entries: self.journal,
            max_worlds: self.max_tenants,
            ..Limits::default()
        };
        for text in &self.limit {
            limits.set(text).map_err(|error| {
                anyhow::anyhow!("--limit: {error} (`smsload mock --list-limits` shows all of them)")
            })?;
        }
        Ok(limits)
    }

    fn builder(&self, terminal: Terminal) -> anyhow::Result<MockServerBuilder> {
        let reject_status = match self.rejections {
            Rejections::Contract => RejectStatus::Contract,
            Rejections::Http4xx => RejectStatus::Error,
        };
        let port = if self.command.is_empty() { 4010 } else { 0 };
        let listen = self.listen.unwrap_or(([127, 0, 0, 1], port).into());
        let mut builder = MockServer::builder()
            .listen(listen)
            .clock(Arc::new(Clock::starting(ClockStart {
                origin: None,
                speed: self.speed,
                is_paused: self.paused,
            })))
            .seed(self.seed)
            .reject_status(reject_status)
            .control(!self.no_control)
            .callback_step(self.callback_step)
            .callback_every(Duration::from_secs_f64(self.callback_interval))
            .unfinished(match self.unfinished_files {
                UnfinishedFiles::NotFound => Unfinished::NotFound,
                UnfinishedFiles::Partial => Unfinished::Partial,
            })
            .limits(self.limits()?);
        for name in &self.allow_host {
            builder = builder.allow_host(name);
        }
        if let Some(path) = &self.world {
            builder = builder.world(world(path, terminal)?);
        }
        if let Some(url) = &self.public_url {
            builder = builder.public_url(url);
        }
        if let Some(course) = self.course {
            builder = builder.course(course);
        }
        if let Some(misbehaviour) = self.misbehave {
            builder = builder.misbehave(misbehaviour);
        }
        Ok(builder)
    }
}

fn limits(limits: &Limits) -> String {
    let row = |one: NamedLimit| vec![one.name.to_owned(), one.value, one.what.to_owned()];
    table(
        &["name", "value", "what it bounds"],
        limits.list().into_iter().map(row).collect(),
    )
}

/// Reads a world file; everything that is wrong with it is shown, and ends the command.
fn world(path: &Path, terminal: Terminal) -> anyhow::Result<WorldFile> {
    WorldFile::read(path).map_err(|problems| {
        eprint!("{}", problems.render(terminal.err_colour));
        anyhow::anyhow!("the world file cannot be used; docs/world-file.md tells what it may hold")
    })
}

fn misbehaviours() -> String {
    let row = |one: &Misbehaviour| {
        let catches = one.catches.join(" ");
        vec![one.name.to_owned(), catches, one.what.to_owned()]
    };
    table(
        &["name", "caught by", "what it does"],
        misbehave::all().map(row).collect(),
    )
}
