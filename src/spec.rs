//! `smsload spec`: is a contract sound, what does it say, what does it come to.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use smsload_spec::{Problems, Severity};

use crate::cli::ContractArgs;
use crate::exit::{self, Exit};
use crate::spec_show::{self, Lang};
use crate::terminal::Terminal;

/// Look at a contract: lint, show, resolve
#[derive(Debug, Subcommand)]
pub(crate) enum SpecCommand {
    Lint(LintArgs),
    Show(ShowArgs),
    Resolve(ResolveArgs),
}

/// Find everything that is wrong with a contract, with file, line and column
///
/// Exit codes: 0 sound, 1 errors, 2 unreadable.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  smsload spec lint\n  smsload spec lint my-openapi.yaml --overlay vendor.yaml\n  smsload spec lint my-openapi.yaml --format json"
)]
pub(crate) struct LintArgs {
    /// The contract [default: the bundled one]
    #[arg(value_name = "FILE", conflicts_with = "spec")]
    file: Option<PathBuf>,
    #[command(flatten)]
    contract: ContractArgs,
    /// How to write the findings
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Show what a contract says: operations, members, rules, errors, provenance, requirements
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  smsload spec show\n  smsload spec show --lang zh\n  smsload spec show --format json | jq '.rules'"
)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    contract: ContractArgs,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Language of the requirements
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

/// Write the document in one piece, after overlays and references to other files
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  smsload spec resolve --spec my-openapi.yaml --overlay vendor.yaml > resolved.yaml"
)]
pub(crate) struct ResolveArgs {
    #[command(flatten)]
    contract: ContractArgs,
    /// How to write it: text is YAML
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How something is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

pub(crate) fn run(command: SpecCommand, terminal: Terminal) -> anyhow::Result<Exit> {
    match command {
        SpecCommand::Lint(args) => lint(args, terminal),
        SpecCommand::Show(args) => {
            let contract = args.contract.load(terminal)?;
            match args.format {
                Format::Text => print!("{}", spec_show::text(&contract, args.lang)),
                Format::Json => {
                    println!(
                        "{}",
                        serde_json::to_string_pretty(&spec_show::data(&contract))?
                    );
                }
            }
            Ok(exit::OK)
        }
        SpecCommand::Resolve(args) => {
            let contract = args.contract.load(terminal)?;
            match args.format {
                Format::Text => print!("{}", serde_yaml::to_string(contract.document())?),
                Format::Json => println!("{}", serde_json::to_string_pretty(contract.document())?),
            }
            Ok(exit::OK)
        }
    }
}

fn lint(args: LintArgs, terminal: Terminal) -> anyhow::Result<Exit> {
    let mut contract = args.contract;
    contract.spec = args.file.or(contract.spec);
    let result = contract.read();
    let problems: &Problems = match &result {
        Ok(contract) => contract.warnings(),
        Err(problems) => problems,
    };
    match args.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&problems.findings())?),
        Format::Text => {
            print!("{}", problems.render(terminal.out_colour));
            let count = |severity, word| match problems.count(severity) {
                1 => format!("1 {word}"),
                n => format!("{n} {word}s"),
            };
            println!(
                "{}, {}",
                count(Severity::Error, "error"),
                count(Severity::Warning, "warning")
            );
        }
    }
    Ok(match &result {
        Ok(_) => exit::OK,
        Err(problems) if problems.unreadable => exit::USAGE,
        Err(_) => exit::FAILED,
    })
}
