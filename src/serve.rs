//! `smsload serve`: the reference implementation.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use smsload_reference::{Archive, Config, Layers, Reference, StartError, demo, read_network};
use tempfile::TempDir;

use crate::exit::{self, Exit};
use crate::serve_import::ImportArgs;
use crate::serve_jobs::{self, JobsArgs};
use crate::terminal::stop_signal;

/// Run the reference implementation: a server that is right, to compare with
///
/// It downloads from an archive of recordings, keeps its jobs over a restart, serves the files and calls back. Without
/// --archive it has a small archive of its own, and without --data-dir nothing outlives it.
///
/// Every key of the configuration can be set by hand with --set, and in the environment: jobs.keep_ms is
/// SMSLOAD__JOBS__KEEP_MS. Options go before --set, --set before the environment, the environment before the file.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  smsload serve
  smsload serve --archive /srv/recordings --data-dir /var/lib/smsload --public-url http://sms.example:4020
  smsload serve --config sms.toml --set jobs.at_work=8 --allow-callback 192.168.7.0/24
  smsload serve jobs list --data-dir /var/lib/smsload
  smsload serve --archive /srv/recordings --import a.mp4 b.mp4 --device 34020000001110000228 \\
    --channel 34020000001320000666 --start 2025-04-04T21:30:00"
)]
pub(crate) struct ServeArgs {
    #[command(subcommand)]
    command: Option<ServeCommand>,
    /// Where to listen; port 0 takes any free one [default: 127.0.0.1:4020]
    #[arg(long, value_name = "IP:PORT", env = "SMSLOAD_LISTEN")]
    listen: Option<SocketAddr>,
    /// Settings, TOML [default: the built-in demo's]
    #[arg(long, value_name = "FILE", env = "SMSLOAD_CONFIG")]
    config: Option<PathBuf>,
    /// A setting, written as in the file: jobs.keep_ms=60000; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The recordings: one folder for each device, in it one for each channel
    #[arg(long, value_name = "DIR", conflicts_with = "demo")]
    archive: Option<PathBuf>,
    /// Where jobs and files are kept [default: a folder for this run only]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Serve the built-in recordings, whatever the configuration says
    #[arg(long)]
    demo: bool,
    /// What callers reach this server by; file addresses begin with it [default: the address listened on]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// A network that may be called back although it is not public; may be given several times
    #[arg(long, value_name = "CIDR", value_parser = network)]
    allow_callback: Vec<String>,
    /// Tokens, one of which callers must have: a line for each, the token, and its tenant after a blank
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A separate address for /healthz, /readyz and /metrics
    #[arg(long, value_name = "IP:PORT")]
    metrics_listen: Option<SocketAddr>,
    /// How a rejection is told [default: what the configuration says]
    #[arg(long, value_enum)]
    rejections: Option<Rejections>,
    #[command(flatten)]
    import: ImportArgs,
}

#[derive(Debug, Subcommand)]
enum ServeCommand {
    /// Look at the jobs of a data folder, or cancel one; also while a server runs on it
    #[command(subcommand)]
    Jobs(JobsArgs),
}

/// How a rejection is told.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rejections {
    /// HTTP 200 and a `code` that is not "0"
    Ok,
    /// A 4xx status
    Http4xx,
}

/// A network as it was written, if it is one.
fn network(text: &str) -> Result<String, String> {
    match read_network(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("write a network as 192.168.7.0/24, or one address".to_owned()),
    }
}

pub(crate) async fn run(mut args: ServeArgs) -> anyhow::Result<Exit> {
    if let Some(ServeCommand::Jobs(args)) = args.command.take() {
        return serve_jobs::run(args);
    }
    let config = config(&args)?;
    if args.import.is_asked_for() {
        args.import.run(config.archive.as_deref())?;
        return Ok(exit::OK);
    }
    let listen = config
        .listen
        .unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 4020).into());
    let archive = archive(&args, &config)?;
    let source = Arc::new(Archive::new(archive.path()));
    let running = Reference::with_source(config, source)?.start(listen).await;
    let running = match running {
        Err(error @ StartError::Listen { .. }) => {
            return Err(error).context("give another address with --listen");
        }
        started => started?,
    };
    println!("listening on {}", running.url());
    stop_signal().await?;
    running.shutdown().await?;
    Ok(exit::OK)
}

/// File, environment, --set and options, in this order.
fn config(args: &ServeArgs) -> anyhow::Result<Config> {
    let mut layers = match &args.config {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Layers::of(&text).with_context(|| format!("{} is not right", path.display()))?
        }
        None if args.archive.is_none() => Layers::of(demo::CONFIG)?,
        None => Layers::of("sip_domain = \"3402000000\"")?,
    };
    // A variable that is no text is none of ours.
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    layers.environment(variables)?;
    for setting in &args.set {
        layers.setting(setting).context("--set")?;
    }
    for (key, value) in options(args) {
        layers.set(key, &value)?;
    }
    let from = args.config.as_ref().map_or_else(
        || "the settings are not right".to_owned(),
        |path| format!("{}, or what is set over it, is not right", path.display()),
    );
    layers.config().context(from)
}

/// Options that stand for a setting.
fn options(args: &ServeArgs) -> Vec<(&'static str, String)> {
    let path = |path: &PathBuf| path.display().to_string();
    let rejections = args.rejections.map(|rejections| match rejections {
        Rejections::Ok => "ok".to_owned(),
        Rejections::Http4xx => "http4xx".to_owned(),
    });
    let allow = (!args.allow_callback.is_empty()).then(|| format!("{:?}", args.allow_callback));
    [
        ("listen", args.listen.map(|addr| addr.to_string())),
        ("archive", args.archive.as_ref().map(path)),
        ("data_dir", args.data_dir.as_ref().map(path)),
        ("public_url", args.public_url.clone()),
        ("callbacks.allow", allow),
        ("access.token_file", args.token_file.as_ref().map(path)),
        (
            "metrics_listen",
            args.metrics_listen.map(|addr| addr.to_string()),
        ),
        ("rejection_status", rejections),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}

/// Where the recordings are.
enum Recordings {
    Folder(PathBuf),
    /// Removed when it is dropped.
    Temporary(TempDir),
}

impl Recordings {
    fn path(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// The configured archive, or the built-in one.
fn archive(args: &ServeArgs, config: &Config) -> anyhow::Result<Recordings> {
    let recordings = match (&config.archive, &config.data_dir) {
        (Some(archive), _) if !args.demo => {
            if !archive.is_dir() {
                bail!(
                    "the archive {} is no folder; give one with --archive",
                    archive.display()
                );
            }
            return Ok(Recordings::Folder(archive.clone()));
        }
        (_, Some(data_dir)) => Recordings::Folder(data_dir.join("demo-archive")),
        (_, None) => Recordings::Temporary(demo_folder()?),
    };
    demo::write_archive(recordings.path())
        .with_context(|| format!("cannot write the demo to {}", recordings.path().display()))?;
    Ok(recordings)
}

/// A folder for the built-in recordings, for this run only.
pub(crate) fn demo_folder() -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("smsload-demo-").tempdir();
    folder.context("cannot make a folder for the demo's recordings")
}
