//! `smsload proxy`: between a client and a server, judging both.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use smsload_mock::proxy::{Ending, Exchange, Exchanges, Proxy, ProxyLimits, Upstream};

use crate::cli::ContractArgs;
use crate::exit::{self, Exit};
use crate::terminal::{Terminal, stop_signal};
use crate::{breaches, watch};

/// Forward everything to a server, and tell what breaks the contract in requests and answers
///
/// Every breach is told on standard error when it happens, and all of them at the end, each once. Bodies that are no
/// JSON (files) or larger than the limit flow through unjudged; redirects and addresses in bodies are passed on as they
/// are.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  smsload proxy --upstream http://127.0.0.1:8080
  smsload proxy --upstream http://10.0.0.7 --har traffic.har
  smsload proxy --upstream http://10.0.0.7 --enforce --unjudged /files/
  smsload proxy --upstream http://10.0.0.7 --spec my-openapi.yaml --watch")]
pub(crate) struct ProxyArgs {
    /// The server that is judged: http://HOST:PORT, perhaps with a path, without TLS
    #[arg(long, value_name = "URL")]
    upstream: Upstream,
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:4030")]
    listen: SocketAddr,
    #[command(flatten)]
    contract: ContractArgs,
    /// Follow the contract's files: when one of them changes, it is read again
    #[arg(long)]
    watch: bool,
    /// Stop what breaks the contract: such a request is refused with the status of its error and not forwarded, such an
    /// answer is replaced by 502
    #[arg(long)]
    enforce: bool,
    /// Paths that begin so are not judged, such as those of files; may be given several times
    #[arg(long, value_name = "PATH")]
    unjudged: Vec<String>,
    /// Write what passed to an HTTP Archive (HAR 1.2) at the end; the values of Token, Authorization, Cookie and
    /// linker-sign are masked, bodies and queries are not
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
    /// How long the server may take to answer
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// The largest JSON answer that is judged
    #[arg(long, value_name = "BYTES", default_value_t = 1024 * 1024)]
    max_judged: usize,
}

pub(crate) async fn run(args: ProxyArgs, terminal: Terminal) -> anyhow::Result<Exit> {
    let contract = args.contract.load(terminal)?;
    let watch = args
        .watch
        .then(|| watch::start(&args.contract, &contract))
        .transpose()?;
    if let Some(path) = &args.har {
        Exchanges::can_save_har(path)?;
    }
    let limits = ProxyLimits {
        upstream_timeout: Duration::from_secs(args.timeout),
        max_judged: args.max_judged,
        ..ProxyLimits::default()
    };
    let mut builder = Proxy::builder(args.upstream)
        .contract(contract)
        .listen(args.listen)
        .enforce(args.enforce)
        .limits(limits)
        .on_exchange(tell);
    for prefix in args.unjudged {
        builder = builder.unjudged(prefix);
    }
    let proxy = builder.start().await?;
    println!("listening on {}", proxy.url());
    tokio::select! {
        signal = stop_signal() => signal?,
        never = watch::follow(watch, terminal, |c| proxy.follow(c)) => match never {},
    }
    let (traffic, violations) = (proxy.traffic().clone(), proxy.violations().clone());
    proxy.stop().await;
    let exchanges = traffic.total();
    let title = format!("{exchanges} exchanges passed; the contract was broken");
    if breaches::list(&violations, &title) {
        eprintln!("smsload: {exchanges} exchanges passed; the contract was kept");
    }
    if let Some(path) = &args.har {
        traffic.save_har(path)?;
        eprintln!(
            "smsload: {} has the last {}",
            path.display(),
            traffic.list().len()
        );
    }
    Ok(exit::OK)
}

/// One line for each breach, and for each request that the server did not answer.
fn tell(exchange: &Exchange) {
    let mut lines = String::new();
    for breach in &exchange.breaches {
        lines += &format!("{breach}\n");
    }
    if exchange.ending == Ending::Failed {
        let Exchange { method, url, .. } = exchange;
        lines += &format!("{method} {url}: no answer ({})\n", exchange.status);
    }
    // One write, so that lines of exchanges at the same time stay whole; who closed our standard error wants none.
    let _ = std::io::stderr().write_all(lines.as_bytes());
}
