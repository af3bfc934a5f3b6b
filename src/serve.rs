//! `smsload serve`: the reference implementation.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use smsload_reference::{Config, Reference, RejectionStatus};

use crate::exit::{self, Exit};
use crate::terminal::stop_signal;

/// Run the reference implementation: a server that is right, to compare with
///
/// It keeps its downloads in memory and has a catalogue of recordings, not their pictures: it neither calls back nor
/// serves files yet.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  smsload serve\n  smsload serve --listen 127.0.0.1:0 --config sms.toml"
)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:4020")]
    listen: SocketAddr,
    /// Settings and recordings, TOML [default: the built-in demo]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How a rejection is told [default: what the configuration says]
    #[arg(long, value_enum)]
    rejections: Option<Rejections>,
}

/// How a rejection is told.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rejections {
    /// HTTP 200 and a `code` that is not "0"
    Ok,
    /// A 4xx status
    Http4xx,
}

pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<Exit> {
    let mut config = match &args.config {
        None => Config::demo(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Config::from_toml(&text).with_context(|| format!("{} is not right", path.display()))?
        }
    };
    if let Some(rejections) = args.rejections {
        config.rejection_status = match rejections {
            Rejections::Ok => RejectionStatus::Ok,
            Rejections::Http4xx => RejectionStatus::Http4xx,
        };
    }
    let running = Reference::new(config)?
        .start(args.listen)
        .await
        .with_context(|| {
            format!(
                "cannot listen on {}; give another address with --listen",
                args.listen
            )
        })?;
    println!("listening on {}", running.url());
    stop_signal().await?;
    running.shutdown().await?;
    Ok(exit::OK)
}
