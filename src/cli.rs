//! Subcommands and the options that they share.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use smsload_spec::{Contract, Document, Load, Problems};

use crate::terminal::Terminal;
use crate::{certify, completions, mock, proxy, replay, serve, spec, verify};

/// The recording-download API of an SMS (POST /api/smsload/playback/v1/download): its contract, a mock server, a
/// conformance suite and a reference implementation.
#[derive(Debug, Parser)]
#[command(name = "smsload", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  smsload mock                            a server that behaves like the SMS, on http://127.0.0.1:4010
  smsload mock -- pytest                  run a client's tests against it; fail if it breaks the contract
  smsload proxy --upstream http://a:80    judge what a client and a server say to each other
  smsload verify                          judge the embedded reference implementation
  smsload verify http://127.0.0.1:8080    judge a server
  smsload replay out/report.json          is what failed mended?
  smsload certify --target vendor.toml --key vendor.key    prove it to somebody who was not there
  smsload spec lint my-openapi.yaml       is this contract sound?

Exit codes:
  0  all is well
  1  what was looked at is wrong: a MUST is broken, a contract has errors, a bundle is not sound
  2  wrong usage or configuration, also a port in use
  3  the target was unreachable, a MUST is inconclusive, or the run was cut short";

#[derive(Debug, Subcommand)]
enum Command {
    Mock(mock::MockArgs),
    Proxy(proxy::ProxyArgs),
    Verify(Box<verify::VerifyArgs>),
    Replay(replay::ReplayArgs),
    Certify(certify::CertifyArgs),
    Serve(serve::ServeArgs),
    #[command(subcommand)]
    Spec(spec::SpecCommand),
    Completions(completions::CompletionsArgs),
    Man(completions::ManArgs),
}

/// Which contract is meant.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ContractArgs {
    /// The contract: an OpenAPI 3.0 document, YAML or JSON [default: the bundled one]
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
    /// An OpenAPI Overlay 1.0 that changes the contract; may be given several times, applied in order
    #[arg(long, value_name = "FILE")]
    pub(crate) overlay: Vec<PathBuf>,
}

impl ContractArgs {
    /// The files that make it up.
    pub(crate) fn what(&self) -> Load {
        Load {
            document: self.spec.clone().map_or(Document::Bundled, Document::File),
            overlays: self.overlay.clone(),
        }
    }

    /// Reads and compiles it.
    pub(crate) fn read(&self) -> Result<Contract, Problems> {
        Contract::load(&self.what())
    }

    /// Reads and compiles it for a command that uses it: warnings are shown, errors end the command.
    pub(crate) fn load(&self, terminal: Terminal) -> anyhow::Result<Arc<Contract>> {
        if self.spec.is_none() && self.overlay.is_empty() {
            return Ok(Contract::bundled());
        }
        match self.read() {
            Ok(contract) => {
                eprint!("{}", contract.warnings().render(terminal.err_colour));
                Ok(Arc::new(contract))
            }
            Err(problems) => {
                eprint!("{}", problems.render(terminal.err_colour));
                anyhow::bail!("the contract cannot be used; `smsload spec lint` tells why")
            }
        }
    }
}

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let terminal = Terminal::detect();
    // A service tells what it does; a tool is silent while all is well.
    terminal.start_log(match cli.command {
        Command::Serve(_) => "info",
        _ => "warn",
    });
    let exit = match cli.command {
        Command::Mock(args) => block_on(mock::run(args, terminal))??,
        Command::Proxy(args) => block_on(proxy::run(args, terminal))??,
        Command::Verify(args) => block_on(verify::run(*args, terminal))??,
        Command::Replay(args) => block_on(replay::run(args, terminal))??,
        Command::Certify(args) => block_on(certify::run(args, terminal))??,
        Command::Serve(args) => block_on(serve::run(args))??,
        Command::Spec(command) => spec::run(command, terminal)?,
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => completions::man(&args)?,
    };
    Ok(exit.into())
}

fn block_on<F: Future>(future: F) -> std::io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(future))
}
