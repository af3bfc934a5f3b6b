//! `smsload mock`: a server that behaves like the SMS.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use smsload_mock::misbehave::{self, Misbehaviour, UnknownMisbehaviour};
use smsload_mock::{MockServer, RejectStatus};

use crate::cli::ContractArgs;
use crate::exit::{self, Exit};
use crate::spec_show::table;
use crate::terminal::{Terminal, stop_signal};

/// Run a server that behaves like the SMS, for client developers who work without one
///
/// Every device and channel exists, but for some reserved names: a device that ends with 404 is unknown, one that ends
/// with 503 is offline; a channel that ends with 404 is unknown, one that ends with 204 has no recordings.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  smsload mock
  smsload mock --listen 127.0.0.1:0 --speed 60 --seed 7
  smsload mock --spec my-openapi.yaml --overlay vendor.yaml
  smsload mock --misbehave progress-goes-back")]
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
    /// How a rejection is told
    #[arg(long, value_enum, default_value_t)]
    rejections: Rejections,
    /// Do one thing wrong, to see whether a client or the conformance suite notices
    #[arg(long, value_name = "NAME", value_parser = misbehaviour)]
    misbehave: Option<&'static Misbehaviour>,
    /// List what can be done wrong, and the requirements that should catch it
    #[arg(long)]
    list_misbehaviours: bool,
}

fn misbehaviour(name: &str) -> Result<&'static Misbehaviour, UnknownMisbehaviour> {
    misbehave::find(name)
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
    let contract = args.contract.load(terminal)?;
    let reject_status = match args.rejections {
        Rejections::Contract => RejectStatus::Contract,
        Rejections::Http4xx => RejectStatus::Error,
    };
    let builder = MockServer::builder()
        .contract(contract)
        .listen(args.listen)
        .speed(args.speed)
        .seed(args.seed)
        .reject_status(reject_status);
    let builder = match args.misbehave {
        Some(misbehaviour) => builder.misbehave(misbehaviour),
        None => builder,
    };
    let server = builder.start().await?;
    println!("listening on {}", server.url());
    stop_signal().await?;
    server.stop().await;
    Ok(exit::OK)
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
