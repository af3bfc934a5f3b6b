//! `smsload mock`: a server that behaves like the SMS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use smsload_mock::{Course, Limits, MockServer, RejectStatus, WorldFile};

use crate::cli::ContractArgs;
use crate::exit::{self, Exit};
use crate::terminal::{Terminal, stop_signal};

/// Run a server that behaves like the SMS, for client developers who work without one
///
/// Without a world file every device and channel exists, but for some reserved names: a device that ends with 404 is unknown, one that ends
/// with 503 is offline; a channel that ends with 404 is unknown, one that ends with 204 has no recordings.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  smsload mock
  smsload mock --listen 127.0.0.1:0 --speed 60 --seed 7
  smsload mock --world examples/world.yaml
  smsload mock --course fails-at=40
  smsload mock --spec my-openapi.yaml --overlay vendor.yaml")]
pub(crate) struct MockArgs {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:4010")]
    listen: SocketAddr,
    #[command(flatten)]
    contract: ContractArgs,
    /// How many times faster than real time downloads go
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    speed: f64,
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
    /// Serve without the control interface, /__mock/ (docs/control-interface.md)
    #[arg(long)]
    no_control: bool,
    /// How many requests and answers are kept for the control interface, for each tenant; 0 keeps none
    #[arg(long, value_name = "N", default_value_t = Limits::default().journal_entries)]
    journal: usize,
    /// How many values of `tenant-id` have jobs, clock, faults and journal of their own at once
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_worlds)]
    max_tenants: usize,
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
    let contract = args.contract.load(terminal)?;
    let reject_status = match args.rejections {
        Rejections::Contract => RejectStatus::Contract,
        Rejections::Http4xx => RejectStatus::Error,
    };
    let mut builder = MockServer::builder()
        .contract(contract)
        .listen(args.listen)
        .speed(args.speed)
        .seed(args.seed)
        .reject_status(reject_status)
        .control(!args.no_control)
        .limits(Limits {
            journal_entries: args.journal,
            max_worlds: args.max_tenants,
            ..Limits::default()
        });
    if let Some(path) = &args.world {
        builder = builder.world(world(path, terminal)?);
    }
    if let Some(course) = args.course {
        builder = builder.course(course);
    }
    let server = builder.start().await?;
    println!("listening on {}", server.url());
    stop_signal().await?;
    server.stop().await;
    Ok(exit::OK)
}

/// Reads a world file; everything that is wrong with it is shown, and ends the command.
fn world(path: &Path, terminal: Terminal) -> anyhow::Result<WorldFile> {
    WorldFile::read(path).map_err(|problems| {
        eprint!("{}", problems.render(terminal.err_colour));
        anyhow::anyhow!("the world file cannot be used; docs/world-file.md tells what it may hold")
    })
}
